"""A range sensor that looks at a simulated scene; with outages where the scene has them."""

from __future__ import annotations

import threading
import time
from random import Random

from kith.clock import NS_PER_MS, NS_PER_S, Clock
from kith.drivers.simulated_scene import Scene, TroubleKind
from kith.drivers.simulated_sensors import MODELS, Answer
from kith.errors import RangeFinderUnavailable
from kith.guard.ports import Position, RangeReading, RangeStatus

_FOR_EVER_S = 1e6
_STUCK_AT: Answer = (RangeStatus.OK, 1000)


class SimulatedRangeFinder:
    """A sensor of a kind ("hcsr04", "vl53l1x") before a scene that begins at the first `start`.

    Readings belong to `next_due_ns` and are stamped with it. With a clock whose time passes by itself give
    `paced=True`: `read` then waits for that moment as a real sensor does, and readings overdue by more than
    its pace are skipped. Unpaced, `read` returns at once with that reading, whatever the clock says.
    While the scene has it hang (TroubleKind.SILENT) there are no readings: `next_due_ns` leaps over that
    time, and a paced `read` waits, as the port forbids a driver that is not broken.
    Equal seeds give equal readings.
    """

    def __init__(
        self, position: Position, kind: str, scene: Scene, clock: Clock, *, seed: int = 0, paced: bool
    ) -> None:
        self._position, self._scene, self._clock, self._paced = position, scene, clock, paced
        self._model = MODELS[kind]
        self._period_ns = self._model.period_ms * NS_PER_MS
        self._chance = Random(seed * 2 + (position is Position.KNEE))
        self._began_ns: int | None = None
        self._due_ns = 0
        self._closed = threading.Event()
        self._closed.set()
        self._last = _STUCK_AT

    @property
    def position(self) -> Position:
        """See RangeFinder."""
        return self._position

    @property
    def next_due_ns(self) -> int:
        """When the next reading belongs."""
        return self._due_ns

    def start(self) -> None:
        """See RangeFinder. The scene begins, or has gone on since `close`."""
        if self._began_ns is None:
            self._began_ns = self._clock.now_ns()
            self._due_ns = self._began_ns + self._period_ns
        self._skip_to(self._clock.now_ns())
        if self._has(TroubleKind.UNPLUGGED):
            raise RangeFinderUnavailable(
                f"the simulated range sensor ({self._position}) is unplugged: its scene must plug it in again"
            )
        self._closed.clear()

    def read(self) -> RangeReading:
        """See RangeFinder."""
        if self._paced:
            self._wait()
        at_ns, answer = self._due_ns, self._answer()
        if self._closed.is_set():
            at_ns, answer = min(at_ns, self._clock.now_ns()), (RangeStatus.FAULT, None)
        self._skip_to(self._due_ns + self._period_ns)
        return RangeReading(position=self._position, status=answer[0], distance_mm=answer[1], at_ns=at_ns)

    def close(self) -> None:
        """See RangeFinder."""
        self._closed.set()

    def _wait(self) -> None:
        # One that is late by less than its pace is still wanted.
        self._skip_to(self._clock.now_ns() - self._period_ns + 1)
        wait_s = (self._due_ns - self._clock.now_ns()) / NS_PER_S
        if self._closed.is_set():  # nobody should ask, but who does must not spin
            time.sleep(self._period_ns / NS_PER_S)
        else:
            self._closed.wait(max(0.0, wait_s))

    def _answer(self) -> Answer:
        if self._has(TroubleKind.UNPLUGGED):
            return RangeStatus.FAULT, None
        if self._has(TroubleKind.STUCK):
            return self._last
        if self._has(TroubleKind.ZEROS):
            return RangeStatus.OK, 0
        sunlit = self._has(TroubleKind.SUNLIGHT)
        answer = self._model.answer(self._scene, self._position, self._t_s(), sunlit, self._chance)
        if answer[1]:
            self._last = answer
        return answer

    def _t_s(self) -> float:
        return (self._due_ns - (self._began_ns or 0)) / NS_PER_S

    def _has(self, kind: TroubleKind) -> bool:
        return self._scene.trouble(kind, self._position, self._t_s()) is not None

    def _skip_to(self, at_ns: int) -> None:
        """The first moment of its pace from then on at which a reading is due."""
        late = at_ns - self._due_ns
        if late > 0:
            self._due_ns += -(-late // self._period_ns) * self._period_ns
        while (hang := self._scene.trouble(TroubleKind.SILENT, self._position, self._t_s())) is not None:
            left_s = hang.to_s - self._t_s()
            periods = -(-round(min(left_s, _FOR_EVER_S) * NS_PER_S) // self._period_ns)
            self._due_ns += max(periods, 1) * self._period_ns
            if left_s > _FOR_EVER_S:
                return
