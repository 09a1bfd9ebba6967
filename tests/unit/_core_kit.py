"""The core with everything real around it but the eyes: gallery, machines and player, in virtual time."""

from __future__ import annotations

import subprocess
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import cast

import numpy as np

from kith.announce.earcons import EarconBank
from kith.announce.player import Player
from kith.announce.words import LINES
from kith.app.board_watch import BoardReading
from kith.app.core import Core
from kith.app.events import Event
from kith.app.known_people import KnownPeople
from kith.app.known_things import KnownThings
from kith.app.notices import Notices
from kith.app.perception import Perception
from kith.app.surroundings import Objects, Posted, Surroundings
from kith.clock import NS_PER_MS, NS_PER_S, Tick, VirtualClock
from kith.config import Settings
from kith.drivers.simulated_button import parse_presses
from kith.drivers.simulated_microphone import SimulatedMicrophone
from kith.drivers.simulated_speech import SimulatedSpeech
from kith.guard.messages import ProximityLevel
from kith.ports import BoardHealth, Charge, Narrator
from kith.recognition.gallery import Gallery
from kith.recognition.matcher import Matcher, TemplateSet
from kith.types import (
    I16,
    SAMPLE_RATE_HZ,
    Announcement,
    ButtonEdge,
    Earcon,
    Embedding,
    HeldFault,
    HeldThing,
    Picture,
    Place,
    Playback,
    SeenFace,
    Sighting,
    Survey,
    Tone,
    View,
    Want,
)
from tests.unit._gallery_kit import MODEL, POINT, THINGS, TODAY, looks
from tests.unit._machine_kit import face, held, place, sighting

ANNA, BEN, STRANGER = 1, 2, 3
"""Seeds of faces."""
KEYS, MUG = 1, 2
"""Seeds of things."""
TURN_NS = 300 * NS_PER_MS
"""Whoever is willing turns the thing in their hand in this time, so that the next look is another view."""
TURNED_BY_DEG = 20.0
PICTURE = np.zeros((48, 64, 3), np.uint8)
STEP_NS = 10 * NS_PER_MS
LOOK_NS = 100 * NS_PER_MS
BEAT_NS = 200 * NS_PER_MS
BOARD_NS = 5000 * NS_PER_MS
TURNS_AFTER_NS = 2200 * NS_PER_MS
"""Once they have heard the words."""
TURNED_DEG = {LINES["enroll.turn_left"].text: 30.0, LINES["enroll.turn_right"].text: -30.0}
"""How far whoever is willing turns the head when they hear these words."""


def name_said(seed: int, syllables: int = 3) -> I16:
    """i16[n]: what a microphone hears of a name, which no other seed gives: a hum with overtones and some
    breath, syllable by syllable."""
    rng = np.random.default_rng(seed)
    count = SAMPLE_RATE_HZ // 5
    seconds = np.arange(count) / SAMPLE_RATE_HZ
    parts = []
    for pitch_hz in rng.uniform(110.0, 220.0, syllables):
        tones = (np.sin(2 * np.pi * k * pitch_hz * seconds) / k for k in range(1, 40))
        sound = sum(tones, start=0.4 * rng.standard_normal(count)) * np.hanning(count)
        parts += [np.rint(6000 * sound).astype(np.int16)]
    return np.concatenate(parts)


class Ears(Player):
    """A player that also remembers the sounds it was asked for at once."""

    def __init__(self, speech: SimulatedSpeech) -> None:
        super().__init__(speech, EarconBank(), volume=0.8, wait_for_speech=True)
        self.cues: list[Earcon] = []
        self.tones: list[Tone] = []
        self.heard: list[I16] = []
        self.log: list[Earcon | Tone | Playback | tuple[int, Announcement]] = []
        """All that it was asked to play, and how that ended, in order."""

    def play(self, play_id: int, announcement: Announcement) -> None:
        self.log.append((play_id, announcement))
        super().play(play_id, announcement)

    def take_reports(self) -> list[Playback]:
        reports = super().take_reports()
        self.log += reports
        return reports

    def render(self, count: int, now_ns: int) -> I16:
        self.heard.append(super().render(count, now_ns))
        return self.heard[-1]

    def cue(self, earcon: Earcon) -> None:
        self.cues.append(earcon)
        self.log.append(earcon)
        super().cue(earcon)

    def tone(self, tone: Tone) -> None:
        self.tones.append(tone)
        self.log.append(tone)
        super().tone(tone)


