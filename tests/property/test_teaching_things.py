"""What holds of the teaching of a thing, whatever is seen, pressed and said."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kith.clock import Tick
from kith.config import EnrollmentSettings, QuestionSettings, ThingsSettings
from kith.enrollment.machine import Enrollment, gatherers
from kith.enrollment.messages import (
    Answer,
    AskName,
    Attend,
    Begin,
    Cancel,
    Cue,
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
    Unable,
)
from kith.enrollment.thing_views import FEWEST_VIEWS
from kith.types import Embedding, HeldFault, HeldThing, Kind, SeenFace
from tests.unit._enrollment_kit import embeddings_held
from tests.unit._machine_kit import face, held, ms, sighting, vector

PEOPLE, THINGS, QUESTIONS = EnrollmentSettings(), ThingsSettings(), QuestionSettings()
NEVER_MS = 10**12
BOUND_MS = THINGS.teach_timeout_ms + 2 * (20_000 + 6000)
"""Left alone it is over by then: the looking, and both times a question is asked, for which it waits 20 s at
most to be said and 6 s to be answered."""

What = tuple[HeldThing | None, tuple[SeenFace, ...]] | EnrollmentEvent
Happening = tuple[int, int, float, What]
"""So often, each time so many ms later, turned by so many degrees more each time."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What the test knows of an embedding."""

    thing: HeldThing
    number: int
    at_question: bool


ANGLES_DEG = st.sampled_from([0.0, 0.0, 5.0, 20.0, 60.0, 90.0, 180.0])
good_looks = st.builds(
    lambda angle, extent, known: held(vector(angle), extent=extent, looks_like=known),
    ANGLES_DEG,
    st.sampled_from([0.1, 0.25, 0.6]),
    st.sampled_from([None, None, None, 1, 2]),
)
bad_looks = st.builds(lambda fault: held(fault=fault), st.sampled_from(HeldFault))
faces = st.sampled_from([(), (), (), (face(7),), (face(7, inter_eye_px=10.0),)])
scenes = st.tuples(good_looks | bad_looks | st.none(), faces)
events = st.sampled_from(
    [
        Begin(),
        Begin(kind=Kind.THING),
        Begin(kind=Kind.THING, add_to=77),
        Cancel(),
        Tick(),
        PromptEnded(heard=False),
        Named(recording=None),
        Unable(reason=Reason.THINGS_FAILED),
    ]
)
TAUGHT: st.SearchStrategy[Happening] = st.tuples(
    st.sampled_from([3, 12, 40]),
    st.just(100),
    st.sampled_from([0.0, 4.0, 8.0, 30.0]),
    st.tuples(good_looks, st.just(())),
)
PRESSES: st.SearchStrategy[Happening] = st.tuples(
    st.just(1),
    st.sampled_from([10, 500]),
    st.just(0.0),
    st.sampled_from([Answer(yes=True), Answer(yes=False), Named(recording=np.zeros(3, np.int16))]),
)
ANYTHING: st.SearchStrategy[Happening] = st.one_of(
    TAUGHT,
    PRESSES,
    st.tuples(st.just(1), st.sampled_from([10, 500, 7000]), st.just(0.0), events),
    st.tuples(st.sampled_from([1, 4, 9]), st.sampled_from([100, 300, 1600]), st.just(10.0), scenes),
)


@st.composite
def scripts(draw: st.DrawFn) -> list[Happening]:
    """A teaching with anything that happens in between; then, perhaps early, nothing more."""
    script = [draw(part) for _ in range(2) for part in (TAUGHT, TAUGHT, PRESSES)]
    for one in draw(st.lists(ANYTHING, max_size=6)):
        script.insert(draw(st.integers(0, len(script))), one)
    return script[: draw(st.integers(2, 3 * len(script)))]


