"""The guard's one loop: readings in, edges out, and everybody told. It waits for nobody but the sensors."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from kith.clock import NS_PER_MS, NS_PER_S, Clock, Tick
from kith.errors import RangeFinderFault
from kith.guard.link import LinkSender, Pace
from kith.guard.machine import GuardMachine
from kith.guard.messages import ProximityLevel
from kith.guard.outputs import Outputs
from kith.guard.ports import Level, OutputEdge, Position, RangeFinder, RangeReading, Signal, Warned
from kith.guard.ranging import Ranging
from kith.guard.scheduling import collect_garbage
from kith.runtime.inbox import Inbox
from kith.runtime.notify import Notifier

_LOG = logging.getLogger(__name__)
_UPKEEP_NS = NS_PER_S
_STOP_S = 0.3
_LEAST_LIFE_NS = 30 * NS_PER_S
"""A new start costs a second without warnings: a sensor that hangs at each start must not cost them all."""
_UNTIL_TOLD_TO_NS = 1 << 62


@dataclass(frozen=True, slots=True)
class Stop:
    """Leave the loop."""


class Observer(Protocol):
    """Sees what the loop does, in its thread: must return at once. All times monotonic nanoseconds."""

    def begin(self, now_ns: int, sounds: Sequence[Signal]) -> None:
        """The machine was made, and told to sound these."""

    def reading(self, reading: RangeReading, now_ns: int) -> None:
        """The machine was given a reading."""

    def tick(self, due_ns: int, now_ns: int) -> None:
        """The machine was told the time that it had waited for."""

    def level(self, warned: Warned, distance_mm: int | None, now_ns: int) -> None:
        """Another warning than before; distance_mm: what is believed of the sensor that warns."""

    def edge(self, edge: OutputEdge, applied_ns: int) -> None:
        """The outputs were set; applied_ns: when that was done."""

    def muffled(self, muffled: bool, now_ns: int) -> None:
        """From now on nothing can be heard or felt, or something can again; told before the edge that
        showed it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """How the guard was started, for those who are told. See messages.ProximityLevel."""

    misconfigured: bool = False
    ordinary: bool = False


