"""Reading a folder of small pictures: tenfold beside torchvision's ImageFolder, Pillow and OpenCV.

    TENFOLD_DATA=/data python -m benchmarks folder [--repeats 3]

Writes MNIST (from TENFOLD_DATA, else random pictures of its size) as 70,000 PNG files into a temporary
folder, then lets every reader have its turn, again and again in the same order, each in a fresh process and
with the files in the system's cache. Timed is reading alone, without imports. tenfold reads all files; the
peers, which read one by one, read the 10,000 files of the test split. Peak memory is an
upper bound: that of the process and of all its workers, as if all were at their largest at once.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

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
    np.stack([cv2.imread(str(path), cv2.IMREAD_UNCHANGED) for path in paths])
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
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if reader == "first":
        workers = min(available_cores() - 1, 7)
        kilobytes += workers * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(json.dumps({"seconds": seconds, "count": count, "megabytes": kilobytes / 1024}))


def run_child(reader: str, root: Path, cache: Path) -> dict[str, float] | None:
    """Read once in a process of its own; None where the peer is not installed."""
    command = [sys.executable, "-m", "benchmarks.folder", reader, str(root)]
    environment = os.environ | {"TENFOLD_CACHE": str(cache)}
    child = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if child.returncode == 0:
        result: dict[str, float] = json.loads(child.stdout)
        return result
    print(f"{READERS[reader]}: left out ({(child.stderr.strip().splitlines() or ['no reason given'])[-1]})")
    return None


def report(results: dict[str, list[dict[str, float]]]) -> str:
    """Draw the table: median, spread, ratio to the peer, and peak memory."""
    rates = {
        reader: [run["count"] / run["seconds"] for run in runs] for reader, runs in results.items() if runs
    }
    peer = statistics.median(rates.get("imagefolder") or rates["pillow"])
    base = "ImageFolder" if "imagefolder" in rates else "Pillow"
    lines = [
        f"| reader | images/s, median (range) | × {base} | seconds | peak memory |",
        "|---|---|---|---|---|",
    ]
    for reader, values in rates.items():
        median, runs = statistics.median(values), results[reader]
        lines.append(
            f"| {READERS[reader]} | {median:,.0f} ({min(values):,.0f} to {max(values):,.0f}) "
            f"| {median / peer:.1f} "
            f"| {statistics.median(run['seconds'] for run in runs):.2f} for {runs[0]['count']:,} "
            f"| {max(run['megabytes'] for run in runs):.0f} MB |"
        )
    return "\n".join(lines)


def run(repeats: int) -> str:
    """Let every reader have its turn ``repeats`` times; return a table."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "pictures"
        write_pictures(root)
        results: dict[str, list[dict[str, float]]] = {reader: [] for reader in READERS}
        absent: set[str] = set()
        for repeat in range(repeats):
            for reader in READERS:
                if reader not in absent:
                    result = run_child(reader, root, Path(folder) / f"cache-{repeat}")
                    absent |= {reader} if result is None else set()
                    results[reader] += [] if result is None else [result]
        return report(results)


if __name__ == "__main__":
    be_child(sys.argv[1], Path(sys.argv[2]))
