"""What is pulled, what is dropped. The words themselves: test_spoken_interface.py."""

from __future__ import annotations

from pathlib import Path

from kith.announce.callouts import MAX_PENDING, Callouts
from kith.announce.words import Phrasebook
from kith.config import AnnounceSettings
from kith.types import (
    Appeared,
    Band,
    Companion,
    Company,
    Earcon,
    Left,
    Place,
    Recorded,
    Spoken,
    StrangerAppeared,
    View,
)
from tests.unit._machine_kit import ms, place

ANNA, BEN = 1, 2
NAMES: dict[int, Spoken | Recorded] = {ANNA: Spoken(text="Anna"), BEN: Spoken(text="Ben")}


class Room:
    """Callouts and who is really there."""

    def __init__(self, voices: dict[int, Spoken | Recorded] | None = None) -> None:
        self.people: list[Companion] = []
        voices = NAMES if voices is None else voices
        self.callouts = Callouts(AnnounceSettings(), voices.get, lambda _: self.company)

    @property
    def company(self) -> Company:
        return Company(people=tuple(self.people), strangers=0, unsure=0)

    def enter(self, *person_ids: int, at_ms: float, where: Place | None = None) -> None:
        where = where or place()
        self.people.append(Companion(person_ids=person_ids, place=where))
        self.callouts.note(Appeared(person_ids=person_ids, track_id=0, place=where, at_ns=ms(at_ms)))

    def ambient(self, at_ms: float) -> str | None:
        announcement = self.callouts.next_ambient(ms(at_ms))
        return None if announcement is None or announcement.phrase is None else announcement.phrase.text


def test_the_sentence_is_made_of_where_they_are_now() -> None:
    room = Room()
    room.enter(ANNA, at_ms=0, where=place(0, 4000))
    room.people = [Companion(person_ids=(ANNA,), place=place(-30, 1200))]
    assert room.ambient(500) == "Anna, left, one metre."


def test_it_is_offered_once_with_its_people_and_its_end() -> None:
    room = Room()
    room.enter(BEN, at_ms=300)
    room.enter(ANNA, at_ms=100)
    announcement = room.callouts.next_ambient(ms(500))
    assert announcement is not None
    assert announcement.person_ids == (BEN, ANNA)
    assert (announcement.band, announcement.expires_ns) == (Band.AMBIENT, ms(2500))
    assert room.callouts.next_ambient(ms(500)) is None


def test_who_is_still_here_is_named_however_long_other_speech_took() -> None:
    room = Room()
    room.enter(ANNA, at_ms=0, where=place(0, 4000))
    room.people = [Companion(person_ids=(ANNA,), place=place(30, 1000))]
    assert room.ambient(9000) == "Anna, right, one metre."


def test_who_left_is_not_named_and_who_is_hidden_waits() -> None:
    room = Room()
    room.enter(ANNA, at_ms=3000)
    room.callouts.note(Left(person_ids=(ANNA,), at_ns=ms(3100)))
    assert room.ambient(3200) is None
    room.enter(BEN, at_ms=4000)
    hidden, room.people[:] = list(room.people), []
    assert room.ambient(4100) is None
    room.people += hidden[-1:]
    assert room.ambient(4200) == "Ben, ahead, two metres."


def test_only_those_who_came_are_named_unasked() -> None:
    room = Room()
    room.people.append(Companion(person_ids=(BEN,), place=place(0, 1000)))
    room.enter(ANNA, at_ms=0)
    assert room.ambient(0) == "Anna, ahead, two metres."


def test_a_stranger_is_a_click_that_goes_stale() -> None:
    room = Room()
    stranger = StrangerAppeared(track_id=9, place=place(), at_ns=ms(0))
    room.callouts.note(stranger)
    announcement = room.callouts.next_ambient(ms(2000))
    assert announcement is not None
    assert (announcement.phrase, announcement.earcon) == (None, Earcon.STRANGER)
    room.callouts.note(stranger)
    assert room.callouts.next_ambient(ms(2001)) is None


