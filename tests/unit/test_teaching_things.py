"""Teaching a thing, in frames of 100 ms: what is heard, asked and kept. Looks are unit vectors, whose cosine
is that of the angle between them: 0.95 at 18.2 degrees and 0.3 at 72.5."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from kith.config import EnrollmentSettings, QuestionSettings, ThingsSettings
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
    Finished,
    Named,
    Prompt,
    Reason,
    Saw,
    Say,
    Store,
    Stored,
    StoreFailed,
    Unable,
)
from kith.enrollment.thing_views import FIRST_WORDS_NS
from kith.types import Earcon, HeldFault, HeldThing, Kind, Rejection, SeenFace, View
from tests.unit._enrollment_kit import FRAME_MS, SPEECH_MS, Played, embeddings_held
from tests.unit._machine_kit import face, held, ms, sighting, vector

PEOPLE = EnrollmentSettings()
THINGS = ThingsSettings(min_view_gap_ms=200)
"""Their views are two frames apart."""
QUESTIONS = QuestionSettings()
SHUTTER = Cue(earcon=Earcon.SHUTTER)
LOOKING, TURN = Say(prompt=Prompt.THING_LOOKING), Say(prompt=Prompt.THING_TURN)
AGAIN = Say(prompt=Prompt.THING_AGAIN)
ON, OFF = Attend(on=True, kind=Kind.THING), Attend(on=False, kind=Kind.THING)
ASK_NAME = [OFF, AskName()]
YES, NO = Answer(yes=True), Answer(yes=False)
NOTHING = held(fault=HeldFault.NO_THING)
BLURRED = held(fault=HeldFault.BLURRED)
RECORDING = np.arange(4, dtype=np.int16)
BESIDE = (60.0, 60.0)
"""There the thing is not."""
DIFFERENT_DEG = 19.0
"""Two looks that differ by this are two views."""


def look(angle_deg: float = 0.0, *, looks_like: int | None = None, extent: float = 0.25) -> HeldThing:
    return held(vector(angle_deg), looks_like=looks_like, extent=extent)


def hint(reason: Reason) -> Say:
    return Say(prompt=Prompt.HINT, reason=reason)


def same(thing_id: int) -> Say:
    return Say(prompt=Prompt.THING_SAME, person_id=thing_id)


def refused(
    reason: Reason, ending: Ending = Ending.REFUSED, thing_id: int | None = None
) -> list[EnrollmentCommand]:
    return [
        OFF,
        Say(prompt=Prompt.REFUSED, reason=reason, person_id=thing_id),
        Finished(ending=ending, reason=reason),
    ]


class Teaching(Played):
    """The teaching of a thing that has begun."""

    def __init__(self, things: ThingsSettings = THINGS, speech_ms: int | None = SPEECH_MS) -> None:
        super().__init__(Enrollment(QUESTIONS, gatherers(PEOPLE, things)), speech_ms)
        assert self.send(Begin(kind=Kind.THING)) == [ON, LOOKING]

    def show(
        self, thing: HeldThing | None, *faces: SeenFace, view: View = View.NORMAL
    ) -> list[EnrollmentCommand]:
        return self.frame(sighting(0, *faces, view=view, held=thing))

    def show_for(
        self, duration_ms: int, thing: HeldThing | None, *faces: SeenFace, view: View = View.NORMAL
    ) -> list[EnrollmentCommand]:
        return self.frames(duration_ms, sighting(0, *faces, view=view, held=thing))

    def turned(self, views: int, from_deg: float = 0.0) -> list[EnrollmentCommand]:
        """So many views of a thing that is turned all the time, each taken before it is turned further."""
        commands: list[EnrollmentCommand] = []
        for i in range(views):
            before, until_ms = commands.count(SHUTTER), self.at_ms + 5000
            while commands.count(SHUTTER) == before and self.at_ms < until_ms:
                commands += self.show(look(from_deg + i * DIFFERENT_DEG))
        return commands

    def name_it(self, recording: np.ndarray | None = None) -> Store:
        (store,) = self.send(Named(recording=recording))
        assert isinstance(store, Store)
        return store


def test_a_thing_that_is_turned_from_the_first_look_to_the_name() -> None:
    session = Teaching()
    assert session.show_for(400, NOTHING) == []
    assert session.show(look(0, extent=0.1)) == [SHUTTER]
    assert session.show_for(1100, look(0)) == [TURN]
    seen: list[EnrollmentCommand] = []
    for i, extent in enumerate((0.3, 0.5, 0.2, 0.25), start=1):
        seen += session.show_for(200, look(i * DIFFERENT_DEG, extent=extent))
    assert seen == [SHUTTER] * 4 + ASK_NAME  # no consent: it is no person
    assert session.machine.next_deadline_ns is None
    store = session.name_it(RECORDING)
    assert [float(one.vector[0]) for one in store.embeddings] == [
        float(vector(i * DIFFERENT_DEG).vector[0]) for i in range(5)
    ]
    assert (store.kind, store.extent, store.add_to) == (Kind.THING, 0.25, None)
    assert store.recording is RECORDING
    assert embeddings_held(session.machine) == []
    assert session.send(Stored(person_id=3, recorded=True)) == [
        Say(prompt=Prompt.DONE, person_id=3),
        Finished(ending=Ending.ENROLLED),
    ]
    assert not session.machine.active


def test_what_could_not_be_stored_is_said() -> None:
    session = Teaching()
    session.turned(5)
    session.name_it()
    assert session.send(StoreFailed(reason=Reason.DISK_FULL)) == refused(Reason.DISK_FULL)[1:]


def test_after_a_thing_a_person_is_learnt_as_ever() -> None:
    session = Teaching()
    session.send(Cancel())
    assert session.send(Begin()) == [Attend(on=True), Say(prompt=Prompt.LOOKING)]
    assert session.send(Cancel())[0] == Attend(on=False)


# --- turning it -------------------------------------------------------------------------------------------


def test_it_is_to_be_turned_once_the_first_words_are_over() -> None:
    session = Teaching()
    assert session.show(look()) == [SHUTTER]
    assert session.show_for(SPEECH_MS - FRAME_MS, look()) == []
    assert session.show(look()) == [TURN]


def test_without_word_of_their_end_it_is_to_be_turned_all_the_same() -> None:
    session = Teaching(speech_ms=None)
    session.show(look())
    assert session.show_for(FIRST_WORDS_NS // ms(1) - 2 * FRAME_MS, look()) == []
    assert session.show(look()) == [TURN]


@pytest.mark.parametrize(("angle_deg", "is_view"), [(18.2, True), (18.1, False)])
def test_a_view_differs_from_all_before_it(angle_deg: float, is_view: bool) -> None:
    """cos 18.2 degrees is 0.95."""
    session = Teaching()
    session.turned(1)
    session.turned(1, 60)
    assert (SHUTTER in session.show_for(1000, look(angle_deg))) == is_view


def test_a_ball_looks_the_same_from_everywhere_and_is_learnt_all_the_same() -> None:
    session = Teaching()
    commands = session.show_for(25_000, look())
    assert commands.count(SHUTTER) == THINGS.views
    assert TURN in commands
    assert commands[-2:] == ASK_NAME
    assert len(session.name_it().embeddings) == THINGS.views


def test_a_plain_view_is_not_taken_before_it_was_to_be_turned() -> None:
    session = Teaching(speech_ms=5000)
    assert session.show_for(5000, look()) == [SHUTTER]
    assert session.show(look()) == [TURN]
    assert SHUTTER not in session.show_for(THINGS.alike_after_ms - FRAME_MS, look())
    assert session.show(look()) == [SHUTTER]


def test_views_are_so_far_apart_that_the_hand_can_turn_it() -> None:
    session = Teaching(ThingsSettings())
    assert session.show_for(SPEECH_MS, look(0)) == [SHUTTER]
    assert session.show(look(20)) == [TURN]
    assert session.show_for(900, look(20)) == []
    assert session.show(look(40)) == [SHUTTER]
    assert session.show_for(900, look(60)) == []
    assert session.show(look(60)) == [SHUTTER]


def test_it_is_told_to_be_turned_again_when_nothing_was_heard_for_a_while() -> None:
    session = Teaching(replace(THINGS, alike_after_ms=60_000))
    assert session.show_for(1600, look()) == [SHUTTER, TURN]
    quiet_ms = SPEECH_MS + PEOPLE.hint_interval_ms
    assert session.show_for(quiet_ms - FRAME_MS, look()) == []
    assert session.show(look()) == [TURN]


# --- what keeps a look from being a view ------------------------------------------------------------------

FAULTS = [
    (HeldFault.NO_THING, Reason.NO_THING),
    (HeldFault.TOO_DARK, Reason.TOO_DARK),
    (HeldFault.TOO_BRIGHT, Reason.TOO_BRIGHT),
    (HeldFault.BLURRED, Reason.BLURRED),
    (HeldFault.CUT_OFF, Reason.THING_CUT_OFF),
]


def test_each_fault_has_a_reason() -> None:
    assert {fault for fault, _ in FAULTS} == set(HeldFault)


@pytest.mark.parametrize(("fault", "reason"), FAULTS)
def test_each_fault_is_said_now_and_then_and_at_the_end(fault: HeldFault, reason: Reason) -> None:
    session = Teaching()
    bad = held(fault=fault)
    assert session.show_for(SPEECH_MS + PEOPLE.hint_interval_ms - FRAME_MS, bad) == []
    assert session.show(bad) == [hint(reason)]
    assert session.show_for(SPEECH_MS + PEOPLE.hint_interval_ms, bad) == [hint(reason)]
    commands = session.show_for(THINGS.teach_timeout_ms, bad)
    assert commands[-3:] == refused(reason, Ending.TIMED_OUT)
    assert bool(session.tones) == (fault is not HeldFault.NO_THING)


@pytest.mark.parametrize(("view", "reason"), [(View.DARK, Reason.TOO_DARK), (View.COVERED, Reason.COVERED)])
def test_in_the_dark_nothing_is_held_up(view: View, reason: Reason) -> None:
    session = Teaching()
    assert session.show_for(4000, NOTHING, view=view) == [hint(reason)]
    session = Teaching()
    assert session.show_for(4000, None, view=view) == [hint(reason)]


def test_a_thing_seen_in_the_dark_is_a_view_all_the_same() -> None:
    assert Teaching().show(look(), view=View.DARK) == [SHUTTER]


def test_what_was_not_looked_for_is_no_fault() -> None:
    session = Teaching()
    assert session.show_for(10_000, None) == []
    commands = session.wait(THINGS.teach_timeout_ms)
    assert commands == refused(Reason.TOOK_TOO_LONG, Ending.TIMED_OUT)


def test_a_view_puts_the_next_hint_off() -> None:
    session = Teaching()
    session.show_for(3800, BLURRED)
    assert session.show(look()) == [SHUTTER]
    assert session.show_for(2400, BLURRED) == []


def test_no_hint_is_said_over_the_first_words() -> None:
    session = Teaching(speech_ms=4000)
    assert session.show(look()) == [SHUTTER]
    assert session.show_for(4000 + 2400 - FRAME_MS, BLURRED) == []
    assert session.show(BLURRED) == [hint(Reason.BLURRED)]


def test_what_cannot_be_seen_any_more_ends_it() -> None:
    session = Teaching()
    session.turned(3)
    assert session.send(Unable(reason=Reason.THINGS_FAILED)) == refused(Reason.THINGS_FAILED)
    assert embeddings_held(session.machine) == []
    session = Teaching()
    session.turned(5)
    assert session.send(Unable(reason=Reason.THINGS_FAILED)) == []  # all was seen


def test_the_viewfinder_follows_the_thing() -> None:
    session = Teaching()
    session.show(held(fault=HeldFault.BLURRED, center_px=(640, 240)))
    session.show_for(900, held(fault=HeldFault.BLURRED, center_px=(0, 240)))
    assert [at_ms for at_ms, _ in session.tones] == [100, 400, 700, 1000]
    tones = [guide.tone for _, guide in session.tones]
    assert [tone.pan for tone in tones] == [1.0, -1.0, -1.0, -1.0]
    assert tones[0].pitch_hz == pytest.approx(220)


# --- another thing, or none -------------------------------------------------------------------------------


@pytest.mark.parametrize(("angle_deg", "agrees"), [(72, True), (73, False)])
def test_a_view_agrees_with_one_of_the_others(angle_deg: float, agrees: bool) -> None:
    session = Teaching()
    session.show_for(SPEECH_MS + 200, look(0))
    assert session.show_for(200, look(angle_deg)) == ([SHUTTER] if agrees else [])


def test_one_of_the_others_is_enough() -> None:
    """The back of a thing is not its front."""
    session = Teaching()
    session.turned(1)
    session.turned(1, 60)
    assert session.turned(1, 120) == [SHUTTER]


def test_another_thing_is_told_of_and_then_learnt_instead() -> None:
    session = Teaching()
    session.show_for(2000, NOTHING)
    session.turned(2)
    assert session.show_for(1400, look(110)) == []
    assert session.show_for(200, look(110)) == [AGAIN, SHUTTER, TURN]
    assert session.turned(4, 110 + DIFFERENT_DEG)[-2:] == ASK_NAME
    assert all(float(one.vector[0]) < 0 for one in session.name_it().embeddings)


def test_a_look_of_another_thing_is_a_reason() -> None:
    session = Teaching(replace(THINGS, teach_timeout_ms=10_000))
    commands = session.show(look())
    while session.machine.active:
        commands += session.show_for(700, look(110))
        commands += session.show(BLURRED)  # so that it is not lost
    assert hint(Reason.NOT_THE_SAME_THING) in commands
    assert commands[-3:] == refused(Reason.NOT_THE_SAME_THING, Ending.TIMED_OUT)


def test_a_thing_lost_begins_again() -> None:
    session = Teaching()
    session.turned(4)
    assert session.show_for(1500, NOTHING)[-1] == AGAIN
    assert embeddings_held(session.machine) == []
    assert session.turned(5, 80) == [SHUTTER, TURN, *[SHUTTER] * 4, *ASK_NAME]


def test_a_thing_lost_is_noticed_without_frames() -> None:
    session = Teaching()
    session.turned(1)
    assert session.wait(1499) == []
    assert session.wait(1) == [AGAIN]


def test_a_short_loss_is_forgiven() -> None:
    session = Teaching()
    session.turned(4)
    session.show_for(1300, NOTHING)
    assert session.show(look(80)) == [SHUTTER, *ASK_NAME]


def test_a_late_sighting_of_the_thing_is_no_loss() -> None:
    session = Teaching()
    session.show_for(SPEECH_MS + 200, look())
    session.at_ms += 1900
    assert session.send(Saw(sighting=sighting(0, held=look(30)))) == [SHUTTER]


def test_a_blurred_thing_is_not_lost() -> None:
    session = Teaching()
    session.turned(4)
    assert AGAIN not in session.show_for(3000, BLURRED)
    assert session.show(look(80)) == [SHUTTER, *ASK_NAME]


# --- time is over -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("views", "kept"), [(1, False), (2, True), (4, True)])
def test_when_time_is_over_two_views_do(views: int, kept: bool) -> None:
    session = Teaching(replace(THINGS, teach_timeout_ms=5000))
    session.turned(views)
    commands = session.show_for(5000, BLURRED)
    if kept:
        assert commands[-2:] == ASK_NAME
        assert len(session.name_it().embeddings) == views
    else:
        assert commands[-3:] == refused(Reason.BLURRED, Ending.TIMED_OUT)
        assert embeddings_held(session.machine) == []


def test_it_ends_without_a_single_frame() -> None:
    session = Teaching()
    assert session.wait(THINGS.teach_timeout_ms - 1) == []
    assert session.wait(1) == refused(Reason.TOOK_TOO_LONG, Ending.TIMED_OUT)
    assert session.machine.next_deadline_ns is None


@pytest.mark.parametrize("views", [0, 3])
def test_a_look_that_comes_too_late_is_none(views: int) -> None:
    session = Teaching()
    session.turned(views)
    session.at_ms += THINGS.teach_timeout_ms
    commands = session.send(Saw(sighting=sighting(0, held=look(90))))
    assert commands == (ASK_NAME if views else refused(Reason.TOOK_TOO_LONG, Ending.TIMED_OUT))


# --- a face ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("thing", [None, NOTHING, BLURRED], ids=["not looked for", "nothing", "blurred"])
def test_a_face_that_stays_in_view_is_meant(thing: HeldThing | None) -> None:
    session = Teaching()
    assert session.show_for(700, thing, face(7)) == []
    assert session.show(thing, face(7)) == refused(Reason.FACE_IN_VIEW)


@pytest.mark.parametrize(
    "other",
    [
        face(7, center_px=BESIDE, inter_eye_px=PEOPLE.min_inter_eye_px - 1),
        face(7, center_px=BESIDE, rejection=Rejection.BLURRED),
        face(7, center_px=BESIDE, yaw_deg=PEOPLE.front_yaw_deg + 1),
    ],
    ids=["small", "blurred", "turned away"],
)
def test_a_face_that_could_not_be_learnt_is_not_meant(other: SeenFace) -> None:
    session = Teaching()
    assert session.show_for(3000, NOTHING, other) == []
    assert session.show(look(), other) == [SHUTTER]


def test_who_walks_through_the_view_is_not_meant() -> None:
    session = Teaching()
    for _ in range(4):
        assert session.show_for(600, NOTHING, face(7)) == []
        session.show(NOTHING)


def test_after_the_first_view_a_face_beside_the_thing_does_not_matter() -> None:
    session = Teaching()
    session.show(look())
    commands = session.show_for(3000, look(), face(7, center_px=BESIDE))
    assert commands == [TURN]


def test_no_view_is_taken_while_it_is_open_whether_a_face_is_meant() -> None:
    session = Teaching()
    assert session.show_for(700, look(), face(7, center_px=BESIDE)) == []
    assert session.show(look(), face(7, center_px=BESIDE)) == refused(Reason.FACE_IN_VIEW)


def test_a_small_face_where_the_thing_is_does_not_matter() -> None:
    session = Teaching()
    assert session.show(look(), face(7, inter_eye_px=PEOPLE.min_inter_eye_px - 1)) == [SHUTTER]


@pytest.mark.parametrize(
    "somebody",
    [face(7), face(7, rejection=Rejection.BLURRED), face(7, yaw_deg=60.0)],
    ids=["in front", "blurred", "in profile"],
)
def test_nobody_is_learnt_as_a_thing(somebody: SeenFace) -> None:
    """They would have had to agree."""
    session = Teaching()
    assert session.show(look()) == [SHUTTER]
    commands = [
        command for i in range(1, 60) for command in session.show_for(200, look(i * DIFFERENT_DEG), somebody)
    ]
    assert SHUTTER not in commands
    reasons = {each.reason for each in commands if isinstance(each, Say)}
    assert Reason.FACE_IN_VIEW in reasons


# --- a thing that is known --------------------------------------------------------------------------------


def to_same(session: Teaching) -> None:
    assert session.show(look(looks_like=4)) == [SHUTTER]
    assert session.show(look(looks_like=4)) == [same(4)]


@pytest.mark.parametrize(
    ("likes", "thing_id"), [((4, 4), 4), ((4, None, 4), 4), ((4, None), None), ((4, 5), None)]
)
def test_two_looks_ask_whether_it_is_known(likes: tuple[int | None, ...], thing_id: int | None) -> None:
    session = Teaching()
    commands = [command for one in likes for command in session.show(look(looks_like=one))]
    assert commands == ([SHUTTER] if thing_id is None else [SHUTTER, same(thing_id)])


def test_a_known_thing_is_added_to_and_no_name_is_asked_for() -> None:
    session = Teaching()
    to_same(session)
    session.show_for(3000, look(60))
    assert session.send(YES) == []
    commands = session.turned(4, DIFFERENT_DEG)
    assert commands[:-2] == [TURN, *[SHUTTER] * 4]
    assert commands[-2] == OFF
    store = commands[-1]
    assert isinstance(store, Store)
    assert (len(store.embeddings), store.add_to, store.recording) == (5, 4, None)
    assert store.kind is Kind.THING
    assert session.send(Stored(person_id=4, recorded=True))[-1] == Finished(ending=Ending.ADDED)


def test_or_it_is_another_thing_and_that_is_not_asked_again() -> None:
    session = Teaching()
    to_same(session)
    assert session.send(NO) == []
    commands = session.show_for(100, look(looks_like=4))
    for i in range(1, 5):
        commands += session.show_for(200, look(i * DIFFERENT_DEG, looks_like=4))
    assert commands == [TURN, *[SHUTTER] * 4, *ASK_NAME]
    assert session.name_it().add_to is None


def again(session: Teaching) -> None:
    """It is to look for thing 7 instead, whose looks are of no use any more."""
    session.send(Cancel())
    hold_up = Say(prompt=Prompt.THING_ANEW, person_id=7)
    assert session.send(Begin(kind=Kind.THING, add_to=7)) == [ON, hold_up]
    assert session.machine.looking == hold_up


def test_what_is_taught_anew_is_neither_asked_about_nor_named() -> None:
    session = Teaching()
    again(session)
    store = session.turned(5)[-1]
    assert isinstance(store, Store)
    assert (len(store.embeddings), store.add_to, store.recording) == (5, 7, None)
    assert session.send(Stored(person_id=7, recorded=True)) == [
        Say(prompt=Prompt.ADDED, person_id=7),
        Finished(ending=Ending.ADDED),
    ]
    assert session.send(Begin(kind=Kind.THING)) == [ON, LOOKING]
    assert session.turned(5)[-len(ASK_NAME) :] == ASK_NAME


@pytest.mark.parametrize(("answer", "add_to"), [(YES, 4), (NO, 7)])
def test_what_is_taught_anew_may_look_like_another(answer: Answer, add_to: int) -> None:
    session = Teaching()
    again(session)
    to_same(session)
    session.send(answer)
    store = session.turned(4, DIFFERENT_DEG)[-1]
    assert isinstance(store, Store)
    assert store.add_to == add_to


def test_without_an_answer_nothing_is_kept() -> None:
    session = Teaching()
    to_same(session)
    assert session.show_for(20_000, look()) == [same(4), *refused(Reason.KNOWN, thing_id=4)]
    assert embeddings_held(session.machine) == []


def test_the_clock_stands_still_while_a_question_is_open() -> None:
    session = Teaching(replace(THINGS, teach_timeout_ms=5000))
    to_same(session)
    session.show_for(SPEECH_MS + 5000, BLURRED)
    session.send(NO)
    commands = session.show_for(4700, BLURRED)  # 200 ms were over before
    assert commands == [hint(Reason.BLURRED)]
    assert session.show(BLURRED) == refused(Reason.BLURRED, Ending.TIMED_OUT)


def test_a_thing_lost_while_a_question_was_open_begins_again() -> None:
    session = Teaching()
    to_same(session)
    session.show_for(1500, NOTHING)
    assert session.send(YES) == [AGAIN]
    assert embeddings_held(session.machine) == []
    commands = session.turned(5, 80)  # a yes does not hold for whatever comes next
    assert commands[-2:] == ASK_NAME


def test_a_thing_swapped_while_a_question_was_open_is_not_added() -> None:
    session = Teaching()
    to_same(session)
    session.show_for(1500, look(110))
    assert session.send(YES) == [AGAIN]
    assert session.turned(5, 110)[-2:] == ASK_NAME


def test_a_plain_view_is_not_taken_right_after_a_question() -> None:
    session = Teaching()
    session.show_for(SPEECH_MS, look())
    session.show_for(200, look(looks_like=4))
    session.show_for(5500, look())
    assert session.send(NO) == []
    assert SHUTTER not in session.show_for(THINGS.alike_after_ms - FRAME_MS, look())
    assert session.show(look()) == [SHUTTER]


# --- at any time ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "reach",
    [
        pytest.param(lambda s: None, id="at once"),
        pytest.param(lambda s: s.turned(3), id="amid the views"),
        pytest.param(to_same, id="is it that"),
        pytest.param(lambda s: s.turned(5), id="the name is said"),
    ],
)
def test_cancel(reach: Callable[[Teaching], object]) -> None:
    session = Teaching()
    reach(session)
    assert session.send(Cancel())[-2:] == [
        Say(prompt=Prompt.CANCELLED),
        Finished(ending=Ending.CANCELLED),
    ]
    assert embeddings_held(session.machine) == []
    assert not session.machine.active
