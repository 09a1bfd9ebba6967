"""YuNet, the face detector, as a TFLite graph of any input size.

Two things differ from the ONNX file, neither changes a result: it takes RGB (the first layer's weights
are turned round), and the four heads of a level are one head of sixteen channels: class, object, box x, y,
width, height, then x and y of five landmarks. Sigmoid, boxes and landmarks are the caller's to decode.
"""

from __future__ import annotations

import numpy as np

from models.convolve import convolve
from models.folding import FloatArray
from models.onnx_reader import Node, OnnxGraph
from models.tflite_writer import GraphWriter, Layer, Tensor

INPUT_NAME = "picture"
STRIDES = (8, 16, 32)
HEAD = "head"
"""First part of the heads' names."""
KEEP_FLOAT = (f"^{HEAD}/", "^body/01_")
"""Patterns of the operators that stay float: the heads, for their accuracy, and the first convolution.
That one has three channels, and int8 kernels work on eight or more at a time, the rest of them zeros."""

_HEAD_PARTS = ("cls", "obj", "bbox", "kps")


def build(graph: OnnxGraph, *, height: int, width: int) -> bytes:
    """A float TFLite model: [1, height, width, 3] RGB 0..255 in, [1, h/s, w/s, 16] out for each stride s."""
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
        output = self._relu_of.get(node.outputs[0])
        if source.name == INPUT_NAME:
            weight = weight[:, ::-1]
        name = self._name("conv")
        made = convolve(self._writer, node, source, (weight, bias), name, relu=output is not None)
        self._made[output or node.outputs[0]] = made

    def _name(self, kind: str) -> str:
        self._count += 1
        return f"body/{self._count:02d}_{kind}"


def _head(writer: GraphWriter, graph: OnnxGraph, level: int, feature: Tensor) -> Tensor:
    """The four heads of a level as one: point by point, then 3x3 in each channel."""
    name = f"{HEAD}/{STRIDES[level]}"
    weight, bias = _joined(graph, level, 1)
    point = writer.conv(feature, Layer(weight=weight.transpose(0, 2, 3, 1), bias=bias), f"{name}/point")
    weight, bias = _joined(graph, level, 2)
    return writer.depthwise_conv(point, Layer(weight=weight.transpose(1, 2, 3, 0), bias=bias), name)


def _joined(graph: OnnxGraph, level: int, number: int) -> tuple[FloatArray, FloatArray]:
    """Weight and bias of the heads' first or second convolutions, one after the other."""
    by_part = {_head_part(node): node for node in graph.nodes}
    nodes = [by_part[part, level, number] for part in _HEAD_PARTS]
    weight, bias = (np.concatenate([graph.weight(node.inputs[k]) for node in nodes]) for k in (1, 2))
    return weight, bias


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
