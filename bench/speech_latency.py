"""How soon a word is heard and how soon it is cut, voice by voice: `python -m bench.speech_latency`.

The first table needs no sound device. The others play into a PulseAudio server of their own and listen at
its other end, so they hold the time of PulseAudio and of the recorder too; see docs/decisions/speech.md.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from kith.announce.earcons import EarconBank
from kith.announce.player import Player
from kith.announce.player_thread import PlayerThread
from kith.clock import MonotonicClock
from kith.config import AnnounceSettings
from kith.drivers.espeak import SYSTEM_LIBRARY, EspeakSpeech, find_libraries
from kith.drivers.pyttsx3_speech import Pyttsx3Speech
from kith.drivers.simulated_speech import MS_PER_LETTER, SimulatedSpeech
from kith.drivers.speaker import SpeakerSink
from kith.errors import AudioUnavailable
from kith.ports import Speech, UtteranceState
from kith.types import Announcement, Band, Earcon, Phrase
from tests.e2e.pulse import Monitor, pulse, why_not

TEXT = "Anna number {}, left, two metres."
LONG = "This is said for as long as it takes to cut it off in the middle. " * 2
HUM_S = 10
HOLE_SAMPLES = 60
"""A hum of 200 Hz is below the level for 1 ms at most; 2.7 ms of quiet is a hole."""

AS_DOCUMENTED = """
import sys, time, wave, pyttsx3
begin = time.perf_counter()
engine = pyttsx3.init()
engine.save_to_file(sys.argv[1], sys.argv[2])
engine.runAndWait()
try:
    with wave.open(sys.argv[2]) as file:
        frames = file.getnframes()
except (OSError, EOFError, wave.Error):
    frames = 0
