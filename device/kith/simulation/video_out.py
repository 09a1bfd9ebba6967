"""The run as a video: what the camera saw, with boxes, names and what was said."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from kith.errors import InputError
from kith.simulation.lettering import Lettering
from kith.simulation.marking import WHITE, draw_marks
from kith.simulation.output_files import check_output
from kith.simulation.snapshots import Snapshot
from kith.types import U8

_CODECS = {
    ".avi": ("MJPG", cv2.CAP_OPENCV_MJPEG),
    ".mp4": ("mp4v", cv2.CAP_ANY),
    ".mkv": ("MJPG", cv2.CAP_ANY),
}
_TEXT_PX = 18
_STRIP_PX = 26


class VideoOut:
    """Writes the snapshots of a run to a file, at the moments that they belong to.

    `fps` is that of the file: a snapshot that is late is preceded by the one before, one that comes too
    soon is left out. All pictures take the size of the first.
    """

    def __init__(self, path: Path, fps: float) -> None:
        """Raises InputError when a video of this name cannot be written."""
        if path.suffix.lower() not in _CODECS:
            raise InputError(
                f"cannot write {path}: name it {', '.join(_CODECS)}, so that it is clear what it is"
            )
        check_output(path)
        self._path, self._fps = path, fps
        self._letters = Lettering()
        self._writer: cv2.VideoWriter | None = None
        self._size = (0, 0)
        self._written = 0
        self._start_s = 0.0
        self._last: U8 | None = None

    def write(self, snapshot: Snapshot) -> None:
        """Add a moment. Raises InputError."""
        if self._writer is None:
            self._open(snapshot)
        due = round((snapshot.t_s - self._start_s) * self._fps)
        if due < self._written:
            return
        while self._last is not None and self._written < due:
            self._put(self._last)
        self._last = self._drawn(snapshot)
        self._put(self._last)

    def close(self) -> None:
        """Finish the file; may be called twice. Raises InputError when not all of it could be written."""
        if self._writer is None:
            return
        self._writer.release()
        self._writer = None
        # OpenCV does not say that the disk is full; the file is then shorter, or cannot be read.
        capture = cv2.VideoCapture(str(self._path))
        readable = int(capture.get(cv2.CAP_PROP_FRAME_COUNT)) if capture.isOpened() else 0
        capture.release()
        if readable < self._written - 1:
            raise InputError(f"{self._path} holds {readable} of {self._written} pictures: is the disk full?")

    def _open(self, first: Snapshot) -> None:
        height, width = first.rgb.shape[:2]
        # Codecs want even sizes.
        self._size = (width // 2 * 2, height // 2 * 2)
        name, backend = _CODECS[self._path.suffix.lower()]
        # Only OpenCV's own writer listens to this.
        options = [cv2.VIDEOWRITER_PROP_QUALITY, 80] if backend == cv2.CAP_OPENCV_MJPEG else []
        codec = cv2.VideoWriter.fourcc(*name)
        writer = cv2.VideoWriter(str(self._path), backend, codec, self._fps, self._size, options)
        if not writer.isOpened():
            raise InputError(
                f"cannot write a video to {self._path}: if there is room, try a name that ends in .avi"
            )
        self._writer, self._start_s = writer, first.t_s

    def _put(self, picture: U8) -> None:
        assert self._writer is not None
        self._writer.write(picture)
        self._written += 1

    def _drawn(self, snapshot: Snapshot) -> U8:
        picture = np.asarray(cv2.cvtColor(snapshot.rgb, cv2.COLOR_RGB2BGR), np.uint8)
        scale = self._size[0] / picture.shape[1]
        if picture.shape[1::-1] != self._size:
            picture = np.asarray(cv2.resize(picture, self._size, interpolation=cv2.INTER_AREA), np.uint8)
        draw_marks(picture, snapshot.marks, scale, self._letters, _TEXT_PX)
        width, height = self._size
        clock = f"{snapshot.t_s:.1f} s"
        self._strip(picture, clock, width - self._letters.width(clock, _TEXT_PX) - 16, 0)
        for row, caption in enumerate(reversed(snapshot.captions), start=1):
            words = self._letters.fitted(caption, _TEXT_PX, width - 16)
            self._strip(picture, words, 0, height - row * _STRIP_PX)
        return picture

    def _strip(self, picture: U8, words: str, left: int, top: int) -> None:
        """Words on a darkened strip, so that they can be read on anything."""
        right = left + self._letters.width(words, _TEXT_PX) + 16
        part = picture[max(top, 0) : top + _STRIP_PX, max(left, 0) : right]
        part[:] = part // 4
        self._letters.write(picture, words, (max(left, 0) + 8, top + _STRIP_PX - 8), _TEXT_PX, WHITE)
