"""A real server, asked by Triton's client, as curl asks, and by a machine that only reads the description."""

import io
import subprocess
import sys

import numpy as np
import pytest
import tritonclient.http as triton
from PIL import Image
from prometheus_client.parser import text_string_to_metric_families

from tenfold.model.model_file import Model
from tenfold.model.predictor import Predictor


@pytest.fixture
def predictor(model_file):
    return Predictor(Model.load(model_file))


@pytest.fixture
def client(server):
    with triton.InferenceServerClient(f"127.0.0.1:{server.port}") as client:
        yield client


def tensor(images, is_binary=True):
    made = triton.InferInput("images", list(images.shape), "UINT8")
    made.set_data_from_numpy(images, binary_data=is_binary)
    return made


def png(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def form(files):
    """Write a multipart form, as curl -F image=@NAME does."""
    parts = b"".join(
        b'--frontier\r\nContent-Disposition: form-data; name="image"; filename="%b"\r\n\r\n%b\r\n' % part
        for part in files
    )
    return parts + b"--frontier--\r\n", "multipart/form-data; boundary=frontier"


def test_tritons_client_reads_health_and_metadata(client):
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("insects")
    assert not client.is_model_ready("others")
    assert client.get_server_metadata()["extensions"] == ["binary_tensor_data"]
    metadata = client.get_model_metadata("insects")
    assert metadata["inputs"] == [{"name": "images", "datatype": "UINT8", "shape": [-1, 8, 6]}]
    assert client.is_model_ready("insects", metadata["versions"][0])
    assert not client.is_model_ready("insects", "7")


@pytest.mark.parametrize("is_binary_in", [True, False])
@pytest.mark.parametrize("is_binary_out", [True, False])
def test_tritons_client_infers(client, predictor, images, is_binary_in, is_binary_out):
    outputs = [
        triton.InferRequestedOutput(output["name"], binary_data=is_binary_out)
        for output in client.get_model_metadata("insects")["outputs"]
    ]
    answer = client.infer("insects", [tensor(images, is_binary_in)], outputs=outputs, request_id="7")
    assert answer.get_response()["id"] == "7"
    logits = predictor.model.logits(images)
    np.testing.assert_allclose(answer.as_numpy("logits"), logits, atol=1e-4)
    np.testing.assert_allclose(
        answer.as_numpy("probabilities"), predictor.model.network.head.probabilities(logits), atol=1e-5
    )
    np.testing.assert_array_equal(answer.as_numpy("label"), logits.argmax(axis=1))
    names = [n.decode() if isinstance(n, bytes) else n for n in answer.as_numpy("class").tolist()]
    assert names == [predictor.model.classes[i] for i in logits.argmax(axis=1)]
    assert not answer.as_numpy("refused").any()


def test_every_output_in_bytes_unless_asked_otherwise(client, images):
    answer = client.infer("insects", [tensor(images[:2])])
    assert all("binary_data_size" in output["parameters"] for output in answer.get_response()["outputs"])


def test_thousands_of_images_in_one_request(client, predictor):
    many = np.random.default_rng(3).integers(0, 256, (20_000, 8, 6)).astype(np.uint8)
    answer = client.infer("insects", [tensor(many)])
    np.testing.assert_allclose(answer.as_numpy("logits"), predictor.model.logits(many), atol=1e-4)


def test_a_picture_as_the_body(server, predictor, images):
    status, answer = server.json("POST", "/predict", png(images[0]))
    assert status == 200
    expected = next(iter(predictor.predict(predictor.model.preprocessing.prepare(images[0])[None])))
    (prediction,) = answer["predictions"]
    assert prediction["label"] == expected.label
    assert prediction["probabilities"] == pytest.approx(expected.probabilities, abs=1e-6)


def test_a_bad_picture_never_fails_its_neighbours(server, images):
    names = [b"good.png", b"<script>alert(1)</script>.png", b"../../etc/passwd", "蝶.png".encode()]
    contents = [png(images[0]), b"no picture", png(images[1])[:40], png(images[2])]
    body, kind = form(zip(names, contents, strict=True))
    status, answer = server.json("POST", "/predict/insects", body, Content_Type=kind)
    assert status == 200
    assert [p["image"] for p in answer["predictions"]] == [name.decode() for name in names]
    assert ["label" in p for p in answer["predictions"]] == [True, False, False, True]
    assert ["error" in p for p in answer["predictions"]] == [False, True, True, False]


def test_figures_are_prometheus_own(server, client, images):
    def figure(name, **labels):
        text = server.ask("GET", "/metrics")[2].decode()
        samples = [s for family in text_string_to_metric_families(text) for s in family.samples]
        return sum(s.value for s in samples if s.name == name and labels.items() <= s.labels.items())

    infer = "/v2/models/{name}/infer"
    before = figure("tenfold_images_total", model="insects"), figure("tenfold_requests_total", route=infer)
    client.infer("insects", [tensor(images[:7])])
    after = figure("tenfold_images_total", model="insects"), figure("tenfold_requests_total", route=infer)
    assert (after[0] - before[0], after[1] - before[1]) == (7, 1)
    assert figure("tenfold_model_loads_total", model="insects", result="loaded") == 1
    assert figure("tenfold_request_seconds_count", route=infer) == after[1]
    assert figure("tenfold_queue_images", model="insects") == 0


def test_answers_cannot_be_taken_for_something_else(server):
    for path in ("/v2", "/nothing", "/v2/models/insects/infer"):
        _, headers, _ = server.ask("GET", path)
        assert headers["Content-Type"] == "application/json"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_the_description_holds_whatever_is_sent(server):
    # JSON Schema cannot say that the data is as long as the shape says: what it allows may be refused.
    command = [
        sys.executable,
        "-m",
        "schemathesis.cli",
        "run",
        f"http://127.0.0.1:{server.port}/openapi.json",
    ]
    options = ["--exclude-checks", "positive_data_acceptance", "--max-examples", "10", "--no-color"]
    options += ["--phases", "examples,coverage,fuzzing"]
    found = subprocess.run([*command, *options], capture_output=True, text=True, encoding="utf-8")
    assert found.returncode == 0, found.stdout + found.stderr
    assert server.process.poll() is None
