"""Mending data: wrong labels that we put there are found, decided on, undone, and mended in a copy."""

import hashlib
import json

import numpy as np
import pytest
from sklearn.datasets import load_digits

WRONG = 12


@pytest.fixture(scope="module")
def noisy(tmp_path_factory, write_idx):
    """IDX files of 900 training digits, some labelled as the next digit; places and truth of these."""
    folder = tmp_path_factory.mktemp("noisy")
    images, labels = load_digits(return_X_y=True)
    pixels = np.round(images.reshape(-1, 8, 8) * 255 / 16)
    wrong = np.random.default_rng(0).choice(900, WRONG, replace=False)
    given = labels.copy()
    given[wrong] = (given[wrong] + 1) % 10
    for name, part in (("train", slice(0, 900)), ("t10k", slice(1500, None))):
        write_idx(folder / f"{name}-images-idx3-ubyte", pixels[part])
        write_idx(folder / f"{name}-labels-idx1-ubyte", given[part])
    return folder, {int(place): str(labels[place]) for place in wrong}


def fingerprint(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def test_wrong_labels_are_found_decided_on_undone_and_mended(open_lab, noisy, tmp_path):
    folder, truth = noisy
    before = fingerprint(folder)
    base = f"/suspects/{folder.name}"
    with open_lab(tmp_path, "--data", folder) as lab:
        assert lab.order(f"{base}/search")[0] == 202
        assert lab.wait_for("searched", data=folder.name)[0]["error"] is None
        assert lab.order(f"{base}/search")[0] == 409
        _, page = lab.ask("GET", f"{base}/0")
        suspects = {one["index"]: one for one in page["suspects"]}
        found = [place for place in truth if place in suspects]
        assert len(found) > WRONG / 2
        assert lab.order(f"{base}/copy")[0] == 409  # nothing is decided yet

        def decide(index, decision, label=None):
            return lab.order(f"{base}/decisions", split="train", index=index, decision=decision, label=label)

        relabelled, dropped, kept, regretted = found[:4]
        decide(relabelled, "relabel", truth[relabelled])
        decide(dropped, "drop")
        decide(kept, "drop")
        decide(kept, "keep")  # thought better of
        _, progress = decide(regretted, "drop")
        assert len(progress["decided"]) == 4
        _, progress = lab.order(f"{base}/undo")
        assert progress["undone"] == {"split": "train", "index": regretted}
        assert {one["index"] for one in progress["decided"]} == {relabelled, dropped, kept}
        for refused in (
            decide(899_999, "drop"),
            decide(kept, "relabel"),
            decide(kept, "relabel", "eleven"),
            decide(kept, "keep", "3"),
            decide(kept, "burn"),
        ):
            assert refused[0] == 400
        status, copy = lab.order(f"{base}/copy")
        assert status == 201
        assert copy["name"] in lab.ask("GET", "")[1]["data"]
    with np.load(tmp_path / "copies" / f"{copy['name']}.npz") as mended:
        expected = np.frombuffer((folder / "train-labels-idx1-ubyte").read_bytes()[8:], np.uint8).copy()
        expected[relabelled] = int(truth[relabelled])
        np.testing.assert_array_equal(mended["y_train"], np.delete(expected, dropped))
    log = (tmp_path / "mending" / folder.name / "decisions.jsonl").read_text().splitlines()
    assert [json.loads(line).get("decision", "undo") for line in log] == [
        "relabel",
        "drop",
        "drop",
        "keep",
        "drop",
        "undo",
    ]
    assert fingerprint(folder) == before
    with open_lab(tmp_path, "--data", folder) as lab:  # all is there again
        lab.wait_for("searched", data=folder.name, state="done")
        _, again = lab.ask("GET", f"{base}/0")
        assert {one["index"] for one in again["decided"]} == {relabelled, dropped, kept}
        assert again["suspects"] == page["suspects"]
