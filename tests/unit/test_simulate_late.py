"""What a script asks for after the end of a simulation is told as not made."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from kith.cli import main
from tests.unit._portraits import portraits


@pytest.fixture
def video(tmp_path: Path) -> Path:
    portraits()  # skips where the networks are not built
    path = tmp_path / "wall.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (320, 240))
    for _ in range(20):
        writer.write(np.full((240, 320, 3), 128, np.uint8))
    writer.release()
    return path


def test_a_board_in_trouble_is_heard(video: Path, tmp_path: Path) -> None:
    long = tmp_path / "long.avi"
    writer = cv2.VideoWriter(str(long), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (320, 240))
    for _ in range(120):
        writer.write(np.full((240, 320, 3), 128, np.uint8))
    writer.release()
    file = tmp_path / "events.jsonl"
    faults = "3 battery 9; 4 hot 9; 4 weak-supply 3; 98 hot 2; 99 battery 5"
    told = simulate(long, "--faults", faults, "--events", str(file))
    events = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    said = [event["text"] for event in events if event["event"] == "announcement"]
    assert said[1:] == [
        "The battery is low, at nine percent.",
        "The device is too hot and works more slowly.",
    ]
    assert "Not made, since it had ended: 2 faults.\n" in told


def simulate(video: Path, *more: str) -> str:
    done = CliRunner().invoke(main, ["simulate", "--quiet", "--video", str(video), *more])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_what_came_too_late_is_told(video: Path) -> None:
    told = simulate(video, "--button", "0.5 tap; 98 tap; 99 double", "--faults", "97 freeze 2")
    assert "Kith spoke once." in simulate(video)
    assert "Not made, since it had ended: 3 button presses.\n" in told
    assert "Not made, since it had ended: 1 fault.\n" in told
    told = simulate(video, "--button", "98 tap", "--faults", "97 freeze 2; 99 kill-voice")
    assert "Not made, since it had ended: 1 button press.\n" in told
    assert "Not made, since it had ended: 2 faults.\n" in told


def test_what_came_in_time_was_made(video: Path, tmp_path: Path) -> None:
    events = tmp_path / "e.jsonl"
    told = simulate(
        video, "--button", "0.5 tap; 2.1 tap", "--faults", "0.2 freeze 0.1", "--events", str(events)
    )
    assert "Not made" not in told
    kinds = [json.loads(line)["event"] for line in events.read_text().splitlines()]
    assert kinds.count("button") == 2
