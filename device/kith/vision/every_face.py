"""Every face in one picture, also those that a look leaves to the next look: small ones, and unsure ones.

For pictures that are to leave the device: a face that is missed here is seen by somebody else, one that is
none is covered for nothing. So the whole frame is gone through in tiles of half its width, of a quarter, and
so on, and what a look would not yet believe counts too.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from kith.types import U8, Face
from kith.vision.pipeline import FaceAnalyzer
from kith.vision.second_look import Region

_LEAST_SCORE = 0.35
"""Believed here; a look asks for 0.6 (`vision.detector_score`)."""
_PARTS = 4
"""Of each side, at the finest level. Of 623 faces whose eyes were 4 px apart or more in a frame of 640, all
but one were found; of 177 smaller ones, of which Kith's own embedder recognises none, three of four. Without
the quarters, only half of those from 4 to 6 px were. (`python -m calibration.covering`)"""
_FINEST_PX = 330
"""A camera that shows more than 1280 px gets finer parts: in tiles of 320 all 502 faces were found whose eyes
were 6 px apart or more. What is larger could be recognised, where so large a picture is sent."""
_OVERLAP = 0.25
"""Of a tile with the next: whoever is cut by the edge of the one is whole in the other, or large enough for
larger tiles."""
_SAME_FACE_IOU = 0.4


def every_face(analyzer: FaceAnalyzer, rgb: U8) -> list[Face]:
    """The faces in rgb u8[H, W, 3], each once, in its pixels, the surest first."""
    found = [
        face
        for region in tiles(rgb.shape[1], rgb.shape[0])
        for face in analyzer.detect_within(rgb, region, least_score=_LEAST_SCORE)
    ]
    kept: list[Face] = []
    for face in sorted(found, key=lambda face: face.score, reverse=True):
        if all(face.box.iou(other.box) < _SAME_FACE_IOU for other in kept):
            kept.append(face)
    return kept


def tiles(width_px: int, height_px: int) -> Iterator[Region]:
    """The whole picture, then tiles of half its sides, of a quarter, and so on, each level covering it."""
    parts = 1
    while parts <= _PARTS or width_px * 2 > _FINEST_PX * parts:
        w, h = max(1, width_px // parts), max(1, height_px // parts)
        for y, x in product(_starts(height_px, h), _starts(width_px, w)):
            yield Region(x=x, y=y, w=w, h=h)
        parts *= 2


def _starts(length_px: int, tile_px: int) -> list[int]:
    """Where tiles begin along a side, evenly, so that they overlap by `_OVERLAP` at least."""
    room_px = length_px - tile_px
    steps = -(-room_px // max(1, int(tile_px * (1 - _OVERLAP))))
    return [room_px * step // steps for step in range(steps + 1)] if steps else [0]
