"""Where in a frame to look a second time, more finely, for faces that are far off.

The detector sees a frame shrunk. A cut around a small face, grown until the face is as large as the network
likes it, gives landmarks that fit (on the development faces, eyes 12 px apart: the right name in 97 of 100
single looks, where the landmarks of the first look gave it in 34) and holds faces that the first look misses
every other time. Besides, bands of the frame are gone through in turn for far faces that no first look finds.

At most one second look is spent on a frame, and none on one in which a near face that has just come waits to
be recognised.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from kith.clock import NS_PER_MS
from kith.config import VisionSettings
from kith.types import BoxPx, Face
from kith.vision.tracks import Track

SMALL_SHARE = 0.1
"""A face narrower than this share of the frame is small: some 40 px of the detector's 384, from 1.1 m on with
the usual camera. From there on a second look makes scores better."""
_BEST_SHARE = 1 / 7
"""So wide is a face in the cut around it, 55 px of the detector's 384. Measured from 24 to 96 px: the scores
are best from 48 to 64, and the cut keeps room for three faces' widths of motion to each side."""
_FINE_SHARE = 1 / 12
"""A face at least so wide in a cut, 32 px of 384, is seen finely enough to be recognised by."""
_LEAST_SHARE = 1 / 24
"""So wide is the least face that a sweep is for in its tile, 16 px of 384: found in three of four frames."""
_FIRST_LOOK_SHARE = 0.0375
"""Below this share of the frame, eyes 12 px apart in one of 640, the first look alone names fewer than four
of five: where second looks are off such a face is not judged at all."""
_WIDTH_OF_EYES = 2.0
"""A face's box is so many times as wide as its eyes are apart (median of the development faces)."""
_ASPECT = 4 / 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A part of a frame in whole pixels, inside it."""

    x: int
    y: int
    w: int
    h: int

    def holds(self, box: BoxPx, frame_width_px: int, frame_height_px: int) -> bool:
        """Whether the region's edge does not cut the box; the frame's own edge may."""
        return (
            (box.x >= self.x or self.x == 0)
            and (box.y >= self.y or self.y == 0)
            and (box.x + box.w <= self.x + self.w or self.x + self.w == frame_width_px)
            and (box.y + box.h <= self.y + self.h or self.y + self.h == frame_height_px)
        )


def is_small(face: Face, size_px: tuple[int, int]) -> bool:
    """Whether a second look can show more of this face of a frame of that width and height."""
    return face.box.w < SMALL_SHARE * _shrunk_side(size_px)


class SecondLook:
    """Chooses the region of each frame's second look."""

    def __init__(self, settings: VisionSettings) -> None:
        self._wanted = settings.second_looks
        self._sweep_ns = settings.sweep_interval_ms * NS_PER_MS
        self._least_face_px = settings.min_inter_eye_px * _WIDTH_OF_EYES
        self._swept_ns: int | None = None
        self._just_swept = False
        self._tile = 0
        self._level: float | None = None

    def choose(
        self, candidates: Sequence[Track], seen: Sequence[Face], size_px: tuple[int, int], now_ns: int
    ) -> Region | None:
        """Where to look again in a frame of this width and height.

        candidates: tracks of small faces that are due to be recognised or were missed; seen: all faces of the
        first look. The sweep has its turn when its interval is over, but not twice in a row before somebody
        who waits; else the candidate that has waited longest.
        """
        if not self._wanted:
            return None
        if seen:
            # Far heads are about as high in the picture as near ones: the camera is worn as high as they are.
            self._level = sum(face.box.center_y for face in seen) / len(seen) / size_px[1]
        tile = self._sweep(size_px, now_ns) if not (candidates and self._just_swept) else None
        self._just_swept = tile is not None
        if tile is not None:
            return tile
        track = min(candidates, key=lambda track: (track.second_look_ns or 0, track.track_id), default=None)
        if track is None:
            return None
        track.second_look_ns = now_ns
        return around(track.face.box, size_px)

    def shown(self, tracks: Sequence[Track], region: Region, now_ns: int) -> None:
        """Note which tracks the second look at a region has shown finely enough."""
        for track in tracks:
            if track.face.box.w >= _FINE_SHARE * region.w:
                track.refined_ns = now_ns

    def may_embed(self, track: Track, size_px: tuple[int, int], now_ns: int) -> bool:
        """Whether the frame of this time, of this width and height, shows the face finely enough to recognise
        it. A small face waits for a second look: by the first its score would often be that of a stranger."""
        share = SMALL_SHARE if self._wanted else _FIRST_LOOK_SHARE
        return track.refined_ns == now_ns or track.face.box.w >= share * _shrunk_side(size_px)

    def _sweep(self, size_px: tuple[int, int], now_ns: int) -> Region | None:
        """The next tile of the band at the height where faces are; None while its interval lasts, and in a
        frame in which the first look sees as much."""
        if not self._sweep_ns or (self._swept_ns is not None and now_ns - self._swept_ns < self._sweep_ns):
            return None
        self._swept_ns = now_ns
        width_px, height_px = size_px
        tile_w = math.ceil(self._least_face_px / _LEAST_SHARE)
        if tile_w >= width_px:
            return None
        columns = math.ceil(width_px / (tile_w - self._least_face_px))
        self._tile = (self._tile + 1) % columns
        x = (width_px - tile_w) * self._tile / (columns - 1)
        level = 0.5 if self._level is None else self._level
        return _inside(x + tile_w / 2, level * height_px, tile_w, size_px)


def around(box: BoxPx, size_px: tuple[int, int]) -> Region:
    """The part of a frame of this width and height in which a face is as large as the detector likes it."""
    return _inside(box.center_x, box.center_y, box.w / _BEST_SHARE, size_px)


def _inside(center_x: float, center_y: float, width_px: float, size_px: tuple[int, int]) -> Region:
    w = min(max(round(width_px), 8), size_px[0])
    h = min(max(round(width_px / _ASPECT), 6), size_px[1])
    x = min(max(round(center_x - w / 2), 0), size_px[0] - w)
    y = min(max(round(center_y - h / 2), 0), size_px[1] - h)
    return Region(x=x, y=y, w=w, h=h)


def _shrunk_side(size_px: tuple[int, int]) -> float:
    """The width that the detector shrinks to its own: a frame on its side is shrunk by its height."""
    return max(size_px[0], size_px[1] * _ASPECT)
