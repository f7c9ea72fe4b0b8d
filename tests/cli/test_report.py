import pytest

pytest.importorskip("matplotlib", reason="a report needs matplotlib")

QUICK = ("--recipe", "fast", "--epochs", 1, "--hidden", 16)


@pytest.fixture
def run(tenfold, digits, tmp_path):
    tenfold("train", digits, *QUICK, "--out", "run")
    return tmp_path / "run"


def test_a_report_is_written_into_the_run_or_where_it_is_asked_for(tenfold, run, digits, tmp_path):
    assert tenfold("report", "run").stdout == "report: run/report.html\n"
    assert tenfold("report", "run", digits, "--out", "a.html", "--no-suspects").stdout == "report: a.html\n"
    searched, not_searched = (
        (run / "report.html").read_text("utf-8"),
        (tmp_path / "a.html").read_text("utf-8"),
    )
    assert "Suspect labels" in searched
    assert "Suspect labels" not in not_searched


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("report", "nowhere"), 1, "error: nowhere: no run here"),
        (("report", "run", "--out", "a.pdf"), 2, "error: a.pdf: a report is a page"),
        (("report", "run", "--out", "no/a.html"), 1, "error: no/a.html: cannot be written"),
    ],
)
def test_a_mistake_ends_in_one_line(tenfold, run, arguments, code, message):
    done = tenfold(*arguments, check=False)
    assert done.returncode == code
    assert done.stderr.startswith(message)
    assert done.stderr.count("\n") == 1
    assert not (run / "report.html").exists()
