from __future__ import annotations

import math
import random

import pytest

from kith.clock import NS_PER_MS
from kith.guard.approach import Sight
from kith.guard.ports import Level
from kith.guard.zones import Zones
from tests.unit._policy_kit import SETTINGS


def zones() -> Zones:
    return Zones(SETTINGS.zones, SETTINGS.approach)


def see(made: Zones, at_ms: int, distance_mm: int, closing_mm_s: int | None = 0) -> Level:
    now_ns = at_ms * NS_PER_MS
    made.see(Sight(distance_mm=distance_mm, closing_mm_s=closing_mm_s, seen_ns=now_ns), now_ns)
    return made.level


@pytest.mark.parametrize(
    ("distance_mm", "closing_mm_s", "level"),
    [
        (3000, None, Level.QUIET),
        (601, 0, Level.QUIET),
        (599, None, Level.MIDDLE),
        (449, -500, Level.NEAR),
        (349, -500, Level.CONTACT),
        (3000, 1700, Level.QUIET),  # 1.76 s
        (3000, 1720, Level.FAR),
        (2400, 2010, Level.MIDDLE),
        (1400, 2010, Level.NEAR),
        (400, 4000, Level.NEAR),  # contact in 0.1 s, but by distance alone is it continuous
        (620, 199, Level.QUIET),  # too slow to be an approach
    ],
)
def test_a_zone_is_entered_by_time_to_contact_or_by_distance(
    distance_mm: int, closing_mm_s: int | None, level: Level
) -> None:
    assert see(zones(), 0, distance_mm, closing_mm_s) is level


def test_a_zone_is_left_only_by_the_hysteresis() -> None:
    made = zones()
    assert see(made, 0, 340) is Level.CONTACT
    assert see(made, 50, 499) is Level.CONTACT
    assert see(made, 100, 501) is Level.NEAR
    assert see(made, 150, 601) is Level.MIDDLE
    assert see(made, 200, 749) is Level.MIDDLE
    assert see(made, 250, 751) is Level.QUIET
    assert see(made, 300, 610) is Level.QUIET


def test_time_to_contact_has_the_hysteresis_too() -> None:
    made = zones()
    assert see(made, 0, 1740, 1000) is Level.FAR
    assert see(made, 50, 1890, 1000) is Level.FAR
    assert see(made, 100, 1910, 1000) is Level.QUIET


def test_a_warning_whose_cause_is_lost_goes_on_and_is_then_told() -> None:
    made = zones()
    assert see(made, 100, 440) is Level.NEAR
    assert made.see_nothing(599 * NS_PER_MS) is Level.QUIET
    held = made.level
    assert held is Level.NEAR
    assert 600 * NS_PER_MS in made.deadlines_ns
    assert made.see_nothing(600 * NS_PER_MS) is Level.NEAR
    assert made.see_nothing(700 * NS_PER_MS) is Level.QUIET
    assert see(made, 800, 3000) is Level.QUIET


def test_a_far_warning_whose_cause_is_lost_ends_too() -> None:
    made = zones()
    assert see(made, 100, 1700, 1000) is Level.FAR
    assert made.see_nothing(600 * NS_PER_MS) is Level.FAR
    assert see(made, 650, 3000) is Level.QUIET


def test_what_is_seen_instead_ends_a_warning_at_once() -> None:
    made = zones()
    see(made, 100, 440)
    assert see(made, 150, 3000) is Level.QUIET
    assert made.see_nothing(2000 * NS_PER_MS) is Level.QUIET


def test_a_steady_range_is_muted() -> None:
    made = zones()
    heard = [see(made, at_ms, 560 + at_ms % 7 * 10) for at_ms in range(0, 3001, 50)]
    assert heard[:-1] == [Level.MIDDLE] * 60
    assert heard[-1] is Level.QUIET
    assert made.muted


def muted_at(distance_mm: int) -> Zones:
    made = zones()
    see(made, 0, min(distance_mm, 599))
    for at_ms in range(50, 3051, 50):
        see(made, at_ms, distance_mm)
    assert made.muted
    return made


def test_a_muted_range_is_heard_again_when_nearer() -> None:
    made = muted_at(690)
    assert see(made, 3100, 491) is Level.QUIET
    assert see(made, 3150, 489) is Level.MIDDLE


def test_a_muted_range_is_heard_again_when_closing() -> None:
    made = muted_at(580)
    assert see(made, 3100, 570, 250) is Level.MIDDLE


