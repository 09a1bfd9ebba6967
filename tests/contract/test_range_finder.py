"""What every range sensor promises: the simulated ones, and the real drivers on the parts' fakes. With
KITH_HARDWARE the real parts too, before whatever stands in front of them (`make hardware-test` on a Pi)."""

from __future__ import annotations

import contextlib
import itertools
import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from math import inf

import pytest

from kith.clock import NS_PER_MS, MonotonicClock
from kith.drivers.hcsr04 import HcSr04
from kith.drivers.simulated_rangefinder import SimulatedRangeFinder
from kith.drivers.simulated_scene import Scene, Trouble, TroubleKind
from kith.drivers.simulated_things import Place, Track, Wall
from kith.drivers.vl53l1x import Vl53l1x
from kith.errors import RangeFinderUnavailable
from kith.guard.ports import Position, RangeFinder, RangeReading, RangeStatus
from kith.guard.settings import SensorSettings
from tests.hardware.parts import guard_settings, needs
from tests.unit._range_kit import FakeHcSr04, FakeVl53l1x, read_until

SLACK_S = 0.15
"""A test machine is shared; a guard has real-time priority."""
LONGEST_READ_S = 0.2 + SLACK_S
CLOCK = MonotonicClock()


@dataclass
class Rig:
    """A sensor, and hands that move what is before it."""

    finder: RangeFinder
    put: Callable[[int | None], None]
    plug: Callable[[bool], None]


def _simulated(kind: str) -> Rig:
    scene = Scene(Track(((0.0, Place(0.0, 0.0)),)))

    def put(distance_mm: int | None) -> None:
        x_m = (distance_mm or 0) / 1000
        wall = Wall(from_x_m=x_m, from_y_m=-3.0, to_x_m=x_m, to_y_m=3.0)
        scene.things = () if distance_mm is None else (wall,)

    def plug(there: bool) -> None:
        gone = Trouble(kind=TroubleKind.UNPLUGGED, from_s=-inf, to_s=inf)
        scene.troubles = () if there else (gone,)

    put(1000)
    return Rig(SimulatedRangeFinder(Position.HEAD, kind, scene, CLOCK, paced=True), put, plug)


def _hcsr04() -> Rig:
    board = FakeHcSr04()

    def put(distance_mm: int | None) -> None:
        board.distance_mm = distance_mm

    def plug(there: bool) -> None:
        board.plugged = there

    sensor = HcSr04(Position.HEAD, SensorSettings(kind="hcsr04"), CLOCK, pin_factory=board.factory)
    return Rig(sensor, put, plug)


def _vl53l1x() -> Rig:
    chip = FakeVl53l1x()

    def put(distance_mm: int | None) -> None:
        chip.code = 4 if distance_mm is None else 9
        chip.distance_mm = distance_mm or 0

    def plug(there: bool) -> None:
        (chip.plug if there else chip.unplug)()

    settings = SensorSettings(kind="vl53l1x")
    return Rig(Vl53l1x(Position.HEAD, settings, CLOCK, open_bus=chip.open), put, plug)


RIGS: dict[str, Callable[[], Rig]] = {
    "simulated hcsr04": lambda: _simulated("hcsr04"),
    "simulated vl53l1x": lambda: _simulated("vl53l1x"),
    "hcsr04": _hcsr04,
    "vl53l1x": _vl53l1x,
}


def _wired(kind: str) -> SensorSettings:
    """As this device's settings have it, else on the usual pins."""
    both = (guard_settings().head, guard_settings().knee)
    return next((each for each in both if each.kind == kind), SensorSettings(kind=kind))


REAL: dict[str, Callable[[], RangeFinder]] = {
    "hcsr04": lambda: HcSr04(Position.HEAD, _wired("hcsr04"), CLOCK),
    "vl53l1x": lambda: Vl53l1x(Position.HEAD, _wired("vl53l1x"), CLOCK),
}


@pytest.fixture(params=RIGS)
def rig(request: pytest.FixtureRequest) -> Rig:
    return RIGS[request.param]()


def _real(name: str) -> object:
    return pytest.param(REAL[name], marks=needs(name), id=f"real {name}")


@pytest.fixture(
    params=[
        *(pytest.param(lambda make=make: make().finder, id=name) for name, make in RIGS.items()),
        *(_real(name) for name in REAL),
    ]
)
def finder(request: pytest.FixtureRequest) -> RangeFinder:
    made: RangeFinder = request.param()
    return made


