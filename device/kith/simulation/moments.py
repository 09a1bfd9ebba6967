"""Which moments of a run are kept for the contact sheet, so that an hour costs no more than a minute."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from kith.simulation.snapshots import FaceMark, Snapshot
from kith.types import U8

PICTURE_WIDTH_PX = 400
_MOST_OF_A_KIND = 120
_SAME_MOMENT_S = 0.35


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A small picture and what belongs to it. scale: the picture's size against the marks' frame."""

    t_s: float
    jpeg: bytes
    scale: float
    marks: tuple[FaceMark, ...]
    words: tuple[str, ...]

    def picture(self) -> U8:
        """The picture, bgr u8[H, W, 3]."""
        return np.asarray(cv2.imdecode(np.frombuffer(self.jpeg, np.uint8), cv2.IMREAD_COLOR), np.uint8)


class Moments:
    """Keeps a picture of every telling event, and pictures between them. Both are thinned out, the
    latter evenly, when there are too many."""

    def __init__(self) -> None:
        self._telling: list[Moment] = []
        self._between: list[Moment] = []
        self._every_s = 1.0
        self._awaited: list[str] = []
        self._last: Snapshot | None = None

    def expect(self, words: str) -> None:
        """Something telling happened: the next picture shows it."""
        self._awaited.append(words)

    def add(self, snapshot: Snapshot) -> None:
        """See a frame."""
        self._last = snapshot
        if self._awaited:
            self._keep_telling(snapshot)
        elif not self._between or snapshot.t_s - self._between[-1].t_s >= self._every_s:
            self._between.append(_moment(snapshot, ()))
            if len(self._between) > _MOST_OF_A_KIND:
                del self._between[1::2]
                self._every_s *= 2

    def chosen(self, most: int) -> list[Moment]:
        """At most so many moments in order: telling ones first of all, then what lies farthest from them."""
        if self._awaited and self._last is not None:
            self._keep_telling(self._last)
        picked = _spread(self._telling, most)
        rest = [moment for moment in self._between if moment not in picked]
        while rest and len(picked) < most:
            # A picture with somebody in it tells twice as much.
            loneliest = max(rest, key=lambda moment: _distance_s(moment, picked) * (2 if moment.marks else 1))
            rest.remove(loneliest)
            picked.append(loneliest)
        return sorted(picked, key=lambda moment: moment.t_s)

    def _keep_telling(self, snapshot: Snapshot) -> None:
        words = tuple(self._awaited)
        self._awaited.clear()
        if self._telling and snapshot.t_s - self._telling[-1].t_s < _SAME_MOMENT_S:
            words = (*self._telling.pop().words, *words)
        self._telling.append(_moment(snapshot, words))
        if len(self._telling) > _MOST_OF_A_KIND:
            # Of the two that lie closest together, the later one says least that is new.
            gaps = [
                later.t_s - sooner.t_s
                for sooner, later in zip(self._telling, self._telling[1:], strict=False)
            ]
            del self._telling[1 + int(np.argmin(gaps))]


def _moment(snapshot: Snapshot, words: tuple[str, ...]) -> Moment:
    height, width = snapshot.rgb.shape[:2]
    scale = PICTURE_WIDTH_PX / width
    size = (PICTURE_WIDTH_PX, max(round(height * scale), 1))
    small = cv2.resize(snapshot.rgb, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    _, coded = cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 92])
    return Moment(t_s=snapshot.t_s, jpeg=coded.tobytes(), scale=scale, marks=snapshot.marks, words=words)


def _spread(moments: Sequence[Moment], most: int) -> list[Moment]:
    if len(moments) <= most:
        return list(moments)
    indices = np.linspace(0, len(moments) - 1, most).round().astype(int)
    return [moments[index] for index in indices]


def _distance_s(moment: Moment, others: Sequence[Moment]) -> float:
    return min((abs(moment.t_s - other.t_s) for other in others), default=float("inf"))
