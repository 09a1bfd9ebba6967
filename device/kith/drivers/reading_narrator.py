"""Text in a picture, read aloud on the device itself: `ports.Narrator`. The networks live in the child alone
(`reading_child`), and no longer than it takes."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from kith.config import ReadingSettings
from kith.drivers.narrator_process import NarratorProcess, Request
from kith.errors import ModelError
from kith.ports import NarrationEnd, Subject
from kith.vision.networks import find_files

_MS_PER_S = 1000.0
_MOST_THREADS = 4
"""More than the cores of a Pi only take memory."""


class ReadingNarrator(NarratorProcess):
    """Nothing of the picture leaves the device, nor does the text."""

    def __init__(self, settings: ReadingSettings, models_dir: Path) -> None:
        """models_dir: where the networks were built; MISSING where they were not."""
        self._settings, self._models_dir = settings, models_dir
        super().__init__(
            "kith.drivers.reading_child",
            self._request,
            longest_s=settings.longest_ms / _MS_PER_S,
            site=True,
        )

    def _request(self, subject: Subject) -> Request | NarrationEnd:
        try:
            files = find_files("reading", self._models_dir)
        except ModelError:
            return NarrationEnd.MISSING
        height, width = subject.rgb.shape[:2]
        header = {
            "finder": str(files["finder"]),
            "reader": str(files["reader"]),
            "height_px": height,
            "width_px": width,
            "longer_side_px": self._settings.picture_px,
            "longest_s": self._settings.longest_ms / _MS_PER_S,
            "threads": min(os.cpu_count() or 1, _MOST_THREADS),
        }
        return Request(header=header, picture=np.ascontiguousarray(subject.rgb).tobytes())
