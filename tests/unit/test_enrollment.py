"""Enrollment in ticks: a frame every 100 ms."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from kith.clock import Tick
from kith.config import EnrollmentSettings
from kith.enrollment.machine import Enrollment
from kith.enrollment.messages import (
    Attend,
    Begin,
    Cancel,
    Cue,
    Ending,
    EnrollmentCommand,
    EnrollmentEvent,
    Finished,
    Guide,
    Prompt,
    Reason,
    Saw,
    Say,
    Store,
    Stored,
    StoreFailed,
)
from kith.types import Earcon, Identification, Rejection, SeenFace, View
from tests.unit._machine_kit import between, face, known, ms, sighting, unknown, vector

FRAME_MS = 100
SETTINGS = EnrollmentSettings(min_view_gap_ms=250)
LOOKING = [Attend(on=True), Say(prompt=Prompt.LOOKING)]
SHUTTER = Cue(earcon=Earcon.SHUTTER)


def good(track_id: int = 7, angle_deg: float = 0.0, who: Identification | None = None) -> SeenFace:
    return face(track_id, who or unknown(), embedding=vector(angle_deg))


class Session:
    """An enrollment that has begun. Guide tones are kept apart: they come all along."""

    def __init__(self, name: str | None = None) -> None:
        self.machine = Enrollment(SETTINGS)
        self.at_ms = 0
        self.tones: list[tuple[int, Guide]] = []
        assert self.send(Begin(name=name)) == LOOKING

    def send(self, event: EnrollmentEvent) -> list[EnrollmentCommand]:
        commands = self.machine.step(event, ms(self.at_ms))
        self.tones += [(self.at_ms, command) for command in commands if isinstance(command, Guide)]
        return [command for command in commands if not isinstance(command, Guide)]

    def show(self, *faces: SeenFace, view: View = View.NORMAL) -> list[EnrollmentCommand]:
        self.at_ms += FRAME_MS
        return self.send(Saw(sighting=sighting(ms(self.at_ms), *faces, view=view)))

    def show_for(
        self, duration_ms: int, *faces: SeenFace, view: View = View.NORMAL
    ) -> list[EnrollmentCommand]:
        frames = range(duration_ms // FRAME_MS)
        return [command for _ in frames for command in self.show(*faces, view=view)]

    def wait(self, duration_ms: int) -> list[EnrollmentCommand]:
        """No frames at all; Ticks when they are due."""
        end_ms = self.at_ms + duration_ms
        commands: list[EnrollmentCommand] = []
        while (due := self.machine.next_deadline_ns) is not None and due <= ms(end_ms):
            self.at_ms = due // ms(1)
            commands += self.send(Tick())
            assert self.machine.next_deadline_ns is None or self.machine.next_deadline_ns > due
        self.at_ms = end_ms
        return commands


def refused(
    reason: Reason, ending: Ending = Ending.REFUSED, person_id: int | None = None
) -> list[EnrollmentCommand]:
    return [
        Attend(on=False),
        Say(prompt=Prompt.REFUSED, reason=reason, person_id=person_id),
        Finished(ending=ending, reason=reason),
    ]


def held(machine: Enrollment) -> object:
    return machine._watch


def test_five_views_of_one_face_are_stored() -> None:
    session = Session(name="Anna")
    times: list[int] = []
    stored: list[Store] = []
    for angle in itertools.count():
        commands = session.show(good(angle_deg=angle))
        times += [session.at_ms] * commands.count(SHUTTER)
        stored += [command for command in commands if isinstance(command, Store)]
        if stored:
            assert commands == [SHUTTER, Attend(on=False), stored[0]]
            break
        assert commands in ([], [SHUTTER])
    assert times == [100, 400, 700, 1000, 1300]  # the first frames past each 250 ms
    assert stored[0].name == "Anna"
    assert [float(e.vector[0]) for e in stored[0].embeddings] == [
        float(vector(angle).vector[0]) for angle in (0, 3, 6, 9, 12)
    ]
    assert session.send(Stored(name="Anna")) == [
        Say(prompt=Prompt.DONE, name="Anna"),
        Finished(ending=Ending.ENROLLED),
    ]
    assert not session.machine.active
    assert held(session.machine) is None


@pytest.mark.parametrize("reason", [Reason.DISK_FULL, Reason.NOT_STORED])
def test_what_could_not_be_stored_is_said(reason: Reason) -> None:
    session = Session()
    assert isinstance(session.show_for(1300, good())[-1], Store)
    assert session.send(StoreFailed(reason=reason)) == refused(reason)[1:]
    assert not session.machine.active


def test_while_it_is_stored_nothing_else_counts() -> None:
    session = Session()
    session.show_for(1300, good())
    assert [session.send(Begin()), session.send(Cancel()), session.wait(60_000)] == [[], [], []]
    assert session.show(good(8), good(9)) == []
    assert session.machine.active
    assert session.machine.next_deadline_ns is None


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (face(7, rejection=Rejection.TOO_DARK), Reason.TOO_DARK),
        (face(7, rejection=Rejection.TOO_BRIGHT), Reason.TOO_BRIGHT),
        (face(7, rejection=Rejection.BLURRED), Reason.BLURRED),
        (face(7, rejection=Rejection.TOO_SMALL), Reason.TOO_FAR),
        (face(7, rejection=Rejection.PROFILE), Reason.TURNED_AWAY),
        (face(7, rejection=Rejection.CUT_OFF), Reason.CUT_OFF),
        (face(7, embedding=vector(0), inter_eye_px=SETTINGS.min_inter_eye_px - 1), Reason.TOO_FAR),
        (face(7, embedding=vector(0), yaw_deg=SETTINGS.max_yaw_deg + 1), Reason.TURNED_AWAY),
        (face(7, embedding=vector(0), yaw_deg=-SETTINGS.max_yaw_deg - 1), Reason.TURNED_AWAY),
    ],
)
def test_each_fault_is_said_now_and_then_and_at_the_end(bad: SeenFace, reason: Reason) -> None:
    session = Session()
    hint = Say(prompt=Prompt.HINT, reason=reason)
    assert session.show_for(2400, bad) == []  # the first words are still heard
    assert session.show(bad) == [hint]
    assert session.show_for(2500, bad) == [hint]
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
    assert session.show_for(2500, view=view) == [Say(prompt=Prompt.HINT, reason=reason)]
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


def test_a_face_lost_begins_again_and_never_goes_on_with_another_track() -> None:
    session = Session()
    assert session.show_for(600, good(7, 0)) == [SHUTTER, SHUTTER]
    other = [command for _ in range(30) for command in session.show(good(8, 80))]
    assert other[0] == Say(prompt=Prompt.AGAIN)
    stored = next(command for command in other if isinstance(command, Store))
    assert {float(e.vector[0]) for e in stored.embeddings} == {float(vector(80).vector[0])}


def test_a_short_loss_is_forgiven() -> None:
    session = Session()
    session.show_for(600, good())
    session.show_for(1400)
    commands = session.show_for(1000, good())
    assert Say(prompt=Prompt.AGAIN) not in commands
    assert isinstance(commands[-1], Store)


def test_a_face_lost_is_noticed_without_frames() -> None:
    session = Session()
    session.show(good())
    assert session.wait(1499) == []
    assert session.wait(1) == [Say(prompt=Prompt.AGAIN)]


def test_a_late_sighting_of_the_same_track_is_no_loss() -> None:
    session = Session()
    session.show(good())
    session.at_ms += 1900
    assert session.show(good()) == [SHUTTER]


def test_views_that_disagree_end_it() -> None:
    session = Session()
    assert session.show_for(300, good(7, 0)) == [SHUTTER]
    assert session.show(good(7, 70)) == refused(Reason.NOT_THE_SAME)  # cos 70 deg = 0.34


@pytest.mark.parametrize(
    ("looks", "person_id"),
    [
        pytest.param([known(4), known(4)], 4, id="two looks know it"),
        pytest.param([known(4), unknown(), known(4)], 4, id="not in a row"),
        pytest.param([between(4, 5), known(4)], 4, id="torn between two counts"),
        pytest.param([known(4), unknown(), unknown()], None, id="one look may err"),
        pytest.param([known(4), known(5)], None, id="one look each"),
    ],
)
def test_a_face_that_is_known_already(looks: list[Identification], person_id: int | None) -> None:
    session = Session()
    commands = [command for one in looks for command in session.show(good(who=one))]
    if person_id is None:
        assert commands == [SHUTTER]
    else:
        assert commands == [SHUTTER, *refused(Reason.KNOWN, person_id=person_id)]


def test_looks_that_were_not_embedded_yet_are_waited_for() -> None:
    session = Session()
    assert session.show_for(2400, face(7)) == []
    assert session.show(good()) == [SHUTTER]


@pytest.mark.parametrize(
    "before", [lambda s: None, lambda s: s.show_for(600, good())], ids=["at once", "amid the views"]
)
def test_cancel(before: Callable[[Session], object]) -> None:
    session = Session()
    before(session)
    assert session.send(Cancel()) == [
        Attend(on=False),
        Say(prompt=Prompt.CANCELLED),
        Finished(ending=Ending.CANCELLED),
    ]
    assert held(session.machine) is None
    assert session.send(Cancel()) == []
    assert session.send(Begin()) == LOOKING


def test_events_before_the_beginning_are_ignored() -> None:
    machine = Enrollment(SETTINGS)
    events: list[EnrollmentEvent] = [
        Saw(sighting=sighting(0, good())),
        Cancel(),
        Stored(name="Anna"),
        StoreFailed(),
        Tick(),
    ]
    assert [machine.step(event, 0) for event in events] == [[]] * len(events)
    assert not machine.active


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
