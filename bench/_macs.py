"""Multiply-accumulates of a built network, counted from the shapes in its file."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ai_edge_litert import schema_py_generated as schema

from kith.app.load import Macs

Shape = tuple[int, ...]


def macs_of(path: Path) -> Macs:
    """Of one run of the network in `path`, a TFLite file. ValueError for an operator that multiplies and
    that nobody has taught this function to count."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(path.read_bytes(), 0))
    counted = [
        _operator(graph, operator, model.operatorCodes[operator.opcodeIndex].builtinCode)
        for graph in model.subgraphs
        for operator in graph.operators
    ]
    return Macs(
        int8=sum(count for count, is_float in counted if not is_float),
        float32=sum(count for count, is_float in counted if is_float),
    )


def _operator(graph: Any, operator: Any, code: int) -> tuple[int, bool]:
    """MAC of an operator, and whether it computes in float."""
    if code in _REFUSED:
        raise ValueError(f"there is no sum for operator {code}; see the format's table of built-in operators")
    count = _COUNTS.get(code)
    if count is None:
        return 0, False
    weight, out = graph.tensors[operator.inputs[1]], graph.tensors[operator.outputs[0]]
    macs = count(tuple(map(int, weight.shape)), tuple(map(int, out.shape)))
    return macs, out.type == schema.TensorType.FLOAT32


def _convolution(weight: Shape, out: Shape) -> int:
    """Weight [out channels, height, width, in channels]: each result takes one of its slices."""
    return math.prod(out) * math.prod(weight[1:])


def _depthwise(weight: Shape, out: Shape) -> int:
    """Weight [1, height, width, channels]: each result takes one channel of it."""
    return math.prod(out) * weight[1] * weight[2]


def _dense(weight: Shape, out: Shape) -> int:
    """Weight [out, in]."""
    return math.prod(out) * weight[1]


_OPERATOR = schema.BuiltinOperator
_COUNTS: dict[int, Callable[[Shape, Shape], int]] = {
    _OPERATOR.CONV_2D: _convolution,
    _OPERATOR.DEPTHWISE_CONV_2D: _depthwise,
    _OPERATOR.FULLY_CONNECTED: _dense,
}
_REFUSED = {_OPERATOR.TRANSPOSE_CONV, _OPERATOR.CONV_3D, _OPERATOR.BATCH_MATMUL, _OPERATOR.CUSTOM}