def thing_look(seed: int, turned_deg: float = 0.0) -> Embedding:
    """A look at a thing; two of one thing have the cosine of the angle between them, two of two have none."""
    axes, _ = np.linalg.qr(np.random.default_rng(seed).standard_normal((96, 2)))
    angle = np.deg2rad(turned_deg)
    vector = (axes @ (np.cos(angle), np.sin(angle))).astype(np.float32)
    return Embedding(vector=vector, model_id=THINGS)


def _objects(settings: Settings, things: dict[str, int] | None) -> Objects:
    if not settings.things.enabled:
        return Objects.OFF
    return Objects.MISSING if things is None else Objects.FITTED


class ThingSight:
    """What the core sets and reads of the part that knows things."""

    def __init__(self) -> None:
        self.broken = False
        self.taught: TemplateSet | None = None

    def known(self, look: Embedding) -> int | None:
        """Which of the things taught this is."""
        if self.taught is None or len(self.taught.person_ids) == 0:
            return None
        scores = self.taught.vectors @ look.vector
        best = int(np.argmax(scores))
        return int(self.taught.person_ids[best]) if scores[best] > 0.9 else None


class Eyes:
    """What the core sets of the perception."""

    def __init__(self) -> None:
        self.matcher: Matcher | None = None
        self.sure: frozenset[int] = frozenset()
        self.attentive = False
        self.wants: frozenset[Want] = frozenset()
        self.survey_interval_ns: int | None = None
        self.things = ThingSight()


@dataclass
class Power:
    """What the core asks of whoever lets time pass."""

    camera: list[bool] = field(default_factory=list)
    switched_off: int = 0

    posted: deque[Posted] = field(default_factory=deque)

    def set_camera(self, wanted: bool) -> None:
        self.camera.append(wanted)

    def post(self, message: Posted) -> None:
        self.posted.append(message)

    def power_off(self) -> None:
        self.switched_off += 1


@dataclass(frozen=True)
class Standing:
    """Someone in front of the camera."""

    who: int
    where: Place
    look: Embedding


