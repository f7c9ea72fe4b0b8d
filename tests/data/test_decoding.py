"""Many pictures at once: in this process and in workers, with every fault."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tenfold.data import decoding
from tenfold.data.decoding import decode_pictures
from tenfold.errors import DataError

RANDOM = np.random.default_rng(0)
GREY = RANDOM.integers(0, 256, (12, 5, 6), np.uint8)
COLOUR = RANDOM.integers(0, 256, (3, 5, 6, 3), np.uint8)


def saved(folder: Path, pictures: list[np.ndarray]) -> list[str]:
    paths = [str(folder / f"{k:02}.png") for k in range(len(pictures))]
    for path, picture in zip(paths, pictures, strict=True):
        Image.fromarray(picture).save(path)
    return paths


def zeros(shape: tuple[int, ...]) -> np.ndarray:
    return np.zeros(shape, np.uint8)


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> decoding.Allocate:
    """Allocate in a file, and share even small sets out to two workers."""
    monkeypatch.setattr(decoding, "SHARE", 4)
    monkeypatch.setattr(decoding, "available_cores", lambda: 3)
    return lambda shape: np.lib.format.open_memmap(tmp_path / "x.npy", "w+", np.uint8, shape)


def test_grey(tmp_path: Path) -> None:
    np.testing.assert_array_equal(decode_pictures(saved(tmp_path, [*GREY]), None, zeros), GREY)


@pytest.mark.parametrize("colour_first", [False, True])
def test_one_colour_picture_makes_all_colour(tmp_path: Path, colour_first: bool) -> None:
    pictures = [*COLOUR, *GREY] if colour_first else [*GREY, *COLOUR]
    pixels = decode_pictures(saved(tmp_path, pictures), None, zeros)
    expected = [picture if picture.ndim == 3 else np.stack([picture] * 3, 2) for picture in pictures]
    np.testing.assert_array_equal(pixels, expected)


def test_scaling(tmp_path: Path) -> None:
    paths = saved(tmp_path, [GREY[0], np.full((40, 30), 77, np.uint8)])
    pixels = decode_pictures(paths, (5, 6), zeros)
    np.testing.assert_array_equal(pixels[0], GREY[0])
    assert (pixels[1] == 77).all()


@pytest.fixture
def filled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The pictures that this process decodes into the array itself."""
    paths: list[str] = []
    fill = decoding._fill

    def recorded(pixels: np.ndarray, part: list[str], size: decoding.Size | None) -> list[decoding.Misfit]:
        paths.extend(part)
        return fill(pixels, part, size)

    monkeypatch.setattr(decoding, "_fill", recorded)
    return paths


def test_workers_fill_their_shares(tmp_path: Path, shared: decoding.Allocate, filled: list[str]) -> None:
    paths = saved(tmp_path, [*GREY])
    np.testing.assert_array_equal(decode_pictures(paths, None, shared), GREY)
    assert filled == paths[:4]


def test_a_worker_scales(tmp_path: Path, shared: decoding.Allocate, filled: list[str]) -> None:
    flat = [np.full((3, 4), k, np.uint8) for k in range(12)]
    pixels = decode_pictures(saved(tmp_path, flat), (5, 6), shared)
    np.testing.assert_array_equal(pixels, np.broadcast_to(np.arange(12)[:, None, None], (12, 5, 6)))
    assert len(filled) == 4


@pytest.mark.parametrize("worker", ["raise SystemExit(1)", "print('hello')", "pass"])
def test_the_share_of_a_worker_that_fails_is_done_here(
    tmp_path: Path,
    shared: decoding.Allocate,
    filled: list[str],
    monkeypatch: pytest.MonkeyPatch,
    worker: str,
) -> None:
    monkeypatch.setattr(decoding, "_WORKER", worker)
    paths = saved(tmp_path, [*GREY])
    np.testing.assert_array_equal(decode_pictures(paths, None, shared), GREY)
    assert filled == paths


INTERRUPTED = """
import os, signal, sys
from tenfold.data import decoding
from tenfold.data.folder import read_folder

started = []

class Recorded(decoding.subprocess.Popen):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        started.append(self)

def fill(*_):
    print("ready", flush=True)
    while True:
        signal.pause()

decoding.subprocess.Popen = Recorded
decoding.SHARE, decoding.available_cores = 4, lambda: 3
decoding._WORKER = "import signal; signal.alarm(60)\\nwhile True: signal.pause()"
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
signal.alarm(60)  # a call that hears no interrupt ends all the same
decoding._fill = fill
try:
    read_folder(sys.argv[1])
except KeyboardInterrupt:
    print([worker.returncode for worker in started])
"""


