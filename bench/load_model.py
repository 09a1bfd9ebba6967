"""What the daemon asks of a processor, beside what boards give: python -m bench.load_model.

The model is `kith.app.load`, the boards and their settings are `kith.app.boards`. `docs/boards.md` holds
these tables and the assumptions. With --measure what is no multiply-accumulates (MAC) is measured here anew.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2

from kith.app.boards import PROFILES, Processor
from kith.app.load import COST, SCENES, Cost, Macs, Scene, expected_times, load_of, share_busy
from kith.app.paths import models_dir
from kith.config import Settings
from kith.drivers.simulated_camera import video_source
from kith.types import F32, U8, Face
from kith.vision.detector import Detector
from kith.vision.embedder import Embedder
from kith.vision.imaging import judge_view
from kith.vision.networks import Runs, load_network
from kith.vision.pipeline import FaceAnalyzer

ROOT = Path(__file__).resolve().parent.parent
WALK = ROOT / "demo" / "build" / "walk.avi"
SAMPLES, STEP, REPEATS = 100, 10, 5


def busy(board: Processor, settings: Settings, scene: Scene, cost: Cost) -> float:
    """Seconds that the perceiving thread of a board is busy in a second."""
    return share_busy(expected_times(board, settings, cost), settings, scene)


def looks_reached(board: Processor, settings: Settings, scene: Scene, cost: Cost) -> float:
    """Looks a second: those asked for, or as many as the board can do."""
    for look_interval_ms in range(settings.camera.look_interval_ms, 5000, 5):
        camera = replace(settings.camera, look_interval_ms=look_interval_ms)
        if busy(board, replace(settings, camera=camera), scene, cost) <= 1:
            return 1000 / look_interval_ms
    return 0.0


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
    """What is done beside the networks, on frames of a video of 640x480 with somebody in it and on the same
    twice as large: medians, each of the best of a few."""
    folder, settings = models_dir(), Settings().vision
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
    return replace(
        COST,
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


def report(cost: Cost) -> str:
    """The tables in Markdown: what is needed, and what each board does of it, with the settings as they come
    and with those of its profile."""
    usual = Settings()
    lines = [
        f"Detector: {_millions(cost.detector)}. Embedder: {_millions(cost.embedder)}. Beside them, in CPU ms"
        f" where it was measured: {cost.here_look_ms:.2f} a run of the detector,"
        f" {cost.here_megapixel_ms:.2f} a million pixels of a frame, {cost.here_face_ms:.2f} a face.",
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
    lines += _table(
        "the settings as they come", [(each.processor, usual) for each in PROFILES.values()], cost
    )
    own = [(each.processor, each.settings) for each in PROFILES.values()]
    return "\n".join(lines + _table("the profile of the board", own, cost))


def _millions(macs: Macs) -> str:
    return f"{macs.total / 1e6:.1f} million MAC a run, {macs.float32 / 1e6:.1f} of them in float"


def _table(title: str, boards: list[tuple[Processor, Settings]], cost: Cost) -> list[str]:
    head = "".join(f" {board.name} |" for board, _ in boards)
    lines = ["", f"With {title}:", "", f"| before the camera |{head}", "| --- |" + " --- |" * len(boards)]
    for scene in SCENES:
        cells = [_cell(board, settings, scene, cost) for board, settings in boards]
        lines.append(f"| {scene} | " + " | ".join(cells) + " |")
    return lines


def _cell(board: Processor, settings: Settings, scene: Scene, cost: Cost) -> str:
    share = busy(board, settings, scene, cost)
    if share <= 1:
        return f"{share:.0%}"
    return f"{share:.0%}: {looks_reached(board, settings, scene, cost):.1f} looks a second"


def main() -> None:
    """Print the tables."""
    cv2.setNumThreads(1)  # the clock is that of one thread
    parser = argparse.ArgumentParser(prog="python -m bench.load_model", description=__doc__)
    parser.add_argument("--measure", action="store_true", help="measure what is no MAC on this machine")
    parser.add_argument("--video", type=Path, default=WALK, help="640x480 video with faces (the demo walk)")
    options = parser.parse_args()
    print(report(measured(options.video) if options.measure else COST))


if __name__ == "__main__":
    main()
