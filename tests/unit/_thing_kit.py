"""Frames, and a network that sees colours, for what is known by few looks."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from kith.types import F32, U8, BoxPx
from kith.vision.objects import FoundObject, ObjectLook
from kith.vision.things import COLOURS, ThingMap

MAP_ID = "colours/1"
CHANNELS = 6
WALL = (120, 118, 110)
RED, GREEN, BLUE = (200, 30, 30), (20, 160, 40), (30, 40, 200)


class ColourNetwork:
    """In the place of an ObjectNetwork, and of a ThingNetwork. Its features are the colours of the cells;
    `objects` are those of every frame. looks: at frames; closer: at things alone."""

    side_px = 224

    def __init__(self, objects: Sequence[FoundObject] = ()) -> None:
        self.objects = tuple(objects)
        self.looks = self.closer = 0

    def look(self, rgb: U8) -> ObjectLook:
        self.looks += 1
        return ObjectLook(objects=self.objects, fine=cells(rgb, 19), coarse=cells(rgb, 10))

    def features(self, rgb: U8) -> F32:
        assert rgb.shape == (self.side_px, self.side_px, 3)
        self.closer += 1
        return cells(rgb, 7)


def cells(rgb: U8, side: int) -> F32:
    small = cv2.resize(rgb, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    return np.concatenate([small, 1 - small], axis=2)


def colour_map() -> ThingMap:
    size = CHANNELS + COLOURS
    return ThingMap(
        model_id=MAP_ID,
        network_id="colours",
        mean=np.zeros(size, np.float32),
        matrix=np.eye(size, dtype=np.float32),
    )


def frame(*things: tuple[BoxPx, tuple[int, int, int]], wall: tuple[int, int, int] = WALL) -> U8:
    """A wall with a little grain, and things of one colour each with a pattern upon it."""
    rgb = np.empty((480, 640, 3), np.int16)
    rgb[:] = wall
    rgb += np.random.default_rng(0).integers(-6, 7, rgb.shape, np.int16)
    for box, colour in things:
        rows, columns = slice(int(box.y), int(box.y + box.h)), slice(int(box.x), int(box.x + box.w))
        rgb[rows, columns] = colour
        rgb[rows, columns][::16] //= 2
    return rgb.clip(0, 255).astype(np.uint8)


def found(label: str, box: BoxPx, score: float) -> FoundObject:
    return FoundObject(label=label, box=box, score=score)
