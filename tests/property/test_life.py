"""A life in which anything happens at any time: what holds of the whole core all the same.

`KITH_LIVES=2000` lives so many instead of the few that are the same in each run.
"""

from __future__ import annotations

import errno
import functools
import gc
import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import FunctionType, MethodType, ModuleType
from typing import Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from kith.announce.arbiter import MAX_WAITING
from kith.announce.hush import Hazard
from kith.announce.words import LINES
from kith.app.board_watch import BoardReading
from kith.app.core import CoreEvent, Trouble
from kith.app.surveying import OPEN_WITHIN_NS
from kith.clock import NS_PER_MS, NS_PER_S
from kith.config import ExpirySettings, LearningSettings, ReadingSettings, SceneSettings, Settings
from kith.drivers import simulated_microphone
from kith.errors import GalleryError
from kith.guard.messages import ProximityLevel
from kith.guard.ports import Fault, Health, Level, Position
from kith.ports import BoardHealth, Charge, Narration, NarrationEnd, Subject
from kith.recognition.files import write_private
from kith.recognition.gallery import Gallery
from kith.types import (
    Announcement,
    Band,
    BoxPx,
    ButtonEdge,
    Earcon,
    Embedding,
    Gesture,
    SeenObject,
    SeenThing,
    Survey,
    View,
)
from tests.replay.wording import Wording
from tests.unit._core_kit import ANNA, BEN, KEYS, MUG, STRANGER, Life, name_said
from tests.unit._gallery_kit import MODEL, looks
from tests.unit._guard_kit import message, sensor

LIVES = int(os.environ.get("KITH_LIVES", "0"))
IN_MEMORY = Path("/dev/shm") if os.access("/dev/shm", os.W_OK) else None
"""A gallery waits for its disk at each write, which is nothing to this test."""
STEP_NS, CALM_STEP_NS = 20 * NS_PER_MS, 100 * NS_PER_MS
ANSWERED_WITHIN_NS = NS_PER_S
SURVEYED_WITHIN_NS = OPEN_WITHIN_NS + NS_PER_S
CONVERSATION_S = 60
"""So long after the last press no conversation leads any more."""
REMEMBERED_S = 31
"""So long after the last face is gone no look of anybody is in memory, and no name that was said."""
SETTINGS = replace(
    Settings(),
    expiry=ExpirySettings(forget=True),
    learning=LearningSettings(enabled=True),
    scene=SceneSettings(enabled=True, longest_ms=20_000),
    reading=ReadingSettings(longest_ms=20_000),
)
NAMES = [name_said(seed) for seed in range(40)]
WORDING = Wording(["Anna", "Ben", "Carla", "keys", "mug"])
simulated_microphone._noise = functools.cache(simulated_microphone._noise)
Act = tuple[str, Any]


def like(first: int, second: int, share: float) -> Embedding:
    vector = share * looks(first)[0].vector + (1 - share) * looks(second)[0].vector
    return Embedding(vector=(vector / np.linalg.norm(vector)).astype(np.float32), model_id=MODEL)


FACES = [looks(ANNA)[0], looks(ANNA)[1], looks(BEN)[0], looks(STRANGER)[0], looks(50)[0], looks(51)[0]]
FACES += [like(ANNA, 52, 0.6), like(ANNA, BEN, 0.5), like(BEN, 53, 0.55)]


def knee(health: Health, last_fault: Fault) -> Any:
    return sensor(Position.KNEE, health, distance_mm=None, last_fault=last_fault)


GUARDS: dict[str, Callable[[float], ProximityLevel] | None] = {
    "none": None,
    "quiet": lambda at_ms: message(at_ms, Level.QUIET),
    "near": lambda at_ms: message(at_ms, Level.NEAR, sensor(distance_mm=600)),
    "contact": lambda at_ms: message(at_ms, Level.CONTACT, sensor(distance_mm=300)),
    "muffled": lambda at_ms: message(at_ms, Level.CONTACT, sensor(distance_mm=300), muffled=True),
    "dead": lambda at_ms: message(at_ms, Level.QUIET, sensor(), knee(Health.DEAD, Fault.SILENT)),
}
TROUBLES = ["camera.missing", "voice.failed", "remote.lost", "recognition.restarted", "button.missing"]
EVERYTHING = [key for key, line in LINES.items() if line.sound is Earcon.FAULT and "{" not in line.text]
BOARD_FAILS = BoardReading(
    health=BoardHealth(temperature_c=90.0, under_voltage=True), charge=Charge(percent=4)
)
"""What has a figure in it is told of by what is measured."""


