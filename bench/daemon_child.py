"""Processes that `bench.daemon_cost` weighs: the daemon on kept pictures, its start by steps; one look."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kith.config import Settings

PICTURES = 60
_EVERY = 8
_SHAPE = (480, 640, 3)


def keep_pictures(video: Path, file: Path) -> Path:
    """Frames of a video as a camera gives them, one after the other in a file, so that nothing is decoded."""
    import itertools

    from kith.drivers.simulated_camera import video_source

    with file.open("wb") as out:
        for rgb in itertools.islice(video_source(video).frames(), 0, _EVERY * PICTURES, _EVERY):
            if rgb.shape != _SHAPE:
                raise ValueError(f"{video} is not 640x480")
            out.write(rgb.tobytes())
    return file


def run(pictures: Path, state: Path, settings: Settings | None = None) -> None:
    """`kith run`, with a camera that gives kept pictures thirty times a second. All else is the device's."""
    from kith.runtime.memory import start_small

    start_small()
    import numpy as np

    import kith.cli.device
    import kith.cli.people  # noqa: F401
    from kith.app import run as command
    from kith.clock import Clock
    from kith.config import CameraSettings, Settings
    from kith.drivers.simulated_camera import FrameSource, SimulatedCamera
    from kith.ports import Camera
    from kith.types import U8

    def frames() -> Iterator[U8]:
        with pictures.open("rb") as file:
            while True:
                rgb = np.fromfile(file, np.uint8, count=int(np.prod(_SHAPE)))
                if rgb.size:
                    yield rgb.reshape(_SHAPE)
                else:
                    file.seek(0)

    def open_camera(settings: CameraSettings, clock: Clock) -> Camera:
        return SimulatedCamera(FrameSource(fps=30.0, count=10**9, frames=frames), clock, paced=True)

    command.open_camera = open_camera
    command.run(settings or Settings(), state)


def look(video: Path) -> None:
    """Come up as the daemon does, look at one frame, print the monotonic time and the processor's."""
    import tempfile

    from kith.app.wiring import assemble
    from kith.clock import MonotonicClock
    from kith.config import Settings
    from kith.drivers.simulated_camera import SimulatedCamera, video_source
    from kith.drivers.speech import open_speech

    clock = MonotonicClock()
    with tempfile.TemporaryDirectory() as folder:
        speech = open_speech(Settings().announce)
        gallery = Path(folder) / "kith.db"
        device = assemble(Settings(), gallery, speech, clock, lambda event: None, virtual_time=False)
        camera = SimulatedCamera(video_source(video), clock, paced=False)
        camera.start()
        frame = camera.read()
        assert frame is not None
        device.perception.look(frame)
        print(time.monotonic(), time.process_time())
        device.close()


def steps() -> None:
    """Print after each step of the start: name, resident and own bytes, threads."""
    from kith.runtime.memory import start_small

    _tell("Python")
    start_small()
    for name, step in _STEPS:
        step()
        _tell(name)


def _tell(name: str) -> None:
    lines = Path("/proc/self/smaps_rollup").read_text(encoding="ascii").splitlines()[1:]
    sizes = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in lines}
    threads = sum(1 for _ in Path("/proc/self/task").iterdir())
    print(name, sizes["Rss"], sizes["Anonymous"], threads, sep="\t")


def _commands() -> None:
    import kith.cli  # noqa: F401


def _numpy() -> None:
    import numpy  # noqa: F401


def _opencv() -> None:
    import cv2  # noqa: F401


def _kith() -> None:
    import kith.app.run  # noqa: F401


def _litert() -> None:
    import ai_edge_litert.interpreter  # noqa: F401


def _sound() -> None:
    import sounddevice  # noqa: F401


def _networks() -> None:
    import numpy as np

    from kith.app.paths import models_dir
    from kith.vision.networks import Role, load_network

    roles: tuple[Role, Role] = ("detector", "embedder")
    for role in roles:
        network = load_network(role, models_dir())
        network.run(np.zeros((network.spec.input_height_px, network.spec.input_width_px, 3), np.uint8))
        _KEPT.append(network)


def _give_back() -> None:
    from kith.runtime.memory import let_go_of_start

    let_go_of_start()


_KEPT: list[object] = []
_STEPS: tuple[tuple[str, Callable[[], None]], ...] = (
    ("the commands (click)", _commands),
    ("NumPy", _numpy),
    ("OpenCV", _opencv),
    ("Kith itself, SQLite", _kith),
    ("LiteRT", _litert),
    ("PortAudio and ALSA's plugins", _sound),
    ("both networks, opened and run", _networks),
    ("given back after ten seconds and a minute", _give_back),
)

if __name__ == "__main__":
    match sys.argv[1:]:
        case ["run", pictures, state]:
            run(Path(pictures), Path(state))
        case ["look", video]:
            look(Path(video))
        case ["steps"]:
            steps()
