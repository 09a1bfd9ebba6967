"""The simulated sensors: their weaknesses come as often as they are said to, and when a scene says so."""

import statistics
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from math import inf
from random import Random

import pytest

from kith.clock import NS_PER_MS, NS_PER_S, MonotonicClock, VirtualClock
from kith.drivers.simulated_rangefinder import SimulatedRangeFinder
from kith.drivers.simulated_scene import Scene, Trouble, TroubleKind
from kith.drivers.simulated_sensors import MODELS, Answer
from kith.drivers.simulated_things import SURFACES, Place, Thing, Track, Wall, post
from kith.errors import RangeFinderUnavailable
from kith.guard.ports import Position, RangeReading, RangeStatus

STANDING = Track(((0.0, Place(0.0, 0.0)),))
KINDS = tuple(MODELS)


def wall(distance_m: float, surface: str = "smooth", slant_m: float = 0.0) -> Wall:
    return Wall(
        from_x_m=distance_m - slant_m,
        from_y_m=-2.0,
        to_x_m=distance_m + slant_m,
        to_y_m=2.0,
        surface=SURFACES[surface],
    )


def answers(kind: str, *things: Thing, sunlit: bool = False, count: int = 4000) -> list[Answer]:
    scene, chance = Scene(STANDING, things), Random(7)
    return [MODELS[kind].answer(scene, Position.HEAD, 0.0, sunlit, chance) for _ in range(count)]


def share(given: list[Answer], status: RangeStatus) -> float:
    return sum(answer[0] is status for answer in given) / len(given)


def distances(given: list[Answer]) -> list[int]:
    return [distance_mm for _, distance_mm in given if distance_mm]


def readings(
    kind: str, scene: Scene, seconds: float, *, seed: int = 1, position: Position = Position.HEAD
) -> Iterator[tuple[float, RangeReading]]:
    sensor = SimulatedRangeFinder(position, kind, scene, VirtualClock(5 * NS_PER_S), seed=seed, paced=False)
    sensor.start()
    while (at_s := (sensor.next_due_ns - 5 * NS_PER_S) / NS_PER_S) < seconds:
        yield at_s, sensor.read()


def test_an_ultrasonic_sensor_errs_as_it_was_seen_to() -> None:
    given = answers("hcsr04", wall(1.0), count=20_000)
    assert share(given, RangeStatus.OK) == 1.0
    zeros = sum(distance_mm == 0 for _, distance_mm in given) / len(given)
    assert zeros == pytest.approx(0.01, abs=0.003)
    far_off = [each for each in distances(given) if abs(each - 1000) > 50]
    assert len(far_off) / len(given) == pytest.approx(0.01 * 120 / 170, abs=0.003)
    assert max(abs(each - 1000) for each in far_off) <= 200
    assert statistics.median(distances(given)) == pytest.approx(1000, abs=1)


@pytest.mark.parametrize(
    ("kind", "thing", "status", "least", "most"),
    [
        ("hcsr04", wall(1.0, "soft"), RangeStatus.OK, 0.08, 0.14),
        ("hcsr04", wall(1.0, "clothes"), RangeStatus.OK, 0.65, 0.75),
        ("hcsr04", wall(1.0, "glass"), RangeStatus.OK, 1.0, 1.0),
        ("hcsr04", wall(1.0, slant_m=2.0), RangeStatus.NO_ECHO, 0.98, 1.0),
        ("hcsr04", wall(1.0, "rough", slant_m=2.0), RangeStatus.OK, 1.0, 1.0),
        ("hcsr04", wall(4.1), RangeStatus.NO_ECHO, 0.98, 1.0),
        ("vl53l1x", wall(1.0, "soft"), RangeStatus.OK, 1.0, 1.0),
        ("vl53l1x", wall(1.0, "glass"), RangeStatus.NO_ECHO, 1.0, 1.0),
        ("vl53l1x", wall(1.0, "dark"), RangeStatus.UNSURE, 1.0, 1.0),
        ("vl53l1x", wall(2.0, "dark"), RangeStatus.NO_ECHO, 1.0, 1.0),
        ("vl53l1x", wall(3.0), RangeStatus.OK, 1.0, 1.0),
        ("vl53l1x", wall(3.9), RangeStatus.UNSURE, 1.0, 1.0),
    ],
)
def test_what_a_sensor_makes_of_a_thing(
    kind: str, thing: Wall, status: RangeStatus, least: float, most: float
) -> None:
    assert least <= share(answers(kind, thing), status) <= most


def test_sunlight_shortens_a_lasers_reach_and_makes_it_unsure() -> None:
    assert share(answers("vl53l1x", wall(2.0), sunlit=True), RangeStatus.UNSURE) == 1.0
    assert share(answers("vl53l1x", sunlit=True), RangeStatus.UNSURE) == 1.0
    near = answers("vl53l1x", wall(0.5), sunlit=True)
    assert share(near, RangeStatus.UNSURE) == pytest.approx(0.1, abs=0.02)
    shade = answers("vl53l1x", wall(0.5))
    assert statistics.stdev(distances(near)) > 2 * statistics.stdev(distances(shade))


def test_a_lasers_noise_grows_with_the_range() -> None:
    spread = [statistics.stdev(distances(answers("vl53l1x", wall(each)))) for each in (0.5, 1.5, 3.0)]
    assert spread == sorted(spread)
    assert spread[2] > 3 * spread[0]


def test_a_cone_is_as_wide_as_its_sensor() -> None:
    aside = post(2.0, 0.4, 0.05)  # 11 degrees to the left
    assert share(answers("hcsr04", aside), RangeStatus.NO_ECHO) > 0.98
    assert share(answers("vl53l1x", aside), RangeStatus.OK) == 1.0


