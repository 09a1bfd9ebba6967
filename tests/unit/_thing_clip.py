"""Clips of drawn things: held up and turned, then lying somewhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from kith.types import U8

WIDTH_PX, HEIGHT_PX, FPS = 640, 480, 10
_SHIFT_PX = 64
"""The grain is drawn once, and lies elsewhere in each picture."""


@dataclass(frozen=True)
class Part:
    """For some seconds a thing, or none (None), with its middle there and so wide, as parts of the picture's
    width; turned to and fro by so many degrees."""

    seconds: float
    thing: int | None = None
    middle: tuple[float, float] = (0.5, 0.5)
    width: float = 0.4
    turned_deg: float = 0.0


def write_clip(path: Path, parts: list[Part]) -> Path:
    """An MJPEG file of these parts, one after the other."""
    clip = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), FPS, (WIDTH_PX, HEIGHT_PX))
    for picture in _pictures(parts):
        clip.write(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    clip.release()
    return path


def _pictures(parts: list[Part]) -> Iterator[U8]:
    room, noise = _room(), np.random.default_rng(7)
    grain = np.rint(noise.normal(0.0, 2.0, (HEIGHT_PX + _SHIFT_PX, WIDTH_PX + _SHIFT_PX, 3))).astype(np.int16)
    for part in parts:
        for i in range(round(part.seconds * FPS)):
            picture = room.copy()
            if part.thing is not None:
                turn = part.turned_deg * np.sin(2 * np.pi * i / (5 * FPS))
                _put(picture, _box(part.thing), part, float(turn))
            y, x = noise.integers(0, _SHIFT_PX, 2)
            here = grain[y : y + HEIGHT_PX, x : x + WIDTH_PX]
            yield np.asarray(cv2.add(picture, here, dtype=cv2.CV_8U), np.uint8)


def _room() -> U8:
    """A wall, a table and a window, out of focus."""
    room = np.full((HEIGHT_PX, WIDTH_PX, 3), (196, 188, 172), np.uint8)
    room[330:] = (126, 96, 70)
    cv2.rectangle(room, (60, 40), (210, 200), (214, 228, 240), -1)
    cv2.rectangle(room, (470, 90), (600, 330), (150, 160, 150), -1)
    return np.asarray(cv2.GaussianBlur(room, (0, 0), 9), np.uint8)


def _box(seed: int) -> U8:
    """The printed front of a box, which no other seed gives: u8[220, 300, 3]."""
    rng = np.random.default_rng(seed)
    front = np.full((220, 300, 3), rng.integers(30, 220, 3), np.uint8)
    for _ in range(14):
        colour = tuple(int(value) for value in rng.integers(0, 255, 3))
        x, y = (int(value) for value in rng.integers((10, 10), (280, 200)))
        if rng.random() < 0.5:
            cv2.circle(front, (x, y), int(rng.integers(8, 40)), colour, -1)
        else:
            w, h = (int(value) for value in rng.integers((15, 8), (80, 60)))
            cv2.rectangle(front, (x, y), (x + w, y + h), colour, -1)
    cv2.rectangle(front, (0, 0), (299, 219), (20, 20, 20), 4)
    return front


def _put(picture: U8, front: U8, part: Part, turn_deg: float) -> None:
    """Draw it, turned about its upright axis, nearer where it comes forward."""
    height, width = front.shape[:2]
    half_w = part.width * WIDTH_PX / 2
    half_h = half_w * height / width
    turn = np.deg2rad(turn_deg)
    corners = []
    for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
        scale = 1 / (1 + 0.35 * x * np.sin(turn))
        corners.append((x * half_w * np.cos(turn) * scale, y * half_h * scale))
    middle = (part.middle[0] * WIDTH_PX, part.middle[1] * HEIGHT_PX)
    target = np.array(corners, np.float32) + np.array(middle, np.float32)
    source = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    way = cv2.getPerspectiveTransform(source, target)
    size = (WIDTH_PX, HEIGHT_PX)
    drawn = cv2.warpPerspective(front, way, size)
    mask = cv2.warpPerspective(np.full((height, width), 255, np.uint8), way, size) > 127
    picture[mask] = drawn[mask]
