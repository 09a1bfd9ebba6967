"""The VL53L1X driver on a file of registers."""

import time
from collections.abc import Callable

import pytest

from kith.clock import MonotonicClock
from kith.drivers.vl53l1x import Vl53l1x
from kith.errors import RangeFinderUnavailable
from kith.guard.ports import Position, RangeStatus
from kith.guard.settings import SensorSettings
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


def _another_chip(number: int) -> FakeVl53l1x:
    chip = FakeVl53l1x()
    chip.registers[0x010F] = 0x00
    return chip


@pytest.mark.parametrize(
    ("open_bus", "told"),
    [
        (_missing_bus, "at 0x29 on I2C bus 1: there is no such bus; switch I2C on"),
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
