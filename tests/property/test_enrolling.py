"""What holds of an enrollment whatever is seen, pressed and said."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kith.clock import Tick
from kith.config import EnrollmentSettings, QuestionSettings, ThingsSettings
from kith.enrollment.likeness import KNOWN_LOOKS
from kith.enrollment.machine import Enrollment, gatherers
from kith.enrollment.messages import (
    Answer,
    AskName,
    Begin,
    Cancel,
    Cue,
    EnrollmentCommand,
    EnrollmentEvent,
    Finished,
    Named,
    Prompt,
    PromptEnded,
    Saw,
    Say,
    Store,
    Stored,
    StoreFailed,
)
from kith.types import Embedding, Identification, Rejection, SeenFace
from tests.unit._enrollment_kit import embeddings_held
from tests.unit._machine_kit import between, face, known, ms, sighting, unknown, vector

SETTINGS = EnrollmentSettings()
QUESTIONS = QuestionSettings()
NEVER_MS = 10**12
BOUND_MS = SETTINGS.timeout_ms + 2 * (20_000 + 6000)
"""An enrollment left alone is over by then: its looking, and both times a question is asked, for which it
waits 20 s at most to be said and 6 s to be answered."""
TURNS = {Prompt.TURN_LEFT: 30.0, Prompt.TURN_RIGHT: -30.0}


@dataclass(frozen=True, slots=True)
class Willing:
    """One face that does what it was asked for last, or looks straight all along."""

    track_id: int
    who: Identification
    turns: bool = True


What = Willing | list[SeenFace] | EnrollmentEvent
Happening = tuple[int, int, What]
"""So often, each time so many ms later."""
Strategy = st.SearchStrategy[Happening]


@dataclass(frozen=True, slots=True)
class Shown:
    """What the test knows of an embedding."""

    face: SeenFace
    number: int
    at_question: bool


names = st.sampled_from([unknown(), unknown(), known(1), known(2), between(1, 2)])
looks_of_a_face = st.builds(
    lambda track, angle, who, embedded, rejection, px, yaw: face(
        track,
        who,
        embedding=vector(angle) if embedded else None,
        rejection=rejection,
        inter_eye_px=px,
        yaw_deg=yaw,
    ),
    st.integers(1, 2),
    st.sampled_from([0, 1, 50, 90]),
    names,
    st.booleans() | st.just(True),
    st.none() | st.sampled_from(Rejection),
    st.sampled_from([10.0, 30.0, 40.0]),
    st.sampled_from([0.0, 14.0, 16.0, -30.0, 44.0, 60.0]),
)
scenes = st.lists(looks_of_a_face, max_size=2, unique_by=lambda one: one.tracked.track_id)
willing = st.builds(Willing, st.sampled_from([1, 1, 1, 2]), names)
answers = st.sampled_from([Answer(yes=True), Answer(yes=False)])
others = st.sampled_from(
    [
        Begin(),
        Cancel(),
        Tick(),
        PromptEnded(heard=False),
        Named(recording=None),
        Named(recording=np.zeros(3, np.int16)),
    ]
)
TAKES_PART: Strategy = st.one_of(
    st.tuples(st.sampled_from([12, 30]), st.just(100), st.just(Willing(1, unknown()))),
    st.tuples(st.sampled_from([12, 30]), st.just(100), willing),
    st.tuples(st.just(12), st.just(100), st.just(Willing(1, known(1)))),
    st.tuples(st.sampled_from([12, 60]), st.just(100), st.just(Willing(1, unknown(), turns=False))),
)
PRESSES: Strategy = st.tuples(st.just(1), st.sampled_from([10, 500]), answers)
ANYTHING: Strategy = st.one_of(
    TAKES_PART,
    PRESSES,
    st.tuples(st.just(1), st.sampled_from([10, 500, 7000]), others),
    st.tuples(st.sampled_from([1, 2, 4]), st.sampled_from([100, 300, 1600]), scenes),
)


@st.composite
def scripts(draw: st.DrawFn) -> list[Happening]:
    """How an enrollment goes, with anything that happens in between: by chance alone it seldom comes far.
    Then, perhaps early, nothing more."""
    script = [draw(part) for _ in range(3) for part in (TAKES_PART, TAKES_PART, PRESSES)]
    for one in draw(st.lists(ANYTHING, max_size=6)):
        script.insert(draw(st.integers(0, len(script))), one)
    return script[: draw(st.integers(2, 3 * len(script)))]


class Enrolling:
    """An enrollment, every Tick that is due, somebody who says its prompts, a gallery that answers at once,
    and an own account of what was shown and answered."""

    def __init__(self, speech_ms: int, store_works: bool) -> None:
        self.machine = Enrollment(QUESTIONS, gatherers(SETTINGS, ThingsSettings()))
        self.speech_ms, self.store_works = speech_ms, store_works
        self.at_ms = self.begun = self.finished = self.begun_with = self.stored = 0
        self.shown: dict[int, Shown] = {}  # by id() of the embedding, which it keeps from being used twice
        self.all: list[Embedding] = []
        self.said_at_ms: int | None = None
        self.newest = Prompt.LOOKING
        self.question: Say | None = None
        self.naming = False
        self.agreed: set[int | None] = set()  # whom it is, or None for consent

    def give(self, event: EnrollmentEvent) -> None:
        was_active = self.machine.active
        if isinstance(event, Answer) and self.question is not None:
            if event.yes:
                self.agreed.add(self.question.person_id)
            self.question = None
        commands = self.machine.step(event, ms(self.at_ms))
        if not was_active:
            self.begins(event, commands)
        if isinstance(event, Named):
            self.naming = False
        for command in commands:
            self.take(command, is_last=command is commands[-1])
        waits = self.machine.active and not self.naming
        assert (self.machine.next_deadline_ns is not None) == waits

    def begins(self, event: EnrollmentEvent, commands: list[EnrollmentCommand]) -> None:
        assert self.machine.active == isinstance(event, Begin) == bool(commands)
        if self.machine.active:
            self.begun += 1
            self.begun_with = len(self.all)
            self.agreed.clear()

    def take(self, command: EnrollmentCommand, *, is_last: bool) -> None:
        match command:
            case Say():
                self.newest, self.said_at_ms = command.prompt, self.at_ms + self.speech_ms
                if command.prompt in (Prompt.SAME, Prompt.CONSENT):
                    self.question = command
            case Cue():
                assert self.question is None, "a view was taken during a question"
            case AskName():
                self.naming = True
            case Store():
                assert is_last
                self.check(command)
                self.stored += 1
                assert embeddings_held(self.machine) == []
                assert self.machine.next_deadline_ns is None
                self.give(Stored(person_id=3, recorded=True) if self.store_works else StoreFailed())
            case Finished():
                assert is_last
                self.finished += 1
                self.question, self.naming = None, False
                assert not self.machine.active
                assert embeddings_held(self.machine) == []

    def check(self, store: Store) -> None:
        assert store.add_to in self.agreed
        assert store.add_to is None or store.recording is None
        views = [self.shown[id(embedding)] for embedding in store.embeddings]
        assert not any(view.at_question for view in views)
        assert all(view.number >= self.begun_with for view in views)
        assert [view.number for view in views] == sorted({view.number for view in views})
        (track_id,) = {view.face.tracked.track_id for view in views}
        fronts = views[: SETTINGS.front_views]
        assert all(abs(_yaw(view)) <= SETTINGS.front_yaw_deg for view in fronts)
        sides = [_yaw(view) for view in views[SETTINGS.front_views :]]
        assert all(SETTINGS.front_yaw_deg < abs(yaw) <= SETTINGS.max_yaw_deg for yaw in sides)
        assert [yaw > 0 for yaw in sides] in ([], [True], [False], [True, False])
        for i, view in enumerate(views):
            least = SETTINGS.min_agreement if i < len(fronts) else SETTINGS.min_side_agreement
            assert all(_score(view, front) >= least for front in fronts if front is not view)
        if store.add_to is not None:
            assert self.looks_that_name(store.add_to, track_id) >= KNOWN_LOOKS

    def looks_that_name(self, person_id: int, track_id: int) -> int:
        faces = [self.shown[id(embedding)].face for embedding in self.all[self.begun_with :]]
        return sum(
            one.tracked.track_id == track_id
            and one.identification is not None
            and one.identification.person_id == person_id
            for one in faces
        )

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

    def show(self, faces: list[SeenFace]) -> None:
        for one in faces:
            embedding = one.tracked.embedding
            if embedding is not None:
                self.shown[id(embedding)] = Shown(one, len(self.all), self.question is not None)
                self.all.append(embedding)
        self.give(Saw(sighting=sighting(ms(self.at_ms), *faces)))

    def happens(self, what: What) -> None:
        match what:
            case Willing(track_id=track_id, who=who, turns=turns):
                yaw_deg = TURNS.get(self.newest, 0.0) if turns else 0.0
                self.show([face(track_id, who, embedding=vector(0), yaw_deg=yaw_deg)])
            case list():
                # Anew each time, as a camera's are: else a look of before is not told from one of now.
                self.show([_anew(one) for one in what])
            case PromptEnded():
                self.prompt_ended(heard=what.heard)
            case Named() if not self.naming:
                pass
            case _:
                self.give(what)


@settings(max_examples=400, deadline=None)
@given(scripts(), st.sampled_from([300, 1500, 4000, NEVER_MS]), st.booleans())
def test_an_enrollment_stores_one_track_after_a_yes_and_always_ends(
    script: list[Happening],
    speech_ms: int,
    store_works: bool,
) -> None:
    session = Enrolling(speech_ms, store_works)
    session.give(Begin())
    for count, gap_ms, what in script:
        for _ in range(count):
            session.wait(gap_ms)
            session.happens(what)
    session.wait(BOUND_MS)
    if session.naming:
        session.give(Named(recording=None))
    assert not session.machine.active
    assert session.finished == session.begun
    assert embeddings_held(session.machine) == []


def _anew(one: SeenFace) -> SeenFace:
    tracked = one.tracked
    embedding = tracked.embedding
    return face(
        tracked.track_id,
        one.identification,
        embedding=embedding and Embedding(vector=embedding.vector, model_id=embedding.model_id),
        rejection=tracked.rejection,
        inter_eye_px=tracked.quality.inter_eye_px,
        yaw_deg=tracked.quality.yaw_deg,
    )


def _yaw(view: Shown) -> float:
    return view.face.tracked.quality.yaw_deg


def _score(first: Shown, second: Shown) -> float:
    embeddings = [one.face.tracked.embedding for one in (first, second)]
    assert embeddings[0] is not None
    assert embeddings[1] is not None
    return float(embeddings[0].vector @ embeddings[1].vector)
