"""The guard in virtual time: what it meets, tells and sounds, and each at its own time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kith.app.events import Event
from kith.app.guard_process import GuardProcess
from kith.app.guarding import Audience, Guarding, Rehearsal
from kith.app.injections import parse_faults
from kith.app.lockstep import STEP_NS, Around, Guard, Lockstep, mixed
from kith.clock import NS_PER_MS, NS_PER_S, Tick, VirtualClock
from kith.config import CameraSettings
from kith.drivers.buzzer_sound import BuzzerSound
from kith.drivers.simulated_camera import FrameSource, SimulatedCamera
from kith.errors import InputError
from kith.guard.machine import GuardMachine
from kith.guard.messages import ProximityLevel
from kith.guard.ports import Health, Level, OutputEdge, Position, RangeReading, SensorState, Warned
from kith.guard.settings import GuardSettings, SensorSettings, load_guard_settings
from kith.types import I16, SAMPLE_RATE_HZ
from tests.unit._device_kit import PICTURE, Eyes, make_device, until

WALL = """
[wearer]
path = [[0, 0.0, 0.0, 0], [2, 0.0, 0.0, 0], [6, 3.1, 0.0, 0], [9, 3.1, 0.0, 0]]
[[wall]]
from_m = [3.4, -2.0]
to_m = [3.4, 2.0]
"""
TWO = GuardSettings(knee=SensorSettings(kind="vl53l1x"))
TONE_HZ = GuardSettings().sounds.head_hz


class Onlooker:
    """Notes everything."""

    def __init__(self) -> None:
        self.readings: list[RangeReading] = []
        self.states: list[tuple[int, Warned, tuple[SensorState, ...]]] = []
        self.edges: list[OutputEdge] = []

    def reading(self, reading: RangeReading) -> None:
        self.readings.append(reading)

    def guarded(self, warned: Warned, sensors: tuple[SensorState, ...], now_ns: int) -> None:
        self.states.append((now_ns, warned, sensors))

    def edge(self, edge: OutputEdge) -> None:
        self.edges.append(edge)


class Street:
    """A guard before a wall."""

    def __init__(
        self, folder: Path, scene: str = WALL, faults: str = "", settings: GuardSettings = TWO
    ) -> None:
        file = folder / "scene.toml"
        file.write_text(scene, encoding="utf-8")
        self.rehearsal = Rehearsal(settings=settings, file=file, troubles=parse_faults(faults).troubles)
        self.clock, self.onlooker = VirtualClock(5 * NS_PER_S), Onlooker()
        self.events: list[Event] = []
        self.sound = BuzzerSound()
        self.guarding = Guarding(self.rehearsal, self.clock, self.audience())
        self.messages: list[ProximityLevel] = []

    def audience(self) -> Audience:
        return Audience(onlooker=self.onlooker, observe=self.events.append, hear=self.sound.edge)

    def walk(self, seconds: float) -> None:
        start_ns = self.clock.now_ns()
        for _ in range(round(seconds * NS_PER_S) // STEP_NS):
            self.guarding.advance(self.clock.now_ns() + STEP_NS)
            self.clock.advance_to(self.clock.now_ns() + STEP_NS)
            told = self.guarding.take_messages()
            assert all(start_ns <= each.at_ns < self.clock.now_ns() for each in told)
            self.messages += told

    def of(self, kind: str) -> list[Event]:
        return [event for event in self.events if event.kind == kind]


def test_the_wall_is_warned_of_more_and_more(tmp_path: Path) -> None:
    street = Street(tmp_path)
    street.walk(9)
    levels = [str(event.fields["level"]) for event in street.of("beep")]
    rising = list(dict.fromkeys(levels))
    assert rising == ["far", "middle", "near", "contact"]
    first = street.of("beep")[0]
    assert isinstance(first.fields["distance_mm"], int)
    assert 1000 < first.fields["distance_mm"] < 2000
    assert 2.5 < (first.at_ns - 5 * NS_PER_S) / NS_PER_S < 5
    assert street.messages[-1].level is Level.CONTACT


def test_it_is_the_machine_at_the_time_of_each_reading_and_deadline(tmp_path: Path) -> None:
    """The same readings, given to the machine by hand, make the very same edges."""
    street = Street(tmp_path)
    street.walk(9)
    machine = GuardMachine(TWO, (Position.HEAD, Position.KNEE), 5 * NS_PER_S)
    edges = machine.self_test(5 * NS_PER_S)
    for reading in street.onlooker.readings:
        while machine.next_deadline_ns < reading.at_ns:
            edges += machine.step(Tick(), machine.next_deadline_ns)
        edges += machine.step(reading, reading.at_ns)
    made = [edge for edge in street.onlooker.edges if edge.at_ns <= edges[-1].at_ns]
    assert made == edges
    assert len(edges) > 10


def test_the_core_is_told_at_each_change_and_else_in_beats(tmp_path: Path) -> None:
    street = Street(tmp_path)
    street.walk(9)
    assert [message.sequence for message in street.messages] == list(range(1, len(street.messages) + 1))
    times = [message.at_ns for message in street.messages]
    assert max(np.diff(times)) <= TWO.link.beat_ms * NS_PER_MS
    for event in street.of("beep"):
        told = next(message for message in street.messages if message.at_ns == event.at_ns)
        assert told.level.name.lower() == event.fields["level"]
    head, knee = street.messages[-1].sensors
    assert (head.position, knee.position) == (Position.HEAD, Position.KNEE)
    assert head.interval_ms == 60
    assert head.health is Health.SEES


def test_a_sensor_that_is_unplugged_from_the_start_is_told_and_comes_back(tmp_path: Path) -> None:
    street = Street(tmp_path, faults="0 range-unplug 2")
    street.walk(4)
    heard = [(event.fields["position"], event.fields["health"]) for event in street.of("signal")]
    assert heard[0] == ("head", "dead")
    assert [position for position, _ in heard] == ["head", "head"]
    assert heard[1][1] in ("nothing", "sees")
    assert street.of("signal")[0].fields["fault"] == "no_answer"
    assert [s.health for s in street.messages[-1].sensors] == [Health.SEES, Health.SEES]


@pytest.mark.parametrize(
    ("fault", "health"), [("3 range-silent 4", Health.DEAD), ("3 range-zeros 4", Health.DEAD)]
)
def test_faults_of_the_script_reach_the_sensor_they_name(tmp_path: Path, fault: str, health: Health) -> None:
    street = Street(tmp_path, faults=f"{fault} knee")
    street.walk(6.5)
    head, knee = street.messages[-1].sensors
    assert knee.health is health
    assert head.health is Health.SEES


def test_only_the_sensors_of_the_settings_take_part(tmp_path: Path) -> None:
    street = Street(tmp_path, settings=GuardSettings())
    street.walk(1)
    assert {reading.position for reading in street.onlooker.readings} == {Position.HEAD}


def test_the_same_walk_gives_the_same_edges(tmp_path: Path) -> None:
    first, second = Street(tmp_path), Street(tmp_path)
    first.walk(7)
    second.walk(7)
    assert first.onlooker.edges == second.onlooker.edges
    assert first.events == second.events


class Tape:
    """Keeps the sound."""

    def __init__(self) -> None:
        self.blocks: list[I16] = []

    def write(self, block: I16) -> None:
        self.blocks.append(block)

    def close(self) -> None:
        pass


def test_beeps_lie_in_the_sound_where_their_edges_are(tmp_path: Path) -> None:
    street = Street(tmp_path, settings=GuardSettings())
    device = make_device(tmp_path, Eyes(), street.clock, street.events.append)
    source = FrameSource(fps=30, count=210, frames=lambda: iter([PICTURE.copy()] * 210))
    camera = SimulatedCamera(source, street.clock, paced=False)
    tape = Tape()
    guard = Guard(guarding=street.guarding, sound=street.sound)
    start_ns = street.clock.now_ns()
    Lockstep(
        device,
        street.clock,
        camera,
        tape,
        settings=CameraSettings(),
        watch=lambda *_: None,
        around=Around(guard=guard),
    ).run((), ())
    device.close()
    tone = np.concatenate(tape.blocks)[:, 0].astype(float)
    warnings = [e for e in street.onlooker.edges if e.at_ns > start_ns + 3 * NS_PER_S]
    begun = [edge.at_ns - start_ns for edge in warnings if edge.pitch_hz]
    ended = [edge.at_ns - start_ns for edge in warnings if not edge.pitch_hz]
    assert len(begun) > 4
    for on_ns, off_ns in zip(begun, ended, strict=False):
        on, off = (round(at_ns * SAMPLE_RATE_HZ / NS_PER_S) for at_ns in (on_ns, off_ns))
        assert at_pitch(tone[on + 60 : off - 60]) > 0.8, "the beep, and hardly anything else"
        assert np.abs(tone[on - 400 : on - 10]).max() < 200
        assert np.abs(tone[off + 60 : off + 400]).max() < 200
    proximity = [event.fields["level"] for event in street.of("proximity")]
    assert proximity[-1] == Level.CONTACT


def at_pitch(sound: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    """The share of the sound's energy that lies at the pitch of the head's sensor."""
    waves = np.exp(-2j * np.pi * TONE_HZ * np.arange(len(sound)) / SAMPLE_RATE_HZ)
    return float(abs((sound * waves).sum()) ** 2 * 2 / len(sound) / (sound**2).sum())


def test_what_is_too_loud_is_cut_off_and_not_turned_over() -> None:
    loud = np.array([[30_000, -30_000]], np.int16)
    assert mixed(loud, loud).tolist() == [[32_767, -32_767]]
    assert mixed(loud, -loud).tolist() == [[0, 0]]


def test_a_scene_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"missing\.toml"):
        Rehearsal(settings=TWO, file=tmp_path / "missing.toml").scene()


def test_the_process_is_given_the_same_settings_and_troubles(tmp_path: Path) -> None:
    street = Street(tmp_path, faults="1 range-unplug 2; 2.5 range-stuck 1 knee")
    folder = tmp_path / "guard"
    folder.mkdir()
    GuardProcess(street.rehearsal, folder, street.audience())
    assert load_guard_settings(folder / "guard.toml") == TWO
    there = Rehearsal(settings=TWO, file=folder / "scene.toml").scene()
    assert there.troubles == street.rehearsal.scene().troubles
    assert len(there.troubles) == 2


def test_the_process_is_followed_and_its_end_is_told(tmp_path: Path) -> None:
    street = Street(tmp_path)
    process = GuardProcess(street.rehearsal, tmp_path, street.audience())
    process.start()
    try:

        def readings() -> bool:
            process.follow()
            return len(street.onlooker.readings) > 20

        until(readings)
    finally:
        process.close()
    assert street.onlooker.edges[0].pitch_hz > 0, "the self-test"
    _, _, sensors = street.onlooker.states[-1]
    assert {sensor.health for sensor in sensors} == {Health.SEES}

    (tmp_path / "scene.toml").write_text("[wearer]\n", encoding="utf-8")
    process.start()
    until(lambda: process.ended)
    with pytest.raises(InputError, match="status 2"):
        process.close()
