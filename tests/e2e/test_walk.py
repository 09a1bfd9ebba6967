"""The demo walk through the real command: what must be said is said, and nobody else is ever named."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import tomllib
import wave
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from demo.cutting import cut_enrollment, read_sound
from demo.heard import examine, problems
from demo.levels import mono_of
from demo.recognised import NoRecogniser
from kith.announce.recording import read_recording
from kith.guard.settings import GuardSettings

BUILT = Path(__file__).parents[2] / "demo" / "build"

pytestmark = pytest.mark.skipif(
    not (BUILT / "walk.toml").is_file(), reason="the demo walk is not built: python -m demo build"
)


class Walk:
    """One run and all it left behind."""

    def __init__(self, folder: Path) -> None:
        self.sound, self.picture = folder / "heard.wav", folder / "seen.png"
        events = folder / "events.jsonl"
        outputs = ["--sound", self.sound, "--picture", self.picture, "--events", events, "--data", folder]
        command = [sys.executable, "-m", "kith", "simulate", *map(str, outputs)]
        self.done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=110)
        assert self.done.returncode == 0, self.done.stderr
        self.events = [json.loads(line) for line in events.read_text(encoding="utf-8").splitlines()]
        self.recordings = sorted((folder / "recordings").glob("*.wav"))
        self.script: dict[str, Any] = tomllib.loads((BUILT / "walk.toml").read_text(encoding="utf-8"))

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["event"] == kind]

    def name(self, person: str) -> str:
        """The name of someone in the script: the one taught on the way has the name that the device made."""
        return str(self.of("enrolled")[0]["person"]) if person == "taught" else person

    def named(self, from_s: float, to_s: float) -> set[str]:
        said = [event for event in self.of("announcement") if from_s <= event["t_s"] <= to_s]
        return {name for event in said for name in event.get("people", ())}


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    return Walk(tmp_path_factory.mktemp("walk"))


def test_everybody_enrolled_is_named_in_time(walk: Walk) -> None:
    for expected in walk.script["expect"]:
        name = walk.name(expected["named"])
        assert name in walk.named(expected["from_s"], expected["to_s"]), (name, expected)


def test_nobody_else_is_ever_named(walk: Walk) -> None:
    for event in walk.of("announcement") + walk.of("appeared"):
        here = {
            walk.name(visit["person"])
            for visit in walk.script["visit"]
            if visit["person"] and visit["from_s"] <= event["t_s"] <= visit["to_s"] + 1
        }
        assert set(event.get("people", ())) <= here, event


def test_the_stranger_is_a_click_and_no_more(walk: Walk) -> None:
    for visit in walk.script["visit"]:
        if visit["stranger"]:
            assert not walk.named(visit["from_s"], visit["to_s"])
    assert any(event["text"] == "stranger" for event in walk.of("sound"))


def test_one_person_is_learnt_by_the_button(walk: Walk) -> None:
    (learnt,) = walk.of("enrolled")
    assert walk.script["learn"]["from_s"] <= learnt["t_s"] <= walk.script["learn"]["to_s"]
    assert any(event["text"] == f"{learnt['person']} is remembered." for event in walk.of("announcement"))


def test_the_one_who_is_learnt_turns_agrees_and_is_named_within_twenty_seconds(walk: Walk) -> None:
    cut = cut_enrollment(read_sound(walk.sound), walk.events)
    said = [event["text"] for event in cut.events if event["event"] == "announcement"]
    assert said == [
        "Looking for a face to remember.",
        "Now look a little to your left.",
        "And to your right.",
        "May I remember this face? Double tap: yes. Tap: no.",
        "Say the name after the tone.",
        "the name. Double tap: keep. Tap: say it again.",
        f"{walk.name('taught')} is remembered.",
    ]
    assert cut.length_s < 20
    assert len(walk.recordings) == 1


def test_the_enrollment_is_heard_as_it_should_be(walk: Walk) -> None:
    cut = cut_enrollment(read_sound(walk.sound), walk.events)
    (file,) = walk.recordings
    try:
        report = examine(cut.sound, cut.events, walk.script["names"], mono_of(read_recording(file)))
    except NoRecogniser as error:
        pytest.skip(str(error))
    assert problems(report) == []
    # She stands at the left first, and then before the wearer.
    assert report.tones[0].side_db < -3
    assert abs(report.tones[-1].side_db) < 2


def test_every_tap_is_answered_rightly(walk: Walk) -> None:
    for answer in walk.script["answer"]:
        press_s = answer["press_s"]
        heard = [
            e
            for e in walk.of("announcement")
            if press_s <= e["t_s"] <= press_s + 1 and e["band"] == "response"
        ]
        (reply,) = heard
        assert set(reply.get("people", ())) == {walk.name(person) for person in answer["named"]}
        assert {"nobody": "Nobody", "dark": "dark", "people": " "}[answer["about"]] in reply["text"]


def test_the_sound_holds_what_was_said_where_it_was_said(walk: Walk) -> None:
    with wave.open(str(walk.sound)) as file:
        assert (file.getnchannels(), file.getframerate()) == (2, 22_050)
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16).reshape(-1, 2)
    assert len(samples) / 22_050 > walk.script["duration_s"] - 1
    assert np.abs(samples).max() < 32_767
    level = np.sqrt(np.mean(samples.astype(np.float64) ** 2, axis=1))
    for event in walk.of("announcement"):
        begin = int(event["t_s"] * 22_050)
        assert level[begin : begin + 22_050].mean() > 300, event
    first_s = min(event["t_s"] for event in walk.events if event["t_s"] > 8)
    quiet = level[int((first_s - 1) * 22_050) : int((first_s - 0.1) * 22_050)]
    assert quiet.max() < 50


LEVELS = ("quiet", "far", "middle", "near", "contact")
SOUNDS = GuardSettings().sounds
PITCHES_HZ = {"head": SOUNDS.head_hz, "knee": SOUNDS.knee_hz}
WINDOW_S = 0.02


def beeps(sound: Path, from_s: float, to_s: float, position: str) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """For each 20 ms whether a tone of a sensor's pitch, and little else, is heard."""
    rate, window = 22_050, round(22_050 * WINDOW_S)
    with wave.open(str(sound)) as file:
        file.setpos(round(from_s * rate))
        samples = np.frombuffer(file.readframes(round((to_s - from_s) * rate)), np.int16)
    heard = samples.reshape(-1, 2)[:, 0].astype(np.float64)
    blocks = heard[: len(heard) // window * window].reshape(-1, window)
    energy = (blocks**2).sum(axis=1)
    phase = 2j * np.pi * PITCHES_HZ[position] * np.arange(window) / rate
    pure = np.abs(blocks @ np.exp(-phase)) ** 2 * 2 / window
    return np.asarray((pure > 0.6 * energy) & (energy / window > 1000.0**2))


def test_the_guard_warns_in_time_of_what_comes_near(walk: Walk) -> None:
    for alarm in walk.script["warn"]:
        span = alarm["from_s"], alarm["to_s"]
        told = [event for event in walk.of("beep") if span[0] <= event["t_s"] <= span[1]]
        told = [event for event in told if alarm["position"] in ("", event["position"])]
        assert max((LEVELS.index(event["level"]) for event in told), default=0) >= LEVELS.index(
            alarm["level"]
        ), alarm
        assert any(beeps(walk.sound, *span, event["position"]).any() for event in told if event["position"])


def test_a_warning_is_heard_within_a_tenth_of_a_second(walk: Walk) -> None:
    """Wherever the level rises from quiet, and nobody speaks meanwhile."""
    before, heard = "quiet", 0
    for event in walk.of("beep"):
        if before == "quiet":
            heard += bool(beeps(walk.sound, event["t_s"], event["t_s"] + 0.1, event["position"]).any())
        before = event["level"]
    starts = sum(event["level"] == "quiet" for event in walk.of("beep"))
    assert starts >= 8
    assert heard >= starts - 2


def test_the_guard_is_quiet_where_nothing_comes_near(walk: Walk) -> None:
    for span in walk.script["quiet"]:
        assert not [
            event
            for event in walk.of("beep")
            if span["from_s"] <= event["t_s"] <= span["to_s"] and event["level"] != "quiet"
        ]
        for position in PITCHES_HZ:
            assert not beeps(walk.sound, span["from_s"], span["to_s"], position).any(), (span, position)


def test_a_sensor_that_drops_out_is_heard_told_and_told_again_when_it_is_back(walk: Walk) -> None:
    out = walk.script["dropout"]
    (dead,) = [event for event in walk.of("signal") if event["health"] == "dead"]
    assert dead["position"] == out["position"]
    assert out["from_s"] < dead["t_s"] < out["from_s"] + 1
    assert beeps(walk.sound, dead["t_s"], dead["t_s"] + 0.5, "knee").any(), "the sound for a dead sensor"
    said = [event for event in walk.of("announcement") if "sensor" in event["text"]]
    assert [event["text"] for event in said] == [
        "The head sensor has failed.",
        "The head sensor works again.",
    ]
    assert out["from_s"] < said[0]["t_s"] < out["from_s"] + 2
    assert out["to_s"] < said[1]["t_s"] < out["to_s"] + 5


def test_the_picture_shows_the_walk(walk: Walk) -> None:
    picture = cv2.imread(str(walk.picture))
    assert picture is not None
    assert min(picture.shape[:2]) > 1000
    assert picture.std() > 20


def test_the_terminal_tells_it_without_colours(walk: Walk) -> None:
    assert "Kith is ready. Three people known." in walk.done.stdout
    assert "\x1b[" not in walk.done.stdout
    assert walk.done.stderr == ""


def events_up_to(end_s: float, folder: Path) -> list[dict[str, Any]]:
    """What happens on the walk until then, in a run of its own that is ended there."""
    file, seen = folder / "events.jsonl", list[dict[str, Any]]()
    command = [sys.executable, "-m", "kith", "simulate", "--quiet", "--events", file, "--data", folder]
    with subprocess.Popen(list(map(str, command))) as process:
        try:
            while process.poll() is None and (not seen or seen[-1]["t_s"] <= end_s):
                time.sleep(0.1)
                whole = file.read_text(encoding="utf-8").rpartition("\n")[0] if file.exists() else ""
                seen = [json.loads(line) for line in whole.splitlines()]
        finally:
            process.kill()
    assert seen[-1]["t_s"] > end_s
    return [event for event in seen if event["t_s"] <= end_s]


def test_the_same_walk_gives_the_same_events(walk: Walk, tmp_path: Path) -> None:
    """Up to where the one who was learnt on the way is named."""
    (end_s,) = (each["to_s"] for each in walk.script["expect"] if each["named"] == "taught")
    before = [event for event in walk.events if event["t_s"] <= end_s]
    assert {event["event"] for event in before} >= {"enrolled", "beep", "announcement"}
    assert events_up_to(end_s, tmp_path) == before
