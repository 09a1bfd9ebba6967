"""Range sensors below the drivers: an HC-SR04 on mock pins, a VL53L1X as a file of registers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from gpiozero.pins.mock import MockFactory, MockPin

from kith.drivers.hcsr04 import HcSr04
from kith.guard.ports import RangeReading, RangeStatus

SOUND_MM_S = 331_000
"""Of the air in the tests: what the driver takes for granted."""
NO_ECHO_PULSE_S = 0.038
ANSWERS_AFTER_S = 0.00045
SHORTEST_TRIGGER_S = 10e-6


def read_until(sensor: Any, status: RangeStatus, readings: int = 40) -> RangeReading:
    """The first reading of that status among so many."""
    seen = []
    for _ in range(readings):
        reading: RangeReading = sensor.read()
        if reading.status is status:
            return reading
        seen.append(reading.status)
    raise AssertionError(f"no reading was {status}: {seen}")


class EchoPin(MockPin):  # type: ignore[misc]
    """A pin that changes first and tells of it later, with the time at which it did, as the kernel has it."""

    def change(self, state: bool) -> None:
        self._state = state

    def tell(self, state: bool, at_s: float) -> None:
        handler = self.when_changed
        if handler is not None:
            handler(at_s, state)


class TriggerPin(MockPin):  # type: ignore[misc]
    """Hands its pulses to whoever listens."""

    def __init__(self, factory: Any, info: Any, board: FakeHcSr04) -> None:
        super().__init__(factory, info)
        self._board = board
        self._up_s = 0.0

    def _set_state(self, value: float) -> None:
        super()._set_state(value)
        if value:
            self._up_s = time.monotonic()
        elif self._up_s:
            self._board.triggered(time.monotonic() - self._up_s)


class FakeHcSr04:
    """distance_mm: None for no echo. lateness_s: how late the edges are told, with the right time in them.
    lost: edges that are never told ("up", "down")."""

    def __init__(self, factory: Any = None, *, trigger_gpio: int = 23, echo_gpio: int = 24) -> None:
        self.factory = factory or MockFactory()
        self.echo = self.factory.pin(echo_gpio, pin_class=EchoPin)
        self.factory.pin(trigger_gpio, pin_class=TriggerPin, board=self)
        self.distance_mm: int | None = 1000
        self.plugged = True
        self.lateness_s = 0.0
        self.no_echo_pulse_s = NO_ECHO_PULSE_S
        self.lost: set[str] = set()
        self.fired_s: list[float] = []
        self._threads: list[threading.Thread] = []

    def triggered(self, pulse_s: float) -> None:
        if not self.plugged or pulse_s < SHORTEST_TRIGGER_S or self.echo.state:
            return
        self.fired_s.append(time.monotonic())
        thread = threading.Thread(target=self._answer, args=(self.fired_s[-1],), daemon=True)
        self._threads.append(thread)
        thread.start()

    def settle(self) -> None:
        """Until the last answer is over."""
        for thread in self._threads:
            thread.join()

    def _answer(self, fired_s: float) -> None:
        up_s = fired_s + ANSWERS_AFTER_S
        silent = self.distance_mm is None
        pulse_s = self.no_echo_pulse_s if silent else 2 * (self.distance_mm or 0) / SOUND_MM_S
        events: list[tuple[float, Callable[[], None]]] = []
        for name, state, at_s in (("up", True, up_s), ("down", False, up_s + pulse_s)):
            events.append((at_s, partial(self.echo.change, state)))
            if name not in self.lost:
                events.append((at_s + self.lateness_s, partial(self.echo.tell, state, at_s)))
        for at_s, act in sorted(events, key=lambda event: event[0]):
            time.sleep(max(0.0, at_s - time.monotonic()))
            act()


def fired_by(sensor: HcSr04, board: FakeHcSr04) -> RangeReading:
    """One reading, with its answer over."""
    reading = sensor.read()
    board.settle()
    return reading


_READ = 1
_MODEL = {0x010F: 0xEA, 0x0110: 0xCC, 0x0111: 0x10}
_OSCILLATOR = 0x02EE
_ACTIVE_LOW = 0x10


class FakeVl53l1x:
    """The chip's registers behind an I2C bus (a `vl53l1x.Bus`). distance_mm, code: of the next samples.

    It measures only when it was set up, each sample waits until it is cleared, and it forgets everything when
    it is without power: also that a sample is to be told by a 1, so that its 0 says "ready" at once.
    """

    def __init__(self, address: int = 0x29) -> None:
        self.address = address
        self.distance_mm, self.code = 1000, 9
        self.hangs = False
        self.opened = self.closed = self.set_up = 0
        self.model = dict(_MODEL)
        self.plug()

    def open(self, number: int) -> FakeVl53l1x:
        self.opened += 1
        return self

    def close(self) -> None:
        self.closed += 1

    def plug(self) -> None:
        """Power on."""
        self.plugged = True
        self.registers = bytearray(0x200)
        for register, value in (
            *self.model.items(),
            (0x00DE, _OSCILLATOR >> 8),
            (0x00DF, _OSCILLATOR & 0xFF),
            (0x0030, _ACTIVE_LOW | 0x01),
        ):
            self.registers[register] = value
        self._booted_s = time.monotonic() + 0.002
        self._sample_s: float | None = None

    def unplug(self) -> None:
        """Power off."""
        self.plugged = False

    def i2c_rdwr(self, *messages: Any) -> None:
        pointer = 0
        for message in messages:
            if not self.plugged or message.addr != self.address:
                raise OSError(121, "Remote I/O error")
            if message.flags & _READ:
                self._refresh()
                for index in range(message.len):
                    message.buf[index] = bytes((self.registers[pointer + index],))
            else:
                data = bytes(message)
                pointer = int.from_bytes(data[:2], "big")
                for index, value in enumerate(data[2:]):
                    self._write(pointer + index, value)

    @property
    def period_s(self) -> float:
        between = int.from_bytes(self.registers[0x6C:0x70], "big")
        return between / (_OSCILLATOR & 0x3FF) / 1.075 / 1000

    def _write(self, register: int, value: int) -> None:
        self.registers[register] = value
        self.set_up += register == 0x2D
        now_s = time.monotonic()
        if register == 0x87:
            set_up = self.registers[0x4B] == 0x0A and self.registers[0x46] == 0x20
            self._sample_s = now_s + 0.033 if value == 0x40 and set_up else None
        elif register == 0x86 and value & 1 and self._sample_s is not None and now_s >= self._sample_s:
            self._sample_s = max(self._sample_s + self.period_s, now_s)

    def _refresh(self) -> None:
        now_s = time.monotonic()
        ready = self._sample_s is not None and now_s >= self._sample_s and not self.hangs
        self.registers[0xE5] = now_s >= self._booted_s
        self.registers[0x31] = 0x02 | (ready ^ bool(self.registers[0x30] & _ACTIVE_LOW))
        measuring = self._sample_s is not None
        self.registers[0x89] = self.code if measuring else 0
        self.registers[0x96:0x98] = (self.distance_mm if measuring else 0).to_bytes(2, "big")
