"""The HC-SR04 driver before a board that lies in every way that is known of it."""

import itertools
import os
import statistics
import threading
import time

import pytest
from gpiozero.pins.mock import MockFactory

from kith.clock import NS_PER_MS, NS_PER_S, MonotonicClock
from kith.drivers.hcsr04 import HcSr04, Turns
from kith.errors import RangeFinderUnavailable
from kith.guard.ports import Position, RangeReading, RangeStatus
from kith.guard.settings import SensorSettings
from tests.unit._range_kit import ANSWERS_AFTER_S, NO_ECHO_PULSE_S, SOUND_MM_S, FakeHcSr04, fired_by

CLOCK = MonotonicClock()


@pytest.fixture
def board() -> FakeHcSr04:
    return FakeHcSr04()


@pytest.fixture
def sensor(board: FakeHcSr04) -> HcSr04:
    sensor = HcSr04(Position.HEAD, SensorSettings(kind="hcsr04"), CLOCK, pin_factory=board.factory)
    sensor.start()
    return sensor


@pytest.mark.parametrize("distance_mm", [0, 20, 350, 1234, 4000])
def test_edges_told_late_give_the_right_distance_and_time(
    board: FakeHcSr04, sensor: HcSr04, distance_mm: int
) -> None:
    board.distance_mm, board.lateness_s = distance_mm, 0.015
    reading = fired_by(sensor, board)
    assert (reading.status, reading.distance_mm) == (RangeStatus.OK, distance_mm)
    heard_s = board.fired_s[-1] + ANSWERS_AFTER_S + 2 * distance_mm / SOUND_MM_S
    assert reading.at_ns / NS_PER_S == pytest.approx(heard_s, abs=0.001)
    assert CLOCK.now_ns() - reading.at_ns >= 15 * NS_PER_MS


def test_edges_of_earlier_pings_are_not_taken_for_this_ones(board: FakeHcSr04, sensor: HcSr04) -> None:
    board.distance_mm, board.lateness_s = 500, 0.2
    assert sensor.read().status is RangeStatus.FAULT
    board.distance_mm, board.lateness_s = 3000, 0.0
    # Edges stamped 200 ms ago are told amid these.
    seen = [sensor.read().distance_mm for _ in range(8)]
    assert set(seen) <= {3000, None}
    assert seen.count(3000) >= 6
    board.settle()


def test_stale_edges_amid_a_ping_are_dropped(board: FakeHcSr04, sensor: HcSr04) -> None:
    board.distance_mm = 2000
    stale_s = time.monotonic() - 0.05
    timers = [
        threading.Timer(after_s, board.echo.tell, (state, stale_s))
        for after_s, state in ((0.001, True), (0.004, False), (0.006, True), (0.009, False))
    ]
    for timer in timers:
        timer.start()
    assert fired_by(sensor, board).distance_mm == 2000
    for timer in timers:
        timer.join()


@pytest.mark.parametrize("shift_s", [-3600.0, 1.7e9])
def test_stamps_of_another_clock_give_no_distance(
    board: FakeHcSr04, sensor: HcSr04, monkeypatch: pytest.MonkeyPatch, shift_s: float
) -> None:
    tell = board.echo.tell
    monkeypatch.setattr(board.echo, "tell", lambda state, at_s: tell(state, at_s + shift_s))
    assert {fired_by(sensor, board).status for _ in range(3)} == {RangeStatus.FAULT}


def test_farther_than_it_hears_is_no_echo(board: FakeHcSr04, sensor: HcSr04) -> None:
    for distance_mm in (4300, None):
        board.distance_mm = distance_mm
        readings = [fired_by(sensor, board) for _ in range(3)]
        assert RangeStatus.NO_ECHO in {reading.status for reading in readings}
        assert {reading.distance_mm for reading in readings} == {None}


def test_a_make_that_holds_its_line_long_has_no_echo_and_no_fault(board: FakeHcSr04, sensor: HcSr04) -> None:
    board.distance_mm, board.no_echo_pulse_s = None, 0.2
    readings = [sensor.read() for _ in range(8)]
    assert {reading.status for reading in readings} == {RangeStatus.NO_ECHO}
    board.distance_mm = 900
    board.settle()
    assert fired_by(sensor, board).distance_mm == 900


def test_a_line_that_is_stuck_high_is_a_fault(board: FakeHcSr04, sensor: HcSr04) -> None:
    fired_by(sensor, board)
    board.echo.change(True)
    readings = [sensor.read() for _ in range(8)]
    assert readings[-1].status is RangeStatus.FAULT
    assert all(reading.distance_mm is None for reading in readings)
    board.echo.change(False)
    assert fired_by(sensor, board).status is RangeStatus.OK


@pytest.mark.parametrize("lost", [{"down"}, {"up"}, {"up", "down"}])
def test_a_lost_edge_gives_no_distance(board: FakeHcSr04, sensor: HcSr04, lost: set[str]) -> None:
    board.lost = lost
    assert fired_by(sensor, board).distance_mm is None
    board.lost = set()
    assert fired_by(sensor, board).distance_mm == 1000