def _timed_read(finder: RangeFinder) -> tuple[RangeReading, float]:
    began_s = time.monotonic()
    reading = finder.read()
    return reading, time.monotonic() - began_s


def test_readings_come_at_their_pace_with_their_time(finder: RangeFinder) -> None:
    finder.start()
    began_ns = CLOCK.now_ns()
    readings = [finder.read() for _ in range(12)]
    ended_ns = CLOCK.now_ns()
    finder.close()
    times = [reading.at_ns for reading in readings]
    assert times == sorted(set(times))
    assert began_ns <= times[0]
    assert times[-1] <= ended_ns
    typical_ms = statistics.median((b - a) / NS_PER_MS for a, b in itertools.pairwise(times))
    assert 20 <= typical_ms <= 100
    for reading in readings:
        assert reading.position is Position.HEAD
        assert (reading.distance_mm is not None) == (reading.status is RangeStatus.OK)
    assert sum(reading.status is RangeStatus.FAULT for reading in readings) <= 1


def test_a_read_never_hangs_and_ends_with_close(finder: RangeFinder) -> None:
    finder.start()
    lengths: list[float] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            lengths.append(_timed_read(finder)[1])

    thread = threading.Thread(target=read)
    thread.start()
    time.sleep(0.5)
    finder.close()
    stop.set()
    thread.join(LONGEST_READ_S)
    assert not thread.is_alive()
    assert len(lengths) >= 4
    assert max(lengths) < LONGEST_READ_S


def test_one_that_is_not_open_gives_faults_and_does_not_spin(finder: RangeFinder) -> None:
    finder.close()
    finder.close()
    began_s = time.monotonic()
    readings = [finder.read() for _ in range(6)]
    assert time.monotonic() - began_s > 0.1
    assert {reading.status for reading in readings} == {RangeStatus.FAULT}
    finder.start()
    finder.close()
    assert finder.read().status is RangeStatus.FAULT


def test_it_opens_again(finder: RangeFinder) -> None:
    for _ in range(3):
        finder.start()
        read_until_answered(finder)
        finder.close()


def read_until_answered(finder: RangeFinder) -> None:
    assert any(finder.read().status is not RangeStatus.FAULT for _ in range(5))


def test_what_is_there_is_measured_and_what_moves_is_followed(rig: Rig) -> None:
    rig.finder.start()
    for distance_mm in (2000, 1000, 500, 3000):
        rig.put(distance_mm)
        rig.finder.read()  # it may have been under way
        readings = [rig.finder.read() for _ in range(7)]
        measured = [reading.distance_mm for reading in readings if reading.distance_mm is not None]
        assert len(measured) >= 5
        assert statistics.median(measured) == pytest.approx(distance_mm, abs=10 + distance_mm // 40)
    rig.finder.close()


def test_no_echo_is_said_and_no_distance_stays(rig: Rig) -> None:
    rig.finder.start()
    read_until(rig.finder, RangeStatus.OK)
    rig.put(None)
    rig.finder.read()
    readings = [rig.finder.read() for _ in range(8)]
    assert sum(reading.status is RangeStatus.NO_ECHO for reading in readings) >= 6  # a lone zero is possible
    rig.put(700)
    assert read_until(rig.finder, RangeStatus.OK, 4).status is RangeStatus.OK
    rig.finder.close()


def test_one_that_is_unplugged_says_so_at_its_pace_and_comes_back(rig: Rig) -> None:
    rig.finder.start()
    read_until(rig.finder, RangeStatus.OK)
    rig.plug(False)
    rig.finder.read()
    timed = [_timed_read(rig.finder) for _ in range(8)]
    assert {reading.status for reading, _ in timed} == {RangeStatus.FAULT}
    assert max(length_s for _, length_s in timed) < LONGEST_READ_S
    assert sum(length_s for _, length_s in timed) > 0.2
    rig.plug(True)
    assert read_until(rig.finder, RangeStatus.OK, 12).status is RangeStatus.OK
    rig.finder.close()


def test_one_that_is_not_there_at_start_is_refused_or_gives_faults(rig: Rig) -> None:
    rig.plug(False)
    with contextlib.suppress(RangeFinderUnavailable):
        rig.finder.start()
    assert rig.finder.read().status is RangeStatus.FAULT
    rig.plug(True)
    rig.finder.start()
    assert read_until(rig.finder, RangeStatus.OK).status is RangeStatus.OK
    rig.finder.close()
