"""One contract for both microphones, and what a recorder in a child process owes when that goes wrong.

The real one records through ALSA, from a device that is a file, and from recorders that go wrong on purpose.
"""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from kith.clock import NS_PER_MS, NS_PER_S, MonotonicClock, VirtualClock
from kith.drivers import alsa_microphone
from kith.drivers.alsa_microphone import AlsaMicrophone
from kith.drivers.simulated_microphone import ECHO, NOISE_LEVEL, SimulatedMicrophone
from kith.errors import HardwareError, MicrophoneFault, MicrophoneUnavailable
from kith.ports import Microphone
from kith.types import I16, SAMPLE_RATE_HZ, VoiceBlock
from tests.hardware.parts import needs, settings

PATIENCE_S = 15.0
needs_arecord = pytest.mark.skipif(
    not shutil.which("arecord"), reason="arecord is missing: sudo apt-get install alsa-utils"
)
COUNTING: I16 = np.arange(3 * SAMPLE_RATE_HZ, dtype=np.int64).astype(np.int16)
"""Every sample tells its place."""


class Ear:
    """Takes what a microphone gives."""

    def __init__(self) -> None:
        self.blocks: list[VoiceBlock] = []
        self.faults: list[HardwareError] = []

    def start(self, microphone: Microphone) -> None:
        microphone.start(self.blocks.append, self.faults.append)

    @property
    def sound(self) -> I16:
        return np.concatenate([np.zeros(0, np.int16), *(block.samples for block in list(self.blocks))])


