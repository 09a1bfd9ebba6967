from __future__ import annotations

import random

import pytest

from kith.clock import NS_PER_MS
from kith.guard.approach import Approach, Sight
from kith.guard.filter import Tracks
from tests.unit._policy_kit import SETTINGS, walk


def tracks() -> Tracks:
    return Tracks(SETTINGS.filter, SETTINGS.approach)


def sights(samples: list[tuple[int, int]], now_ms: int | None = None) -> list[Sight]:
    seen = tracks()
    for at_ms, mm in samples:
        seen.add((at_ms * NS_PER_MS, mm))
    now_ns = (samples[-1][0] if now_ms is None else now_ms) * NS_PER_MS
    seen.forget(now_ns)
    approach = Approach(SETTINGS.approach, SETTINGS.filter.median_of)
    return [approach.sight(each, now_ns) for each in seen.believed(now_ns)]


def at_pace(distances: list[int], interval_ms: int = 60) -> list[tuple[int, int]]:
    return [(index * interval_ms, mm) for index, mm in enumerate(distances)]


def test_one_distance_is_not_believed_and_two_that_agree_are() -> None:
    assert sights([(0, 900)]) == []
    (seen,) = sights([(0, 900), (60, 890)])
    assert seen.distance_mm == 900  # of two the farther: either may be the outlier
    assert seen.closing_mm_s is None


def test_two_distances_that_do_not_agree_are_both_not_believed() -> None:
    assert sights([(0, 2000), (60, 900)]) == []


def test_distances_on_both_sides_of_a_gap_may_agree() -> None:
    (seen,) = sights([(0, 1000), (900, 100)])
    assert seen.distance_mm == 1000
    assert sights([(0, 1500), (900, 90)]) == []  # faster than anybody walks
    assert sights([(0, 1000), (1200, 700)]) == []  # too long ago


def test_a_lone_distance_is_forgotten_after_a_few_that_disagree() -> None:
    # 600 at 0 ms is not confirmed by 610 at 240 ms, for three readings have come between.
    (seen,) = sights([(0, 600), (60, 2000), (120, 2005), (180, 1998), (240, 610)])
    assert seen.distance_mm == 2000


def test_a_thing_that_answers_seldom_is_seen_before_what_answers_behind_it() -> None:
    both = sights([(0, 1010), (60, 3000), (120, 990), (180, 3000), (240, 3010), (300, 3004)])
    assert sorted(each.distance_mm // 100 for each in both) == [10, 30]


def test_what_is_believed_is_not_forgotten_for_lone_distances() -> None:
    # Four things and room for three: of those that nothing has confirmed the oldest goes.
    (seen,) = sights([(0, 300), (60, 302), (120, 1000), (180, 1700), (240, 2500)])
    assert seen.distance_mm == 302
    both = sights([(0, 300), (60, 302), (120, 1000), (180, 1700), (240, 2500), (300, 2505)])
    assert [each.distance_mm for each in both] == [302, 2505]


def test_what_is_too_old_is_forgotten() -> None:
    assert sights([(0, 900), (60, 890)], now_ms=459) != []
    assert sights([(0, 900), (60, 890)], now_ms=460) == []


def test_an_outlier_within_a_track_moves_nothing() -> None:
    (seen,) = sights(at_pace([1200, 1204, 1196, 1201, 1030]))
    assert seen.distance_mm == pytest.approx(1201, abs=15)
    assert seen.closing_mm_s is not None
    assert abs(seen.closing_mm_s) < 100


@pytest.mark.parametrize("outlier", range(3))
def test_an_outlier_among_three_makes_no_closing(outlier: int) -> None:
    distances = [1200, 1200, 1200]
    distances[outlier] -= 170
    (seen,) = sights(at_pace(distances))
    assert seen.closing_mm_s is None or seen.closing_mm_s <= 0


@pytest.mark.parametrize("interval_ms", [20, 50, 60])
@pytest.mark.parametrize("speed_m_s", [0.3, 1.0, 2.0])
def test_the_closing_speed_is_right(speed_m_s: float, interval_ms: int) -> None:
    distances = list(walk(2500, speed_m_s, to_mm=1500, interval_ms=interval_ms))[:25]
    (seen,) = sights(at_pace(distances, interval_ms))
    assert seen.closing_mm_s == pytest.approx(speed_m_s * 1000, abs=60)


def test_the_closing_speed_is_right_in_noise_with_wild_readings() -> None:
    chance = random.Random(4)
    errors = []
    for _ in range(300):
        distances = [round(2500 - 60 * index + chance.gauss(0, 15)) for index in range(7)]
        distances[chance.randrange(7)] += chance.choice((-170, 170))
        (seen,) = sights(at_pace(distances))
        assert seen.closing_mm_s is not None
        errors.append(abs(seen.closing_mm_s - 1000))
    assert sorted(errors)[285] < 300  # 95 of 100


def test_there_is_no_speed_of_readings_over_a_short_time() -> None:
    (seen,) = sights(at_pace([1000, 980, 960, 940], interval_ms=20))
    assert seen.closing_mm_s is None


def test_a_speed_that_nothing_has_is_cut() -> None:
    (seen,) = sights(at_pace([2400, 2000, 1600, 1200]))
    assert seen.closing_mm_s == SETTINGS.approach.most_closing_mm_s


def test_the_distance_is_carried_on_to_now_but_not_for_ever() -> None:
    approach = at_pace([2000 - 60 * index for index in range(8)])  # 1 m/s, last 1580 at 420 ms
    at_once, later, much_later = (sights(approach, now_ms)[0].distance_mm for now_ms in (420, 520, 800))
    assert at_once == pytest.approx(1580, abs=2)
    assert later == pytest.approx(1480, abs=2)
    assert much_later == pytest.approx(1580 - SETTINGS.approach.ahead_ms, abs=2)


def test_what_goes_away_is_not_carried_on() -> None:
    (seen,) = sights(at_pace([500 + 60 * index for index in range(8)]), now_ms=520)
    assert seen.distance_mm == 500 + 60 * 6  # the median of the last three
    assert seen.contact_ms(200) is None


def test_time_to_contact() -> None:
    seen = Sight(distance_mm=1000, closing_mm_s=800, seen_ns=0)
    assert seen.contact_ms(200) == 1250
    assert seen.contact_ms(200, nearer_mm=200) == 1000
    assert seen.contact_ms(801) is None


def test_memory_is_bounded() -> None:
    seen = tracks()
    chance = random.Random(1)
    for index in range(5000):
        seen.add((index * NS_PER_MS, chance.randrange(20, 4000)))
        held = seen._tracks
        assert len(held) <= 3
        assert all(len(each.samples) <= 32 for each in held)
