"""What goes into an element comes out of another parser as it went in."""

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from tenfold.reporting.markup import element, table
from tenfold.reporting.text import Text

ANY = st.text(st.characters(exclude_characters="\r\0", exclude_categories=("Cs", "Cc")))


class Reader(HTMLParser):
    def __init__(self, markup):
        super().__init__()
        self.tags, self.attributes, self.text = [], {}, ""
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes |= dict(attributes)

    def handle_data(self, data):
        self.text += data


@given(ANY, ANY)
def test_no_text_and_no_attribute_becomes_markup(text, title):
    read = Reader(element("p", text, title=title))
    assert (read.tags, read.text, read.attributes) == (["p"], text, {"title": title})


@given(ANY, ANY)
def test_words_stand_in_both_languages(english, chinese):
    read = Reader(element("p", Text(english, chinese)))
    assert (read.tags, read.text) == (["p", "span", "span"], english + chinese)


def test_attributes_that_are_true_false_or_words_of_python():
    read = Reader(element("input", class_="a", data_x="1", checked=True, hidden=False))
    assert read.attributes == {"class": "a", "data-x": "1", "checked": None}


def test_the_first_row_and_column_of_a_table_are_headings():
    markup = table(("class", "images"), [("ant", "3"), ("<bee>", "4")])
    assert Reader(markup).tags.count("td") == 2
    assert markup.count('scope="col"') == markup.count('scope="row"') == 2
    assert "&lt;bee&gt;" in markup
