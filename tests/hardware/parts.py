"""Which real parts are tried, by what the owner of a Pi asks for, and how they are asked to lend a hand.

KITH_HARDWARE=1 says that this is a wearable; KITH_PARTS="button,buzzer" that only these parts are tried.
Pins and names are those of the settings, as everywhere ($KITH_CONFIG, else /etc/kith/kith.toml).
"""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from kith.config import Settings, load_settings, usual_settings_file
from kith.guard.settings import GuardSettings, load_guard_settings

PARTS = {
    "battery": "a battery or UPS that the kernel knows of",
    "button": "a push button",
    "buzzer": "a passive piezo buzzer",
    "camera": "a camera",
    "hcsr04": "an HC-SR04",
    "microphone": "a microphone",
    "motor": "a vibration motor",
    "remote": "a Bluetooth remote or keyboard",
    "speaker": "a loudspeaker or headset",
    "vl53l1x": "a VL53L1X",
}
PATIENCE_S = 20.0
"""So long somebody has to do what they are asked for."""


def wanted(part: str) -> bool:
    """Whether this part is tried. Raises pytest.UsageError for a part that there is none of."""
    chosen = [each.strip() for each in os.environ.get("KITH_PARTS", "").split(",") if each.strip()]
    if unknown := [each for each in chosen if each not in PARTS]:
        raise pytest.UsageError(f"KITH_PARTS knows no {', '.join(unknown)}; there are: {', '.join(PARTS)}")
    return "KITH_HARDWARE" in os.environ and (not chosen or part in chosen)


def needs(part: str) -> pytest.MarkDecorator:
    """Skips what needs a part that is not tried here."""
    return pytest.mark.skipif(
        not wanted(part), reason=f"needs a Pi with {PARTS[part]}: make hardware-test KITH_PARTS={part}"
    )


@cache
def config() -> Path | None:
    """The settings file of this device."""
    named = os.environ.get("KITH_CONFIG") or usual_settings_file()
    return Path(named) if named else None


def settings() -> Settings:
    """The main daemon's. Raises ConfigError."""
    file = config()
    return Settings() if file is None else load_settings(file)


def guard_settings() -> GuardSettings:
    """The guard's. Raises ConfigError."""
    file = config()
    return GuardSettings() if file is None else load_guard_settings(file)


def ask(what: str, *, aloud: bool = True) -> None:
    """Print what somebody is to do now, and say it where there is a voice."""
    print(f"\n>>> {what}", flush=True)
    if aloud and shutil.which("espeak-ng"):
        subprocess.run(
            ["espeak-ng", what],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
            timeout=PATIENCE_S,
        )


def within(true: Callable[[], object], what: str, patience_s: float = PATIENCE_S) -> None:
    """Wait for what somebody does; fails, with what was waited for, when it does not come."""
    end_s = time.monotonic() + patience_s
    while not true():
        assert time.monotonic() < end_s, f"waited {patience_s:.0f} s in vain for {what}"
        time.sleep(0.02)


def is_so(question: str) -> bool:
    """What somebody answers at the keyboard; no answer in time is a no."""
    ask(f"{question} Enter for yes, n and Enter for no.")
    ready, _, _ = select.select([sys.stdin], [], [], PATIENCE_S)
    return bool(ready) and sys.stdin.readline().strip().lower() in ("", "y", "yes")
