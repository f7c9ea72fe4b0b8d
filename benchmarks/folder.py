"""Reading a folder of small pictures: tenfold beside torchvision's ImageFolder, Pillow and OpenCV.

    TENFOLD_DATA=/data python -m benchmarks folder [--repeats 5]

Writes MNIST (from TENFOLD_DATA, else random pictures of its size) as 70,000 PNG files into a temporary
folder, then lets every reader have its turn, again and again in the same order, each in a fresh process and
with the files in the system's cache. Timed is reading alone, without imports. tenfold reads all files; the
peers, which read one by one, read the 10,000 files of the test split. Peak memory is an
upper bound: that of the process and of all its workers, as if all were at their largest at once.
"""

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.rounds import (
    Contestant,
    Measured,
    Result,
    alternate,
    column,
    peak_megabytes,
    spread,
    table,
)
from benchmarks.torchvision_beside_cpu_torch import import_torchvision

SAMPLE = 10_000
PACKAGES = ("numpy", "pillow", "torch", "torchvision", "opencv-python-headless")
READERS = {
    "first": "tenfold, first read",
    "second": "tenfold, second open",
    "imagefolder": "torchvision ImageFolder, no workers",
    "pillow": "Pillow, one by one",
    "opencv": "OpenCV, one by one",
}


def write_pictures(root: Path) -> None:
    """Write train/ and test/ with a folder a class, 70,000 pictures."""
    for split, images, labels in mnist_or_noise():
        for label in range(10):
            (root / split / str(label)).mkdir(parents=True)
        for k, (image, label) in enumerate(zip(images, labels, strict=True)):
            Image.fromarray(image).save(root / split / str(label) / f"{k:05}.png")


def mnist_or_noise() -> list[tuple[str, np.ndarray, np.ndarray]]:
    if "TENFOLD_DATA" in os.environ:
        from tenfold.data.idx_folder import read_idx_folder

        splits = read_idx_folder(Path(os.environ["TENFOLD_DATA"]) / "mnist")
        return [
            (name, part.images, part.labels)
            for name, part in (("train", splits.train), ("test", splits.test))
        ]
    print("TENFOLD_DATA is not set: random pictures instead of MNIST")
    generator = np.random.default_rng(0)
    parts = (("train", 60_000), ("test", 10_000))
    return [(name, generator.integers(0, 256, (n, 28, 28), np.uint8), np.arange(n) % 10) for name, n in parts]


def read_with_tenfold(root: Path) -> int:
    from tenfold.data.folder import read_folder

    splits = read_folder(root)
    return len(splits.train) + len(splits.test)


def read_with_imagefolder(root: Path) -> int:
    from torchvision.datasets import ImageFolder
    from torchvision.transforms import ToTensor

    dataset = ImageFolder(root / "test", transform=ToTensor())
    count = min(SAMPLE, len(dataset))
    for k in range(count):
        dataset[k]
    return count


def read_with_pillow(root: Path) -> int:
    paths = sorted((root / "test").glob("*/*.png"))[:SAMPLE]
    np.stack([np.asarray(Image.open(path)) for path in paths])
    return len(paths)


def read_with_opencv(root: Path) -> int:
    import cv2

    paths = sorted((root / "test").glob("*/*.png"))[:SAMPLE]
    np.stack([np.asarray(cv2.imread(str(path), cv2.IMREAD_UNCHANGED)) for path in paths])
    return len(paths)


CALLS: dict[str, Callable[[Path], int]] = {
    "first": read_with_tenfold,
    "second": read_with_tenfold,
    "imagefolder": read_with_imagefolder,
    "pillow": read_with_pillow,
    "opencv": read_with_opencv,
}


def be_child(reader: str, root: Path) -> None:
    """Read once and print seconds, pictures and peak memory as JSON."""
    import resource

    if reader == "imagefolder":
        import_torchvision()
    elif reader == "opencv":
        import cv2  # noqa: F401
    else:
        import tenfold.data.folder  # noqa: F401
        from tenfold.cores import available_cores
    start = time.perf_counter()
    count = CALLS[reader](root)
    seconds = time.perf_counter() - start
    megabytes = peak_megabytes()
    if reader == "first":
        workers = min(available_cores() - 1, 7)
        megabytes += workers * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 / 1e6
    print(json.dumps({"seconds": seconds, "count": count, "megabytes": megabytes}))


def report(results: dict[str, list[Measured]]) -> str:
    """Draw the table: median, spread, ratio to the peer, and peak memory."""
    rates = {
        reader: [run["count"] / run["seconds"] for run in runs] for reader, runs in results.items() if runs
    }
    base = "imagefolder" if "imagefolder" in rates else "pillow"
    rows = []
    for reader, values in rates.items():
        runs = results[reader]
        rows.append(
            (
                READERS[reader],
                spread(values, ",.0f"),
                f"{statistics.median(values) / statistics.median(rates[base]):.1f}",
                f"{statistics.median(column(runs, 'seconds')):.2f} for {runs[0]['count']:,}",
                f"{max(column(runs, 'megabytes')):.0f} MB",
            )
        )
    peer = "ImageFolder" if base == "imagefolder" else "Pillow"
    return table(("reader", "images/s, median (range)", f"× {peer}", "seconds", "peak memory"), rows)


def run(repeats: int) -> Result:
    """Let every reader have its turn ``repeats`` times; return a table."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "pictures"
        write_pictures(root)
        rounds = [readers(root, Path(folder) / f"cache-{k}") for k in range(repeats)]
        return Result(report(alternate(rounds)))


def readers(root: Path, cache: Path) -> dict[str, Contestant]:
    """Return the processes of a round, which begins with an empty cache."""
    environment = {"TENFOLD_CACHE": str(cache)}
    command = ("-m", "benchmarks.folder")
    return {
        name: Contestant(title, (*command, name, str(root)), environment, optional="tenfold" not in title)
        for name, title in READERS.items()
    }


if __name__ == "__main__":
    be_child(sys.argv[1], Path(sys.argv[2]))
