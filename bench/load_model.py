"""What the daemon asks of a processor, beside what boards give: python -m bench.load_model.

Counts multiply-accumulates (MAC) from the built networks and the settings, measures here what is not MAC, and
scales both to a board by the figures of `BOARDS`. `docs/boards.md` holds its table, the assumptions and each
board's settings, which are read from there.
"""

from __future__ import annotations

import argparse
import itertools
import math
import re
import statistics
import time
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2

from bench._macs import Macs, macs_of
from kith.app.paths import models_dir
from kith.config import Settings, build_settings
from kith.drivers.simulated_camera import video_source
from kith.types import F32, U8, Face
from kith.vision.detector import Detector
from kith.vision.embedder import Embedder
from kith.vision.imaging import judge_view
from kith.vision.networks import Runs, load_network, read_manifest
from kith.vision.pipeline import FaceAnalyzer

ROOT = Path(__file__).resolve().parent.parent
BOARDS_PAGE = ROOT / "docs" / "boards.md"
WALK = ROOT / "demo" / "build" / "walk.avi"
EMBEDDINGS_A_LOOK = 2
"""As many as `FacePipeline` embeds at most in one frame."""
SECOND_LOOKS_A_LOOK = 1
SAMPLES, STEP, REPEATS = 100, 10, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What the steps cost. detector, embedder: MAC of a run. here_*: CPU milliseconds on this machine of all
    that is done beside the networks: for each run of the detector, for each million pixels of the frame that
    it looks at, and for each face in it."""

    detector: Macs
    embedder: Macs
    here_look_ms: float
    here_megapixel_ms: float
    here_face_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What is before the camera. sure: it is known who they are. far: so small that each look for their
    names is a second, finer one."""

    faces: int
    sure: bool = False
    far: bool = False

    def __str__(self) -> str:
        if not self.faces:
            return "nobody"
        where = ", far off" if self.far else ""
        return f"{self.faces} {'named' if self.sure else 'not yet named'}{where}"


