"""A small renderer: a textured model under one lamp and the light of a room, by a z-buffer of numpy."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration._thing_meshes import Floats, Model, Part
from kith.types import U8

_OVERSAMPLE = 2
"""Pixels across each pixel, for smooth edges and textures."""
_CAMERA_AT = 3.2
"""How far the camera is, in sizes of the thing: a thing of 12 cm at 40 cm."""
_SPLIT = 28
"""Triangles are cut until none is wider than this many pixels, so that all are drawn in a few rounds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Light:
    """toward: f64[3], unit, to the lamp; lamp, room: how much light each gives; shine: of gloss, 0..1."""

    toward: NDArray[np.float64]
    lamp: float
    room: float
    shine: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Canvas:
    """depth f64[H, W], infinite where nothing is; colour f32[H, W, 3]."""

    depth: NDArray[np.float64]
    colour: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class _Triangles:
    """In the picture: at f64[N, 3, 2] px, far f64[N, 3], uv f64[N, 3, 2], shade f64[N, 2]."""

    at: NDArray[np.float64]
    far: NDArray[np.float64]
    uv: NDArray[np.float64]
    shade: NDArray[np.float64]

    def some(self, rows: NDArray[np.int64]) -> _Triangles:
        """These of them."""
        return _Triangles(at=self.at[rows], far=self.far[rows], uv=self.uv[rows], shade=self.shade[rows])


