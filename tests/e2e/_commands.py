"""The real commands in processes of their own, and short clips of the demo walk for them to see."""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
BUILT = ROOT / "demo" / "build"
RATE_HZ = 22_050

NOTHING = """
[camera]
kind = "v4l2"
v4l2_device = "/dev/there-is-no-camera"
[announce]
sound_device = "there is no such device"
"""
"""Settings of a device that has neither camera nor sound."""

built = pytest.mark.skipif(
    not any((ROOT / "models" / "build").glob("*.tflite")), reason="the networks are not built: make models"
)
"""Only where the networks are built."""


def kith(*words: object, environ: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "kith", *map(str, words)],
        env=os.environ | (environ or {}),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    """The one clear error that a command ended with."""
    lines = done.stderr.splitlines()
    assert done.returncode == 1, done
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("kith: "), done.stderr
    return lines[0].removeprefix("kith: ")


@dataclass(frozen=True)
class Ran:
    """A simulation that went through, and its events."""

    done: subprocess.CompletedProcess[str]
    events: list[dict[str, Any]]

    def of(self, *kinds: str) -> list[dict[str, Any]]:
        """The events of these kinds."""
        return [event for event in self.events if event["event"] in kinds]

    @property
    def said(self) -> list[str]:
        """All words, in order."""
        return [event["text"] for event in self.of("announcement")]

    @property
    def named(self) -> set[str]:
        """Who was named aloud."""
        return {name for event in self.of("announcement") for name in event.get("people", ())}


def simulate(video: Path, data: Path, events: Path, *more: object) -> Ran:
    """Run the device on a clip; it must go through."""
    done = kith("simulate", "--quiet", "--video", video, "--data", data, "--events", events, *more)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return Ran(done, [json.loads(line) for line in events.read_text(encoding="utf-8").splitlines()])


@dataclass(frozen=True)
class Stage:
    """Two people of the demo, enrolled; and the visit of the first as clips."""

    name: str
    photo: Path
    other: str
    other_photo: Path
    state: Path
    visit: Path
    """All of the visit, six seconds or more."""
    glance: Path
    """Its first second."""

    def enrolled(self, folder: Path) -> Path:
        """A gallery of one's own with the two in it."""
        return Path(shutil.copytree(self.state, folder / "state"))


def set_stage(folder: Path) -> Stage:
    """Cut the clips and enrol the two. Skips where the demo or the networks are not built."""
    if not (BUILT / "walk.toml").is_file():
        pytest.skip("the demo walk is not built: python -m demo build")
    if not any((ROOT / "models" / "build").glob("*.tflite")):
        pytest.skip("the networks are not built: make models")
    script = tomllib.loads((BUILT / "walk.toml").read_text(encoding="utf-8"))
    photos = {each["name"]: BUILT / each["photos"][0] for each in script["enrol"]}
    visit = next(each for each in script["visit"] if each["person"] in photos)
    name = visit["person"]
    other = next(each for each in photos if each != name)
    state = folder / "enrolled"
    for each in (name, other):
        done = kith("people", "add", each, photos[each], "--data", state)
        assert done.returncode == 0, done.stderr
    return Stage(
        name=name,
        photo=photos[name],
        other=other,
        other_photo=photos[other],
        state=state,
        visit=_cut(folder / "visit.avi", visit["from_s"], visit["to_s"]),
        glance=_cut(folder / "glance.avi", visit["from_s"], visit["from_s"] + 1),
    )


def _cut(target: Path, from_s: float, to_s: float) -> Path:
    source = cv2.VideoCapture(str(BUILT / "walk.avi"))
    fps = source.get(cv2.CAP_PROP_FPS)
    source.set(cv2.CAP_PROP_POS_FRAMES, round(from_s * fps))
    size = (round(source.get(cv2.CAP_PROP_FRAME_WIDTH)), round(source.get(cv2.CAP_PROP_FRAME_HEIGHT)))
    clip = cv2.VideoWriter(str(target), cv2.VideoWriter.fourcc(*"MJPG"), fps, size)
    for _ in range(round((to_s - from_s) * fps)):
        more, picture = source.read()
        assert more
        clip.write(picture)
    clip.release()
    source.release()
    return target


def frames_of(video: Path) -> list[bytes]:
    """The pictures of a clip, each as a JPEG."""
    source = cv2.VideoCapture(str(video))
    pictures: list[bytes] = []
    while True:
        more, picture = source.read()
        if not more:
            return pictures
        pictures.append(cv2.imencode(".jpg", picture)[1].tobytes())


def heard(path: Path) -> np.ndarray[Any, np.dtype[np.int16]]:
    """The sound of a WAV file i16[n, 2], whose header must be right to the byte."""
    content = path.read_bytes()
    (size,) = struct.unpack("<I", content[40:44])
    assert content[:4] == b"RIFF"
    assert content[36:40] == b"data"
    assert size <= len(content) - 44
    return np.frombuffer(content[44 : 44 + size], "<i2").reshape(-1, 2)


def loudness(sound: np.ndarray[Any, np.dtype[np.int16]], from_s: float, to_s: float) -> float:
    """Root mean square of a stretch of sound."""
    part = sound[round(from_s * RATE_HZ) : round(to_s * RATE_HZ)].astype(float)
    return float(np.sqrt(np.mean(part**2))) if len(part) else 0.0
