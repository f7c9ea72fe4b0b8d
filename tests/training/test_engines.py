"""Which engine ``auto`` takes, and what is said of those that cannot be had."""

import importlib.util
import sys

import pytest

from tenfold import native
from tenfold.errors import MissingExtraError, UsageError
from tenfold.training import engines
from tenfold.training.engines import open_engine, ready_engines, resolve_engine, resolve_precision

needs_native = pytest.mark.skipif(native.absence() is not None, reason="the compiled part was not built")


@pytest.fixture
def without_native(monkeypatch):
    monkeypatch.setitem(sys.modules, "tenfold._native", None)


@pytest.fixture
def without_torch(monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(engines, "find_spec", lambda name: None if name == "torch" else find(name))


@needs_native
def test_fused_comes_first(without_torch):
    assert ready_engines() == ("fused", "reference")
    assert resolve_engine("auto")[0] == "fused"


def test_then_torch_then_the_reference(without_native, without_torch, monkeypatch):
    name, reason = resolve_engine("auto")
    assert (name, ready_engines()) == ("reference", ("reference",))
    assert "not built" in reason
    assert "PyTorch is not installed" in reason
    monkeypatch.undo()
    monkeypatch.setitem(sys.modules, "tenfold._native", None)
    name, reason = resolve_engine("auto")
    assert (name, ready_engines()) == ("torch", ("torch", "reference"))
    assert "not built" in reason


@needs_native
@pytest.mark.parametrize("wanted", [{"device": "cuda"}, {"precision": "float64"}])
def test_auto_passes_over_an_engine_that_cannot(wanted):
    name, reason = resolve_engine("auto", **wanted)
    assert name == "torch"
    assert "fused" in reason


def test_another_device_needs_torch(without_torch):
    with pytest.raises(MissingExtraError, match="--device cuda needs the package 'torch'"):
        resolve_engine("auto", device="cuda")
    with pytest.raises(MissingExtraError, match="--engine torch"):
        resolve_engine("torch")


def test_fused_without_its_compiled_part_is_refused(without_native):
    with pytest.raises(UsageError, match=r"engine: 'fused', but .* not built .*expected auto, torch or ref"):
        open_engine("fused", "cpu", "float32")


@needs_native
@pytest.mark.parametrize("isa", ["portable", None])
def test_fused_knows_float64_as_little_as_other_devices(isa, monkeypatch):
    if isa:
        monkeypatch.setenv(native.VARIABLE, isa)
    with pytest.raises(UsageError, match="precision: 'float64'; .* fused .*--engine reference knows float64"):
        open_engine("fused", "cpu", "float64")
    with pytest.raises(UsageError, match="device: 'cuda'; the fused engine knows cpu only"):
        open_engine("fused", "cuda", "float32")


def test_precision_auto_is_float32_but_where_fused_has_bfloat16(monkeypatch):
    for engine in ("torch", "reference"):
        assert resolve_precision("auto", engine)[0] == "float32"
    assert resolve_precision("float64", "reference") == ("float64", "it was asked for")
    if native.absence() is None:
        monkeypatch.setenv(native.VARIABLE, "portable")
        assert resolve_precision("auto", "fused")[0] == "float32"
        monkeypatch.delenv(native.VARIABLE)
        has = "bfloat16" in native.instruction_set().precisions
        assert resolve_precision("auto", "fused")[0] == ("bfloat16" if has else "float32")
