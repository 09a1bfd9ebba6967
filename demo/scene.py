"""The street of the walk, drawn by casting a ray through every pixel, and the camera that looks at it.

Coordinates: x to the right, y down, z ahead, in metres; the camera is the origin.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from demo.blocks import Block
from demo.sources import Pictures
from kith.types import F32, U8

WIDTH_PX, HEIGHT_PX = 640, 480
FOCAL_PX = WIDTH_PX / 2 / math.tan(math.radians(62.2) / 2)
CAMERA_HEIGHT_M = 1.62

HOUSE_X, HEDGE_X = -2.1, 2.6
HEDGE_HIGH_M = 1.17

_WALL_TOP, _HEDGE_TOP = -2.4, CAMERA_HEIGHT_M - HEDGE_HIGH_M
_PX_PER_M = 128.0
# The street is drawn a little coarser than the people: what is behind them is seldom quite sharp.
_DRAWN_WIDTH, _DRAWN_HEIGHT = 320, 240
_FAR_M = 1e4
_LEVELS = 3
_ATLAS_WIDTH = 1024
_BEYOND_HEIGHT = 512
_BEYOND_SHARE = 0.3
_SURFACES = ("house", "paving", "leaves", "bricks", "stone")
_BEYOND = len(_SURFACES)
_ORIGINS = np.array([_WALL_TOP, 0.0, _HEDGE_TOP, -2.2, 0.0, 0.0], np.float32)
"""Where on each surface its texture begins: metres downwards from the camera."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """Where the camera is and looks. walked_m: along the street, across_m: to the right of its middle;
    right, up and clockwise are positive."""

    walked_m: float
    across_m: float
    yaw_deg: float
    pitch_deg: float
    roll_deg: float
    raised_m: float

    def rotation(self) -> F32:
        """From the camera's directions to the street's, f32[3, 3]."""
        yaw, pitch, roll = (math.radians(angle) for angle in (self.yaw_deg, self.pitch_deg, self.roll_deg))
        turn = np.array([[math.cos(yaw), 0, math.sin(yaw)], [0, 1, 0], [-math.sin(yaw), 0, math.cos(yaw)]])
        nod = np.array(
            [[1, 0, 0], [0, math.cos(pitch), -math.sin(pitch)], [0, math.sin(pitch), math.cos(pitch)]]
        )
        tilt = np.array(
            [[math.cos(roll), -math.sin(roll), 0], [math.sin(roll), math.cos(roll), 0], [0, 0, 1]]
        )
        return np.asarray(turn @ nod @ tilt, np.float32)

    def project(self, x_m: float, y_m: float, z_m: float) -> tuple[float, float, float]:
        """A point of the street as pixel column, pixel row and depth in metres (negative: behind)."""
        point = np.array([x_m, y_m + self.raised_m, z_m]) @ self.rotation()
        depth = float(point[2])
        if depth <= 0.05:
            return 0.0, 0.0, depth
        scale = FOCAL_PX / depth
        return WIDTH_PX / 2 + float(point[0]) * scale, HEIGHT_PX / 2 + float(point[1]) * scale, depth


class Street:
    """A brick house on the left, a hedge on the right, paving below, trees and sky beyond; and blocks."""

    def __init__(self, pictures: Pictures, blocks: tuple[Block, ...] = ()) -> None:
        self._blocks = blocks
        surfaces = (
            _house(pictures),
            _paving(pictures),
            _hedge(pictures),
            _masonry(pictures),
            _stone(pictures),
        )
        sharpness = [[_softened(surface, level) for level in range(_LEVELS)] for surface in surfaces]
        pieces = [*(piece for levels in sharpness for piece in levels), _beyond()]
        self._atlas = np.vstack(
            [np.pad(p, ((0, 0), (0, _ATLAS_WIDTH - p.shape[1]), (0, 0)), "wrap") for p in pieces]
        )
        tops = np.cumsum([0, *(piece.shape[0] for piece in pieces)])[:-1]
        numbers = [*range(_BEYOND * _LEVELS), *[-1] * _LEVELS]
        self._tops = tops[numbers].reshape(_BEYOND + 1, _LEVELS).astype(np.float32)
        # One pixel less, since what lies between the last and the first column is not drawn.
        heights = [surface.shape[0] - 1 for surface in surfaces]
        self._heights = np.array([*heights, _BEYOND_HEIGHT], np.float32)
        self._light = (
            1 + 0.13 * np.sin(np.arange(4096) * 0.05) * np.sin(np.arange(4096) * 0.0194 + 1)
        ).astype(np.float32)
        self._rays = _rays()

    def draw(self, pose: Pose) -> F32:
        """What the camera sees of the street: bgr f32[HEIGHT_PX, WIDTH_PX, 3], 0..255."""
        x, y, z = _turned(self._rays, pose.rotation())
        surface, reach = _nearest(x, y, pose)
        along = reach * z + np.float32(pose.walked_m)
        metres: F32 = np.where(surface == 1, reach * x + np.float32(20 + pose.across_m), reach * y).astype(
            np.float32
        )
        shade = np.ones_like(reach)
        eye = (pose.across_m, CAMERA_HEIGHT_M + pose.raised_m, pose.walked_m)
        for block in self._blocks:
            met = block.meet(eye, (x, y, z), reach)
            if met is not None:
                surface[met.where], reach[met.where] = _SURFACES.index(block.surface), met.reach
                along[met.where], metres[met.where] = met.across + 20, met.down + CAMERA_HEIGHT_M
                shade[met.where] = met.light
        metres -= _ORIGINS[surface]
        level = np.clip(np.log2(reach / 4.0) + 0.5, 0, _LEVELS - 1).astype(np.uint8)
        column = _wrapped(along * _PX_PER_M, np.float32(_ATLAS_WIDTH - 1))
        row = _wrapped(metres * _PX_PER_M, self._heights[surface])
        beyond = surface == _BEYOND
        column[beyond] = np.clip(x[beyond] / z[beyond] * _BEYOND_SHARE + 0.5, 0, 1) * (_ATLAS_WIDTH - 1)
        row[beyond] = np.clip(y[beyond] / z[beyond] + 0.9, 0, 0.99) * _BEYOND_HEIGHT
        row += self._tops[surface, level]
        shape = (_DRAWN_HEIGHT, _DRAWN_WIDTH)
        seen = cv2.remap(self._atlas, column.reshape(shape), row.reshape(shape), cv2.INTER_LINEAR)
        light = self._light[(along * 16).astype(np.int32) & 4095] * shade
        light[beyond] = 1.0
        lit = seen.astype(np.float32) * light.reshape(*shape, 1)
        return np.asarray(cv2.resize(lit, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_LINEAR), np.float32)


def _turned(rays: F32, rotation: F32) -> tuple[F32, F32, F32]:
    # Not a matrix product: its library would start threads that cost more than they help here.
    x, y, z = rays
    first, second, third = (row[0] * x + row[1] * y + row[2] * z for row in rotation)
    return first, second, third


def _wrapped(value: F32, period: F32 | np.float32) -> F32:
    return np.asarray(value - np.floor(value / period) * period, np.float32)


def _softened(surface: U8, level: int) -> U8:
    """A texture for farther away: coarser, until only its mean colour is left."""
    if level == 0:
        return surface
    return np.asarray(cv2.GaussianBlur(surface, (0, 0), 1.6 * 3.0 ** (level - 1)), np.uint8)


def _beyond() -> U8:
    """Trees before a bright sky: u8[_BEYOND_HEIGHT, _ATLAS_WIDTH, 3], x/z of -1.7 to 1.7, y/z from -0.9."""
    across = (np.arange(_ATLAS_WIDTH) / (_ATLAS_WIDTH - 1) - 0.5) / _BEYOND_SHARE
    rise = 0.9 - np.arange(_BEYOND_HEIGHT)[:, None] / _BEYOND_HEIGHT
    waves = ((5, 0.030), (11, 0.020), (29, 0.012), (67, 0.007), (151, 0.004))
    crowns = 0.10 + sum(size * np.sin(across * rate + rate) for rate, size in waves)
    trees = np.clip((crowns - rise) * 120, 0, 1)[..., None]
    noise = np.random.default_rng(3).normal(0, 1, (_BEYOND_HEIGHT, _ATLAS_WIDTH))
    leaves = (1 + 0.7 * cv2.GaussianBlur(noise, (0, 0), 3))[..., None] * np.array([72, 96, 86])
    sky = np.array([228, 212, 198]) - rise[..., None] * np.array([5, 40, 70])
    return np.asarray(np.clip(sky * (1 - trees) + leaves * trees, 0, 255), np.uint8)


def _rays() -> F32:
    """The direction of every pixel, f32[3, pixels]."""
    step = WIDTH_PX / _DRAWN_WIDTH
    columns = ((np.arange(_DRAWN_WIDTH) + 0.5) * step - WIDTH_PX / 2) / FOCAL_PX
    rows = ((np.arange(_DRAWN_HEIGHT) + 0.5) * step - HEIGHT_PX / 2) / FOCAL_PX
    x, y = np.meshgrid(columns, rows)
    return np.stack([x.ravel(), y.ravel(), np.ones(x.size)]).astype(np.float32)


def _nearest(x: F32, y: F32, pose: Pose) -> tuple[U8, F32]:
    """Which surface each ray meets (their numbers; _BEYOND: none) and how far along the ray."""
    far = np.float32(_FAR_M)
    # A ray that runs away from a surface gets a tiny slope towards it instead: it meets it very far off.
    house = np.float32(HOUSE_X - pose.across_m) / np.minimum(x, np.float32(-1e-4))
    paving = np.float32(CAMERA_HEIGHT_M + pose.raised_m) / np.maximum(y, np.float32(1e-4))
    hedge = np.float32(HEDGE_X - pose.across_m) / np.maximum(x, np.float32(1e-4))
    house[house * y < _WALL_TOP] = far
    hedge[hedge * y < _HEDGE_TOP] = far
    reach = np.minimum(np.minimum(house, paving), hedge)
    surface = np.full(x.shape, 2, np.uint8)
    surface[reach == house] = 0
    surface[reach == paving] = 1
    surface[reach > 60] = _BEYOND
    return surface, np.minimum(reach, np.float32(60))


def _tinted(texture: U8, bgr: tuple[int, int, int], contrast: float) -> F32:
    gray = cv2.cvtColor(texture, cv2.COLOR_BGR2GRAY).astype(np.float32)
    relief = 1 + contrast * (gray / gray.mean() - 1)
    return np.asarray(relief[..., None] * np.array(bgr, np.float32), np.float32)


def _tiled(texture: F32, width: int, height: int) -> F32:
    """Repeat a texture by mirroring, so that no seam shows."""
    pair = np.concatenate([texture, texture[:, ::-1]], axis=1)
    square = np.concatenate([pair, pair[::-1]], axis=0)
    times = (-(-height // square.shape[0]), -(-width // square.shape[1]), 1)
    return np.asarray(np.tile(square, times)[:height, :width], np.float32)


def _scaled(texture: F32, size: int) -> F32:
    return np.asarray(cv2.resize(texture, (size, size), interpolation=cv2.INTER_AREA), np.float32)


def _house(pictures: Pictures) -> U8:
    """Eight metres of a house front: bricks, two windows and a door."""
    height = round((CAMERA_HEIGHT_M - _WALL_TOP + 0.2) * _PX_PER_M)
    front = _bricks(_tiled(_scaled(_tinted(pictures.bgr("gravel"), (92, 108, 150), 0.25), 256), 1024, height))
    for left, top, right, bottom, glass in (
        (120, 150, 270, 370, (92, 84, 70)),
        (420, 130, 540, 512, (54, 70, 60)),
        (700, 150, 850, 370, (110, 98, 84)),
    ):
        cv2.rectangle(front, (left - 10, top - 10), (right + 10, bottom + 10), (196, 204, 208), -1)
        cv2.rectangle(front, (left, top), (right, bottom), glass, -1)
        cv2.line(front, ((left + right) // 2, top), ((left + right) // 2, bottom), (190, 198, 202), 6)
        cv2.line(front, (left, top + 80), (right, top + 80), (190, 198, 202), 6)
    grime = np.linspace(1.08, 0.72, height, dtype=np.float32)[:, None, None]
    return np.asarray(np.clip(front * grime, 0, 255), np.uint8)


def _bricks(wall: F32) -> F32:
    """Bricks of 250 by 80 mm, each of its own tone, in the grain of `wall`."""
    tones = np.random.default_rng(7).normal(1.0, 0.09, (64, 40))
    for course, top in enumerate(range(0, wall.shape[0], 10)):
        shift = 16 * (course % 2)
        for brick, left in enumerate(range(-shift, wall.shape[1], 32)):
            wall[top : top + 10, max(left, 0) : left + 32] *= tones[course % 64, brick % 40]
            wall[top : top + 10, max(left, 0) : max(left + 2, 0)] = (132, 142, 150)
        wall[top : top + 2] = (132, 142, 150)
    return np.asarray(cv2.GaussianBlur(wall, (0, 0), 0.7), np.float32)


def _paving(pictures: Pictures) -> U8:
    """Slabs of one metre."""
    stone = _tiled(_scaled(_tinted(pictures.bgr("gravel"), (140, 146, 150), 0.16), 256), 512, 512)
    for slab in range(0, 512, 128):
        cv2.line(stone, (slab, 0), (slab, 511), (96, 100, 104), 4)
        cv2.line(stone, (0, slab), (511, slab), (96, 100, 104), 4)
    return np.asarray(np.clip(cv2.GaussianBlur(stone, (0, 0), 1.5), 0, 255), np.uint8)


def _hedge(pictures: Pictures) -> U8:
    height = round((CAMERA_HEIGHT_M - _HEDGE_TOP + 0.2) * _PX_PER_M)
    leaves = _tiled(_scaled(_tinted(pictures.bgr("grass"), (48, 96, 74), 0.9), 384), 1024, height)
    shade = np.linspace(1.25, 0.55, height, dtype=np.float32)[:, None, None]
    return np.asarray(np.clip(leaves * shade, 0, 255), np.uint8)


def _masonry(pictures: Pictures) -> U8:
    """Bare bricks."""
    height = round((CAMERA_HEIGHT_M + 2.4) * _PX_PER_M)
    grain = _tinted(pictures.bgr("gravel"), (104, 124, 148), 0.3)
    wall = _bricks(_tiled(_scaled(grain, 256), 1024, height))
    grime = np.linspace(1.1, 0.8, height, dtype=np.float32)[:, None, None]
    return np.asarray(np.clip(wall * grime, 0, 255), np.uint8)


def _stone(pictures: Pictures) -> U8:
    """Hewn stone without joints."""
    stone = _tiled(_scaled(_tinted(pictures.bgr("gravel"), (150, 158, 160), 0.45), 320), 1024, 300)
    return np.asarray(np.clip(stone, 0, 255), np.uint8)
