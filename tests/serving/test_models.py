"""Models have names, and are loaded anew when their files change."""

import asyncio
import contextlib
import shutil

import pytest
from starlette.exceptions import HTTPException

from tenfold.errors import TenfoldError, UsageError
from tenfold.serving import models as models_module
from tenfold.serving.limits import Limits
from tenfold.serving.metrics import Metrics
from tenfold.serving.models import Models


def loaded(*sources):
    return Models(map(str, sources), Limits(), Metrics())


def test_a_model_is_called_as_its_file_or_as_one_wishes(model_file):
    models = loaded(model_file, f"beetles={model_file}")
    assert [served.name for served in models] == ["insects", "beetles"]
    assert models.get() is models.get("insects")
    assert models.get("beetles").name == "beetles"
    assert models.get("insects", models.get("insects").version) is models.get("insects")


@pytest.mark.parametrize("asked", [("nothing",), ("insects", "0"), ("../insects",), ("",)])
def test_what_is_not_here_is_not_found(model_file, asked):
    with pytest.raises(HTTPException) as refused:
        loaded(model_file).get(*asked)
    assert refused.value.status_code == 404


def test_names_have_to_differ_and_to_fit_in_a_path(model_file, tmp_path):
    with pytest.raises(UsageError, match="models: none"):
        loaded()
    with pytest.raises(UsageError, match="name 'insects': of .* and of "):
        loaded(model_file, model_file)
    odd = shutil.copy(model_file, tmp_path / "a b?.safetensors")
    with pytest.raises(UsageError, match="NAME="):
        loaded(odd)
    assert loaded(f"ab={odd}").get().name == "ab"


def test_what_is_no_model_is_refused(tmp_path):
    (tmp_path / "model.safetensors").write_bytes(b"no model")
    for source in (tmp_path / "model.safetensors", tmp_path / "nothing", tmp_path, "name="):
        with pytest.raises(TenfoldError) as refused:
            loaded(source)
        assert "\n" not in str(refused.value)


def watched(models, until):
    """Watch until something holds."""

    async def watch():
        task = asyncio.create_task(models.watch())
        while not until():
            await asyncio.sleep(0.001)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    asyncio.run(asyncio.wait_for(watch(), 30))


def test_a_file_that_changes_is_loaded_anew(tmp_path, small_model, monkeypatch):
    monkeypatch.setattr(models_module, "LOOK_EVERY", 0.001)
    file = tmp_path / "m.safetensors"
    small_model(0).save(file)
    models = loaded(file)
    first = models.get()
    small_model(1, ("x", "y", "z")).save(file)
    watched(models, lambda: models.get() is not first)
    assert models.get().predictor.model.classes == ("x", "y", "z")
    assert models.get().version != first.version
    assert first.predictor.model.classes[0] == "ant"


def test_a_damaged_file_leaves_the_model_in_use(tmp_path, small_model, monkeypatch, caplog):
    monkeypatch.setattr(models_module, "LOOK_EVERY", 0.001)
    file = tmp_path / "m.safetensors"
    small_model(0).save(file)
    metrics = Metrics()
    models = Models([str(file)], Limits(), metrics)
    first = models.get()
    file.write_bytes(b"damaged")
    watched(models, lambda: b'result="refused"} 1.0' in metrics.text())
    assert models.get() is first
    assert "is kept" in caplog.text
    file.unlink()
    watched(models, lambda: b'result="refused"} 2.0' in metrics.text())
    small_model(1).save(file)
    watched(models, lambda: models.get() is not first)
