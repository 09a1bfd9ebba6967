"""Photographs and frames of videos for the object network, out of folders given at the call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from kith.types import U8

_PHOTOGRAPHS = frozenset({".jpg", ".jpeg", ".png"})
_VIDEOS = frozenset({".mkv", ".avi", ".mp4"})
_VIDEO_STEP = 30
"""Frames of a video from one that is taken to the next: a second, usually."""


def find_sources(folders: Sequence[Path], most: int, *, seed: int) -> list[Path]:
    """At most `most` photographs and videos of each folder, the same each time, in random order."""
    found = []
    for folder in folders:
        files = [path for path in folder.rglob("*") if path.suffix.lower() in _PHOTOGRAPHS | _VIDEOS]
        order = np.random.default_rng(seed).permutation(len(files))
        found += [sorted(files)[at] for at in order[:most]]
    return found


def read_frames(sources: Sequence[Path]) -> Iterator[U8]:
    """Photographs u8[h, w, 3] in RGB, and a frame of each second of videos."""
    for path in sources:
        if path.suffix.lower() in _VIDEOS:
            yield from _video(path)
        elif (bgr := cv2.imread(str(path), cv2.IMREAD_COLOR)) is not None:
            yield np.ascontiguousarray(bgr[..., ::-1])


def _video(path: Path) -> Iterator[U8]:
    reader = cv2.VideoCapture(str(path))
    number = 0
    while reader.grab():
        if number % _VIDEO_STEP == 0:
            yield np.ascontiguousarray(reader.retrieve()[1][..., ::-1])
        number += 1
    reader.release()