class Telling:
    """A narrator that tells what and when it is told to."""

    def __init__(self) -> None:
        self._news: tuple[int, Callable[[Narration], None]] | None = None

    def begin(self, number: int, subject: Subject, on_news: Callable[[Narration], None]) -> None:
        self._news = number, on_news

    def cancel(self) -> None:
        self._news = None

    def tell(self, text: str, end: NarrationEnd | None) -> None:
        if self._news is not None:
            number, on_news = self._news
            on_news(Narration(number=number, text=text, end=end))
            self._news = self._news if end is None else None


class Watched(Life):
    """A life of which everything that must always hold is asserted at each event."""

    def __init__(self, folder: Path) -> None:
        self._answers: list[tuple[Gesture, int]] = []
        self._logged = 0
        self._blocked_ns = -1
        self._edge_ns = -NS_PER_S
        self._playing: Announcement | None = None
        self.narrator = Telling()
        super().__init__(
            folder,
            people={"Anna": ANNA, "Ben": BEN},
            settings=SETTINGS,
            says=NAMES,
            battery=50,
            things={"keys": KEYS, "mug": MUG},
            describer=self.narrator,
            reader=self.narrator,
        )
        self.step_ns = STEP_NS
        self._handle, presses = self.core.handle, self.core._presses
        self.core.handle = self._watched  # type: ignore[method-assign]
        self._gesture, presses._on_gesture = presses._on_gesture, self._made

    @property
    def arbiter(self) -> Any:
        return self.core._speech._arbiter

    @property
    def listening(self) -> bool:
        return self.core._talk.naming._capturing

    def _made(self, gesture: Gesture, now_ns: int) -> None:
        """Every gesture that means something is answered: not a tap that stopped what was said, nor an answer
        to who has gone."""
        self._answers.append((gesture, now_ns))
        self._gesture(gesture, now_ns)

    def _watched(self, event: CoreEvent, now_ns: int) -> None:
        before, was = self.arbiter._current, self.arbiter._hush.hazard
        presses = self.ears.cues.count(Earcon.PRESS)
        self._handle(event, now_ns)
        if isinstance(event, ButtonEdge):
            self._is_felt(event, presses)
        hush = self.arbiter._hush
        if hush.holds or self.arbiter._still:
            self._blocked_ns = now_ns
        self._plays(now_ns)
        after = self.arbiter._current
        if hush.hazard is Hazard.CONTACT and was is not Hazard.CONTACT and hush.holds and before is not None:
            urgent = before.announcement.band < Band.RESPONSE
            assert urgent or after is None or after.play_id != before.play_id, "it speaks on at CONTACT"
        if after is not None:
            band = after.announcement.band
            assert not (self.core._talk.leading and band is Band.AMBIENT), "a name amid a conversation"
            assert not (self.listening and band > Band.RESPONSE), "something unasked while it listens"
        assert len(self.arbiter._waiting) <= MAX_WAITING
        due = [each for each in self._answers if now_ns - each[1] > self._answered_within_ns(each[0])]
        assert not due, f"never answered: {due}"

    def _answered_within_ns(self, gesture: Gesture) -> int:
        return SURVEYED_WITHIN_NS if gesture is Gesture.TRIPLE else ANSWERED_WITHIN_NS

    def _is_felt(self, edge: ButtonEdge, before: int) -> None:
        bounce = edge.at_ns - self._edge_ns < SETTINGS.button.debounce_ms * NS_PER_MS
        self._edge_ns = edge.at_ns
        if edge.down and not bounce:
            assert self.ears.cues.count(Earcon.PRESS) > before, "a press without its sound"

    def _plays(self, now_ns: int) -> None:
        new, self._logged = self.ears.log[self._logged :], len(self.ears.log)
        for entry in new:
            if not isinstance(entry, tuple):
                continue
            announcement = entry[1]
            text = announcement.phrase.text if announcement.phrase else ""
            assert WORDING.allows(text, announcement.earcon), f"nobody wrote this: {text!r}"
            expires_ns = announcement.expires_ns
            if announcement.band is Band.NOTICE and self._blocked_ns >= 0:
                waited_ns = self._blocked_ns + SETTINGS.announce.notice_max_age_ms * NS_PER_MS
                expires_ns = max(expires_ns, waited_ns + STEP_NS)
            assert now_ns <= expires_ns, f"it is over: {text!r}"
            if announcement.band <= Band.RESPONSE:
                self._answers.clear()

    # --- what happens ---------------------------------------------------------------------------------

    def act(self, act: Act) -> None:
        """One thing happens."""
        what, how = act
        getattr(self, f"_do_{what}")(how)

    def _do_wait(self, seconds: float) -> None:
        self.live(seconds)

    def _do_press(self, what: str) -> None:
        self.live(20, until=lambda: not self._edges)
        self.press(what)

    def _do_edges(self, edges: list[tuple[bool, int]]) -> None:
        self.live(20, until=lambda: not self._edges)
        at_ns = self.now_ns
        for down, gap_ms in edges:
            at_ns += gap_ms * NS_PER_MS
            self._edges.append(ButtonEdge(down=down, at_ns=at_ns))

    def _do_comes(self, how: tuple[int, int, float]) -> None:
        track, face, bearing_deg = how
        self.stands(track, 0, look=FACES[face], bearing_deg=bearing_deg)

    def _do_goes(self, track: int) -> None:
        self.scene.pop(track, None)

    def _do_all_go(self, _: None) -> None:
        self.scene.clear()

    def _do_shows(self, things: tuple[int, ...]) -> None:
        self.survey = Survey(
            objects=(SeenObject(label="chair", box=BOX, score=0.9, bearing_deg=-20.0),) if things else (),
            things=tuple(
                SeenThing(thing_id=each, box=BOX, score=0.9, margin=None, bearing_deg=0.0, near=None)
                for each in things
            ),
        )

    def _do_holds(self, thing: int | None) -> None:
        self.holds(thing)

    def _do_marks(self, announced: bool) -> None:
        for thing in self.things.everybody():
            try:
                self.things.set_announced(thing.person_id, announced)
            except GalleryError:
                assert self.disk_full

    def _do_objects_break(self, _: None) -> None:
        self.eyes.things.broken = True

    def _do_tells(self, how: tuple[str, NarrationEnd | None]) -> None:
        self.narrator.tell(*how)

    def _do_willing(self, willing: bool) -> None:
        self.willing = willing

    def _do_view(self, view: View) -> None:
        self.view = view

    def _do_camera(self, how: str) -> None:
        self.camera = how

    def _do_voice(self, refuses: bool) -> None:
        self.speech.refuses = refuses
        if refuses and self.speech.current is not None:
            self.speech.current.break_down()

    def _do_microphone(self, there: bool) -> None:
        assert self.microphone is not None
        (self.microphone.plug_in if there else self.microphone.unplug)()

    def _do_guard(self, which: str) -> None:
        self.guard = GUARDS[which]

    def _do_days(self, days: int) -> None:
        self.day += timedelta(days=days)
        self.core._expiring._due_ns = self.now_ns  # as if the hour were over

    def _do_trouble(self, key: str) -> None:
        self.core.handle(Trouble(key=key, text=key), self.now_ns)

    def _do_everything_breaks(self, _: None) -> None:
        for key in EVERYTHING:
            self._do_trouble(key)
        self.reading = BOARD_FAILS

    def _do_disk(self, full: bool) -> None:
        self.disk_full = full

    disk_full = False

    def _do_carer(self, what: str) -> None:
        try:
            with Gallery.open(self.file, MODEL) as carer:
                someone = next((person.name for person in carer.people() if person.name != "Carla"), None)
                if someone is None:
                    return
                if what == "forgets":
                    carer.forget(someone)
                elif "Carla" not in [person.name for person in carer.people()]:
                    carer.rename(someone, "Carla")
        except GalleryError:
            assert self.disk_full


