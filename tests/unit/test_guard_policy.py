from __future__ import annotations

import pytest

from kith.clock import NS_PER_MS, NS_PER_S, Tick
from kith.guard.policy import Policy
from kith.guard.ports import Health, Level, Position, RangeReading, RangeStatus, Warned
from tests.unit._policy_kit import (
    BOTH,
    HEAD,
    NO_ECHO,
    SETTINGS,
    Seen,
    around,
    drive,
    every,
    levels,
    reading,
    signals,
    walk,
)


def made(positions: tuple[Position, ...] = HEAD) -> Policy:
    return Policy(SETTINGS, positions, 0)


def test_an_approach_is_warned_of_zone_by_zone() -> None:
    said = drive(made(), every(60, walk(3500, 1.0, to_mm=250)))
    assert levels(said) == [Level.FAR, Level.MIDDLE, Level.NEAR, Level.CONTACT]
    times = [at_ms for at_ms, _ in said]
    # 1.0 m/s: contact at 3500 ms, so zones at 1.75, 1.2, 0.7 s before it and at 35 cm.
    assert times == pytest.approx([1750, 2300, 2800, 3150], abs=130)


@pytest.mark.parametrize("interval_ms", [20, 50, 60])
@pytest.mark.parametrize("speed_m_s", [0.5, 1.0, 1.5, 2.0])
def test_the_first_warning_comes_in_time(speed_m_s: float, interval_ms: int) -> None:
    said = drive(made(), every(interval_ms, walk(3900, speed_m_s, to_mm=300, interval_ms=interval_ms)))
    before_contact_ms = 3900 / speed_m_s - said[0][0]
    assert before_contact_ms > (1150 if speed_m_s == 0.5 else 1550)


def test_an_approach_is_seen_through_gaps() -> None:
    seen: list[Seen] = [
        NO_ECHO if index % 5 in (1, 2, 4) else mm for index, mm in enumerate(walk(3500, 1.0, to_mm=250))
    ]
    said = drive(made(), every(60, seen))
    assert levels(said)[0] is Level.FAR
    assert 3500 - said[0][0] > 1300
    assert levels(said)[-1] is Level.CONTACT


def test_something_that_appears_near_is_warned_of_at_its_second_reading() -> None:
    said = drive(made(), every(60, [*around(3000, 10), *around(500, 3)]))
    assert said == [(11 * 60, Warned(level=Level.MIDDLE, position=Position.HEAD))]


@pytest.mark.parametrize("outlier", [20, 300, 500, 1000, 1500, 3999])
@pytest.mark.parametrize("rest", [2000, NO_ECHO, RangeStatus.UNSURE])
def test_a_lone_outlier_makes_no_sound(outlier: int, rest: Seen) -> None:
    for at in range(12):
        seen: list[Seen] = around(rest, 12) if isinstance(rest, int) else [rest] * 12
        seen[at] = outlier
        assert drive(made(), every(60, seen)) == []


def test_a_reading_that_comes_twice_confirms_nothing() -> None:
    twice = [reading(60, 500), reading(60, 500), reading(50, 505)]
    assert drive(made(), [reading(0, NO_ECHO), *twice]) == []


def test_a_reading_of_long_ago_says_nothing_about_now() -> None:
    policy = made()
    policy.step(reading(0, 500), 0)
    for at_ms in (50, 100):
        policy.step(reading(at_ms, 500), 600 * NS_PER_MS)
    assert policy.warned.level is Level.QUIET
    assert policy.sensors[0].health is Health.DEAD  # one that is always so late is as good as silent


