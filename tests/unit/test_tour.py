"""How the device does, in exact words."""

from __future__ import annotations

import dataclasses

import pytest

from kith.announce.tour import TourState, tour
from kith.announce.words import Phrasebook
from kith.clock import NS_PER_MS, NS_PER_S
from kith.config import AnnounceSettings
from kith.types import Band, Spoken

MINUTE, HOUR = 60, 3600
WELL = TourState(
    known=3, paused=False, last_look_age_ns=0, battery_percent=None, faults=(), people_follow=True
)


def words(state: TourState) -> str:
    told = tour(state, Phrasebook(AnnounceSettings()), 0)
    assert told.phrase is not None
    return told.phrase.text


@pytest.mark.parametrize(
    ("known", "said"),
    [
        (0, "Nobody is known yet."),
        (1, "One person is known."),
        (2, "Two people are known."),
        (13, "13 people are known."),
    ],
)
def test_how_many_are_known(known: int, said: str) -> None:
    follow = known > 0
    rest = " I looked just now. I know of no fault." + (" Tap to go through the people." if follow else "")
    assert words(dataclasses.replace(WELL, known=known, people_follow=follow)) == said + rest


@pytest.mark.parametrize(
    ("known", "things", "said", "tap_on"),
    [
        (3, 2, "Three people and two things are known.", "the people and the things."),
        (2, 1, "Two people and one thing are known.", "the people and the things."),
        (1, 1, "One person and one thing are known.", "the people and the things."),
        (1, 14, "One person and 14 things are known.", "the people and the things."),
        (0, 1, "Nobody is known yet, but one thing.", "the things."),
        (0, 3, "Nobody is known yet, but three things.", "the things."),
    ],
)
def test_how_many_things_are_known(known: int, things: int, said: str, tap_on: str) -> None:
    told = words(dataclasses.replace(WELL, known=known, things=things))
    assert told == f"{said} I looked just now. I know of no fault. Tap to go through {tap_on}"


@pytest.mark.parametrize(
    ("age_s", "said"),
    [
        (None, "I have not looked yet."),
        (0, "I looked just now."),
        (1.999, "I looked just now."),
        (2, "I last looked two seconds ago."),
        (59.9, "I last looked 59 seconds ago."),
        (MINUTE, "I last looked one minute ago."),
        (2 * MINUTE - 0.1, "I last looked one minute ago."),
        (2 * MINUTE, "I last looked two minutes ago."),
        (HOUR - 0.1, "I last looked 59 minutes ago."),
        (HOUR, "I last looked one hour ago."),
        (2 * HOUR, "I last looked two hours ago."),
        (30 * HOUR, "I last looked 30 hours ago."),
    ],
)
def test_when_it_last_looked(age_s: float | None, said: str) -> None:
    age_ns = None if age_s is None else round(age_s * NS_PER_S)
    told = words(dataclasses.replace(WELL, last_look_age_ns=age_ns, people_follow=False))
    assert told == f"Three people are known. {said} I know of no fault."


def test_while_privacy_is_on_it_tells_that_and_not_when_it_looked() -> None:
    told = words(dataclasses.replace(WELL, paused=True, last_look_age_ns=300 * NS_PER_S))
    assert told == (
        "Three people are known. Privacy is on. The camera is closed. I know of no fault. "
        "Tap to go through the people."
    )


@pytest.mark.parametrize(("percent", "said"), [(80, "80"), (12, "twelve"), (0, "zero"), (100, "100")])
def test_the_battery(percent: int, said: str) -> None:
    told = words(dataclasses.replace(WELL, battery_percent=percent))
    assert f" just now. The battery is at {said} percent. I know of " in told


def test_a_low_battery_is_told_of_once_with_its_charge_of_now() -> None:
    low = dataclasses.replace(
        WELL, battery_percent=9, faults=("heat.hot", "battery.low"), people_follow=False
    )
    assert words(low) == (
        "Three people are known. I looked just now. The device is too hot and works more slowly. "
        "The battery is low, at nine percent."
    )


def test_a_low_battery_whose_gauge_is_silent_now_is_not_told_of() -> None:
    silent = dataclasses.replace(WELL, faults=("battery.low",), people_follow=False)
    assert words(silent) == "Three people are known. I looked just now. I know of no fault."


def test_faults_are_told_in_the_order_in_which_they_broke_and_that_there_is_none_is_not() -> None:
    told = words(dataclasses.replace(WELL, faults=("sensor.failed", "camera.stopped")))
    assert told == (
        "Three people are known. I looked just now. The distance sensor has failed. The camera has stopped. "
        "Tap to go through the people."
    )


def test_it_is_one_answer_in_one_voice() -> None:
    told = tour(WELL, Phrasebook(AnnounceSettings(response_max_age_ms=4000)), 7)
    assert (told.key, told.band, told.earcon) == ("book", Band.RESPONSE, None)
    assert told.expires_ns == 7 + 4000 * NS_PER_MS
    assert told.phrase is not None
    assert [type(part) for part in told.phrase.parts] == [Spoken]


def test_a_fault_without_words_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        words(dataclasses.replace(WELL, faults=("camera.sulks",)))
