"""Let the device walk: `kith simulate` over the built walk."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from demo.build import BUILD_DIR
from demo.cutting import Cut, cut_enrollment, read_events, read_sound
from demo.levels import clipped_in, dbfs, peak_of
from kith.errors import InputError, KithError

SOUND, PICTURE, EVENTS = "heard.wav", "seen.png", "events.jsonl"
ENROLLMENT, ENROLLMENT_EVENTS, NAME = "enrollment.wav", "enrollment.jsonl", "name.wav"


class RunError(KithError):
    """The walk could not be walked to its end."""


def run_walk(out: Path = BUILD_DIR / "walked", *, say: Callable[[str], None] = print) -> None:
    """Simulate the device on the walk. The command itself tells on the terminal what happens, and in the
    end where sound, picture and events are; then the enrollment alone is cut out of the sound, with the
    name as it was recorded. Raises RunError, and InputError where `out` cannot be made."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot make the folder {out}: {error.strerror}") from error
    traces = {"--sound": SOUND, "--picture": PICTURE, "--events": EVENTS}
    options = [word for option, name in traces.items() for word in (option, str(out / name))]
    with tempfile.TemporaryDirectory(prefix="kith-") as state:
        command = [sys.executable, "-m", "kith", "simulate", "--data", state, *options]
        done = subprocess.run(command, check=False)
        if done.returncode != 0:
            raise RunError("the walk ended early; the reason stands above")
        _keep_name(Path(state), out / NAME)
    cut = cut_enrollment(read_sound(out / SOUND), read_events(out / EVENTS))
    cut.save(out / ENROLLMENT, out / ENROLLMENT_EVENTS)
    say(f"  enrollment: {out / ENROLLMENT}\n    {_figures(cut)}")


def _keep_name(state: Path, file: Path) -> None:
    recordings = sorted((state / "recordings").glob("*.wav"))
    if len(recordings) != 1:
        raise RunError(f"one name was to be recorded in the walk, there are {len(recordings)}")
    shutil.copyfile(recordings[0], file)


def _figures(cut: Cut) -> str:
    said = sum(event["event"] == "announcement" for event in cut.events)
    presses = sum(event["event"] == "button" for event in cut.events)
    peak_dbfs, clipped = dbfs(peak_of(cut.sound)), clipped_in(cut.sound)
    return (
        f"{cut.length_s:.1f} s: {said} lines said, {presses} double taps, peak {peak_dbfs:.1f} dBFS,"
        f" {clipped} samples clipped"
    )
