"""The time line below the pictures of a contact sheet: one lane above the other over a common axis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from kith.simulation.lettering import Colour, Lettering
from kith.simulation.marking import INK, KNOWN, REJECTED, UNKNOWN, WHITE
from kith.types import U8

GUTTER_PX = 170
_PAPER: Colour = (250, 250, 249)
_BAND: Colour = (243, 241, 239)
_RULE: Colour = (222, 218, 214)
_SPOKEN: Colour = (170, 104, 30)
_PRESSED: Colour = (146, 60, 96)
_ROW_PX = 24
_TEXT_PX = 15
_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)

_WORDLESS = {"ready", "enrolling"}

EVENT_COLOURS: dict[str, Colour] = {"fault": (52, 40, 196), "rejected": REJECTED, "enrolled": KNOWN}


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Somebody was in view from one time to another."""

    from_s: float
    to_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Something that happened at a time."""

    t_s: float
    kind: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """Time from left to right, in a picture of this width."""

    end_s: float
    width_px: int

    def x(self, t_s: float) -> int:
        """The column of a time."""
        share = min(max(t_s / max(self.end_s, 1e-3), 0.0), 1.0)
        return GUTTER_PX + round(share * (self.width_px - GUTTER_PX - 30))

    def ticks_s(self) -> list[float]:
        """Round times for the axis, at most sixteen."""
        step = next((step for step in _STEPS_S if self.end_s / step <= 16), max(self.end_s / 16, 1.0))
        return [float(tick) for tick in np.arange(0, self.end_s + 0.01, step)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """A part of the time line. paint(part, axis) draws into a part as wide as the axis, `height_px` high."""

    title: str
    height_px: int
    paint: Callable[[U8, Axis], None]


def draw_lanes(lanes: Sequence[Lane], numbered_s: Sequence[float], axis: Axis, letters: Lettering) -> U8:
    """The whole time line, bgr. numbered_s: the times of the pictures above, by their numbers from 1 on."""
    head, foot = 34, 40
    picture = np.full(
        (head + sum(lane.height_px + 6 for lane in lanes) + foot, axis.width_px, 3), _PAPER, np.uint8
    )
    bottom = picture.shape[0] - foot
    for tick_s in axis.ticks_s():
        x = axis.x(tick_s)
        cv2.line(picture, (x, head), (x, bottom), _RULE, 1)
        label = f"{tick_s:.0f} s" if axis.end_s < 600 else f"{tick_s / 60:.0f} min"
        letters.write(
            picture, label, (x - letters.width(label, _TEXT_PX) // 2, bottom + 22), _TEXT_PX, UNKNOWN
        )
    _draw_numbers(picture, numbered_s, axis, letters)
    top = head
    for index, lane in enumerate(lanes):
        part = picture[top : top + lane.height_px]
        if index % 2 == 0:
            part[:] = np.minimum(part, np.array(_BAND, np.uint8))
        title = letters.fitted(lane.title, _TEXT_PX + 1, GUTTER_PX - 30, bold=True)
        letters.write(part, title, (16, min(lane.height_px // 2 + 6, 24)), _TEXT_PX + 1, INK, bold=True)
        lane.paint(part, axis)
        top += lane.height_px + 6
    return picture


def presence_lane(name: str, spans: Sequence[Span], colour: Colour) -> Lane:
    """When somebody was in view."""

    def paint(part: U8, axis: Axis) -> None:
        for span in spans:
            left, right = axis.x(span.from_s), axis.x(span.to_s)
            cv2.rectangle(part, (left, 6), (max(right, left + 3), part.shape[0] - 7), colour, cv2.FILLED)

    return Lane(title=name, height_px=_ROW_PX + 4, paint=paint)


def speech_lane(said: Sequence[Mark], letters: Lettering, rows: int = 6) -> Lane:
    """What was said, each text beginning at its time; where there is no room a stroke must do."""

    def paint(part: U8, axis: Axis) -> None:
        free_from = [GUTTER_PX] * rows
        for mark in said:
            x = axis.x(mark.t_s)
            row = next((row for row in range(rows) if free_from[row] <= x), None)
            top = _ROW_PX * (rows if row is None else row)
            cv2.line(part, (x, top + 3), (x, top + _ROW_PX - 3), _SPOKEN, 2)
            if row is not None:
                text = letters.fitted(mark.text, _TEXT_PX, min(axis.width_px - x - 12, 420))
                letters.write(part, text, (x + 6, row * _ROW_PX + 18), _TEXT_PX, INK)
                free_from[row] = x + letters.width(text, _TEXT_PX) + 16

    return Lane(title="said", height_px=(rows + 1) * _ROW_PX + 4, paint=paint)


def press_lane(presses: Sequence[Mark], letters: Lettering) -> Lane:
    """Presses of the button."""
    return _badge_lane("button", presses, lambda _: _PRESSED, lambda mark: mark.text or "press", letters)


def event_lane(events: Sequence[Mark], letters: Lettering) -> Lane:
    """Everything else that happened."""

    def words(mark: Mark) -> str:
        if mark.kind in _WORDLESS or not mark.text:
            return mark.kind
        return mark.text if mark.kind == "sound" else f"{mark.kind}: {mark.text}"

    return _badge_lane(
        "events", events, lambda mark: EVENT_COLOURS.get(mark.kind, UNKNOWN), words, letters, rows=3
    )


def _badge_lane(
    title: str,
    marks: Sequence[Mark],
    colour_of: Callable[[Mark], Colour],
    words_of: Callable[[Mark], str],
    letters: Lettering,
    rows: int = 1,
) -> Lane:
    def paint(part: U8, axis: Axis) -> None:
        free_from = [GUTTER_PX] * rows
        for mark in marks:
            x, colour = axis.x(mark.t_s), colour_of(mark)
            row = next((row for row in range(rows) if free_from[row] <= x), None)
            if row is None:
                cv2.line(part, (x, 4), (x, part.shape[0] - 5), colour, 3)
                continue
            words = letters.fitted(
                words_of(mark), _TEXT_PX - 1, max(min(axis.width_px - x - 14, 260), 0), bold=True
            )
            right, top = x + letters.width(words, _TEXT_PX - 1, bold=True) + 10, row * (_ROW_PX + 2) + 3
            cv2.rectangle(part, (x, top), (right, top + _ROW_PX - 2), colour, cv2.FILLED)
            letters.write(part, words, (x + 5, top + 16), _TEXT_PX - 1, WHITE, bold=True)
            free_from[row] = right + 4

    return Lane(title=title, height_px=rows * (_ROW_PX + 2) + 4, paint=paint)


def _draw_numbers(picture: U8, times_s: Sequence[float], axis: Axis, letters: Lettering) -> None:
    free_from = 0
    for number, t_s in enumerate(times_s, start=1):
        x, label = axis.x(t_s), str(number)
        wide = letters.width(label, _TEXT_PX - 1, bold=True)
        cv2.line(picture, (x, 24), (x, 33), INK, 1)
        if x - wide // 2 >= free_from:
            letters.write(picture, label, (x - wide // 2, 19), _TEXT_PX - 1, INK, bold=True)
            free_from = x + wide // 2 + 4
