"""Turning the head of a photographed face by a known angle.

The picture is laid over a plain head (an ellipsoid with a nose and a muzzle, fitted to the landmarks by a
similarity), turned, and drawn again from the nearest surface: the way in which "Face Alignment Across Large
Poses" (Zhu et al., CVPR 2016) makes profiles, with a simpler head. Light and shadow stay as they were, what
the camera did not see is stretched, and the head has everybody's mean shape: such a face is harder than a
photographed one turned by as much, and its truth is as good as that shape.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from kith.types import F32, U8

HEAD_MM: F32 = np.array(
    [[-31.5, 0, 0], [31.5, 0, 0], [0, 36, 28], [-28, 63, -1], [28, 63, -1]],
    np.float32,
)
"""Eyes, nose tip and corners of the mouth: to the picture's right, down, and towards the camera, from the
middle between the eyes. Across and down: the detector's mean on development faces that look straight ahead.
The nose stands out so far because on 4,548 faces the eyes come together, as the nose moves aside, as they
would with a nose of 26 mm; MediaPipe's mesh of 468 points has the proportions of the rest."""

_CENTRE_DOWN_MM = 25.0
_HALF_MM = (75.0, 115.0, 85.0)
_SURFACE_AT_EYES_MM = 76.0
"""So high is the ellipsoid over its own middle where the eyes are: the zero of depth."""
_MUZZLE_MM, _MUZZLE_SIGMA_MM = 8.0, 15.0
_NOSE_SIGMA_MM = 8.0
_STILL_FROM = 1.8
"""The background does not turn: from the head's edge (1) to here it turns less and less."""
_FINE = 2
"""Points drawn for each pixel, across and down: else the stretched cheek would have holes."""
_SAME_SURFACE_MM = 6.0
"""Points of one pixel so near in depth are of one surface: their mean is drawn."""

_F64 = NDArray[np.float64]


def turned(rgb: U8, landmarks: F32, yaw_deg: float, pitch_deg: float) -> tuple[U8, F32]:
    """The face of rgb u8[H, W, 3] with `landmarks` f32[5, 2] px turned by so much more than it was.

    Yaw is positive to the picture's right, pitch upwards, as in `kith.vision.quality.head_pose`. Returns a
    picture of the same size and where the landmarks came to lie, f32[5, 2] px. Good to about 60 degrees of a
    face that looked straight ahead.
    """
    to_head, to_picture = _fit(landmarks)
    height, width = rgb.shape[:2]
    ys, xs = (np.mgrid[: height * _FINE, : width * _FINE] + 0.5) / _FINE - 0.5
    points = np.stack([xs.ravel(), ys.ravel()], axis=1)
    nose = _mapped(to_head, landmarks[2:3].astype(np.float64))[0]
    moved, depth = _moved(_mapped(to_head, points), nose, yaw_deg, pitch_deg)
    fine = cv2.resize(rgb, (width * _FINE, height * _FINE), interpolation=cv2.INTER_LINEAR)
    colours = np.asarray(fine, np.uint8).reshape(-1, 3)
    drawn = _draw(colours, _mapped(to_picture, moved), depth, height, width)
    seen, _ = _moved(_mapped(to_head, landmarks.astype(np.float64)), nose, yaw_deg, pitch_deg)
    return drawn, np.asarray(_mapped(to_picture, seen), np.float32)


def _fit(landmarks: F32) -> tuple[_F64, _F64]:
    """Similarities, f64[2, 3], from the picture to millimetres on the head and back. The nose is left out:
    it moves most when the head is not quite straight."""
    flat = [0, 1, 3, 4]
    found, _ = cv2.estimateAffinePartial2D(landmarks[flat], HEAD_MM[flat, :2], method=cv2.LMEDS)
    to_head = np.asarray(found, np.float64)
    return to_head, np.asarray(cv2.invertAffineTransform(to_head), np.float64)


def _mapped(matrix: _F64, points: _F64) -> _F64:
    return points @ matrix[:, :2].T + matrix[:, 2]