def render(model: Model, turn: NDArray[np.float64], light: Light, size_px: int) -> NDArray[np.float32]:
    """The thing, turned by a rotation matrix, cut out so that its larger side is about `size_px`:
    f32[H, W, 4], colours and coverage 0..1."""
    wide = size_px * _OVERSAMPLE
    turned = [part.corners.astype(np.float64) @ turn.T for part in model.parts]
    low, high = _extent(np.concatenate([each.reshape(-1, 3) for each in turned]))
    scale = wide / max(high - low)
    shape = tuple(int(np.ceil((high - low)[axis] * scale)) + 2 for axis in (1, 0))
    canvas = _Canvas(depth=np.full(shape, np.inf, np.float64), colour=np.zeros((*shape, 3), np.float32))
    for part, corners in zip(model.parts, turned, strict=True):
        _draw(part, corners, (low, scale), light, canvas)
    rgba = np.dstack([canvas.colour, np.isfinite(canvas.depth).astype(np.float32)])
    small = (max(shape[1] // _OVERSAMPLE, 1), max(shape[0] // _OVERSAMPLE, 1))
    return np.asarray(cv2.resize(rgba, small, interpolation=cv2.INTER_AREA), np.float32)


def _seen(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where the camera sees points: x, y (down) and depth."""
    depth = _CAMERA_AT - points[..., 2]
    return np.stack([points[..., 0] / depth, -points[..., 1] / depth, depth], axis=-1)


def _extent(points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    seen = _seen(points)[:, :2]
    return seen.min(axis=0), seen.max(axis=0)


def _draw(
    part: Part,
    corners: NDArray[np.float64],
    placed: tuple[NDArray[np.float64], float],
    light: Light,
    canvas: _Canvas,
) -> None:
    low, scale = placed
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True) + 1e-12
    front = (normals * (np.array([0, 0, _CAMERA_AT]) - corners[:, 0])).sum(axis=1) > 0
    if not front.any():
        return
    flat = part.uv is None or part.texture is None
    uv = np.zeros((len(corners), 3, 2)) if flat else np.asarray(part.uv, np.float64)
    corners, uv, normals = _cut(corners[front], uv[front], normals[front], scale)
    seen = _seen(corners)
    at = (seen[..., :2] - low) * scale + 0.5
    triangles = _Triangles(at=at, far=seen[..., 2], uv=uv, shade=_shade(normals, light))
    span = np.maximum((np.ceil(at.max(axis=1)) - np.floor(at.min(axis=1))).max(axis=1), 1)
    done = 0
    for bound in (1, 2, 3, 4, 6, 8, 16, 32):
        chosen = np.flatnonzero((span <= bound) & (span > done))
        for some in np.array_split(chosen, max(len(chosen) * bound * bound // 2_000_000, 1)):
            if len(some):
                _fill(part, triangles.some(some), bound, canvas)
        done = bound


def _cut(
    corners: NDArray[np.float64], uv: NDArray[np.float64], normals: NDArray[np.float64], scale: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    done: list[tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]] = []
    while len(corners):
        at = _seen(corners)[..., :2] * scale
        wide = (at.max(axis=1) - at.min(axis=1)).max(axis=1) > _SPLIT
        done.append((corners[~wide], uv[~wide], normals[~wide]))
        corners, uv, normals = _quartered(corners[wide]), _quartered(uv[wide]), np.tile(normals[wide], (4, 1))
    both = [np.concatenate(each) for each in zip(*done, strict=True)]
    return both[0], both[1], both[2]


def _quartered(triangles: NDArray[np.float64]) -> NDArray[np.float64]:
    a, b, c = triangles[:, 0], triangles[:, 1], triangles[:, 2]
    ab, bc, ca = (a + b) / 2, (b + c) / 2, (c + a) / 2
    return np.concatenate(
        [np.stack(each, axis=1) for each in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))]
    )


def _shade(normals: NDArray[np.float64], light: Light) -> NDArray[np.float64]:
    """How bright each face is, and its gloss: f64[N, 2]."""
    toward = np.clip(normals @ light.toward, 0, None)
    half = light.toward + np.array([0, 0, 1.0])
    gloss = light.shine * np.clip(normals @ (half / np.linalg.norm(half)), 0, 1) ** 24
    return np.stack([light.room * (0.8 + 0.2 * normals[:, 1]) + light.lamp * toward, gloss], axis=1)


def _fill(part: Part, triangles: _Triangles, bound: int, canvas: _Canvas) -> None:
    """Draw triangles none of which is wider than `bound` pixels."""
    grid = np.stack(np.meshgrid(np.arange(bound + 1), np.arange(bound + 1)), axis=-1).reshape(-1, 2)
    pixels = np.floor(triangles.at.min(axis=1)).astype(int)[:, None] + grid[None]
    a, b, c = (triangles.at[:, None, corner] for corner in range(3))
    area = _cross(b - a, c - a)
    area = np.where(np.abs(area) < 1e-9, 1e-9, area)
    second, third = _cross(pixels - a, c - a) / area, _cross(b - a, pixels - a) / area
    first = 1 - second - third
    height, width = canvas.depth.shape
    inside = (first > -1e-6) & (second > -1e-6) & (third > -1e-6)
    inside &= ((pixels >= 0) & (pixels < (width, height))).all(axis=-1)
    which, where = np.nonzero(inside)
    weights = np.stack([first[which, where], second[which, where], third[which, where]], axis=1)
    away = (weights * triangles.far[which]).sum(axis=1)
    x, y = pixels[which, where, 0], pixels[which, where, 1]
    order = np.argsort(-away)  # the nearest is written last
    order = order[away[order] < canvas.depth[y[order], x[order]]]
    x, y, which, weights = x[order], y[order], which[order], weights[order]
    canvas.depth[y, x] = away[order]
    base = _texels(part, (weights[:, :, None] * triangles.uv[which]).sum(axis=1))
    lit = triangles.shade[which]
    canvas.colour[y, x] = np.clip(base * lit[:, :1] + lit[:, 1:], 0, 1)


def _cross(one: NDArray[np.float64], two: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(one[..., 0] * two[..., 1] - one[..., 1] * two[..., 0])


def _texels(part: Part, uv: NDArray[np.float64]) -> Floats:
    if part.texture is None:
        return np.broadcast_to(part.colour, (len(uv), 3)).astype(np.float32)
    texture: U8 = part.texture
    height, width = texture.shape[:2]
    x = np.floor((uv[:, 0] % 1.0) * width).astype(int).clip(0, width - 1)
    y = np.floor((uv[:, 1] % 1.0) * height).astype(int).clip(0, height - 1)
    return np.asarray(texture[y, x] / np.float32(255), np.float32)
