"""Let the device walk: `kith simulate` over the built walk."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from demo.build import BUILD_DIR
from kith.errors import InputError, KithError


class RunError(KithError):
    """The walk could not be walked to its end."""


def run_walk(out: Path = BUILD_DIR / "walked") -> None:
    """Simulate the device on the walk. The command itself tells on the terminal what happens, and in the
    end where sound, picture and events are. Raises RunError, and InputError where `out` cannot be made."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot make the folder {out}: {error.strerror}") from error
    traces = {"--sound": "heard.wav", "--picture": "seen.png", "--events": "events.jsonl"}
    options = [word for option, name in traces.items() for word in (option, str(out / name))]
    done = subprocess.run([sys.executable, "-m", "kith", "simulate", *options], check=False)
    if done.returncode != 0:
        raise RunError("the walk ended early; the reason stands above")
