"""A lens that something covers."""

from __future__ import annotations

from kith.app.lens_watch import LensNews, LensWatch
from kith.types import View
from tests.unit._machine_kit import ms


def told(*seen: tuple[float, View]) -> list[tuple[float, LensNews]]:
    watch = LensWatch(3000, 1000)
    return [(at, news) for at, view in seen if (news := watch.saw(view, ms(at))) is not None]


def every_100_ms(view: View, from_ms: int, to_ms: int) -> list[tuple[float, View]]:
    return [(at, view) for at in range(from_ms, to_ms, 100)]


def test_it_is_told_once_when_nothing_was_seen_for_three_seconds() -> None:
    seen = every_100_ms(View.NORMAL, 0, 1000) + every_100_ms(View.COVERED, 1000, 9000)
    assert told(*seen) == [(4000, LensNews.COVERED)]


def test_and_once_when_something_is_seen_again_for_a_second() -> None:
    seen = every_100_ms(View.COVERED, 0, 5000) + every_100_ms(View.NORMAL, 5000, 9000)
    assert told(*seen) == [(3000, LensNews.COVERED), (6000, LensNews.UNCOVERED)]


def test_a_hand_that_passes_is_neither() -> None:
    hand = every_100_ms(View.COVERED, 1000, 3900)
    assert told(*every_100_ms(View.NORMAL, 0, 1000), *hand, *every_100_ms(View.NORMAL, 3900, 9000)) == []
    gap = [(3500.0, View.NORMAL)]
    covered = every_100_ms(View.COVERED, 0, 3500)
    assert told(*covered, *gap, *every_100_ms(View.COVERED, 3600, 9000)) == [(3000, LensNews.COVERED)]


def test_dim_light_is_not_covered() -> None:
    assert told(*every_100_ms(View.DARK, 0, 9000)) == []


def test_what_was_before_the_camera_was_closed_does_not_count() -> None:
    watch = LensWatch(3000, 1000)
    assert watch.saw(View.COVERED, ms(0)) is None
    watch.closed()
    assert watch.saw(View.COVERED, ms(3500)) is None
    assert watch.saw(View.COVERED, ms(6500)) is LensNews.COVERED
    watch.closed()
    assert watch.saw(View.NORMAL, ms(7000)) is None
    assert watch.saw(View.NORMAL, ms(9000)) is None
