"""What the main daemon makes of the guard's messages, in ticks."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from kith.announce.words import LINES
from kith.app.guard_watch import FAULTS, GuardFault, GuardWatch, LevelChanged
from kith.clock import Tick
from kith.config import GuardWatchSettings
from kith.guard.messages import ProximityLevel, SensorReport
from kith.guard.ports import Fault, Health, Level, Position
from kith.guard.settings import LinkSettings
from tests.unit._guard_kit import message, sensor
from tests.unit._machine_kit import ms

SETTINGS = GuardWatchSettings()
BEAT_MS = 200
HEAD, KNEE = Position.HEAD, Position.KNEE


class Listener:
    """A watch, every Tick that is due, and what was news."""

    def __init__(self, *, expected: bool = True, settings: GuardWatchSettings = SETTINGS) -> None:
        self.watch = GuardWatch(settings, 0, expected=expected)
        self.at_ms = 0.0
        self.told: list[str] = []
        self.texts: list[str] = []
        self.levels: list[tuple[str | None, int | None]] = []

    def take(self, event: ProximityLevel | Tick, at_ms: float) -> None:
        for news in self.watch.step(event, ms(at_ms)):
            if isinstance(news, LevelChanged):
                self.levels.append((None if news.level is None else news.level.name, news.distance_mm))
            else:
                assert isinstance(news, GuardFault)
                self.told.append(news.key)
                self.texts.append(news.text)

    def wait(self, seconds: float) -> None:
        """The guard says nothing."""
        end_ms = self.at_ms + seconds * 1000
        while (due := self.watch.next_deadline_ns) is not None and due <= ms(end_ms):
            self.take(Tick(), due / 1e6)
            assert self.watch.next_deadline_ns is None or self.watch.next_deadline_ns > due
        self.at_ms = end_ms

    def hear(
        self, seconds: float, *sensors: SensorReport, level: Level = Level.QUIET, **flags: bool
    ) -> list[str]:
        """The guard says the same for so long; what was news."""
        before = len(self.told)
        end_ms = self.at_ms + seconds * 1000
        while self.at_ms < end_ms:
            self.take(message(self.at_ms, level, *sensors, **flags), self.at_ms)
            self.wait(min(BEAT_MS, end_ms - self.at_ms) / 1000)
        return self.told[before:]


DEAD = {position: sensor(position, Health.DEAD, last_fault=Fault.SILENT) for position in Position}
WELL = {position: sensor(position) for position in Position}


def test_a_guard_that_is_well_is_not_spoken_of() -> None:
    listener = Listener()
    assert listener.hear(120) == []
    assert listener.levels == [("QUIET", None)]


def test_each_change_of_level_is_news_with_its_distance() -> None:
    listener = Listener()
    listener.hear(1)
    listener.hear(1, sensor(distance_mm=430), level=Level.NEAR)
    listener.hear(1, sensor(KNEE, distance_mm=300), sensor(HEAD, distance_mm=900), level=Level.CONTACT)
    listener.hear(1)
    assert listener.levels == [("QUIET", None), ("NEAR", 430), ("CONTACT", 300), ("QUIET", None)]


@pytest.mark.parametrize("expected", [True, False])
def test_a_guard_that_was_never_heard_is_missed_where_there_ought_to_be_one(expected: bool) -> None:
    listener = Listener(expected=expected)
    listener.wait(9.9)
    assert listener.told == []
    listener.wait(0.2)
    assert listener.told == (["guard.silent"] if expected else [])
    listener.wait(59)
    assert len(listener.told) == (1 if expected else 0)
    listener.wait(120)
    assert len(listener.told) == (3 if expected else 0)


@pytest.mark.parametrize("expected", [True, False])
def test_one_that_falls_silent_is_missed_and_welcomed_back(expected: bool) -> None:
    listener = Listener(expected=expected)
    listener.hear(5)
    listener.wait(2.7)
    assert listener.told == []
    listener.wait(0.2)
    assert listener.told == ["guard.silent"]
    assert listener.hear(10) == ["guard.back"]


def test_one_that_comes_and_goes_is_missed_once_a_minute_and_back_only_when_it_stays() -> None:
    listener = Listener()
    for _ in range(24):
        listener.hear(1.5)
        listener.wait(3.5)
    assert listener.told == ["guard.silent"] * 2
    assert listener.hear(2.9) == []
    assert listener.hear(1) == ["guard.back"]
    listener.wait(3)
    assert listener.told[-1] == "guard.silent"


@pytest.mark.parametrize("silent", ["low", "high"])
@pytest.mark.parametrize("stale", ["low", "high"])
def test_no_setting_takes_the_slowest_beat_for_silence(stale: str, silent: str) -> None:
    bounds = {each.name: each.metadata for each in dataclasses.fields(GuardWatchSettings)}
    (beat,) = (each.metadata for each in dataclasses.fields(LinkSettings) if each.name == "beat_ms")
    settings = GuardWatchSettings(
        stale_after_ms=bounds["stale_after_ms"][stale], silent_after_ms=bounds["silent_after_ms"][silent]
    )
    assert settings.silent_after_ms >= settings.stale_after_ms
    listener = Listener(settings=settings)
    for second in range(60):
        listener.take(message(1000 * second), 1000 * second)
        listener.wait((beat["high"] + 400 * (second % 2)) / 1000)  # read late now and then
        listener.at_ms = 1000 * (second + 1)
    assert listener.told == []
    assert listener.levels == [("QUIET", None)]


def test_one_that_is_started_anew_at_once_is_not_missed() -> None:
    listener = Listener()
    listener.hear(5)
    listener.wait(1)
    listener.take(message(listener.at_ms, epoch=2, sequence=1), listener.at_ms)
    assert listener.told == []


def test_a_level_that_is_stale_is_unknown_before_the_guard_is_missed() -> None:
    listener = Listener()
    listener.hear(1, level=Level.NEAR)
    assert listener.watch.level is Level.NEAR
    listener.wait(1.2)
    assert listener.watch.level is Level.NEAR
    listener.wait(0.2)
    assert listener.watch.level is None
    assert listener.levels[-1] == (None, None)
    assert listener.told == []


def test_a_message_counts_by_its_own_time() -> None:
    """After a pause of the main daemon old messages wait in the socket."""
    listener = Listener()
    listener.hear(1)
    for since_ms in range(0, 2000, 200):
        listener.take(message(1000 + since_ms, Level.CONTACT), 20_000)
    assert listener.watch.level is None
    listener.take(message(19_900, Level.FAR), 20_000)
    assert listener.watch.level is Level.FAR
    listener.take(message(19_800, Level.CONTACT), 20_001)
    assert listener.watch.level is Level.FAR
    assert listener.told == []


def test_a_pause_of_the_main_daemon_is_not_taken_for_one_of_the_guard() -> None:
    listener = Listener()
    listener.hear(1)
    listener.take(Tick(), 60_000)  # before what the guard said is read
    assert listener.told == []
    assert listener.watch.level is None
    listener.at_ms = 60_000
    assert listener.hear(5) == []
    listener.at_ms = 120_000
    listener.take(Tick(), 120_000)
    listener.wait(3.1)
    assert listener.told == ["guard.silent"]


def test_a_time_to_come_holds_no_longer_than_one_of_now() -> None:
    listener = Listener()
    listener.take(message(3_600_000, Level.NEAR), 100)
    listener.at_ms = 100
    listener.wait(1.6)
    assert listener.watch.level is None
    listener.wait(1.6)
    assert listener.told == ["guard.silent"]
    assert listener.hear(4) == ["guard.back"]


def test_a_sensor_is_named_once_when_it_fails_and_once_when_it_has_worked_for_a_while() -> None:
    listener = Listener()
    listener.hear(2)
    assert listener.hear(100, DEAD[HEAD]) == ["sensor.failed"]
    assert listener.texts == ["the distance sensor has failed: no readings came"]
    assert listener.hear(2.9) == []
    assert listener.hear(60) == ["sensor.works"]


@pytest.mark.parametrize("position", Position)
def test_of_two_sensors_the_one_is_named(position: Position) -> None:
    listener = Listener()
    both = WELL | {position: DEAD[position]}
    listener.hear(2, *WELL.values())
    assert listener.hear(5, *both.values()) == [f"{position}.failed"]
    assert listener.hear(5, *WELL.values()) == [f"{position}.works"]
    assert listener.hear(5, *DEAD.values()) == ["head.failed", "knee.failed"]
    assert listener.hear(5, *WELL.values()) == ["head.works", "knee.works"]


@pytest.mark.parametrize("health", [Health.STARTING, Health.BLIND, Health.NOTHING])
def test_a_sensor_that_cannot_tell_is_not_called_broken_and_only_one_that_tells_well(health: Health) -> None:
    listener = Listener()
    assert listener.hear(30, sensor(health=health, distance_mm=None)) == []
    listener.hear(1, DEAD[HEAD])
    expected = ["sensor.works"] if health is Health.NOTHING else []
    assert listener.hear(30, sensor(health=health, distance_mm=None)) == expected


def test_a_loose_wire_is_told_of_once() -> None:
    listener = Listener()
    for _ in range(20):
        listener.hear(1, DEAD[HEAD])
        listener.hear(1, WELL[HEAD])
    assert listener.told == ["sensor.failed"]
    assert listener.hear(5) == ["sensor.works"]


def test_a_buzzer_that_cannot_be_heard_is_said_again_and_again() -> None:
    listener = Listener()
    assert listener.hear(59, muffled=True) == ["buzzer.failed"]
    assert listener.hear(62, muffled=True) == ["buzzer.failed"] * 2
    assert listener.hear(30) == ["buzzer.works"]
    assert listener.hear(5, muffled=True) == ["buzzer.failed"]


def test_refused_settings_are_said_once() -> None:
    listener = Listener()
    assert listener.hear(300, misconfigured=True) == ["settings.refused"]
    assert listener.hear(5) == []
    assert listener.hear(5, misconfigured=True) == ["settings.refused"]


def test_every_fault_has_words_and_all_that_it_asks_for_is_in_the_wording() -> None:
    assert set(FAULTS) == set(Fault)
    topics = ["sensor", *(position.value for position in Position)]
    assert {f"{topic}.{what}" for topic in topics for what in ("failed", "works")} < set(LINES)


# --- docs/spoken-interface.md -----------------------------------------------------------------------

DOC = (Path(__file__).parents[2] / "docs" / "spoken-interface.md").read_text(encoding="utf-8")


OBSTACLE = "muffled, and `NEAR` or `CONTACT` begins"
"""What the core makes of it is tested in test_heeding."""


def rows() -> list[tuple[str, str]]:
    table = DOC.partition("| the guard's message | words |\n")[2].partition("\n\n")[0]
    found = re.findall(r"^\| (.+?) \| (.+?) \|$", table, re.MULTILINE)
    assert len(found) > 10
    assert OBSTACLE in dict(found)
    return [(what, words) for what, words in found[1:] if what != OBSTACLE]


def act(listener: Listener, what: str) -> list[str]:
    """What is news of a row's last step."""
    told: list[str] = []
    for step in what.replace("and then", ";").split(";"):
        told = said(listener, what, step.strip())
    return told