class GuardLoop:
    """Runs until it is told to stop. `run` belongs to the main thread, and everything but `stop` to it."""

    def __init__(
        self,
        make_machine: Callable[[int], GuardMachine],
        sensors: Sequence[RangeFinder],
        outputs: Outputs,
        sender: LinkSender,
        clock: Clock,
        *,
        beat_ms: int,
        condition: Condition,
    ) -> None:
        """make_machine: from the time of its beginning. beat_ms: between messages when nothing changes."""
        self._clock, self._outputs, self._sender, self._condition = clock, outputs, sender, condition
        self._inbox: Inbox[RangeReading | Stop] = Inbox(clock)
        self._ranging = [Ranging(sensor, clock, self._inbox.put) for sensor in sensors]
        self._pace: dict[Position, Pace] = {sensor.position: Pace() for sensor in sensors}
        self._make_machine = make_machine
        self._notifier = Notifier()
        self._beat_ns = beat_ms * NS_PER_MS
        self._begun_ns = self._next_beat_ns = self._next_upkeep_ns = self._next_pet_ns = 0
        self._pet_ns = self._notifier.watchdog_interval_ns or NS_PER_S
        self._epoch = int.from_bytes(os.urandom(4), "little")
        self._sequence = 0
        self._dropped = 0
        self._status = ""
        self._muffled = False
        self.observers: list[Observer] = []

    def stop(self) -> None:
        """Leave the loop soon; may be called from anywhere, also from a signal's handler."""
        self._inbox.put(Stop())

    def run(self, until_ns: int = _UNTIL_TOLD_TO_NS) -> None:
        """Until `stop` is called or the time has come. Raises RangeFinderFault when a sensor hangs, which
        only another process mends: not in its first half minute, and not while there is a warning."""
        self._begun_ns = self._clock.now_ns()
        try:
            for ranging in self._ranging:
                ranging.start()
            self._loop(self._begin(), until_ns)
        finally:
            self._notifier.stopping()
            self._outputs.close()
            for ranging in self._ranging:
                ranging.stop(_STOP_S)
            self._sender.close()

    def _begin(self) -> GuardMachine:
        now_ns = self._clock.now_ns()
        self._outputs.upkeep(now_ns)
        machine = self._make_machine(now_ns)
        sounds = [Signal.SELF_TEST] + [Signal.DEAD] * self._condition.misconfigured
        for observer in self.observers:
            observer.begin(now_ns, sounds)
        for sound in sounds:
            self._apply(machine.signal(sound, now_ns))
        self._notifier.ready()
        self._tell_supervisor()
        return machine

    def _loop(self, machine: GuardMachine, until_ns: int) -> None:
        while (now_ns := self._clock.now_ns()) < until_ns:
            deadline_ns = min(machine.next_deadline_ns, self._keep_up(machine, now_ns), until_ns)
            message = self._inbox.take(deadline_ns)
            if isinstance(message, Stop):
                return
            warned = machine.warned
            if message is not None:
                self._take(machine, message)
            if (due_ns := machine.next_deadline_ns) <= (now_ns := self._clock.now_ns()):
                self._apply(machine.step(Tick(), now_ns))
                for observer in self.observers:
                    observer.tick(due_ns, now_ns)
            if machine.warned != warned:
                self._tell(machine, self._clock.now_ns())
                distance_mm = _warned_distance_mm(machine)
                for observer in self.observers:
                    observer.level(machine.warned, distance_mm, now_ns)

    def _take(self, machine: GuardMachine, reading: RangeReading) -> None:
        now_ns = self._clock.now_ns()
        # Before anything else: this is what the guard is for.
        self._apply(machine.step(reading, now_ns))
        self._pace[reading.position].note(reading.at_ns)
        for observer in self.observers:
            observer.reading(reading, now_ns)

    def _apply(self, edges: Sequence[OutputEdge]) -> None:
        for edge in edges:
            self._outputs.set(edge.pitch_hz)
            applied_ns = self._clock.now_ns()
            self._note_muffled(applied_ns)
            for observer in self.observers:
                observer.edge(edge, applied_ns)

    def _note_muffled(self, now_ns: int) -> None:
        if self._outputs.muffled is not self._muffled:
            self._muffled = self._outputs.muffled
            for observer in self.observers:
                observer.muffled(self._muffled, now_ns)

    # --- what is due by time --------------------------------------------------------------------------

    def _keep_up(self, machine: GuardMachine, now_ns: int) -> int:
        """What is to be done now and then; returns when there is something again."""
        self._outputs.upkeep(now_ns)
        self._note_muffled(now_ns)
        if now_ns >= self._next_pet_ns:
            self._notifier.watchdog()
            self._next_pet_ns = now_ns + self._pet_ns
        if now_ns >= self._next_beat_ns:
            self._tell(machine, now_ns)
        if now_ns >= self._next_upkeep_ns:
            self._upkeep(machine, now_ns)
            self._next_upkeep_ns = now_ns + _UPKEEP_NS
        return min(self._next_pet_ns, self._next_beat_ns, self._next_upkeep_ns)

    def _upkeep(self, machine: GuardMachine, now_ns: int) -> None:
        self._tell_supervisor()
        for ranging in self._ranging:
            ranging.upkeep()
        self._end_if_hung(machine, now_ns)
        if self._inbox.dropped > self._dropped:
            _LOG.error("%d readings were lost", self._inbox.dropped - self._dropped)
            self._dropped = self._inbox.dropped
        collect_garbage(quiet=machine.warned.level is Level.QUIET)

    def _tell_supervisor(self) -> None:
        status = "without real-time priority" if self._condition.ordinary else "with real-time priority"
        if self._outputs.failing:
            status += f"; outputs that do not work: {self._outputs.failing}"
        if status != self._status:
            self._status = status
            self._notifier.status(status)

    def _end_if_hung(self, machine: GuardMachine, now_ns: int) -> None:
        if machine.warned.level is not Level.QUIET or now_ns - self._begun_ns < _LEAST_LIFE_NS:
            return
        hung = [ranging.position for ranging in self._ranging if ranging.hung]
        if hung:
            raise RangeFinderFault(
                f"the range sensor ({' and '.join(hung)}) hangs: the guard ends, to be started again"
            )

    def _tell(self, machine: GuardMachine, now_ns: int) -> None:
        self._next_beat_ns = now_ns + self._beat_ns
        self._sequence += 1
        self._sender.send(
            ProximityLevel(
                epoch=self._epoch,
                sequence=self._sequence,
                at_ns=now_ns,
                level=machine.warned.level,
                position=machine.warned.position,
                sensors=tuple(self._pace[state.position].report(state, now_ns) for state in machine.sensors),
                muffled=self._outputs.muffled,
                misconfigured=self._condition.misconfigured,
                ordinary=self._condition.ordinary,
            )
        )


def _warned_distance_mm(machine: GuardMachine) -> int | None:
    warned = machine.warned.position
    return next((each.distance_mm for each in machine.sensors if each.position is warned), None)
