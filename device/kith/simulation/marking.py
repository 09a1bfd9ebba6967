"""Boxes and names on a picture. What a colour says is always said in words as well."""

from __future__ import annotations

import cv2

from kith.simulation.lettering import Colour, Lettering
from kith.simulation.snapshots import FaceMark
from kith.types import U8, Outcome

WHITE: Colour = (255, 255, 255)
INK: Colour = (46, 38, 32)
KNOWN: Colour = (96, 150, 22)
AMBIGUOUS: Colour = (18, 140, 220)
UNKNOWN: Colour = (120, 112, 104)
REJECTED: Colour = (60, 96, 206)
UNJUDGED: Colour = (206, 198, 190)


def colour_of(mark: FaceMark) -> Colour:
    """The colour of a face's box."""
    if mark.outcome is Outcome.KNOWN:
        return KNOWN
    if mark.outcome is Outcome.AMBIGUOUS:
        return AMBIGUOUS
    if mark.rejection is not None:
        return REJECTED
    return UNKNOWN if mark.outcome is Outcome.UNKNOWN else UNJUDGED


def draw_marks(picture: U8, marks: tuple[FaceMark, ...], scale: float, letters: Lettering, size: int) -> None:
    """Draw boxes and words into a picture (bgr) in place; `scale` is its size against the marks' frame."""
    for mark in sorted(marks, key=lambda mark: mark.box.area):
        left, top = round(mark.box.x * scale), round(mark.box.y * scale)
        right, bottom = round((mark.box.x + mark.box.w) * scale), round((mark.box.y + mark.box.h) * scale)
        colour = colour_of(mark)
        thick = 2 if mark.outcome in (Outcome.KNOWN, Outcome.AMBIGUOUS) else 1
        cv2.rectangle(picture, (left, top), (right, bottom), colour, thick)
        if mark.words:
            _draw_tag(picture, mark.words, (left, top, bottom), colour, letters, size)


def _draw_tag(
    picture: U8, words: str, box: tuple[int, int, int], colour: Colour, letters: Lettering, size: int
) -> None:
    left, top, bottom = box
    height, width = picture.shape[:2]
    words = letters.fitted(words, size, width - 12, bold=True)
    wide, tall = letters.width(words, size, bold=True) + 10, size + 8
    x = max(min(left, width - wide), 0)
    # Above the box; below it where there is no room above.
    y = top - tall if top >= tall else min(max(bottom, 0), height - tall)
    cv2.rectangle(picture, (x, y), (x + wide, y + tall), colour, cv2.FILLED)
    letters.write(picture, words, (x + 5, y + tall - 6), size, WHITE, bold=True)
