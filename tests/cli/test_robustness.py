"""``tenfold robustness``: a table, and JSON."""

import json

import pytest

import tenfold as package


@pytest.fixture(scope="module")
def run(digits, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "run"
    changes = {"epochs": 2, "lr": 0.1, "hidden": (16,)}
    package.train(digits, recipe="lecture", engine="reference", out=out, **changes)
    return out


def test_the_table_holds_the_figures_of_the_json(tenfold, run):
    found = json.loads(tenfold("robustness", run, "--seed", 1, "--json").stdout)
    assert (found["seed"], found["images"]) == (1, 297)
    printed = tenfold("robustness", run, "--seed", 1).stdout
    assert f"{found['accuracy']:.2%} right as they are" in printed
    for name, row in found["corruptions"].items():
        for figures in row.values():
            assert name + " " in printed and " ".join(f"{x:.2%}" for x in figures) in " ".join(
                printed.split()
            )


def test_a_mistake_ends_in_one_line(tenfold, run):
    done = tenfold("robustness", run, "--seed", -1, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "error: seed: -1; expected 0 or more\n")
