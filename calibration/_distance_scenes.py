"""Frames of a simulated camera with one face at a known distance.

A photograph is shrunk (or, near by, grown) until its eyes are as far apart as 63 mm are at that distance, and
set before a backdrop. The sensor sees the scene through a lens that is not quite sharp, with the noise of a
small sensor; nothing is compressed. The frame that is 640 px wide is the one of 1280 px, shrunk: the same
lens and sensor, as binning and the camera's own scaler give it.

The backdrop is a "dead leaves" picture (Lee, Mumford and Huang, IJCV 2001): opaque shapes of all sizes, drawn
one over another, whose edges and spectrum are those of photographs. It holds no face, and unlike a blurred
photograph it gives a detector something to be wrong about.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from kith.types import F32, U8, BoxPx
from kith.vision.place import INTER_EYE_MM, focal_length_px

SENSOR_WIDTH_PX, SENSOR_HEIGHT_PX = 1280, 960
_LENS_BLUR_PX = 0.7
"""Spread of a point on the picture of 1280 px, lens and colour filter together."""
_READ_NOISE, _SHOT_NOISE = 2.0, 0.35
"""Grey levels, and grey levels for the root of one: about those of the Camera Module 2 in a lit room."""
_FEATHER_PX = 12
"""So far the photograph's edge fades into the backdrop, in its own pixels: a hard edge is no background."""
_SMALLEST_LEAF_PX, _LARGEST_LEAF_PX = 4, 400
_LEAVES = 6000
_SWAY_HZ, _SWAY_DEG, _ROLL_DEG = 2.0, 0.6, 1.5
"""A head or a chest that walks: two steps a second, each a small nod and a smaller roll."""
_SHAKE_PX = 1.0
"""Blur by motion while a frame is exposed, px of the picture of 1280."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A photograph u8[h, w, 3], the middle between the eyes in it, px, and the eyes' distance as it would be
    seen from the front, px."""

    rgb: U8
    eyes_px: tuple[float, float]
    inter_eye_px: float


class Walk:
    """Looks at one subject from one distance, a tenth of a second apart: the place in the picture, the sway
    of a walk and the noise differ from look to look, the photograph and the light are the same."""

    def __init__(
        self, subject: Subject, fov_deg: float, distance_m: float, backdrop: U8, rng: np.random.Generator
    ) -> None:
        self._subject, self._rng = subject, rng
        focal_px = focal_length_px(SENSOR_WIDTH_PX, fov_deg)
        self._focal_px = focal_px
        self.scale = focal_px * INTER_EYE_MM / (distance_m * 1000) / subject.inter_eye_px
        # Near the middle third in height, where a face is that is as high as the camera, anywhere across
        # where the photograph's face is whole.
        half = 0.9 * 2.5 * subject.inter_eye_px * self.scale
        reach = max(SENSOR_WIDTH_PX / 2 - half, 0.0)
        lift_px = min(focal_px * 0.25 / distance_m, SENSOR_HEIGHT_PX * 0.2)
        self._x = SENSOR_WIDTH_PX / 2 + rng.uniform(-reach, reach)
        self._y = SENSOR_HEIGHT_PX / 2 + rng.uniform(-1, 1) * max(lift_px, focal_px * 0.05)
        self._phase, self._gain = rng.uniform(0, 2 * math.pi), float(np.exp(rng.uniform(-0.7, 0.2)))
        self._backdrop = np.roll(backdrop, tuple(int(n) for n in rng.integers(0, 900, 2)), axis=(0, 1))
        self._at = (self._x, self._y)
        self._source = _shrinkable(subject.rgb, self.scale)
        self._mask = _feathered(subject.rgb.shape[0], subject.rgb.shape[1])

    def looks(self, index: int, widths_px: Sequence[int]) -> dict[int, U8]:
        """The same moment in several sizes: width -> u8[width * 3 / 4, width, 3]."""
        full = sensed(self._scene(index), self._gain, self._rng)
        return {width: shrunk(full, width) for width in widths_px}

    def shows(self, box: BoxPx, width_px: int) -> bool:
        """Whether a box in the latest look of that width is this subject's face: its middle lies within an
        eyes' distance of where the nose is."""
        scale = width_px / SENSOR_WIDTH_PX
        reach = max(self.inter_eye_px * scale, 3.0)
        x, y = self._at[0] * scale, self._at[1] * scale + 0.5 * reach
        return abs(box.center_x - x) <= reach and abs(box.center_y - y) <= reach

    @property
    def inter_eye_px(self) -> float:
        """Between the eyes in a picture of SENSOR_WIDTH_PX, as they would be seen from the front."""
        return self.scale * self._subject.inter_eye_px

    def _scene(self, index: int) -> U8:
        angle = 2 * math.pi * _SWAY_HZ * index / 10 + self._phase
        nod_px = self._focal_px * math.tan(math.radians(_SWAY_DEG)) * math.sin(angle)
        yaw_px = 0.5 * self._focal_px * math.tan(math.radians(_SWAY_DEG)) * math.sin(angle / 2)
        roll = math.radians(_ROLL_DEG) * math.sin(angle / 2 + 1.0)
        x, y = self._x + yaw_px + self._rng.uniform(-1, 1), self._y + nod_px + self._rng.uniform(-1, 1)
        a, b = self.scale * math.cos(roll), self.scale * math.sin(roll)
        self._at = (x, y)
        u, v = self._subject.eyes_px
        matrix = np.array([[a, -b, x - a * u + b * v], [b, a, y - b * u - a * v]])
        frame = np.roll(self._backdrop, (round(nod_px), round(yaw_px)), axis=(0, 1))
        _overlay(frame, self._source, self._mask, matrix, _smear_px(self._rng))
        return frame


