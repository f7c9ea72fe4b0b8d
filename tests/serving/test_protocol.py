"""Requests and answers as NVIDIA's own client writes and reads them; every field that is wrong is named."""

import json

import numpy as np
import pytest
import tritonclient.http as triton
from hypothesis import given
from hypothesis import strategies as st
from starlette.exceptions import HTTPException

from tenfold.serving.protocol import Codec
from tenfold.serving.tensors import Tensor

EXPECTED = Tensor("images", "UINT8", (-1, 2, 3))
OFFERED = {
    "logits": Tensor("logits", "FP32", (-1, 2)),
    "label": Tensor("label", "INT64", (-1,)),
    "class": Tensor("class", "BYTES", (-1,)),
    "refused": Tensor("refused", "BOOL", (-1,)),
}
CODEC = Codec(EXPECTED, OFFERED, {"model_name": "m", "model_version": "1"})


def outputs_for(count):
    return {
        "logits": np.linspace(-1, 1, 2 * count, dtype=np.float32).reshape(count, 2),
        "label": np.arange(count),
        "class": np.array(["蝶".encode()] * count, object),
        "refused": np.arange(count) % 2 == 0,
    }


def written_by_client(images, is_binary, asked, identity):
    tensor = triton.InferInput("images", list(images.shape), "UINT8")
    tensor.set_data_from_numpy(images, binary_data=is_binary)
    outputs = [triton.InferRequestedOutput(name, binary_data=flag) for name, flag in asked.items()]
    body, size = triton.InferenceServerClient.generate_request_body(
        [tensor], outputs=outputs or None, request_id=identity
    )
    return (body.encode() if isinstance(body, str) else body), size


@given(
    st.integers(1, 5),
    st.booleans(),
    st.dictionaries(st.sampled_from(list(OFFERED)), st.booleans()),
    st.text("abc-1", max_size=4),
)
def test_the_client_of_triton_writes_what_we_read_and_reads_what_we_write(count, is_binary, asked, identity):
    images = np.random.default_rng(count).integers(0, 256, (count, 2, 3)).astype(np.uint8)
    order, found = CODEC.read(*written_by_client(images, is_binary, asked, identity))
    np.testing.assert_array_equal(found, images)
    assert order.outputs == (asked or dict.fromkeys(OFFERED, True))
    body, size = CODEC.write(order, outputs_for(count))
    answer = triton.InferenceServerClient.parse_response_body(body, header_length=size)
    assert answer.get_response().get("id", "") == identity
    for name, rows in outputs_for(count).items():
        if name not in order.outputs:
            assert answer.as_numpy(name) is None
            continue
        got = answer.as_numpy(name)
        if name == "class":
            got = np.array([text if isinstance(text, bytes) else text.encode() for text in got], object)
        np.testing.assert_array_equal(got, rows)


GOOD = {"inputs": [{"name": "images", "datatype": "UINT8", "shape": [1, 2, 3], "data": [0, 1, 2, 3, 4, 255]}]}


def changed(place, value):
    request = json.loads(json.dumps(GOOD))
    at = request
    for step in place[:-1]:
        at = at[step]
    at[place[-1]] = value
    return json.dumps(request).encode()


def test_flat_and_nested_data_are_the_same():
    nested = changed(("inputs", 0, "data"), [[[0, 1, 2], [3, 4, 255]]])
    for body in (json.dumps(GOOD).encode(), nested):
        assert CODEC.read(body, None)[1].tolist() == [[[0, 1, 2], [3, 4, 255]]]


