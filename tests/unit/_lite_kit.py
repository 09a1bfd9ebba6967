"""EfficientNet-Lite0 written out in NumPy, layer by layer, straight from its checkpoint's weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

FloatMap = NDArray[np.float64]
"""[height, width, channels]"""

STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1)
KERNELS = (3, 3, 3, 5, 5, 3, 3, 3, 5, 5, 5, 5, 5, 5, 5, 3)


def forward(weights: Mapping[str, NDArray[np.float32]], picture: FloatMap) -> dict[str, FloatMap]:
    """Every layer's result by its name, for grey values [height, width, 3] less 127, divided by 128."""
    made = {"stem": _relu6(_normed(weights, "_bn0", _conv(picture, weights["_conv_stem.weight"], 2)))}
    x = made["stem"]
    for number, stride in enumerate(STRIDES):
        source, name, before = f"_blocks.{number}.", f"block_{number:02d}/", x
        if number > 0:
            x = _normed(weights, f"{source}_bn0", _conv(x, weights[f"{source}_expand_conv.weight"], 1))
            x = made[f"{name}expand"] = _relu6(x)
        deep = _depthwise(x, weights[f"{source}_depthwise_conv.weight"], stride)
        x = made[f"{name}depthwise"] = _relu6(_normed(weights, f"{source}_bn1", deep))
        narrow = _conv(x, weights[f"{source}_project_conv.weight"], 1)
        x = made[f"{name}project"] = _normed(weights, f"{source}_bn2", narrow)
        if stride == 1 and x.shape[2] == before.shape[2]:
            x = made[f"{name}add"] = x + before
    made["head"] = _relu6(_normed(weights, "_bn1", _conv(x, weights["_conv_head.weight"], 1)))
    return made


def random_weights(seed: int) -> dict[str, NDArray[np.float32]]:
    """A checkpoint of the same layers, with few channels."""
    rng = np.random.default_rng(seed)
    made: dict[str, NDArray[np.float32]] = {}

    def layer(name: str, norm: str, shape: tuple[int, ...]) -> None:
        fan_in = int(np.prod(shape[1:]))
        made[f"{name}.weight"] = rng.normal(0, fan_in**-0.5, shape).astype(np.float32)
        for part, low, high in (
            ("weight", 0.5, 1.5),
            ("bias", -1, 2),
            ("running_mean", -1, 1),
            ("running_var", 0.1, 1),
        ):
            made[f"{norm}.{part}"] = rng.uniform(low, high, shape[0]).astype(np.float32)

    widths = (4, 6, 6, 8, 8, 10, 10, 10, 12, 12, 12, 14, 14, 14, 14, 16)
    layer("_conv_stem", "_bn0", (5, 3, 3, 3))
    before = 5
    for number, (width, kernel) in enumerate(zip(widths, KERNELS, strict=True)):
        source, inner = f"_blocks.{number}.", before if number == 0 else 2 * before
        if number > 0:
            layer(f"{source}_expand_conv", f"{source}_bn0", (inner, before, 1, 1))
        layer(f"{source}_depthwise_conv", f"{source}_bn1", (inner, 1, kernel, kernel))
        layer(f"{source}_project_conv", f"{source}_bn2", (width, inner, 1, 1))
        before = width
    layer("_conv_head", "_bn1", (20, before, 1, 1))
    return made


def _conv(x: FloatMap, weight: NDArray[np.float32], stride: int) -> FloatMap:
    return _summed(
        x, weight.shape[2], stride, lambda window, row, column: window @ weight[:, :, row, column].T
    )


def _depthwise(x: FloatMap, weight: NDArray[np.float32], stride: int) -> FloatMap:
    return _summed(x, weight.shape[2], stride, lambda window, row, column: window * weight[:, 0, row, column])


def _summed(
    x: FloatMap, kernel: int, stride: int, times: Callable[[FloatMap, int, int], FloatMap]
) -> FloatMap:
    """TensorFlow's padding: of an odd number of rows to add, the one more comes after."""
    sizes = [-(-side // stride) for side in x.shape[:2]]
    over = [
        max((size - 1) * stride + kernel - side, 0) for size, side in zip(sizes, x.shape[:2], strict=True)
    ]
    padded = np.pad(x, [*((each // 2, each - each // 2) for each in over), (0, 0)])
    spans = [(size - 1) * stride + 1 for size in sizes]
    parts = [
        times(padded[row : row + spans[0] : stride, column : column + spans[1] : stride], row, column)
        for row in range(kernel)
        for column in range(kernel)
    ]
    return np.asarray(np.sum(parts, axis=0), np.float64)


def _normed(weights: Mapping[str, NDArray[np.float32]], norm: str, x: FloatMap) -> FloatMap:
    gamma, beta, mean, variance = (
        weights[f"{norm}.{part}"].astype(np.float64)
        for part in ("weight", "bias", "running_mean", "running_var")
    )
    return (x - mean) / np.sqrt(variance + 1e-3) * gamma + beta


def _relu6(x: FloatMap) -> FloatMap:
    return np.clip(x, 0, 6)
