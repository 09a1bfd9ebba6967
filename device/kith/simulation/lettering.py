"""Text on pictures, with nothing but OpenCV: its own outline font from version 5 on, its line font before."""

from __future__ import annotations

import unicodedata
from typing import Any

import cv2

from kith.types import U8

Colour = tuple[int, int, int]
"""Blue, green, red."""

_HERSHEY_HEIGHT_PX = 30.0
_REGULAR, _BOLD = 400, 650


class Lettering:
    """Writes and measures text. Sizes are in pixels, of the outline font's line."""

    def __init__(self) -> None:
        kind: Any = getattr(cv2, "FontFace", None)
        self._outline = kind("sans") if kind is not None else None

    def write(
        self, picture: U8, text: str, at: tuple[int, int], size: int, colour: Colour, *, bold: bool = False
    ) -> None:
        """Put text into a picture (bgr) in place; `at` is the left end of its baseline."""
        if self._outline is not None:
            cv2.putText(picture, text, at, colour, self._outline, size, _BOLD if bold else _REGULAR)
        else:
            scale = size / _HERSHEY_HEIGHT_PX
            thick = _strokes(size, bold)
            cv2.putText(
                picture, _plain(text), at, cv2.FONT_HERSHEY_SIMPLEX, scale, colour, thick, cv2.LINE_AA
            )

    def width(self, text: str, size: int, *, bold: bool = False) -> int:
        """How wide a text comes out, px."""
        if not text:
            return 0
        if self._outline is not None:
            weight = _BOLD if bold else _REGULAR
            return int(cv2.getTextSize((0, 0), text, (0, 0), self._outline, size, weight)[2])
        scale = size / _HERSHEY_HEIGHT_PX
        return int(cv2.getTextSize(_plain(text), cv2.FONT_HERSHEY_SIMPLEX, scale, _strokes(size, bold))[0][0])

    def fitted(self, text: str, size: int, widest: int, *, bold: bool = False) -> str:
        """The text, or as much of its beginning as fits, with an ellipsis."""
        if self.width(text, size, bold=bold) <= widest:
            return text
        fits, too_long = 0, len(text)
        while too_long - fits > 1:
            middle = (fits + too_long) // 2
            if self.width(text[:middle].rstrip() + "…", size, bold=bold) <= widest:
                fits = middle
            else:
                too_long = middle
        return text[:fits].rstrip() + "…" if fits else ""

    def wrapped(self, text: str, size: int, widest: int, lines: int) -> list[str]:
        """The text broken at spaces into at most so many lines; the last is cut short if need be."""
        words = text.split()
        broken: list[str] = []
        while words and len(broken) < lines - 1:
            count = 1
            while count < len(words) and self.width(" ".join(words[: count + 1]), size) <= widest:
                count += 1
            broken.append(self.fitted(" ".join(words[:count]), size, widest))
            words = words[count:]
        return [*broken, self.fitted(" ".join(words), size, widest)] if words else broken


def _strokes(size: int, bold: bool) -> int:
    # Small letters of double strokes run into each other.
    return 2 if bold and size >= 18 else 1


def _plain(text: str) -> str:
    """What the line font can draw: accents are dropped, the ellipsis is spelt out."""
    spelt = unicodedata.normalize("NFKD", text.replace("…", "..."))
    kept = "".join(letter for letter in spelt if not unicodedata.combining(letter))
    return kept.encode("ascii", "replace").decode("ascii")