class Life:
    """One device. Set `scene` and let time pass with `live` or `hear`."""

    def __init__(
        self,
        folder: Path,
        *,
        people: dict[str, int] | None = None,
        guarded: bool = False,
        settings: Settings | None = None,
        says: Sequence[I16] | None = None,
        battery: int | None = None,
        day: date = date(2026, 3, 1),
        notices: Notices | None = None,
        things: dict[str, int] | None = None,
        describer: Narrator | None = None,
        reader: Narrator | None = None,
    ) -> None:
        """says: what the microphone hears, one after the other, when a name is asked for; None: there is no
        microphone. things: None: there is no part that knows any."""
        settings = settings or Settings()
        self.file = folder / "kith.db"
        self.gallery = Gallery.open(self.file, MODEL, None if things is None else THINGS)
        for name, who in (people or {}).items():
            self.gallery.add_person(name, looks(who), TODAY, met_on=TODAY.date())
        for name, seed in (things or {}).items():
            self.gallery.add_thing(name, [thing_look(seed, i * TURNED_BY_DEG) for i in range(3)], extent=0.3)
        self.speech, self.eyes, self.power = SimulatedSpeech(), Eyes(), Power()
        self.ears = Ears(self.speech)
        self.events: list[Event] = []
        self.said: list[tuple[float, str]] = []
        """When words began, in seconds, and which."""
        self.scene: dict[int, Standing] = {}
        self.in_hand: int | None = None
        """Which thing is held up."""
        self._in_hand_ns = 0
        self.survey: Survey | None = Survey(objects=(), things=())
        """What is to be seen besides faces; None: its part takes its time."""
        self.view = View.NORMAL
        self.camera = "works"
        self.guard: Callable[[float], ProximityLevel] | None = None
        """Makes what the guard says at a time in ms; None: there is no guard, or it is silent."""
        self.now_ns = 0
        self.reading = BoardReading(health=BoardHealth(), charge=Charge(percent=battery))
        """What the board says when it is asked."""
        self._told = self._samples = self._captured_ns = 0
        self.step_ns = STEP_NS
        self.willing = True
        """Whoever stands there turns the head when asked to."""
        self._turned = (0, 0.0)
        self._edges: list[ButtonEdge] = []
        self.clock = VirtualClock()
        self.day = day
        """What the wall clock says."""
        self.people = KnownPeople(self.gallery, POINT, self._renew, settings, self._wall_clock)
        self.things = KnownThings(
            self.people.reading, lambda taught, extents: setattr(self.eyes.things, "taught", taught)
        )
        self.microphone = None if says is None else SimulatedMicrophone(tuple(says), self.clock)
        around = Surroundings(
            perception=cast(Perception, self.eyes),
            player=self.ears,
            observe=self._happened,
            guarded=guarded,
            microphone=self.microphone,
            notices=notices,
            objects=_objects(settings, things),
            describer=describer,
            reader=reader,
        )
        self.core = Core(settings, self.people, around, 0, self.things)
        self.core.attach(self.power)
        self.core.begin(0)

    def _wall_clock(self) -> datetime:
        return datetime.combine(self.day, time(12), UTC)

    def _renew(self, matcher: Matcher) -> None:
        self.eyes.matcher = matcher

    def _happened(self, event: Event) -> None:
        self.events.append(event)
        if event.kind == "announcement":
            self.said.append((event.at_ns / NS_PER_S, event.text))
            self._turned = (self.now_ns + TURNS_AFTER_NS, TURNED_DEG.get(event.text, 0.0))
        if self.microphone is not None and event.kind == "sound" and event.text == Earcon.LISTEN.value:
            self.microphone.answer()

    # --- what happens -----------------------------------------------------------------------------------

    def stands(
        self,
        track: int,
        who: int,
        *,
        bearing_deg: float = 0.0,
        distance_mm: int = 2000,
        look: Embedding | None = None,
    ) -> None:
        """Someone is in view from now on, as this track, looking as they did when they were enrolled or
        otherwise."""
        self.scene[track] = Standing(who, place(bearing_deg, distance_mm), look or looks(who)[0])

    def holds(self, thing: int | None) -> None:
        """This thing is held up from now on."""
        self.in_hand, self._in_hand_ns = thing, self.now_ns

    def press(self, what: str, after_s: float = 0.0) -> None:
        """Press the button, from so long after now on: tap, double, taphold and so on."""
        self._edges += [
            ButtonEdge(down=edge.down, at_ns=edge.at_ns + self.now_ns)
            for edge in parse_presses(f"{after_s} {what}")
        ]

    def live(self, seconds: float, *, until: Callable[[], bool] = lambda: False) -> None:
        """Let time pass, at most so long."""
        end_ns = self.now_ns + round(seconds * NS_PER_S)
        while self.now_ns < end_ns and not until():
            self._step()
        self._told = len(self.said)

    @property
    def busy(self) -> bool:
        """Whether a press is under way, something is said, or a conversation leads."""
        return bool(self._edges) or self.core.speaking or self.core._talk.leading

    def hear(self, seconds: float) -> list[str]:
        """Let time pass; the words that began since time stood still."""
        before = self._told
        self.live(seconds)
        return [text for _, text in self.said[before:]]

    def quiet(self) -> None:
        """Let time pass until nothing is said any more."""
        self.live(30, until=lambda: not self.core.speaking)
        assert not self.core.speaking

    def _step(self) -> None:
        if self.now_ns % LOOK_NS == 0 and self.camera != "silent":
            self.core.handle(self._sighting(), self.now_ns)
        if self.guard is not None and self.now_ns % BEAT_NS == 0:
            self.core.handle(self.guard(self.now_ns / NS_PER_MS), self.now_ns)
        if self.now_ns % BOARD_NS == 0:
            self.core.handle(self.reading, self.now_ns)
        while self._edges and self._edges[0].at_ns <= self.now_ns:
            self.core.handle(self._edges.pop(0), self.now_ns)
        if self.core.next_deadline_ns <= self.now_ns:
            self.core.handle(Tick(), self.now_ns)
            assert self.core.next_deadline_ns > self.now_ns, "it wants a tick for ever"
        while self.power.posted:
            self.core.handle(self.power.posted.popleft(), self.now_ns)
        self._sound()
        self.now_ns += self.step_ns
        self.clock.advance_to(self.now_ns)

    def _sound(self) -> None:
        until = (self.now_ns + self.step_ns) * SAMPLE_RATE_HZ // NS_PER_S
        block = self.ears.render(until - self._samples, self.now_ns)
        if self.microphone is not None:
            self.microphone.hear(block, self.now_ns + self.step_ns)
        self._samples = until
        for report in self.ears.take_reports():
            self.core.handle(report, self.now_ns)

    def _sighting(self) -> Sighting:
        if self.camera == "works":
            self._captured_ns = self.now_ns
        faces = [self._face(track, one) for track, one in self.scene.items()]
        thing = self._held() if Want.HELD in self.eyes.wants else None
        seen = sighting(self._captured_ns, *faces, view=self.view, held=thing)
        rgb = PICTURE if Want.FRAME in self.eyes.wants else None
        return replace(seen, survey=self._surveyed(), rgb=rgb, picture=self._picture())

    def _surveyed(self) -> Survey | None:
        interval_ns = self.eyes.survey_interval_ns
        due = interval_ns is not None and self._captured_ns % interval_ns == 0
        wanted = due or Want.SURVEY in self.eyes.wants
        return self.survey if wanted and not self.eyes.things.broken else None

    def _picture(self) -> Picture | None:
        if Want.PICTURE not in self.eyes.wants:
            return None
        return Picture(rgb=PICTURE, faces=())

    def _held(self) -> HeldThing | None:
        if self.eyes.things.broken:
            return None
        if self.in_hand is None:
            return held(fault=HeldFault.NO_THING)
        turns = (self.now_ns - self._in_hand_ns) // TURN_NS if self.willing else 0
        look = thing_look(self.in_hand, turns % 5 * TURNED_BY_DEG)
        return held(look, looks_like=self.eyes.things.known(look))

    def _face(self, track: int, one: Standing) -> SeenFace:
        assert self.eyes.matcher is not None
        said = self.eyes.matcher.identify(one.look)
        turn_ns, yaw_deg = self._turned
        yaw_deg = yaw_deg if self.willing and self.now_ns >= turn_ns else 0.0
        return face(track, said, where=one.where, embedding=one.look, yaw_deg=yaw_deg)

    def loudness(self, seconds: float) -> float:
        """Root mean square of what was heard in the last seconds."""
        sound = np.concatenate(self.ears.heard)[-round(seconds * SAMPLE_RATE_HZ) :]
        return float(np.sqrt(np.mean(sound.astype(float) ** 2)))

    # --- what came of it ----------------------------------------------------------------------------------

    def of(self, kind: str) -> list[Event]:
        """The events of a kind."""
        return [event for event in self.events if event.kind == kind]

    @property
    def names(self) -> list[str]:
        """Who is enrolled, as another program sees it."""
        with Gallery.open(self.file, MODEL) as gallery:
            return [person.name for person in gallery.people()]


