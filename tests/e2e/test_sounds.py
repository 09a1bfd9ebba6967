"""`kith sounds` as a command: the beeps measured in what it writes, and broken off on a real sound device."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from kith.clock import NS_PER_MS
from tests.e2e._commands import RATE_HZ, heard, kith, one_line
from tests.e2e.pulse import Pulse, pulse, why_not

HOP = RATE_HZ // 200
"""5 ms: how exactly a beep is placed."""
WINDOW = RATE_HZ // 50
PATIENCE_S = 20.0


def written(tmp_path: Path, *names: str, settings: str = "") -> NDArray[np.int16]:
    """What is heard of these sounds."""
    config, file = tmp_path / "kith.toml", tmp_path / "sounds.wav"
    config.write_text(settings)
    done = kith("--config", config, "sounds", *names, "--sound", file)
    if "no voice" in done.stderr:
        pytest.skip(done.stderr)
    assert done.returncode == 0, done.stderr
    return heard(file)


def beeps(sound: NDArray[np.int16], pitch_hz: int) -> list[tuple[float, float]]:
    """From when to when, in ms, a buzzer of this pitch sounds: nearly all is on it and its harmonics."""
    mono = sound[:, 0].astype(float)
    windows = np.lib.stride_tricks.sliding_window_view(mono, WINDOW)[::HOP] * np.hanning(WINDOW)
    power = np.abs(np.fft.rfft(windows)) ** 2
    hz = np.arange(power.shape[1]) * RATE_HZ / WINDOW
    on_it = np.zeros(len(hz), bool)
    for order in (1, 3, 5):
        on_it |= np.abs(hz - order * pitch_hz) <= 2.5 * RATE_HZ / WINDOW
    share = power[:, on_it].sum(axis=1) / np.maximum(power.sum(axis=1), 1.0)
    fundamental = power[:, np.abs(hz - pitch_hz) <= 2.5 * RATE_HZ / WINDOW].sum(axis=1)
    loud = fundamental > 0.1 * power.sum(axis=1).max() * 0.1
    edges = np.flatnonzero(np.diff(np.concatenate([[0], ((share > 0.95) & loud).astype(int), [0]])))
    times = edges * HOP * 1000 / RATE_HZ
    return list(zip(times[::2].tolist(), times[1::2].tolist(), strict=True))


def gaps(found: list[tuple[float, float]]) -> list[float]:
    return [after[0] - before[1] for before, after in itertools.pairwise(found)]


@pytest.mark.parametrize(
    ("name", "pulses", "gap_ms"), [("far", 6, 500), ("middle", 8, 250), ("near", 10, 120)]
)
def test_a_warning_is_heard_at_both_heights_with_its_own_gaps(
    tmp_path: Path, name: str, pulses: int, gap_ms: int
) -> None:
    sound = written(tmp_path, name)
    middle_ms = len(sound) * 1000 / RATE_HZ / 2
    for pitch_hz, first_half in ((2400, True), (1200, False)):
        found = beeps(sound, pitch_hz)
        assert len(found) == pulses, found
        assert all((on < middle_ms) is first_half for on, _ in found)
        assert gaps(found) == pytest.approx([gap_ms] * (pulses - 1), abs=25)
        assert [off - on for on, off in found] == pytest.approx([80] * pulses, abs=25)


def test_contact_is_one_long_tone(tmp_path: Path) -> None:
    sound = written(tmp_path, "contact")
    for pitch_hz in (2400, 1200):
        ((on, off),) = beeps(sound, pitch_hz)
        assert off - on == pytest.approx(1500, abs=30)


def test_each_is_named_first_and_the_settings_are_the_guard_s(tmp_path: Path) -> None:
    sound = written(tmp_path, "near", settings="[guard.sounds]\nhead_hz = 3000\nnear_gap_ms = 200\n")
    found = beeps(sound, 3000)
    assert gaps(found) == pytest.approx([200] * (len(found) - 1), abs=25)
    voice = sound[: round((found[0][0] - 200) * RATE_HZ / 1000), 0].astype(float)
    assert np.sqrt(np.mean(voice**2)) > 500
    assert len(voice) > RATE_HZ // 2


def test_all_of_them(tmp_path: Path) -> None:
    done = kith("sounds", "--list")
    listed = done.stdout.splitlines()
    assert done.returncode == 0
    assert len(listed) == 25
    played = kith("sounds", "--sound", tmp_path / "all.wav")
    if "no voice" in played.stderr:
        pytest.skip(played.stderr)
    assert played.stdout.splitlines() == listed
    assert len(heard(tmp_path / "all.wav")) > 60 * RATE_HZ


def test_what_is_wrong_is_said_in_one_line(tmp_path: Path) -> None:
    assert one_line(kith("sounds", "nonsense")).startswith("there is no sound 'nonsense'; there are: far, ")
    assert "No such file" in one_line(kith("sounds", "far", "--sound", tmp_path / "no" / "file.wav"))
    config = tmp_path / "kith.toml"
    config.write_text("[guard.sounds]\nhead_hz = 5\n")
    assert "head_hz must be from" in one_line(kith("--config", config, "sounds", "far"))


# --- aloud ----------------------------------------------------------------------------------------------


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Pulse]:
    if reason := why_not():
        pytest.skip(reason)
    with pulse(tmp_path) as running:
        yield running


def test_ctrl_c_ends_it_at_once(server: Pulse) -> None:
    with server.listen() as monitor:
        began_ns = time.monotonic_ns()
        process = _sounds_aloud(server)
        try:
            end_s = time.monotonic() + PATIENCE_S
            while monitor.first_sound_ns(began_ns) is None:
                assert process.poll() is None, process.communicate()
                assert time.monotonic() < end_s
                time.sleep(0.01)
            time.sleep(0.5)
            told_ns = time.monotonic_ns()
            process.send_signal(signal.SIGINT)
            _, error = process.communicate(timeout=PATIENCE_S)
            took_ms = (time.monotonic_ns() - told_ns) / NS_PER_MS
        finally:
            process.kill()
        assert process.returncode == 1
        assert "Traceback" not in error
        assert took_ms < 1000
        time.sleep(0.5)
        assert not monitor.heard(told_ns + 400 * NS_PER_MS).any()


def _sounds_aloud(server: Pulse) -> subprocess.Popen[Any]:
    return subprocess.Popen(
        # Tests that run in a shell's background inherit that ^C is ignored.
        ["env", "--default-signal=INT", sys.executable, "-m", "kith", "sounds", "contact"],
        env=os.environ | server.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
