"""The tables of descriptions and readings in `docs/spoken-interface.md`, played row by row; and what of the
code has no row."""

from __future__ import annotations

import pytest

from kith.announce.callouts import NoView
from kith.announce.sentences import LONGEST_WORDS
from kith.app import narrating
from kith.app.narrating import PICTURE_NS, WORKING_NS, NarrationKind
from kith.clock import NS_PER_S
from kith.config import ReadingSettings, SceneSettings
from kith.ports import NarrationEnd
from kith.types import Announcement, Band, Phrase, View
from kith.vision.page_words import SURE, PageWords, ReadLine, ReadWord
from tests.unit.test_narrating import Rig
from tests.unit.test_spoken_interface import DOC, table

UNSEEN: dict[str, View | NoView] = {
    "privacy is on": NoView.PAUSED,
    "there is no camera": NoView.NO_CAMERA,
    "the lens is covered": View.COVERED,
    "it is dark": View.DARK,
}
REFUSED = table("asked for while")
DESCRIBED = table("known already")
READ = table("lines")
KINDS: tuple[NarrationKind, ...] = ("scene", "read")


def asked(kind: NarrationKind, while_: str) -> list[str]:
    """What is said where it is asked for in such a case."""
    if while_ == "it is off":
        rig = Rig(kind, enabled=False)
    else:
        rig = Rig(kind, installed=while_ != "it is not installed")
    rig.begin(UNSEEN.get(while_, View.NORMAL))
    if (kind, while_) == ("read", "it is dark"):
        rig.see()
        rig.tell(end=NarrationEnd.NOTHING)
        rig.heard()
        return rig.said[1:]
    if while_ == "no picture comes":
        rig.heard()
        rig.wait(PICTURE_NS / NS_PER_S + 0.1)
        return rig.said[1:]
    return rig.said


@pytest.mark.parametrize(("while_", "described", "read"), REFUSED)
def test_why_it_cannot_be(while_: str, described: str, read: str) -> None:
    assert asked("scene", while_) == [described]
    assert asked("read", while_) == [read]


def test_every_reason_has_a_row() -> None:
    ours = ["it is off", "it is not installed", "no picture comes"]
    assert {row[0] for row in REFUSED} == {*ours, *UNSEEN}
    assert set(UNSEEN.values()) == set(narrating._UNSEEN)


@pytest.mark.parametrize(("known", "told", "end", "said"), DESCRIBED)
def test_what_is_said_of_a_description(known: str, told: str, end: str, said: str) -> None:
    rig = Rig("scene")
    if known:
        rig.known = Announcement(
            key="answer", phrase=Phrase.of(known), earcon=None, band=Band.RESPONSE, expires_ns=10**12
        )
    rig.begin()
    rig.see()
    for piece in told.split(" ¦ "):
        rig.tell(piece)
    rig.tell(end=NarrationEnd(end))
    assert rig.hear_all()[1:] == said.split(" / ")


def line_of(text: str) -> ReadLine:
    """A line as the table writes it."""
    bare = text.lstrip("+").lstrip("<").removesuffix(">")
    words = (
        ReadWord(text=word.removeprefix("~"), score=SURE - 0.01 if word.startswith("~") else SURE)
        for word in bare.split()
    )
    return ReadLine(
        words=tuple(words),
        cut_before=text.startswith("<"),
        cut_after=text.endswith(">"),
        follows=text.startswith("+"),
    )


@pytest.mark.parametrize(("lines", "read"), READ)
def test_what_is_said_of_a_text(lines: str, read: str) -> None:
    rig, page = Rig("read"), PageWords()
    rig.begin()
    rig.see()
    texts = [] if lines == "nothing" else lines.split("; ")
    for text in texts:
        rig.tell(page.line(line_of(text)))
    rig.tell(end=NarrationEnd.DONE if texts else NarrationEnd.NOTHING)
    assert rig.hear_all()[1:] == read.split(" / ")


def test_the_numbers_are_those_of_the_code() -> None:
    text = DOC.read_text(encoding="utf-8")
    described = text[text.index("## A description") : text.index("## Reading")]
    read = text[text.index("## Reading") : text.index("## The distance guard")]
    scene, reading = SceneSettings(), ReadingSettings()
    assert f"comes every {WORKING_NS // NS_PER_S} s†" in described
    assert f"after {LONGEST_WORDS} words†" in described
    assert f"At most {scene.most_words} words†" in described
    assert f"No words {scene.first_words_ms // 1000} s†" in described
    assert f"further ones for {scene.pause_ms // 1000} s†" in described
    assert f"not all in {scene.longest_ms // 1000} s†" in described
    assert f"No picture within {PICTURE_NS // NS_PER_S} s:" in described
    assert f"after {reading.longest_ms // 1000} s†" in read
    assert f"{reading.most_words} words†" in read
    assert f"({SURE}†)" in read