def test_pending_is_bounded_and_keeps_the_newest() -> None:
    voices: dict[int, Spoken | Recorded] = {i: Spoken(text=f"N{i}") for i in range(50)}
    room = Room(voices)
    for i in range(50):
        room.enter(i, at_ms=i)
    announcement = room.callouts.next_ambient(ms(100))
    assert announcement is not None
    assert announcement.person_ids == tuple(range(50 - MAX_PENDING, 50))


def test_a_recording_stands_in_the_place_of_the_name() -> None:
    anna = Recorded(text="Anna", path=Path("anna.wav"))
    room = Room({ANNA: anna, BEN: Spoken(text="Ben")})
    room.enter(ANNA, at_ms=0, where=place(-30, 1200))
    room.enter(BEN, at_ms=0, where=place(30, 1200))
    announcement = room.callouts.next_ambient(ms(0))
    assert announcement is not None
    assert announcement.phrase is not None
    assert announcement.phrase.parts == (
        Recorded(text="Anna,", path=Path("anna.wav")),
        Spoken(text="left, one metre. Ben, right, one metre."),
    )
    assert announcement.phrase.text == "Anna, left, one metre. Ben, right, one metre."


def test_recordings_next_to_each_other() -> None:
    voices: dict[int, Spoken | Recorded] = {
        ANNA: Recorded(text="Anna", path=Path("anna.wav")),
        BEN: Recorded(text="Ben", path=Path("ben.wav")),
    }
    room = Room(voices)
    room.enter(ANNA, BEN, at_ms=0)
    answer = room.callouts.answer(View.NORMAL, ms(0))
    assert answer.phrase is not None
    assert answer.phrase.text == "Anna or Ben, ahead, two metres."
    assert [part.text for part in answer.phrase.parts] == ["Anna", "or", "Ben,", "ahead, two metres."]


def test_an_answer_is_a_response_that_names_its_people() -> None:
    room = Room()
    room.enter(ANNA, at_ms=0)
    answer = room.callouts.answer(View.NORMAL, ms(10))
    assert (answer.band, answer.person_ids, answer.expires_ns) == (Band.RESPONSE, (ANNA,), ms(5010))


def test_a_fixed_line_takes_the_recording_of_a_name() -> None:
    phrasebook = Phrasebook(AnnounceSettings())
    anna = Recorded(text="Anna", path=Path("anna.wav"))
    known = phrasebook.announcement("enroll.refused", 0, name=anna, reason="known")
    assert known.phrase is not None
    assert known.phrase.text == "Not remembered: this looks like Anna."
    assert known.phrase.parts[1] == Recorded(text="Anna.", path=Path("anna.wav"))


def test_who_is_named_in_an_answer_is_not_told_of_unasked_as_well() -> None:
    room = Room()
    room.enter(ANNA, at_ms=0)
    assert room.callouts.answer(View.NORMAL, ms(100)).identities == ((ANNA,),)
    assert room.ambient(200) is None


def test_an_answer_that_was_not_heard_has_told_of_nobody() -> None:
    room = Room()
    room.people.append(Companion(person_ids=(BEN,), place=place(0, 1000)))
    room.enter(ANNA, at_ms=0)
    answer = room.callouts.answer(View.NORMAL, ms(100))
    room.callouts.unheard(answer.identities)
    assert room.ambient(200) == "Anna, ahead, two metres."  # of Ben was told before
    assert room.ambient(300) is None


def test_who_left_before_an_answer_was_not_heard_is_not_called_after() -> None:
    room = Room()
    room.enter(ANNA, at_ms=0)
    answer = room.callouts.answer(View.NORMAL, ms(100))
    room.callouts.note(Left(person_ids=(ANNA,), at_ns=ms(3100)))
    room.callouts.unheard(answer.identities)
    assert room.ambient(3200) is None
