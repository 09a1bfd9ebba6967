"""In which order lines of text are read, and which of them run on. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

_COLUMN_LINES = 3
_COLUMN_ASPECT = 10.0
"""Lines of a column of running text are so many times as wide as high, and there are so many of them. What is
shorter is a table, a price list or opening hours, which are read row by row; †."""
_ROW_OVERLAP = 0.5
"""Lines beside each other share so much of the lower one's height."""
_FOLLOWS_GAP = 1.0
"""The next line of a paragraph is at most so many heights below; †."""
_SAME_HEIGHT = 1.5
"""Text of a paragraph differs in height by at most this; words without tall letters are lower."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineBox:
    """Where a line of text is once the page is upright, px: y downwards."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def height(self) -> float:
        """Of the line."""
        return self.bottom - self.top

    @property
    def width(self) -> float:
        """Of the line."""
        return self.right - self.left


def reading_order(lines: Sequence[LineBox]) -> list[int]:
    """The places of the lines in the order in which they are read: from top to bottom, a column of running
    text to its end before the next, the parts of a row from left to right."""
    return _ordered(list(range(len(lines))), lines)


def follows(line: LineBox, below: LineBox) -> bool:
    """Whether one line may be the next of the paragraph that the other belongs to: right below it, of the
    same height, beginning or ending or centred where it does."""
    height = max(line.height, below.height)
    if height > _SAME_HEIGHT * min(line.height, below.height):
        return False
    gap = below.top - line.bottom
    if gap > _FOLLOWS_GAP * height or below.top < line.top + line.height * _ROW_OVERLAP:
        return False
    return min(line.right, below.right) - max(line.left, below.left) > 0


def _ordered(places: list[int], lines: Sequence[LineBox]) -> list[int]:
    bands = _bands(places, lines)
    if all(len(band) == 1 for band in bands):
        return [place for band in bands for place in band]
    for first, last in _runs(len(bands)):
        columns = _columns([place for band in bands[first:last] for place in band], lines)
        if columns:
            before, after = bands[:first], bands[last:]
            return [
                *(place for band in before for place in _rows(band, lines)),
                *(place for column in columns for place in _ordered(column, lines)),
                *_ordered([place for band in after for place in band], lines),
            ]
    return _rows(places, lines)


def _runs(count: int) -> Iterator[tuple[int, int]]:
    """From where to where something of `count` parts may reach, the longest first."""
    for length in range(count, 0, -1):
        for first in range(count - length + 1):
            yield first, first + length


def _columns(places: list[int], lines: Sequence[LineBox]) -> list[list[int]]:
    """The lines to the left and to the right of a gap that goes all the way down; none where there is none
    between running text."""
    if len(places) < 2 * _COLUMN_LINES:
        return []
    gap = median(lines[place].height for place in places)
    by_left = sorted(places, key=lambda place: lines[place].left)
    right = lines[by_left[0]].right
    for count, place in enumerate(by_left):
        if lines[place].left - right >= gap:
            halves = [by_left[:count], by_left[count:]]
            if all(_is_running(half, lines) for half in halves):
                return halves
        right = max(right, lines[place].right)
    return []


def _is_running(places: list[int], lines: Sequence[LineBox]) -> bool:
    aspects = [lines[place].width / max(lines[place].height, 1.0) for place in places]
    return len(places) >= _COLUMN_LINES and median(aspects) >= _COLUMN_ASPECT


def _bands(places: list[int], lines: Sequence[LineBox]) -> list[list[int]]:
    """The lines from top to bottom, parted by every level that none of them crosses."""
    bands: list[list[int]] = []
    bottom = float("-inf")
    for place in sorted(places, key=lambda place: lines[place].top):
        if lines[place].top >= bottom:
            bands.append([])
        bands[-1].append(place)
        bottom = max(bottom, lines[place].bottom)
    return bands


def _rows(places: list[int], lines: Sequence[LineBox]) -> list[int]:
    rows: list[list[int]] = []
    for place in sorted(places, key=lambda place: (lines[place].top + lines[place].bottom) / 2):
        if rows and _beside(lines[rows[-1][-1]], lines[place]):
            rows[-1].append(place)
        else:
            rows.append([place])
    return [place for row in rows for place in sorted(row, key=lambda place: lines[place].left)]


def _beside(line: LineBox, other: LineBox) -> bool:
    shared = min(line.bottom, other.bottom) - max(line.top, other.top)
    apart = min(line.right, other.right) <= max(line.left, other.left)
    return apart and shared > _ROW_OVERLAP * min(line.height, other.height)