SCENES = (
    Scene(faces=0),
    Scene(faces=1, sure=True),
    Scene(faces=1),
    Scene(faces=1, far=True),
    Scene(faces=3, sure=True),
    Scene(faces=3),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """What a board gives. gmac_s: of int8 convolutions as wide as the embedder's, on one core and on all
    four; slower: how many times as long other work takes on one of its cores as on one here."""

    name: str
    gmac_s: tuple[float, float]
    slower: float

    def rate(self, threads: int) -> float:
        """GMAC/s on so many threads: straight from one core to four, and no more."""
        one, four = self.gmac_s
        return one + (four - one) * (min(threads, 4) - 1) / 3


FLOAT_RATE = 1 / 2
"""Of int8's. Published for a Pi 4's four cores: 8.3 GMAC/s by OpenCV in float, 16.5 by ncnn in int8."""
DETECTOR_RATE = 1 / 3.2
"""Of the embedder's. Published for one Pi 4, both by OpenCV in float: YuNet at 160x120 (16.1 MMAC) in 6.2 ms,
SFace (574 MMAC) in 69 ms. Its layers have 3 to 64 channels, too few to fill the registers."""

BOARDS = (
    # Estimated from the Pi 4's: 1.0 GHz to its 1.8, NEON half as wide, 0.7 for executing in order.
    Board(name="Pi Zero 2 W", gmac_s=(1.3, 3.2), slower=16.0),
    # Published for ncnn in int8.
    Board(name="Pi 4", gmac_s=(6.7, 16.5), slower=8.0),
    # Estimated: 2.4 GHz, two NEON pipes where the Pi 4 has one, the Pi 4's share of its peak. Dot products of
    # four, which XNNPACK uses there, could double it; they are not counted on.
    Board(name="Pi 5", gmac_s=(15.0, 37.0), slower=3.0),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Of one second: looks, second looks and embeddings."""

    looks: float
    second_looks: float
    embeddings: float

    def mac_s(self, cost: Cost) -> float:
        """MAC a second."""
        return (self.looks + self.second_looks) * cost.detector.total + self.embeddings * cost.embedder.total


def load_of(settings: Settings, scene: Scene) -> Load:
    """What the settings ask for, were the processor fast enough. A thing that is due is done at the next
    look, so intervals are whole numbers of looks."""
    look_ms = settings.camera.look_interval_ms
    looks = 1000 / look_ms

    def times_a_second(interval_ms: int) -> float:
        return 1000 / (look_ms * max(1, math.ceil(interval_ms / look_ms)))

    vision = settings.vision
    due = scene.faces * times_a_second(
        vision.embed_sure_interval_ms if scene.sure else vision.embed_interval_ms
    )
    sweeps = (
        times_a_second(vision.sweep_interval_ms) if vision.second_looks and vision.sweep_interval_ms else 0.0
    )
    finer = due if vision.second_looks and scene.far else 0.0
    return Load(
        looks=looks,
        second_looks=min(sweeps + finer, looks * SECOND_LOOKS_A_LOOK),
        embeddings=min(due, looks * EMBEDDINGS_A_LOOK),
    )


def busy(board: Board, settings: Settings, scene: Scene, cost: Cost) -> float:
    """Seconds that the perceiving thread is busy in a second; above 1 it cannot keep up and drops looks."""
    load = load_of(settings, scene)
    runs = load.looks + load.second_looks
    int8_s = board.rate(settings.vision.threads) * 1e9
    detecting_s = runs * _as_int8(cost.detector) / (int8_s * DETECTOR_RATE)
    embedding_s = load.embeddings * _as_int8(cost.embedder) / int8_s
    megapixels = settings.camera.width_px * settings.camera.height_px / 1e6
    other_ms = (
        runs * cost.here_look_ms
        + load.looks * megapixels * cost.here_megapixel_ms
        + load.looks * scene.faces * cost.here_face_ms
    )
    return detecting_s + embedding_s + other_ms * board.slower / 1000


def _as_int8(macs: Macs) -> float:
    """As many int8 MAC as take as long."""
    return macs.int8 + macs.float32 / FLOAT_RATE


def looks_reached(board: Board, settings: Settings, scene: Scene, cost: Cost) -> float:
    """Looks a second: those asked for, or as many as the board can do."""
    for look_interval_ms in range(settings.camera.look_interval_ms, 5000, 5):
        camera = replace(settings.camera, look_interval_ms=look_interval_ms)
        if busy(board, replace(settings, camera=camera), scene, cost) <= 1:
            return 1000 / look_interval_ms
    return 0.0


def settings_of_boards(page: str) -> dict[str, Settings]:
    """Name of a board -> the settings that the page shows for it: the TOML below the heading that names it.
    Raises ConfigError for settings that there are not."""
    found = {}
    for section in re.split(r"^## ", page, flags=re.MULTILINE)[1:]:
        heading = section.partition("\n")[0]
        block = re.search(r"^```toml\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
        if block is not None:
            where = f"the settings for {heading}"
            found[heading] = build_settings(Settings(), tomllib.loads(block[1]), where=where)
    return found


# --- measuring ------------------------------------------------------------------------------------------


class _Timed:
    """A network's runtime whose own CPU time is kept apart."""

    def __init__(self, model: Runs) -> None:
        self._model = model
        self.spent_s = 0.0

    def run(self, picture: U8) -> tuple[F32, ...]:
        began_s = time.thread_time()
        result = self._model.run(picture)
        self.spent_s += time.thread_time() - began_s
        return result


def measured(video: Path) -> Cost:
    """Count the networks, and measure what else is done, on frames of a video of 640x480 with somebody in it
    and on the same twice as large: medians, each of the best of a few."""
    folder, settings = models_dir(), Settings().vision
    networks = read_manifest(folder).networks
    detector = load_network("detector", folder)
    timed = _Timed(detector.model)
    analyzer = FaceAnalyzer(
        Detector(replace(detector, model=timed), settings.detector_score),
        Embedder(load_network("embedder", folder)),
        settings,
    )
    samples = list(itertools.islice(video_source(video).frames(), 0, SAMPLES * STEP, STEP))
    small_ms, face_ms = _other_work(analyzer, timed, samples)
    large_ms, _ = _other_work(analyzer, timed, [cv2.resize(rgb, None, fx=2, fy=2) for rgb in samples])
    megapixels = samples[0].shape[0] * samples[0].shape[1] / 1e6
    megapixel_ms = (large_ms - small_ms) / (3 * megapixels)
    return Cost(
        detector=macs_of(networks["detector"].path(folder)),
        embedder=macs_of(networks["embedder"].path(folder)),
        here_look_ms=max(0.0, small_ms - megapixel_ms * megapixels),
        here_megapixel_ms=megapixel_ms,
        here_face_ms=face_ms,
    )


def _other_work(analyzer: FaceAnalyzer, timed: _Timed, samples: list[Any]) -> tuple[float, float]:
    """CPU milliseconds beside the networks, of a look and of a face in it: the best of a few each."""

    def look_ms(rgb: U8) -> float:
        timed.spent_s, began_s = 0.0, time.thread_time()
        judge_view(rgb)
        analyzer.detect(rgb)
        return (time.thread_time() - began_s - timed.spent_s) * 1e3

    def face_ms(rgb: U8, face: Face) -> float:
        began_s = time.thread_time()
        analyzer.assess(rgb, face)
        return (time.thread_time() - began_s) * 1e3

    looks = [min(look_ms(rgb) for _ in range(REPEATS)) for rgb in samples]
    seen = [(rgb, face) for rgb in samples for face in analyzer.detect(rgb)]
    faces = [min(face_ms(rgb, face) for _ in range(REPEATS)) for rgb, face in seen]
    return statistics.median(looks), statistics.median(faces)


# --- the report -----------------------------------------------------------------------------------------


def report(cost: Cost, chosen: dict[str, Settings]) -> str:
    """The tables in Markdown: what is needed, and what each board does of it, with the settings as they come
    and with those chosen for it."""
    usual = Settings()
    lines = [
        f"Detector: {_millions(cost.detector)}. Embedder: {_millions(cost.embedder)}. Beside them, in CPU ms"
        f" on this machine: {cost.here_look_ms:.2f} a run of the detector, {cost.here_megapixel_ms:.2f} a"
        f" million pixels of a frame, {cost.here_face_ms:.2f} a face.",
        "",
        "| before the camera | looks a second | second looks | embeddings | million MAC a second |",
        "| --- | --- | --- | --- | --- |",
    ]
    for scene in SCENES:
        load = load_of(usual, scene)
        lines.append(
            f"| {scene} | {load.looks:.1f} | {load.second_looks:.1f} | {load.embeddings:.1f} |"
            f" {load.mac_s(cost) / 1e6:,.0f} |"
        )
    lines += _table("the settings as they come", {board.name: usual for board in BOARDS}, cost)
    return "\n".join(lines + _table("the settings below", chosen, cost))


def _millions(macs: Macs) -> str:
    return f"{macs.total / 1e6:.1f} million MAC a run, {macs.float32 / 1e6:.1f} of them in float"


def _table(title: str, settings: dict[str, Settings], cost: Cost) -> list[str]:
    boards = [board for board in BOARDS if board.name in settings]
    head = "".join(f" {board.name} |" for board in boards)
    lines = ["", f"With {title}:", "", f"| before the camera |{head}", "| --- |" + " --- |" * len(boards)]
    for scene in SCENES:
        cells = [_cell(board, settings[board.name], scene, cost) for board in boards]
        lines.append(f"| {scene} | " + " | ".join(cells) + " |")
    return lines


def _cell(board: Board, settings: Settings, scene: Scene, cost: Cost) -> str:
    share = busy(board, settings, scene, cost)
    if share <= 1:
        return f"{share:.0%}"
    return f"{share:.0%}: {looks_reached(board, settings, scene, cost):.1f} looks a second"


def main() -> None:
    """Print the tables."""
    cv2.setNumThreads(1)  # the clock is that of one thread
    parser = argparse.ArgumentParser(prog="python -m bench.load_model", description=__doc__)
    parser.add_argument("--video", type=Path, default=WALK, help="640x480 video with faces (the demo walk)")
    chosen = settings_of_boards(BOARDS_PAGE.read_text(encoding="utf-8"))
    print(report(measured(parser.parse_args().video), chosen))


if __name__ == "__main__":
    main()
