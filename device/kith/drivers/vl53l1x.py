"""The VL53L1X laser sensor, register by register over smbus2.

Addresses and values are those of its maker's datasheet and of the settings its maker's own software loads. No
library is used: see docs/decisions/guard.md. Long distance mode, 33 ms of measuring every 40 ms.
"""

from __future__ import annotations

import fcntl
import logging
import threading
import time
from collections.abc import Callable
from enum import Enum
from typing import Any, Protocol

from kith.clock import NS_PER_MS, NS_PER_S, Clock
from kith.drivers.vl53l1x_answers import Doubt, meaning
from kith.errors import RangeFinderUnavailable
from kith.guard.ports import Position, RangeReading, RangeStatus
from kith.guard.settings import SensorSettings

_LOG = logging.getLogger(__name__)

PERIOD_MS = 40
_PERIOD_NS = PERIOD_MS * NS_PER_MS
_SILENT_NS = 3 * _PERIOD_NS
_EARLY_NS = 3 * NS_PER_MS
_POLL_S = 0.002
_BOOT_POLLS = 50

# Registers, with two-byte addresses.
_VHV_LOOP_BOUND = 0x0008
_VHV_INIT = 0x000B
_CONFIGURATION = 0x002D
_POLARITY_AND_READY = 0x0030
_BUDGET_A = 0x005E
_BUDGET_B = 0x0061
_BETWEEN_MEASUREMENTS = 0x006C
_INTERRUPT_CLEAR = 0x0086
_MODE = 0x0087
_RESULT = 0x0089
_OSCILLATOR = 0x00DE
_BOOTED = 0x00E5
_MODEL = 0x010F

_MODEL_IS = b"\xea\xcc"
_STOP, _RANGE = b"\x00", b"\x40"
_RESULT_BYTES = 15
_DISTANCE_AT = 13
"""Of the result: two bytes, millimetres after the correction for crosstalk."""
_ACTIVE_LOW = 0x10
"""Of the polarity: what it wakes up with, and not what is loaded below."""
_BUDGET_33_MS = b"\x00\x60", b"\x00\x6e"
_OSCILLATOR_BITS = 0x3FF
_OSCILLATOR_DRIFT = 1.075

# What is loaded from 0x2D to 0x85 before the first measurement.
_DEFAULTS = bytes.fromhex(
    "0000000102000208000810010100000000ff000f0000000000"  # from 0x2D: pads; interrupts are active high
    "200b0000020a2100000500000000c8000038ff0100080000"  # from 0x46: interrupt at each sample; long distance
    "01cc0f01f10d0168008008b80000"  # from 0x5E: time budgets, laser periods; 90 mm of sigma, 1 Mcps of signal
    "00000f890000000000000001"  # from 0x6C: time between measurements; thresholds, unused
    "0f0d0e0e000002c7ff9b00000001"  # from 0x78: windows, phases; the whole field of view
)


class Bus(Protocol):
    """As much of smbus2.SMBus as is needed."""

    def i2c_rdwr(self, *messages: Any) -> None:
        """Write and read in one transaction. Raises OSError."""

    def close(self) -> None:
        """Let it go."""


class _Stage(Enum):
    LOST = 0
    FIRST = 1
    """Measuring for the first time, which sets up its detectors' voltage."""
    RANGING = 2


