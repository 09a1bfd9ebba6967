"""Speech gives way to the guard's buzzer: the whole core and player in ticks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from kith.announce.fader import FADE_MS
from kith.clock import NS_PER_S
from kith.config import AnnounceSettings
from kith.guard.messages import ProximityLevel
from kith.guard.ports import Health, Level
from kith.types import SAMPLE_RATE_HZ
from tests.unit._core_kit import ANNA, BEN, STRANGER, Life, enrol
from tests.unit._guard_kit import message, sensor

HERE = "Anna, ahead, two metres."
INNER = [Level.NEAR, Level.CONTACT]


def warning(level: Level, distance_mm: int | None = 400) -> Callable[[float], ProximityLevel]:
    return lambda at_ms: message(at_ms, level, sensor(distance_mm=distance_mm))


@pytest.fixture
def life(tmp_path: Path) -> Iterator[Life]:
    """The greeting is over and the guard is quiet."""
    life = Life(tmp_path, people={"Anna": ANNA, "Ben": BEN})
    life.guard = warning(Level.QUIET, None)
    life.quiet()
    yield life
    life.gallery.close()


def speaks_of_anna(life: Life) -> None:
    life.stands(1, ANNA)
    life.live(3, until=lambda: life.core.speaking)
    life.live(0.3)
    assert life.core.speaking
    assert life.said[-1][1] == HERE


@pytest.mark.parametrize("level", [Level.FAR, Level.MIDDLE])
def test_in_the_outer_zones_it_speaks_as_ever(life: Life, level: Level) -> None:
    life.guard = warning(level)
    life.live(1)
    speaks_of_anna(life)
    assert life.loudness(0.2) > 2000
    life.quiet()


@pytest.mark.parametrize("level", INNER)
def test_a_name_that_was_cut_off_is_said_once_the_buzzer_lets_it_be(life: Life, level: Level) -> None:
    speaks_of_anna(life)
    life.guard = warning(level)
    life.live(0.25)
    assert not life.core.speaking
    assert life.hear(15) == []
    assert life.loudness(10) == 0
    life.guard = warning(Level.MIDDLE)
    assert life.hear(5) == [HERE]
    assert life.hear(70) == []


def test_who_has_left_meanwhile_is_not_named(life: Life) -> None:
    speaks_of_anna(life)
    life.guard = warning(Level.NEAR)
    life.live(1)
    life.scene.clear()
    life.live(5)
    life.guard = warning(Level.QUIET)
    assert life.hear(5) == []


@pytest.mark.parametrize("level", INNER)
def test_who_comes_meanwhile_is_named_afterwards_and_a_stranger_is_not(life: Life, level: Level) -> None:
    life.guard = warning(level)
    life.live(1)
    life.stands(1, ANNA)
    life.stands(2, STRANGER)
    assert life.hear(8) == []
    assert life.of("appeared")
    life.guard = warning(Level.QUIET)
    assert life.hear(5) == [HERE]
    assert not life.of("sound")


@pytest.mark.parametrize("level", INNER)
def test_a_fault_waits_and_is_not_lost(life: Life, level: Level) -> None:
    life.guard = warning(level)
    life.live(1)
    life.camera = "silent"
    assert life.hear(15) == []
    life.guard = warning(Level.QUIET)
    assert life.hear(5) == ["The camera has stopped."]


@pytest.mark.parametrize("level", INNER)
def test_each_press_is_answered_all_the_same_and_quietly(life: Life, level: Level) -> None:
    life.live(1)
    life.press("tap")
    assert life.hear(1.5) == ["Nobody I know."]
    loud = life.loudness(1)
    life.quiet()
    life.guard = warning(level)
    life.live(1)
    life.press("tap")
    assert life.hear(1.5) == ["Nobody I know."]
    assert 20 * np.log10(loud / life.loudness(1)) == pytest.approx(AnnounceSettings().duck_db, abs=0.3)
    life.quiet()


def test_a_notice_goes_on_quietly_when_the_buzzer_comes_near_and_is_cut_off_at_contact(life: Life) -> None:
    life.camera = "silent"
    life.live(3, until=lambda: life.core.speaking)
    life.live(1)  # the sound before the words is over
    loud = life.loudness(0.2)
    life.guard = warning(Level.NEAR)
    life.live(0.4)
    assert life.core.speaking
    assert 20 * np.log10(loud / life.loudness(0.15)) == pytest.approx(12, abs=1)
    life.guard = warning(Level.CONTACT)
    life.live(0.25)
    assert not life.core.speaking
    assert life.loudness(0.01) == 0
    life.guard = warning(Level.QUIET)
    assert life.hear(10) == []  # cut off is cut off


def test_contact_cuts_off_an_answer_and_the_next_press_is_answered(life: Life) -> None:
    life.press("tap")
    life.live(1, until=lambda: life.core.speaking)
    life.guard = warning(Level.CONTACT)
    assert life.hear(3) == []
    assert not life.core.speaking
    life.press("tap")
    assert life.hear(3) == ["Nobody I know."]


def test_a_guard_that_falls_silent_in_the_inner_zone_holds_nothing_up(life: Life) -> None:
    life.guard = warning(Level.CONTACT)
    life.live(1)
    life.stands(1, ANNA)
    life.live(1)
    life.guard = None
    assert life.hear(6) == [HERE, "The distance guard does not answer."]
    assert life.loudness(6) > 1000
    life.guard = warning(Level.QUIET)
    assert life.hear(4) == ["The distance guard is back."]
    assert [event.text for event in life.of("fault")] == ["the distance guard does not answer"]
    assert [event.fields["part"] for event in life.of("recovered")] == ["guard"]


@pytest.mark.parametrize("level", INNER)
def test_who_sits_before_something_is_told_who_comes_and_what_breaks(life: Life, level: Level) -> None:
    life.guard = warning(level)
    life.live(1)
    life.stands(1, ANNA)
    assert life.hear(18) == []
    assert life.hear(5) == [HERE]
    assert 50 < life.loudness(4) < 1000
    life.camera = "silent"
    assert life.hear(6) == ["The camera has stopped."]


def test_a_name_is_not_begun_again_and_again_while_the_level_flutters(life: Life) -> None:
    life.guard = lambda at_ms: message(at_ms, Level.NEAR if at_ms % 1200 < 600 else Level.MIDDLE)
    life.live(1)
    life.stands(1, ANNA)
    assert life.hear(15) == []
    life.guard = warning(Level.MIDDLE)
    assert life.hear(5) == [HERE]


def mute(level: Level) -> Callable[[float], ProximityLevel]:
    """The guard warns and no buzzer works."""
    return lambda at_ms: message(at_ms, level, sensor(distance_mm=400), muffled=True)


@pytest.mark.parametrize("level", INNER)
def test_a_voice_warns_in_the_place_of_a_buzzer_that_does_not_work(life: Life, level: Level) -> None:
    speaks_of_anna(life)
    life.guard = mute(level)
    assert life.hear(0.3) == ["Obstacle."]  # which cuts off the name
    assert life.loudness(0.1) > 1000
    assert life.hear(8) == ["The buzzer does not work.", HERE]
    life.camera = "silent"
    assert life.hear(8) == ["The camera has stopped."]
    assert life.loudness(6) > 1000


def test_a_buzzer_that_breaks_before_a_wall_is_replaced_at_once_and_what_waited_is_said(life: Life) -> None:
    life.guard = warning(Level.CONTACT)
    life.live(1)
    life.stands(1, ANNA)
    assert life.hear(5) == []
    life.guard = mute(Level.CONTACT)
    assert life.hear(0.3) == ["Obstacle."]
    assert life.hear(8) == ["The buzzer does not work.", HERE]


def test_the_voice_warns_of_each_obstacle_but_not_too_often(life: Life) -> None:
    life.guard = mute(Level.MIDDLE)
    life.quiet()
    life.live(10)
    begins_s = life.now_ns / NS_PER_S
    for level, seconds in [
        (Level.NEAR, 0.6),  # at once
        (Level.MIDDLE, 0.4),
        (Level.NEAR, 0.4),  # too soon
        (Level.CONTACT, 3),  # so that it is told of after 2 s
        (Level.NEAR, 1),  # less urgent
        (Level.MIDDLE, 1),
        (Level.NEAR, 0.2),
        (Level.MIDDLE, 0.2),
        (Level.NEAR, 0.2),
        (Level.MIDDLE, 5),  # over before it could be told of
        (Level.NEAR, 5),
    ]:
        life.guard = mute(level)
        life.live(seconds)
    said = [(round(at_s - begins_s, 1), text) for at_s, text in life.said if at_s >= begins_s]
    assert [at_s for at_s, text in said if text == "Obstacle."] == [0, 2, 6.4, 12]
    assert {text for _, text in said} == {"Obstacle."}


def test_the_voice_warns_until_the_buzzer_has_worked_for_a_while(life: Life) -> None:
    life.guard = mute(Level.QUIET)
    life.live(5)
    life.guard = warning(Level.NEAR)
    assert life.hear(2.5) == ["Obstacle."]
    life.guard = warning(Level.QUIET)
    assert life.hear(4) == ["The buzzer works again."]
    life.guard = warning(Level.NEAR)
    assert life.hear(5) == []


def test_a_guard_that_falls_silent_while_no_buzzer_works_is_not_warned_for(life: Life) -> None:
    life.guard = mute(Level.MIDDLE)
    life.live(10)
    life.guard = mute(Level.NEAR)
    life.live(0.5)
    life.guard = mute(Level.CONTACT)
    life.live(0.25)
    life.guard = None
    assert life.hear(10) == ["Obstacle.", "The distance guard does not answer."]


def test_a_sensor_that_dies_is_named_and_its_reason_reported(life: Life) -> None:
    life.live(1)
    life.guard = lambda at_ms: message(at_ms, Level.QUIET, sensor(health=Health.DEAD, distance_mm=None))
    assert life.hear(30) == ["The distance sensor has failed."]
    life.guard = warning(Level.QUIET)
    assert life.hear(30) == ["The distance sensor works again."]
    (fault,) = life.of("fault")
    assert (fault.fields["part"], fault.text) == ("sensor", "the distance sensor has failed: no fault")


def test_each_change_of_level_is_an_event(life: Life) -> None:
    for level, distance_mm in ((Level.FAR, 1700), (Level.CONTACT, 300), (Level.QUIET, 2500)):
        life.guard = warning(level, distance_mm)
        life.live(1)
    life.guard = None
    life.live(3)
    told = [{**event.fields} for event in life.of("proximity")]
    assert told == [
        {"text": "quiet", "level": 0, "position": None, "distance_mm": None},
        {"text": "far, 1700 mm", "level": 1, "position": "head", "distance_mm": 1700},
        {"text": "contact, 300 mm", "level": 4, "position": "head", "distance_mm": 300},
        {"text": "quiet", "level": 0, "position": None, "distance_mm": None},
        {"text": "unknown", "level": None, "position": None, "distance_mm": None},
    ]


@pytest.mark.parametrize("guarded", [True, False])
def test_a_wearable_whose_guard_never_speaks_says_so(tmp_path: Path, guarded: bool) -> None:
    life = Life(tmp_path, guarded=guarded)
    life.quiet()
    assert life.hear(80) == ["The distance guard does not answer."] * (2 if guarded else 0)
    life.gallery.close()


def test_someone_can_be_learnt_beside_a_wall(life: Life) -> None:
    life.guard = warning(Level.NEAR)
    life.live(1)
    enrol(life)
    assert life.said[-1][1] == "Remembered as person 3. No name was recorded."
    assert len(life.ears.tones) > 2


# --- docs/spoken-interface.md -----------------------------------------------------------------------

DOC = (Path(__file__).parents[2] / "docs" / "spoken-interface.md").read_text(encoding="utf-8")


def rows() -> list[tuple[str, list[str]]]:
    """Each level of the table and what it says of it."""
    table = DOC.partition("| the buzzer warns |")[2].partition("\n\n")[0].splitlines()[2:]
    found = []
    for line in table:
        levels, *says = [cell.strip() for cell in line.strip("|").split("|")]
        found += [(name.strip(" `"), says) for name in levels.split(",")]
    return found


def test_the_table_has_every_level() -> None:
    assert [name for name, _ in rows()] == [
        "nothing",
        *(level.name for level in list(Level)[1:]),
        "it is not known what",
    ]


@pytest.mark.parametrize(("name", "says"), rows())
def test_the_core_does_what_the_table_says(life: Life, name: str, says: list[str]) -> None:
    ambient, notices, answers, playing = says
    guard = {"nothing": warning(Level.QUIET), "it is not known what": None}.get(name)
    speaks_of_anna(life)
    begins_s = life.now_ns / NS_PER_S
    life.guard = warning(Level[name]) if guard is None and name in Level.__members__ else guard
    life.live(0.3)
    assert life.core.speaking == (playing == "goes on")
    life.live(5 if ambient == "wait" else 8)
    life.stands(2, BEN, bearing_deg=20)
    life.camera = "silent" if ambient == "wait" else life.camera
    life.live(3)
    named = [text for at_s, text in life.said if at_s > begins_s and "Ben" in text]
    assert bool(named) == (ambient == "as ever")
    life.camera = "silent"
    life.live(5)
    told = "The camera has stopped." in [text for _, text in life.said]
    assert told == (notices == "as ever")
    life.quiet()
    life.press("tap")
    life.hear(0.8)
    assert life.core.speaking
    assert (life.loudness(0.3) < 0.4 * 0.8 * 12_000 / 2**0.5) == ("quieter" in answers)


def test_the_numbers_of_ducking_in_the_prose_are_the_settings() -> None:
    assert re.findall(r"(\d+) dB†", DOC) == [f"{AnnounceSettings().duck_db:g}"]
    assert set(re.findall(r"(\d+) dB\b", DOC)) == {f"{AnnounceSettings().duck_db:g}"}
    assert re.search(r"within (\d+) ms, without a click", DOC)[1] == str(FADE_MS)  # type: ignore[index]
    waited = re.search(r"a notice that had to wait begins its (\S+) s anew", DOC)
    assert waited is not None
    held = (AnnounceSettings().hush_rest_ms, AnnounceSettings().hush_at_most_ms)
    rest = re.search(r"out of these zones for (\S+) s†", DOC)
    most = re.search(r"They wait for (\S+) s† at most", DOC)
    assert [float(found[1]) * 1000 for found in (rest, most) if found] == [*held]
    assert float(waited[1]) * 1000 == AnnounceSettings().notice_max_age_ms


def test_the_gain_moves_without_a_click_and_within_fifty_milliseconds(life: Life) -> None:
    life.press("tap")
    life.live(2, until=lambda: life.core.speaking)
    life.live(0.2)
    life.guard = warning(Level.NEAR)
    life.live(0.4)
    sound = np.concatenate(life.ears.heard)[-round(0.6 * SAMPLE_RATE_HZ) :, 0].astype(float)
    assert np.abs(np.diff(sound)).max() < 2500
