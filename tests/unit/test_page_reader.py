"""A page read line by line, whichever way up it is. The networks are played by the test."""

from __future__ import annotations

import numpy as np
import pytest

from kith.types import U8
from kith.vision.page_reader import read_page
from kith.vision.page_words import ReadWord
from kith.vision.text_finder import TextLine

WIDTH, HEIGHT = 640, 480
RGB = np.zeros((HEIGHT, WIDTH, 3), np.uint8)


class Page:
    """Lines that are written somewhere, on a page that lies turned by an angle. A reader who looks at one in
    another direction than it was written in reads a little, badly."""

    def __init__(self, turned_deg: float = 0.0, score: float = 0.99) -> None:
        self._turned_deg, self._score = turned_deg, score
        self._written: list[tuple[TextLine, str]] = []
        self.reads: list[str] = []

    def write(self, text: str, x: float, y: float, *, length: float = 100, height: float = 20) -> None:
        """x, y: of its middle, from the page's own, along and across its lines."""
        angle = np.radians(self._turned_deg)
        self._written.append(
            (
                TextLine(
                    x=WIDTH / 2 + x * np.cos(angle) - y * np.sin(angle),
                    y=HEIGHT / 2 + x * np.sin(angle) + y * np.cos(angle),
                    length=length,
                    height=height,
                    angle_deg=self._turned_deg,
                    score=1.0,
                ),
                text,
            )
        )

    def find(self) -> list[TextLine]:
        """As the finder has them: it cannot tell which way up they are, nor turn what is as long as high."""
        found = []
        for line, _ in self._written:
            length, height, angle = line.length, line.height, line.angle_deg
            if height > length:
                length, height, angle = height, length, angle - 90.0
            found.append(
                TextLine(
                    x=line.x,
                    y=line.y,
                    length=length,
                    height=height,
                    angle_deg=(angle + 90.0) % 180.0 - 90.0,
                    score=1.0,
                )
            )
        return found[::-1]

    def read(self, rgb: U8, line: TextLine) -> list[ReadWord]:
        written, text = min(self._written, key=lambda each: abs(each[0].x - line.x) + abs(each[0].y - line.y))
        self.reads.append(text)
        askew = abs((written.angle_deg - line.angle_deg + 180.0) % 360.0 - 180.0)
        if askew > 10.0:
            return [ReadWord(text="nq", score=0.25)]
        return [ReadWord(text=word, score=self._score) for word in text.split()]

    def told(self) -> str:
        return "".join(read_page(RGB, self.find(), self))


def notice(turned_deg: float) -> Page:
    page = Page(turned_deg)
    page.write("Lift out of order", 0, -50, length=180)
    page.write("Please use", -60, 0)
    page.write("the stairs", -60, 24)
    page.write("2", 60, 10, length=18, height=22)
    page.write("Thank you", 0, 70)
    return page


@pytest.mark.parametrize("turned_deg", [0, 8, -15, 40, 88, 90, -90, -85, 135, 170, 180, -179])
def test_a_page_is_read_whichever_way_up_it_is(turned_deg: float) -> None:
    assert notice(turned_deg).told() == "Lift out of order\nPlease use\n2\nthe stairs\nThank you"


def test_a_page_that_stands_upright_is_not_tried_on_its_head() -> None:
    page = notice(0)
    page.told()
    assert len(page.reads) == 5


def test_a_number_that_reads_either_way_does_not_tell_which_way_up_the_page_is() -> None:
    page = Page(180)
    page.write("1001", 0, -60, length=300, height=60)
    page.write("10", 0, 0, length=200, height=60)
    page.write("Way out", 0, 70)

    class Ambigrams:
        """Numbers of ones and noughts are the same on their heads."""

        def read(self, rgb: U8, line: TextLine) -> list[ReadWord]:
            words = page.read(rgb, line)
            return [ReadWord(text="01", score=0.99)] if page.reads[-1] == "10" else words

    assert "".join(read_page(RGB, page.find(), Ambigrams())).endswith("Way out")


def test_each_line_is_told_as_soon_as_it_is_read() -> None:
    page = notice(0)
    pieces = read_page(RGB, page.find(), page)
    assert next(pieces) == "Lift out of order"
    assert page.reads == ["Lift out of order"]


def test_a_paragraph_runs_on() -> None:
    page = Page()
    page.write("This is the first line", 0, 0, length=220)
    page.write("of a paragraph.", -30, 24, length=160)
    assert page.told() == "This is the first line of a paragraph."


@pytest.mark.parametrize("across_deg", [-90, 90, -80, 95])
def test_a_line_that_runs_across_the_page_keeps_its_own_direction(across_deg: float) -> None:
    page, spine = notice(0), Page(across_deg)
    spine.write("Volume 4", 0, 250)
    page._written += spine._written
    assert sorted(page.told().split("\n")) == [
        "2",
        "Lift out of order",
        "Please use",
        "Thank you",
        "Volume 4",
        "the stairs",
    ]


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (-320 + 50 - 3, "cut off, Way out"),
        (-320 + 50 + 6, "Way out"),
        (320 - 50 + 3, "Way out, cut off"),
        (320 - 50 - 6, "Way out"),
    ],
)
def test_what_goes_on_beyond_the_edge_is_marked(x: float, text: str) -> None:
    page = Page()
    page.write("Way out", x, 0)
    assert page.told() == text


def test_on_its_head_a_line_is_cut_off_where_it_is() -> None:
    page = Page(180)
    page.write("Way out", 320 - 50 + 3, 0)
    assert page.told() == "Way out, cut off"


@pytest.mark.parametrize(
    ("text", "height", "score", "told"),
    [
        ("8", 40, 0.85, "8"),
        ("8", 40, 0.75, ""),
        ("O", 300, 0.99, ""),
        ("OO", 20, 0.7, "OO"),
        ("OO", 20, 0.5, "something unclear"),
        ("OO", 20, 0.3, ""),
    ],
)
def test_a_pattern_is_passed_over(text: str, height: float, score: float, told: str) -> None:
    page = Page(score=score)
    page.write(text, 0, 0, length=max(100, height), height=height)
    assert page.told() == told


def test_specks_and_an_empty_page_are_nothing() -> None:
    page = Page()
    assert page.told() == ""
    page.write("dust", 0, 0, height=4)
    assert page.told() == ""
