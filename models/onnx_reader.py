"""Read an ONNX graph whose weights are stored as blockwise int8, as float weights and live nodes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One ONNX operator; `inputs` and `outputs` are tensor names."""

    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class OnnxGraph:
    """The nodes that compute something at run time, in order, and every constant they use."""

    nodes: tuple[Node, ...]
    constants: Mapping[str, NDArray[np.generic]]

    def weight(self, name: str) -> FloatArray:
        """Constant `name` as float64, so that what is folded into it is rounded only once."""
        return self.constants[name].astype(np.float64)


def read_graph(content: bytes) -> OnnxGraph:
    """Read an ONNX file's `content`; what depends on constants alone, as stored weights do, is folded."""
    graph = onnx.load_from_string(content).graph
    constants: dict[str, NDArray[np.generic]] = {
        tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer
    }
    nodes: list[Node] = []
    for proto in graph.node:
        node = Node(
            op=proto.op_type,
            inputs=tuple(proto.input),
            outputs=tuple(proto.output),
            attributes={a.name: onnx.helper.get_attribute_value(a) for a in proto.attribute},
        )
        if not _fold(node, constants):
            nodes.append(node)
    return OnnxGraph(nodes=tuple(nodes), constants=constants)


def dequantize_blocks(
    quantized: NDArray[np.generic],
    scales: NDArray[np.generic],
    zero_points: NDArray[np.generic],
    *,
    axis: int,
    block_size: int,
) -> FloatArray:
    """Undo ONNX's blockwise `DequantizeLinear`: (q - zero point) x scale, one pair a block along `axis`.

    `quantized` is of any shape; `scales` and `zero_points` have its shape but for `axis`, where they hold
    one figure for each block of `block_size`; the last block may be short.
    """
    length = quantized.shape[axis]

    def spread(per_block: NDArray[np.generic]) -> FloatArray:
        wide = np.repeat(per_block.astype(np.float64), block_size, axis=axis)
        return np.take(wide, np.arange(length), axis=axis)

    return (quantized.astype(np.float64) - spread(zero_points)) * spread(scales)


def _fold(node: Node, constants: dict[str, NDArray[np.generic]]) -> bool:
    """Compute `node` into `constants` if it depends on constants alone; say whether it did."""
    if node.op == "Constant":
        return True
    if not all(name in constants for name in node.inputs):
        return False
    values = [constants[name] for name in node.inputs]
    if node.op == "DequantizeLinear":
        axis, block_size = node.attributes["axis"], node.attributes["block_size"]
        assert isinstance(axis, int)
        assert isinstance(block_size, int)
        folded = dequantize_blocks(values[0], values[1], values[2], axis=axis, block_size=block_size)
        constants[node.outputs[0]] = folded
        return True
    if node.op == "Reshape":
        constants[node.outputs[0]] = values[0].reshape([int(n) for n in values[1]])
        return True
    return False