def waits(most_s: float = 12.0) -> st.SearchStrategy[Act]:
    return st.tuples(st.just("wait"), st.sampled_from([0.02, 0.1, 0.3, 0.4, 1.0, 2.0, 4.0, 7.0, most_s]))


def of(what: str, *values: object) -> st.SearchStrategy[Act]:
    return st.tuples(st.just(what), st.sampled_from(values))


EDGES = st.lists(st.tuples(st.booleans(), st.sampled_from([1, 10, 24, 26, 60, 200, 360, 1100])), max_size=6)
PRESSES = of(
    *("press", "tap", "double", "taphold", "hold", "tap", "double", "hold4", "hold10"),
    *("triple", "doublehold", "triple", "triplehold"),
)
BOX = BoxPx(x=100.0, y=100.0, w=100.0, h=100.0)
SHOWN = st.one_of(
    of("shows", (), (3,), (3, 4)),
    of("holds", KEYS, MUG, None),
    of("marks", True, False),
    of("objects_break", None),
    st.tuples(
        st.just("tells"),
        st.tuples(
            st.sampled_from(["", "Nothing that I know. ", "Nothing that I know. I see no"]),
            st.sampled_from([None, None, *NarrationEnd]),
        ),
    ),
)
COMES = st.tuples(
    st.just("comes"),
    st.tuples(st.integers(1, 3), st.integers(0, len(FACES) - 1), st.sampled_from([-20.0, 0.0, 20.0])),
)
TROUBLE = st.one_of(
    of("view", *View),
    of("camera", "works", "silent", "frozen"),
    of("voice", True, False),
    of("microphone", True, False),
    of("guard", *GUARDS),
    of("days", 31, 400, 1200, -100),
    of("trouble", *TROUBLES),
    of("everything_breaks", None),
    of("disk", True, False),
    of("carer", "forgets", "renames"),
    of("willing", True, False),
    st.tuples(st.just("edges"), EDGES),
)
ACTS = st.one_of(
    *(waits(), PRESSES, waits(), PRESSES, COMES, of("goes", 1, 2, 3), of("all_go", None)),
    *(TROUBLE, SHOWN),
)
ENROLLS: list[Act] = [("comes", (1, 3, 0.0)), ("press", "double"), ("wait", 8.0), ("press", "double")]
NAMED: list[Act] = [("comes", (1, 0, 0.0)), ("wait", 1.0)]
BOTH: list[Act] = [("comes", (1, 0, 0.0)), ("comes", (2, 2, 20.0)), ("wait", 4.0), ("press", "hold")]
BEGINNINGS: list[list[Act]] = [
    [],
    NAMED,
    [*NAMED, ("press", "hold")],
    BOTH,
    ENROLLS,
    [*ENROLLS, ("wait", 4.0)],
    [*ENROLLS, ("wait", 16.0)],
    [("wait", 5.0), ("press", "taphold"), ("wait", 4.0), ("press", "tap"), ("wait", 2.0)],
    [("press", "taphold"), ("wait", 4.0), ("press", "tap"), ("wait", 2.0), ("press", "double")],
    [("wait", 1.0), ("press", "triple"), ("wait", 0.9)],
    [("wait", 1.0), ("press", "doublehold"), ("wait", 4.0)],
    [("wait", 1.0), ("press", "triplehold"), ("wait", 4.0), ("tells", ("Nothing that I know. ", None))],
    [("holds", MUG), ("press", "double"), ("wait", 8.0)],
    [("marks", True), ("shows", (3,)), ("wait", 3.0)],
    [("press", "taphold"), ("wait", 4.0), ("press", "tap"), ("wait", 2.0), ("press", "hold"), ("wait", 3.0)],
]
"""Where a life is in the midst of something at once."""


