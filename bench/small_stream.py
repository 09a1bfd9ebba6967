"""What a look costs with and without the camera's own small picture: `python -m bench.small_stream`.

The demo's walk, in the sizes of a Pi's camera. Both ways take turns frame by frame, so that what else the
machine does meets both alike. With the small picture, making RGB of the camera's YUV420 is counted too, since
the driver does it; the shrinking is the camera's.
"""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable

import cv2
import numpy as np

from bench.frames import WALK
from kith.app.paths import calibration_dir, models_dir
from kith.app.perception import Perception
from kith.config import Settings
from kith.drivers.picamera import as_rgb, small_size
from kith.drivers.simulated_camera import video_source
from kith.recognition.matcher import Matcher, TemplateSet
from kith.recognition.operating_point import load_operating_point
from kith.types import U8, Frame
from kith.vision.pipeline import open_analyzer

Lent = Callable[[], U8]
SIZES_PX = ((640, 480), (1280, 960), (1640, 1232))
ROUNDS = 3
_EVERY = 5
"""Of 15 frames a second: three looks a second are enough for a mean."""


Pair = tuple[float, float]
"""Without and with the small picture."""


def main() -> None:
    """Print a table."""
    cv2.setNumThreads(1)
    print("| camera | first look | small stream | ratio | whole look | small stream | ratio |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for size_px in SIZES_PX:
        rounds = [measure(size_px) for _ in range(ROUNDS)]
        cells = [cell for part in (0, 1) for cell in _cells([each[part] for each in rounds])]
        print(f"| {size_px[0]}x{size_px[1]} | {' | '.join(cells)} |", flush=True)


def _cells(rounds: list[Pair]) -> list[str]:
    ratios = [after / before for before, after in rounds]
    return [
        *(f"{statistics.median(times):.2f} ms" for times in zip(*rounds, strict=True)),
        f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})",
    ]


def measure(size_px: tuple[int, int]) -> tuple[Pair, Pair]:
    """Mean CPU milliseconds of a first look, and of a whole look."""
    settings, source = Settings(), video_source(WALK)
    analyzer = open_analyzer(models_dir(), settings.vision)
    point = load_operating_point(calibration_dir() / "operating_point.toml", analyzer.model_id)
    nobody = TemplateSet(
        vectors=np.zeros((0, len(point.centre)), np.float32),
        person_ids=np.zeros(0, np.int64),
        model_id=analyzer.model_id,
    )
    matcher = Matcher(nobody, point)
    # Each with tracks of its own.
    ways = [Perception(analyzer, matcher, settings.camera, settings.vision) for _ in range(2)]
    first_ms: tuple[list[float], list[float]] = ([], [])
    whole_ms: tuple[list[float], list[float]] = ([], [])
    for seq, rgb in enumerate(itertools.islice(source.frames(), 0, None, _EVERY)):
        large, small = pictures(rgb, size_px)
        now_ns = round(seq * _EVERY * 1e9 / source.fps)

        for way in (0, 1) if seq % 2 else (1, 0):
            began_s = time.process_time()
            analyzer.detect(small() if way else large)
            between_s = time.process_time()
            ways[way].look(Frame(seq=0, captured_ns=now_ns, rgb=large, small=small() if way else None))
            first_ms[way].append((between_s - began_s) * 1e3)
            whole_ms[way].append((time.process_time() - between_s) * 1e3)
    return _means(first_ms), _means(whole_ms)


def pictures(rgb: U8, size_px: tuple[int, int]) -> tuple[U8, Lent]:
    """A frame as a camera of this size has it, and what makes its small picture from the camera's buffer."""
    small_px = small_size(size_px, 0)
    assert small_px is not None
    stream = {"format": "YUV420", "size": small_px}
    shrunk = cv2.resize(rgb, small_px, interpolation=cv2.INTER_AREA)
    buffer = np.asarray(cv2.cvtColor(shrunk, cv2.COLOR_RGB2YUV_I420), np.uint8)
    large = np.asarray(cv2.resize(rgb, size_px, interpolation=cv2.INTER_CUBIC), np.uint8)
    return large, lambda: as_rgb(buffer, stream)


def _means(times: tuple[list[float], list[float]]) -> Pair:
    return statistics.fmean(times[0]), statistics.fmean(times[1])


if __name__ == "__main__":
    main()