def test_what_gives_no_echo_is_seen_past() -> None:
    given = distances(answers("hcsr04", wall(1.0, "soft"), wall(2.0)))
    assert statistics.median(given) == pytest.approx(2000, abs=5)
    assert sum(abs(each - 1000) < 100 for each in given) / len(given) == pytest.approx(0.1, abs=0.02)


@pytest.mark.parametrize("kind", KINDS)
def test_equal_seeds_give_equal_readings(kind: str) -> None:
    scene = Scene(Track(((0.0, Place(0.0, 0.0)), (4.0, Place(4.0, 0.0)))), (wall(5.0), post(2.0, 0.3, 0.1)))
    first, again = list(readings(kind, scene, 6.0)), list(readings(kind, scene, 6.0))
    assert first == again
    assert first != list(readings(kind, scene, 6.0, seed=2))
    knee = [reading.distance_mm for _, reading in readings(kind, scene, 6.0, position=Position.KNEE)]
    assert knee != [reading.distance_mm for _, reading in first]


@pytest.mark.parametrize("kind", KINDS)
def test_readings_come_at_the_sensors_pace(kind: str) -> None:
    times = [reading.at_ns for _, reading in readings(kind, Scene(STANDING), 3.0)]
    period_ns = MODELS[kind].period_ms * NS_PER_MS
    assert times == list(range(times[0], times[0] + len(times) * period_ns, period_ns))


def _troubled(kind: TroubleKind, position: Position | None = None) -> Scene:
    trouble = Trouble(kind=kind, from_s=1.0, to_s=2.0, position=position)
    return Scene(STANDING, (wall(1.5),), (trouble,))


def _during(kind: str, scene: Scene) -> list[RangeReading]:
    return [reading for at_s, reading in readings(kind, scene, 3.0) if 1.0 <= at_s < 2.0]


def _after(kind: str, scene: Scene) -> list[RangeReading]:
    return [reading for at_s, reading in readings(kind, scene, 3.0) if at_s >= 2.0]


@pytest.mark.parametrize("kind", KINDS)
def test_troubles_come_and_go(kind: str) -> None:
    unplugged = _troubled(TroubleKind.UNPLUGGED)
    assert {reading.status for reading in _during(kind, unplugged)} == {RangeStatus.FAULT}
    stuck = {reading.distance_mm for reading in _during(kind, _troubled(TroubleKind.STUCK))}
    assert len(stuck) == 1
    assert stuck.pop() == pytest.approx(1500, abs=60)
    zeros = _during(kind, _troubled(TroubleKind.ZEROS))
    assert {(reading.status, reading.distance_mm) for reading in zeros} == {(RangeStatus.OK, 0)}
    for trouble in TroubleKind:
        after = _after(kind, _troubled(trouble))
        assert len({reading.distance_mm for reading in after}) > 3
        assert {reading.status for reading in after} == {RangeStatus.OK}


@pytest.mark.parametrize("kind", KINDS)
def test_one_that_hangs_gives_nothing_at_all(kind: str) -> None:
    scene = _troubled(TroubleKind.SILENT)
    assert _during(kind, scene) == []
    assert len(_after(kind, scene)) > 10
    assert len(list(readings(kind, _troubled(TroubleKind.SILENT, Position.KNEE), 3.0))) > 45


def test_sunlight_dazzles_a_laser_only() -> None:
    scene = _troubled(TroubleKind.SUNLIGHT)
    assert {reading.status for reading in _during("vl53l1x", scene)} == {RangeStatus.UNSURE}
    assert {reading.status for reading in _during("hcsr04", scene)} == {RangeStatus.OK}


def test_one_that_is_unplugged_does_not_start_until_it_is_plugged_in() -> None:
    clock = VirtualClock()
    trouble = replace(_troubled(TroubleKind.UNPLUGGED).troubles[0], from_s=0.0)
    scene = Scene(STANDING, (wall(1.5),), (trouble,))
    sensor = SimulatedRangeFinder(Position.KNEE, "hcsr04", scene, clock, paced=False)
    with pytest.raises(RangeFinderUnavailable, match=r"\(knee\) is unplugged"):
        sensor.start()
    clock.advance_to(NS_PER_S)
    with pytest.raises(RangeFinderUnavailable):
        sensor.start()
    clock.advance_to(2 * NS_PER_S)
    sensor.start()
    assert sensor.next_due_ns >= 2 * NS_PER_S
    assert sensor.read().status is RangeStatus.OK


def test_one_that_hangs_for_ever_is_let_go_by_close() -> None:
    trouble = Trouble(kind=TroubleKind.SILENT, from_s=0.2, to_s=inf)
    scene = Scene(STANDING, (wall(1.5),), (trouble,))
    sensor = SimulatedRangeFinder(Position.HEAD, "hcsr04", scene, MonotonicClock(), paced=True)
    sensor.start()
    statuses: list[RangeStatus] = []

    def read() -> None:
        while not statuses or statuses[-1] is not RangeStatus.FAULT:
            statuses.append(sensor.read().status)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    time.sleep(0.5)
    assert thread.is_alive()
    before = len(statuses)
    sensor.close()
    thread.join(1.0)
    assert not thread.is_alive()
    assert 1 <= before <= 3


@pytest.mark.parametrize("kind", KINDS)
def test_a_reading_is_cheap(kind: str) -> None:
    things: tuple[Thing, ...] = (
        wall(5.0),
        *[post(1.0 + index / 5, 0.3 * (index % 3), 0.1) for index in range(8)],
    )
    scene = Scene(Track(((0.0, Place(0.0, 0.0)), (4.0, Place(4.0, 0.0)))), things, sway_deg=4.0)
    began_s = time.process_time()
    count = sum(1 for _ in readings(kind, scene, 120.0))
    assert (time.process_time() - began_s) / count < 300e-6
