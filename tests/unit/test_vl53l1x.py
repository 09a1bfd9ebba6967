"""The VL53L1X driver on a file of registers."""

import fcntl
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import smbus2

from kith.clock import NS_PER_MS, NS_PER_S, MonotonicClock
from kith.drivers.vl53l1x import Vl53l1x
from kith.errors import RangeFinderUnavailable
from kith.guard.policy import Policy
from kith.guard.ports import Level, Position, RangeStatus
from kith.guard.settings import GuardSettings, SensorSettings
from tests.unit._range_kit import FakeVl53l1x, read_until

CLOCK = MonotonicClock()
SETTINGS = SensorSettings(kind="vl53l1x")


@pytest.fixture
def chip() -> FakeVl53l1x:
    return FakeVl53l1x()


@pytest.fixture
def sensor(chip: FakeVl53l1x) -> Vl53l1x:
    sensor = Vl53l1x(Position.KNEE, SETTINGS, CLOCK, open_bus=chip.open)
    sensor.start()
    return sensor


def test_the_chip_is_set_to_long_distance_and_its_pace(chip: FakeVl53l1x, sensor: Vl53l1x) -> None:
    read_until(sensor, RangeStatus.OK)
    assert chip.period_s == pytest.approx(0.040, rel=0.001)
    assert chip.registers[0x5E:0x60] == b"\x00\x60"
    assert chip.registers[0x60:0x64] == b"\x0f\x00\x6e\x0d"  # laser periods of the long mode about the budget
    assert chip.registers[0x69] == 0xB8


@pytest.mark.parametrize(
    ("code", "status"),
    [
        *((code, RangeStatus.FAULT) for code in (1, 2, 3)),
        (4, RangeStatus.NO_ECHO),
        (8, RangeStatus.OK),
        (9, RangeStatus.OK),
        (0xE9, RangeStatus.OK),  # three bits above the code say other things
        *((code, RangeStatus.UNSURE) for code in (0, 5, 6, 7, 10, 11, 12, 13, 18, 19, 22, 31)),
    ],
)
def test_its_own_status_is_honoured(
    chip: FakeVl53l1x, sensor: Vl53l1x, code: int, status: RangeStatus
) -> None:
    read_until(sensor, RangeStatus.OK)
    chip.code, chip.distance_mm = code, 777
    sensor.read()
    reading = sensor.read()
    assert reading.status is status
    assert reading.distance_mm == (777 if status is RangeStatus.OK else None)


def test_the_first_sample_is_not_believed(chip: FakeVl53l1x, sensor: Vl53l1x) -> None:
    assert sensor.read().status is RangeStatus.UNSURE


def test_power_that_fails_shortly_is_noticed_without_a_bus_error(chip: FakeVl53l1x, sensor: Vl53l1x) -> None:
    read_until(sensor, RangeStatus.OK)
    chip.unplug()
    chip.plug()  # it has forgotten that it was to measure
    assert read_until(sensor, RangeStatus.FAULT, 2).distance_mm is None
    assert read_until(sensor, RangeStatus.OK, 5).distance_mm == 1000


def test_a_chip_that_never_has_a_sample_is_set_up_again(chip: FakeVl53l1x, sensor: Vl53l1x) -> None:
    read_until(sensor, RangeStatus.OK)
    chip.code = 0
    read_until(sensor, RangeStatus.FAULT, 8)
    chip.code = 9
    assert read_until(sensor, RangeStatus.OK, 4).distance_mm == 1000
    assert chip.set_up == 2


class JumpingClock(MonotonicClock):
    ahead_ns = 0

    def now_ns(self) -> int:
        return super().now_ns() + self.ahead_ns


@pytest.mark.parametrize("code", [5, 6, 7, 9, 13])
def test_a_chip_that_is_of_no_use_for_long_is_set_up_again_now_and_then(chip: FakeVl53l1x, code: int) -> None:
    """With 9 it is stuck at a distance."""
    clock = JumpingClock()
    sensor = Vl53l1x(Position.KNEE, SETTINGS, clock, open_bus=chip.open)
    sensor.start()
    read_until(sensor, RangeStatus.OK)
    chip.code = code
    set_up = []
    for _ in range(8):
        clock.ahead_ns += 2 * NS_PER_S
        for _ in range(4):
            sensor.read()
        set_up.append(chip.set_up)
    assert set_up == [1, 1, 2, 2, 2, 2, 2, 3]  # after 6 s, and 10 s later


