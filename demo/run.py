"""Let the device walk: `kith simulate` over the built walk, and where its traces are."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from demo.build import BUILD_DIR
from kith.errors import KithError


class RunError(KithError):
    """The walk could not be walked to its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """What a run leaves behind."""

    sound: Path
    picture: Path
    events: Path
    took_s: float


def run_walk(out: Path = BUILD_DIR / "walked") -> Traces:
    """Simulate the device on the walk; its timeline goes to the terminal. Raises RunError."""
    kith = Path(sys.executable).with_name("kith")
    if not kith.exists():
        raise RunError(f"there is no {kith}: run `make setup` first")
    out.mkdir(parents=True, exist_ok=True)
    began_s = time.monotonic()
    traces = [out / "heard.wav", out / "seen.png", out / "events.jsonl"]
    options = zip(("--sound", "--picture", "--events"), traces, strict=True)
    done = subprocess.run([kith, "simulate", *(str(word) for pair in options for word in pair)], check=False)
    if done.returncode != 0:
        raise RunError("the walk ended early; the reason stands above")
    return Traces(sound=traces[0], picture=traces[1], events=traces[2], took_s=time.monotonic() - began_s)
