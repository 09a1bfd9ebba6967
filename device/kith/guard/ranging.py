"""One range sensor in a thread of its own, so that one that hangs does not hold up the rest."""

from __future__ import annotations

import logging
import threading

from kith.clock import NS_PER_S, Clock
from kith.errors import RangeFinderUnavailable
from kith.guard.ports import OnReading, Position, RangeFinder, RangeReading, RangeStatus
from kith.runtime.worker import Worker

_LOG = logging.getLogger(__name__)
_RETRY_NS = NS_PER_S
_FAULT_S = 0.2
_UNHEARD = 3
"""Calls of `upkeep`, so two to three seconds. Counted and not timed: a process that was stopped for a while
finds nothing wrong with its sensors."""


class Ranging:
    """Reads a sensor for ever and hands each reading on. One that is not there or does not answer is opened
    again every second, and says FAULT meanwhile. Against one that hangs it can do nothing; see `hung`."""

    def __init__(self, sensor: RangeFinder, clock: Clock, on_reading: OnReading) -> None:
        self._sensor, self._clock, self._on_reading = sensor, clock, on_reading
        self._told = False
        self._reading = False
        self._unheard = 0
        self._given_up = threading.Event()
        self._worker = self._make_worker()

    def start(self) -> None:
        """Begin."""
        self._worker.start()

    def upkeep(self) -> None:
        """To be called each second or so: a worker that has used up its budget is followed by another."""
        if self._given_up.is_set():
            self._given_up.clear()
            self._worker = self._make_worker()
            self._worker.start()
        elif self._reading:
            self._unheard += 1

    @property
    def hung(self) -> bool:
        """Nothing has come for two to three calls of `upkeep`, though it should: the driver does not return,
        or its thread is gone."""
        return self._unheard >= _UNHEARD

    @property
    def position(self) -> Position:
        """Of the sensor."""
        return self._sensor.position

    def stop(self, timeout_s: float) -> None:
        """Let the sensor go; a thread that hangs is left to itself."""
        self._worker.stop(timeout_s)

    def _make_worker(self) -> Worker:
        return Worker(
            f"kith-{self._sensor.position}",
            self._work,
            clock=self._clock,
            on_crash=lambda error: self._crashed(),
            on_exhausted=self._given_up.set,
        )

    def _work(self, stop: threading.Event) -> None:
        self._unheard, self._reading = 0, True
        try:
            while not stop.is_set():
                if self._open():
                    self._read_until_lost(stop)
                else:
                    self._pause(stop)
        finally:
            self._sensor.close()

    def _crashed(self) -> None:
        """Its worker pauses now, for seconds perhaps."""
        self._reading = False
        self._report_fault()

    def _hand_on(self, reading: RangeReading) -> None:
        self._unheard = 0
        self._on_reading(reading)

    def _pause(self, stop: threading.Event) -> None:
        """A second in which it says, about as often as a sensor would, that there is none."""
        until_ns = self._clock.now_ns() + _RETRY_NS
        while not stop.is_set() and self._clock.now_ns() < until_ns:
            self._report_fault()
            stop.wait(_FAULT_S)

    def _open(self) -> bool:
        try:
            self._sensor.start()
        except RangeFinderUnavailable as error:
            self._tell(str(error))
            return False
        return True

    def _read_until_lost(self, stop: threading.Event) -> None:
        """Until it has given nothing but FAULT for a second."""
        answered_ns = self._clock.now_ns()
        while not stop.is_set():
            reading = self._sensor.read()
            if stop.is_set():  # it hung, and was given up meanwhile
                return
            self._hand_on(reading)
            if reading.status is not RangeStatus.FAULT:
                answered_ns = reading.at_ns
                if self._told:
                    self._told = False
                    _LOG.warning("the range sensor (%s) answers again", self._sensor.position)
            elif self._clock.now_ns() - answered_ns >= _RETRY_NS:
                self._tell(f"the range sensor ({self._sensor.position}) does not answer: check its wires")
                self._sensor.close()
                return

    def _tell(self, text: str) -> None:
        if not self._told:
            self._told = True
            _LOG.error("%s", text)

    def _report_fault(self) -> None:
        position, now_ns = self._sensor.position, self._clock.now_ns()
        self._hand_on(
            RangeReading(position=position, status=RangeStatus.FAULT, distance_mm=None, at_ns=now_ns)
        )
