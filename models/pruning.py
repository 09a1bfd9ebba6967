"""Take out of a network the channels that give the same whatever the picture shows.

Training with weight decay leaves channels whose weights are zero and whose bias is not. What such a channel
gives is known beforehand, so it goes into the bias of the layers that read it, and the channel and all that
only it needs go. Nothing that is computed changes, but for rounding.

With int8 this is more than a saving: a bias is stored as int32, in steps of the weights' step times the
input's. Beside weights of zero the step is next to nothing, and the bias is lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from models.tflite_reader import kind_of, store, values

FAINTEST = 1e-5
"""Weights that are all below this share of their channel's bias are taken for zero. Float16 leaves 1e-7 of
some; a bias is stored whole beside weights of this size, and they move it by a thousandth at most."""

Mask = NDArray[np.bool_]


def prune(model: Any) -> None:
    """Take the constant channels out of a float `schema.ModelT` of one subgraph.

    Channels go where point-wise convolutions alone read them, and where a depthwise layer stands between.
    """
    graph = _Graph(model)
    for operator in graph.operators:
        match graph.kind(operator):
            case "DEPTHWISE_CONV_2D":
                _prune_depthwise(graph, operator)
            case "CONV_2D":
                readers = graph.readers(operator.outputs[0])
                if readers and graph.are_pointwise(readers):
                    _drop(graph, operator, readers, graph.constant(operator))


def lift_faint(model: Any) -> None:
    """Give the constant channels that had to stay one weight, so large that int8 keeps their bias."""
    graph = _Graph(model)
    for operator in graph.operators:
        if graph.kind(operator) in ("CONV_2D", "DEPTHWISE_CONV_2D"):
            weight, bias = graph.parameters(operator)
            graph.set_parameters(operator, lifted(weight, bias), bias)


def lifted(weight: NDArray[Any], bias: NDArray[Any]) -> NDArray[Any]:
    """The weight, its channels in the first axis of four, with one such weight in each constant channel."""
    faint = constant_channels(weight, bias)
    result = weight.copy()
    result[faint, 0, 0, 0] = FAINTEST * np.abs(bias[faint])
    return result


def constant_channels(weight: NDArray[Any], bias: NDArray[Any]) -> Mask:
    """Which channels have no weights to speak of; `weight` has the channels in its first axis."""
    return np.asarray(np.abs(weight).reshape(len(weight), -1).max(axis=1) <= FAINTEST * np.abs(bias))


class _Graph:
    def __init__(self, model: Any) -> None:
        self._model = model
        self._graph = model.subgraphs[0]
        self.operators: Sequence[Any] = self._graph.operators

    def kind(self, operator: Any) -> str:
        return kind_of(self._model, operator)

    def readers(self, tensor: int) -> list[Any]:
        return [each for each in self.operators if tensor in each.inputs]

    def maker(self, tensor: int) -> Any:
        return next(each for each in self.operators if tensor in each.outputs)

    def are_pointwise(self, operators: Sequence[Any]) -> bool:
        return all(
            self.kind(each) == "CONV_2D" and self.parameters(each)[0].shape[1:3] == (1, 1)
            for each in operators
        )

    def parameters(self, operator: Any) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Weight, with the channels that it makes in its first axis, and bias."""
        weight, bias = (values(self._model, self._graph.tensors[index]) for index in operator.inputs[1:3])
        return (np.moveaxis(weight, 3, 0) if self.kind(operator) == "DEPTHWISE_CONV_2D" else weight), bias

    def set_parameters(self, operator: Any, weight: NDArray[Any], bias: NDArray[Any]) -> None:
        if self.kind(operator) == "DEPTHWISE_CONV_2D":
            weight = np.moveaxis(weight, 0, 3)
        for index, content in zip(operator.inputs[1:3], (weight, bias), strict=True):
            store(self._model, self._graph.tensors[index], content)

    def constant(self, operator: Any) -> Mask:
        return constant_channels(*self.parameters(operator))

    def keep(self, operator: Any, kept: Mask) -> None:
        """Let the operator make these channels only."""
        weight, bias = self.parameters(operator)
        self.set_parameters(operator, weight[kept], bias[kept])
        made = self._graph.tensors[operator.outputs[0]]
        made.shape = [*made.shape[:3], int(kept.sum())]


def _prune_depthwise(graph: _Graph, depthwise: Any) -> None:
    """Channels that a depthwise layer makes constant go, and those that only they were made for."""
    before = graph.maker(depthwise.inputs[0])
    others = [each for each in graph.readers(depthwise.inputs[0]) if each is not depthwise]
    readers = graph.readers(depthwise.outputs[0])
    constant = graph.constant(depthwise)
    if others:
        constant &= graph.constant(before)
    if graph.kind(before) != "CONV_2D" or not graph.are_pointwise([*readers, *others]):
        return
    _drop(graph, before, others, constant)
    _drop(graph, depthwise, readers, constant)


def _drop(graph: _Graph, operator: Any, readers: Sequence[Any], constant: Mask) -> None:
    """Put what the constant channels give into the readers' bias, and take them out."""
    given = graph.parameters(operator)[1].astype(np.float64)
    if operator.builtinOptions.fusedActivationFunction == schema.ActivationFunctionType.RELU6:
        given = given.clip(0, 6)
    for reader in readers:
        weight, bias = graph.parameters(reader)
        moved = weight[:, 0, 0, constant].astype(np.float64) @ given[constant]
        graph.set_parameters(reader, weight[..., ~constant], bias + moved)
    graph.keep(operator, ~constant)
