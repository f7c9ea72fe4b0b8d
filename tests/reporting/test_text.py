from hypothesis import given
from hypothesis import strategies as st

from tenfold.reporting.text import Text, shortened


@given(st.text(), st.text(), st.text())
def test_a_field_takes_the_words_of_its_language_and_braces_in_them_stay(english, chinese, name):
    filled = Text("of {what}: {name}", "{name}：{what}").format(what=Text(english, chinese), name=name)
    assert filled == Text(f"of {english}: {name}", f"{name}：{chinese}")


@given(st.text(), st.integers(2, 30))
def test_a_shortened_name_is_never_too_long_and_begins_as_the_name_does(name, longest):
    short = shortened(name, longest)
    assert len(short) <= longest
    assert short == name if len(name) <= longest else name.startswith(short.removesuffix("…"))
