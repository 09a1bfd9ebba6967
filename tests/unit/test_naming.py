"""A name that is said, kept, said again, not said, or broken off."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kith.clock import Tick
from kith.config import NamingSettings, QuestionSettings
from kith.interaction.messages import (
    AskForName,
    Cancel,
    Capture,
    Captured,
    CloseMicrophone,
    Line,
    MicrophoneGone,
    MicrophoneReady,
    NameGiven,
    NamingCommand,
    NamingEvent,
    OpenMicrophone,
    PromptEnded,
    Say,
)
from kith.interaction.naming import TAKE_TEXT, Naming
from kith.types import I16, Gesture
from tests.unit._machine_kit import ms

SETTINGS, QUESTIONS = NamingSettings(), QuestionSettings()
ANNA: I16 = np.arange(1, 5, dtype=np.int16)
BEN: I16 = np.arange(5, 9, dtype=np.int16)
HEARD, CUT = PromptEnded(heard=True), PromptEnded(heard=False)


class Session:
    """A name that was asked for."""

    def __init__(self) -> None:
        self.machine = Naming(SETTINGS, QUESTIONS)
        self.at_ms = 0.0
        self.commands: list[NamingCommand] = []
        assert self.send(AskForName()) == [OpenMicrophone()]

    def send(self, *events: NamingEvent) -> list[NamingCommand]:
        """What the last of them brings."""
        commands: list[NamingCommand] = []
        for event in events:
            self.at_ms += 10
            commands = self.machine.step(event, ms(self.at_ms))
            self.commands += commands
        return commands

    def wait(self) -> tuple[float, list[NamingCommand]]:
        """Let its deadline come: after how many ms, and what that brings."""
        deadline_ns = self.machine.next_deadline_ns
        assert deadline_ns is not None
        before_ms, self.at_ms = self.at_ms, deadline_ns / 1e6
        assert self.machine.step(Tick(), deadline_ns - 1) == []
        commands = self.machine.step(Tick(), deadline_ns)
        self.commands += commands
        return self.at_ms - before_ms, commands


def asked() -> Session:
    session = Session()
    assert session.send(MicrophoneReady()) == [Say(line=Line.NAME_ASK)]
    return session


def capturing() -> Session:
    session = asked()
    assert session.send(HEARD) == [Say(line=Line.NAME_LISTEN)]
    assert session.send(HEARD) == [Capture()]
    return session


def reviewing(recording: I16 = ANNA) -> Session:
    session = capturing()
    close, review = session.send(Captured(recording=recording))
    assert close == CloseMicrophone()
    assert isinstance(review, Say)
    assert (review.line, review.take and review.take.text) == (Line.NAME_REVIEW, TAKE_TEXT)
    assert review.take is not None
    assert review.take.samples is recording
    return session


def given_name(commands: Iterable[NamingCommand]) -> NameGiven:
    *_, last = commands
    assert isinstance(last, NameGiven)
    return last


def lines(commands: Iterable[NamingCommand]) -> list[Line]:
    return [command.line for command in commands if isinstance(command, Say)]


def test_a_name_is_asked_for_recorded_after_the_tone_played_back_and_kept() -> None:
    session = reviewing()
    assert session.send(HEARD) == []
    assert given_name(session.send(Gesture.DOUBLE)).recording is ANNA
    assert not session.machine.active
    assert session.machine.next_deadline_ns is None


def test_it_is_kept_by_a_double_tap_into_its_playback_and_by_silence_after_it() -> None:
    assert given_name(reviewing().send(Gesture.DOUBLE)).recording is ANNA
    session = reviewing()
    session.send(HEARD)
    waited_ms, commands = session.wait()
    assert waited_ms == QUESTIONS.repeat_after_ms
    assert given_name(commands).recording is ANNA


@pytest.mark.parametrize("before", [[], [HEARD], [CUT]], ids=["amid it", "after it", "the press cut it"])
def test_a_tap_has_it_said_again_and_forgets_the_first(before: list[NamingEvent]) -> None:
    session = reviewing()
    session.send(*before)
    assert session.send(Gesture.TAP) == [OpenMicrophone()]
    assert session.send(MicrophoneReady()) == [Say(line=Line.NAME_ASK)]
    assert session.send(HEARD, HEARD) == [Capture()]
    close, review = session.send(Captured(recording=BEN))
    assert close == CloseMicrophone()
    assert isinstance(review, Say)
    assert review.take is not None
    assert review.take.samples is BEN
    assert given_name(session.send(Gesture.DOUBLE)).recording is BEN


def test_where_there_is_no_microphone_not_a_word_is_said() -> None:
    session = Session()
    assert session.send(MicrophoneGone(missing=True)) == [NameGiven(recording=None, missing=True)]
    assert session.commands == [OpenMicrophone(), NameGiven(recording=None, missing=True)]


def test_one_that_breaks_or_is_gone_the_second_time_is_told() -> None:
    again = reviewing()
    again.send(Gesture.TAP)
    for session, missing in ((Session(), False), (asked(), False), (capturing(), True), (again, True)):
        assert session.send(MicrophoneGone(missing=missing)) == [Say(line=Line.NAME_BROKEN)]
        assert session.send(HEARD) == [NameGiven(recording=None)]
    for ending in (CUT, Gesture.TAP, Gesture.DOUBLE):
        session = asked()
        session.send(MicrophoneGone(missing=False))
        assert session.send(ending) == [NameGiven(recording=None)]


def test_one_that_does_not_answer_is_closed_and_told() -> None:
    session = Session()
    waited_ms, commands = session.wait()
    assert waited_ms == 3000
    assert commands == [CloseMicrophone(), Say(line=Line.NAME_BROKEN)]
    assert session.send(MicrophoneReady()) == []
    assert session.send(MicrophoneGone(missing=True)) == []
    assert session.wait()[1] == [NameGiven(recording=None)]


def test_where_nothing_was_heard_it_is_asked_for_again_and_then_given_up() -> None:
    session = capturing()
    for _ in range(SETTINGS.attempts - 1):
        assert session.send(Captured(recording=None)) == [Say(line=Line.NAME_NOTHING)]
        assert session.send(HEARD, HEARD) == [Capture()]
    assert session.send(Captured(recording=None)) == [CloseMicrophone(), NameGiven(recording=None)]


def test_a_capture_that_is_never_answered_counts_as_nothing_heard() -> None:
    session = capturing()
    waited_ms, commands = session.wait()
    assert commands == [Say(line=Line.NAME_NOTHING)]
    assert waited_ms > SETTINGS.wait_ms + SETTINGS.longest_ms + SETTINGS.silence_ms


@pytest.mark.parametrize(
    ("before", "line"),
    [
        ([], Line.NAME_ASK),
        ([HEARD], Line.NAME_LISTEN),
        ([HEARD, HEARD, Captured(recording=None)], Line.NAME_NOTHING),
    ],
    ids=["the prompt", "the tone", "the second prompt"],
)
def test_what_a_warning_cuts_off_is_said_again_a_moment_later(before: list[NamingEvent], line: Line) -> None:
    session = asked()
    session.send(*before)
    assert session.send(CUT) == []
    assert session.wait() == (2000, [Say(line=line)])
    assert isinstance(session.send(HEARD)[0], Say if line is not Line.NAME_LISTEN else Capture)


def test_a_playback_that_was_cut_off_is_said_again_before_silence_keeps_it() -> None:
    session = reviewing()
    session.send(CUT)
    assert lines(session.wait()[1]) == [Line.NAME_REVIEW]
    session.send(HEARD)
    after_ms, commands = session.wait()
    assert after_ms == QUESTIONS.repeat_after_ms
    assert given_name(commands).recording is ANNA


@pytest.mark.parametrize("session", [asked, reviewing])
def test_beside_a_warning_that_does_not_end_it_is_over_all_the_same(session: type[Session]) -> None:
    name = session()
    for _ in range(4):
        assert name.send(CUT) == []
        name.wait()
    commands = name.send(CUT)
    assert given_name(commands).recording is (ANNA if session is reviewing else None)


def test_a_prompt_whose_end_is_never_told_is_said_again() -> None:
    session = asked()
    assert session.wait() == (20_000, [])
    assert session.wait() == (2000, [Say(line=Line.NAME_ASK)])


def test_a_double_tap_before_there_is_a_name_gives_none() -> None:
    assert Session().send(Gesture.DOUBLE) == [CloseMicrophone(), NameGiven(recording=None)]
    for session in (asked(), capturing()):
        assert session.send(Gesture.DOUBLE) == [CloseMicrophone(), NameGiven(recording=None)]
    session = asked()
    session.send(CUT)  # by the first of its two presses
    assert session.send(Gesture.DOUBLE) == [CloseMicrophone(), NameGiven(recording=None)]


def test_a_tap_into_the_prompt_leads_on_to_the_tone() -> None:
    for before in ([], [CUT]):
        session = asked()
        session.send(*before)
        assert session.send(Gesture.TAP) == [Say(line=Line.NAME_LISTEN)]
        assert session.send(HEARD) == [Capture()]


@pytest.mark.parametrize("press", [Gesture.TAP, Gesture.TAP_HOLD])
def test_a_press_amid_the_tone_or_the_name_begins_anew(press: Gesture) -> None:
    session = capturing()
    assert session.send(press) == [Say(line=Line.NAME_ASK)]
    assert session.send(Captured(recording=ANNA)) == []
    assert session.send(HEARD) == [Say(line=Line.NAME_LISTEN)]
    assert session.send(press) == [Say(line=Line.NAME_ASK)]


@pytest.mark.parametrize("stop", [Gesture.HOLD_1S, Cancel()])
def test_it_can_be_broken_off_at_any_point_and_the_microphone_is_closed(stop: NamingEvent) -> None:
    for session in (Session(), asked(), capturing()):
        assert session.send(stop) == [CloseMicrophone(), NameGiven(recording=None, cancelled=True)]
    assert reviewing().send(stop) == [NameGiven(recording=None, cancelled=True)]
    broken = asked()
    broken.send(MicrophoneGone(missing=False))
    assert broken.send(stop) == [NameGiven(recording=None, cancelled=True)]


def test_it_keeps_no_recording_and_can_be_asked_for_again() -> None:
    session = reviewing()
    session.send(Gesture.HOLD_1S)
    assert session.send(HEARD, Gesture.DOUBLE, Captured(recording=BEN), Tick(), Cancel()) == []
    assert session.send(AskForName()) == [OpenMicrophone()]
    assert session.send(AskForName()) == []
    session.send(MicrophoneReady(), HEARD, HEARD)
    assert session.send(Gesture.DOUBLE) == [CloseMicrophone(), NameGiven(recording=None)]


EVENTS = st.sampled_from(
    [
        *Gesture,
        HEARD,
        CUT,
        HEARD,
        MicrophoneReady(),
        MicrophoneReady(),
        MicrophoneGone(missing=True),
        MicrophoneGone(missing=False),
        Captured(recording=ANNA),
        Captured(recording=None),
        Cancel(),
        AskForName(),
        Tick(),
    ]
)


@settings(max_examples=400, deadline=None)
@given(st.lists(EVENTS, max_size=40))
def test_whatever_comes_it_ends_with_one_name_and_a_closed_microphone(events: list[NamingEvent]) -> None:
    session = Session()
    for event in events:
        session.send(event)
        assert session.machine.active == (session.machine.next_deadline_ns is not None)
        check(session)
        if not session.machine.active:
            break
    start_ms = session.at_ms
    while session.machine.active:
        session.wait()
        check(session)
    assert session.at_ms - start_ms < 400_000
    assert given_name(session.commands)


def check(session: Session) -> None:
    """The microphone is open where a Capture is asked for, and closed once for each time it was opened unless
    it said that it was gone; only a review has a take; nothing follows the name."""
    opened = 0
    for index, command in enumerate(session.commands):
        match command:
            case OpenMicrophone():
                opened += 1
                assert opened == 1
            case CloseMicrophone():
                opened -= 1
                assert opened == 0
            case Capture():
                assert opened == 1
            case Say(line=Line.NAME_BROKEN):
                opened = 0
            case Say():
                assert (command.take is not None) == (command.line is Line.NAME_REVIEW)
            case NameGiven():
                assert index == len(session.commands) - 1
                assert opened == 0 or command.missing
