"""ONNX Runtime: the same layers as one graph of ``Gemm`` and ``Relu``, rows in, logits out."""

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from benchmarks.mnist import NETWORK
from benchmarks.peers import Logits
from tenfold.model.network import Weights


def inference(weights: Weights, threads: int) -> Logits:
    """Run a session with all optimisations; 0 threads are its own default."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    model = graph(weights).SerializeToString()
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def logits(rows: NDArray[np.float32]) -> NDArray[np.float32]:
        return session.run(["logits"], {"rows": rows})[0]

    return logits


def graph(weights: Weights) -> onnx.ModelProto:
    """Write the network down for ONNX."""
    nodes, values = [], "rows"
    for layer in range(1, NETWORK.layers + 1):
        last = layer == NETWORK.layers
        sums = "logits" if last else f"z{layer}"
        tensors = [values, f"l{layer}.weight", f"l{layer}.bias"]
        nodes.append(helper.make_node("Gemm", tensors, [sums], transB=1))
        if not last:
            values = f"x{layer}"
            nodes.append(helper.make_node("Relu", [sums], [values]))
    body = helper.make_graph(
        nodes,
        "lecture",
        [helper.make_tensor_value_info("rows", TensorProto.FLOAT, ["N", NETWORK.inputs])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", NETWORK.widths[-1]])],
        [numpy_helper.from_array(tensor, name) for name, tensor in weights.items()],
    )
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model