@pytest.mark.parametrize("useful", [4, 8, 9])
def test_a_chip_that_is_of_use_now_and_then_is_left_alone(chip: FakeVl53l1x, useful: int) -> None:
    clock = JumpingClock()
    sensor = Vl53l1x(Position.KNEE, SETTINGS, clock, open_bus=chip.open)
    sensor.start()
    for _ in range(6):
        clock.ahead_ns += 3 * NS_PER_S
        chip.code = 6
        sensor.read()
        chip.code, chip.distance_mm = useful, chip.distance_mm + (useful == 9)
        sensor.read()
        sensor.read()
    assert chip.set_up == 1


@pytest.mark.parametrize(("code", "measured_mm"), [(8, 0), (8, 12), (9, 0), (9, 39)])
def test_nearer_than_it_measures_is_its_least_distance(
    chip: FakeVl53l1x, sensor: Vl53l1x, code: int, measured_mm: int
) -> None:
    chip.code, chip.distance_mm = code, measured_mm
    reading = read_until(sensor, RangeStatus.OK)
    assert reading.distance_mm == 40
    policy = Policy(GuardSettings(), (Position.KNEE,), 0)
    for at_ns in (reading.at_ns, reading.at_ns + 40 * NS_PER_MS):
        policy.step(replace(reading, at_ns=at_ns), at_ns)
    assert policy.warned.level is Level.CONTACT


def test_a_chip_that_hangs_is_a_fault_within_200_ms(chip: FakeVl53l1x, sensor: Vl53l1x) -> None:
    read_until(sensor, RangeStatus.OK)
    chip.hangs = True
    for _ in range(3):
        began_s = time.monotonic()
        assert sensor.read().status is RangeStatus.FAULT
        assert time.monotonic() - began_s < 0.3
    chip.hangs = False
    assert read_until(sensor, RangeStatus.OK, 6).status is RangeStatus.OK


def test_the_bus_is_let_go(chip: FakeVl53l1x, sensor: Vl53l1x) -> None:
    sensor.close()
    sensor.close()
    sensor.start()
    sensor.close()
    assert (chip.opened, chip.closed) == (2, 2)


def _missing_bus(number: int) -> FakeVl53l1x:
    raise FileNotFoundError(2, "No such file or directory")


def _forbidden_bus(number: int) -> FakeVl53l1x:
    raise PermissionError(13, "Permission denied")


def _another_chip(number: int) -> FakeVl53l1x:
    chip = FakeVl53l1x()
    chip.registers[0x010F] = 0x00
    return chip


@pytest.mark.parametrize(
    ("open_bus", "told"),
    [
        (_missing_bus, "at 0x29 on I2C bus 1: there is no such bus; switch I2C on"),
        (_forbidden_bus, "not allowed.*add the user to group i2c"),
        (_another_chip, "something else is at its address"),
        (FakeVl53l1x(0x30).open, "Remote I/O error.*check its wires"),
    ],
)
def test_what_is_wrong_at_start_is_told(open_bus: Callable[[int], FakeVl53l1x], told: str) -> None:
    with pytest.raises(RangeFinderUnavailable, match=told):
        Vl53l1x(Position.HEAD, SETTINGS, CLOCK, open_bus=open_bus).start()


def test_this_machine_has_no_such_bus() -> None:
    with pytest.raises(RangeFinderUnavailable, match="I2C bus 19"):
        Vl53l1x(Position.HEAD, SensorSettings(kind="vl53l1x", i2c_bus=19), CLOCK).start()


@pytest.mark.parametrize("step", ["when it is opened", "when it is set"])
def test_a_bus_that_cannot_be_used_stays_open_nowhere(monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    def open_what_is_no_bus(bus: smbus2.SMBus, number: int) -> None:
        bus.fd = os.open(os.devnull, os.O_RDWR)
        if step == "when it is opened":
            fcntl.ioctl(bus.fd, 0x0705, bytes(8))

    monkeypatch.setattr(smbus2.SMBus, "open", open_what_is_no_bus)
    sensor = Vl53l1x(Position.HEAD, SETTINGS, CLOCK)
    before = set(Path("/proc/self/fd").iterdir())
    for _ in range(3):
        with pytest.raises(RangeFinderUnavailable, match="Inappropriate ioctl"):
            sensor.start()
    assert set(Path("/proc/self/fd").iterdir()) == before
