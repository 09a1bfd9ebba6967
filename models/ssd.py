"""SSD MobileNetV2, the object detector of MediaPipe's Objectron, as a float TFLite graph with feature maps.

The package holds a TFLite file whose weights are float16, behind the list of its classes' names. Nothing is
trained or left out: the weights become float32, the scaling of the picture is folded into the first
convolution, names become short, and two maps inside the network become outputs, for things taught by a few
looks. Boxes are still to be decoded against anchors and classes are logits: that is the caller's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from models.folding import Affine, fold_before
from models.tflite_writer import Tensor, pack

INPUT_NAME = "picture"
BOXES, CLASSES = "boxes", "classes"
FEATURES: Mapping[str, str] = {
    "features/fine": "expanded_conv_13/expand",
    "features/coarse": "Conv_1",
}
"""Maps given out beside boxes and classes: their names, and which layer makes each."""

KEEP_FLOAT = (f"^({BOXES}|{CLASSES}|BoxPredictor_.*|concat)$",)
"""Patterns of the operators that stay float: the heads, for their accuracy."""

CENTRE = 128.0
"""Taken from each grey value before the network."""
_SOURCE_CENTRE = 127.5
"""The network was trained on grey values less this, divided by this."""

_FAINTEST = 1e-5
"""Least size of a channel's largest weight, as a share of its bias. Training has left a fifth of the channels
with weights of zero and a bias. A bias is stored in steps of the weights' step times the input's, as int32:
beside no weights it would be lost. So small a weight moves a channel by a thousandth of its bias at most."""

_OUTPUTS = {"raw_outputs/box_encodings": BOXES, "raw_outputs/class_predictions": CLASSES}
_TRUNK = "FeatureExtractor/MobilenetV2/"
_ENDINGS = ("/Relu6", "/BatchNorm/FusedBatchNormV3", "/BiasAdd")
_PARAMETERS = {"CONV_2D": ("weight", "bias"), "DEPTHWISE_CONV_2D": ("weight", "bias"), "RESHAPE": ("shape",)}
_KINDS = {code: name for name, code in vars(schema.BuiltinOperator).items() if isinstance(code, int)}


def labels(packed: bytes) -> tuple[str, ...]:
    """The classes' names in their order; the first is that of nothing."""
    return tuple(packed[: _start(packed)].decode("ascii").splitlines())


def build(packed: bytes) -> bytes:
    """A float TFLite model: [1, 300, 300, 3] RGB - 128 in; boxes, classes and the maps of FEATURES out."""
    model = schema.ModelT.InitFromPackedBuf(packed[_start(packed) :], 0)
    model.description, model.metadata = "SSD MobileNetV2", None
    _widen_halves(model)
    _rename(model)
    _fold_picture_scaling(model)
    _lift_faint_channels(model)
    _drop_unused(model)
    by_name = {each.name: each for each in _tensors(model)}
    return pack(
        model,
        inputs=[by_name[INPUT_NAME]],
        outputs=[by_name[name] for name in (BOXES, CLASSES, *FEATURES)],
    )


def _start(packed: bytes) -> int:
    """Where the TFLite file begins: its mark stands four bytes after that."""
    return packed.index(b"TFL3") - 4


def _tensors(model: Any) -> Iterator[Tensor]:
    for index, tensor in enumerate(model.subgraphs[0].tensors):
        yield Tensor(index, tensor.name, tuple(int(n) for n in tensor.shape))


def _kind(model: Any, operator: Any) -> str:
    code = model.operatorCodes[operator.opcodeIndex]
    # Old files fill only the first field, which holds no more than 127; the quantiser reads the second.
    code.builtinCode = max(code.builtinCode, code.deprecatedBuiltinCode)
    return _KINDS[code.builtinCode]


def _widen_halves(model: Any) -> None:
    """Each constant that is stored as float16 and widened when the network runs, as float32 from the start."""
    graph = model.subgraphs[0]
    widened: dict[int, int] = {}
    for operator in graph.operators:
        if _kind(model, operator) == "DEQUANTIZE":
            source = int(operator.inputs[0])
            widened[int(operator.outputs[0])] = source
            tensor = graph.tensors[source]
            values = model.buffers[tensor.buffer].data.view("<f2").astype("<f4")
            tensor.buffer = _add_buffer(model, values)
            tensor.type = schema.TensorType.FLOAT32
    graph.operators = [each for each in graph.operators if _kind(model, each) != "DEQUANTIZE"]
    for operator in graph.operators:
        operator.inputs = [widened.get(int(index), int(index)) for index in operator.inputs]


