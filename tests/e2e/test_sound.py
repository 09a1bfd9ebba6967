"""The voice through the player into a real sound device, heard at its other end."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from kith.announce.earcons import EarconBank
from kith.announce.player import Player
from kith.announce.player_thread import PlayerThread
from kith.clock import MonotonicClock
from kith.config import AnnounceSettings
from kith.drivers.espeak import EspeakSpeech
from kith.drivers.speaker import SpeakerSink
from kith.drivers.wav import PacedSink, TeeSink, WavSink
from kith.errors import AudioUnavailable, HardwareError
from kith.ports import AudioSink
from kith.types import I16, SAMPLE_RATE_HZ, Announcement, Band, Earcon, Phrase, Playback, PlaybackResult
from tests.contract.test_audio_sink import BrokenSink, read_back
from tests.e2e.pulse import Pulse, pulse, why_not

PATIENCE_S = 20.0
WORDS = "Anna, left, two metres. Ben. One other."
LONG = "This is said for as long as it takes to cut it off in the middle. " * 5


class Rig:
    """The real voice, the real player and its thread on some sink."""

    def __init__(self, open_sink: Callable[[], AudioSink]) -> None:
        self.speech = EspeakSpeech(AnnounceSettings())
        self.player = Player(self.speech, EarconBank(), volume=0.8, wait_for_speech=False)
        self.reports: list[Playback] = []
        self.faults: list[HardwareError] = []
        self.restored = 0
        self.thread = PlayerThread(
            self.player,
            open_sink,
            MonotonicClock(),
            on_playback=self.reports.append,
            on_fault=self.faults.append,
            on_restored=self._restore,
            on_exhausted=lambda: None,
        )
        self.thread.start()

    def _restore(self) -> None:
        self.restored += 1

    def play(self, play_id: int, text: str, earcon: Earcon | None = None) -> None:
        self.player.play(
            play_id,
            Announcement(key="k", phrase=Phrase.of(text), earcon=earcon, band=Band.RESPONSE, expires_ns=0),
        )

    def report(self, play_id: int) -> Playback:
        until(lambda: any(report.play_id == play_id for report in self.reports))
        return next(report for report in self.reports if report.play_id == play_id)

    def close(self) -> None:
        self.thread.close()
        self.speech.close()


@pytest.fixture
def rig() -> Iterator[Callable[[Callable[[], AudioSink]], Rig]]:
    rigs: list[Rig] = []

    def make(open_sink: Callable[[], AudioSink]) -> Rig:
        try:
            rigs.append(Rig(open_sink))
        except AudioUnavailable as error:
            pytest.skip(str(error))
        return rigs[-1]

    yield make
    for each in rigs:
        each.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Pulse]:
    if reason := why_not():
        pytest.skip(reason)
    with pulse(tmp_path) as running:
        yield running


MakeRig = Callable[[Callable[[], AudioSink]], Rig]


def test_a_sentence_is_heard_at_the_other_end_of_the_device(server: Pulse, rig: MakeRig) -> None:
    device = rig(SpeakerSink)
    with server.listen() as monitor:
        until(lambda: len(monitor.heard()) > SAMPLE_RATE_HZ // 4)
        device.play(1, WORDS)
        report = device.report(1)
        assert report.result is PlaybackResult.COMPLETED
        until(lambda: monitor.quiet_for_s() > 0.3)
        sound = monitor.heard()
    assert looks_like_speech(sound)
    assert report.first_sample_ns
    said_s = (report.ended_ns - report.first_sample_ns) / 1e9
    assert 2.0 < said_s < 6.0
    loud = np.flatnonzero(np.abs(sound[:, 0]) > 300)
    assert (loud[-1] - loud[0]) / SAMPLE_RATE_HZ == pytest.approx(said_s, abs=0.4)


def test_a_stop_is_heard_as_silence_and_a_cue_at_once(server: Pulse, rig: MakeRig) -> None:
    device = rig(SpeakerSink)
    with server.listen() as monitor:
        until(lambda: len(monitor.heard()) > SAMPLE_RATE_HZ // 4)
        device.play(1, LONG)
        until(lambda: loudness(monitor.heard()) > 100)
        device.player.stop(1)
        stopped_ns = time.monotonic_ns()
        assert device.report(1).result is PlaybackResult.INTERRUPTED
        until(lambda: monitor.quiet_for_s() > 0.5)
        last_ns = monitor.last_sound_ns(0)
        assert last_ns
        # The sentence would go on for 15 s; bench/speech_latency.py measures the milliseconds.
        assert last_ns - stopped_ns < 1_000_000_000
        asked_ns = time.monotonic_ns()
        device.player.cue(Earcon.PRESS)
        until(lambda: monitor.first_sound_ns(asked_ns))


def test_a_device_that_goes_is_a_fault_and_one_that_comes_back_is_used(
    server: Pulse, rig: MakeRig, tmp_path: Path
) -> None:
    device = rig(SpeakerSink)
    device.play(1, WORDS)
    assert device.report(1).result is PlaybackResult.COMPLETED
    device.play(2, LONG)
    until(lambda: device.speech.pid)
    server.stop()
    assert device.report(2).result is PlaybackResult.FAILED
    until(lambda: device.faults)
    device.play(3, WORDS)
    assert device.report(3).result is PlaybackResult.FAILED
    assert device.restored == 0
    again = Pulse(tmp_path)
    try:
        until(lambda: device.restored)
        with again.listen() as monitor:
            device.play(4, WORDS)
            assert device.report(4).result is PlaybackResult.COMPLETED
            until(lambda: monitor.quiet_for_s() > 0.3)
            assert looks_like_speech(monitor.heard())
        assert len(device.faults) == 1
    finally:
        device.thread.close()
        again.stop()


def test_a_device_is_found_by_a_part_of_its_name(server: Pulse, caplog: pytest.LogCaptureFixture) -> None:
    chosen = SpeakerSink("PUL")
    assert not caplog.records
    other = SpeakerSink("headphones")
    assert "another stands in" in caplog.text
    assert (chosen.stands_in, other.stands_in) == (False, True)
    chosen.close()
    other.close()


def test_a_file_and_its_copy_hold_the_spoken_words(rig: MakeRig, tmp_path: Path) -> None:
    device = rig(lambda: TeeSink(PacedSink(WavSink(tmp_path / "a.wav")), WavSink(tmp_path / "b.wav")))
    device.play(1, WORDS, Earcon.SUCCESS)
    assert device.report(1).result is PlaybackResult.COMPLETED
    device.close()
    sound = read_back(tmp_path / "a.wav")
    assert looks_like_speech(sound)
    assert 2.5 < len(sound) / SAMPLE_RATE_HZ < 10.0
    assert (sound == read_back(tmp_path / "b.wav")).all()


def test_a_killed_voice_speaks_again_and_a_hung_one_costs_one_utterance(rig: MakeRig, tmp_path: Path) -> None:
    device = rig(lambda: PacedSink(WavSink(tmp_path / "a.wav")))
    os.kill(pid_of(device), signal.SIGKILL)
    device.play(1, "Ben.")
    assert device.report(1).result is PlaybackResult.COMPLETED
    os.kill(pid_of(device), signal.SIGSTOP)
    device.play(2, "Ben.")
    device.player.cue(Earcon.PRESS)
    assert device.report(2).result is PlaybackResult.FAILED
    device.play(3, "Ben.")
    assert device.report(3).result is PlaybackResult.COMPLETED
    assert device.faults == []


def test_a_sink_that_fails_at_once_never_blocks_the_callers(rig: MakeRig) -> None:
    opened: list[BrokenSink] = []

    def open_sink() -> AudioSink:
        opened.append(BrokenSink())
        return opened[-1]

    device = rig(open_sink)
    until(lambda: device.faults)
    for number in range(200):
        device.play(number, LONG)
        device.player.cue(Earcon.PRESS)
        device.player.stop(number)
    until(lambda: len(device.reports) == 200)
    assert {report.result for report in device.reports} <= {PlaybackResult.FAILED, PlaybackResult.INTERRUPTED}
    until(lambda: len(opened) > 1)
    device.thread.close()
    assert all(sink.closed for sink in opened)


def test_silence_a_tone_and_noise_do_not_pass_for_speech() -> None:
    count = 3 * SAMPLE_RATE_HZ
    tone = 8000 * np.sin(2 * np.pi * 440 * np.arange(count) / SAMPLE_RATE_HZ)
    noise = np.random.default_rng(0).normal(0, 4000, count)
    for sound in (np.zeros(count), tone, noise):
        assert not looks_like_speech(np.column_stack([sound, sound]).astype(np.int16))


def until(true: Callable[[], object]) -> None:
    end_s = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end_s, "waited in vain"
        time.sleep(0.01)


def pid_of(device: Rig) -> int:
    until(lambda: device.speech.pid)
    return device.speech.pid or 0


def loudness(sound: I16) -> float:
    return float(np.sqrt((sound.astype(float) ** 2).mean())) if len(sound) else 0.0


def looks_like_speech(sound: I16) -> bool:
    """Loud, most of its power between 100 and 4000 Hz, and rising and falling as syllables do."""
    mono = sound[:, 0].astype(float)
    loud = np.flatnonzero(np.abs(mono) > 300)
    if not len(loud):
        return False
    mono = mono[loud[0] : loud[-1]]
    power = np.abs(np.fft.rfft(mono)) ** 2
    hz = np.fft.rfftfreq(len(mono), 1 / SAMPLE_RATE_HZ)
    in_band = power[(hz > 100) & (hz < 4000)].sum() / power.sum()
    slot = SAMPLE_RATE_HZ // 50
    levels = np.sqrt((mono[: len(mono) // slot * slot].reshape(-1, slot) ** 2).mean(axis=1))
    return bool(np.sqrt((mono**2).mean()) > 500 and in_band > 0.8 and levels.std() > 0.4 * levels.mean())