@pytest.fixture
def alsa(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """ALSA with a device "file" that gives COUNTING, as fast as it is read."""
    sound = tmp_path / "a voice.raw"
    COUNTING.astype("<i2").tofile(sound)
    # ALSA takes a space in this path for the end of it.
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        config = Path(folder, "asound.conf")
        config.write_text(
            'pcm.file { type file slave.pcm { type null } file "/dev/null" format "raw" '
            f'infile "{sound}" }}\n'
        )
        monkeypatch.setenv("ALSA_CONFIG_PATH", str(config))
        yield


@pytest.fixture(
    params=[
        pytest.param("alsa", marks=needs_arecord),
        "simulated",
        pytest.param("card", marks=needs("microphone")),
    ]
)
def microphone(request: pytest.FixtureRequest) -> Iterator[Microphone]:
    made: Microphone
    if request.param == "card":
        made = AlsaMicrophone(settings().microphone.alsa_device, MonotonicClock())
    elif request.param == "alsa":
        request.getfixturevalue("alsa")
        made = AlsaMicrophone("file", MonotonicClock())
    else:
        made = SimulatedMicrophone((), MonotonicClock(), paced=True)
    yield made
    made.stop()


@pytest.fixture(params=[pytest.param("alsa", marks=needs_arecord), "simulated"])
def missing(request: pytest.FixtureRequest) -> Microphone:
    if request.param == "alsa":
        request.getfixturevalue("alsa")
        return AlsaMicrophone("nowhere", MonotonicClock())
    microphone = SimulatedMicrophone((), MonotonicClock(), paced=True)
    microphone.unplug()
    return microphone


# --- both -------------------------------------------------------------------------------------------


def test_blocks_are_mono_of_the_right_length_read_only_and_in_order(microphone: Microphone) -> None:
    ear = Ear()
    before_ns = time.monotonic_ns()
    ear.start(microphone)
    until(lambda: len(ear.blocks) >= 8)
    microphone.stop()
    assert ear.faults == []
    for block in ear.blocks:
        assert block.samples.dtype == np.int16
        assert block.samples.ndim == 1
        assert 0.010 <= len(block.samples) / SAMPLE_RATE_HZ <= 0.050
        assert not block.samples.flags.writeable
    times = [block.at_ns for block in ear.blocks]
    assert all(first < second for first, second in itertools.pairwise(times))
    assert before_ns < times[0]
    assert times[-1] <= time.monotonic_ns()


def test_nothing_comes_after_a_stop_and_it_can_be_started_again(microphone: Microphone) -> None:
    microphone.stop()
    for _ in range(3):
        ear = Ear()
        ear.start(microphone)
        until(lambda ear=ear: len(ear.blocks) >= 2)  # type: ignore[misc]
        microphone.stop()
        count = len(ear.blocks)
        microphone.stop()
        time.sleep(0.1)
        assert len(ear.blocks) == count
        assert ear.faults == []


def test_a_second_start_takes_the_place_of_the_first(microphone: Microphone) -> None:
    first, second = Ear(), Ear()
    first.start(microphone)
    until(lambda: first.blocks)
    second.start(microphone)
    count = len(first.blocks)
    until(lambda: len(second.blocks) >= 2)
    microphone.stop()
    assert len(first.blocks) == count


def test_who_hears_a_block_may_stop_it(microphone: Microphone) -> None:
    ear = Ear()

    def enough(block: VoiceBlock) -> None:
        ear.blocks.append(block)
        microphone.stop()

    microphone.start(enough, ear.faults.append)
    until(lambda: ear.blocks)
    time.sleep(0.1)
    assert len(ear.blocks) == 1
    ear.start(microphone)
    until(lambda: len(ear.blocks) > 3)


def test_a_missing_one_is_told_and_not_raised(missing: Microphone) -> None:
    ear = Ear()
    for attempt in (1, 2):
        ear.start(missing)
        until(lambda attempt=attempt: len(ear.faults) == attempt)  # type: ignore[misc]
        assert isinstance(ear.faults[-1], MicrophoneUnavailable)
    assert ear.blocks == []
    missing.stop()


def test_a_stop_at_once_tells_nothing(missing: Microphone) -> None:
    ear = Ear()
    for _ in range(5):
        ear.start(missing)
        missing.stop()
        count = len(ear.faults)
        time.sleep(0.03)
        assert len(ear.faults) == count


# --- the real one -------------------------------------------------------------------------------------


@needs_arecord
@pytest.mark.usefixtures("alsa")
def test_what_alsa_gives_arrives_sample_by_sample() -> None:
    ear = Ear()
    ear.start(microphone := AlsaMicrophone("file", MonotonicClock()))
    until(lambda: len(ear.sound) > SAMPLE_RATE_HZ)
    microphone.stop()
    assert (ear.sound[:SAMPLE_RATE_HZ] == COUNTING[:SAMPLE_RATE_HZ]).all()


@needs_arecord
@pytest.mark.usefixtures("alsa")
def test_a_device_that_is_not_there_is_told_in_a_sentence() -> None:
    ear = Ear()
    ear.start(AlsaMicrophone("nowhere", MonotonicClock()))
    until(lambda: ear.faults)
    assert str(ear.faults[0]) == (
        "no microphone at 'nowhere': audio open error: No such file or directory; `arecord -l` lists them"
    )


def test_without_alsa_utils_the_command_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    ear = Ear()
    ear.start(AlsaMicrophone("default", MonotonicClock()))
    until(lambda: ear.faults)
    assert isinstance(ear.faults[0], MicrophoneUnavailable)
    assert str(ear.faults[0]) == "arecord is missing: sudo apt-get install alsa-utils"


Recorder = Callable[[str], AlsaMicrophone]


@pytest.fixture
def recorder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorder]:
    """An arecord that does what a few lines of Python say; `sound(n)` gives n blocks."""
    made: list[AlsaMicrophone] = []

    def make(lines: str) -> AlsaMicrophone:
        folder = tmp_path / "bin of its own"
        folder.mkdir()
        script = folder / "arecord.py"
        script.write_text(
            "import os, signal, sys, time\n"
            "def sound(blocks): os.write(1, bytes(882 * blocks))\n"
            "def words(text): os.write(2, text.encode())\n" + lines
        )
        program = folder / "arecord"
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S "{script}"\n')
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
        made.append(AlsaMicrophone("hw:1", MonotonicClock()))
        return made[-1]

    yield make
    for each in made:
        each.stop()


