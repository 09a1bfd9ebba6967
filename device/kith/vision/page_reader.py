"""Reads all text in a picture, line by line in the order in which it is meant to be read. Imported only where
text is read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np

from kith.types import U8
from kith.vision.page_words import SURE, PageWords, ReadLine, ReadWord
from kith.vision.reading_order import LineBox, follows, reading_order
from kith.vision.text_finder import TextLine

_LINEAR = 2.0
"""What is so many times as long as high shows which way it runs; a single letter does not."""
_ASKEW_DEG = 45.0
_UPRIGHT = 0.9
_TELLING = 4
"""Where one of the largest lines has so many letters and is read so well, the page stands upright; else it is
also tried on its head. Fewer may well read either way up: 10, NO, 69."""
_TRIED = 3
"""So many of the largest lines tell which way up the page is."""
_EDGE = 0.02
"""A line whose box ends so many of its heights beyond the picture's edge goes on there: 60 of 64 lines that
did were taken for such, and none of 48 that ended 0.3 heights or more before it."""
_LEGIBLE = 0.4
"""What reads worse than this on the average is taken for a pattern, as bricks and coins make, and passed over
in silence."""
_LONE_SURE = 0.8
_LONE_SIDE = 0.33
"""A letter alone must be surer, and no higher than so much of the picture: whatever is round is an O."""
_LOWEST_PX = 5.0
"""What is lower cannot be read, and is not there."""


class Reads(Protocol):
    """`TextReader`."""

    def read(self, rgb: U8, line: TextLine) -> list[ReadWord]:
        """The words of a line."""


def read_page(rgb: U8, found: Sequence[TextLine], reader: Reads) -> Iterator[str]:
    """The text in a picture u8[H, W, 3] by the lines that `TextFinder` found, in pieces to be put together,
    each as soon as its line is read: a line ends with a line break where no paragraph runs on."""
    reader = _Once(reader)
    lines = _upright(rgb, [line for line in found if line.height >= _LOWEST_PX], reader)
    boxes = [_box(line) for line in lines]
    page, above = PageWords(), None
    for place in reading_order(boxes):
        line, words = _read(rgb, lines[place], reader)
        if not _is_text(line, words, min(rgb.shape[:2])):
            continue
        before, after = _cut(line, rgb.shape[1], rgb.shape[0])
        runs_on = above is not None and follows(boxes[above], boxes[place])
        if piece := page.line(
            ReadLine(words=tuple(words), cut_before=before, cut_after=after, follows=runs_on)
        ):
            yield piece
        above = place


class _Once:
    """Reads no line twice."""

    def __init__(self, reader: Reads) -> None:
        self._reader = reader
        self._read: dict[TextLine, list[ReadWord]] = {}

    def read(self, rgb: U8, line: TextLine) -> list[ReadWord]:
        """See `Reads.read`."""
        if line not in self._read:
            self._read[line] = self._reader.read(rgb, line)
        return self._read[line]


def _upright(rgb: U8, lines: Sequence[TextLine], reader: Reads) -> list[TextLine]:
    """The lines with the direction in which each is read."""
    page_deg = _page_deg(lines)
    aligned = [_aligned(line, page_deg) for line in lines]
    largest = sorted(aligned, key=lambda line: -line.length * line.height)[:_TRIED]
    if any(_is_upright(reader.read(rgb, line)) for line in largest):
        return aligned
    upright = [_sureness(reader.read(rgb, line)) for line in largest]
    turned = [_sureness(reader.read(rgb, _turned(line, 180.0))) for line in largest]
    return [_turned(line, 180.0) for line in aligned] if sum(turned) > sum(upright) else aligned


def _is_upright(words: Sequence[ReadWord]) -> bool:
    return sum(len(word.text) for word in words) >= _TELLING and _sureness(words) >= _UPRIGHT


def _read(rgb: U8, line: TextLine, reader: Reads) -> tuple[TextLine, list[ReadWord]]:
    """The words of a line, and the way in which it is read: one across the page may run either way."""
    words = reader.read(rgb, line)
    if _sureness(words) >= SURE:
        return line, words
    turned = _turned(line, 180.0)
    others = reader.read(rgb, turned)
    return (turned, others) if _sureness(others) > max(SURE, _sureness(words)) else (line, words)


def _is_text(line: TextLine, words: Sequence[ReadWord], side_px: int) -> bool:
    """Whether there is any text at all, be it well read or not."""
    sureness = _sureness(words)
    if sum(len(word.text) for word in words) == 1:
        return sureness >= _LONE_SURE and line.height <= _LONE_SIDE * side_px
    return sureness >= _LEGIBLE


def _page_deg(lines: Sequence[TextLine]) -> float:
    """The direction of most text, -90 to 90."""
    linear = sorted((line.angle_deg, line.length) for line in lines if line.length >= _LINEAR * line.height)
    if not linear:
        return 0.0
    angles, lengths = zip(*linear, strict=True)
    upright = sum(length for angle, length in linear if abs(angle) <= _ASKEW_DEG)
    if upright < sum(lengths) / 2:
        # On its side: two directions that look far apart, such as -89 and 89, are nearly one.
        turned = sorted((angle % 180.0, length) for angle, length in linear)
        angles, lengths = zip(*turned, strict=True)
    middle = int(np.searchsorted(np.cumsum(lengths), sum(lengths) / 2))
    return float((angles[middle] + 90.0) % 180.0 - 90.0)


def _aligned(line: TextLine, page_deg: float) -> TextLine:
    """A line that shows no direction of its own has that of the page; else its own, the nearer way round."""
    if line.length < _LINEAR * line.height:
        askew = (line.angle_deg - page_deg + 45.0) % 180.0 - 45.0
        if askew > _ASKEW_DEG:
            line = replace(_turned(line, -90.0), length=line.height, height=line.length)
    return _turned(line, 180.0) if _apart_deg(line.angle_deg, page_deg) > 90.0 else line


def _apart_deg(one: float, other: float) -> float:
    return abs((one - other + 180.0) % 360.0 - 180.0)


def _turned(line: TextLine, by_deg: float) -> TextLine:
    return replace(line, angle_deg=(line.angle_deg + by_deg + 180.0) % 360.0 - 180.0)


def _sureness(words: Sequence[ReadWord]) -> float:
    """How sure the letters are on the average: a line on its head reads as a few letters that it is not."""
    letters = sum(len(word.text) for word in words)
    return sum(len(word.text) * word.score for word in words) / letters if letters else 0.0


def _box(line: TextLine) -> LineBox:
    """Where a line is once the page is turned upright by the line's own direction."""
    along = line.direction
    x = line.x * along[0] + line.y * along[1]
    y = line.y * along[0] - line.x * along[1]
    return LineBox(
        left=float(x - line.length / 2),
        top=float(y - line.height / 2),
        right=float(x + line.length / 2),
        bottom=float(y + line.height / 2),
    )


def _cut(line: TextLine, width: int, height: int) -> tuple[bool, bool]:
    """Whether a line goes on beyond the picture's edge, before its beginning and after its end."""
    reach = line.length / 2 - _EDGE * line.height
    before, after = (np.array([line.x, line.y]) + side * line.direction * reach for side in (-1, 1))
    return _outside(before, width, height), _outside(after, width, height)


def _outside(point: np.ndarray, width: int, height: int) -> bool:
    return not (0 <= point[0] <= width and 0 <= point[1] <= height)
