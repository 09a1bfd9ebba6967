"""EfficientNet-Lite0, trained on ImageNet, as a float TFLite graph that ends where its features are read.

It is blocks in a row, each of a point-wise layer that widens, a depthwise one, and a point-wise one that
narrows. Batch norms and the scaling of the picture are folded into the weights beside them. What comes after
the last map of FEATURES, the classes among it, is left out.
"""

from __future__ import annotations

import itertools
from collections.abc import Generator, Iterator, Mapping

import numpy as np

from models.folding import Affine, FloatArray, batch_norm, fold_after, fold_before
from models.pruning import lifted
from models.tflite_writer import Activation, GraphWriter, Layer, Tensor
from models.torch_reader import Weights, read_weights

INPUT_NAME = "picture"
FEATURES: Mapping[str, str] = {"features": "block_12/expand"}
"""Maps given out: their names, and which layer makes each."""

KEEP_FLOAT = ("^features", "^stem;", "^block_0[01]/")
"""Patterns of the operators that stay float; a pattern is held against the name with a semicolon after it.
The first layer and two blocks: all else is made of their few channels, and float is as fast for these."""

CENTRE = 128.0
"""Taken from each grey value before the network."""
_SOURCE_CENTRE, _SOURCE_SCALE = 127.0, 128.0
"""The network was trained on grey values less the one, divided by the other."""

_STAGES = ((1, 1), (2, 2), (2, 2), (3, 2), (3, 1), (4, 2), (1, 1))
"""How many blocks follow each other, and the stride of the first of them."""
_EPSILON = 1e-3
"""Of the batch norms."""


def build(source: bytes, *, size: int) -> bytes:
    """A float TFLite model: [1, size, size, 3] RGB - 128 in, the maps of FEATURES out.

    `source` is the checkpoint; ModelError where it is none.
    """
    writer = GraphWriter("EfficientNet-Lite0")
    picture = writer.add_input(INPUT_NAME, (1, size, size, 3))
    made: dict[str, Tensor] = {}
    for layer in _layers(_Convolutions(writer, read_weights(source)), picture):
        made[layer.name] = layer
        if made.keys() >= set(FEATURES.values()):
            break
    # Each once more, through an operator that changes nothing: what int8 operators make and read, the
    # quantiser would give out as int8.
    outputs = [writer.reshape(made[layer], made[layer].shape, name) for name, layer in FEATURES.items()]
    return writer.finish(outputs)


class _Convolutions:
    """Adds the checkpoint's convolutions to `writer`, each with the batch norm after it."""

    def __init__(self, writer: GraphWriter, weights: Weights) -> None:
        self._writer, self._weights = writer, weights

    def has(self, name: str) -> bool:
        return f"{name}.weight" in self._weights

    def add(self, x: Tensor, y: Tensor, name: str) -> Tensor:
        return self._writer.add(x, y, name)

    def full(
        self,
        x: Tensor,
        source: str,
        norm: str,
        name: str,
        *,
        stride: int = 1,
        activation: Activation = "relu6",
    ) -> Tensor:
        """A convolution over all channels; the first of all scales the picture, too."""
        weight, bias = self._folded(source, norm, of_picture=x.name == INPUT_NAME)
        layer = Layer(
            weight=weight.transpose(0, 2, 3, 1),
            bias=bias,
            stride=stride,
            padding="same",
            activation=activation,
        )
        return self._writer.conv(x, layer, name)

    def depthwise(self, x: Tensor, source: str, norm: str, name: str, *, stride: int) -> Tensor:
        """A convolution in each channel."""
        weight, bias = self._folded(source, norm)
        layer = Layer(
            weight=weight.transpose(1, 2, 3, 0),
            bias=bias,
            stride=stride,
            padding="same",
            activation="relu6",
        )
        return self._writer.depthwise_conv(x, layer, name)

    def _folded(self, source: str, norm: str, *, of_picture: bool = False) -> tuple[FloatArray, FloatArray]:
        weight = self._weights[f"{source}.weight"].astype(np.float64)
        bias = np.zeros(len(weight))
        if of_picture:
            # Exact but at the lower and the right edge, where it pads: with 0, grey 128 now and 127 before.
            scale = np.full(3, 1 / _SOURCE_SCALE)
            weight, bias = fold_before(
                weight, bias, Affine(scale=scale, shift=(CENTRE - _SOURCE_CENTRE) * scale)
            )
        gamma, beta, mean, variance = (
            self._weights[f"{norm}.{part}"].astype(np.float64)
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        weight, bias = fold_after(weight, bias, batch_norm(gamma, beta, mean, variance, _EPSILON))
        return lifted(weight, bias), bias


def _layers(convolutions: _Convolutions, picture: Tensor) -> Iterator[Tensor]:
    """The layers in their order, each added to the graph when it is asked for."""
    x = convolutions.full(picture, "_conv_stem", "_bn0", "stem", stride=2)
    yield x
    strides = itertools.chain.from_iterable([stride] + [1] * (count - 1) for count, stride in _STAGES)
    for number, stride in enumerate(strides):
        x = yield from _block(convolutions, x, number, stride)
    yield convolutions.full(x, "_conv_head", "_bn1", "head")


def _block(
    convolutions: _Convolutions, before: Tensor, number: int, stride: int
) -> Generator[Tensor, None, Tensor]:
    """The layers of a block; gives back what the next block reads."""
    source, name = f"_blocks.{number}.", f"block_{number:02d}/"
    x = before
    if convolutions.has(f"{source}_expand_conv"):
        x = convolutions.full(x, f"{source}_expand_conv", f"{source}_bn0", f"{name}expand")
        yield x
    x = convolutions.depthwise(
        x, f"{source}_depthwise_conv", f"{source}_bn1", f"{name}depthwise", stride=stride
    )
    yield x
    x = convolutions.full(x, f"{source}_project_conv", f"{source}_bn2", f"{name}project", activation="none")
    yield x
    if x.shape == before.shape:
        x = convolutions.add(before, x, f"{name}add")
        yield x
    return x
