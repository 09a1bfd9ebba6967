"""The table of what a press does, wherever it is made: read, and every cell of it acted out."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from kith.config import SceneSettings, Settings
from kith.ports import Narration, Subject
from kith.types import BoxPx, SeenObject, Survey
from tests.unit._core_kit import ANNA, BEN, KEYS, MUG, STRANGER, Life
from tests.unit.test_spoken_interface import table

PRESSES = (
    *("tap", "double", "triple", "hold", "taphold", "doublehold", "triplehold"),
    *("hold4", "hold10"),
)
CHAIR = SeenObject(label="chair", box=BoxPx(x=100, y=100, w=50, h=50), score=0.9, bearing_deg=0.0)
SEEN = Survey(objects=(CHAIR,), things=())
LOOKING = "Looking for a face to remember."
CONSENT = "May I remember this face? Double tap: yes. Tap: no."


class AtWork:
    """A narrator that takes its time."""

    def begin(self, number: int, subject: Subject, on_news: Callable[[Narration], None]) -> None:
        pass

    def cancel(self) -> None:
        pass


def words(life: Life) -> list[str]:
    return [text for _, text in life.said]


def enrolling(life: Life) -> None:
    if not life.scene:
        life.stands(7, STRANGER)
        life.live(0.5)
        life.scene.clear()
    life.press("double")
    life.live(5, until=lambda: LOOKING in words(life))
    life.quiet()
    life.live(1.5)
    life.quiet()


def asking_for_consent(life: Life) -> None:
    life.stands(7, STRANGER)
    enrolling(life)
    life.live(20, until=lambda: CONSENT in words(life))
    life.quiet()


def asking_for_a_name(life: Life) -> None:
    asking_for_consent(life)
    life.press("double")
    life.live(6, until=lambda: any(event.text == "listen" for event in life.of("sound")))
    life.live(0.5)


def in_the_book(life: Life) -> None:
    life.press("taphold")
    life.live(3)
    life.quiet()
    life.press("tap")
    life.live(1, until=lambda: words(life)[-1] == "Anna.")
    life.quiet()


def at_a_thing_in_the_book(life: Life, said: str = "keys.") -> None:
    in_the_book(life)
    for _ in range(2):
        life.press("tap")
        life.live(1)
        life.quiet()
    assert words(life)[-1] == said


def at_a_thing_to_teach_anew(life: Life) -> None:
    keys = life.gallery.thing("keys").person_id
    with closing(sqlite3.connect(life.file)) as file, file:
        file.execute("UPDATE templates SET model_id = 'objects-of-old' WHERE person_id = ?", (keys,))
    at_a_thing_in_the_book(life, "keys, to be taught anew. Double tap: teach it. Hold: forget.")


def in_doubt(life: Life) -> None:
    life.stands(1, ANNA)
    life.stands(2, BEN, distance_mm=3000)
    life.live(4)
    life.press("hold")
    life.live(4, until=lambda: any(text.startswith("Was Anna wrong") for text in words(life)))
    life.quiet()


def with_anna(life: Life) -> None:
    life.stands(1, ANNA)
    life.live(3)
    life.quiet()


def looking_around(life: Life) -> None:
    with_anna(life)
    life.survey = None
    life.press("triple")
    life.live(1.2)
    assert life.core._talk.surveying.active


def being_told(life: Life) -> None:
    life.press("doublehold")
    life.live(6, until=lambda: words(life)[-1] == "One moment.")
    life.quiet()
    assert life.core._talk.describing.active


WHERE: dict[str, Callable[[Life], None]] = {
    "a name is being asked for": asking_for_a_name,
    "enrolling: a question": asking_for_consent,
    "enrolling: looking": enrolling,
    "the book: a person": in_the_book,
    "the book: a thing": at_a_thing_in_the_book,
    "the book: a thing to be taught anew": at_a_thing_to_teach_anew,
    "which name was wrong?": in_doubt,
    "what is here: looking": looking_around,
    "a description, a reading": being_told,
    "else": with_anna,
}

HEARD = {
    "say it again": "Say the name after the tone.",
    "keep; or no name": "Remembered as person 3. No name was recorded.",
    "cancel": "Cancelled. Nothing was kept.",
    "cancel; the book": "Two people and two things are known.",
    "cancel; what is here": "A chair in front.",
    "cancel; describe": "One moment.",
    "cancel; read": "Reading.",
    "ends it; privacy": "Privacy on. The camera is closed.",
    "switches off": "Switching off.",
    "no": "Not remembered: nobody agreed.",
    "yes": "Say the name after the tone.",
    "who is here": "Nobody I know.",
    '"Looking…" again': LOOKING,
    "the book": "Two people and two things are known.",
    "next person": "Ben.",
    "next thing": "mug.",
    "tell of it unasked": "keys is told of unasked from now on.",
    "say the name anew": "Say the name after the tone.",
    "forget this one?": "for good? Double tap: yes. Tap: no.",
    "leave": "The list is closed.",
    "leave; teach it": "Hold keys up in front of the camera.",
    "leave; what is here": "A chair in front.",
    "leave; describe": "One moment.",
    "leave; read": "Reading.",
    "not that one": "Was Ben wrong?",
    "that one": "Was Ben wrong?",
    "none": "Nothing was changed.",
    "who is here, now": "Anna, ahead, two metres.",
    "remember this person, or the thing held up": LOOKING,
    "that was wrong": "Noted. That was not Anna.",
    "what is here": "A chair in front.",
    "what is here, now": "Anna, ahead, two metres. A chair in front.",
    "describe": "One moment.",
    "read": "Reading.",
    "stop": "Stopped.",
    "privacy on, off": "Privacy on. The camera is closed.",
}
"""Words of the answer."""
WHOLE = {"who is here", "who is here, now"}
"""These are the whole of it: what is here, too, begins with who is."""

CELLS = [
    (row[0], press, cell) for row in table("where") for press, cell in zip(PRESSES, row[1:], strict=True)
]


def test_every_place_is_in_the_table() -> None:
    assert [row[0] for row in table("where")] == list(WHERE)


@pytest.mark.parametrize(("where", "press", "cell"), CELLS)
def test_a_press_does_what_the_table_says(where: str, press: str, cell: str, tmp_path: Path) -> None:
    life = Life(
        tmp_path,
        people={"Anna": ANNA, "Ben": BEN},
        says=[],
        things={"keys": KEYS, "mug": MUG},
        settings=Settings(scene=SceneSettings(enabled=True)),
        describer=AtWork(),
        reader=AtWork(),
    )
    life.survey = SEEN
    life.live(3)
    WHERE[where](life)
    before = len(life.said)
    life.press(press)
    life.survey = SEEN
    life.live(13 if press == "hold10" else 6)
    answers = words(life)[before:]
    if cell in WHOLE:
        assert HEARD[cell] in answers
    else:
        assert any(HEARD[cell] in text for text in answers), answers
    if cell == "that one":
        life.press("tap")
        assert "Noted. That was not Anna." in life.hear(4)
    if cell == "not that one":
        life.press("tap")
        assert "Nothing was changed." in life.hear(4)


@pytest.mark.parametrize("where", [row[0] for row in table("where") if "the thing held up" in row[2]])
def test_where_nobody_is_in_view_a_double_tap_is_about_the_thing(where: str, tmp_path: Path) -> None:
    life = Life(tmp_path, people={"Anna": ANNA, "Ben": BEN}, things={"keys": KEYS, "mug": MUG})
    life.survey = SEEN
    life.live(3)
    WHERE[where](life)
    life.scene.clear()
    life.survey = None
    life.live(2)
    life.press("double")
    assert "No face in view. Hold a thing up in front of the camera." in life.hear(3)