def test_an_interrupt_ends_the_workers_and_leaves_no_file(tmp_path: Path) -> None:
    if not hasattr(os, "killpg"):
        pytest.skip("this system has no process groups")
    for name in "ab":
        (tmp_path / "data" / name).mkdir(parents=True)
        saved(tmp_path / "data" / name, [*GREY[:6]])
    with subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, str(tmp_path / "data")],
        stdout=subprocess.PIPE,
        env=os.environ | {"TENFOLD_CACHE": str(tmp_path / "cache"), "PYTHONPATH": os.pathsep.join(sys.path)},
        start_new_session=True,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: the whole group gets it
        answer, _ = process.communicate()
    assert answer == f"{[-signal.SIGKILL.value] * 2}\n"  # they slept through it, and were ended
    assert list((tmp_path / "cache" / "pictures").iterdir()) == []


def test_a_name_that_is_not_utf8_reaches_its_worker(
    tmp_path: Path, shared: decoding.Allocate, filled: list[str]
) -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux has such names")
    paths = saved(tmp_path, [*GREY])
    strange = os.fsdecode(os.fsencode(tmp_path) + b"/99\xff\n.png")
    Path(paths[-1]).rename(strange)
    np.testing.assert_array_equal(decode_pictures([*paths[:-1], strange], None, shared), GREY)
    assert filled == paths[:4]


def test_workers_report_faults(tmp_path: Path, shared: decoding.Allocate) -> None:
    paths = saved(tmp_path, [*GREY])
    for k in (1, 6, 11):  # one in each share
        Path(paths[k]).write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"01\.png: is not a picture.*\(and 2 more: tenfold inspect DATA"):
        decode_pictures(paths, None, shared)


def test_workers_report_colour_and_sizes(tmp_path: Path, shared: decoding.Allocate) -> None:
    paths = saved(tmp_path, [*GREY[:-1], COLOUR[0]])
    pixels = decode_pictures(paths, None, shared)
    assert pixels.shape == (12, 5, 6, 3)
    np.testing.assert_array_equal(pixels[-1], COLOUR[0])
    Image.fromarray(GREY[0].T).save(paths[-2])
    with pytest.raises(DataError, match=r"10\.png: is 6x5 pixels, but .*00\.png is 5x6; .* --size"):
        decode_pictures(paths, None, shared)


@pytest.mark.parametrize("program", ["", "/nowhere/python", "false"])
def test_without_workers_the_work_is_done_here(
    tmp_path: Path, shared: decoding.Allocate, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    monkeypatch.setattr(sys, "executable", program)
    np.testing.assert_array_equal(decode_pictures(saved(tmp_path, [*GREY]), None, shared), GREY)


def test_damaged_files_are_counted(tmp_path: Path) -> None:
    paths = saved(tmp_path, [*GREY[:3]])
    Path(paths[0]).write_bytes(b"")
    with pytest.raises(DataError, match=r"00\.png: is an empty file.*\(tenfold inspect DATA lists"):
        decode_pictures(paths, None, zeros)
    for path in paths:
        Path(path).unlink()
    with pytest.raises(DataError, match=r"00\.png: cannot be read .*\(and 2 more"):
        decode_pictures(paths, None, zeros)


def test_pictures_too_large_for_the_network(tmp_path: Path) -> None:
    paths = saved(tmp_path, [np.zeros((300, 300, 3), np.uint8)])
    with pytest.raises(DataError, match=r"270,000 input values \(300 x 300 x 3\); .* 200,000: --size"):
        decode_pictures(paths, None, zeros)
    assert decode_pictures(paths, (28, 28), zeros).shape == (1, 28, 28, 3)


def test_grey_that_colour_makes_too_large(tmp_path: Path) -> None:
    grey, colour = np.zeros((300, 300), np.uint8), np.zeros((300, 300, 3), np.uint8)
    with pytest.raises(DataError, match="270,000 input values"):
        decode_pictures(saved(tmp_path, [grey, colour]), None, zeros)


def test_a_file_of_several_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "_BLOCK", 16)
    np.testing.assert_array_equal(decode_pictures(saved(tmp_path, [*GREY]), None, zeros), GREY)