sys.stderr.write(f"{(time.perf_counter() - begin) * 1000} {frames}")
"""


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=30, help="utterances a voice and plays a setting")
    report(parser.parse_args().rounds)


def report(rounds: int = 30) -> None:
    """Print the tables; takes about 4 minutes."""
    voices(rounds)
    if reason := why_not():
        print(f"\nno sound device to listen to: {reason}")
        return
    device(rounds)
    holes()


def voices(rounds: int) -> None:
    """From `say` to the samples."""
    print(
        f"{rounds} utterances each       start ms   first samples (median, worst)   all ms   silent or failed"
    )
    wheel = [library for library in find_libraries() if library != SYSTEM_LIBRARY]
    settings = AnnounceSettings()
    candidates: list[tuple[str, Callable[[], Speech]]] = [
        ("espeak-ng, system's", lambda: EspeakSpeech(settings, [SYSTEM_LIBRARY])),
        ("espeak-ng, wheel's", lambda: EspeakSpeech(settings, wheel)),
        ("pyttsx3, our child", lambda: Pyttsx3Speech(settings)),
    ]
    for name, make in candidates:
        try:
            voice(name, make, rounds)
        except AudioUnavailable as error:
            print(f"{name:24} {error}")
    as_documented("pyttsx3, as documented", TEXT, rounds)
    as_documented("the same, longer text", LONG, rounds)


def voice(name: str, make: Callable[[], Speech], rounds: int) -> None:
    """One line of the first table."""
    begin = time.perf_counter()
    speech = make()
    start_ms = ms_since(begin)
    first_ms, all_ms, bad = [], [], 0
    for number in range(rounds):
        begin = time.perf_counter()
        utterance = speech.say(TEXT.format(number))
        sound = utterance.read(1, wait=True)
        first_ms.append(ms_since(begin))
        sound = np.concatenate([sound, utterance.read(10**9, wait=True)])
        all_ms.append(ms_since(begin))
        bad += utterance.state is not UtteranceState.DONE or np.abs(sound).max(initial=0) < 1000
    speech.close()
    print(
        f"{name:24} {start_ms:8.0f} {statistics.median(first_ms):18.1f} {max(first_ms):8.1f} "
        f"{statistics.median(all_ms):18.1f} {bad:12d} of {rounds}"
    )


def as_documented(name: str, text: str, rounds: int) -> None:
    """pyttsx3 as its manual has it, a process an utterance: is the file whole when `runAndWait` is back?"""
    all_ms, bad = [], 0
    with tempfile.TemporaryDirectory() as folder:
        for number in range(rounds):
            arguments = [text.format(number), f"{folder}/{number}.wav"]
            answer = subprocess.run(
                [sys.executable, "-c", AS_DOCUMENTED, *arguments], capture_output=True, text=True, check=False
            )
            took_ms, _, frames = answer.stderr.rpartition("\n")[2].partition(" ")
            all_ms.append(float(took_ms or 0))
            bad += not int(frames or 0)
    print(f"{name:24} {statistics.median(all_ms):55.1f} {bad:12d} of {rounds}")


def device(rounds: int) -> None:
    """From the decision to the other end of a device."""
    print(
        f"\n{rounds} plays, ms (median, worst)   word heard         cut to silence     press heard     holes"
    )
    for latency_s in (0.02, 0.03, 0.04):
        with playing(EspeakSpeech(AnnounceSettings()), latency_s) as (player, monitor, sinks):
            words, cuts, presses = [], [], []
            for number in range(rounds):
                word, cut = word_and_cut(player, monitor, number)
                words.append(word)
                cuts.append(cut)
                presses.append(press(player, monitor))
            cells = "   ".join(
                f"{statistics.median(each):6.1f} {max(each):8.1f}" for each in (words, cuts, presses)
            )
            print(f"latency {latency_s * 1000:.0f} ms           {cells} {sinks[-1].underruns:8d}", flush=True)


def word_and_cut(player: Player, monitor: Monitor, number: int) -> tuple[float, float]:
    """ms from play to sound, and from stop to silence."""
    asked_ns = time.monotonic_ns()
    phrase = Phrase.of(LONG)
    player.play(number, Announcement(key="k", phrase=phrase, earcon=None, band=Band.RESPONSE, expires_ns=0))
    # Not always at the same place in the words and in the blocks.
    time.sleep(0.5 + 0.0137 * (number % 7))
    stopped_ns = time.monotonic_ns()
    player.stop(number)
    time.sleep(0.4)
    first_ns, last_ns = monitor.first_sound_ns(asked_ns), monitor.last_sound_ns(asked_ns)
    assert first_ns, "nothing was heard"
    assert last_ns, "nothing was heard"
    return (first_ns - asked_ns) / 1e6, (last_ns - stopped_ns) / 1e6


def press(player: Player, monitor: Monitor) -> float:
    """ms from a cue to its sound."""
    asked_ns = time.monotonic_ns()
    player.cue(Earcon.PRESS)
    time.sleep(0.3)
    heard_ns = monitor.first_sound_ns(asked_ns)
    assert heard_ns, "nothing was heard"
    return (heard_ns - asked_ns) / 1e6


def holes() -> None:
    """What a busy Python thread in the same process does to the sound."""
    print(f"\nholes in {HUM_S} s of hum beside a thread of pure Python")
    before_s = sys.getswitchinterval()
    for interval_ms in (5, 1):
        sys.setswitchinterval(interval_ms / 1000)
        for latency_s in (0.02, 0.03, 0.04):
            count, total_ms = hum(latency_s)
            print(
                f"switch interval {interval_ms} ms, latency {latency_s * 1000:.0f} ms: "
                f"{count} holes, {total_ms:.0f} ms in all",
                flush=True,
            )
    sys.setswitchinterval(before_s)


def hum(latency_s: float) -> tuple[int, float]:
    """Holes and their length in ms."""
    with playing(SimulatedSpeech(), latency_s) as (player, monitor, _), busy_thread():
        begin_ns = time.monotonic_ns()
        phrase = Phrase.of("m" * (HUM_S * 1000 // MS_PER_LETTER))
        player.play(1, Announcement(key="k", phrase=phrase, earcon=None, band=Band.RESPONSE, expires_ns=0))
        time.sleep(HUM_S + 1)
        loud = np.flatnonzero(np.abs(monitor.heard(begin_ns)[:, 0].astype(int)) > 300)
    gaps = np.diff(loud)
    found = gaps[gaps > HOLE_SAMPLES]
    return len(found), float(found.sum()) / 22.05


@contextmanager
def busy_thread() -> Iterator[None]:
    """A thread that never lets the interpreter go of its own will."""
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            sum(number * number for number in range(1000))

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@contextmanager
def playing(speech: Speech, latency_s: float) -> Iterator[tuple[Player, Monitor, list[SpeakerSink]]]:
    """The player on a device that is heard."""
    player = Player(speech, EarconBank(), volume=0.8, wait_for_speech=False)
    sinks: list[SpeakerSink] = []

    def open_sink() -> SpeakerSink:
        sinks.append(SpeakerSink(latency_s=latency_s))
        return sinks[-1]

    with tempfile.TemporaryDirectory() as folder, pulse(Path(folder)) as server, server.listen() as monitor:
        thread = PlayerThread(
            player,
            open_sink,
            MonotonicClock(),
            on_playback=lambda report: None,
            on_fault=lambda error: print(f"fault: {error}"),
            on_restored=lambda: None,
            on_exhausted=lambda: print("the player gave up"),
        )
        thread.start()
        # PulseAudio's null sink begins with a buffer of 2 s and shrinks it to what is asked for.
        time.sleep(4)
        try:
            yield player, monitor, sinks
        finally:
            thread.close()
            speech.close()


def ms_since(begin_s: float) -> float:
    """Of `time.perf_counter`."""
    return (time.perf_counter() - begin_s) * 1000


if __name__ == "__main__":
    main()
