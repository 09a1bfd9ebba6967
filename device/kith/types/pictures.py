"""Arrays, boxes and frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

U8 = NDArray[np.uint8]
I16 = NDArray[np.int16]
F32 = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxPx:
    """A rectangle in pixels: left, top, width, height. May reach outside the picture."""

    x: float
    y: float
    w: float
    h: float

    @property
    def center_x(self) -> float:
        """Horizontal middle, px."""
        return self.x + self.w / 2

    @property
    def center_y(self) -> float:
        """Vertical middle, px."""
        return self.y + self.h / 2

    @property
    def area(self) -> float:
        """Square pixels."""
        return self.w * self.h

    def iou(self, other: BoxPx) -> float:
        """Intersection over union with another box, 0..1."""
        dx = min(self.x + self.w, other.x + other.w) - max(self.x, other.x)
        dy = min(self.y + self.h, other.y + other.h) - max(self.y, other.y)
        if dx <= 0 or dy <= 0:
            return 0.0
        return dx * dy / (self.area + other.area - dx * dy)

    def holds(self, x: float, y: float) -> bool:
        """Whether a point lies in it."""
        return self.x <= x <= self.x + self.w and self.y <= y <= self.y + self.h


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One picture of the camera: rgb u8[H, W, 3]. small: the same view of the same moment, shrunk by the
    camera itself, u8[h, w, 3]; None where it does not do that."""

    seq: int
    captured_ns: int
    rgb: U8
    small: U8 | None = None