class Vl53l1x:
    """One VL53L1X. Only bus and address of the settings are looked at. open_bus: for tests."""

    def __init__(
        self,
        position: Position,
        settings: SensorSettings,
        clock: Clock,
        *,
        open_bus: Callable[[int], Bus] | None = None,
    ) -> None:
        self._position, self._settings, self._clock = position, settings, clock
        self._open_bus = open_bus or _open_bus
        self._bus: Bus | None = None
        self._using = threading.Lock()
        self._closed = threading.Event()
        self._closed.set()
        self._stage = _Stage.LOST
        self._doubt = Doubt(0)
        self._due_ns = 0

    @property
    def position(self) -> Position:
        """See RangeFinder."""
        return self._position

    def start(self) -> None:
        """See RangeFinder."""
        self.close()
        address, bus = self._settings.i2c_address, self._settings.i2c_bus
        what = f"the VL53L1X ({self._position}) at 0x{address:02x} on I2C bus {bus}"
        try:
            with self._using:
                self._bus = self._open_bus(bus)
            self._closed.clear()
            self._doubt = Doubt(self._clock.now_ns())
            self._configure()
        except ImportError as error:
            raise RangeFinderUnavailable(
                f"{what} needs smbus2: run `sudo apt-get install python3-smbus2`"
            ) from error
        except FileNotFoundError as error:
            raise RangeFinderUnavailable(
                f"{what}: there is no such bus; switch I2C on (`sudo raspi-config nonint do_i2c 0`)"
            ) from error
        except PermissionError as error:
            self.close()
            raise RangeFinderUnavailable(
                f"{what}: this user is not allowed on the bus; add the user to group i2c"
                " (`sudo usermod -aG i2c NAME`)"
            ) from error
        except OSError as error:
            self.close()
            raise RangeFinderUnavailable(f"{what} does not answer ({error}): check its wires") from error

    def read(self) -> RangeReading:
        """See RangeFinder. A chip that was lost is set up anew as soon as it answers again."""
        try:
            status, distance_mm = self._measure()
        except OSError as error:
            _LOG.debug("%s: %s", self._position, error)
            status, distance_mm = self._lost()
        return RangeReading(
            position=self._position, status=status, distance_mm=distance_mm, at_ns=self._clock.now_ns()
        )

    def close(self) -> None:
        """See RangeFinder."""
        self._closed.set()
        with self._using:
            if self._bus is not None:
                self._bus.close()
            self._bus = None
            self._stage = _Stage.LOST

    def _measure(self) -> tuple[RangeStatus, int | None]:
        self._wait_until(self._due_ns)
        now_ns = self._clock.now_ns()
        self._due_ns = now_ns + _PERIOD_NS - _EARLY_NS
        if self._stage is _Stage.LOST:
            self._configure()
            return RangeStatus.FAULT, None
        if not self._await_sample(now_ns + _SILENT_NS):
            return self._lost()
        self._due_ns = self._clock.now_ns() + _PERIOD_NS - _EARLY_NS
        result = self._read(_RESULT, _RESULT_BYTES)
        self._write(_INTERRUPT_CLEAR, b"\x01")
        if self._stage is _Stage.FIRST:
            self._go_on()
            return RangeStatus.UNSURE, None
        code = result[0] & 0x1F
        distance_mm = int.from_bytes(result[_DISTANCE_AT : _DISTANCE_AT + 2], "big")
        if self._doubt.raised_by(code, distance_mm, self._clock.now_ns()):
            return self._lost()
        return meaning(code, distance_mm)

    def _lost(self) -> tuple[RangeStatus, int | None]:
        self._stage = _Stage.LOST
        return RangeStatus.FAULT, None

    def _configure(self) -> None:
        """Set it up and have it measure once. Raises OSError."""
        polls = 0
        while not self._read(_BOOTED, 1)[0] & 0x01:
            polls += 1
            if polls == _BOOT_POLLS:
                raise OSError("it does not start up")
            time.sleep(_POLL_S)
        if self._read(_MODEL, 2) != _MODEL_IS:
            raise OSError("something else is at its address")
        self._write(_CONFIGURATION, _DEFAULTS)
        self._write(_INTERRUPT_CLEAR, b"\x01")
        self._write(_MODE, _RANGE)
        self._stage = _Stage.FIRST

    def _go_on(self) -> None:
        """After the first measurement: measure on and on."""
        self._write(_MODE, _STOP)
        self._write(_VHV_LOOP_BOUND, b"\x09")
        self._write(_VHV_INIT, b"\x00")
        self._write(_BUDGET_A, _BUDGET_33_MS[0])
        self._write(_BUDGET_B, _BUDGET_33_MS[1])
        oscillator = int.from_bytes(self._read(_OSCILLATOR, 2), "big") & _OSCILLATOR_BITS
        between = round(oscillator * PERIOD_MS * _OSCILLATOR_DRIFT)
        self._write(_BETWEEN_MEASUREMENTS, between.to_bytes(4, "big"))
        self._write(_INTERRUPT_CLEAR, b"\x01")
        self._write(_MODE, _RANGE)
        self._stage = _Stage.RANGING

    def _await_sample(self, until_ns: int) -> bool:
        """Whether one came. Raises OSError, also when the chip has lost what it was set to: its power failed
        for a moment, and now it says that it is ready for ever."""
        while True:
            polarity, ready = self._read(_POLARITY_AND_READY, 2)
            if polarity & _ACTIVE_LOW:
                raise OSError("it was reset")
            if ready & 0x01:
                return True
            if self._clock.now_ns() >= until_ns or self._closed.wait(_POLL_S):
                return False

    def _read(self, register: int, length: int) -> bytes:
        from smbus2 import i2c_msg

        answer = i2c_msg.read(self._settings.i2c_address, length)
        self._transfer(i2c_msg.write(self._settings.i2c_address, register.to_bytes(2, "big")), answer)
        return bytes(answer)

    def _write(self, register: int, data: bytes) -> None:
        from smbus2 import i2c_msg

        self._transfer(i2c_msg.write(self._settings.i2c_address, register.to_bytes(2, "big") + data))

    def _transfer(self, *messages: Any) -> None:
        with self._using:
            if self._bus is None:
                raise OSError("the sensor is closed")
            self._bus.i2c_rdwr(*messages)

    def _wait_until(self, at_ns: int) -> None:
        wait_s = (at_ns - self._clock.now_ns()) / NS_PER_S
        if wait_s <= 0:
            return
        if self._closed.is_set():  # nobody should ask, but who does must not spin
            time.sleep(wait_s)
        else:
            self._closed.wait(wait_s)


_I2C_TIMEOUT = 0x0702
_TIMEOUT_10_MS = 5
"""Of linux/i2c-dev.h, in units of 10 ms: a bus that hangs would else hold a transaction for a second."""


def _open_bus(number: int) -> Bus:
    from smbus2 import SMBus

    bus = SMBus()
    try:
        bus.open(number)
        assert bus.fd is not None
        fcntl.ioctl(bus.fd, _I2C_TIMEOUT, _TIMEOUT_10_MS)
    except OSError:
        bus.close()
        raise
    return bus