def test_a_muted_range_that_goes_away_stays_quiet_and_is_heard_when_it_comes_back() -> None:
    made = muted_at(500)
    assert [see(made, 3100 + at_ms, 500 + at_ms) for at_ms in range(0, 241, 20)] == [Level.QUIET] * 13
    assert see(made, 3400, 645) is Level.QUIET
    assert see(made, 3450, 595) is Level.QUIET  # 150 mm nearer than it was
    assert see(made, 3500, 755) is Level.QUIET  # left the zone
    assert see(made, 3550, 554) is Level.MIDDLE


def test_a_muted_range_that_enters_a_zone_farther_in_is_heard_again() -> None:
    made = muted_at(500)
    assert see(made, 3100, 451) is Level.QUIET
    heard = [see(made, at_ms, 430 + at_ms % 3) for at_ms in range(3150, 6151, 50)]
    assert heard == [Level.NEAR] * 60 + [Level.QUIET]
    # Nearest was NEAR already.
    assert see(made, 6250, 590) is Level.QUIET
    assert see(made, 6300, 610) is Level.QUIET
    assert see(made, 6350, 440) is Level.QUIET


def test_a_zone_farther_in_is_heard_for_its_whole_time_before_it_is_muted() -> None:
    made = zones()
    assert [see(made, at_ms, 500) for at_ms in range(0, 2901, 50)] == [Level.MIDDLE] * 59
    assert [see(made, at_ms, 440) for at_ms in range(2950, 5901, 50)] == [Level.NEAR] * 60
    assert see(made, 5950, 440) is Level.QUIET


@pytest.mark.parametrize(
    ("middle_mm", "told"),
    [(450, {Level.MIDDLE, Level.NEAR}), (500, {Level.MIDDLE, Level.NEAR}), (560, {Level.MIDDLE})],
)
@pytest.mark.parametrize("period_s", [2.5, 8])
def test_who_sways_at_a_table_hears_of_it_once(middle_mm: int, told: set[Level], period_s: float) -> None:
    made, chance, heard, before = zones(), random.Random(1), [], Level.QUIET
    for at_ms in range(0, 900_000, 60):
        sway_mm = 75 * math.sin(2 * math.pi * at_ms / period_s / 1000)
        here = see(made, at_ms, round(middle_mm + sway_mm + chance.gauss(0, 6)))
        if here not in (before, Level.QUIET):
            heard.append(here)
        before = here
    assert sorted(heard) == sorted(told)


def test_the_innermost_zone_is_never_muted() -> None:
    made = zones()
    assert {see(made, at_ms, 300) for at_ms in range(0, 60_000, 500)} == {Level.CONTACT}


def test_a_muted_range_lost_for_a_moment_stays_muted() -> None:
    made = muted_at(500)
    assert made.see_nothing(3600 * NS_PER_MS) is Level.QUIET  # nothing was being told, so nothing is lost
    assert see(made, 4000, 510) is Level.QUIET


def test_a_muted_range_lost_for_long_is_told_anew() -> None:
    made = muted_at(500)
    made.see_nothing(3600 * NS_PER_MS)
    assert see(made, 9000, 510) is Level.MIDDLE


def test_a_slow_creep_is_heard_in_each_zone_and_in_contact_without_an_end() -> None:
    made = zones()
    at_levels: list[tuple[Level, int]] = []
    for at_ms in range(0, 40_000, 50):  # 2 cm a second, too slow to be an approach
        distance_mm = 900 - at_ms // 50
        here = see(made, at_ms, distance_mm)
        if not at_levels or here is not at_levels[-1][0]:
            at_levels.append((here, distance_mm))
    assert at_levels == [
        (Level.QUIET, 900),
        (Level.MIDDLE, 599),
        (Level.QUIET, 539),
        (Level.NEAR, 449),
        (Level.QUIET, 389),
        (Level.CONTACT, 349),
    ]


def test_it_says_when_the_next_zone_is_reached() -> None:
    made = zones()
    sight = Sight(distance_mm=1800, closing_mm_s=1000, seen_ns=0)
    made.see(sight, 0)
    crossing_ns = made.crossing_ns(sight, 0)
    assert crossing_ns == 51 * NS_PER_MS
    later = Sight(distance_mm=1800 - 51, closing_mm_s=1000, seen_ns=0)
    assert made.of(later) is Level.FAR
    made.see(later, crossing_ns)
    assert made.crossing_ns(later, crossing_ns) == crossing_ns + (1749 - 1200 + 1) * NS_PER_MS
    assert made.crossing_ns(Sight(distance_mm=1800, closing_mm_s=100, seen_ns=0), 0) is None
