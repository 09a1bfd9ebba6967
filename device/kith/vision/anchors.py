"""The places and shapes that the object network's boxes are told from.

They are those of the single-shot detectors of the TensorFlow Object Detection API (Liu et al., "SSD: Single
Shot MultiBox Detector", 2016): around each cell of six grids stand boxes of the grid's size in several
shapes. The network does not hold them; its box encodings mean nothing without them.
"""

from __future__ import annotations

import numpy as np

from kith.types import F32

GRIDS = (19, 10, 5, 3, 2, 1)
"""Cells along each side, finest first."""

_LEAST, _LARGEST = 0.2, 0.95
_ASPECTS = (1.0, 2.0, 0.5, 3.0, 1 / 3)
_SMALLEST = 0.1
"""Of the finest grid's square box, which has only three shapes: more would cost most and find least."""

_CENTRE_SCALE, _SIZE_SCALE = 10.0, 5.0
"""What the network's encodings were multiplied by when it learnt them."""


def anchors() -> F32:
    """f32[1917, 4]: middle y, middle x, height, width, as shares of the picture; in the order of the
    network's outputs, which is by grid, row, column, shape."""
    scales = [*np.linspace(_LEAST, _LARGEST, len(GRIDS)), 1.0]
    levels = []
    for level, cells in enumerate(GRIDS):
        shapes = _shapes(level, float(scales[level]), float(scales[level + 1]))
        middles = (np.arange(cells) + 0.5) / cells
        y, x, which = np.meshgrid(middles, middles, np.arange(len(shapes)), indexing="ij")
        places = np.stack([y.reshape(-1), x.reshape(-1)], axis=1)
        levels.append(np.concatenate([places, shapes[which.reshape(-1)]], axis=1))
    return np.concatenate(levels).astype(np.float32)


def boxes(encodings: F32, around: F32) -> F32:
    """f32[N, 4] (left, top, width, height, shares of the picture) of encodings f32[N, 4] and the anchors
    f32[N, 4] that they belong to."""
    middle = encodings[:, :2] / _CENTRE_SCALE * around[:, 2:] + around[:, :2]
    size = np.exp(encodings[:, 2:] / _SIZE_SCALE) * around[:, 2:]
    return np.concatenate([(middle - size / 2)[:, ::-1], size[:, ::-1]], axis=1)


def _shapes(level: int, scale: float, next_scale: float) -> F32:
    """Heights and widths of one grid's boxes, f32[K, 2]."""
    if level == 0:
        sizes = [(_SMALLEST, 1.0), (scale, 2.0), (scale, 0.5)]
    else:
        sizes = [*((scale, aspect) for aspect in _ASPECTS), ((scale * next_scale) ** 0.5, 1.0)]
    return np.array([(size / aspect**0.5, size * aspect**0.5) for size, aspect in sizes], np.float32)
