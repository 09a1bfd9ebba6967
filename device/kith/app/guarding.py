"""The guard in a simulation: its machine before simulated sensors in virtual time, and all it does told to
those who look on. On the wearable, and in real time, it is a process of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from kith.app.events import Event, Observer
from kith.clock import NS_PER_MS, Clock, Tick
from kith.drivers.simulated_rangefinder import SimulatedRangeFinder
from kith.drivers.simulated_scene import Scene, Trouble, load_scene
from kith.errors import RangeFinderUnavailable
from kith.guard.link import Pace
from kith.guard.machine import GuardMachine
from kith.guard.messages import ProximityLevel, decode, encode
from kith.guard.ports import (
    Health,
    Level,
    OutputEdge,
    Position,
    RangeReading,
    SensorState,
    Warned,
)
from kith.guard.settings import GuardSettings

_EPOCH = 1
_ILL = (Health.BLIND, Health.DEAD)
_HEALTH = {
    Health.STARTING: "begins",
    Health.SEES: "sees again",
    Health.NOTHING: "answers again, without an echo",
    Health.BLIND: "is blind",
    Health.DEAD: "is dead",
}


class Onlooker(Protocol):
    """Sees all that a guard does. Times are monotonic nanoseconds."""

    def reading(self, reading: RangeReading) -> None:
        """A range sensor answered."""

    def guarded(self, warned: Warned, sensors: tuple[SensorState, ...], now_ns: int) -> None:
        """What the guard makes of its readings."""

    def edge(self, edge: OutputEdge) -> None:
        """The guard's outputs go on or off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """A guard that is to be simulated: before the scene of a file, and with troubles besides the scene's."""

    settings: GuardSettings
    file: Path
    troubles: tuple[Trouble, ...] = ()

    def scene(self) -> Scene:
        """The scene with all troubles. Raises InputError."""
        scene = load_scene(self.file)
        return Scene(scene.path, scene.things, (*scene.troubles, *self.troubles), sway_deg=scene.sway_deg)

    @property
    def kinds(self) -> dict[Position, str]:
        """The sensors that there are."""
        both = {Position.HEAD: self.settings.head.kind, Position.KNEE: self.settings.knee.kind}
        return {position: kind for position, kind in both.items() if kind != "none"}

    @property
    def positions(self) -> tuple[Position, ...]:
        """Where they look from."""
        return tuple(self.kinds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Who is told what a guard does. observe: of other warnings and of sensors that become ill or well
    again; hear: every edge, for the sound."""

    onlooker: Onlooker
    observe: Observer
    hear: Callable[[OutputEdge], None]


class WatchedGuard:
    """A guard's machine before an audience."""

    def __init__(self, machine: GuardMachine, audience: Audience) -> None:
        self.machine = machine
        self._audience = audience
        self._health = {sensor.position: sensor.health for sensor in machine.sensors}

    def self_test(self, now_ns: int) -> None:
        """Let the sound be heard with which it begins."""
        self._hear(self.machine.self_test(now_ns))

    def step(self, event: RangeReading | Tick, now_ns: int) -> bool:
        """Take one event; whether the warning is another than before."""
        before = self.machine.warned
        edges = self.machine.step(event, now_ns)
        if isinstance(event, RangeReading):
            self._audience.onlooker.reading(event)
        self._audience.onlooker.guarded(self.machine.warned, self.machine.sensors, now_ns)
        self._hear(edges)
        for sensor in self.machine.sensors:
            self._note_health(sensor, now_ns)
        changed = self.machine.warned != before
        if changed:
            self._audience.observe(self._beep(now_ns))
        return changed

    def _hear(self, edges: list[OutputEdge]) -> None:
        for edge in edges:
            self._audience.hear(edge)
            self._audience.onlooker.edge(edge)

    def _beep(self, now_ns: int) -> Event:
        warned = self.machine.warned
        near = (each.distance_mm for each in self.machine.sensors if each.position is warned.position)
        distance_mm = next(near, None)
        fields: dict[str, object] = {
            "text": _in_words(warned, distance_mm),
            "level": warned.level.name.lower(),
            "position": None if warned.position is None else warned.position.value,
            "distance_mm": distance_mm,
        }
        return Event(at_ns=now_ns, kind="beep", fields=fields)

    def _note_health(self, sensor: SensorState, now_ns: int) -> None:
        before, self._health[sensor.position] = self._health[sensor.position], sensor.health
        if sensor.health is before or not (before in _ILL or sensor.health in _ILL):
            return
        health, fault = sensor.health.name.lower(), sensor.last_fault.name.lower()
        why = f" ({fault.replace('_', ' ')})" if sensor.health in _ILL else ""
        fields: dict[str, object] = {
            "text": f"the {sensor.position} sensor {_HEALTH[sensor.health]}{why}",
            "position": sensor.position.value,
            "health": health,
            "fault": fault if sensor.health in _ILL else None,
        }
        self._audience.observe(Event(at_ns=now_ns, kind="signal", fields=fields))


