"""YuNet, the face detector, as a TFLite graph of any input size.

Two things differ from the ONNX file, neither changes a result: it takes RGB (the first layer's weights
are turned round), and the four heads of a level are one head of sixteen channels: class, object, box x, y,
width, height, then x and y of five landmarks. Sigmoid, boxes and landmarks are the caller's to decode.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from models.folding import FloatArray
from models.onnx_reader import Node, OnnxGraph
from models.tflite_writer import GraphWriter, Tensor

INPUT_NAME = "picture"
STRIDES = (8, 16, 32)
HEAD = "head"
"""First part of the names of the heads, which stay float."""

_HEAD_PARTS = ("cls", "obj", "bbox", "kps")


def build(graph: OnnxGraph, *, height: int, width: int) -> bytes:
    """A float TFLite model: [1, height, width, 3] RGB 0..255 in, a map [1, h/s, w/s, 16] for each stride s."""
    writer = GraphWriter("YuNet 2023mar")
    made = {"input": writer.add_input(INPUT_NAME, (1, height, width, 3))}
    reader = _Body(writer, graph, made)
    for node in graph.nodes:
        reader.take(node)
    levels = [_head(writer, graph, level, feature) for level, feature in enumerate(_features(graph, made))]
    return writer.finish(levels)


class _Body:
    """Copies backbone and neck into `writer`, operator by operator."""

    def __init__(self, writer: GraphWriter, graph: OnnxGraph, made: dict[str, Tensor]) -> None:
        self._writer, self._graph, self._made = writer, graph, made
        self._relu_of = {node.inputs[0]: node.outputs[0] for node in graph.nodes if node.op == "Relu"}
        self._count = 0

    def take(self, node: Node) -> None:
        """Copy `node`, unless it belongs to a head or comes after one."""
        source = self._made.get(node.inputs[0])
        if source is None or _head_part(node) is not None:
            return
        match node.op:
            case "Conv":
                self._conv(node, source)
            case "MaxPool":
                self._made[node.outputs[0]] = self._writer.max_pool_2x2(source, self._name("pool"))
            case "Resize":
                self._made[node.outputs[0]] = self._writer.upsample_2x(source, self._name("upsample"))
            case "Add":
                other = self._made[node.inputs[1]]
                self._made[node.outputs[0]] = self._writer.add(source, other, self._name("add"))
            case "Relu":
                pass  # Already part of the convolution before it.
            case _:
                raise ValueError(f"YuNet's file has an operator {node.op} that this recipe does not know")

    def _conv(self, node: Node, source: Tensor) -> None:
        weight, bias = self._graph.weight(node.inputs[1]), self._graph.weight(node.inputs[2])
        stride = _stride(node)
        if source.name == INPUT_NAME:
            weight = weight[:, ::-1]
        output = self._relu_of.get(node.outputs[0])
        name = self._name("conv")
        if node.attributes["group"] == 1:
            kernel = weight.transpose(0, 2, 3, 1)
            made = self._writer.conv(source, kernel, bias, name, stride=stride, relu=output is not None)
        else:
            kernel = weight.transpose(1, 2, 3, 0)
            made = self._writer.depthwise_conv(
                source, kernel, bias, name, stride=stride, relu=output is not None
            )
        self._made[output or node.outputs[0]] = made

    def _name(self, kind: str) -> str:
        self._count += 1
        return f"body/{self._count:02d}_{kind}"


class _HeadWeights(NamedTuple):
    point: FloatArray
    point_bias: FloatArray
    depth: FloatArray
    depth_bias: FloatArray


def _head(writer: GraphWriter, graph: OnnxGraph, level: int, feature: Tensor) -> Tensor:
    parts = [_part_weights(graph, part, level) for part in _HEAD_PARTS]
    joined = _HeadWeights(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))
    name = f"{HEAD}/{STRIDES[level]}"
    point = writer.conv(
        feature, joined.point.transpose(0, 2, 3, 1), joined.point_bias, f"{name}/point", stride=1
    )
    return writer.depthwise_conv(point, joined.depth.transpose(1, 2, 3, 0), joined.depth_bias, name, stride=1)


def _part_weights(graph: OnnxGraph, part: str, level: int) -> _HeadWeights:
    point, depth = (
        next(node for node in graph.nodes if _head_part(node) == (part, level, number)) for number in (1, 2)
    )
    return _HeadWeights(
        graph.weight(point.inputs[1]),
        graph.weight(point.inputs[2]),
        graph.weight(depth.inputs[1]),
        graph.weight(depth.inputs[2]),
    )


def _features(graph: OnnxGraph, made: dict[str, Tensor]) -> list[Tensor]:
    """The neck's three maps, finest first: what the class heads read."""
    sources = {
        part[1]: node.inputs[0]
        for node in graph.nodes
        if (part := _head_part(node)) is not None and part[0] == "cls" and part[2] == 1
    }
    return [made[sources[level]] for level in range(len(STRIDES))]


def _head_part(node: Node) -> tuple[str, int, int] | None:
    """(part, level, 1 or 2) of a head's convolution; None for any other node."""
    if node.op != "Conv" or not node.inputs[2].startswith("bbox_head.multi_level_"):
        return None
    part, level, layer = node.inputs[2].removeprefix("bbox_head.multi_level_").split(".")[:3]
    return part, int(level), int(layer.removeprefix("conv"))


def _stride(node: Node) -> int:
    strides = node.attributes["strides"]
    assert isinstance(strides, list)
    return int(strides[0])
