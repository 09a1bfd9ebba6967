"""People who were not met for long, told of by the device."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from kith.config import ExpirySettings, Settings
from tests.unit._core_kit import ANNA, BEN, Life

LONG_AFTER = datetime.now(UTC).date() + timedelta(days=1200)


def test_the_wearer_is_told_once_that_somebody_was_not_met_for_three_years(tmp_path: Path) -> None:
    life = Life(tmp_path, people={"Anna": ANNA})
    life.day = LONG_AFTER
    assert [text for text in life.hear(40) if "long" in text] == [
        "Anna was not met for a long time. Tap and hold, to keep or forget them."
    ]
    again = Life(tmp_path)
    again.day = LONG_AFTER
    assert [text for text in again.hear(40) if "long" in text] == []
    assert again.names == ["Anna"]


def test_several_are_told_of_in_one_sentence(tmp_path: Path) -> None:
    life = Life(tmp_path, people={"Anna": ANNA, "Ben": BEN})
    life.day = LONG_AFTER
    assert "Two people were not met for a long time. Tap and hold, to keep or forget them." in life.hear(40)


def test_who_is_met_is_not_told_of_for_another_three_years(tmp_path: Path) -> None:
    life = Life(tmp_path, people={"Anna": ANNA})
    life.day = LONG_AFTER - timedelta(days=200)
    life.stands(1, ANNA)
    life.live(10)
    later = Life(tmp_path)
    later.day = LONG_AFTER
    assert [text for text in later.hear(40) if "long" in text] == []


def test_in_the_book_the_expired_are_kept_by_a_double_tap(tmp_path: Path) -> None:
    life = Life(tmp_path, people={"Anna": ANNA})
    life.day = LONG_AFTER
    life.live(30)
    life.press("taphold")
    life.live(3)
    life.quiet()
    life.press("tap")
    assert life.hear(2)[-1] == "Anna, not met for a long time. Double tap: keep. Hold: forget."
    life.press("double")
    assert life.hear(3)[-1] == "Anna is kept."
    [anna] = life.gallery.people()
    assert (anna.met_on, anna.expiry_told_on) == (LONG_AFTER.isoformat(), None)


def test_they_are_forgotten_by_themselves_only_where_that_is_set_and_after_the_grace(tmp_path: Path) -> None:
    settings = Settings(expiry=ExpirySettings(forget=True))
    first = Life(tmp_path, people={"Anna": ANNA, "Ben": BEN}, settings=settings)
    first.day = LONG_AFTER
    first.stands(1, BEN)
    first.live(40)
    assert first.names == ["Anna", "Ben"]
    second = Life(tmp_path, settings=settings)
    second.day = LONG_AFTER + timedelta(days=29)
    second.live(40)
    assert second.names == ["Anna", "Ben"]
    third = Life(tmp_path, settings=settings)
    third.day = LONG_AFTER + timedelta(days=30)
    assert "Anna was not met for a long time and is forgotten." in third.hear(40)
    assert third.names == ["Ben"]


def test_a_clock_that_fell_behind_makes_nobody_expire(tmp_path: Path) -> None:
    life = Life(tmp_path, people={"Anna": ANNA})
    life.day = date(1970, 1, 1)
    assert [text for text in life.hear(40) if "long" in text] == []


def test_who_was_told_of_by_nothing_that_was_heard_is_told_of_again(tmp_path: Path) -> None:
    life = Life(tmp_path, people={"Anna": ANNA})
    life.day = LONG_AFTER
    life.live(40, until=lambda: any("long time" in text for _, text in life.said))
    life.press("tap")  # which cuts it off
    life.live(5)
    [anna] = life.gallery.people()
    assert anna.expiry_told_on is None
    again = Life(tmp_path)
    again.day = LONG_AFTER
    assert [text for text in again.hear(40) if "long time" in text]
    [anna] = again.gallery.people()
    assert anna.expiry_told_on == LONG_AFTER.isoformat()
