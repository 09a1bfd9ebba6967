"""Enrollment in ticks: a frame every 100 ms, and every prompt takes 1.5 s to say."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from kith.clock import Tick
from kith.config import EnrollmentSettings, QuestionSettings, ThingsSettings
from kith.enrollment.gathering import Failed, Found, Gathered, LooksLike
from kith.enrollment.machine import Enrollment, gatherers
from kith.enrollment.messages import (
    Answer,
    AskName,
    Attend,
    Begin,
    Cancel,
    Cue,
    Ending,
    EnrollmentCommand,
    EnrollmentEvent,
    Finished,
    Named,
    Prompt,
    PromptEnded,
    Reason,
    Saw,
    Say,
    Store,
    Stored,
    StoreFailed,
)
from kith.types import Earcon, Embedding, Identification, Rejection, SeenFace, View
from tests.unit._enrollment_kit import FRAME_MS, SPEECH_MS, Played, embeddings_held
from tests.unit._machine_kit import between, face, known, ms, sighting, unknown, vector

SETTINGS = EnrollmentSettings()
NO_SIDES = EnrollmentSettings(side_views=0)
QUESTIONS = QuestionSettings()
LOOKING = [Attend(on=True), Say(prompt=Prompt.LOOKING)]
SHUTTER = Cue(earcon=Earcon.SHUTTER)
TURN_LEFT, TURN_RIGHT = Say(prompt=Prompt.TURN_LEFT), Say(prompt=Prompt.TURN_RIGHT)
AGAIN, CONSENT = Say(prompt=Prompt.AGAIN), Say(prompt=Prompt.CONSENT)
ASK_CONSENT = [Attend(on=False), CONSENT]
YES, NO = Answer(yes=True), Answer(yes=False)
RECORDING = np.arange(4, dtype=np.int16)


def good(
    track_id: int = 7, angle_deg: float = 0.0, who: Identification | None = None, yaw_deg: float = 0.0
) -> SeenFace:
    return face(track_id, who or unknown(), embedding=vector(angle_deg), yaw_deg=yaw_deg)


def same(person_id: int) -> Say:
    return Say(prompt=Prompt.SAME, person_id=person_id)


def hint(reason: Reason) -> Say:
    return Say(prompt=Prompt.HINT, reason=reason)


LEFT, RIGHT = good(yaw_deg=30), good(yaw_deg=-30)


class Session(Played):
    """An enrollment of a person that has begun."""

    def __init__(self, settings: EnrollmentSettings = SETTINGS, speech_ms: int | None = SPEECH_MS) -> None:
        super().__init__(Enrollment(QUESTIONS, gatherers(settings, ThingsSettings())), speech_ms)
        assert self.send(Begin()) == LOOKING

    def show(self, *faces: SeenFace, view: View = View.NORMAL) -> list[EnrollmentCommand]:
        return self.frame(sighting(0, *faces, view=view))

    def show_for(
        self, duration_ms: int, *faces: SeenFace, view: View = View.NORMAL
    ) -> list[EnrollmentCommand]:
        return self.frames(duration_ms, sighting(0, *faces, view=view))

    def show_until(self, last: EnrollmentCommand, *faces: SeenFace) -> list[EnrollmentCommand]:
        commands: list[EnrollmentCommand] = []
        while last not in commands:
            commands += self.show(*faces)
            assert self.at_ms < 300_000
        return commands

    def to_left(self, angle_deg: float = 0.0) -> None:
        assert self.show_until(TURN_LEFT, good(angle_deg=angle_deg)) == [SHUTTER, SHUTTER, SHUTTER, TURN_LEFT]

    def to_consent(self) -> None:
        self.to_left()
        assert self.show_for(200, LEFT) == [SHUTTER, TURN_RIGHT]
        assert self.show_for(200, RIGHT) == [SHUTTER, *ASK_CONSENT]

    def to_naming(self) -> None:
        self.to_consent()
        assert self.send(YES) == [AskName()]

    def agree(self) -> Store:
        assert self.send(YES) == [AskName()]
        (store,) = self.send(Named(recording=None))
        assert isinstance(store, Store)
        return store

    def to_same(self) -> None:
        commands = [*self.show(good(who=known(4))), *self.show(good(who=known(4)))]
        assert commands == [SHUTTER, same(4)]


def refused(
    reason: Reason,
    ending: Ending = Ending.REFUSED,
    person_id: int | None = None,
    *,
    attending: bool = True,
) -> list[EnrollmentCommand]:
    return [
        *([Attend(on=False)] if attending else []),
        Say(prompt=Prompt.REFUSED, reason=reason, person_id=person_id),
        Finished(ending=ending, reason=reason),
    ]


# --- the whole of it ------------------------------------------------------------------------------


def test_somebody_new_from_the_first_look_to_the_name() -> None:
    session = Session()
    seen: list[EnrollmentCommand] = []
    for angle in range(5):
        seen += session.show(good(angle_deg=angle))
    assert seen == [SHUTTER, SHUTTER, SHUTTER, TURN_LEFT]
    assert session.show(good(angle_deg=5, yaw_deg=20)) == []  # too soon after the last
    assert session.show(good(angle_deg=6, yaw_deg=20)) == [SHUTTER, TURN_RIGHT]
    assert session.show_for(200, good(angle_deg=7, yaw_deg=-20)) == [SHUTTER, *ASK_CONSENT]
    assert session.wait(3000) == []
    assert session.send(YES) == [AskName()]
    (store,) = session.send(Named(recording=RECORDING))
    assert isinstance(store, Store)
    assert [float(e.vector[0]) for e in store.embeddings] == [
        float(vector(angle).vector[0]) for angle in (0, 2, 4, 6, 7)
    ]
    assert store.add_to is None
    assert store.recording is RECORDING
    assert session.send(Stored(person_id=3, recorded=True)) == [
        Say(prompt=Prompt.DONE, person_id=3),
        Finished(ending=Ending.ENROLLED),
    ]
    assert not session.machine.active


def test_a_willing_person_is_looked_at_for_less_than_ten_seconds() -> None:
    session = Session()
    yaw_deg, turns_at_ms, turns_to = 0.0, 0, 0.0
    commands: list[EnrollmentCommand] = []
    while CONSENT not in commands:
        commands = session.show(good(yaw_deg=yaw_deg))
        if TURN_LEFT in commands or TURN_RIGHT in commands:
            # They hear the prompt out, think for half a second and take another to turn.
            turns_at_ms, turns_to = session.at_ms + SPEECH_MS + 1000, 30 if TURN_LEFT in commands else -30
        if turns_to and session.at_ms >= turns_at_ms:
            yaw_deg = turns_to
    assert session.at_ms < 10_000
    assert session.at_ms == 500 + 2 * (SPEECH_MS + 1000 + FRAME_MS)


def test_without_a_name_they_get_a_number() -> None:
    session = Session()
    session.to_consent()
    assert session.agree().recording is None
    assert session.send(Stored(person_id=3, recorded=False)) == [
        Say(prompt=Prompt.DONE_NUMBER, person_id=3),
        Finished(ending=Ending.ENROLLED),
    ]


@pytest.mark.parametrize("reason", [Reason.DISK_FULL, Reason.NOT_STORED])
def test_what_could_not_be_stored_is_said(reason: Reason) -> None:
    session = Session()
    session.to_consent()
    session.agree()
    assert session.send(StoreFailed(reason=reason)) == refused(reason, attending=False)
    assert not session.machine.active


def test_while_it_is_stored_nothing_else_counts() -> None:
    session = Session()
    session.to_consent()
    session.agree()
    others: list[EnrollmentEvent] = [Begin(), Cancel(), YES, NO, Named(recording=None), Tick()]
    assert [session.send(event) for event in others] == [[]] * len(others)
    assert session.wait(60_000) == []
    assert session.show(good(8), good(9)) == []
    assert session.machine.active
    assert session.machine.next_deadline_ns is None


def test_it_holds_views_until_it_hands_them_on() -> None:
    session = Session()
    session.to_consent()
    held = embeddings_held(session.machine)
    assert held
    session.send(YES)
    assert embeddings_held(session.machine) == held
    session.send(Named(recording=RECORDING))
    assert embeddings_held(session.machine) == []


# --- looks ----------------------------------------------------------------------------------------

BAD_LOOKS = [
    (face(7, rejection=Rejection.TOO_DARK), Reason.TOO_DARK),
    (face(7, rejection=Rejection.TOO_BRIGHT), Reason.TOO_BRIGHT),
    (face(7, rejection=Rejection.BLURRED), Reason.BLURRED),
    (face(7, rejection=Rejection.TOO_SMALL), Reason.TOO_FAR),
    (face(7, rejection=Rejection.PROFILE), Reason.TURNED_AWAY),
    (face(7, rejection=Rejection.CUT_OFF), Reason.CUT_OFF),
    (face(7, embedding=vector(0), inter_eye_px=SETTINGS.min_inter_eye_px - 1), Reason.TOO_FAR),
    (good(yaw_deg=SETTINGS.max_yaw_deg + 1), Reason.TURNED_AWAY),
    (good(yaw_deg=-SETTINGS.max_yaw_deg - 1), Reason.TURNED_AWAY),
]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        *BAD_LOOKS,
        (good(yaw_deg=SETTINGS.front_yaw_deg + 1), Reason.TURNED_AWAY),
        (good(yaw_deg=-SETTINGS.front_yaw_deg - 1), Reason.TURNED_AWAY),
    ],
)
def test_each_fault_is_said_now_and_then_and_at_the_end(bad: SeenFace, reason: Reason) -> None:
    session = Session()
    assert session.show_for(2400, bad) == []  # the first words are still heard
    assert session.show(bad) == [hint(reason)]
    assert session.show_for(2500, bad) == [hint(reason)]
    commands = session.show_for(20_000, bad)
    assert commands[-3:] == refused(reason, Ending.TIMED_OUT)
    assert session.tones
    assert session.at_ms >= SETTINGS.timeout_ms


@pytest.mark.parametrize(
    ("view", "reason"),
    [(View.NORMAL, Reason.NO_FACE), (View.DARK, Reason.TOO_DARK), (View.COVERED, Reason.COVERED)],
)
def test_no_face_has_a_reason_too(view: View, reason: Reason) -> None:
    session = Session()
    assert session.show_for(2500, view=view) == [hint(reason)]
    assert session.tones == []


def test_it_ends_without_a_single_frame() -> None:
    session = Session()
    assert session.wait(SETTINGS.timeout_ms) == refused(Reason.TOOK_TOO_LONG, Ending.TIMED_OUT)
    assert session.machine.next_deadline_ns is None


def test_the_reason_at_the_end_is_the_one_met_most_often() -> None:
    session = Session()
    session.show_for(12_000, face(7, rejection=Rejection.TOO_DARK))
    assert session.show_for(9000)[-1] == Finished(ending=Ending.TIMED_OUT, reason=Reason.TOO_DARK)


def test_a_view_puts_the_next_hint_off() -> None:
    session = Session()
    session.show_for(2000, face(7, rejection=Rejection.BLURRED))
    assert session.show(good()) == [SHUTTER]
    assert session.show_for(2400, face(7, rejection=Rejection.BLURRED)) == []


@pytest.mark.parametrize(
    ("second_px", "ends"), [(20.0, True), (19.9, False), (80.0, True), (80.1, True), (200.0, True)]
)
def test_a_second_face_at_least_half_as_large_ends_it(second_px: float, ends: bool) -> None:
    session = Session()
    assert session.show(good()) == [SHUTTER]
    commands = session.show(good(), face(8, rejection=Rejection.BLURRED, inter_eye_px=second_px))
    assert commands == (refused(Reason.TWO_FACES) if ends else [])


def test_two_faces_end_it_before_the_first_view_too() -> None:
    assert Session().show(face(7), face(8)) == refused(Reason.TWO_FACES)


def test_two_faces_end_it_while_a_side_is_waited_for() -> None:
    session = Session()
    session.to_left()
    assert session.show(LEFT, face(8)) == refused(Reason.TWO_FACES)
    assert embeddings_held(session.machine) == []


def test_a_face_lost_begins_again_and_never_goes_on_with_another_track() -> None:
    session = Session(NO_SIDES)
    assert session.show_for(300, good(7, 0)) == [SHUTTER, SHUTTER]
    other = session.show_until(CONSENT, good(8, 80))
    assert other == [AGAIN, SHUTTER, SHUTTER, SHUTTER, *ASK_CONSENT]
    store = session.agree()
    assert {float(e.vector[0]) for e in store.embeddings} == {float(vector(80).vector[0])}


def test_a_face_lost_while_a_side_is_waited_for_begins_again_from_the_front() -> None:
    session = Session()
    session.to_left()
    assert session.show_for(1500) == [AGAIN]
    assert session.show_until(TURN_LEFT, good(8, 80)) == [SHUTTER, SHUTTER, SHUTTER, TURN_LEFT]


def test_a_short_loss_is_forgiven() -> None:
    session = Session(NO_SIDES)
    session.show_for(300, good())
    session.show_for(1400)
    assert session.show_for(200, good()) == [SHUTTER, *ASK_CONSENT]


def test_a_face_lost_is_noticed_without_frames() -> None:
    session = Session()
    session.show(good())
    assert session.wait(1499) == []
    assert session.wait(1) == [AGAIN]


def test_a_late_sighting_of_the_same_track_is_no_loss() -> None:
    session = Session()
    session.show(good())
    session.at_ms += 1900
    assert session.send(Saw(sighting=sighting(ms(session.at_ms), good()))) == [SHUTTER]


def test_views_that_disagree_end_it() -> None:
    session = Session()
    assert session.show_for(200, good(7, 0)) == [SHUTTER]
    assert session.show(good(7, 70)) == refused(Reason.NOT_THE_SAME)  # cos 70 deg = 0.34


def test_looks_that_were_not_embedded_yet_are_waited_for() -> None:
    session = Session()
    assert session.show_for(2400, face(7)) == []
    assert session.show(good()) == [SHUTTER]


# --- both sides -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("yaw_deg", "is_view"), [(15.0, True), (-15.0, True), (15.1, False), (-15.1, False)])
def test_a_front_view_is_turned_by_little(yaw_deg: float, is_view: bool) -> None:
    assert Session().show(good(yaw_deg=yaw_deg)) == ([SHUTTER] if is_view else [])


@pytest.mark.parametrize(
    ("yaw_deg", "is_view"),
    [(15.0, False), (15.1, True), (45.0, True), (45.1, False), (-15.1, False), (-45.0, False)],
)
def test_a_half_profile_is_turned_to_the_side_that_was_asked_for(yaw_deg: float, is_view: bool) -> None:
    """To the subject's left: to the picture's right, where yaw is positive."""
    session = Session()
    session.to_left()
    assert session.show_for(200, good(yaw_deg=yaw_deg)) == ([SHUTTER, TURN_RIGHT] if is_view else [])
    session = Session()
    session.to_left()
    session.show_for(200, LEFT)
    assert session.show_for(200, good(yaw_deg=-yaw_deg)) == ([SHUTTER, *ASK_CONSENT] if is_view else [])


@pytest.mark.parametrize("look", [good(), RIGHT], ids=["straight", "the other way"])
def test_a_face_not_turned_yet_is_no_fault(look: SeenFace) -> None:
    session = Session()
    session.to_left()
    assert session.show_for(SPEECH_MS + SETTINGS.side_timeout_ms - FRAME_MS, look) == []
    assert session.tones[-1][0] > session.at_ms - 300  # the viewfinder goes on


@pytest.mark.parametrize(("bad", "reason"), BAD_LOOKS)
def test_other_faults_are_said_while_a_side_is_waited_for(bad: SeenFace, reason: Reason) -> None:
    session = Session()
    session.to_left()
    assert session.show_for(2400, bad) == []  # the prompt is still heard
    assert session.show(bad) == [hint(reason)]


def test_who_does_not_turn_is_remembered_without_the_sides() -> None:
    session = Session()
    session.to_left()
    asked_ms = session.at_ms
    assert session.show_until(TURN_RIGHT, good()) == [TURN_RIGHT]
    assert session.at_ms - asked_ms == SPEECH_MS + SETTINGS.side_timeout_ms
    asked_ms = session.at_ms
    assert session.show_until(CONSENT, good()) == ASK_CONSENT
    assert session.at_ms - asked_ms == SPEECH_MS + SETTINGS.side_timeout_ms
    assert len(session.agree().embeddings) == 3


def test_a_side_is_given_up_without_a_frame_too() -> None:
    session = Session(EnrollmentSettings(lost_after_ms=60_000))
    session.to_left()
    assert session.wait(5499) == []
    assert session.wait(1) == [TURN_RIGHT]
    assert session.wait(5500) == ASK_CONSENT


def test_a_side_is_waited_for_from_where_its_prompt_was_cut_off() -> None:
    session = Session()
    session.to_left()
    session.show_for(500, good())
    assert session.cut_off() == []
    assert session.show_for(3900, good()) == []
    assert session.show(good()) == [TURN_RIGHT]


def test_a_side_is_not_waited_for_longer_because_a_hint_ended() -> None:
    session = Session()
    session.to_left()
    commands = session.show_for(5400, face(7, rejection=Rejection.TOO_DARK))
    assert commands == [hint(Reason.TOO_DARK), hint(Reason.TOO_DARK)]
    assert session.show(good()) == [TURN_RIGHT]


def test_without_word_of_its_end_a_side_is_waited_for_twice_as_long() -> None:
    session = Session(speech_ms=None)
    session.to_left()
    assert session.show_for(7900, good()) == []
    assert session.show(good()) == [TURN_RIGHT]


def test_the_time_for_the_views_ends_the_wait_for_sides() -> None:
    session = Session(EnrollmentSettings(timeout_ms=3000))
    session.to_left()
    session.show_for(300, LEFT)
    assert session.show_until(CONSENT, good()) == ASK_CONSENT
    assert session.at_ms == 3000
    assert len(session.agree().embeddings) == 4


@pytest.mark.parametrize(
    ("fronts", "side", "fits"),
    [
        pytest.param((0, 0, 0), 72, True, id="cos 72 is 0.31"),
        pytest.param((0, 0, 0), 73, False, id="cos 73 is 0.29"),
        pytest.param((0, 0, 40), 75, False, id="with every front view"),
        pytest.param((0, 0, 40), 71, True, id="front views agree more closely"),
    ],
)
def test_a_half_profile_agrees_with_every_front_view(
    fronts: tuple[int, ...], side: float, fits: bool
) -> None:
    session = Session()
    for angle in fronts:
        session.show_for(200, good(angle_deg=angle))
    commands = session.show_for(200, good(angle_deg=side, yaw_deg=30))
    assert commands == ([SHUTTER, TURN_RIGHT] if fits else refused(Reason.NOT_THE_SAME))


def test_the_sides_need_not_agree_with_each_other() -> None:
    session = Session()
    session.to_left()
    session.show_for(200, good(angle_deg=60, yaw_deg=30))
    assert session.show_for(200, good(angle_deg=-60, yaw_deg=-30)) == [SHUTTER, *ASK_CONSENT]


def test_sides_can_be_left_out_or_asked_for_more() -> None:
    assert Session(NO_SIDES).show_for(500, good())[-2:] == ASK_CONSENT
    session = Session(EnrollmentSettings(front_views=2, side_views=2))
    assert session.show_for(300, good()) == [SHUTTER, SHUTTER, TURN_LEFT]
    assert session.show_for(400, LEFT) == [SHUTTER, SHUTTER, TURN_RIGHT]
    assert session.show_for(400, RIGHT) == [SHUTTER, SHUTTER, *ASK_CONSENT]
    assert len(session.agree().embeddings) == 6


# --- somebody known -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("looks", "person_id"),
    [
        pytest.param([known(4), known(4)], 4, id="two looks know it"),
        pytest.param([known(4), unknown(), known(4)], 4, id="not in a row"),
        pytest.param([between(4, 5), known(4)], 4, id="torn between two counts"),
        pytest.param([known(4), unknown()], None, id="one look may err"),
        pytest.param([known(4), known(5)], None, id="one look each"),
    ],
)
def test_a_face_that_is_known_already(looks: list[Identification], person_id: int | None) -> None:
    session = Session(EnrollmentSettings(min_view_gap_ms=1000))
    commands = [command for one in looks for command in session.show(good(who=one))]
    assert commands == ([SHUTTER] if person_id is None else [SHUTTER, same(person_id)])


def test_somebody_known_is_added_to_without_consent_or_name() -> None:
    session = Session()
    session.to_same()
    session.show_for(3000, good(who=known(4)))
    assert session.send(YES) == []
    assert session.show_for(400, good(who=known(4))) == [SHUTTER, SHUTTER, TURN_LEFT]
    assert session.show_for(200, LEFT) == [SHUTTER, TURN_RIGHT]
    commands = session.show_for(200, RIGHT)
    assert commands[:2] == [SHUTTER, Attend(on=False)]
    store = commands[2]
    assert isinstance(store, Store)
    assert (len(store.embeddings), store.add_to, store.recording) == (5, 4, None)
    assert embeddings_held(session.machine) == []
    assert session.send(Stored(person_id=4, recorded=True)) == [
        Say(prompt=Prompt.ADDED, person_id=4),
        Finished(ending=Ending.ADDED),
    ]


def test_somebody_new_who_looks_like_somebody_is_asked_for_consent() -> None:
    session = Session(NO_SIDES)
    session.to_same()
    assert session.send(NO) == []
    assert session.show_for(400, good(who=known(4))) == [SHUTTER, SHUTTER, *ASK_CONSENT]
    assert session.agree().add_to is None


def test_a_likeness_denied_is_not_asked_about_again_but_another_is() -> None:
    session = Session(EnrollmentSettings(min_view_gap_ms=5000))
    session.to_same()
    session.send(NO)
    assert session.show_for(1000, good(who=known(4))) == []
    assert session.show(good(who=known(5))) == []
    assert session.show(good(who=known(5))) == [same(5)]
    session.send(YES)
    assert session.show_for(1000, good(who=known(6))) == []  # they have said who it is


def test_a_likeness_that_nobody_answers_is_asked_about_twice() -> None:
    session = Session()
    session.to_same()
    assert session.show_for(SPEECH_MS + QUESTIONS.repeat_after_ms - FRAME_MS, good()) == []
    assert session.show(good()) == [same(4)]
    assert session.show_for(SPEECH_MS + QUESTIONS.give_up_after_ms - FRAME_MS, good()) == []
    assert session.show(good()) == refused(Reason.KNOWN, person_id=4)
    assert embeddings_held(session.machine) == []


def test_nothing_is_gathered_while_a_question_is_open() -> None:
    session = Session()
    session.to_same()
    before = embeddings_held(session.machine)
    tones = len(session.tones)
    assert session.show_for(1000, good(angle_deg=90)) == []
    assert session.show_for(1000, good(), face(8)) == []
    assert session.show_for(3000, face(7, rejection=Rejection.TOO_DARK)) == []
    assert embeddings_held(session.machine) == before
    assert len(session.tones) == tones


def test_the_clock_stands_still_while_a_question_is_open() -> None:
    session = Session(EnrollmentSettings(timeout_ms=5000))
    session.to_same()
    session.show_for(SPEECH_MS + 4000, face(7))
    session.send(NO)
    assert session.show_for(4700, face(7)) == []  # 200 ms were over before
    assert session.show(face(7)) == refused(Reason.TOOK_TOO_LONG, Ending.TIMED_OUT)


def test_a_face_lost_while_a_question_was_open_begins_again() -> None:
    session = Session()
    session.to_same()
    session.show_for(1500)
    assert session.send(NO) == [AGAIN]
    assert embeddings_held(session.machine) == []
    assert session.show_until(TURN_LEFT, good(8, 80, known(4))) == [SHUTTER, SHUTTER, SHUTTER, TURN_LEFT]


def test_a_face_lost_just_before_the_answer_is_still_waited_for() -> None:
    session = Session()
    session.to_same()
    session.show_for(1400)
    assert session.send(NO) == []
    assert session.wait(99) == []
    assert session.wait(1) == [AGAIN]


def test_a_yes_does_not_hold_for_another_face() -> None:
    """Whoever comes after the track was lost may be a stranger."""
    session = Session(NO_SIDES)
    session.to_same()
    session.show_for(1500)
    assert session.send(YES) == [AGAIN]
    assert session.show_for(500, good(8, 80)) == [SHUTTER, SHUTTER, SHUTTER, *ASK_CONSENT]


def test_a_yes_is_not_asked_for_twice_where_two_looks_know_the_next_track_too() -> None:
    session = Session(NO_SIDES)
    session.to_same()
    session.show_for(1500)
    session.send(YES)
    commands = session.show_for(500, good(8, 80, known(4)))
    assert commands[:3] == [SHUTTER, SHUTTER, SHUTTER]
    store = commands[-1]
    assert isinstance(store, Store)
    assert store.add_to == 4


def test_a_side_is_asked_for_once_more_after_a_question() -> None:
    session = Session()
    session.to_left()
    assert session.show_for(200, good(who=known(4))) == [same(4)]
    session.show_for(8000, good())
    assert session.send(NO) == [TURN_LEFT]
    assert session.show_for(SPEECH_MS + SETTINGS.side_timeout_ms - FRAME_MS, good()) == []
    assert session.show_for(200, LEFT) == [TURN_RIGHT]


# --- consent --------------------------------------------------------------------------------------


def test_without_consent_nothing_is_kept() -> None:
    session = Session()
    session.to_consent()
    assert session.send(NO) == refused(Reason.NO_CONSENT, attending=False)
    assert embeddings_held(session.machine) == []


def test_consent_that_nobody_answers_is_asked_for_twice() -> None:
    session = Session()
    session.to_consent()
    assert session.wait(SPEECH_MS + QUESTIONS.repeat_after_ms - 1) == []
    assert session.wait(1) == [CONSENT]
    assert session.wait(SPEECH_MS + QUESTIONS.give_up_after_ms - 1) == []
    assert session.wait(1) == refused(Reason.NO_ANSWER, attending=False)
    assert embeddings_held(session.machine) == []


def test_consent_may_be_given_while_it_is_asked_for_or_when_it_was_asked_for_again() -> None:
    session = Session()
    session.to_consent()
    session.wait(500)
    assert session.send(YES) == [AskName()]
    session = Session()
    session.to_consent()
    session.wait(SPEECH_MS + QUESTIONS.repeat_after_ms + 3000)
    assert session.send(YES) == [AskName()]


def test_the_time_of_a_question_counts_from_where_it_was_cut_off() -> None:
    session = Session()
    session.to_consent()
    session.wait(300)
    assert session.cut_off() == []
    assert session.wait(QUESTIONS.repeat_after_ms - 1) == []
    assert session.wait(1) == [CONSENT]


def test_a_question_whose_end_was_lost_comes_to_an_end_all_the_same() -> None:
    session = Session(speech_ms=None)
    session.to_consent()
    assert session.wait(60_000) == [CONSENT, *refused(Reason.NO_ANSWER, attending=False)]


# --- at any time ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reach", "attending"),
    [
        pytest.param(lambda s: None, True, id="at once"),
        pytest.param(lambda s: s.show_for(300, good()), True, id="amid the views"),
        pytest.param(Session.to_left, True, id="a side is waited for"),
        pytest.param(Session.to_same, True, id="is it them"),
        pytest.param(Session.to_consent, False, id="consent"),
        pytest.param(Session.to_naming, False, id="the name is said"),
    ],
)
def test_cancel(reach: Callable[[Session], object], attending: bool) -> None:
    session = Session()
    reach(session)
    assert session.send(Cancel()) == [
        *([Attend(on=False)] if attending else []),
        Say(prompt=Prompt.CANCELLED),
        Finished(ending=Ending.CANCELLED),
    ]
    assert not session.machine.active
    assert embeddings_held(session.machine) == []
    assert session.send(Cancel()) == []
    assert session.send(Begin()) == LOOKING


@pytest.mark.parametrize(
    ("reach", "asked"),
    [
        (lambda s: None, ()),
        (Session.to_left, ()),
        (Session.to_same, (Answer,)),
        (Session.to_consent, (Answer,)),
        (Session.to_naming, (Named,)),
    ],
    ids=["looking", "a side", "is it them", "consent", "the name"],
)
def test_what_was_not_asked_for_is_ignored(
    reach: Callable[[Session], object], asked: tuple[type[EnrollmentEvent], ...]
) -> None:
    session = Session()
    reach(session)
    deadline_ns, held = session.machine.next_deadline_ns, embeddings_held(session.machine)
    events: list[EnrollmentEvent] = [
        Begin(),
        YES,
        NO,
        Named(recording=RECORDING),
        Stored(person_id=3, recorded=True),
        StoreFailed(),
        Tick(),
    ]
    for event in events:
        if not isinstance(event, asked):
            assert session.send(event) == []
    assert session.machine.next_deadline_ns == deadline_ns
    assert embeddings_held(session.machine) == held


def test_it_knows_whether_a_press_would_be_an_answer() -> None:
    session = Session()
    assert not session.machine.asking
    session.to_same()
    assert session.machine.asking
    session.send(NO)
    assert not session.machine.asking  # though nothing else has been said since
    session.show_until(TURN_LEFT, good())
    session.show_for(200, LEFT)
    session.show_for(200, RIGHT)
    assert session.machine.asking
    session.send(YES)
    assert not session.machine.asking


def test_a_second_answer_is_ignored() -> None:
    session = Session()
    session.to_same()
    assert [session.send(NO), session.send(YES)] == [[], []]
    assert session.show_for(400, good())[-1] == TURN_LEFT
    session.show_for(200, LEFT)
    assert session.show_for(200, RIGHT)[-1] == CONSENT  # the no held
    assert [session.send(YES), session.send(NO)] == [[AskName()], []]


def test_it_wants_a_tick_unless_somebody_else_has_to_answer() -> None:
    for reach in (lambda s: None, Session.to_left, Session.to_same, Session.to_consent):
        session = Session(speech_ms=None)
        reach(session)
        assert session.machine.next_deadline_ns is not None
        session.wait(100_000)
        assert not session.machine.active
    session = Session()
    session.to_naming()
    assert session.machine.next_deadline_ns is None  # the naming has its own


def test_events_before_the_beginning_are_ignored() -> None:
    machine = Enrollment(QUESTIONS, gatherers(SETTINGS, ThingsSettings()))
    events: list[EnrollmentEvent] = [
        Saw(sighting=sighting(0, good())),
        Cancel(),
        YES,
        PromptEnded(heard=True),
        Named(recording=None),
        Stored(person_id=3, recorded=True),
        StoreFailed(),
        Tick(),
    ]
    assert [machine.step(event, 0) for event in events] == [[]] * len(events)
    assert not machine.active
    assert machine.next_deadline_ns is None


# --- another kind of thing ------------------------------------------------------------------------


class Keys:
    """Gathers one view of something that is no face."""

    def __init__(self, settings: EnrollmentSettings, now_ns: int) -> None:
        self._ends_ns = now_ns + ms(settings.timeout_ms)
        self._views: tuple[Embedding, ...] = ()

    @property
    def next_deadline_ns(self) -> int:
        return self._ends_ns

    def step(self, event: Saw | PromptEnded | Tick, now_ns: int) -> list[Found]:
        if isinstance(event, Saw):
            self._views = (vector(45),)
            return [SHUTTER, LooksLike(person_id=9)]
        return [Failed(reason=Reason.TOO_FAR, ending=Ending.TIMED_OUT)] if now_ns >= self._ends_ns else []

    def answered(self, *, yes: bool, now_ns: int) -> list[Found]:
        return [Gathered(views=self._views, add_to=9 if yes else None)]


def test_another_gatherer_leads_through_the_same_conversation() -> None:
    machine = Enrollment(QUESTIONS, lambda kind, now_ns: Keys(SETTINGS, now_ns))
    assert machine.step(Begin(), 0) == LOOKING
    assert machine.next_deadline_ns == ms(SETTINGS.timeout_ms)
    assert machine.step(Tick(), ms(SETTINGS.timeout_ms)) == refused(Reason.TOO_FAR, Ending.TIMED_OUT)
    machine.step(Begin(), 0)
    assert machine.step(Saw(sighting=sighting(0)), 0) == [SHUTTER, same(9)]
    assert machine.step(NO, 0) == ASK_CONSENT
    assert machine.step(YES, 0) == [AskName()]
    (store,) = machine.step(Named(recording=None), 0)
    assert isinstance(store, Store)
    assert len(store.embeddings) == 1
    machine.step(Stored(person_id=9, recorded=False), 0)
    machine.step(Begin(), 0)
    machine.step(Saw(sighting=sighting(0)), 0)
    commands = machine.step(YES, 0)
    assert commands[0] == Attend(on=False)
    assert isinstance(commands[1], Store)
    assert commands[1].add_to == 9


# --- the viewfinder -------------------------------------------------------------------------------


def test_the_viewfinder_rises_to_the_middle_and_is_heard_from_the_side() -> None:
    def tone_of(x: float, y: float) -> tuple[float, float]:
        session = Session()
        session.show(face(7, center_px=(x, y)))
        tone = session.tones[0][1].tone
        return tone.pitch_hz, tone.pan

    assert tone_of(320, 240) == pytest.approx((880, 0))
    assert tone_of(640, 240) == pytest.approx((220, 1))
    assert tone_of(-90, 900) == pytest.approx((220, -1))
    middle, left, edge = (tone_of(x, 240)[0] for x in (320, 240, 100))
    assert middle > left > edge
    assert tone_of(240, 240)[1] == pytest.approx(-0.25)


def test_the_viewfinder_sounds_at_most_four_times_a_second() -> None:
    session = Session()
    session.show_for(2000, face(7))
    times = [at_ms for at_ms, _ in session.tones]
    assert times == [100, 400, 700, 1000, 1300, 1600, 1900]
