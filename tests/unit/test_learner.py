"""Which looks may be kept: far above the threshold, on a long track, never called wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kith.clock import NS_PER_S, Tick
from kith.config import LearningSettings
from kith.recognition.learning import Learner, Learnt, MarkedWrong
from kith.types import Identification
from tests.unit._machine_kit import between, face, known, sighting, unknown, vector

THRESHOLD = 0.45
SURE = replace(known(1, score=0.8), margin=0.4)
HOLD_BACK_S = 30.0


def settings(**changes: float) -> LearningSettings:
    return replace(LearningSettings(enabled=True), **changes)  # type: ignore[arg-type]


def learner(**changes: float) -> Learner:
    return Learner(settings(**changes), lambda: THRESHOLD)


def look(machine: Learner, at_s: float, *said: Identification, first_track: int = 1) -> list[Learnt]:
    """One look a second at faces of tracks numbered on, each said to be somebody."""
    now_ns = round(at_s * NS_PER_S)
    faces = [face(first_track + i, one, embedding=vector(at_s)) for i, one in enumerate(said)]
    return machine.step(sighting(now_ns, *faces), now_ns)


def meeting(machine: Learner, *said: Identification, from_s: float = 0.0, track: int = 1) -> None:
    for at, one in enumerate(said):
        assert look(machine, from_s + at, one, first_track=track) == []


def afterwards(machine: Learner, at_s: float) -> list[Learnt]:
    return machine.step(Tick(), round(at_s * NS_PER_S))


def test_a_long_sure_meeting_is_kept_once_it_can_no_longer_be_called_wrong() -> None:
    machine = learner()
    meeting(machine, *[SURE] * 6)
    assert machine.next_deadline_ns == round((5 + HOLD_BACK_S) * NS_PER_S)
    assert afterwards(machine, 5 + HOLD_BACK_S - 0.001) == []
    (kept,) = afterwards(machine, 5 + HOLD_BACK_S)
    assert kept.person_id == 1
    assert kept.embedding is not None
    assert machine.next_deadline_ns is None
    assert afterwards(machine, 1000) == []


@pytest.mark.parametrize(
    ("why", "said"),
    [
        ("too few looks", [SURE] * 5),
        ("a score not far above", [*[SURE] * 5, replace(SURE, score=0.54)]),
        ("a margin too small", [*[SURE] * 5, replace(SURE, margin=0.19)]),
        ("nobody for a moment", [*[SURE] * 4, unknown(), *[SURE] * 2]),
        ("somebody else once", [*[SURE] * 3, replace(SURE, person_id=2), *[SURE] * 9]),
        ("one of two once", [*[SURE] * 3, between(1, 2), *[SURE] * 9]),
        ("a stranger", [unknown()] * 12),
    ],
)
def test_nothing_less_is_kept(why: str, said: list[Identification]) -> None:
    machine = learner()
    meeting(machine, *said)
    assert afterwards(machine, len(said) + HOLD_BACK_S + 1) == [], why


def test_a_look_that_says_nobody_only_starts_the_run_anew() -> None:
    machine = learner()
    meeting(machine, SURE, unknown(), *[SURE] * 6)
    assert len(afterwards(machine, 60)) == 1


def test_many_looks_within_a_moment_are_one_look() -> None:
    machine = learner()
    for at in range(20):
        look(machine, at / 10, SURE)
    assert afterwards(machine, 60) == []


def test_with_one_person_enrolled_there_is_no_margin_to_ask_for() -> None:
    machine = learner()
    meeting(machine, *[replace(SURE, margin=None)] * 6)
    assert len(afterwards(machine, 60)) == 1


def test_two_faces_that_claim_one_name_teach_nothing() -> None:
    machine = learner()
    meeting(machine, *[SURE] * 6)
    look(machine, 6, SURE, SURE)
    assert afterwards(machine, 60) == []


def test_marked_wrong_drops_what_is_held_back_and_keeps_nothing_of_them_again() -> None:
    machine = learner()
    meeting(machine, *[SURE] * 6)
    machine.step(MarkedWrong(person_ids=(1,)), 10 * NS_PER_S)
    assert machine.next_deadline_ns is None
    meeting(machine, *[SURE] * 8, from_s=50, track=2)
    assert afterwards(machine, 200) == []


def test_marked_wrong_leaves_the_others_alone() -> None:
    machine = learner()
    meeting(machine, *[SURE] * 6)
    machine.step(MarkedWrong(person_ids=(2,)), 10 * NS_PER_S)
    assert len(afterwards(machine, 60)) == 1


def test_one_template_an_hour() -> None:
    machine = learner()
    meeting(machine, *[SURE] * 6)
    assert len(afterwards(machine, 60)) == 1
    meeting(machine, *[SURE] * 6, from_s=100, track=2)
    assert afterwards(machine, 200) == []
    meeting(machine, *[SURE] * 6, from_s=3700, track=3)
    assert len(afterwards(machine, 3800)) == 1


def test_forgetting_drops_all_that_is_held_back() -> None:
    machine = learner()
    meeting(machine, *[SURE] * 6)
    machine.forget()
    assert machine.next_deadline_ns is None
    assert afterwards(machine, 60) == []