def _read_both(board: FakeHcSr04, other: FakeHcSr04, readings: int) -> dict[Position, list[RangeReading]]:
    turns = Turns()
    places = {Position.HEAD: SensorSettings(), Position.KNEE: SensorSettings(trigger_gpio=5, echo_gpio=6)}
    sensors = [
        HcSr04(position, settings, CLOCK, pin_factory=board.factory, turns=turns)
        for position, settings in places.items()
    ]
    seen: dict[Position, list[RangeReading]] = {position: [] for position in places}

    def read(sensor: HcSr04) -> None:
        sensor.start()
        seen[sensor.position] += [sensor.read() for _ in range(readings)]

    threads = [threading.Thread(target=read, args=(sensor,)) for sensor in sensors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seen


@pytest.fixture
def other(board: FakeHcSr04) -> FakeHcSr04:
    return FakeHcSr04(board.factory, trigger_gpio=5, echo_gpio=6)


def test_two_fire_in_turn(board: FakeHcSr04, other: FakeHcSr04) -> None:
    board.distance_mm, other.distance_mm = 400, 1500
    seen = _read_both(board, other, 15)
    for position, distance_mm in ((Position.HEAD, 400), (Position.KNEE, 1500)):
        measured = [reading.distance_mm for reading in seen[position]]
        assert set(measured) <= {distance_mm, None}
        assert measured.count(distance_mm) >= 12
    fired = sorted([*board.fired_s, *other.fired_s])
    assert min(b - a for a, b in itertools.pairwise(fired)) > 0.0295
    for own in (board.fired_s, other.fired_s):
        assert min(b - a for a, b in itertools.pairwise(own)) > 0.0595
    assert fired[-1] - fired[0] < 15 * 0.12


@pytest.mark.parametrize("trouble", ["unplugged", "no echo", "no echo, held long"])
def test_one_in_trouble_costs_the_other_no_turns(board: FakeHcSr04, other: FakeHcSr04, trouble: str) -> None:
    board.plugged = trouble != "unplugged"
    board.distance_mm = None
    board.no_echo_pulse_s = 0.2 if trouble.endswith("long") else NO_ECHO_PULSE_S
    readings = _read_both(board, other, 30)[Position.KNEE]
    statuses = [reading.status for reading in readings]
    assert statuses.count(RangeStatus.OK) >= 28
    assert RangeStatus.FAULT not in statuses
    heard_s = [reading.at_ns / NS_PER_S for reading in readings]
    # A period is 60 ms; the rest is for a machine that is busy with other tests.
    assert statistics.median(b - a for a, b in itertools.pairwise(heard_s)) < 0.075


def test_a_ping_that_had_to_wait_is_followed_by_a_whole_period(board: FakeHcSr04) -> None:
    turns = Turns()
    sensor = HcSr04(Position.HEAD, SensorSettings(), CLOCK, pin_factory=board.factory, turns=turns)
    sensor.start()
    turns.quiet_ns = CLOCK.now_ns() + 30 * NS_PER_MS
    for _ in range(2):
        fired_by(sensor, board)
    assert board.fired_s[1] - board.fired_s[0] > 0.0595


def test_a_turn_that_does_not_come_is_no_fault_and_ends(board: FakeHcSr04) -> None:
    turns = Turns()
    sensor = HcSr04(Position.HEAD, SensorSettings(), CLOCK, pin_factory=board.factory, turns=turns)
    sensor.start()
    fired_by(sensor, board)
    with turns.lock:  # the other hangs
        began_s = time.monotonic()
        assert sensor.read().status is RangeStatus.UNSURE
        assert time.monotonic() - began_s < 0.2
    assert fired_by(sensor, board).status is RangeStatus.OK


def test_a_pin_that_is_taken_is_told(board: FakeHcSr04, sensor: HcSr04) -> None:
    second = HcSr04(Position.KNEE, SensorSettings(), CLOCK, pin_factory=board.factory)
    with pytest.raises(RangeFinderUnavailable, match=r"HC-SR04 \(knee\) on GPIO 23 and 24 cannot be used"):
        second.start()
    sensor.close()
    second.start()
    second.close()


@pytest.mark.skipif("KITH_HARDWARE" in os.environ, reason="a Pi has pins")
def test_a_machine_without_pins_says_so() -> None:
    with pytest.raises(RangeFinderUnavailable, match="GPIO 23 and 24"):
        HcSr04(Position.HEAD, SensorSettings(), CLOCK).start()


def test_pins_that_fail_are_a_fault() -> None:
    factory = MockFactory()
    board = FakeHcSr04(factory)
    sensor = HcSr04(Position.HEAD, SensorSettings(), CLOCK, pin_factory=factory)
    sensor.start()
    factory.pin(23).function = "input"  # somebody else took it over: setting it raises now
    assert sensor.read().status is RangeStatus.FAULT
    factory.pin(23).function = "output"
    assert fired_by(sensor, board).status is RangeStatus.OK
