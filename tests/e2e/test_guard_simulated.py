"""`kith simulate --scene`: the guard beside the rest, in virtual and in real time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from kith.guard.settings import GuardSettings
from tests.e2e._commands import RATE_HZ, heard, kith, one_line

SCENE = """
[wearer]
path = [[0, 0.0, 0.0, 0], [1.5, 0.0, 0.0, 0], [5, 3.15, 0.0, 0], [30, 3.15, 0.0, 0]]
[[wall]]
from_m = [3.4, -2.0]
to_m = [3.4, 2.0]
"""
TONE_HZ = GuardSettings().sounds.head_hz


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Three pictures of a wall: nine seconds."""
    folder = tmp_path / "photos"
    folder.mkdir()
    bricks = np.random.default_rng(1).integers(60, 160, (48, 64, 3), np.uint8)
    for number in range(3):
        cv2.imwrite(str(folder / f"{number}.png"), cv2.resize(bricks, (640, 480)))
    return folder


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    file = tmp_path / "scene.toml"
    file.write_text(SCENE, encoding="utf-8")
    return file


def events(path: Path, *kinds: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if line["event"] in kinds]


def tone_s(sound: Path, from_s: float = 0.0) -> float:
    """For how long the tone of the head's sensor is heard, by tenths of a second."""
    samples = heard(sound)[round(from_s * RATE_HZ) :, 0].astype(float)
    window = RATE_HZ // 100
    blocks = samples[: len(samples) // window * window].reshape(-1, window)
    pure = np.abs(blocks @ np.exp(-2j * np.pi * TONE_HZ * np.arange(window) / RATE_HZ)) ** 2 * 2 / window
    return float(((pure > 0.6 * (blocks**2).sum(axis=1)) & (pure > window * 1e6)).sum() / 100)


@pytest.mark.parametrize("more", [[], ["--realtime"]], ids=["lockstep", "realtime"])
def test_the_guard_is_heard_seen_and_written_down(
    tmp_path: Path, photos: Path, scene: Path, more: list[str]
) -> None:
    sound, picture, file = tmp_path / "heard.wav", tmp_path / "seen.png", tmp_path / "events.jsonl"
    words = ["simulate", "--photos", photos, "--scene", scene, "--sound", sound, "--events", file, *more]
    done = kith(*words, "--picture", picture, "--data", tmp_path / "data")
    assert done.returncode == 0, done.stderr
    beeps = events(file, "beep")
    assert list(dict.fromkeys(beep["level"] for beep in beeps)) == ["far", "middle", "near", "contact"]
    assert {beep["position"] for beep in beeps} == {"head"}
    known = {line["level"] for line in events(file, "proximity")}
    assert 4 in known, "the main daemon was told"
    assert not [e for e in events(file, "fault") if "guard" in e["text"] or "sensor" in e["text"]]
    contact_s = beeps[-1]["t_s"]
    # The pulses before, and then without end.
    assert tone_s(sound, contact_s + 0.2) > 0.5
    assert tone_s(sound) > tone_s(sound, contact_s - 0.1) + 0.2
    assert cv2.imread(str(picture)) is not None
    assert "beeps     contact, head, 0.3 m" in done.stdout


def test_without_a_scene_there_is_no_guard(tmp_path: Path, photos: Path) -> None:
    sound, file = tmp_path / "heard.wav", tmp_path / "events.jsonl"
    done = kith("simulate", "--photos", photos, "--sound", sound, "--events", file)
    assert done.returncode == 0, done.stderr
    assert events(file, "beep", "signal", "proximity", "fault") == []
    assert tone_s(sound) == 0.0


def test_a_range_sensor_can_be_made_to_fail(tmp_path: Path, photos: Path, scene: Path) -> None:
    file = tmp_path / "events.jsonl"
    words = ["simulate", "--photos", photos, "--scene", scene, "--events", file]
    done = kith(*words, "--faults", "1 range-unplug 2; 90 range-unplug 1")
    assert done.returncode == 0, done.stderr
    assert events(file, "signal")[0]["health"] == "dead"
    assert "The distance sensor has failed." in [each["text"] for each in events(file, "announcement")]
    assert "Not made, since it had ended: 1 fault." in done.stdout


def test_two_sensors_by_the_settings(tmp_path: Path, photos: Path, scene: Path) -> None:
    config, file = tmp_path / "kith.toml", tmp_path / "events.jsonl"
    config.write_text('[guard.head]\nkind = "none"\n[guard.knee]\nkind = "vl53l1x"\n', encoding="utf-8")
    done = kith("--config", config, "simulate", "--photos", photos, "--scene", scene, "--events", file)
    assert done.returncode == 0, done.stderr
    assert {beep["position"] for beep in events(file, "beep") if beep["position"]} == {"knee"}


def test_in_real_time_a_desk_needs_no_speaker(tmp_path: Path, photos: Path) -> None:
    config, file = tmp_path / "kith.toml", tmp_path / "events.jsonl"
    config.write_text('[announce]\nsound_device = "there is no such device"\n', encoding="utf-8")
    done = kith("--config", config, "simulate", "--photos", photos, "--realtime", "--events", file)
    assert done.returncode == 0, done.stderr
    assert events(file, "fault", "recovered") == []
    said = [each["text"] for each in events(file, "announcement") if each["text"]]
    assert len(said) == len(set(said)) > 0
    assert "fail" not in done.stderr


def test_what_cannot_be_is_told_in_one_line(tmp_path: Path, photos: Path, scene: Path) -> None:
    assert "give --scene" in one_line(kith("simulate", "--photos", photos, "--faults", "1 range-stuck 2"))
    words = ["simulate", "--photos", photos, "--scene", scene]
    assert one_line(kith(*words, "--faults", "3 range-unplug 2 knee")) == (
        "there is no range sensor at the knee that could fail: see [guard.knee] kind"
    )
    assert "missing.toml" in one_line(
        kith("simulate", "--photos", photos, "--scene", tmp_path / "missing.toml")
    )
    scene.write_text(SCENE.replace("[[wall]]", "[[wal]]"), encoding="utf-8")
    assert "wal" in one_line(kith("simulate", "--photos", photos, "--scene", scene))
    assert "range-unplug" in one_line(kith("simulate", "--photos", photos, "--faults", "1 range-on 2"))
