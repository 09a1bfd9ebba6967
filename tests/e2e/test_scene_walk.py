"""Descriptions asked for on the demo walk, of a server: what is said, and what left the device."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest

from kith.app.paths import models_dir
from kith.config import VisionSettings
from kith.vision.every_face import every_face
from kith.vision.pipeline import open_analyzer
from tests.e2e._chat_server import DONE, STREAM, Asked, Wire, delta, serving

BUILT = Path(__file__).parents[2] / "demo" / "build"
KNOWN_S, STRANGER_S = 6.2, 19.0
"""In view then, alone: somebody enrolled, somebody who is not."""

pytestmark = pytest.mark.skipif(
    not (BUILT / "walk.toml").is_file(), reason="the demo walk is not built: python -m demo build"
)


@dataclass(frozen=True)
class Walk:
    """One run with two presses. said: when, and which words."""

    said: list[tuple[float, str]]
    first_name: str
    asked: list[Asked]
    sent: bytes

    def said_between(self, from_s: float, to_s: float) -> list[str]:
        return [text for at_s, text in self.said if from_s <= at_s <= to_s]


def tells(wire: Wire) -> None:
    told = (delta(text) for text in ("A step down ahead. ", "Person ", "1 stands ", "on the left."))
    wire.sendall(STREAM + b"".join(told) + DONE)


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    folder = tmp_path_factory.mktemp("walk")
    events, sent, settings = folder / "events.jsonl", folder / "sent.jpg", folder / "kith.toml"
    presses = f"{KNOWN_S} doublehold; {STRANGER_S} doublehold"
    with serving(tells) as server:
        settings.write_text(f'[scene]\nenabled = true\nurl = "{server.url}"\n', encoding="utf-8")
        command = [sys.executable, "-m", "kith", "--config", settings, "simulate", "--events", events]
        command += ["--sent", sent, "--quiet", "--button", presses]
        subprocess.run(list(map(str, command)), check=True, capture_output=True, timeout=110)
        asked = list(server.asked)
    seen = [json.loads(line) for line in events.read_text("utf-8").splitlines()]
    announced = [event for event in seen if event["event"] == "announcement"]
    return Walk(
        said=[(event["t_s"], event["text"]) for event in announced],
        first_name=next(name for event in announced for name in event.get("people", ())),
        asked=asked,
        sent=sent.read_bytes(),
    )


def faces_in(jpeg: bytes) -> int:
    bgr = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert bgr is not None
    rgb = np.ascontiguousarray(bgr[:, :, ::-1], dtype=np.uint8)
    return len(every_face(open_analyzer(models_dir(), VisionSettings()), rgb))


def test_of_somebody_known_kith_puts_the_name_in(walk: Walk) -> None:
    said = walk.said_between(KNOWN_S, STRANGER_S)
    assert said[0] == "One moment."
    assert said[1].startswith(f"{walk.first_name}, ")
    assert said[2:4] == ["A step down ahead.", f"{walk.first_name} stands on the left."]
    assert faces_in(walk.asked[0].jpeg) >= 1


def test_of_a_stranger_no_face_leaves_and_no_name_is_given(walk: Walk) -> None:
    assert "Person 1 stands on the left." in walk.said_between(STRANGER_S, STRANGER_S + 15)
    assert faces_in(walk.asked[1].jpeg) == 0


def test_no_name_leaves_and_the_picture_that_did_is_kept_for_a_look(walk: Walk) -> None:
    script = tomllib.loads((BUILT / "walk.toml").read_text(encoding="utf-8"))
    names = [str(one["name"]) for one in script["enrol"]]
    assert walk.first_name in names
    assert not any(name in request.prompt for name in names for request in walk.asked)
    assert walk.sent == walk.asked[-1].jpeg
