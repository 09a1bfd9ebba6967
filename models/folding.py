"""Fold what a network does to its channels into the weights beside it; all in float64, rounded once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Affine:
    """y = scale x x + shift, one pair a channel; both are [channels]."""

    scale: FloatArray
    shift: FloatArray


def batch_norm(
    gamma: FloatArray, beta: FloatArray, mean: FloatArray, variance: FloatArray, epsilon: float
) -> Affine:
    """The affine map that a batch norm is once trained."""
    scale = gamma / np.sqrt(variance + epsilon)
    return Affine(scale=scale, shift=beta - mean * scale)


def fold_after(weight: FloatArray, bias: FloatArray, after: Affine) -> tuple[FloatArray, FloatArray]:
    """Weight [out, ...] and bias [out] of a layer that does what this one and then `after` did."""
    scale = after.scale.reshape(-1, *([1] * (weight.ndim - 1)))
    return weight * scale, bias * after.scale + after.shift


def fold_before(weight: FloatArray, bias: FloatArray, before: Affine) -> tuple[FloatArray, FloatArray]:
    """Weight [out, in, ...] and bias of a layer that does what `before` (on its inputs) and then this did.

    Exact but where the layer pads: it pads with `before`'s zero, the folded one with zero before it.
    """
    scale = before.scale.reshape(1, -1, *([1] * (weight.ndim - 2)))
    shift = before.shift.reshape(scale.shape)
    return weight * scale, bias + (weight * shift).reshape(len(weight), -1).sum(axis=1)
