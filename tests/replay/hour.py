"""A scripted hour of a wearer's life. What is heard of it is in `hour.txt`; `python -m tests.replay` shows
what changed, and `--accept` keeps it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np

from kith.config import ExpirySettings, Settings
from kith.guard.messages import ProximityLevel
from kith.guard.ports import Fault, Health, Level, Position
from kith.recognition.gallery import Gallery
from kith.types import I16, Embedding, View
from tests.replay.day import Day
from tests.unit._core_kit import MUG, name_said
from tests.unit._gallery_kit import MODEL, looks
from tests.unit._guard_kit import message, sensor

TRANSCRIPT = Path(__file__).with_name("hour.txt")
SETTINGS = replace(Settings(), expiry=ExpirySettings(forget=True))
NAMES = ("Anna", "Ben", "Dora")
ANNA, BEN, DORA, SISTER, LOOKALIKE, OTHER = 11, 12, 13, 14, 15, 16


def hour(folder: Path) -> Day:
    """Act it all out."""
    day = Day(folder, settings=SETTINGS, says=names_said(), battery=76, names=NAMES)
    for part in PARTS:
        part(day)
    return day.at("60:00")


def names_said() -> list[I16]:
    """What people say after the tone."""
    return [name_said(seed) for seed in range(8)]


def look(who: int, count: int = 0) -> Embedding:
    """One of the looks of somebody."""
    return looks(who, 5)[count]


def between(first: int, second: int, share: float = 0.7, count: int = 0) -> Embedding:
    """A look of somebody who is like the first person, as far as `share` goes, and otherwise the second."""
    vector = share * look(first).vector + (1 - share) * look(second, count).vector
    vector = (vector / np.linalg.norm(vector)).astype(np.float32)
    return Embedding(vector=vector, model_id=MODEL)


def carer_names(day: Day, old: str, new: str) -> None:
    """At the desk, while the device runs."""
    day.happens(f"a carer writes {new} for {old}")
    with Gallery.open(day.life.file, MODEL) as gallery:
        gallery.rename(old, new)


def at_ease(at_ms: float) -> ProximityLevel:
    """Nothing is ahead."""
    return message(at_ms, Level.QUIET)


def warns(level: Level, distance_mm: int) -> Callable[[float], ProximityLevel]:
    """Something is ahead."""
    return lambda at_ms: message(at_ms, level, sensor(distance_mm=distance_mm))


def knee_is_dead(at_ms: float) -> ProximityLevel:
    """One of the two sensors does not answer."""
    knee = sensor(Position.KNEE, Health.DEAD, distance_mm=None, last_fault=Fault.SILENT)
    return message(at_ms, Level.QUIET, sensor(), knee)


# --- the hour -------------------------------------------------------------------------------------------


def nobody_is_known(day: Day) -> None:
    day.part("Nobody is known").guard("nothing is ahead", at_ease)
    day.at("00:06").presses("tap")
    day.at("00:12").presses("taphold")
    day.at("00:35").presses("hold")


def anna_is_remembered_by_ear(day: Day) -> None:
    day.part("Anna is remembered, and her name is said")
    day.at("01:00").comes("Anna", 1, look(ANNA))
    day.at("01:05").presses("double")
    day.at("01:16").presses("double")
    day.at("01:50").goes("Anna", 1)
    carer_names(day.at("02:00"), "person 1", "Anna")
    day.at("03:00").comes("Anna", 2, look(ANNA, 1), bearing_deg=-20)
    day.at("03:10").presses("tap")
    day.at("03:30").goes("Anna", 2)


def ben_s_enrollment_is_interrupted(day: Day) -> None:
    day.part("Ben's enrollment is interrupted: the face is lost, then it is cancelled")
    day.at("04:30").comes("Ben", 3, look(BEN))
    day.at("04:34").presses("double")
    day.at("04:36").goes("Ben", 3)
    day.at("04:39").comes("Ben", 4, look(BEN))
    day.at("04:46").presses("hold")
    day.part("He does not agree; then nobody answers; then his name is said twice")
    day.at("05:10").presses("double")
    day.at("05:21").presses("tap")
    day.at("05:40").presses("double")
    day.at("06:40").willing(False).presses("double")
    day.at("07:01.5").presses("double")
    day.at("07:13").presses("tap")
    day.at("07:22").presses("double")
    day.at("07:40").willing(True).goes("Ben", 4)
    carer_names(day.at("07:50"), "person 2", "Ben")


def two_faces_and_darkness(day: Day) -> None:
    day.part("Two faces")
    day.at("09:00").comes("Dora", 5, look(DORA), bearing_deg=-12)
    day.at("09:05").presses("double")
    day.at("09:06.4").comes("a stranger", 6, look(101), bearing_deg=12)
    day.at("09:20").goes("Dora", 5).goes("a stranger", 6)
    day.part("Darkness, and a lens that is covered")
    day.at("10:00").view(View.DARK).presses("tap")
    day.at("10:05").presses("double")
    day.at("10:45").view(View.NORMAL)
    day.at("11:30").view(View.COVERED)
    day.at("11:40").presses("tap")
    day.at("11:45").presses("taphold")
    day.at("12:20").view(View.NORMAL)


def a_double(day: Day) -> None:
    day.part("A double: these looks are added to Anna, and taken back")
    day.at("13:30").comes("Anna", 7, look(ANNA, 2))
    day.at("13:40").presses("double")
    day.at("13:45.5").presses("double")
    day.at("14:10").presses("hold")
    day.at("14:30").goes("Anna", 7)
    day.part("Anna's sister is someone new; no name is said; she is taken back")
    day.at("15:00").comes("the sister", 8, between(ANNA, SISTER))
    day.at("15:10").presses("double")
    day.at("15:15.5").presses("tap")
    day.at("15:24").presses("double")
    day.at("15:26.1").presses("double")
    day.at("15:50").presses("hold")
    day.at("16:10").goes("the sister", 8)


def a_wrong_name(day: Day) -> None:
    day.part("A stranger is named Anna; that was wrong, and does not happen again")
    day.at("17:30").comes("the look-alike", 9, between(ANNA, LOOKALIKE, 0.45))
    day.at("17:36").presses("hold")
    day.at("17:45").presses("tap")
    day.at("18:00").goes("the look-alike", 9)
    day.at("19:30").comes("the look-alike", 10, between(ANNA, LOOKALIKE, 0.45, 1))
    day.at("19:40").presses("tap")
    day.at("20:00").comes("Anna", 11, look(ANNA, 1), bearing_deg=20, distance_mm=2600)
    day.at("20:20").goes("Anna", 11).goes("the look-alike", 10)
    day.part("Another one is marked too, and that is taken back")
    day.at("21:30").comes("another", 12, between(ANNA, OTHER))
    day.at("21:36").presses("hold")
    day.at("21:46").presses("hold")
    day.at("21:56").presses("hold")
    day.at("22:20").goes("another", 12)
    day.part("Two are named in one sentence: which was wrong?")
    day.at("23:40").comes("Ben", 13, look(BEN, 1), bearing_deg=-20).comes("Anna", 14, look(ANNA, 1))
    day.at("23:48").presses("hold")
    day.at("23:53").presses("tap")
    day.at("23:58").presses("double")
    day.at("24:10").presses("hold")
    day.at("24:40").goes("Ben", 13).goes("Anna", 14)


def things_break(day: Day) -> None:
    day.part("Something is near, and a sensor dies amid speech")
    day.at("26:00").comes("Anna", 15, look(ANNA))
    day.at("26:01").guard("within reach", warns(Level.CONTACT, 300))
    day.at("26:06").presses("tap")
    day.at("26:12").guard("nothing is ahead", at_ease)
    day.at("26:20").presses("tap")
    day.at("26:20.9").guard("the sensor at the knee is dead", knee_is_dead)
    day.at("26:40").goes("Anna", 15).presses("taphold")
    day.at("27:10").guard("nothing is ahead", at_ease)
    day.part("The camera stops")
    day.at("28:00").camera("silent")
    day.at("28:08").presses("tap")
    day.at("28:13").presses("double")
    day.at("28:25").camera("works")
    day.part("The voice dies amid a name")
    day.at("29:30").comes("Ben", 16, look(BEN))
    day.at("29:31").voice_dies()
    day.at("29:50").goes("Ben", 16)


def privacy(day: Day) -> None:
    day.part("Privacy")
    day.at("31:00").presses("hold4")
    day.at("31:10").comes("Anna", 17, look(ANNA)).presses("tap")
    day.at("31:15").presses("double")
    day.at("31:30").presses("hold4")
    day.at("31:50").goes("Anna", 17)


def the_power_is_cut(day: Day) -> None:
    day.part("The power is cut amid an enrollment")
    day.at("33:00").comes("Dora", 18, look(DORA))
    day.at("33:05").presses("double")
    day.at("33:09").power_is_cut().guard("nothing is ahead", at_ease)
    day.at("33:20").presses("tap")
    day.at("33:40").presses("double")
    day.at("33:51").presses("double")
    day.at("34:20").goes("Dora", 18)
    carer_names(day.at("34:30"), "person 3", "Dora")


def the_book(day: Day) -> None:
    day.part("The book: Ben is named anew, Dora is forgotten")
    day.at("36:00").presses("taphold")
    day.at("36:13").presses("tap")
    day.at("36:20").presses("tap")
    day.at("36:23").presses("double")
    day.at("36:45").presses("tap")
    day.at("36:48").presses("hold")
    day.at("36:53").presses("double")
    day.at("37:00").presses("tap")
    day.at("37:05").presses("taphold")
    day.at("37:20").comes("Dora", 19, look(DORA))
    day.at("37:25").presses("tap")
    day.at("37:35").goes("Dora", 19)
    day.part("The book: nobody answers, and it closes by itself")
    day.at("39:00").presses("taphold")
    day.at("39:13").presses("tap")
    day.at("39:16").presses("hold")


def the_microphone_breaks(day: Day) -> None:
    day.part("The microphone is pulled out while a name is asked for")
    day.at("41:30").comes("a friend", 20, look(31))
    day.at("41:35").presses("double")
    day.at("41:46").presses("double")
    day.at("41:48.4").microphone(False)
    day.at("42:10").presses("hold")
    day.at("42:30").goes("a friend", 20).microphone(True)


def years_pass(day: Day) -> None:
    day.part("It is switched off for three years")
    day.at("44:00").presses("hold10")
    day.at("44:20").day_is(date(2029, 3, 10)).switched_on().guard("nothing is ahead", at_ease)
    day.at("44:55").presses("taphold")
    day.at("45:10").presses("tap")
    day.at("45:16").presses("double")
    day.at("45:22").presses("tap")
    day.at("45:26").presses("taphold")
    day.at("45:40").presses("taphold")
    day.at("45:55").presses("taphold")
    day.part("A month later who was not kept is forgotten")
    day.at("46:00").presses("hold10")
    day.at("47:00").day_is(date(2029, 4, 12)).switched_on().guard("nothing is ahead", at_ease)
    day.at("48:00").comes("Ben", 21, look(BEN))
    day.at("48:10").presses("tap")
    day.at("48:20").goes("Ben", 21)


def people_come_and_go(day: Day) -> None:
    day.part("People come and go")
    for stranger in range(5):
        day.at(f"{50 + stranger}:00").comes("a stranger", 30 + stranger, look(200 + stranger))
        day.at(f"{50 + stranger}:20").goes("a stranger", 30 + stranger)
    day.at("56:00").comes("Anna", 40, look(ANNA, 1), bearing_deg=15, distance_mm=1200)
    day.at("56:10").comes("a stranger", 41, look(210), bearing_deg=-15, distance_mm=2500).presses("tap")
    day.at("56:30").goes("Anna", 40).goes("a stranger", 41)


def things_are_here(day: Day) -> None:
    day.part("What is here; a mug is taught")
    day.at("57:00").shows("chair -20", "mug 0", "coffee cup 4").presses("triple")
    day.at("57:10").holds("a mug", MUG).presses("double")
    day.at("57:19").presses("double")
    day.at("57:40").holds("nothing", None).shows("chair -20", "thing 1 15")
    day.at("57:45").comes("Anna", 42, look(ANNA))
    day.at("57:52").presses("triple")
    day.at("58:00").goes("Anna", 42).shows()
    day.part("The mug is to be told of unasked")
    day.at("58:05").presses("taphold")
    day.at("58:17").presses("tap")
    day.at("58:20").presses("tap")
    day.at("58:23").presses("triple")
    day.at("58:30").presses("taphold")
    day.at("58:40").shows("thing 1 -15")
    day.at("58:50").shows()
    day.part("A description and a reading, where there is neither")
    day.at("59:10").presses("doublehold")
    day.at("59:20").presses("triplehold")
    day.at("59:30").presses("triple")


PARTS: tuple[Callable[[Day], None], ...] = (
    nobody_is_known,
    anna_is_remembered_by_ear,
    ben_s_enrollment_is_interrupted,
    two_faces_and_darkness,
    a_double,
    a_wrong_name,
    things_break,
    privacy,
    the_power_is_cut,
    the_book,
    the_microphone_breaks,
    years_pass,
    people_come_and_go,
    things_are_here,
)
