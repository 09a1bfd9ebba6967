"""A figure that turns its head and stands somewhere in front of the camera."""

from __future__ import annotations

import math

import cv2
import numpy as np

from demo.cast import EYES_X, EYES_Y, HEIGHT_PX, PX_PER_MM, WIDTH_PX, Figure
from demo.scene import FOCAL_PX, Pose
from demo.scene import HEIGHT_PX as FRAME_HEIGHT
from demo.scene import WIDTH_PX as FRAME_WIDTH
from kith.types import F32, U8

_HEAD_MM = 100.0
_NOSE_MM = 22.0
_NOSE_WIDE_MM = 13.0
# The part of a figure that turns with the head, and the neck's column in it.
_HEAD_ROWS, _HEAD_COLUMNS = slice(60, 420), slice(EYES_X - 130, EYES_X + 131)
_MIDDLE = 130.0


class Actor:
    """One person in one visit."""

    def __init__(self, figure: Figure, *, light: tuple[float, float], mirrored: bool) -> None:
        lit = figure.bgr * _lighting(light)[..., None]
        # What is half there can be no brighter than half white.
        lit = np.minimum(lit, figure.alpha[..., None] * 255.0)
        picture = np.asarray(np.round(np.dstack([lit, figure.alpha * 255.0])), np.uint8)
        self._nose_x, self._nose_y, self._chin_y = figure.nose_x, figure.nose_y, figure.chin_y
        if mirrored:
            # Column EYES_X stays where it is.
            shift = np.array([[-1, 0, 2 * EYES_X], [0, 1, 0]], np.float32)
            mirror = cv2.warpAffine(picture, shift, (WIDTH_PX, HEIGHT_PX), flags=cv2.INTER_LINEAR)
            picture = np.asarray(mirror, np.uint8)
            self._nose_x = 2 * EYES_X - self._nose_x
        self._picture = picture
        columns, rows = np.meshgrid(np.arange(261, dtype=np.float32), np.arange(360, dtype=np.float32))
        self._columns, self._rows = columns, rows
        self._depth = self._head_depth()

    def draw(
        self, frame: F32, pose: Pose, place: tuple[float, float, float], yaw_deg: float, lean_deg: float
    ) -> None:
        """Put the person into `frame` f32[H, W, 3], the eyes at `place` (x, y, z in metres)."""
        column, row, depth = pose.project(*place)
        if depth < 0.3:
            return
        scale = FOCAL_PX / depth / (1000.0 * PX_PER_MM)
        below = math.ceil((FRAME_HEIGHT - row) / scale) + 40
        turned = self._turned(yaw_deg, min(max(EYES_Y + below, _HEAD_ROWS.stop), HEIGHT_PX))
        # Shrink by area first: warping alone would skip pixels and make them shimmer.
        halvings = min(int(math.log2(max(1 / scale, 1.0))), 3)
        for _ in range(halvings):
            half = cv2.resize(turned, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
            turned = np.asarray(half, np.uint8)
        scale *= 2.0**halvings
        eyes = np.array([EYES_X + 0.5, EYES_Y + 0.5]) / 2.0**halvings - 0.5
        angle = math.radians(lean_deg - pose.roll_deg)
        rotation = scale * np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
        matrix = np.column_stack([rotation, np.array([column, row]) - rotation @ eyes])
        _lay_over(frame, turned, matrix.astype(np.float32))

    def _turned(self, yaw_deg: float, rows: int) -> U8:
        """The upper `rows` of the figure with its head turned, positive to the picture's right."""
        sine, cosine = math.sin(math.radians(yaw_deg)), math.cos(math.radians(yaw_deg))
        source = self._columns
        # A place stands `depth` out before the neck and is shown at source cos + depth sin. Where it
        # came from is found by repetition, since the depth must be known there.
        for _ in range(3):
            depth = cv2.remap(self._depth, source, self._rows, cv2.INTER_LINEAR)
            within = np.minimum(depth * np.float32(1 / 12), np.float32(1))
            source = self._columns - depth * sine + within * (source - _MIDDLE) * (1 - cosine)
        head = cv2.remap(self._picture[_HEAD_ROWS, _HEAD_COLUMNS], source, self._rows, cv2.INTER_LINEAR)
        picture = self._picture[:rows].copy()
        picture[_HEAD_ROWS, _HEAD_COLUMNS] = head
        return picture

    def _head_depth(self) -> F32:
        """How far each pixel of the head's part stands out before the axis of the neck, px: a rounded head
        with a nose; zero around it, and fading out below the chin."""
        columns, rows = self._columns + _HEAD_COLUMNS.start, self._rows + _HEAD_ROWS.start
        across = (columns - EYES_X) / (_HEAD_MM * PX_PER_MM)
        middle = (EYES_Y + self._chin_y) / 2 - 20
        tall = (rows - middle) / (150 * PX_PER_MM)
        # A parabola rather than a circle: it has no edge behind which a turn would hide something.
        bulge = np.clip(1 - across**2 - 0.5 * tall**2, 0, None) * _HEAD_MM * PX_PER_MM
        away = ((columns - self._nose_x) ** 2 + (rows - self._nose_y) ** 2) / PX_PER_MM**2
        nose = np.exp(-away / (2 * _NOSE_WIDE_MM**2)) * _NOSE_MM * PX_PER_MM
        below = np.clip((self._chin_y + 45 - rows) / 60, 0, 1)
        depth = cv2.GaussianBlur((bulge + nose) * below, (0, 0), 4)
        return np.asarray(depth, np.float32)


def _lighting(light: tuple[float, float]) -> F32:
    """Brightness over the figure f32[1, W]: `light` is the whole and how much more falls on the left."""
    whole, left = light
    across = np.tanh((np.arange(WIDTH_PX) - EYES_X) / (70 * PX_PER_MM))
    return np.asarray(whole * (1 - left * across), np.float32)[None, :]


def _lay_over(frame: F32, picture: U8, matrix: F32) -> None:
    """Warp a picture with premultiplied alpha onto the frame, only where it falls."""
    height, width = picture.shape[:2]
    corners = np.array([[0, width, 0, width], [0, 0, height, height], [1, 1, 1, 1]])
    xs, ys = matrix @ corners
    left, right = max(math.floor(xs.min()), 0), min(math.ceil(xs.max()), FRAME_WIDTH)
    top, bottom = max(math.floor(ys.min()), 0), min(math.ceil(ys.max()), FRAME_HEIGHT)
    if left >= right or top >= bottom:
        return
    shifted = matrix.copy()
    shifted[:, 2] -= (left, top)
    patch = cv2.warpAffine(picture, shifted, (right - left, bottom - top), flags=cv2.INTER_LINEAR)
    part = frame[top:bottom, left:right]
    part *= 1 - patch[..., 3:] * np.float32(1 / 255)
    part += patch[..., :3]
