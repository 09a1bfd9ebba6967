"""What a look for objects costs: processor time and memory."""

from __future__ import annotations

import multiprocessing
import re
import statistics
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from kith.types import U8
from kith.vision.networks import load_network
from kith.vision.objects import ObjectNetwork
from models import MODELS_DIR

_RUNS = 60
_FRAME_PX = (640, 480)


def print_cost(networks: Mapping[str, ObjectNetwork], pictures: Sequence[U8]) -> None:
    """Processor time of a look at a frame of 640x480, the networks in turn; and the built one's memory."""
    frames = [np.asarray(cv2.resize(rgb, _FRAME_PX), np.uint8) for rgb in pictures[:_RUNS]]
    took: dict[str, list[float]] = {name: [] for name in networks}
    for frame in frames:
        for name, network in networks.items():
            start = time.process_time_ns()
            network.look(frame)
            took[name].append((time.process_time_ns() - start) / 1e6)
    for name, times in took.items():
        print(
            f"{name}: a look takes {statistics.median(times):.1f} ms of one core, the median of {len(times)}"
        )
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        before, opened, looked = pool.apply(_memory)
    print(
        f"memory of the process: {before:.0f} MiB before the network is opened, {opened:.0f} MiB after, "
        f"{looked:.0f} MiB after the first look"
    )


def _memory() -> tuple[float, float, float]:
    """Resident MiB before opening, after it, after a look."""
    load_network("detector", MODELS_DIR)  # the runtime itself, which is there anyway
    before = _resident_mib()
    network = ObjectNetwork(load_network("objects", MODELS_DIR), 0.5)
    opened = _resident_mib()
    network.look(np.zeros((480, 640, 3), np.uint8))
    return before, opened, _resident_mib()


def _resident_mib() -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(found.group(1)) / 1024 if found else float("nan")
