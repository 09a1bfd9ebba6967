"""SSD MobileNetV2, the object detector of MediaPipe's Objectron, as a float TFLite graph with feature maps.

The package holds a TFLite file whose weights are float16, behind the list of its classes' names. Nothing is
trained: the weights become float32, the scaling of the picture is folded into the first convolution, channels
that never change go, names become short, and two maps inside the network become outputs, for things taught by
a few looks. Boxes are still to be decoded against anchors and classes are logits: that is the caller's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import copy
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from models.folding import Affine, fold_before
from models.pruning import lift_faint, prune
from models.tflite_reader import add_buffer, kind_of, store, values
from models.tflite_writer import Tensor, pack

INPUT_NAME = "picture"
BOXES, CLASSES = "boxes", "classes"
FEATURES: Mapping[str, str] = {
    "features/fine": "expanded_conv_13/expand",
    "features/coarse": "Conv_1",
}
"""Maps given out beside boxes and classes: their names, and which layer makes each."""

KEEP_FLOAT = (
    f"^({BOXES}|{CLASSES}|features|BoxPredictor_|concat)",
    "^Conv;",
    "^expanded_conv/",
    "^expanded_conv_1[12]/(project|add)",
    "^expanded_conv_13/expand",
)
"""Patterns of the operators that stay float; a pattern is held against the name with a semicolon after it.
Heads: they decide, and boxes of all sizes would share one step. The first block: all else is made of its few
channels. Where blocks 11 and 12 are added up: values reach 97 where their spread is about 2."""

CENTRE = 128.0
"""Taken from each grey value before the network."""
_SOURCE_CENTRE = 127.5
"""The network was trained on grey values less this, divided by this."""

_OUTPUTS = {"raw_outputs/box_encodings": BOXES, "raw_outputs/class_predictions": CLASSES}
_TRUNK = "FeatureExtractor/MobilenetV2/"
_ENDINGS = ("/Relu6", "/BatchNorm/FusedBatchNormV3", "/BiasAdd")
_PARAMETERS = {"CONV_2D": ("weight", "bias"), "DEPTHWISE_CONV_2D": ("weight", "bias"), "RESHAPE": ("shape",)}


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
    prune(model)
    lift_faint(model)
    _give_out_features(model)
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


def _widen_halves(model: Any) -> None:
    """Each constant that is stored as float16, and widened when the network runs, as float32."""
    graph = model.subgraphs[0]
    widened: dict[int, int] = {}
    for operator in graph.operators:
        if kind_of(model, operator) == "DEQUANTIZE":
            source = int(operator.inputs[0])
            widened[int(operator.outputs[0])] = source
            tensor = graph.tensors[source]
            halves = model.buffers[tensor.buffer].data.view("<f2")
            store(model, tensor, halves.reshape([int(n) for n in tensor.shape]))
    graph.operators = [each for each in graph.operators if kind_of(model, each) != "DEQUANTIZE"]
    for operator in graph.operators:
        operator.inputs = [widened.get(int(index), int(index)) for index in operator.inputs]


def _rename(model: Any) -> None:
    """Activations are named after their layers, constants after the operator that reads them first."""
    graph = model.subgraphs[0]
    graph.name = "main"
    graph.tensors[graph.inputs[0]].name = INPUT_NAME
    named: set[int] = set()
    for operator in graph.operators:
        layer = _layer(graph.tensors[operator.outputs[0]].name.decode("ascii"))
        graph.tensors[operator.outputs[0]].name = layer
        for index, role in zip(
            operator.inputs[1:], _PARAMETERS.get(kind_of(model, operator), ()), strict=False
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
    weight, bias = (values(model, each).astype(np.float64) for each in (weight_at, bias_at))
    scaling = Affine(
        scale=np.full(3, 1 / _SOURCE_CENTRE), shift=np.full(3, (CENTRE - _SOURCE_CENTRE) / _SOURCE_CENTRE)
    )
    # Folding wants [out, in, height, width], the file has [out, height, width, in].
    folded, bias = fold_before(weight.transpose(0, 3, 1, 2), bias, scaling)
    store(model, weight_at, folded.transpose(0, 2, 3, 1))
    store(model, bias_at, bias)


def _give_out_features(model: Any) -> None:
    """Each map of FEATURES once more, through an operator that changes nothing: what operators that stay
    float and int8 ones read, the quantiser would give out as int8."""
    graph = model.subgraphs[0]
    by_name = {each.name: each for each in _tensors(model)}
    reshape = next(each for each in graph.operators if kind_of(model, each) == "RESHAPE")
    for name, layer in FEATURES.items():
        source = by_name[layer]
        shape = np.array(source.shape, "<i4")
        wanted, made = copy(graph.tensors[reshape.inputs[1]]), copy(graph.tensors[reshape.outputs[0]])
        wanted.name, wanted.shape, wanted.buffer = f"{name}/shape", [len(shape)], add_buffer(model, shape)
        made.name, made.shape = name, list(source.shape)
        graph.tensors += [wanted, made]
        operator = copy(reshape)
        operator.inputs = [source.index, len(graph.tensors) - 2]
        operator.outputs = [len(graph.tensors) - 1]
        graph.operators.append(operator)


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