ENDS = [
    ("sys.exit(1)", MicrophoneUnavailable, "no microphone at 'hw:1': it ended without a word"),
    (
        "words('ALSA lib x.c:1\\narecord: main:831: audio open error: Device or resource busy\\n')",
        MicrophoneUnavailable,
        "audio open error: Device or resource busy; `arecord -l`",
    ),
    (
        "sound(5); words('arecord: pcm_read:2221: read error: No such device\\n'); sys.exit(1)",
        MicrophoneFault,
        "the microphone 'hw:1' stopped: read error: No such device; is it still plugged in",
    ),
    ("sound(5); os.kill(os.getpid(), 9)", MicrophoneFault, "stopped: it ended without a word"),
    ("sound(5); os.close(1); os.close(2); time.sleep(60)", MicrophoneFault, "stopped"),
    (
        "words('Warning: rate is not accurate (requested = 22050Hz, got = 48000Hz)\\n'); sound(70)",
        MicrophoneUnavailable,
        "does not give 22050 Hz; name it plughw",
    ),
]


@pytest.mark.parametrize(("lines", "kind", "said"), ENDS)
def test_one_that_ends_is_told_once_in_its_own_words(
    recorder: Recorder, lines: str, kind: type[HardwareError], said: str
) -> None:
    ear = Ear()
    ear.start(recorder(lines))
    until(lambda: ear.faults)
    assert type(ear.faults[0]) is kind
    assert said in str(ear.faults[0])
    assert len(ear.blocks) == (5 if kind is MicrophoneFault else 0)
    time.sleep(0.05)
    assert len(ear.faults) == 1


@pytest.mark.parametrize("blocks", [0, 3])
def test_one_that_hangs_is_killed_and_told(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, blocks: int
) -> None:
    monkeypatch.setattr(alsa_microphone, "SILENT_AFTER_S", 0.5)
    ear, pid = Ear(), tmp_path / "pid"
    ear.start(recorder(f"sound({blocks}); open({str(pid)!r}, 'w').write(str(os.getpid())); time.sleep(60)"))
    until(lambda: ear.faults)
    assert isinstance(ear.faults[0], MicrophoneFault)
    assert "gave no sound" in str(ear.faults[0])
    until(lambda: not alive(int(pid.read_text())))


def test_one_that_talks_without_end_is_heard_all_the_same(recorder: Recorder) -> None:
    ear = Ear()
    ear.start(recorder("while True:\n    words('overrun!!! (at least 1.2 ms long)\\n' * 1000); sound(1)"))
    until(lambda: len(ear.blocks) > 50)
    assert ear.faults == []


