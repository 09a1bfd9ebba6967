"""Boxes that stand in the street, and where the camera's rays meet them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kith.types import F32

_FACES = (0.72, 1.12, 0.92, 0.5)
"""How much light falls on a box's sides, its top, its front, and from below."""
_NEAREST_M = 0.05
_FARTHEST_M = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A box of `surface`, in metres: (from, to) to the right, upwards from the ground, and along the street
    from where the walk begins."""

    surface: str
    x: tuple[float, float]
    height: tuple[float, float]
    z: tuple[float, float]

    def meet(self, eye: tuple[float, float, float], rays: tuple[F32, F32, F32], reach: F32) -> Met | None:
        """Where rays from an eye (x, up from the ground, z) meet it sooner than after `reach`."""
        if not -_NEAREST_M < self.z[1] - eye[2] < 2 * _FARTHEST_M:
            return None
        bounds = (self.x, (-self.height[1], -self.height[0]), self.z)
        start = (eye[0], -eye[1], eye[2])
        near = far = None
        sides = []
        for (low, high), begin, ray in zip(bounds, start, rays, strict=True):
            slope = np.where(np.abs(ray) < 1e-6, np.float32(1e-6), ray)
            first, second = np.float32(low - begin) / slope, np.float32(high - begin) / slope
            enter, leave = np.minimum(first, second), np.maximum(first, second)
            sides.append(enter)
            near = enter if near is None else np.maximum(near, enter)
            far = leave if far is None else np.minimum(far, leave)
        assert near is not None
        assert far is not None
        where = np.flatnonzero((near < far) & (near > _NEAREST_M) & (near < reach))
        if not len(where):
            return None
        hit = near[where]
        axis = np.argmax(np.stack([side[where] for side in sides]), axis=0)
        x, y, z = (np.float32(begin) + hit * ray[where] for begin, ray in zip(start, rays, strict=True))
        across, down = np.where(axis == 0, z, x), np.where(axis == 1, z, y)
        face = np.where((axis == 1) & (rays[1][where] < 0), 3, axis)
        return Met(where=where, reach=hit, across=across, down=down, light=np.array(_FACES, np.float32)[face])


@dataclass(frozen=True, slots=True, kw_only=True)
class Met:
    """The rays that meet a box (their numbers), how far along each, where on its face in metres (down: from
    the ground, negative above it), and how bright it is there."""

    where: np.ndarray[tuple[int], np.dtype[np.intp]]
    reach: F32
    across: F32
    down: F32
    light: F32
