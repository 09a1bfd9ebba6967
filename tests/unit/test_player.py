"""The mixing engine, with a voice that hums."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kith.announce.earcons import EarconBank
from kith.announce.player import Player
from kith.announce.sources import FADE_SAMPLES
from kith.drivers.simulated_speech import MS_PER_LETTER, SimulatedSpeech
from kith.drivers.wav import WavSink
from kith.types import (
    I16,
    SAMPLE_RATE_HZ,
    Announcement,
    Band,
    Earcon,
    Phrase,
    Playback,
    PlaybackResult,
    Recorded,
    Spoken,
    Take,
    Tone,
)

BLOCK = 220
BANK = EarconBank()
START_NS = 7_000_000_000
LETTER = MS_PER_LETTER * SAMPLE_RATE_HZ // 1000
LARGEST_STEP = 2500
"""Between neighbouring samples: a hum of 200 Hz at level 12,000 moves by 700, a click by many thousand."""


class Stage:
    """A player and what it has made so far, on a clock of blocks."""

    def __init__(self, *, wait: bool = True, volume: float = 1.0) -> None:
        self.speech = SimulatedSpeech()
        self.player = Player(self.speech, BANK, volume=volume, wait_for_speech=wait)
        self.heard: I16 = np.zeros((0, 2), np.int16)
        self.reports: list[Playback] = []
        self.played = 0

    @property
    def now_ns(self) -> int:
        return START_NS + len(self.heard) * 1_000_000_000 // SAMPLE_RATE_HZ

    def run(self, blocks: int) -> I16:
        begin = len(self.heard)
        for _ in range(blocks):
            self.heard = np.concatenate([self.heard, self.player.render(BLOCK, self.now_ns)])
            self.reports += self.player.take_reports()
        return self.heard[begin:]

    def play(self, play_id: int, text: str = "", earcon: Earcon | None = None) -> None:
        self.player.play(play_id, announcement(Phrase.of(text) if text else None, earcon))

    def play_next(self, text: str, earcon: Earcon | None) -> None:
        self.played += 1
        self.play(self.played, text, earcon)


def announcement(phrase: Phrase | None, earcon: Earcon | None = None) -> Announcement:
    return Announcement(key="k", phrase=phrase, earcon=earcon, band=Band.AMBIENT, expires_ns=0)


def largest_step(sound: I16) -> int:
    return int(np.abs(np.diff(sound.astype(int), axis=0, prepend=0)).max())


def test_silence_when_nothing_is_asked_for() -> None:
    stage = Stage()
    assert not stage.run(5).any()
    assert stage.reports == []


def test_a_phrase_is_said_and_reported_to_the_sample() -> None:
    stage = Stage()
    stage.run(3)
    stage.play(1, "Anna")
    began_ns = stage.now_ns
    sound = stage.run(40)
    assert stage.speech.said == ["Anna"]
    assert np.flatnonzero(sound[:, 0])[-1] == pytest.approx(4 * LETTER, abs=40)
    [report] = stage.reports
    assert (report.play_id, report.result) == (1, PlaybackResult.COMPLETED)
    assert report.first_sample_ns == began_ns
    assert report.ended_ns - began_ns == pytest.approx(4 * MS_PER_LETTER * 1_000_000, abs=100_000)


def test_the_earcon_comes_first_and_the_voice_gets_ready_meanwhile() -> None:
    stage = Stage()
    stage.play(1, "Ben", Earcon.SUCCESS)
    sound = stage.run(1)
    assert stage.speech.said == ["Ben"]
    sound = np.concatenate([sound, stage.run(99)])
    earcon = BANK.sound(Earcon.SUCCESS)
    assert (sound[: len(earcon)] == earcon).all()
    assert rms(sound[len(earcon) : len(earcon) + 3 * LETTER]) > 5000
    assert not sound[len(earcon) + 3 * LETTER :].any()
    assert [report.result for report in stage.reports] == [PlaybackResult.COMPLETED]


def test_an_earcon_alone_and_nothing_at_all_are_completed() -> None:
    stage = Stage()
    stage.play(1, earcon=Earcon.PRESS)
    stage.run(5)
    stage.play(2)
    stage.run(1)
    assert [report.result for report in stage.reports] == [PlaybackResult.COMPLETED] * 2
    assert stage.reports[1].first_sample_ns is None


def test_parts_follow_each_other_without_a_gap(tmp_path: Path) -> None:
    recording = record(tmp_path / "anna.wav", seconds=0.3)
    stage = Stage()
    parts = (Spoken(text="ab"), Recorded(text="Anna", path=recording), Spoken(text="cd"), Spoken(text=" "))
    stage.player.play(1, announcement(Phrase(parts=parts)))
    sound = stage.run(100)[:, 0].astype(int)
    end_of_recording = 2 * LETTER + round(0.3 * SAMPLE_RATE_HZ)
    assert rms(sound[: 2 * LETTER]) == pytest.approx(12_000 / 2**0.5, rel=0.02)
    assert (sound[2 * LETTER : end_of_recording] == 4000).all()
    assert rms(sound[end_of_recording : end_of_recording + 2 * LETTER]) == pytest.approx(
        12_000 / 2**0.5, rel=0.02
    )
    assert not sound[end_of_recording + 2 * LETTER :].any()
    assert stage.speech.said == ["ab", "cd"]


def test_a_take_that_lies_in_no_file_is_played_in_both_ears() -> None:
    take = np.full(3000, 4000, np.int16)
    stage = Stage()
    stage.player.play(1, announcement(Phrase(parts=(Take(text="the name", samples=take), Spoken(text="ab")))))
    sound = stage.run(100).astype(int)
    assert (sound[:3000] == 4000).all()
    assert rms(sound[3000 : 3000 + 2 * LETTER, 0]) > 5000
    assert stage.speech.said == ["ab"]


@pytest.mark.parametrize("content", [None, b"", b"RIFF and then no sound"])
def test_a_missing_or_broken_recording_is_spoken(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "anna.wav"
    if content is not None:
        path.write_bytes(content)
    stage = Stage()
    stage.player.play(1, announcement(Phrase(parts=(Recorded(text="Anna", path=path),))))
    stage.run(50)
    assert stage.speech.said == ["Anna"]
    assert [report.result for report in stage.reports] == [PlaybackResult.COMPLETED]


@pytest.mark.parametrize("wait", [True, False])
def test_stop_fades_within_5_ms_and_is_silent_thereafter(wait: bool) -> None:
    stage = Stage(wait=wait)
    stage.play(1, "a long sentence")
    stage.run(10)
    stage.player.stop(1)
    sound = stage.run(20)
    assert sound[: FADE_SAMPLES // 2].any()
    assert not sound[FADE_SAMPLES:].any()
    assert largest_step(stage.heard) < LARGEST_STEP
    [report] = stage.reports
    assert report.result is PlaybackResult.INTERRUPTED
    assert report.first_sample_ns == START_NS


def test_stop_of_something_else_changes_nothing() -> None:
    stage = Stage()
    stage.play(2, "Anna")
    stage.player.stop(1)
    stage.run(40)
    stage.player.stop(2)
    stage.run(2)
    assert [(report.play_id, report.result) for report in stage.reports] == [(2, PlaybackResult.COMPLETED)]


def test_a_new_announcement_takes_the_place_of_the_old() -> None:
    stage = Stage()
    stage.play(1, "a long sentence")
    stage.run(10)
    stage.play(2, "Ben")
    stage.run(40)
    results = [(report.play_id, report.result) for report in stage.reports]
    assert results == [(1, PlaybackResult.INTERRUPTED), (2, PlaybackResult.COMPLETED)]
    assert largest_step(stage.heard) < LARGEST_STEP


def test_cues_and_tones_lie_over_the_voice() -> None:
    plain, stage = Stage(), Stage()
    tone = Tone(pitch_hz=440.0, pan=-1.0, duration_ms=100)
    for each in (plain, stage):
        each.play(1, "Anna")
        each.run(2)
    stage.player.cue(Earcon.PRESS)
    stage.player.tone(tone)
    difference = stage.run(30).astype(int) - plain.run(30)
    expected = np.zeros((30 * BLOCK, 2), int)
    for sound in (BANK.sound(Earcon.PRESS), BANK.tone(tone)):
        expected[: len(sound)] += sound
    assert (difference == expected).all()


def test_too_many_cues_are_cut_off_and_loud_ones_clip_instead_of_wrapping() -> None:
    stage = Stage()
    for _ in range(50):
        stage.player.cue(Earcon.POWER_WARNING)
    sound = stage.run(10)
    single = BANK.sound(Earcon.POWER_WARNING)[: len(sound)].astype(int)
    assert (sound == np.clip(single * 8, -32767, 32767)).all()


def test_the_volume_applies_to_everything() -> None:
    loud, quiet = Stage(), Stage(volume=0.25)
    for stage in (loud, quiet):
        stage.play(1, "Anna", Earcon.READY)
        stage.player.cue(Earcon.PRESS)
        stage.run(80)
    assert np.abs(loud.heard * 0.25 - quiet.heard).max() <= 1.0


def test_a_slow_voice_leaves_silence_with_soft_edges_and_is_waited_for() -> None:
    stage = Stage(wait=False)
    stage.speech.made = 0
    stage.play(1, "Anna")
    assert not stage.run(4).any()
    assert stage.speech.current
    stage.speech.current.make(3 * BLOCK + 50)
    stage.run(4)
    assert not stage.run(2).any()
    assert stage.reports == []
    stage.speech.current.make(None)
    stage.run(40)
    assert largest_step(stage.heard) < LARGEST_STEP
    [report] = stage.reports
    assert report.result is PlaybackResult.COMPLETED
    assert report.first_sample_ns == START_NS + 4 * BLOCK * 1_000_000_000 // SAMPLE_RATE_HZ


@pytest.mark.parametrize("wait", [True, False])
def test_a_voice_that_breaks_ends_in_failed_and_the_next_is_said(wait: bool) -> None:
    stage = Stage(wait=wait)
    stage.play(1, "a long sentence")
    stage.run(5)
    assert stage.speech.current
    stage.speech.current.break_down()
    stage.run(1)
    stage.play(2, "Ben")
    stage.run(30)
    results = [(report.play_id, report.result) for report in stage.reports]
    assert results == [(1, PlaybackResult.FAILED), (2, PlaybackResult.COMPLETED)]


def test_a_hung_voice_ends_in_failed_where_it_is_waited_for() -> None:
    stage = Stage(wait=True)
    stage.speech.made = 100
    stage.play(1, "Anna")
    stage.run(1)
    assert [report.result for report in stage.reports] == [PlaybackResult.FAILED]


def test_without_a_voice_the_earcon_is_heard_and_then_it_failed() -> None:
    stage = Stage()
    stage.speech.refuses = True
    stage.play(1, "Anna", Earcon.FAULT)
    earcon = BANK.sound(Earcon.FAULT)
    sound = stage.run(len(earcon) // BLOCK + 2)
    assert (sound[: len(earcon)] == earcon).all()
    assert [report.result for report in stage.reports] == [PlaybackResult.FAILED]


def test_fail_all_reports_what_plays_and_what_waits() -> None:
    stage = Stage()
    stage.play(1, "Anna")
    stage.run(1)
    stage.play(2, "Ben")
    stage.player.stop(1)
    stage.player.cue(Earcon.PRESS)
    stage.player.fail_all(stage.now_ns)
    assert not stage.run(10).any()
    assert [(report.play_id, report.result) for report in stage.reports] == [
        (1, PlaybackResult.FAILED),
        (2, PlaybackResult.FAILED),
    ]


def test_commands_come_from_many_threads() -> None:
    stage = Stage()
    threads = [threading.Thread(target=stage.play, args=(number, "a")) for number in range(40)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        stage.run(1)
    stage.run(10)
    assert sorted(report.play_id for report in stage.reports) == list(range(40))


def stop(stage: Stage, number: int) -> None:
    stage.player.stop(stage.played - number)


def break_down(stage: Stage, _number: int) -> None:
    if stage.speech.current:
        stage.speech.current.break_down()


def hold(stage: Stage, number: int) -> None:
    stage.speech.made = number * 300


HAPPENINGS: list[Callable[[Stage, int], object]] = [
    lambda stage, number: stage.play_next("a" * number, None),
    lambda stage, number: stage.play_next("a" * number, Earcon.PRESS),
    lambda stage, _number: stage.player.cue(Earcon.SHUTTER),
    lambda stage, _number: stage.player.fail_all(stage.now_ns),
    lambda stage, number: stage.run(number),
    stop,
    break_down,
    hold,
]
COMMANDS = st.lists(st.tuples(st.sampled_from(HAPPENINGS), st.integers(0, 6)), max_size=40)


@given(commands=COMMANDS, wait=st.booleans())
def test_every_announcement_has_exactly_one_report_whatever_happens(
    commands: list[tuple[Callable[[Stage, int], object], int]], wait: bool
) -> None:
    stage = Stage(wait=wait)
    for happening, number in commands:
        happening(stage, number)
    if stage.speech.current:
        stage.speech.current.make(None)
    stage.speech.made = None
    stage.run(80)
    assert sorted(report.play_id for report in stage.reports) == list(range(1, stage.played + 1))
    assert all(report.ended_ns >= (report.first_sample_ns or 0) for report in stage.reports)


def rms(sound: np.ndarray[tuple[int, ...], np.dtype[np.signedinteger]]) -> float:
    return float(np.sqrt((sound.astype(float) ** 2).mean()))


def record(path: Path, seconds: float) -> Path:
    """A recording of the constant 4000, which nothing else sounds like."""
    sink = WavSink(path)
    sink.write(np.full((round(seconds * SAMPLE_RATE_HZ), 2), 4000, np.int16))
    sink.close()
    return path


# --- ducking --------------------------------------------------------------------------------------


def test_ducking_is_heard_within_fifty_milliseconds_and_does_not_click() -> None:
    stage = Stage()
    stage.play(1, "a sentence that goes on for a while")
    stage.run(30)
    loud = rms(stage.run(20))
    stage.player.duck(0.25)
    begin = len(stage.heard)
    stage.run(5)
    assert rms(stage.run(20)) == pytest.approx(loud * 0.25, rel=0.05)
    stage.player.duck(1.0)
    stage.run(5)
    assert rms(stage.run(20)) == pytest.approx(loud, rel=0.05)
    assert np.abs(np.diff(stage.heard[begin:].astype(int), axis=0)).max() < LARGEST_STEP


def test_cues_and_what_begins_later_are_quiet_too_until_it_is_over() -> None:
    def press_and_speak(gain: float) -> tuple[float, float]:
        stage = Stage()
        stage.player.duck(gain)
        stage.run(5)
        stage.player.cue(Earcon.PRESS)
        cue = rms(stage.run(4))
        stage.play(1, "Anna Anna Anna")
        return cue, rms(stage.run(20))

    (cue, voice), (quiet_cue, quiet_voice) = press_and_speak(1.0), press_and_speak(0.25)
    assert quiet_cue == pytest.approx(cue / 4, rel=0.05)
    assert quiet_voice == pytest.approx(voice / 4, rel=0.05)


def test_it_is_ducked_also_when_there_was_no_sound_device_meanwhile() -> None:
    stage = Stage()
    stage.player.duck(0.0)
    stage.player.fail_all(stage.now_ns)
    stage.play(1, "Anna")
    stage.run(5)
    assert not stage.run(5).any()