def overlay(scene: U8, photo: U8, matrix: NDArray[np.float64], rng: np.random.Generator) -> None:
    """Draw a photograph into a scene u8[960, 1280, 3] where the matrix f64[2, 3] puts it."""
    mask = _feathered(photo.shape[0], photo.shape[1])
    _overlay(scene, _shrinkable(photo, float(matrix[0, 0])), mask, matrix, _smear_px(rng))


def sensed(scene: U8, gain: float, rng: np.random.Generator) -> U8:
    """What the sensor makes of a scene u8[960, 1280, 3]: light and noise."""
    levels = np.arange(256, dtype=np.float32) * np.float32(gain)
    spreads = np.sqrt(np.float32(_READ_NOISE**2) + np.float32(_SHOT_NOISE**2) * levels)
    noisy = cv2.LUT(scene, levels) + cv2.LUT(scene, spreads) * _noise(scene.shape, rng)
    return np.asarray(cv2.convertScaleAbs(np.maximum(noisy, 0, out=noisy)), np.uint8)


def shrunk(full: U8, width_px: int) -> U8:
    """The frame as the camera's scaler hands it over."""
    if width_px == full.shape[1]:
        return full
    size = (width_px, width_px * 3 // 4)
    return np.asarray(cv2.resize(full, size, interpolation=cv2.INTER_AREA), np.uint8)


def dead_leaves(rng: np.random.Generator) -> U8:
    """u8[960, 1280, 3] of discs and rectangles, their sizes spread as 1 / size^3, seen through the lens."""
    low, high = _SMALLEST_LEAF_PX**-2.0, _LARGEST_LEAF_PX**-2.0
    sizes = (rng.uniform(high, low, _LEAVES) ** -0.5).astype(int)
    frame = np.full((SENSOR_HEIGHT_PX, SENSOR_WIDTH_PX, 3), rng.integers(40, 200, 3), np.uint8)
    xs, ys = rng.integers(0, SENSOR_WIDTH_PX, _LEAVES), rng.integers(0, SENSOR_HEIGHT_PX, _LEAVES)
    # Muted colours: a grey of any lightness with a tint.
    colours = np.clip(rng.uniform(10, 245, (_LEAVES, 1)) + rng.normal(0, 18, (_LEAVES, 3)), 0, 255)
    for at in np.argsort(-sizes * rng.uniform(0.3, 1.0, _LEAVES)):
        x, y, half = int(xs[at]), int(ys[at]), int(sizes[at])
        colour = tuple(map(float, colours[at]))
        if at % 2:
            cv2.circle(frame, (x, y), half, colour, -1, cv2.LINE_AA)
        else:
            tall = max(1, int(half * rng.uniform(0.2, 1.8)))
            cv2.rectangle(frame, (x - half, y - tall), (x + half, y + tall), colour, -1)
    return np.asarray(cv2.GaussianBlur(frame, (0, 0), _LENS_BLUR_PX), np.uint8)


def _noise(shape: tuple[int, ...], rng: np.random.Generator) -> F32:
    """Gaussian noise of spread one. Cut out of one field at a random place: to draw it afresh for each frame
    would take longer than to look at it."""
    field = _noise_field()
    y, x = (int(rng.integers(0, field.shape[at] - shape[at] + 1)) for at in (0, 1))
    return field[y : y + shape[0], x : x + shape[1]]


@cache
def _noise_field() -> F32:
    shape = (SENSOR_HEIGHT_PX + 401, SENSOR_WIDTH_PX + 401, 3)
    return np.random.default_rng(0).standard_normal(shape, np.float32)


def _shrinkable(rgb: U8, scale: float) -> U8:
    """Shrinking by sampling would leave patterns that no lens makes: blur first."""
    return rgb if scale >= 1 else np.asarray(cv2.GaussianBlur(rgb, (0, 0), 0.45 / scale), np.uint8)


def _feathered(height: int, width: int) -> F32:
    mask = np.zeros((height, width), np.float32)
    edge = _FEATHER_PX
    mask[edge:-edge, edge:-edge] = 1.0
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), edge / 3), np.float32)


def _overlay(
    frame: U8, source: U8, mask: F32, matrix: NDArray[np.float64], smear_px: tuple[float, float]
) -> None:
    """Draw `source` into `frame` where the matrix puts it, as blurred as the lens and the motion make it."""
    height, width = source.shape[:2]
    corners = np.array([[0, 0, 1], [width, 0, 1], [0, height, 1], [width, height, 1]], np.float64) @ matrix.T
    left, top = np.maximum(np.floor(corners.min(axis=0)).astype(int), 0)
    right, bottom = np.minimum(np.ceil(corners.max(axis=0)).astype(int), (frame.shape[1], frame.shape[0]))
    if right <= left or bottom <= top:
        return
    moved = matrix - np.array([[0, 0, left], [0, 0, top]])
    size = (int(right - left), int(bottom - top))
    placed = cv2.warpAffine(source, moved, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    placed = cv2.GaussianBlur(placed, (0, 0), smear_px[0], sigmaY=smear_px[1])
    weight = cv2.warpAffine(mask, moved, size, flags=cv2.INTER_LINEAR)[..., np.newaxis]
    part = frame[top:bottom, left:right]
    part[:] = (part * (1 - weight) + placed * weight + 0.5).astype(np.uint8)


def _smear_px(rng: np.random.Generator) -> tuple[float, float]:
    """Spread across and down: lens, and the motion of the camera while a frame is exposed."""
    along = math.hypot(_LENS_BLUR_PX, float(rng.uniform(0, _SHAKE_PX)) / 2)
    return (along, _LENS_BLUR_PX) if rng.uniform() < 0.5 else (_LENS_BLUR_PX, along)