def said(listener: Listener, what: str, step: str) -> list[str]:
    two = what.startswith("two")
    dead = {KNEE if "knee" in what else HEAD} if "dead" in step else set()
    seen = [
        sensor(position, Health.DEAD if position in dead else Health.SEES)
        for position in (Position if two else [HEAD])
    ]
    if step == "none for 3 s":
        before = len(listener.told)
        listener.wait(3)
        return listener.told[before:]
    if step == "blind or without an echo":
        blind = [sensor(health=health, distance_mm=None) for health in (Health.BLIND, Health.NOTHING)]
        return [key for one in blind for key in listener.hear(30, one)]
    seconds = 3.2 if "for 3 s" in step else 1
    return listener.hear(seconds, *seen, muffled=step == "muffled", misconfigured=step == "settings refused")


@pytest.mark.parametrize(("what", "words"), rows())
def test_each_message_has_the_words_of_the_table(what: str, words: str) -> None:
    listener = Listener()
    listener.hear(1, *(WELL.values() if what.startswith("two") else [WELL[HEAD]]))
    assert [LINES[key].text for key in act(listener, what)] == ([] if words == "nothing" else [words])


@pytest.mark.parametrize(
    ("value", "pattern"),
    [
        (SETTINGS.stale_after_ms / 1000, r"After (\S+) s† it says nothing about now"),
        (SETTINGS.steady_after_ms / 1000, r"when it has for (\S+) s†"),
        (SETTINGS.silent_after_ms / 1000, r"No word of the guard for (\S+) s†"),
        (SETTINGS.start_within_ms / 1000, r"none at all in the first (\S+) s†"),
        (SETTINGS.obstacle_again_ms / 1000, r"cuts off whatever plays, at most every (\S+) s†"),
        (SETTINGS.repeat_ms / 1000, r"said again every (\S+) s†"),
    ],
)
def test_the_numbers_of_the_guard_in_the_prose_are_the_settings(value: float, pattern: str) -> None:
    found = re.search(pattern, DOC)
    assert found is not None, pattern
    assert float(found[1]) == value