def _depth(points: _F64, nose: _F64) -> _F64:
    """Towards the camera, mm, of each point f64[N, 2] mm of the front of the head."""
    x, y = points[:, 0], points[:, 1]
    ellipsoid = _HALF_MM[2] * np.sqrt(np.maximum(1 - _radius(points) ** 2, 0))
    down = y / max(float(nose[1]), 10.0)
    # The bridge grows from between the eyes to the tip and ends soon below it.
    ridge = np.where(down <= 1, np.clip(down, 0, 1) ** 1.3, np.exp(-(((down - 1) / 0.18) ** 2)))
    across = (x - nose[0] * np.clip(down, 0, 1)) / _NOSE_SIGMA_MM
    muzzle = _MUZZLE_MM * np.exp(-(x**2 + (y - HEAD_MM[3, 1]) ** 2) / (2 * _MUZZLE_SIGMA_MM**2))
    plain = _HALF_MM[2] * math.sqrt(1 - ((HEAD_MM[2, 1] - _CENTRE_DOWN_MM) / _HALF_MM[1]) ** 2)
    nose_mm = HEAD_MM[2, 2] + _SURFACE_AT_EYES_MM - plain
    return np.asarray(ellipsoid - _SURFACE_AT_EYES_MM + muzzle + nose_mm * ridge * np.exp(-(across**2) / 2))


def _radius(points: _F64) -> _F64:
    """0 in the middle of the head, 1 on its edge as seen from before it."""
    return np.asarray(np.hypot(points[:, 0] / _HALF_MM[0], (points[:, 1] - _CENTRE_DOWN_MM) / _HALF_MM[1]))


def _moved(points: _F64, nose: _F64, yaw_deg: float, pitch_deg: float) -> tuple[_F64, _F64]:
    """Where points f64[N, 2] mm of the picture lie once the head has turned about its middle, and how far
    towards the camera."""
    yaw, pitch = math.radians(yaw_deg), math.radians(pitch_deg)
    x, y = points[:, 0], points[:, 1] - _CENTRE_DOWN_MM
    z = _depth(points, nose) + _SURFACE_AT_EYES_MM
    nodded, z = y * math.cos(pitch) - z * math.sin(pitch), y * math.sin(pitch) + z * math.cos(pitch)
    shaken, z = x * math.cos(yaw) + z * math.sin(yaw), z * math.cos(yaw) - x * math.sin(yaw)
    share = np.clip((_STILL_FROM - _radius(points)) / (_STILL_FROM - 1), 0, 1)
    share = share * share * (3 - 2 * share)
    moved = np.stack([x + share * (shaken - x), y + share * (nodded - y) + _CENTRE_DOWN_MM], axis=1)
    # What does not turn is behind everything.
    return moved, np.where(share >= 1, z, share * z - (1 - share) * 2 * _HALF_MM[2])


def _draw(colours: U8, points: _F64, depth: _F64, height: int, width: int) -> U8:
    """u8[height, width, 3] of points f64[N, 2] px, the nearest in front; holes filled from around them."""
    nearest_last = np.argsort(depth, kind="stable")
    at = np.rint(points[nearest_last]).astype(np.int64)
    inside = (at[:, 0] >= 0) & (at[:, 0] < width) & (at[:, 1] >= 0) & (at[:, 1] < height)
    at, order = at[inside], nearest_last[inside]
    # The mean of what lies near the nearest surface of each pixel, not one of its points alone: no speckles.
    cells = at[:, 1] * width + at[:, 0]
    front = np.full(height * width, -np.inf)
    front[cells] = depth[order]
    near = depth[order] >= front[cells] - _SAME_SURFACE_MM
    cells, order = cells[near], order[near]
    count = np.bincount(cells, minlength=height * width)
    sums = [np.bincount(cells, colours[order, c].astype(np.float64), height * width) for c in range(3)]
    drawn = np.stack(sums, axis=1) / np.maximum(count, 1)[:, np.newaxis]
    picture = np.rint(drawn).astype(np.uint8).reshape(height, width, 3)
    holes = (count == 0).astype(np.uint8).reshape(height, width)
    if holes.any():
        picture = np.asarray(cv2.inpaint(picture, holes, 2, cv2.INPAINT_TELEA), np.uint8)
    return picture