def test_a_stop_ends_it_though_it_will_not_end(recorder: Recorder, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    microphone = recorder(
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"open({str(pid)!r}, 'w').write(str(os.getpid())); sound(1)\nwhile True: time.sleep(9)"
    )
    ear = Ear()
    ear.start(microphone)
    until(lambda: ear.blocks)
    began_s = time.monotonic()
    microphone.stop()
    assert time.monotonic() - began_s < 1.0
    assert not alive(int(pid.read_text()))


def test_it_never_outlives_kith(recorder: Recorder, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    # It writes nothing more, so that no broken pipe ends it.
    recorder(f"open({str(pid)!r}, 'w').write(str(os.getpid()) + ' '); sound(1); time.sleep(60)")
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import time\n"
            "from kith.clock import MonotonicClock\n"
            "from kith.drivers.alsa_microphone import AlsaMicrophone\n"
            "AlsaMicrophone('hw:1', MonotonicClock()).start(print, print)\n"
            "time.sleep(60)\n",
        ],
        stdout=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    until(lambda: pid.exists() and pid.read_text().endswith(" "))
    child = int(pid.read_text())
    assert alive(child)
    parent.kill()
    parent.wait(5)
    until(lambda: not alive(child))


# --- the simulated one ----------------------------------------------------------------------------------


class Room:
    """A simulated microphone in virtual time, ten milliseconds at a step."""

    def __init__(self, *names: I16) -> None:
        self.clock, self.ear = VirtualClock(), Ear()
        self.microphone = SimulatedMicrophone(names, self.clock)
        self._samples = 0

    def play(self, seconds: float, level: int = 0) -> I16:
        """What is heard meanwhile."""
        count = len(self.ear.blocks)
        for _ in range(round(seconds * 100)):
            now_ns = self.clock.now_ns() + 10 * NS_PER_MS
            until_sample = now_ns * SAMPLE_RATE_HZ // NS_PER_S
            self.clock.advance_to(now_ns)
            self.microphone.hear(np.full((until_sample - self._samples, 2), level, np.int16), now_ns)
            self._samples = until_sample
        return np.concatenate([np.zeros(0, np.int16), *(block.samples for block in self.ear.blocks[count:])])


def test_in_virtual_time_it_hears_the_device_itself_and_is_silent_until_started() -> None:
    room = Room()
    assert len(room.play(0.5)) == 0
    room.ear.start(room.microphone)
    assert room.play(1.0).std() == pytest.approx(NOISE_LEVEL, rel=0.1)
    assert room.play(0.5, level=10_000).mean() == pytest.approx(10_000 * ECHO, rel=0.02)
    assert room.ear.blocks[-1].at_ns == room.clock.now_ns()
    room.microphone.stop()
    assert len(room.play(0.5)) == 0


def test_a_name_is_said_half_a_second_after_it_was_asked_for_and_each_once() -> None:
    names = [np.full(SAMPLE_RATE_HZ // 2, level, np.int16) for level in (5000, 9000)]
    names[0][::2] = -5000
    room = Room(*names)
    room.ear.start(room.microphone)
    for name in names:
        room.microphone.answer()
        heard = room.play(1.5)
        first, last = np.flatnonzero(np.abs(heard) > 1000)[[0, -1]]
        assert first == pytest.approx(SAMPLE_RATE_HZ // 2, abs=2)
        assert last - first + 1 == len(name)
        assert np.abs(heard[first : last + 1] - name).max() < 6 * NOISE_LEVEL
    room.microphone.answer()
    assert np.abs(room.play(1.5)).max() < 1000


def test_a_name_that_was_not_said_to_its_end_is_begun_anew() -> None:
    room = Room(np.full(SAMPLE_RATE_HZ, 5000, np.int16), np.full(10, 9000, np.int16))
    room.ear.start(room.microphone)
    room.microphone.answer()
    assert (room.play(1.0) > 1000).sum() == pytest.approx(SAMPLE_RATE_HZ / 2, abs=2)
    room.microphone.answer()
    heard = room.play(2.0)
    assert (heard > 1000).sum() == SAMPLE_RATE_HZ
    assert heard.max() < 6000


def test_one_that_is_unplugged_amid_a_name_is_a_fault_and_works_again_later() -> None:
    room = Room()
    room.ear.start(room.microphone)
    room.play(0.1)
    room.microphone.unplug()
    assert len(room.play(0.1)) == 0
    assert [type(fault) for fault in room.ear.faults] == [MicrophoneFault]
    room.microphone.plug_in()
    assert len(room.play(0.1)) == 0
    room.ear.start(room.microphone)
    assert len(room.play(0.1)) > 0


def test_in_real_time_it_hears_the_device_and_the_names_too() -> None:
    name = np.full(SAMPLE_RATE_HZ // 5, 9000, np.int16)
    microphone = SimulatedMicrophone((name,), MonotonicClock(), paced=True)
    ear = Ear()
    ear.start(microphone)
    microphone.answer()
    microphone.hear(np.full((2205, 2), 20_000, np.int16), time.monotonic_ns())
    until(lambda: len(ear.sound) > SAMPLE_RATE_HZ)
    microphone.stop()
    assert (np.abs(ear.sound - 2000.0) < 300).sum() == pytest.approx(2205, abs=30)
    assert (ear.sound > 7000).sum() == pytest.approx(len(name), abs=450)
    assert len(ear.blocks) < 80


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def until(true: Callable[[], object]) -> None:
    end_s = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end_s, "waited in vain"
        time.sleep(0.005)
