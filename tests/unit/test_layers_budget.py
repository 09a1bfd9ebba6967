"""What is not imported where: a command answers at once, a voice is small, and pure parts stay pure."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kith.recognition.gallery import Gallery

DEVICE = Path(__file__).parents[2] / "device"
HEAVY = {"numpy", "cv2", "ai_edge_litert", "tflite_runtime", "sqlite_utils", "sounddevice", "gpiozero"}
"""Each takes tens to hundreds of milliseconds, and a Pi's are longer."""


def loaded_by(program: str, *flags: str) -> set[str]:
    """The top-level modules that are loaded once a program has run, in a process of its own."""
    report = f"{program}\nimport sys\nprint('LOADED', *sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, *flags, "-c", report],
        env=os.environ | {"PYTHONPATH": str(DEVICE)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    modules = done.stdout.rpartition("LOADED ")[2].split()
    assert "sys" in modules
    return {name.partition(".")[0] for name in modules} | {n for n in modules if n.startswith("kith.")}


def command(*words: str) -> str:
    """A program that runs a command of Kith's."""
    return f"from kith.cli import main\nmain({list(words)!r}, standalone_mode=False)"


@pytest.mark.parametrize(
    "words",
    [[], ["people"], ["people", "add"], ["identify"], ["simulate"], ["run"], ["doctor"], ["bench"]],
    ids=" ".join,
)
def test_help_loads_nothing_heavy(words: list[str]) -> None:
    loaded = loaded_by(command(*words, "--help"))
    assert not loaded & (HEAVY | {"sqlite3"})
    assert "kith.cli.base" in loaded


def test_listing_people_loads_no_vision(tmp_path: Path) -> None:
    Gallery.open(tmp_path / "kith.db", None).close()
    loaded = loaded_by(command("people", "list", "--data", str(tmp_path)))
    assert "kith.recognition.gallery" in loaded
    assert not loaded & {"cv2", "ai_edge_litert", "tflite_runtime"}


@pytest.mark.parametrize("module", ["kith.drivers.espeak_child", "kith.drivers.speech_child"])
def test_the_voice_s_child_runs_on_the_standard_library_alone(module: str) -> None:
    loaded = loaded_by(f"import {module}", "-P", "-S")
    assert not loaded & (HEAVY | {"sqlite3", "click", "kith.types", "kith.config", "kith.errors"})


PURE = [
    "kith.errors",
    "kith.clock",
    "kith.config",
    "kith.types",
    "kith.ports",
    "kith.runtime.inbox",
    "kith.runtime.latest",
    "kith.runtime.notify",
    "kith.runtime.worker",
    "kith.interaction.gestures",
    "kith.enrollment.machine",
    "kith.recognition.presence",
    "kith.announce.arbiter",
    "kith.announce.callouts",
    "kith.announce.player",
]


def test_the_pure_parts_touch_no_driver() -> None:
    loaded = loaded_by("".join(f"import {module}\n" for module in PURE))
    assert loaded >= set(PURE)
    assert not loaded & ((HEAVY - {"numpy"}) | {"sqlite3", "subprocess", "kith.drivers", "kith.app"})


@pytest.mark.parametrize(
    "module", ["kith.runtime.worker", "kith.runtime.notify", "kith.clock", "kith.config"]
)
def test_what_the_guard_may_share_needs_no_numpy(module: str) -> None:
    assert not loaded_by(f"import {module}") & (HEAVY | {"sqlite3"})


A_DEVICE_THAT_LOOKS = """
from pathlib import Path

import numpy as np

from kith.app.optional import open_describer, open_reader
from kith.app.paths import models_dir
from kith.app.wiring import Fittings, assemble
from kith.clock import Tick, VirtualClock
from kith.config import ReadingSettings, SceneSettings, Settings, ThingsSettings
from kith.drivers.simulated_speech import SimulatedSpeech
from kith.types import Frame

settings = Settings({settings})
fittings = Fittings(
    describer=open_describer(settings), reader=open_reader(settings.reading, models_dir())
)
device = assemble(
    settings, Path({file!r}), SimulatedSpeech(), VirtualClock(), lambda event: None, virtual_time=True,
    fittings=fittings,
)
device.core.begin(0)
frame = Frame(seq=0, captured_ns=0, rgb=np.full((480, 640, 3), 90, np.uint8))
device.core.handle(device.perception.look(frame), 0)
device.core.handle(Tick(), 10**9)
device.close()
"""

OBJECTS = {
    *("kith.vision.objects", "kith.vision.things", "kith.app.thing_eyes"),
    "kith.recognition.thing_matcher",
}
NARRATORS = {"kith.drivers.scene_narrator", "kith.drivers.reading_narrator", "kith.drivers.narrator_process"}
ALL_OFF = (
    "things=ThingsSettings(enabled=False), scene=SceneSettings(enabled=False),"
    " reading=ReadingSettings(enabled=False)"
)


def test_of_what_is_off_nothing_is_imported(tmp_path: Path) -> None:
    program = A_DEVICE_THAT_LOOKS.format(settings=ALL_OFF, file=str(tmp_path / "kith.db"))
    loaded = loaded_by(program)
    assert {"kith.app.core", "kith.vision.detector"} <= loaded
    assert not loaded & (OBJECTS | NARRATORS)


def test_what_knows_objects_is_imported_only_when_it_is_asked(tmp_path: Path) -> None:
    loaded = loaded_by(A_DEVICE_THAT_LOOKS.format(settings="", file=str(tmp_path / "kith.db")))
    assert not loaded & OBJECTS


def test_a_narrator_that_is_on_is_imported(tmp_path: Path) -> None:
    """Else the tests above would prove nothing."""
    on = "scene=SceneSettings(enabled=True)"
    assert "kith.drivers.scene_narrator" in loaded_by(
        A_DEVICE_THAT_LOOKS.format(settings=on, file=str(tmp_path / "kith.db"))
    )
