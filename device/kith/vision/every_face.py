"""Every face in one picture, also those that a look leaves to the next look: small ones, and unsure ones.

For pictures that are to leave the device: a face that is missed here is seen by somebody else, one that is
none is covered for nothing. So the whole frame is gone through in tiles of half its width, of a quarter, and
so on, and what a look would not yet believe counts too.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import cv2
import numpy as np

from kith.types import U8, Face
from kith.vision.pipeline import FaceAnalyzer, grown
from kith.vision.second_look import Region

_LEAST_SCORE = 0.35
"""Believed here; a look asks for 0.6 (`vision.detector_score`)."""
_PARTS = 4
"""Of each side, at the finest level. Of 623 faces whose eyes were 4 px apart or more in a frame of 640, all
but one were found; of 177 smaller ones, of which Kith's own embedder recognises none, three of four. Without
the quarters, only half of those from 4 to 6 px were. (`python -m calibration.covering`)"""
_WIDEST_PX = 1280
"""A larger picture is searched at this size: no larger one is sent (`scene.picture_px`), and at 1920 px the
search would take four times as long."""
_OVERLAP = 0.25
"""Of a tile with the next: whoever is cut by the edge of the one is whole in the other, or large enough for
larger tiles."""
_SAME_FACE_IOU = 0.4


def every_face(analyzer: FaceAnalyzer, rgb: U8) -> list[Face]:
    """The faces in rgb u8[H, W, 3], each once, in its pixels, the surest first."""
    times = max(1.0, max(rgb.shape[:2]) / _WIDEST_PX)
    searched = rgb if times == 1 else _shrunk(rgb, times)
    found = [
        face if times == 1 else grown(face, times, times)
        for region in tiles(searched.shape[1], searched.shape[0])
        for face in analyzer.detect_within(searched, region, least_score=_LEAST_SCORE)
    ]
    kept: list[Face] = []
    for face in sorted(found, key=lambda face: face.score, reverse=True):
        if all(face.box.iou(other.box) < _SAME_FACE_IOU for other in kept):
            kept.append(face)
    return kept


def tiles(width_px: int, height_px: int) -> Iterator[Region]:
    """The whole picture, then tiles of half its sides, of a quarter, and so on, each level covering it."""
    parts = 1
    while parts <= _PARTS:
        w, h = max(1, width_px // parts), max(1, height_px // parts)
        for y, x in product(_starts(height_px, h), _starts(width_px, w)):
            yield Region(x=x, y=y, w=w, h=h)
        parts *= 2


def _shrunk(rgb: U8, times: float) -> U8:
    size = (max(1, round(rgb.shape[1] / times)), max(1, round(rgb.shape[0] / times)))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)


def _starts(length_px: int, tile_px: int) -> list[int]:
    """Where tiles begin along a side, evenly, so that they overlap by `_OVERLAP` at least."""
    room_px = length_px - tile_px
    steps = -(-room_px // max(1, int(tile_px * (1 - _OVERLAP))))
    return [room_px * step // steps for step in range(steps + 1)] if steps else [0]
