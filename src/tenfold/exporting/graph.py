"""Building an ONNX graph node by node."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

OPSET = 13
"""The first in which Softmax works along one axis. ONNX Runtime reads it since 1.6, of the end of 2020, and
whatever reads a later opset reads this one."""


class Graph:
    """A graph that grows by one node at a time.

    Examples
    --------
    >>> graph = Graph()
    >>> share = graph.add("Div", "pixels", np.float32(255), name="share")
    >>> graph.add("Sub", share, np.float32(0.5))
    'sub_1'
    """

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def constant(self, values: NDArray[Any] | np.generic, name: str | None = None) -> str:
        """Add values that are part of the file; return their name."""
        name = name or f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def add(
        self,
        operator: str,
        *inputs: str | NDArray[Any] | np.generic,
        name: str | None = None,
        **attributes: Any,
    ) -> str:
        """Add a node; return the name of what it gives.

        Parameters
        ----------
        operator : str
            As https://onnx.ai/onnx/operators names it.
        *inputs : str or array
            Names of values, or constants.
        name : str, optional
            Of what the node gives.
        **attributes
            Of the operator.
        """
        names = [given if isinstance(given, str) else self.constant(given) for given in inputs]
        name = name or f"{operator.lower()}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, names, [name], name, **attributes))
        return name

    def to_model(
        self,
        name: str,
        inputs: list[onnx.ValueInfoProto],
        outputs: list[onnx.ValueInfoProto],
        **properties: Any,
    ) -> onnx.ModelProto:
        """Return the whole as a model that has been checked.

        Parameters
        ----------
        name : str
            Of the graph.
        inputs, outputs : list of ValueInfoProto
            Names, types and shapes of what goes in and comes out.
        **properties
            Fields of the ModelProto.
        """
        opset = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(
            helper.make_graph(self._nodes, name, inputs, outputs, self._constants),
            opset_imports=opset,
            ir_version=helper.find_min_ir_version_for(opset),
            **properties,
        )
        onnx.checker.check_model(model, full_check=True)
        return model
