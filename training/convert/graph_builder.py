"""A small writer of ONNX graphs: nodes one after the other, equal constants stored once, reproducible bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

__all__ = ["GraphBuilder"]

_OPSET = 17
_IR_VERSION = 9
# Smaller tensors stay as they are: a Cast node costs more bytes than it saves.
_SMALLEST_HALF = 64


class GraphBuilder:
    """Collects the parts of one graph; `build` makes the model of them.

    Tensors of float32 constants that float16 holds exactly are stored as float16 with a Cast behind them, which
    ONNX Runtime folds away while it loads. `round_to_half` stores the others so too, at a loss.
    """

    def __init__(self, name: str, *, round_to_half: bool = False) -> None:
        self._name = name
        self._round_to_half = round_to_half
        self._nodes: list[onnx.NodeProto] = []
        self._inputs: list[onnx.ValueInfoProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []
        self._constants: dict[tuple[str, tuple[int, ...], bytes], str] = {}
        self._initializers: list[onnx.TensorProto] = []

    def input(self, name: str, dtype: npt.DTypeLike, shape: Sequence[int | str]) -> str:
        """Declare a graph input; a text in `shape` names a free dimension."""
        self._inputs.append(helper.make_tensor_value_info(name, _element_type(dtype), list(shape)))
        return name

    def output(self, name: str, value: str, shape: Sequence[int | str]) -> None:
        """Declare `value` (float32) to be the graph output `name`."""
        self.node("Identity", [value], output=name)
        self._outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape)))

    def constant(self, array: npt.ArrayLike, *, exact: bool = False) -> str:
        """Name of a value that holds `array`; `exact` keeps it from being rounded to float16."""
        values = np.asarray(array, order="C")
        key = (values.dtype.str, values.shape, values.tobytes())
        if key not in self._constants:
            self._constants[key] = self._store(values, exact)
        return self._constants[key]

    def integers(self, *values: int) -> str:
        """Name of an int64 vector."""
        return self.constant(np.array(values, np.int64))

    def scalar(self, value: float) -> str:
        """Name of a float32 scalar."""
        return self.constant(np.float32(value))

    def node(
        self, operator: str, inputs: Sequence[str], *, output: str | None = None, **attributes: Any
    ) -> str:
        """Append a node and return the name of its one output."""
        return self.nodes(operator, inputs, 1, names=None if output is None else [output], **attributes)[0]

    def nodes(
        self,
        operator: str,
        inputs: Sequence[str],
        output_count: int,
        *,
        names: Sequence[str] | None = None,
        **attributes: Any,
    ) -> list[str]:
        """Append a node with several outputs and return their names."""
        number = len(self._nodes)
        outputs = list(names) if names else [f"{operator.lower()}_{number}_{i}" for i in range(output_count)]
        node = helper.make_node(operator, list(inputs), outputs, name=f"{operator}_{number}", **attributes)
        self._nodes.append(node)
        return outputs

    def build(self) -> onnx.ModelProto:
        """The finished, checked model."""
        graph = helper.make_graph(self._nodes, self._name, self._inputs, self._outputs, self._initializers)
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", _OPSET)],
            ir_version=_IR_VERSION,
            producer_name="livefg",
        )
        onnx.checker.check_model(model, full_check=True)
        return model

    def _store(self, values: npt.NDArray[Any], exact: bool) -> str:
        name = f"constant_{len(self._initializers)}"
        if values.dtype == np.float32 and values.size >= _SMALLEST_HALF:
            # Magnitudes below float16's normal range are rounded to its subnormal steps, which is what is wanted.
            half = values.astype(np.float16)
            if (self._round_to_half and not exact) or np.array_equal(half.astype(np.float32), values):
                self._initializers.append(numpy_helper.from_array(half, f"{name}_half"))
                return self.node("Cast", [f"{name}_half"], output=name, to=TensorProto.FLOAT)
        self._initializers.append(numpy_helper.from_array(values, name))
        return name


def _element_type(dtype: npt.DTypeLike) -> int:
    return int(helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))
