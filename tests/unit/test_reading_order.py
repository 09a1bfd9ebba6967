"""In which order the lines of a page are read, and which of them run on."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kith.vision.reading_order import LineBox, follows, reading_order


def line(left: float, top: float, width: float = 200, height: float = 20) -> LineBox:
    return LineBox(left=left, top=top, right=left + width, bottom=top + height)


def column(left: float, top: float, count: int, *, width: float = 300, height: float = 20) -> list[LineBox]:
    return [line(left, top + i * 1.5 * height, width, height) for i in range(count)]


def in_any_order(lines: list[LineBox]) -> None:
    """The lines are given in reading order; they are found in it however they come."""
    for seed in range(20):
        places = list(range(len(lines)))
        random.Random(seed).shuffle(places)
        order = reading_order([lines[place] for place in places])
        assert [places[place] for place in order] == list(range(len(lines)))


def test_nothing_has_no_order() -> None:
    assert reading_order([]) == []


def test_lines_are_read_from_top_to_bottom() -> None:
    in_any_order(column(10, 10, 5))


def test_the_parts_of_a_row_are_read_from_left_to_right() -> None:
    in_any_order([line(10, 12, 100), line(150, 10, 60), line(250, 14, 60), line(10, 40, 100), line(150, 41)])


def test_opening_hours_are_read_row_by_row() -> None:
    days = column(10, 10, 4, width=160)
    hours = column(220, 12, 4, width=120)
    in_any_order([each for row in zip(days, hours, strict=True) for each in row])


def test_a_column_of_running_text_is_read_to_its_end() -> None:
    in_any_order([*column(10, 10, 6), *column(350, 14, 6)])


def test_a_heading_over_columns_is_read_before_and_a_line_below_them_after() -> None:
    in_any_order([line(10, 0, 640, 40), *column(10, 60, 4), *column(350, 60, 4), line(10, 200, 640)])


def test_text_in_larger_letters_beside_a_column_keeps_to_its_row() -> None:
    in_any_order([line(10, 10, 40, 60), line(80, 20, 300, 20), line(80, 45, 300, 20)])


def test_boxes_that_overlap_are_two_lines_and_not_a_row() -> None:
    in_any_order([line(30, 10), line(10, 19)])


@pytest.mark.parametrize(
    ("below", "runs_on"),
    [
        (line(10, 36), True),
        (line(60, 36, 100), True),  # centred
        (line(10, 24), True),
        (line(10, 36, 200, 13), False),  # smaller letters
        (line(10, 60), False),  # too far below
        (line(300, 36), False),  # beside
        (line(230, 10), False),  # of the same row
        (line(10, -30), False),  # above
    ],
)
def test_a_paragraph_runs_on_right_below(below: LineBox, runs_on: bool) -> None:
    assert follows(line(10, 10), below) is runs_on


BOXES = st.builds(
    line,
    st.floats(-50, 600),
    st.floats(-50, 400),
    st.floats(1, 600),
    st.floats(1, 100),
)


@given(lines=st.lists(BOXES, max_size=30))
def test_every_line_is_read_once(lines: list[LineBox]) -> None:
    assert sorted(reading_order(lines)) == list(range(len(lines)))
