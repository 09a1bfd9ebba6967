"""A picture put into words aloud: what is said when, and what ends it. The narrator is played by the test."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from kith.announce.callouts import NoView
from kith.announce.words import LINES, REASONS, Phrasebook
from kith.app.events import Event
from kith.app.narrating import (
    LATE_NS,
    PICTURE_NS,
    WORKING_NS,
    Narrating,
    NarratingParts,
    NarrationKind,
    Shown,
)
from kith.app.prompts import Prompts
from kith.app.reporter import Reporter
from kith.app.surroundings import Surroundings
from kith.clock import NS_PER_S
from kith.config import AnnounceSettings, ReadingSettings, SceneSettings, Settings
from kith.ports import Narration, NarrationEnd, Narrator, Subject
from kith.types import (
    Announcement,
    Band,
    Earcon,
    Gesture,
    Phrase,
    Picture,
    PlaybackResult,
    Recorded,
    Sighting,
    Spoken,
    View,
    Want,
)
from tests.unit._core_kit import Life

RGB = np.zeros((4, 4, 3), np.uint8)
PICTURE = Picture(rgb=RGB, faces=())
KINDS: tuple[NarrationKind, ...] = ("scene", "read")


class Teller:
    """A narrator whose news the test makes."""

    def __init__(self) -> None:
        self.begun: list[tuple[int, Subject]] = []
        self.cancelled = 0

    def begin(self, number: int, subject: Subject, on_news: Callable[[Narration], None]) -> None:
        self.begun.append((number, subject))

    def cancel(self) -> None:
        self.cancelled += 1


@dataclass
class World:
    """What there is around it."""

    wants: frozenset[Want] = frozenset({Want.HELD})
    cues: list[Earcon] = field(default_factory=list)

    def cue(self, earcon: Earcon) -> None:
        self.cues.append(earcon)

    def post(self, news: Narration) -> None:
        raise AssertionError("the test tells the news itself")


class Rig:
    """One conversation; what is submitted plays until the test ends it."""

    def __init__(self, kind: NarrationKind = "scene", *, installed: bool = True, **settings: Any) -> None:
        self.kind, self.world, self.teller = kind, World(), Teller()
        self.want = Want.PICTURE if kind == "scene" else Want.FRAME
        self.now_ns = 0
        self.playing: Announcement | None = None
        self.contact_ns: int | None = None
        self.said: list[str] = []
        self.events: list[Event] = []
        self.known: Announcement | None = None
        self.shown = Shown(subject=Subject(rgb=RGB))
        around = cast(Surroundings, SimpleSurroundings(self.world))
        limits = (
            SceneSettings(**{"enabled": True, **settings}) if kind == "scene" else ReadingSettings(**settings)
        )
        self.talk = Narrating(
            kind,
            limits,
            NarratingParts(
                narrator=cast(Narrator, self.teller) if installed else None,
                around=around,
                ear=self,
                prompts=Prompts(Phrasebook(AnnounceSettings()), self._submit),
                report=Reporter(self.events.append, cast(Any, None)),
                numbers=itertools.count(1),
                want=self.want,
                show=lambda seen: None if seen.picture is None and seen.rgb is None else self.shown,
                known=lambda now_ns: self.known,
            ),
        )

    def _submit(self, announcement: Announcement, now_ns: int) -> None:
        cut, self.playing = self.playing, announcement
        self.said.append(announcement.phrase.text if announcement.phrase else "")
        if cut is not None:
            self.talk.ended(cut, PlaybackResult.INTERRUPTED, now_ns)

    def heard(self, result: PlaybackResult | None = PlaybackResult.COMPLETED) -> None:
        """What plays is over."""
        over, self.playing = self.playing, None
        assert over is not None
        self.talk.ended(over, result, self.now_ns)

    def hear_all(self) -> list[str]:
        while self.playing is not None:
            self.heard()
        return self.said

    def begin(self, view: View | NoView = View.NORMAL) -> None:
        self.talk.begin(view, self.now_ns)

    def see(self, *, shows: bool = True, taken_ns: int | None = None) -> None:
        at_ns = self.now_ns if taken_ns is None else taken_ns
        sighting = Sighting(
            seq=0,
            captured_ns=at_ns,
            width_px=4,
            height_px=4,
            view=View.NORMAL,
            faces=(),
            rgb=RGB if shows and self.kind == "read" else None,
            picture=PICTURE if shows and self.kind == "scene" else None,
        )
        self.talk.saw(sighting, self.now_ns)

    def tell(self, text: str = "", end: NarrationEnd | None = None, number: int | None = None) -> None:
        number = self.teller.begun[-1][0] if number is None else number
        self.talk.told(Narration(number=number, text=text, end=end), self.now_ns)

    def wait(self, seconds: float) -> None:
        until_ns = self.now_ns + round(seconds * NS_PER_S)
        while (due_ns := self.talk.next_deadline_ns) is not None and due_ns <= until_ns:
            self.now_ns = max(self.now_ns, due_ns)
            self.talk.tick(self.now_ns)
            later_ns = self.talk.next_deadline_ns
            assert later_ns is None or later_ns > self.now_ns, "it wants the same tick again"
        self.now_ns = until_ns

    def under_way(self) -> None:
        """A narrator is at work, and the first line was heard."""
        self.begin()
        self.see()
        self.heard()


class SimpleSurroundings:
    def __init__(self, world: World) -> None:
        self.perception = self.player = self.runner = world


def line(key: str, reason: str = "") -> str:
    return LINES[key].text.replace("{reason}", REASONS.get(reason, ""))


def notice(text: str) -> Announcement:
    return Announcement(
        key="battery", phrase=Phrase.of(text), earcon=None, band=Band.NOTICE, expires_ns=10**12
    )


# --- how it begins -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_one_picture_is_asked_for_and_shown_once(kind: NarrationKind) -> None:
    rig = Rig(kind)
    rig.begin()
    assert rig.said == [line(f"{kind}.begin")]
    assert rig.world.wants == {Want.HELD, rig.want}
    rig.see(shows=False)
    assert rig.teller.begun == []
    rig.see()
    rig.see()
    assert [subject.rgb is RGB for _, subject in rig.teller.begun] == [True]
    assert rig.world.wants == {Want.HELD}
    assert rig.talk.active
    assert rig.talk.waits


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_that_an_earlier_press_had_asked_for_is_not_shown(kind: NarrationKind) -> None:
    """Finding every face in it takes seconds on a small board, and the wearer may have turned meanwhile."""
    rig = Rig(kind)
    rig.begin()
    taken_ns = rig.now_ns
    rig.talk.cancel(rig.now_ns)
    rig.wait(1.0)
    rig.begin()
    rig.see(taken_ns=taken_ns)
    assert rig.teller.begun == []
    assert rig.world.wants == {Want.HELD, rig.want}
    rig.see()
    assert len(rig.teller.begun) == 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("view", "reason"),
    [
        (NoView.PAUSED, "paused"),
        (NoView.NO_CAMERA, "no_camera"),
        (View.COVERED, "covered"),
        (View.DARK, "too_dark"),
    ],
)
def test_what_cannot_be_seen_is_said_at_once(kind: NarrationKind, view: View | NoView, reason: str) -> None:
    if (kind, view) == ("read", View.DARK):
        return  # text is looked for in the dark all the same
    rig = Rig(kind)
    rig.begin(view)
    assert rig.said == [line(f"{kind}.refused", reason)]
    assert not rig.talk.active
    assert rig.world.wants == {Want.HELD}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_off_or_not_installed_is_said_at_once(kind: NarrationKind) -> None:
    off, missing = Rig(kind, enabled=False), Rig(kind, installed=False)
    off.begin()
    missing.begin()
    assert off.said == [line(f"{kind}.off")]
    assert missing.said == [line(f"{kind}.refused", "missing")]
    assert not off.talk.active
    assert not missing.talk.active


@pytest.mark.parametrize("end", [NarrationEnd.DONE, NarrationEnd.NOTHING])
def test_in_the_dark_text_is_looked_for_and_none_is_no_surprise(end: NarrationEnd) -> None:
    for text, said in [("Way out\n", "Way out"), ("", line("read.refused", "too_dark"))]:
        rig = Rig("read")
        rig.begin(View.DARK)
        rig.see()
        rig.tell(text, end=end)
        assert rig.hear_all()[1:] == [said]


def test_a_camera_that_is_still_starting_is_waited_for() -> None:
    rig = Rig()
    rig.begin(NoView.STARTING)
    rig.see()
    assert len(rig.teller.begun) == 1


def test_a_camera_that_gives_no_picture_is_given_up() -> None:
    rig = Rig()
    rig.begin()
    rig.heard()
    rig.wait(PICTURE_NS / NS_PER_S - 0.1)
    assert rig.talk.active
    rig.wait(0.2)
    assert rig.said[-1] == line("scene.refused", "no_camera")
    assert not rig.talk.active
    assert rig.world.wants == {Want.HELD}


# --- what is said ------------------------------------------------------------------------------------------


def test_sentences_are_said_one_after_the_other_as_they_come() -> None:
    rig = Rig()
    rig.begin()
    rig.see()
    rig.tell("A chair on the left. A ")
    assert rig.said == ["One moment."]
    rig.heard()
    assert rig.said[-1] == "A chair on the left."
    rig.tell("table.")
    rig.tell(" A lamp.", NarrationEnd.DONE)
    assert len(rig.said) == 2
    rig.heard()
    assert rig.said[-1] == "A table."
    rig.heard()
    rig.heard()
    assert rig.said == ["One moment.", "A chair on the left.", "A table.", "A lamp."]
    assert not rig.talk.active
    assert rig.teller.cancelled == 0


def test_who_is_known_is_said_before_the_narrator_says_anything() -> None:
    rig = Rig()
    rig.known = Announcement(
        key="answer", phrase=Phrase.of("Anna, left."), earcon=None, band=Band.RESPONSE, expires_ns=10**12
    )
    rig.begin()
    rig.see()
    rig.tell("A chair.", NarrationEnd.DONE)
    assert rig.hear_all() == ["One moment.", "Anna, left.", "A chair."]


def test_names_take_the_place_of_marks() -> None:
    rig = Rig()
    recording = Recorded(text="Anna", path=cast(Any, "anna.wav"))
    rig.shown = Shown(subject=Subject(rgb=RGB), named=lambda sentence: (recording, Spoken(text=sentence[8:])))
    rig.under_way()
    rig.tell("Person 1 sits. ")
    assert rig.playing is not None
    assert rig.playing.phrase is not None
    assert rig.playing.phrase.parts == (recording, Spoken(text=" sits."))


def test_a_notice_between_two_sentences_is_heard_to_its_end() -> None:
    rig = Rig()
    rig.under_way()
    rig.tell("One. Two. ")
    fault = notice("The battery is low.")
    over, rig.playing = rig.playing, fault  # as the arbiter does when the first sentence ends
    assert over is not None
    rig.talk.ended(over, PlaybackResult.COMPLETED, 0)
    assert rig.said[-1] == "One."
    rig.heard()
    assert rig.said[-1] == "Two."


def test_a_greeting_that_it_cuts_off_does_not_end_it() -> None:
    rig = Rig()
    rig.playing = notice("Kith is ready.")
    rig.begin()
    assert rig.said == ["One moment."]
    assert rig.talk.active


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("end", [end for end in NarrationEnd if end is not NarrationEnd.DONE])
def test_why_there_was_nothing_is_said(kind: NarrationKind, end: NarrationEnd) -> None:
    rig = Rig(kind)
    rig.under_way()
    rig.tell(end=end)
    nothing = kind == "read" and end is NarrationEnd.NOTHING
    assert rig.said[-1] == (line("read.nothing") if nothing else line(f"{kind}.refused", end.value))
    assert not rig.talk.active


@pytest.mark.parametrize("kind", KINDS)
def test_an_end_without_a_word_is_nothing(kind: NarrationKind) -> None:
    rig = Rig(kind)
    rig.under_way()
    rig.tell(" \n ", end=NarrationEnd.DONE)
    assert rig.said[-1] == (line("read.nothing") if kind == "read" else line("scene.refused", "nothing"))


@pytest.mark.parametrize("kind", KINDS)
def test_what_broke_off_is_said_after_the_words_that_came(kind: NarrationKind) -> None:
    rig = Rig(kind)
    rig.under_way()
    rig.tell("A chair. A ta")
    rig.tell(end=NarrationEnd.UNREACHABLE)
    rig.heard()
    assert rig.hear_all()[-3:] == ["A chair.", "A", line(f"{kind}.broke_off", "unreachable")]


def test_no_more_words_than_wanted_and_the_narrator_is_stopped() -> None:
    rig = Rig("read", most_words=10)
    rig.under_way()
    rig.tell("One two three four five six seven.\nEight nine ten eleven.\nTwelve.\n")
    assert rig.teller.cancelled == 1
    rig.tell("Thirteen.\n")
    assert rig.hear_all()[1:] == ["One two three four five six seven.", line("read.more")]
    assert not rig.talk.active


def test_a_narrator_that_never_ends_is_given_up_with_what_it_said() -> None:
    rig = Rig(longest_ms=5000)
    rig.under_way()
    rig.tell("A chair. A tab")
    rig.heard()
    rig.wait(5 + LATE_NS / NS_PER_S + 1)
    assert rig.hear_all()[-3:] == ["A chair.", "A", line("scene.broke_off", "took_too_long")]
    assert rig.teller.cancelled == 1


# --- while nothing is heard --------------------------------------------------------------------------------


def test_it_sounds_while_nothing_is_heard() -> None:
    rig = Rig()
    rig.begin()
    rig.see()
    rig.wait(5)
    assert rig.world.cues == []  # "One moment." is still being said
    rig.heard()
    rig.wait(2 * WORKING_NS / NS_PER_S + 0.1)
    assert rig.world.cues == [Earcon.WORKING] * 2
    rig.tell("A chair. ")
    rig.wait(5)
    assert len(rig.world.cues) == 2
    rig.heard()
    rig.wait(WORKING_NS / NS_PER_S + 0.1)
    assert len(rig.world.cues) == 3
    rig.tell(end=NarrationEnd.DONE)
    assert rig.talk.next_deadline_ns is None


# --- what ends it ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("result", [PlaybackResult.INTERRUPTED, PlaybackResult.FAILED, None])
def test_a_sentence_that_is_cut_off_is_the_last(result: PlaybackResult | None) -> None:
    rig = Rig()
    rig.under_way()
    rig.tell("One. Two. ")
    rig.heard(result)
    assert rig.said[-1] == "One."
    assert not rig.talk.active
    assert rig.teller.cancelled == 1
    rig.tell("Three. ", NarrationEnd.DONE)
    assert rig.said[-1] == "One."


def test_a_notice_that_is_cut_off_ends_it_too() -> None:
    rig = Rig()
    rig.under_way()
    rig.playing = notice("The battery is low.")
    rig.heard(PlaybackResult.INTERRUPTED)
    assert not rig.talk.active
    assert rig.teller.cancelled == 1


@pytest.mark.parametrize("gesture", [Gesture.TAP, Gesture.DOUBLE, Gesture.HOLD_1S])
def test_a_press_in_the_silence_stops_it(gesture: Gesture) -> None:
    rig = Rig()
    rig.under_way()
    assert rig.talk.gesture(gesture, 0)
    assert rig.said[-1] == line("scene.stopped")
    assert not rig.talk.active
    assert rig.teller.cancelled == 1


@pytest.mark.parametrize("gesture", [Gesture.TAP_HOLD, Gesture.TRIPLE, Gesture.DOUBLE_HOLD, Gesture.HOLD_4S])
def test_a_press_that_means_something_of_its_own_is_left_to_others(gesture: Gesture) -> None:
    rig = Rig()
    rig.under_way()
    assert not rig.talk.gesture(gesture, 0)


def test_cancelled_before_the_picture_nobody_is_shown_one() -> None:
    rig = Rig()
    rig.begin()
    rig.talk.cancel(0)
    assert rig.world.wants == {Want.HELD}
    rig.see()
    assert rig.teller.begun == []
    assert rig.said == ["One moment."]


def test_news_of_an_earlier_narration_means_nothing() -> None:
    rig = Rig()
    rig.under_way()
    rig.talk.cancel(0)
    rig.under_way()
    rig.tell("Old. ", NarrationEnd.DONE, number=1)
    assert rig.said[-1] == "One moment."
    assert rig.talk.active


def test_it_begins_anew_as_if_there_had_been_none() -> None:
    rig = Rig("read", most_words=10)
    for _ in range(2):
        rig.under_way()
        rig.tell("One two three four five six.\n", NarrationEnd.DONE)
        rig.hear_all()
    assert rig.said == ["Reading.", "One two three four five six."] * 2
    assert [number for number, _ in rig.teller.begun] == [1, 2]


def test_what_is_told_of_it_holds_no_words_of_it() -> None:
    rig = Rig("read")
    rig.under_way()
    rig.tell("A secret.\n", NarrationEnd.DONE)
    rig.hear_all()
    assert [(event.kind, event.text) for event in rig.events] == [("narration", "read")]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("by", ["words", "time"])
def test_a_contact_that_begins_while_nothing_is_said_ends_it(kind: NarrationKind, by: str) -> None:
    """Else a description would begin to be told while the buzzer warns of a wall."""
    rig = Rig(kind)
    rig.begin()
    rig.see()
    rig.heard()
    rig.wait(1.0)
    rig.contact_ns = rig.now_ns
    said = len(rig.said)
    if by == "words":
        rig.tell("A chair. A door. ")
    else:
        rig.wait(WORKING_NS / NS_PER_S)
    assert len(rig.said) == said
    assert rig.world.cues == []
    assert not rig.talk.active
    assert rig.teller.cancelled == 1


@pytest.mark.parametrize("kind", KINDS)
def test_one_that_began_before_the_press_does_not(kind: NarrationKind) -> None:
    """A label is read at arm's length from the shelf."""
    rig = Rig(kind)
    rig.contact_ns = rig.now_ns
    rig.wait(1.0)
    rig.begin()
    rig.see()
    rig.heard()
    rig.tell("Tea. Milk. ")
    assert rig.said[-1] == "Tea."


# --- with all of the core around it ------------------------------------------------------------------------


def test_only_for_a_description_every_face_is_searched_for(tmp_path: Path) -> None:
    describer, reader = Teller(), Teller()
    life = Life(
        tmp_path,
        settings=Settings(scene=SceneSettings(enabled=True)),
        describer=cast(Narrator, describer),
        reader=cast(Narrator, reader),
    )
    life.live(3)

    def wanted(press: str) -> set[Want]:
        life.press(press)
        wants: set[Want] = set()
        for _ in range(500):
            life.live(0.01)
            wants |= life.eyes.wants
        return wants

    assert wanted("doublehold") == {Want.PICTURE}
    assert wanted("triplehold") == {Want.FRAME}
    assert [subject.hide for _, subject in describer.begun] == [()]
    assert [subject.hide for _, subject in reader.begun] == [None]
