"""The page of a run on real digits: whole, in both languages, asking nothing of anybody."""

import base64
import hashlib
import itertools
import re
from collections import Counter

import numpy as np
import sklearn.metrics

import tenfold
from tenfold.training.partition import partition


def test_it_is_written_into_the_run(run, report_file):
    assert report_file == run.path / "report.html"
    assert report_file.stat().st_size < 3_000_000


def test_every_word_stands_in_both_languages(page):
    english, chinese = page.words("en"), page.words("zh-Hans")
    assert len(english) == len(chinese) > 100
    for here, there in zip(english, chinese, strict=True):
        assert bool(here.strip()) == bool(there.strip())
        assert not re.search("[\u4e00-\u9fff]", here)
        assert re.search("[\u4e00-\u9fff]", there) or not re.search("[a-z]{4}", there), there


def test_both_languages_say_the_same_numbers(page):
    for here, there in zip(page.words("en"), page.words("zh-Hans"), strict=True):
        numbers = [Counter(re.findall(r"\d[\d,.]*(?<![,.])%?", text)) for text in (here, there)]
        assert numbers[0] == numbers[1] or not numbers[0], (here, there)


def test_addresses_within_the_page_lead_somewhere_and_are_unique(page):
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    named = {name for value in page.values("aria-labelledby") for name in value.split()}
    linked = {value[1:] for value in [*page.values("href"), *page.values("xlink:href")] if value[0] == "#"}
    assert named | linked <= set(ids)
    assert {"learning", "calibration", "making"} <= linked


def test_nothing_comes_from_outside_the_file(page, report_file):
    addresses = [*page.values("src"), *(v for v in page.values("href") if not v.startswith("#"))]
    assert addresses
    assert all(address.startswith("data:") for address in addresses)
    text = report_file.read_text("utf-8")
    assert set(re.findall(r"https?://[^\s\"'<>]+", text)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    assert not re.search(r"@import|url\((?!#)", text)


def test_its_policy_lets_its_own_script_run_and_no_other(page):
    ((attributes, _),) = [e for e in page.all("meta") if e[0].get("http-equiv") == "Content-Security-Policy"]
    ((_, script),) = page.all("script")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in attributes["content"]
    assert "default-src 'none'" in attributes["content"]


def test_every_picture_has_words_in_its_place_and_every_chart_a_title_and_a_table(page):
    assert all(attributes.get("alt") for attributes, _ in page.all("img"))
    charts = [attributes for attributes, _ in page.all("article") if "chart" in attributes["class"]]
    drawn = [attributes for attributes, _ in page.all("svg")]
    assert len(charts) == len(drawn) >= 5
    assert all(attributes["role"] == "img" for attributes in drawn)
    assert page.all("summary").count(({}, "The table behind it图后面的表")) == len(charts)


def test_headings_go_down_one_step_at_a_time(page):
    levels = [int(tag[1]) for tag, _, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels.count(1) == 1
    assert all(below <= above + 1 for above, below in itertools.pairwise(levels))


def test_the_headline_and_the_confusions_are_those_of_scikit_learn(run, digits, page):
    test = tenfold.load_data(digits).test
    model = tenfold.Model.load(run.model_path)
    predicted = model.logits(test.images).argmax(axis=1)
    accuracy = sklearn.metrics.accuracy_score(test.labels, predicted)
    assert any(f"right on {accuracy:.2%} of 297 test images" in words for words in page.words("en"))
    counts = sklearn.metrics.confusion_matrix(test.labels, predicted)
    wrong = counts * (1 - np.eye(10, dtype=int))
    stated = [
        re.match(r"(\d+) of (\d+) mistakes take “(\d)” for “(\d)”", words) for words in page.words("en")
    ]
    (found,) = filter(None, stated)
    assert (int(found[1]), int(found[2])) == (wrong.max(), wrong.sum())
    assert wrong[int(found[3]), int(found[4])] == wrong.max()


def test_coverage_is_what_split_conformal_prediction_gives_by_hand(run, digits, page):
    splits = tenfold.load_data(digits)
    predictor = tenfold.Predictor(tenfold.Model.load(run.model_path))
    held_out = partition(splits.train.labels, run.recipe).calibration

    def shares(images):
        return predictor.probabilities(images)

    def of_labels(part):
        return shares(part.images)[np.arange(len(part)), part.labels]

    scores = np.sort(1 - of_labels(splits.train.select(held_out)))
    threshold = scores[int(np.ceil((len(scores) + 1) * 0.99)) - 1]
    found = shares(splits.test.images)
    members = (1 - found <= threshold) | (found == found.max(axis=1, keepdims=True))
    covered = members[np.arange(len(found)), splits.test.labels].mean()
    single = (members.sum(axis=1) == 1).mean()
    stated = (
        f"Asked for 99%, the sets held the label of {covered:.2%} of the test images; {single:.2%} name one"
    )
    assert any(words.startswith(stated) for words in page.words("en"))


def test_the_surest_mistakes_come_first(page):
    shares = [float(m[1]) for w in page.words("en") if (m := re.fullmatch(r"says \d, ([\d.]+)%", w))]
    assert len(shares) > 1
    assert shares == sorted(shares, reverse=True)


def test_the_command_trains_the_same_model_again(run, page, tmp_path, monkeypatch):
    import tenfold

    commands = [text for _, text in page.all("code") if "tenfold train" in text]
    assert len(commands) == 1
    assert str(run.settings.data) in commands[0]
    recipe = tmp_path / "recipe.toml"
    (text,) = [text for _, text in page.all("code") if text.startswith('name = "fast"')]
    recipe.write_text(text, "utf-8")
    again = tenfold.train(run.settings.data, recipe, engine=run.settings.engine, out=tmp_path / "again")
    assert again.model_path.read_bytes() == run.model_path.read_bytes()