@pytest.mark.parametrize(
    ("place", "value", "field"),
    [
        (("inputs",), [], "inputs"),
        (("inputs",), GOOD["inputs"] * 2, "inputs"),
        (("inputs",), None, "inputs"),
        (("inputs", 0), 7, "inputs[0]"),
        (("inputs", 0, "name"), "pixels", "inputs[0].name"),
        (("inputs", 0, "datatype"), "FP32", "inputs[0].datatype"),
        (("inputs", 0, "shape"), [1, 3, 2], "inputs[0].shape"),
        (("inputs", 0, "shape"), [6], "inputs[0].shape"),
        (("inputs", 0, "shape"), [], "inputs[0].shape"),
        (("inputs", 0, "shape"), [0, 2, 3], "inputs[0].shape"),
        (("inputs", 0, "shape"), [-1, 2, 3], "inputs[0].shape"),
        (("inputs", 0, "shape"), [1.0, 2, 3], "inputs[0].shape"),
        (("inputs", 0, "shape"), [True, 2, 3], "inputs[0].shape"),
        (("inputs", 0, "shape"), [10**30, 2, 3], "inputs[0].data"),
        (("inputs", 0, "shape"), "1,2,3", "inputs[0].shape"),
        (("inputs", 0, "data"), None, "inputs[0].data"),
        (("inputs", 0, "data"), "AAAA", "inputs[0].data"),
        (("inputs", 0, "data"), [0, 1, 2, 3, 4, 256], "inputs[0].data"),
        (("inputs", 0, "data"), [0, 1, 2, 3, 4, -1], "inputs[0].data"),
        (("inputs", 0, "data"), [0, 1, 2, 3, 4, 0.5], "inputs[0].data"),
        (("inputs", 0, "data"), [0, 1, 2, 3, 4, None], "inputs[0].data"),
        (("inputs", 0, "data"), [0, 1, 2, 3, 4, 10**40], "inputs[0].data"),
        (("inputs", 0, "data"), [[0, 1, 2], [3, 4]], "inputs[0].data"),
        (("inputs", 0, "data"), [0, 1, 2], "inputs[0].data"),
        (("inputs", 0, "parameters"), [], "inputs[0].parameters"),
        (("inputs", 0, "parameters"), {"binary_data_size": 6}, "inputs[0].data"),
        (("inputs", 0, "parameters"), {"binary_data_size": "6"}, "inputs[0].parameters.binary_data_size"),
        (("inputs", 0, "parameters"), {"binary_data_size": 7}, "inputs[0].parameters.binary_data_size"),
        (
            ("inputs", 0, "parameters"),
            {"shared_memory_region": "x"},
            "inputs[0].parameters.shared_memory_region",
        ),
        (("id",), 7, "id"),
        (("parameters",), 7, "parameters"),
        (("parameters",), {"binary_data_output": "yes"}, "parameters.binary_data_output"),
        (("outputs",), [], "outputs"),
        (("outputs",), {}, "outputs"),
        (("outputs",), ["logits"], "outputs[0]"),
        (("outputs",), [{"name": "nothing"}], "outputs[0].name"),
        (("outputs",), [{"name": ["logits"]}], "outputs[0].name"),
        (("outputs",), [{"name": "logits"}, {"name": "logits"}], "outputs[1].name"),
        (
            ("outputs",),
            [{"name": "logits", "parameters": {"classification": 3}}],
            "outputs[0].parameters.classification",
        ),
        (
            ("outputs",),
            [{"name": "logits", "parameters": {"binary_data": 1}}],
            "outputs[0].parameters.binary_data",
        ),
    ],
)
def test_a_field_that_is_wrong_is_named(place, value, field):
    with pytest.raises(HTTPException) as refused:
        CODEC.read(changed(place, value), None)
    assert refused.value.status_code == 400
    assert refused.value.detail.startswith(f"{field}: ")
    assert "expected" in refused.value.detail
    assert len(refused.value.detail) < 300


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff", b"[]", b"7", b"[" * 100_000, b'{"inputs": NaN}', b'{"inputs": Infinity}']
)
def test_what_is_no_json_object_is_refused(body):
    with pytest.raises(HTTPException, match="request: ") as refused:
        CODEC.read(body, None)
    assert refused.value.status_code == 400


@pytest.mark.parametrize("cut", [-1, 1, 1000])
def test_bytes_that_are_missing_or_too_many_are_counted(cut):
    images = np.zeros((2, 2, 3), np.uint8)
    body, size = written_by_client(images, True, {}, "")
    body = body[:cut] if cut < 0 else body + bytes(cut)
    with pytest.raises(HTTPException, match=f"body: '{12 + cut} bytes after the JSON'; expected 12"):
        CODEC.read(body, size)


def test_a_json_length_beyond_the_body_is_refused():
    with pytest.raises(HTTPException, match="Inference-Header-Content-Length: 1000"):
        CODEC.read(b"{}", 1000)


@given(st.binary(max_size=200), st.none() | st.integers(0, 250))
def test_no_bytes_do_more_than_to_be_refused(body, size):
    with pytest.raises(HTTPException) as refused:
        CODEC.read(body, size)
    assert refused.value.status_code == 400
