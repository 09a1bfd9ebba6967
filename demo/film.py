"""The walk as pictures: street, people, then what a small camera on a head does to them."""

from __future__ import annotations

import math

import cv2
import numpy as np

from demo import script
from demo.actor import Actor
from demo.cast import cut_out
from demo.obstacles import BLOCKS
from demo.portraits import PORTRAITS
from demo.scene import FOCAL_PX, HEIGHT_PX, WIDTH_PX, Street
from demo.sources import Pictures
from demo.way import poses
from kith.types import F32, U8

_STEP_HZ = 1.8
_EXPOSURE_S = 1 / 60
_DARK_EXPOSURE_S = 1 / 20
_NOISE = 1.8
_DARK_NOISE = 5.0


class Film:
    """All frames of the walk, the same ones every time."""

    def __init__(self, pictures: Pictures) -> None:
        self._street = Street(pictures, BLOCKS)
        figures = {key: cut_out(portrait, pictures) for key, portrait in PORTRAITS.items()}
        self._cast = [
            (visit, Actor(figures[visit.portrait], light=visit.light, mirrored=visit.mirrored))
            for visit in script.VISITS
        ]
        self._poses = poses()
        self._noise = (
            np.random.default_rng(11).normal(0, 1, (HEIGHT_PX + 64, WIDTH_PX + 64, 3)).astype(np.float32)
        )
        self._vignette = _vignette()

    @property
    def frames(self) -> int:
        """How many there are."""
        return len(self._poses)

    def frame(self, index: int) -> U8:
        """One frame, bgr u8[HEIGHT_PX, WIDTH_PX, 3]."""
        t_s, pose = index / script.FPS, self._poses[index]
        (light,) = script.at(script.LIGHT, t_s)
        picture = self._street.draw(pose)
        present = [(self._place(visit, t_s), visit, actor) for visit, actor in self._cast]
        for place, visit, actor in sorted(present, key=lambda one: -one[0][2]):
            if visit.begins_s <= t_s <= visit.ends_s:
                *_, yaw = script.at(visit.path, t_s)
                lean = 0.8 * math.sin(t_s * 2.1 + visit.begins_s)
                actor.draw(picture, pose, place, yaw + 2.0 * math.sin(t_s * 1.3 + visit.begins_s), lean)
        exposure = _EXPOSURE_S + (_DARK_EXPOSURE_S - _EXPOSURE_S) * (1 - min(light, 1.0))
        picture = _smeared(picture, self._smear(index, exposure))
        return self._developed(picture, light, index)

    @staticmethod
    def _place(visit: script.Visit, t_s: float) -> tuple[float, float, float]:
        """Where the eyes are: x, y, z in metres from the camera's resting place."""
        x, z, _ = script.at(visit.path, t_s)
        before = script.at(visit.path, t_s - 0.2)
        pace = min(math.hypot(x - before[0], z - before[1]) / 0.2, 1.2)
        bob = 0.018 * pace * math.sin(2 * math.pi * _STEP_HZ * t_s + visit.begins_s)
        return x, -visit.taller_m + bob, z

    def _smear(self, index: int, exposure_s: float) -> tuple[float, float]:
        """How far the picture moves sideways and downwards while the shutter is open, px."""
        here, before = self._poses[index], self._poses[max(index - 1, 0)]
        to_px = FOCAL_PX * math.pi / 180 * script.FPS * exposure_s
        return (here.yaw_deg - before.yaw_deg) * to_px, (here.pitch_deg - before.pitch_deg) * to_px

    def _developed(self, picture: F32, light: float, index: int) -> U8:
        generator = np.random.default_rng((5, index))
        left, top = generator.integers(0, 64, 2)
        amount = _NOISE + (_DARK_NOISE - _NOISE) * max(1 - light * 3, 0.0)
        grain = self._noise[top : top + HEIGHT_PX, left : left + WIDTH_PX]
        picture *= self._vignette * np.float32(light)
        # Rounds, and cuts off what falls below black or above white.
        return np.asarray(cv2.addWeighted(picture, 1.0, grain, amount, 0.0, dtype=cv2.CV_8U), np.uint8)


def seen_between(visit: script.Visit) -> tuple[float, float]:
    """The first and the last time in s at which the person's face is inside the picture."""
    seen = []
    for index, pose in enumerate(poses()):
        t_s = index / script.FPS
        if visit.begins_s <= t_s <= visit.ends_s:
            x, z, _ = script.at(visit.path, t_s)
            column, row, depth = pose.project(x, -visit.taller_m, z)
            if depth > 0 and 0 <= column < WIDTH_PX and 0 <= row < HEIGHT_PX:
                seen.append(t_s)
    return seen[0], seen[-1]


def _smeared(picture: F32, motion: tuple[float, float]) -> F32:
    """Motion blur along (right, down) px."""
    length = math.hypot(*motion)
    if length < 1.0:
        return picture
    size = 2 * math.ceil(length / 2) + 1
    kernel = np.zeros((size, size), np.float32)
    centre = np.array([size // 2, size // 2])
    half = np.array(motion) / 2
    for share in np.linspace(-1, 1, 4 * size):
        column, row = np.round(centre + half * share).astype(int)
        kernel[row, column] += 1
    return np.asarray(
        cv2.filter2D(picture, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REPLICATE), np.float32
    )


def _vignette() -> F32:
    x = (np.arange(WIDTH_PX) - WIDTH_PX / 2) / (WIDTH_PX / 2)
    y = (np.arange(HEIGHT_PX) - HEIGHT_PX / 2) / (WIDTH_PX / 2)
    return np.asarray(1 - 0.18 * (x[None, :, None] ** 2 + y[:, None, None] ** 2), np.float32)
