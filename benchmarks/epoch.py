"""One epoch of the lecture's training, batch 64: tenfold's engines beside their peers.

    TENFOLD_DATA=/data python -m benchmarks epoch [--repeats 5]

Everybody trains the lecture's network by SGD (learning rate 0.01, momentum 0.5) on the same normalised
MNIST, from the same first weights (scikit-learn: from its own), in a fresh process, in turn. Each trains
one epoch to warm up and compile, then starts anew: timed is this second epoch, without imports, without
reading files, with the shuffle. Peers may choose between one thread and all; the faster is shown. The
accuracy after the epoch says that all of them learn.

PyTorch, resident: rows and labels as tensors, a gather a batch, the fused optimiser, no wait for the loss.
Compiled: `torch.compile` of the whole step, update included, with the C++ wrapper. JAX: the epoch is one
jitted `lax.scan`. Keras: `fit` on JAX with 128 steps a call. skorch: tensors, fused optimiser, no
callbacks.
"""

import json
import statistics
import sys
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from benchmarks import plot
from benchmarks.mnist import NEEDS_MNIST, Mnist, has_mnist, raw_mnist
from benchmarks.peers import peer
from benchmarks.rounds import (
    THREADS,
    Contestant,
    Measured,
    Result,
    alternate,
    column,
    left_out,
    ratios,
    spread,
    table,
    variants,
    with_threads,
)
from tenfold.training.engines import resolve_precision

IMAGES = 60_000
PACKAGES = ("tenfold", "numpy", "torch", "torchvision", "jax", "keras", "scikit-learn", "skorch")

SCRIPT = {"pytorch.script": "the lecture's script (PyTorch)"}
FLOAT32_PEERS = {
    "pytorch.resident": "PyTorch, resident",
    "pytorch.compiled": "PyTorch, compiled",
    "jax_scan.scan": "JAX, lax.scan",
    "keras_on_jax.fit": "Keras on JAX",
    "scikit_learn.fit": "scikit-learn MLPClassifier",
    "skorch_fit.fit": "skorch",
}
BFLOAT16_PEERS = {"pytorch.autocast": "PyTorch, resident, bfloat16 autocast"}
OURS = {
    "tenfold_engine.reference": "tenfold, reference engine (NumPy)",
    "tenfold_engine.torch": "tenfold, torch engine",
    "tenfold_engine.fused_float32": "tenfold, fused engine, float32",
    "tenfold_engine.fused_auto": "tenfold, fused engine, precision auto",
}
CHOOSERS = FLOAT32_PEERS | BFLOAT16_PEERS

AVX2 = {
    "TENFOLD_ISA": "avx2",
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
}
AVX2_CONTESTANTS = {
    "pytorch.resident": "PyTorch, resident, AVX2",
    "tenfold_engine.fused_float32": "tenfold, fused engine, float32, AVX2",
}

Runs = Mapping[tuple[str, int], list[Measured]]


def contestants(
    titles: Mapping[str, str], root: Path, **environment: str
) -> dict[tuple[str, int], Contestant]:
    """Make the processes, one for each number of threads that a peer may choose from."""
    made = {}
    for name, title in titles.items():
        command = ("-m", "benchmarks.epoch", name, str(root))
        for threads in THREADS if name in CHOOSERS else THREADS[-1:]:
            variables = environment | with_threads(threads)
            made[name, threads] = Contestant(title, command, variables, optional=name not in OURS)
    return made


def chosen(results: Runs, titles: Mapping[str, str]) -> dict[str, tuple[int, list[Measured]]]:
    """Return, for all who took part, the number of threads with the best median, and what was measured."""

    def seconds(variant: tuple[int, list[Measured]]) -> float:
        return statistics.median(column(variant[1], "seconds"))

    found = {name: variants(results, name) for name in titles}
    return {name: min(by_threads.items(), key=seconds) for name, by_threads in found.items() if by_threads}


def draw_table(results: Runs, titles: Mapping[str, str], base: str, base_title: str) -> str:
    """Compare all with ``base``, round by round."""
    found = chosen(results, titles)
    rows = []
    for name, (threads, runs) in found.items():
        seconds = column(runs, "seconds")
        rate = f"{IMAGES / statistics.median(seconds):,.0f}"
        times = [f"{statistics.median(ratios(column(found[base][1], 'seconds'), seconds)):.2f}"]
        accuracy = f"{100 * statistics.median(column(runs, 'accuracy')):.1f} %"
        rows.append((titles[name], threads, spread(seconds), rate, *times, accuracy))
    times_base = f"× {base_title}"
    heads = (
        "trainer",
        "threads",
        "seconds an epoch, median (range)",
        "images/s",
        times_base,
        "test accuracy",
    )
    return table(heads, rows)


def verdict(results: Runs) -> str:
    """Compare the fused engine with the best peers, round by round."""
    seconds = {
        name: column(runs, "seconds")
        for name, (_, runs) in chosen(results, FLOAT32_PEERS | BFLOAT16_PEERS | OURS).items()
    }
    fastest = min(FLOAT32_PEERS.keys() & seconds.keys(), key=lambda name: statistics.median(seconds[name]))
    rivals = {fastest: "the fastest float32 peer, "} | dict.fromkeys(BFLOAT16_PEERS, "")
    lines = []
    for name in ("tenfold_engine.fused_float32", "tenfold_engine.fused_auto"):
        for rival in (rival for rival in rivals if rival in seconds):
            times = spread(ratios(seconds[rival], seconds[name]))
            lines.append(f"- {OURS[name]}: {times} times as fast as {rivals[rival]}{CHOOSERS[rival]}")
    precision, reason = resolve_precision("auto", "fused")
    return (
        "Round by round, median (range):\n\n" + "\n".join(lines) + f"\n\nauto is {precision} here: {reason}."
    )


def run(repeats: int) -> Result:
    """Let every contestant have its turn ``repeats`` times; return tables and a plot."""
    if not has_mnist():
        return Result(NEEDS_MNIST)
    titles = SCRIPT | FLOAT32_PEERS | BFLOAT16_PEERS | OURS
    with raw_mnist() as root:
        results = alternate([contestants(titles, root)] * repeats)
        restricted = alternate([contestants(AVX2_CONTESTANTS, root, **AVX2)] * repeats)
    if SCRIPT.keys() - {name for name, _ in results}:
        return Result("Left out: the lecture's script cannot run here.")
    parts = (
        draw_table(results, titles, "pytorch.script", "script"),
        left_out(titles, (name for name, _ in results)),
        verdict(results),
        "Both restricted to AVX2, by " + ", ".join(f"`{name}={value}`" for name, value in AVX2.items()) + ":",
        draw_table(restricted, AVX2_CONTESTANTS, "pytorch.resident", "PyTorch"),
    )
    seconds = {titles[name]: column(runs, "seconds") for name, (_, runs) in chosen(results, titles).items()}
    panels = {"One epoch of the lecture's training, batch 64": seconds}
    return Result(
        "\n\n".join(filter(None, parts)), partial(plot.bars, panels=panels, unit="seconds", form=".2f")
    )


def be_child(name: str, root: Path) -> None:
    """Train twice; print the seconds and the accuracy of the second time."""
    data = Mnist.load(root)
    train = peer(name)(data)
    train()
    start = time.perf_counter()
    weights = train()
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "accuracy": data.accuracy(weights)}))


if __name__ == "__main__":
    be_child(sys.argv[1], Path(sys.argv[2]))
