"""SFace, the face embedder, as a TFLite graph.

Its layers stand in a row: convolution, batch norm, PReLU, then one fully connected layer. Batch norms and
the scaling of the picture are folded into the weights beside them.
"""

from __future__ import annotations

import numpy as np

from models.convolve import convolve
from models.folding import Affine, batch_norm, fold_after, fold_before
from models.onnx_reader import Node, OnnxGraph
from models.tflite_writer import GraphWriter, Layer, Tensor

INPUT_NAME = "face"
OUTPUT_NAME = "embedding"
SIZE = 112

KEEP_FLOAT = ("^conv_1_", "_dw_")
"""Patterns of the operators that stay float. The first convolution has three channels, and int8 kernels work
on eight or more at a time, the rest of them zeros. A depthwise layer stands between two PReLUs, which are
float: in int8 it would gain nothing and cost a conversion before it and one after it, and their rounding."""

CENTRE = 128.0
"""Taken from each grey value before the network; zero padding then is mid-grey, as SFace was trained."""


def build(graph: OnnxGraph) -> bytes:
    """A float TFLite model: [1, 112, 112, 3] RGB - 128 in, [1, 128] embedding (not of unit length) out."""
    writer = GraphWriter("SFace 2021dec")
    x = writer.add_input(INPUT_NAME, (1, SIZE, SIZE, 3))
    convs = [node for node in graph.nodes if node.op == "Conv"]
    norms = {node.inputs[0]: node for node in graph.nodes if node.op == "BatchNormalization"}
    slopes = {node.inputs[0]: node.inputs[1] for node in graph.nodes if node.op == "PRelu"}
    for position, conv in enumerate(convs):
        weight, bias = graph.weight(conv.inputs[1]), np.zeros(len(graph.weight(conv.inputs[1])))
        if position == 0:
            weight, bias = fold_before(weight, bias, _input_scaling(graph))
        norm = norms[conv.outputs[0]]
        weight, bias = fold_after(weight, bias, _affine(graph, norm))
        x = convolve(writer, conv, x, (weight, bias), conv.outputs[0], relu=False)
        x = writer.prelu(x, graph.weight(slopes[norm.outputs[0]]), f"{x.name}/prelu")
    return writer.finish([_embedding(writer, graph, x, norms)])


def _input_scaling(graph: OnnxGraph) -> Affine:
    """From a grey value less `CENTRE` to what the first convolution was trained on."""
    offset, scale = (
        graph.weight(next(n for n in graph.nodes if n.op == op).inputs[1]) for op in ("Sub", "Mul")
    )
    return Affine(scale=np.repeat(scale, 3), shift=np.repeat((CENTRE - offset) * scale, 3))


def _embedding(writer: GraphWriter, graph: OnnxGraph, x: Tensor, norms: dict[str, Node]) -> Tensor:
    """The fully connected layer with the batch norms before and after it, reading NHWC instead of NCHW."""
    _, height, width, channels = x.shape
    gemm = next(node for node in graph.nodes if node.op == "Gemm")
    last_activation = [node for node in graph.nodes if node.op == "PRelu"][-1].outputs[0]
    weight = graph.weight(gemm.inputs[1]).reshape(-1, channels, height, width)
    weight, bias = fold_before(weight, graph.weight(gemm.inputs[2]), _affine(graph, norms[last_activation]))
    weight, bias = fold_after(weight, bias, _affine(graph, norms[gemm.outputs[0]]))
    flat = writer.reshape(x, (1, height * width * channels), "flat")
    rows = weight.transpose(0, 2, 3, 1).reshape(len(weight), -1)
    return writer.fully_connected(flat, Layer(weight=rows, bias=bias), OUTPUT_NAME)


def _affine(graph: OnnxGraph, norm: Node) -> Affine:
    gamma, beta, mean, variance = (graph.weight(name) for name in norm.inputs[1:5])
    epsilon = norm.attributes["epsilon"]
    assert isinstance(epsilon, float)
    return batch_norm(gamma, beta, mean, variance, epsilon)