class Teaching:
    """The machine, every Tick that is due, somebody who says its prompts, a gallery that answers at once, and
    an own account of what was shown and answered."""

    def __init__(self, speech_ms: int, store_works: bool) -> None:
        self.machine = Enrollment(QUESTIONS, gatherers(PEOPLE, THINGS))
        self.speech_ms, self.store_works = speech_ms, store_works
        self.at_ms = self.begun = self.finished = self.begun_with = 0
        self.kind = Kind.PERSON
        self.attending: Kind | None = None
        self.shown: dict[int, Shown] = {}  # by id() of the embedding
        self.all: list[Embedding] = []
        self.said_at_ms: int | None = None
        self.question: Say | None = None
        self.naming = self.named = False
        self.agreed: set[int | None] = set()

    def give(self, event: EnrollmentEvent) -> None:
        was_active = self.machine.active
        if isinstance(event, Answer) and self.question is not None:
            if event.yes:
                self.agreed.add(self.question.person_id)
            self.question = None
        if isinstance(event, Named):
            self.naming, self.named = False, True
        if isinstance(event, Begin) and not was_active:
            self.begun, self.begun_with, self.kind = self.begun + 1, len(self.all), event.kind
            self.agreed = set() if event.add_to is None else {event.add_to}
            self.named = False
        commands = self.machine.step(event, ms(self.at_ms))
        if not was_active:
            assert bool(commands) == self.machine.active == isinstance(event, Begin)
        for command in commands:
            self.take(command, is_last=command is commands[-1])
        waits = self.machine.active and not self.naming
        assert (self.machine.next_deadline_ns is not None) == waits

    def take(self, command: EnrollmentCommand, *, is_last: bool) -> None:
        match command:
            case Attend():
                assert command.kind is self.kind
                assert (self.attending is None) == command.on
                self.attending = self.kind if command.on else None
            case Say():
                self.said_at_ms = self.at_ms + self.speech_ms
                if command.prompt in (Prompt.SAME, Prompt.THING_SAME, Prompt.CONSENT):
                    self.question = command
                    assert self.kind is Kind.PERSON or command.prompt is Prompt.THING_SAME
            case Cue():
                assert self.question is None, "a view was taken during a question"
            case AskName():
                self.naming = True
            case Store():
                assert is_last
                self.check(command)
                assert embeddings_held(self.machine) == []
                self.give(Stored(person_id=3, recorded=True) if self.store_works else StoreFailed())
            case Finished():
                assert is_last
                self.finished += 1
                self.question, self.naming = None, False
                assert not self.machine.active
                assert self.attending is None
                assert embeddings_held(self.machine) == []

    def check(self, store: Store) -> None:
        assert store.kind is self.kind is Kind.THING  # no person is shown here
        assert self.attending is None
        assert store.add_to in self.agreed if store.add_to is not None else self.named
        views = [self.shown[id(embedding)] for embedding in store.embeddings]
        assert FEWEST_VIEWS <= len(views) <= THINGS.views
        assert not any(view.at_question for view in views)
        assert all(view.number >= self.begun_with for view in views)
        assert [view.number for view in views] == sorted({view.number for view in views})
        assert all(view.thing.fault is None for view in views)
        for i, one in enumerate(store.embeddings[1:], start=1):
            assert any(
                float(one.vector @ other.vector) >= THINGS.min_agreement for other in store.embeddings[:i]
            )
        extents = [view.thing.extent for view in views]
        assert store.extent is not None
        assert min(extents) <= store.extent <= max(extents)

    def wait(self, duration_ms: int) -> None:
        end_ms = self.at_ms + duration_ms
        while True:
            deadline_ns = self.machine.next_deadline_ns
            due_ms = NEVER_MS if deadline_ns is None else deadline_ns // ms(1)
            ends_ms = NEVER_MS if self.said_at_ms is None else self.said_at_ms
            if min(due_ms, ends_ms) > end_ms:
                break
            self.at_ms = min(due_ms, ends_ms)
            if ends_ms <= due_ms:
                self.prompt_ended(heard=True)
                continue
            self.give(Tick())
            deadline_ns = self.machine.next_deadline_ns
            assert deadline_ns is None or deadline_ns > ms(self.at_ms)
        self.at_ms = end_ms

    def prompt_ended(self, *, heard: bool) -> None:
        if self.said_at_ms is not None:
            self.said_at_ms = None
            self.give(PromptEnded(heard=heard))

    def show(self, thing: HeldThing | None, seen: tuple[SeenFace, ...], turned_deg: float) -> None:
        if thing is not None and thing.embedding is not None:
            x, y = thing.embedding.vector
            thing = replace(thing, embedding=vector(float(np.rad2deg(np.arctan2(y, x))) + turned_deg))
            assert thing.embedding is not None
            self.shown[id(thing.embedding)] = Shown(thing, len(self.all), self.question is not None)
            self.all.append(thing.embedding)
        self.give(Saw(sighting=sighting(ms(self.at_ms), *seen, held=thing)))

    def happens(self, what: What, turned_deg: float) -> None:
        match what:
            case tuple():
                self.show(*what, turned_deg)
            case PromptEnded():
                self.prompt_ended(heard=what.heard)
            case Named() if not self.naming:
                pass
            case _:
                self.give(what)


@settings(max_examples=400, deadline=None)
@given(scripts(), st.sampled_from([300, 1500, 4000, NEVER_MS]), st.booleans())
def test_a_teaching_stores_views_of_one_thing_and_always_ends(
    script: list[Happening], speech_ms: int, store_works: bool
) -> None:
    session = Teaching(speech_ms, store_works)
    session.give(Begin(kind=Kind.THING))
    for count, gap_ms, turn_deg, what in script:
        for i in range(count):
            session.wait(gap_ms)
            session.happens(what, i * turn_deg)
    session.wait(BOUND_MS)
    if session.naming:
        session.give(Named(recording=None))
    assert not session.machine.active
    assert session.finished == session.begun
    assert embeddings_held(session.machine) == []