ASK = LINES["enroll.consent"].text
"""Whether it may remember this face."""


def agrees(life: Life, who: int, track: int = 7) -> None:
    """Somebody lets themselves be remembered; a name is asked for next, where there is a microphone."""
    life.stands(track, who)
    life.press("double", 0.5)
    asked = len(life.of("announcement"))
    life.live(25, until=lambda: any(e.text == ASK for e in life.of("announcement")[asked:]))
    assert life.said[-1][1] == ASK
    life.press("double")


def enrol(life: Life, who: int = STRANGER, track: int = 7) -> None:
    """Somebody is remembered, without a name or with the next that is said."""
    before = len(life.of("enrolled"))
    agrees(life, who, track)
    life.live(30, until=lambda: len(life.of("enrolled")) > before)
    assert len(life.of("enrolled")) == before + 1


class CannotMount(Exception):
    """There is no small disk to be had here."""


@contextmanager
def small_disk(folder: Path, kib: int) -> Iterator[Path]:
    """A disk of so many KiB, mounted on a folder. Raises CannotMount, as without root."""
    folder.mkdir(exist_ok=True)
    options = ["-t", "tmpfs", "-o", f"size={kib}k,mode=700", "none", str(folder)]
    try:
        subprocess.run(["mount", *options], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise CannotMount("a small disk cannot be mounted here: it takes root") from error
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True, capture_output=True)


def fill_disk(folder: Path) -> Path:
    """Fill the disk of a folder to the last byte; the file that fills it."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (4096, 1):
            while True:
                try:
                    file.write(bytes(size))
                except OSError:
                    break
    return ballast
