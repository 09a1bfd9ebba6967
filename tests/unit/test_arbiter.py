"""The arbiter in ticks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kith.announce.arbiter import (
    LONGEST_PLAY_NS,
    MAX_WAITING,
    Arbiter,
    ArbiterCommand,
    Duck,
    HazardChanged,
    Heard,
    KeepStill,
    Play,
    PlaybackEnded,
    Stop,
    StopSpeaking,
    Submit,
    Unheard,
)
from kith.announce.hush import Hazard
from kith.clock import Tick
from kith.config import AnnounceSettings
from kith.types import Announcement, Band, Earcon, Phrase, Playback, PlaybackResult
from tests.unit._machine_kit import ms

COMPLETED, INTERRUPTED, FAILED = (
    PlaybackResult.COMPLETED,
    PlaybackResult.INTERRUPTED,
    PlaybackResult.FAILED,
)


def saying(text: str, band: Band, *, key: str | None = None, expires_ms: float = 1e6) -> Announcement:
    return Announcement(
        key=key or text, phrase=Phrase.of(text), earcon=None, band=band, expires_ns=ms(expires_ms)
    )


class Crowd:
    """Ambient announcements that wait to be pulled."""

    def __init__(self) -> None:
        self.waiting: list[Announcement] = []

    def next_ambient(self, now_ns: int) -> Announcement | None:
        return self.waiting.pop(0) if self.waiting else None


class Stage:
    """An arbiter, its ambient source, and a player that only writes down what it was told."""

    def __init__(self) -> None:
        self.crowd = Crowd()
        self.arbiter = Arbiter(AnnounceSettings(), self.crowd)
        self.playing: int | None = None

    def _run(self, commands: list[ArbiterCommand]) -> list[str]:
        for command in commands:
            if isinstance(command, Play):
                self.playing = command.play_id
        return [_short(command) for command in commands]

    def submit(self, announcement: Announcement, at_ms: float = 0) -> list[str]:
        return self._run(self.arbiter.step(Submit(announcement=announcement), ms(at_ms)))

    def end(self, result: PlaybackResult, at_ms: float = 0, play_id: int | None = None) -> list[str]:
        over = self.playing if play_id is None else play_id
        assert over is not None
        playback = Playback(play_id=over, result=result, first_sample_ns=None, ended_ns=ms(at_ms))
        return self._run(self.arbiter.step(PlaybackEnded(playback=playback), ms(at_ms)))

    def play(self, announcement: Announcement) -> None:
        """Let it play, of whatever band."""
        if announcement.band is Band.AMBIENT:
            self.crowd.waiting.append(announcement)
            self.tick()
        else:
            self.submit(announcement)

    def heed(self, hazard: Hazard, at_ms: float = 0) -> list[str]:
        return self._run(self.arbiter.step(HazardChanged(hazard), ms(at_ms)))

    def keep_still(self, on: bool, at_ms: float = 0) -> list[str]:
        return self._run(self.arbiter.step(KeepStill(on), ms(at_ms)))

    def stop(self, at_ms: float = 0) -> list[str]:
        return self._run(self.arbiter.step(StopSpeaking(), ms(at_ms)))

    def tick(self, at_ms: float = 0) -> list[str]:
        commands = self._run(self.arbiter.step(Tick(), ms(at_ms)))
        deadline_ns = self.arbiter.next_deadline_ns
        assert deadline_ns is None or deadline_ns > ms(at_ms)
        return commands


def _short(command: ArbiterCommand) -> str:
    match command:
        case Play():
            return f"play {command.announcement.key}"
        case Stop():
            return "stop"
        case Duck():
            return "duck" if command.on else "loud"
        case Heard():
            return f"heard {command.announcement.key}"
        case Unheard():
            return f"unheard {command.announcement.key} {command.result}"


def test_a_response_cuts_off_what_plays_at_once() -> None:
    stage = Stage()
    for band in (Band.AMBIENT, Band.NOTICE, Band.RESPONSE):
        stage.submit(saying("old", band))
        assert stage.submit(saying("new", Band.RESPONSE)) == [
            "stop",
            "unheard old interrupted",
            "play new",
        ]
        stage.end(COMPLETED)


def test_hazard_is_not_cut_off_by_a_response() -> None:
    stage = Stage()
    stage.submit(saying("look out", Band.HAZARD))
    assert stage.submit(saying("answer", Band.RESPONSE)) == []
    assert stage.submit(saying("newer answer", Band.RESPONSE)) == ["unheard answer None"]
    assert stage.end(COMPLETED) == ["heard look out", "play newer answer"]


def test_a_notice_waits_and_ambient_waits_longer() -> None:
    stage = Stage()
    stage.crowd.waiting = [saying("first", Band.AMBIENT), saying("second", Band.AMBIENT)]
    assert stage.tick() == ["play first"]
    assert stage.submit(saying("notice", Band.NOTICE)) == []
    assert stage.end(COMPLETED) == ["heard first", "play notice"]
    assert stage.end(COMPLETED) == ["heard notice", "play second"]
    assert stage.end(COMPLETED) == ["heard second"]


def test_newer_word_of_a_topic_takes_the_place_of_the_older() -> None:
    stage = Stage()
    stage.submit(saying("answer", Band.RESPONSE))
    stage.submit(saying("the camera has stopped", Band.NOTICE, key="camera"))
    stage.submit(saying("disk", Band.NOTICE))
    assert stage.submit(saying("the camera is back", Band.NOTICE, key="camera")) == ["unheard camera None"]
    assert stage.end(COMPLETED) == ["heard answer", "play camera"]
    assert stage.end(COMPLETED) == ["heard camera", "play disk"]


def test_what_expired_while_it_waited_is_dropped() -> None:
    stage = Stage()
    stage.submit(saying("answer", Band.RESPONSE))
    stage.submit(saying("stale", Band.NOTICE, expires_ms=900))
    stage.submit(saying("good", Band.NOTICE, expires_ms=1000))
    assert stage.end(COMPLETED, at_ms=1000) == ["heard answer", "unheard stale None", "play good"]


def test_the_queue_is_bounded_and_drops_the_oldest_notice() -> None:
    stage = Stage()
    stage.submit(saying("look out", Band.HAZARD))
    stage.submit(saying("answer", Band.RESPONSE))
    for i in range(MAX_WAITING - 1):
        assert stage.submit(saying(f"n{i}", Band.NOTICE)) == []
    assert stage.submit(saying("n7", Band.NOTICE)) == ["unheard n0 None"]
    assert stage.end(COMPLETED) == ["heard look out", "play answer"]
    assert stage.end(COMPLETED) == ["heard answer", "play n1"]


@pytest.mark.parametrize("band", [Band.RESPONSE, Band.NOTICE])
def test_what_failed_is_tried_once_more(band: Band) -> None:
    stage = Stage()
    stage.submit(saying("it", band))
    stage.submit(saying("later", Band.NOTICE))
    assert stage.end(FAILED) == ["play it"]
    assert stage.end(FAILED) == ["unheard it failed", "play later"]


def test_what_failed_is_not_tried_again_when_it_expired_or_is_ambient_or_there_is_newer_word() -> None:
    stage = Stage()
    stage.submit(saying("old", Band.NOTICE, expires_ms=500))
    assert stage.end(FAILED, at_ms=600) == ["unheard old None"]
    stage.crowd.waiting = [saying("people", Band.AMBIENT)]
    stage.tick()
    assert stage.end(FAILED) == ["unheard people failed"]
    stage.submit(saying("stopped", Band.NOTICE, key="camera"))
    stage.submit(saying("back", Band.NOTICE, key="camera"))
    assert stage.end(FAILED) == ["unheard camera failed", "play camera"]


def test_stop_keeps_all_that_is_unasked_quiet_until_it_is_stale() -> None:
    stage = Stage()
    stage.crowd.waiting = [saying("people", Band.AMBIENT)]
    stage.submit(saying("answer", Band.RESPONSE))
    stage.submit(saying("notice", Band.NOTICE))
    assert stage.stop(at_ms=1000) == ["stop", "unheard answer interrupted"]
    assert not stage.arbiter.speaking
    assert stage.tick(at_ms=2999) == []
    assert stage.arbiter.next_deadline_ns == ms(3000)
    assert stage.tick(at_ms=3000) == ["play notice"]


def test_after_a_stop_an_answer_comes_at_once() -> None:
    stage = Stage()
    stage.submit(saying("answer", Band.RESPONSE))
    stage.stop()
    assert stage.submit(saying("again", Band.RESPONSE)) == ["play again"]


def test_the_report_on_what_was_stopped_changes_nothing() -> None:
    stage = Stage()
    stage.submit(saying("old", Band.RESPONSE))
    old = stage.playing
    stage.submit(saying("new", Band.RESPONSE))
    assert stage.end(INTERRUPTED, play_id=old) == []
    assert stage.arbiter.speaking
    assert stage.end(COMPLETED) == ["heard new"]


def test_speaking_is_about_words() -> None:
    stage = Stage()
    assert not stage.arbiter.speaking
    stage.submit(
        Announcement(key="s", phrase=None, earcon=Earcon.STRANGER, band=Band.AMBIENT, expires_ns=ms(1000))
    )
    assert not stage.arbiter.speaking
    stage.submit(saying("answer", Band.RESPONSE))
    assert stage.arbiter.speaking


def test_a_player_that_never_reports_does_not_silence_kith() -> None:
    stage = Stage()
    stage.submit(saying("lost", Band.NOTICE, expires_ms=15_000))
    stage.submit(saying("next", Band.NOTICE))
    assert stage.arbiter.next_deadline_ns == LONGEST_PLAY_NS
    assert stage.tick(at_ms=LONGEST_PLAY_NS / ms(1)) == ["stop", "unheard lost None", "play next"]


@pytest.mark.parametrize("band", [Band.RESPONSE, Band.NOTICE, Band.AMBIENT])
def test_what_yields_is_cut_off_by_anything_else(band: Band) -> None:
    stage = Stage()
    stage.submit(replace(saying("ready", Band.NOTICE), yields=True))
    if band is Band.AMBIENT:
        stage.crowd.waiting.append(saying("anna", band))
        commands = stage.tick()
    else:
        commands = stage.submit(saying("anna", band))
    assert commands == ["stop", f"unheard ready {INTERRUPTED}", "play anna"]
    assert stage.end(COMPLETED) == ["heard anna"]


def test_what_yields_is_heard_out_when_there_is_nothing_else() -> None:
    stage = Stage()
    stage.submit(replace(saying("ready", Band.NOTICE), yields=True))
    assert stage.tick() == []
    assert stage.end(COMPLETED) == ["heard ready"]


# --- the guard's buzzer ---------------------------------------------------------------------------


CUT = ["stop", "unheard it interrupted", "duck"]


@pytest.mark.parametrize(
    ("band", "near", "contact"),
    [
        (Band.AMBIENT, CUT, CUT),
        (Band.NOTICE, ["duck"], CUT),
        (Band.RESPONSE, ["duck"], CUT),
        (Band.HAZARD, ["duck"], ["duck"]),
    ],
)
def test_what_plays_gives_way_to_the_buzzer(band: Band, near: list[str], contact: list[str]) -> None:
    for hazard, expected in ((Hazard.NEAR, near), (Hazard.CONTACT, contact)):
        stage = Stage()
        stage.play(saying("it", band))
        assert stage.heed(hazard) == expected


def test_contact_after_near_cuts_what_was_only_ducked_and_says_so_once() -> None:
    stage = Stage()
    stage.submit(saying("notice", Band.NOTICE))
    assert stage.heed(Hazard.NEAR) == ["duck"]
    assert stage.heed(Hazard.NEAR) == []
    assert stage.heed(Hazard.CONTACT) == ["stop", "unheard notice interrupted"]
    assert stage.heed(Hazard.NEAR) == []
    assert stage.heed(Hazard.NONE) == ["loud"]


@pytest.mark.parametrize("hazard", [Hazard.NEAR, Hazard.CONTACT])
def test_while_the_buzzer_is_near_only_answers_are_given(hazard: Hazard) -> None:
    stage = Stage()
    stage.heed(hazard)
    stage.crowd.waiting = [saying("Anna", Band.AMBIENT)]
    assert stage.tick() == []
    assert stage.submit(saying("notice", Band.NOTICE)) == []
    assert stage.submit(saying("answer", Band.RESPONSE)) == ["play answer"]
    assert stage.end(COMPLETED) == ["heard answer"]
    assert stage.heed(Hazard.NONE, 5000) == ["loud"]
    assert stage.arbiter.next_deadline_ns == ms(6000)
    assert stage.tick(5999) == []
    assert stage.tick(6000) == ["play notice"]
    assert stage.end(COMPLETED) == ["heard notice", "play Anna"]


def test_a_notice_does_not_grow_old_while_the_buzzer_makes_it_wait() -> None:
    stage = Stage()
    stage.heed(Hazard.CONTACT)
    stage.submit(saying("first", Band.NOTICE, expires_ms=15_000))
    stage.submit(saying("second", Band.NOTICE, expires_ms=15_000))
    assert stage.heed(Hazard.NONE, 18_000) == ["loud"]
    assert stage.tick(19_000) == ["play first"]
    assert stage.end(COMPLETED, 33_000) == ["heard first", "play second"]
    stage.submit(saying("third", Band.NOTICE, expires_ms=34_000), 33_000)
    assert stage.end(COMPLETED, 35_000) == ["heard second", "unheard third None"]


def test_the_quiet_that_the_wearer_asked_for_outlasts_the_buzzer() -> None:
    stage = Stage()
    stage.heed(Hazard.NEAR)
    stage.submit(saying("notice", Band.NOTICE))
    stage.stop(1000)
    assert stage.heed(Hazard.NONE, 1500) == ["loud"]
    assert stage.tick(3000) == ["play notice"]


def test_a_level_that_flutters_cuts_a_name_off_once() -> None:
    stage = Stage()
    stage.play(saying("Anna", Band.AMBIENT))
    assert stage.heed(Hazard.NEAR) == ["stop", "unheard Anna interrupted", "duck"]
    stage.crowd.waiting = [saying("Anna", Band.AMBIENT)]
    for at_ms in range(1000, 10_000, 1000):
        assert stage.heed(Hazard.NONE, at_ms) == ["loud"]
        assert stage.heed(Hazard.NONE, at_ms + 500) == []
        assert stage.heed(Hazard.NEAR, at_ms + 999) == ["duck"]
    assert stage.heed(Hazard.NONE, 10_000) == ["loud"]
    assert stage.tick(11_000) == ["play Anna"]


def seated(hazard: Hazard) -> Stage:
    """So long before something that speech is let through; Anna and a notice have waited."""
    stage = Stage()
    stage.heed(hazard)
    stage.crowd.waiting = [saying("Anna", Band.AMBIENT)]
    stage.submit(saying("notice", Band.NOTICE, expires_ms=15_000))
    assert stage.tick(19_999) == []
    assert stage.arbiter.next_deadline_ns == ms(20_000)
    assert stage.tick(20_000) == ["play notice"]  # anew as young as ever
    assert stage.end(COMPLETED, 23_000) == ["heard notice", "play Anna"]
    return stage


@pytest.mark.parametrize("hazard", [Hazard.NEAR, Hazard.CONTACT])
def test_what_the_buzzer_warns_of_without_end_holds_nothing_back_for_ever(hazard: Hazard) -> None:
    stage = seated(hazard)
    assert stage.end(COMPLETED, 25_000) == ["heard Anna"]
    stage.crowd.waiting = [saying("Ben", Band.AMBIENT)]
    assert stage.tick(60_000) == ["play Ben"]
    assert stage.heed(Hazard.NONE, 60_500) == ["loud"]  # no sooner: all of it was quiet


def test_the_next_obstacle_is_given_way_to_as_ever() -> None:
    stage = seated(Hazard.NEAR)
    assert stage.heed(Hazard.NONE, 23_000) == ["loud"]
    assert stage.tick(24_000) == []
    assert stage.heed(Hazard.NEAR, 24_100) == ["stop", "unheard Anna interrupted", "duck"]
    stage.crowd.waiting = [saying("Anna", Band.AMBIENT)]
    assert stage.tick(44_099) == []
    assert stage.tick(44_100) == ["play Anna"]


def test_who_sits_before_something_is_not_cut_off_by_a_level_that_flutters_but_by_contact() -> None:
    stage = seated(Hazard.NEAR)
    assert stage.heed(Hazard.NONE, 23_100) == ["loud"]
    assert stage.heed(Hazard.NEAR, 23_900) == ["duck"]
    stage.crowd.waiting = [saying("Anna", Band.AMBIENT)]
    assert stage.heed(Hazard.CONTACT, 24_000) == ["stop", "unheard Anna interrupted"]
    assert stage.tick(24_999) == []
    assert stage.tick(25_000) == ["play Anna"]


def test_while_somebody_is_listened_to_nothing_is_said_unasked() -> None:
    stage = Stage()
    stage.crowd.waiting.append(saying("anna", Band.AMBIENT))
    assert stage.keep_still(True) == []
    assert stage.submit(saying("fault", Band.NOTICE, expires_ms=3000)) == []
    assert stage.tick(4000) == []
    assert stage.submit(saying("answer", Band.RESPONSE), 4000) == ["play answer"]
    assert stage.end(COMPLETED, 4500) == ["heard answer"]
    assert stage.keep_still(False, 5000) == ["play fault"], "a fault does not grow old meanwhile"


@pytest.mark.parametrize("band", [Band.NOTICE, Band.AMBIENT])
def test_what_nobody_asked_for_is_cut_off_when_somebody_is_to_be_heard(band: Band) -> None:
    stage = Stage()
    stage.play(saying("words", band))
    assert stage.keep_still(True) == ["stop", f"unheard words {INTERRUPTED}"]
    assert stage.keep_still(True) == []


def test_a_tone_that_was_asked_for_is_not_cut_off_by_listening() -> None:
    stage = Stage()
    stage.play(saying("answer", Band.RESPONSE))
    assert stage.keep_still(True) == []
    assert stage.end(COMPLETED) == ["heard answer"]
