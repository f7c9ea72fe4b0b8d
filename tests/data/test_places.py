from pathlib import Path

from tenfold.data.places import cache_folder, data_folder


def test_the_environment_decides(monkeypatch):
    monkeypatch.setenv("HOME", "/home/ann")
    monkeypatch.setenv("TENFOLD_DATA", "/data")
    monkeypatch.setenv("TENFOLD_CACHE", "~/fast")
    assert data_folder() == Path("/data")
    assert cache_folder() == Path("/home/ann/fast").expanduser()


def test_without_it_there_is_a_cache_but_no_folder_of_ones_own(monkeypatch):
    for unset in ({}, {"TENFOLD_DATA": "", "TENFOLD_CACHE": ""}):
        for name in ("TENFOLD_DATA", "TENFOLD_CACHE"):
            monkeypatch.delenv(name, raising=False)
        for name, value in unset.items():
            monkeypatch.setenv(name, value)
        assert data_folder() is None
        assert cache_folder().is_absolute()
        assert "tenfold" in cache_folder().parts
