"""One ONNX convolution as one TFLite convolution: the weight's axes turned, depthwise where it is."""

from __future__ import annotations

from models.folding import FloatArray
from models.onnx_reader import Node
from models.tflite_writer import Activation, GraphWriter, Layer, Tensor


def convolve(
    writer: GraphWriter,
    node: Node,
    x: Tensor,
    parameters: tuple[FloatArray, FloatArray],
    name: str,
    *,
    relu: bool,
) -> Tensor:
    """Add `node` to the graph, with `parameters` (weight [out, in, h, w], bias) in place of its own."""
    weight, bias = parameters
    strides, groups = node.attributes["strides"], node.attributes["group"]
    assert isinstance(strides, list)
    stride = int(strides[0])
    activation: Activation = "relu" if relu else "none"
    if groups == 1:
        layer = Layer(weight=weight.transpose(0, 2, 3, 1), bias=bias, stride=stride, activation=activation)
        return writer.conv(x, layer, name)
    layer = Layer(weight=weight.transpose(1, 2, 3, 0), bias=bias, stride=stride, activation=activation)
    return writer.depthwise_conv(x, layer, name)