def _add_buffer(model: Any, values: NDArray[Any]) -> int:
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(values.tobytes(), np.uint8)
    model.buffers.append(buffer)
    return len(model.buffers) - 1


def _rename(model: Any) -> None:
    """Activations are named after their layers, constants after the operator that reads them first."""
    graph = model.subgraphs[0]
    graph.name = "main"
    features = {layer: name for name, layer in FEATURES.items()}
    graph.tensors[graph.inputs[0]].name = INPUT_NAME
    named: set[int] = set()
    for operator in graph.operators:
        layer = _layer(graph.tensors[operator.outputs[0]].name.decode("ascii"))
        graph.tensors[operator.outputs[0]].name = features.get(layer, layer)
        for index, role in zip(
            operator.inputs[1:], _PARAMETERS.get(_kind(model, operator), ()), strict=False
        ):
            if index not in named:
                graph.tensors[index].name = f"{layer}/{role}"
                named.add(index)


def _layer(name: str) -> str:
    """A layer's short name from one that the converter joined of several."""
    first = name.partition(";")[0].removeprefix(_TRUNK)
    for ending in _ENDINGS:
        first = first.removesuffix(ending)
    return _OUTPUTS.get(first, first)


def _fold_picture_scaling(model: Any) -> None:
    """Let the first convolution take grey values less CENTRE.

    Exact but at the lower and the right edge, where it pads: with 0, which is grey 128 now and was 127.5.
    """
    graph = model.subgraphs[0]
    weight_at, bias_at = (graph.tensors[index] for index in graph.operators[0].inputs[1:3])
    weight, bias = (_values(model, each).astype(np.float64) for each in (weight_at, bias_at))
    scaling = Affine(
        scale=np.full(3, 1 / _SOURCE_CENTRE), shift=np.full(3, (CENTRE - _SOURCE_CENTRE) / _SOURCE_CENTRE)
    )
    # Folding wants [out, in, height, width], the file has [out, height, width, in].
    folded, bias = fold_before(weight.transpose(0, 3, 1, 2), bias, scaling)
    weight_at.buffer = _add_buffer(model, folded.transpose(0, 2, 3, 1).astype("<f4"))
    bias_at.buffer = _add_buffer(model, bias.astype("<f4"))


def _lift_faint_channels(model: Any) -> None:
    """Let no convolution have a channel whose weights are too faint to store its bias beside them."""
    graph = model.subgraphs[0]
    for operator in graph.operators:
        kind = _kind(model, operator)
        if kind in ("CONV_2D", "DEPTHWISE_CONV_2D"):
            weight_at, bias = graph.tensors[operator.inputs[1]], graph.tensors[operator.inputs[2]]
            weight = _values(model, weight_at).copy()
            channels = (
                weight.reshape(-1, weight.shape[3]).T if kind[0] == "D" else weight.reshape(len(weight), -1)
            )
            least = _FAINTEST * np.abs(_values(model, bias))
            faint = np.abs(channels).max(axis=1) < least
            channels[faint, 0] = least[faint]
            weight_at.buffer = _add_buffer(model, weight)


def _values(model: Any, tensor: Any) -> NDArray[np.float32]:
    stored: NDArray[np.float32] = model.buffers[tensor.buffer].data.view("<f4")
    return stored.reshape([int(n) for n in tensor.shape])


def _drop_unused(model: Any) -> None:
    """Leave out tensors and buffers that nothing refers to any more."""
    graph = model.subgraphs[0]
    read = {int(index) for each in graph.operators for index in (*each.inputs, *each.outputs)}
    kept = sorted(read)
    place = {index: number for number, index in enumerate(kept)}
    graph.tensors = [graph.tensors[index] for index in kept]
    for operator in graph.operators:
        operator.inputs = [place[int(index)] for index in operator.inputs]
        operator.outputs = [place[int(index)] for index in operator.outputs]
    buffers = sorted({0, *(tensor.buffer for tensor in graph.tensors)})
    for tensor in graph.tensors:
        tensor.buffer = buffers.index(tensor.buffer)
    model.buffers = [model.buffers[index] for index in buffers]