def test_a_reading_from_the_future_is_one_of_now() -> None:
    policy = made()
    for at_ms in (0, 50, 100):
        policy.step(reading(at_ms + 60_000, 500 + at_ms // 50), at_ms * NS_PER_MS)
    assert policy.warned.level is Level.MIDDLE
    assert policy.sensors[0].seen_ns == 100 * NS_PER_MS


def test_a_leap_of_the_clock_makes_no_sound_but_that_of_a_silent_sensor() -> None:
    policy = made()
    drive(policy, every(50, around(2000, 20)))
    said = policy.step(Tick(), 3600 * NS_PER_S)
    assert [str(each) for each in said] == ["dead"]
    assert policy.next_deadline_ns > 3600 * NS_PER_S
    again = [reading(3600_000 + 50 * index, mm) for index, mm in enumerate(around(2000, 5))]
    assert drive(policy, again) == []
    assert policy.sensors[0].health is Health.SEES


def test_time_that_goes_back_stands_still() -> None:
    policy = made()
    drive(policy, every(50, around(500, 20)))
    before = policy.sensors
    assert policy.step(Tick(), 0) == []
    assert policy.sensors == before


def test_a_sensor_that_nobody_has_is_ignored() -> None:
    policy = made()
    assert drive(policy, every(50, around(300, 5), position=Position.KNEE)) == []
    assert Policy(SETTINGS, (), 0).step(Tick(), NS_PER_S) == []


def both(head: list[RangeReading], knee: list[RangeReading]) -> list[RangeReading]:
    return sorted([*head, *knee], key=lambda each: each.at_ns)


def test_the_higher_level_of_two_wins() -> None:
    head = every(50, around(580, 20))
    knee = every(50, around(420, 20), from_ms=310, position=Position.KNEE)
    assert drive(made(BOTH), both(head, knee)) == [
        (50, Warned(level=Level.MIDDLE, position=Position.HEAD)),
        (360, Warned(level=Level.NEAR, position=Position.KNEE)),
    ]


def test_of_equal_levels_the_nearer_wins_but_noise_changes_nothing() -> None:
    head = every(50, around(560, 40))
    knee = every(50, [*around(550, 20), *around(530, 20)], from_ms=10, position=Position.KNEE)
    said = drive(made(BOTH), both(head, knee))
    assert said == [(50, Warned(level=Level.MIDDLE, position=Position.HEAD))]


def test_a_kerb_that_comes_much_nearer_takes_over_from_a_wall_at_the_same_level() -> None:
    head = every(50, walk(2400, 1.0, to_mm=700, interval_ms=50))
    knee = every(50, walk(2200, 1.0, to_mm=500, interval_ms=50), position=Position.KNEE)
    policy = made(BOTH)
    drive(policy, both(head, knee))
    assert policy.warned.position is Position.KNEE


def test_the_warning_ends_when_the_other_sensor_too_is_quiet() -> None:
    head = every(50, [*around(420, 10), *around(3000, 20)])
    knee = every(50, [*around(580, 20), *around(3000, 10)], from_ms=10, position=Position.KNEE)
    said = drive(made(BOTH), both(head, knee))
    assert [(each.level, each.position) for _, each in said if isinstance(each, Warned)] == [
        (Level.NEAR, Position.HEAD),
        (Level.MIDDLE, Position.KNEE),
        (Level.QUIET, None),
    ]
    assert signals(said) == []


def test_what_a_sensor_knows_can_be_asked() -> None:
    policy = made()
    drive(policy, every(60, list(walk(2500, 1.0, to_mm=1600))))
    state = policy.sensors[0]
    assert state.position is Position.HEAD
    assert state.distance_mm == pytest.approx(1640, abs=60)
    assert state.closing_mm_s == pytest.approx(1000, abs=60)
    assert (state.level, state.muted) == (Level.FAR, False)


def test_a_zone_may_be_reached_between_two_readings() -> None:
    policy = made()
    drive(policy, every(60, list(walk(2500, 1.0, to_mm=1780))))
    assert policy.warned.level is Level.QUIET
    state = policy.sensors[0]
    assert state.seen_ns is not None
    assert policy.next_deadline_ns - state.seen_ns < 150 * NS_PER_MS
    (said,) = policy.step(Tick(), policy.next_deadline_ns)
    assert said == Warned(level=Level.FAR, position=Position.HEAD)


def test_who_comes_fast_is_warned_of_though_a_wall_is_nearer() -> None:
    # Seen in turns: a wall 0.9 m away beside the way, and somebody who comes at 2.5 m/s.
    comes = [3500] * 10 + list(walk(3500, 2.5, to_mm=900, interval_ms=40))
    seen: list[Seen] = [mm if index % 2 == 0 else 900 + index % 5 for index, mm in enumerate(comes)]
    assert levels(drive(made(), every(40, seen))) == [Level.FAR, Level.MIDDLE, Level.NEAR]


def test_a_curtain_that_swallows_most_echoes_is_warned_of() -> None:
    seen: list[Seen] = [mm if at % 9 == 0 else NO_ECHO for at, mm in enumerate(walk(3500, 1.0, to_mm=100))]
    said = drive(made(), every(60, seen))
    assert levels(said)[0] is Level.FAR
    assert 3500 - said[0][0] > 1000
