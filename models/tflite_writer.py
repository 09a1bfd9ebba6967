"""Write a float TFLite graph straight with the format's own schema; no converter, so no surprises."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

SIGNATURE = "serving_default"

Padding = Literal["symmetric", "same"]
Activation = Literal["none", "relu", "relu6"]

_SCHEMA_VERSION = 3


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor of the graph under construction: its index, its name, its shape (NHWC for pictures)."""

    index: int
    name: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """Weight and bias [out] of a layer, in TFLite's own layout; written as float32.

    Stride 1 keeps the size of a picture, stride 2 halves it. `padding` says how a layer of stride 2 was
    trained: "symmetric" is a 3x3 kernel with a zero all round, "same" is TensorFlow's, with what is over
    below and right. `activation`: negative results become zero, with "relu6" those above 6 become 6.
    """

    weight: NDArray[Any]
    bias: NDArray[Any]
    stride: int = 1
    padding: Padding = "symmetric"
    activation: Activation = "none"


class GraphWriter:
    """Builds one subgraph, operator by operator; each method returns the tensor it makes.

    The names of tensors are what activation ranges and the quantisation recipe refer to, so they must be
    unique and stay as they are.
    """

    def __init__(self, description: str) -> None:
        self._model = schema.ModelT()
        self._model.version = _SCHEMA_VERSION
        self._model.description = description
        self._model.buffers = [schema.BufferT()]
        self._model.operatorCodes = []
        self._graph = schema.SubGraphT()
        self._graph.name = "main"
        self._graph.tensors, self._graph.operators = [], []
        self._graph.inputs, self._graph.outputs = [], []
        self._codes: dict[int, int] = {}
        self._inputs: list[Tensor] = []

    def add_input(self, name: str, shape: Sequence[int]) -> Tensor:
        """The graph's next input."""
        tensor = self._tensor(name, shape, schema.TensorType.FLOAT32)
        self._inputs.append(tensor)
        return tensor

    def conv(self, x: Tensor, layer: Layer, name: str) -> Tensor:
        """Convolution; the weight is [out, height, width, in]."""
        options = schema.Conv2DOptionsT()
        options.dilationHFactor = options.dilationWFactor = 1
        return self._convolve("CONV_2D", options, x, layer, name, len(layer.weight))

    def depthwise_conv(self, x: Tensor, layer: Layer, name: str) -> Tensor:
        """Depthwise convolution; the weight is [1, height, width, channels]."""
        options = schema.DepthwiseConv2DOptionsT()
        options.dilationHFactor = options.dilationWFactor = options.depthMultiplier = 1
        return self._convolve("DEPTHWISE_CONV_2D", options, x, layer, name, x.shape[3])

    def max_pool_2x2(self, x: Tensor, name: str) -> Tensor:
        """Largest of each 2x2 block."""
        options = schema.Pool2DOptionsT()
        options.padding = schema.Padding.VALID
        options.strideH = options.strideW = options.filterHeight = options.filterWidth = 2
        batch, height, width, channels = x.shape
        return self._operator("MAX_POOL_2D", options, [x], name, (batch, height // 2, width // 2, channels))

    def upsample_2x(self, x: Tensor, name: str) -> Tensor:
        """Each pixel four times."""
        batch, height, width, channels = x.shape
        size = self._constant(f"{name}/size", np.array([2 * height, 2 * width], np.int32))
        shape = (batch, 2 * height, 2 * width, channels)
        options = schema.ResizeNearestNeighborOptionsT()
        return self._operator("RESIZE_NEAREST_NEIGHBOR", options, [x, size], name, shape)

    def add(self, x: Tensor, y: Tensor, name: str) -> Tensor:
        """Sum of two tensors of one shape."""
        return self._operator("ADD", schema.AddOptionsT(), [x, y], name, x.shape)

    def prelu(self, x: Tensor, slopes: NDArray[Any], name: str) -> Tensor:
        """x where positive, slope x x elsewhere; one slope a channel."""
        alpha = self._constant(f"{name}/slopes", slopes.reshape(1, 1, -1))
        return self._operator("PRELU", None, [x, alpha], name, x.shape)

    def reshape(self, x: Tensor, shape: Sequence[int], name: str) -> Tensor:
        """The same figures in another shape."""
        options = schema.ReshapeOptionsT()
        options.newShape = list(shape)
        wanted = self._constant(f"{name}/shape", np.array(shape, np.int32))
        return self._operator("RESHAPE", options, [x, wanted], name, shape)

    def fully_connected(self, x: Tensor, layer: Layer, name: str) -> Tensor:
        """The weight is [out, in]; `x` is [batch, in]."""
        options = schema.FullyConnectedOptionsT()
        inputs = [x, *self._parameters(layer, name)]
        return self._operator("FULLY_CONNECTED", options, inputs, name, (x.shape[0], len(layer.weight)))

    def finish(self, outputs: Sequence[Tensor]) -> bytes:
        """The model's bytes, with one signature whose names are the tensors' own."""
        self._model.subgraphs = [self._graph]
        return pack(self._model, inputs=self._inputs, outputs=outputs)

    def _convolve(self, op: str, options: Any, x: Tensor, layer: Layer, name: str, channels: int) -> Tensor:
        batch, height, width = x.shape[0], -(-x.shape[1] // layer.stride), -(-x.shape[2] // layer.stride)
        options.padding = schema.Padding.SAME
        if layer.stride != 1 and layer.padding == "symmetric":
            options.padding = schema.Padding.VALID
            x = self._pad_before(x, f"{name}/pad")
        options.strideH = options.strideW = layer.stride
        options.fusedActivationFunction = getattr(schema.ActivationFunctionType, layer.activation.upper())
        inputs = [x, *self._parameters(layer, name)]
        return self._operator(op, options, inputs, name, (batch, height, width, channels))

    def _pad_before(self, x: Tensor, name: str) -> Tensor:
        """One row of zeros above and one column left of picture `x`.

        A 3x3 convolution of stride 2 with symmetric padding reads just these: TFLite's SAME would put
        the padding on the other side.
        """
        batch, height, width, channels = x.shape
        paddings = self._constant(f"{name}/by", np.array([[0, 0], [1, 0], [1, 0], [0, 0]], np.int32))
        shape = (batch, height + 1, width + 1, channels)
        return self._operator("PAD", schema.PadOptionsT(), [x, paddings], name, shape)

    def _parameters(self, layer: Layer, name: str) -> list[Tensor]:
        return [self._constant(f"{name}/weight", layer.weight), self._constant(f"{name}/bias", layer.bias)]

    def _operator(
        self, op: str, options: Any, inputs: Sequence[Tensor], name: str, shape: Sequence[int]
    ) -> Tensor:
        output = self._tensor(name, shape, schema.TensorType.FLOAT32)
        operator = schema.OperatorT()
        operator.opcodeIndex = self._code(getattr(schema.BuiltinOperator, op))
        operator.inputs = [t.index for t in inputs]
        operator.outputs = [output.index]
        if options is not None:
            kind = type(options).__name__.removesuffix("T")
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, kind)
            operator.builtinOptions = options
        self._graph.operators.append(operator)
        return output

    def _code(self, builtin: int) -> int:
        if builtin not in self._codes:
            code = schema.OperatorCodeT()
            # Old readers know only the first field, the quantiser reads only the second.
            code.deprecatedBuiltinCode = builtin
            code.builtinCode = builtin
            code.version = 1
            self._codes[builtin] = len(self._model.operatorCodes)
            self._model.operatorCodes.append(code)
        return self._codes[builtin]

    def _constant(self, name: str, values: NDArray[Any]) -> Tensor:
        is_index = values.dtype == np.int32
        stored = np.ascontiguousarray(values, dtype="<i4" if is_index else "<f4")
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(stored.tobytes(), np.uint8)
        self._model.buffers.append(buffer)
        kind = schema.TensorType.INT32 if is_index else schema.TensorType.FLOAT32
        return self._tensor(name, stored.shape, kind, len(self._model.buffers) - 1)

    def _tensor(self, name: str, shape: Sequence[int], kind: int, buffer: int = 0) -> Tensor:
        tensor = schema.TensorT()
        tensor.name = name
        tensor.shape = list(shape)
        tensor.type = kind
        tensor.buffer = buffer
        self._graph.tensors.append(tensor)
        return Tensor(len(self._graph.tensors) - 1, name, tuple(shape))


def pack(model: Any, *, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> bytes:
    """The bytes of a `schema.ModelT` of one subgraph, with one signature whose names are the tensors' own."""
    graph = model.subgraphs[0]
    graph.inputs, graph.outputs = [t.index for t in inputs], [t.index for t in outputs]
    signature = schema.SignatureDefT()
    signature.signatureKey = SIGNATURE
    signature.subgraphIndex = 0
    signature.inputs = [_tensor_map(t) for t in inputs]
    signature.outputs = [_tensor_map(t) for t in outputs]
    model.signatureDefs = [signature]
    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _tensor_map(tensor: Tensor) -> Any:
    entry = schema.TensorMapT()
    entry.name, entry.tensorIndex = tensor.name, tensor.index
    return entry