class Guarding:
    """A guard in virtual time. `advance` it; what it tells the main daemon is to be taken."""

    def __init__(self, rehearsal: Rehearsal, clock: Clock, audience: Audience) -> None:
        """Raises InputError where there is no such scene."""
        self._settings, self._clock, self._audience = rehearsal.settings, clock, audience
        scene = rehearsal.scene()
        self._sensors = [
            SimulatedRangeFinder(position, kind, scene, clock, paced=False)
            for position, kind in rehearsal.kinds.items()
        ]
        self._beat_ns = rehearsal.settings.link.beat_ms * NS_PER_MS
        self._guard: WatchedGuard | None = None
        self._paces = {sensor.position: Pace() for sensor in self._sensors}
        self._closed = set(self._paces)
        self._next_beat_ns = 0
        self._sequence = 0
        self._messages: list[ProximityLevel] = []

    def advance(self, until_ns: int) -> None:
        """Let everything happen that belongs before this time, each at its own. The first call begins it, at
        the time of the clock."""
        guard = self._guard or self._begin()
        while True:
            sensor = min(self._sensors, key=lambda each: each.next_due_ns, default=None)
            wake_ns = min(guard.machine.next_deadline_ns, self._next_beat_ns)
            at_ns = wake_ns if sensor is None else min(sensor.next_due_ns, wake_ns)
            if at_ns >= until_ns:
                return
            # A reading goes before a Tick of the same time.
            changed = False
            if sensor is not None and sensor.next_due_ns == at_ns:
                changed = guard.step(self._read(sensor), at_ns)
            elif guard.machine.next_deadline_ns <= at_ns:
                changed = guard.step(Tick(), at_ns)
            if changed or at_ns >= self._next_beat_ns:
                self._tell(guard.machine, at_ns)

    def take_messages(self) -> list[ProximityLevel]:
        """What the guard told since the last call, as it arrives."""
        messages, self._messages = self._messages, []
        return messages

    def _begin(self) -> WatchedGuard:
        now_ns = self._clock.now_ns()
        for sensor in self._sensors:
            self._open(sensor)
        machine = GuardMachine(self._settings, tuple(self._paces), now_ns)
        self._guard, self._next_beat_ns = WatchedGuard(machine, self._audience), now_ns
        self._guard.self_test(now_ns)
        return self._guard

    def _open(self, sensor: SimulatedRangeFinder) -> None:
        try:
            sensor.start()
            self._closed.discard(sensor.position)
        except RangeFinderUnavailable:
            # It says FAULT when it is read, and is tried again then.
            self._closed.add(sensor.position)

    def _read(self, sensor: SimulatedRangeFinder) -> RangeReading:
        if sensor.position in self._closed:
            self._open(sensor)
        reading = sensor.read()
        self._paces[sensor.position].note(reading.at_ns)
        return reading

    def _tell(self, machine: GuardMachine, now_ns: int) -> None:
        self._next_beat_ns = now_ns + self._beat_ns
        self._sequence += 1
        told = ProximityLevel(
            epoch=_EPOCH,
            sequence=self._sequence,
            at_ns=now_ns,
            level=machine.warned.level,
            position=machine.warned.position,
            sensors=tuple(self._paces[each.position].report(each, now_ns) for each in machine.sensors),
        )
        # Through the bytes, as on the wearable.
        arrived = decode(encode(told))
        assert arrived is not None
        self._messages.append(arrived)


def _in_words(warned: Warned, distance_mm: int | None) -> str:
    if warned.level is Level.QUIET:
        return "no longer"
    far = "" if distance_mm is None else f", {distance_mm / 1000:.1f} m"
    return f"{warned.level.name.lower()}, {warned.position}{far}"