@contextmanager
def disk_of(life: Watched) -> Iterator[None]:
    """A disk that is full when the life says so."""

    def write_if_room(path: Path, content: bytes) -> None:
        if life.disk_full:
            raise OSError(errno.ENOSPC, "no space left on device")
        write_private(path, content)

    with (
        mock.patch("kith.recognition.store.write_private", write_if_room),
        mock.patch("kith.recognition.recordings.write_private", write_if_room),
    ):
        yield


def embeddings_held(life: Life) -> int:
    """Every look of anybody that can be reached from the core."""
    found, seen, to_visit = 0, set[int](), list[object]([life.core])
    keep: list[object] = []
    while to_visit:
        one = to_visit.pop()
        skipped = isinstance(one, type | FunctionType | ModuleType | Life)
        if id(one) in seen or skipped:
            continue
        seen.add(id(one))
        keep.append(one)
        found += isinstance(one, Embedding)
        to_visit += [one.__self__] if isinstance(one, MethodType) else gc.get_referents(one)
    return found


def is_sound(folder: Path) -> None:
    """Nobody without templates, no recording that no row names, no row whose recording is missing."""
    connection = sqlite3.connect(f"file:{folder / 'kith.db'}?mode=ro", uri=True)
    try:
        people = {row[0] for row in connection.execute("SELECT id FROM people")}
        with_templates = {row[0] for row in connection.execute("SELECT DISTINCT person_id FROM templates")}
        with_marks = {row[0] for row in connection.execute("SELECT DISTINCT person_id FROM counterexamples")}
        named = {row[0] for row in connection.execute("SELECT name_recording FROM people")} - {None}
        owed = {row[0] for row in connection.execute("SELECT recording FROM erasures")} - {None}
    finally:
        connection.close()
    assert people == with_templates
    assert with_marks <= people
    files = {f"recordings/{file.name}" for file in (folder / "recordings").glob("*")}
    assert named <= files
    assert files <= named | owed


