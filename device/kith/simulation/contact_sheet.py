"""One picture of a whole run: its telling moments, and below them a time line."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from kith.errors import InputError
from kith.guard.ports import Level
from kith.guard.settings import GuardSettings
from kith.simulation.lanes import (
    Axis,
    Lane,
    Mark,
    Span,
    draw_lanes,
    event_lane,
    presence_lane,
    press_lane,
    speech_lane,
)
from kith.simulation.lettering import Colour, Lettering
from kith.simulation.marking import INK, KNOWN, UNKNOWN, draw_marks
from kith.simulation.moments import PICTURE_WIDTH_PX, Moment, Moments
from kith.simulation.output_files import check_output, write_output
from kith.simulation.range_lanes import range_lanes
from kith.simulation.range_plot import RangePlot
from kith.simulation.snapshots import Snapshot
from kith.types import U8, Outcome

COLUMNS, MOST_PICTURES = 4, 20
_MARGIN_PX, _GAP_PX = 32, 16
_CAPTION_PX, _TEXT_PX = 56, 16
_PAPER: Colour = (255, 255, 255)
_UNNAMED = "not named"
_MOST_PEOPLE = 12
_GAP_IN_VIEW_S = 1.5
_MOST_MARKS = 2000

_TELLING = {
    "announcement",
    "enrolled",
    "fault",
    "rejected",
    "recovered",
    "privacy",
    "undone",
    "wrong",
    "forgotten",
}
_ELSEWHERE = {"appeared", "left", "stranger", "beep", "signal", "proximity"}
"""Shown by lanes of their own, not by a badge."""
_INNER = (Level.NEAR.name.lower(), Level.CONTACT.name.lower())


class ContactSheet:
    """Watches a run with `add` and `event`, then draws it. Memory is bounded however long the run is."""

    def __init__(self) -> None:
        self._moments = Moments()
        self._in_view: dict[str, list[Span]] = {}
        self._said: list[Mark] = []
        self._presses: list[Mark] = []
        self._events: list[Mark] = []
        self._end_s = 0.0
        self._guard: tuple[RangePlot, GuardSettings] | None = None

    def plot_ranges(self, plot: RangePlot, settings: GuardSettings) -> None:
        """There is a guard: draw what it measured and told."""
        self._guard = plot, settings

    def add(self, snapshot: Snapshot) -> None:
        """See a frame."""
        self._end_s = max(self._end_s, snapshot.t_s)
        self._moments.add(snapshot)
        for name in {_name(mark.label, mark.outcome) for mark in snapshot.marks}:
            spans = self._in_view.setdefault(name, [])
            if spans and snapshot.t_s - spans[-1].to_s <= _GAP_IN_VIEW_S:
                spans[-1] = Span(from_s=spans[-1].from_s, to_s=snapshot.t_s)
            elif len(spans) < _MOST_MARKS:
                spans.append(Span(from_s=snapshot.t_s, to_s=snapshot.t_s))

    def event(self, t_s: float, kind: str, text: str) -> None:
        """Something happened; kinds are those of the event file."""
        self._end_s = max(self._end_s, t_s)
        if kind == "beep" and text.startswith(_INNER):
            self._moments.expect(f"beeps: {text}")
        if kind in _ELSEWHERE or (kind == "announcement" and not text):
            return
        if kind in _TELLING:
            self._moments.expect(
                f"“{text}”" if kind == "announcement" else f"{kind}: {text}".removesuffix(": ")
            )
        lane = {"announcement": self._said, "button": self._presses}.get(kind, self._events)
        if len(lane) < _MOST_MARKS:
            lane.append(Mark(t_s=t_s, kind=kind, text=text))

    def save(self, path: Path) -> None:
        """Draw the sheet into a PNG or JPEG file. Raises InputError when it cannot be written."""
        if path.suffix.lower() not in (".png", ".jpg", ".jpeg"):
            raise InputError(f"cannot write {path}: name it .png or .jpg, so that it is clear what it is")
        check_output(path)
        _, coded = cv2.imencode(path.suffix.lower(), self.draw())
        write_output(path, coded.tobytes())

    def draw(self) -> U8:
        """The sheet, bgr u8[H, W, 3]."""
        letters = Lettering()
        moments = self._moments.chosen(MOST_PICTURES)
        width = 2 * _MARGIN_PX + COLUMNS * PICTURE_WIDTH_PX + (COLUMNS - 1) * _GAP_PX
        rows = [
            _row(moments[first : first + COLUMNS], first + 1, width, letters)
            for first in range(0, len(moments), COLUMNS)
        ]
        axis = Axis(end_s=self._end_s, width_px=width - 2 * _MARGIN_PX)
        time_line = draw_lanes(self._lanes(letters), [moment.t_s for moment in moments], axis, letters)
        framed = np.full((time_line.shape[0] + _MARGIN_PX, width, 3), _PAPER, np.uint8)
        framed[: time_line.shape[0], _MARGIN_PX : width - _MARGIN_PX] = time_line
        return np.asarray(np.vstack([self._heading(width, letters), *rows, framed]), np.uint8)

    def _heading(self, width: int, letters: Lettering) -> U8:
        band = np.full((104, width, 3), _PAPER, np.uint8)
        letters.write(band, "What Kith saw and said", (_MARGIN_PX, 52), 34, INK, bold=True)
        named = [name for name in self._in_view if name != _UNNAMED]
        parts = [f"{self._end_s:.0f} s", _count(len(named), "person", "people") + " named"]
        parts += [_count(len(self._said), "announcement"), _count(len(self._presses), "press", "presses")]
        letters.write(band, "  ·  ".join(parts), (_MARGIN_PX, 84), _TEXT_PX + 1, UNKNOWN)
        return band

    def _lanes(self, letters: Lettering) -> list[Lane]:
        """From top to bottom."""
        names = [name for name in self._in_view if name != _UNNAMED]
        people = [presence_lane(name, self._in_view[name], KNOWN) for name in names[:_MOST_PEOPLE]]
        if len(names) > _MOST_PEOPLE:
            others = [span for name in names[_MOST_PEOPLE:] for span in self._in_view[name]]
            people.append(presence_lane(f"{len(names) - _MOST_PEOPLE} others", others, KNOWN))
        if _UNNAMED in self._in_view:
            people.append(presence_lane(_UNNAMED, self._in_view[_UNNAMED], UNKNOWN))
        guard = range_lanes(*self._guard, letters) if self._guard else []
        return [*people, speech_lane(self._said, letters), press_lane(self._presses, letters), *guard,
                event_lane(self._events, letters)]  # fmt: skip


def _name(label: str, outcome: Outcome | None) -> str:
    return label if label and outcome in (Outcome.KNOWN, Outcome.AMBIGUOUS) else _UNNAMED


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def _row(moments: list[Moment], first_number: int, width: int, letters: Lettering) -> U8:
    pictures = [moment.picture() for moment in moments]
    height = max(picture.shape[0] for picture in pictures)
    row = np.full((height + _CAPTION_PX + _GAP_PX, width, 3), _PAPER, np.uint8)
    for index, (moment, picture) in enumerate(zip(moments, pictures, strict=True)):
        left = _MARGIN_PX + index * (PICTURE_WIDTH_PX + _GAP_PX)
        draw_marks(picture, moment.marks, moment.scale, letters, _TEXT_PX)
        row[: picture.shape[0], left : left + PICTURE_WIDTH_PX] = picture
        number = f"{first_number + index}"
        time = f"{moment.t_s:.1f} s"
        letters.write(row, number, (left, height + 24), _TEXT_PX + 1, INK, bold=True)
        letters.write(
            row,
            time,
            (left + letters.width(number, _TEXT_PX + 1, bold=True) + 10, height + 24),
            _TEXT_PX,
            UNKNOWN,
        )
        indent = 96
        for line, words in enumerate(
            letters.wrapped("  ".join(moment.words), _TEXT_PX, PICTURE_WIDTH_PX - indent, 2)
        ):
            letters.write(row, words, (left + indent, height + 24 + line * 20), _TEXT_PX, INK)
    return row