def outlive(life: Watched) -> None:
    """From wherever it is the button leads back, and nothing is remembered of who has gone."""
    life.live(20, until=lambda: not life._edges)
    life._edges.append(ButtonEdge(down=False, at_ns=life.now_ns))
    life.live(1)
    began_ns = life.now_ns
    life.step_ns = CALM_STEP_NS
    life.live(CONVERSATION_S, until=lambda: not life.core._talk.leading)
    assert not life.core._talk.leading, "a conversation without end"
    assert not life.core._talk.naming.active
    life.live(max(0.0, REMEMBERED_S / 2 - (life.now_ns - began_ns) / NS_PER_S))
    life.step_ns = STEP_NS
    said = len(life.of("announcement"))
    life.live(30, until=lambda: not life.core.speaking)
    for _ in range(2):  # the first may stop a notice that begins with it, and then asks nothing
        life.press("tap")
        life.live(1.6)
    answers = life.of("announcement")[said:]
    assert [each for each in answers if each.fields["band"] == "response"], "a tap without an answer"
    life.scene.clear()
    life.step_ns = CALM_STEP_NS
    life.live(REMEMBERED_S + 3)
    assert embeddings_held(life) == 0


def live_through(acts: list[Act]) -> None:
    with tempfile.TemporaryDirectory(dir=IN_MEMORY) as folder:
        life = Watched(Path(folder))
        try:
            with disk_of(life):
                for act in acts:
                    life.act(act)
                outlive(life)
            is_sound(Path(folder))
        finally:
            life.gallery.close()


@pytest.mark.timeout(3600 if LIVES else 300)
@settings(
    max_examples=LIVES or 80,
    derandomize=not LIVES,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate, Phase.shrink],
)
@given(st.sampled_from(BEGINNINGS), st.lists(ACTS, max_size=20))
def test_whatever_happens_it_can_be_led_back_by_the_button(beginning: list[Act], acts: list[Act]) -> None:
    live_through([*beginning, *acts])


@pytest.mark.parametrize("beginning", BEGINNINGS, ids=str)
def test_from_each_beginning_nothing_at_all_happens(beginning: list[Act]) -> None:
    live_through(beginning)
