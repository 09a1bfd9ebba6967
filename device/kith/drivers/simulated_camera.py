"""Cameras that are files: a video, a folder of photos; with outages on request."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import cv2
import numpy as np

from kith.clock import NS_PER_S, Clock
from kith.errors import CameraFault, CameraUnavailable, InputError
from kith.types import U8, Frame
from kith.vision.imaging import as_rgb, load_photo

_PHOTO_FPS = 10.0
_PHOTO_S = 3.0
_PICTURE_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"}


class OutageKind(StrEnum):
    """How a simulated camera fails: its picture stands still, or it is gone."""

    FREEZE = "freeze"
    UNPLUG = "unplug"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """From `from_ns` until before `to_ns`, counted from the source's first frame."""

    kind: OutageKind
    from_ns: int
    to_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameSource:
    """Pictures at an even pace. frames: opens a fresh pass over them, each u8[H, W, 3] RGB."""

    fps: float
    count: int
    frames: Callable[[], Iterator[U8]]

    @property
    def duration_s(self) -> float:
        """How long one pass takes."""
        return self.count / self.fps


def video_source(path: Path) -> FrameSource:
    """Anything that OpenCV's FFmpeg reads. Raises InputError when it holds no picture."""
    if not path.is_file():
        raise InputError(f"there is no video {path}")
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    try:
        readable, _ = capture.read() if capture.isOpened() else (False, None)
        if not readable:
            raise InputError(f"{path} is not a video that can be read: it holds no picture")
        fps = float(capture.get(cv2.CAP_PROP_FPS))
        count = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        if count < 1:  # a bare stream does not say how long it is
            count = 1 + sum(1 for _ in iter(capture.grab, False))
    finally:
        capture.release()
    return FrameSource(fps=fps if 1 <= fps <= 240 else 30.0, count=count, frames=lambda: _video_frames(path))


def photo_source(folder: Path, on_refused: Callable[[Path, str], None]) -> FrameSource:
    """Every picture of a folder by name, each held for three seconds. A broken one is told and left out;
    InputError when none can be read."""
    if not folder.is_dir():
        raise InputError(f"there is no folder {folder}")
    photos: list[Path] = []
    for path in sorted(p for p in folder.iterdir() if p.suffix.lower() in _PICTURE_SUFFIXES):
        try:
            load_photo(path)
        except InputError as error:
            on_refused(path, str(error))
        else:
            photos.append(path)
    if not photos:
        raise InputError(f"{folder} holds no picture that can be read")
    repeats = round(_PHOTO_FPS * _PHOTO_S)
    return FrameSource(
        fps=_PHOTO_FPS, count=repeats * len(photos), frames=lambda: _photo_frames(photos, repeats)
    )


class SimulatedCamera:
    """A camera made of a source: `captured_ns` is the start time plus the frame's own time.

    With a clock whose time passes by itself give `paced=True`: `read` then waits for each frame as a
    real camera does, and frames that are overdue are skipped.
    """

    def __init__(
        self, source: FrameSource, clock: Clock, *, paced: bool, outages: tuple[Outage, ...] = ()
    ) -> None:
        self._source, self._clock, self._paced, self._outages = source, clock, paced, outages
        self._period_ns = round(NS_PER_S / source.fps)
        self._frames: Iterator[U8] | None = None
        self._began_ns: int | None = None
        self._open = False
        self._seq = 0
        self._last: Frame | None = None

    @property
    def next_due_ns(self) -> int:
        """When the next frame belongs."""
        return (self._began_ns or 0) + self._seq * self._period_ns

    @property
    def end_ns(self) -> int:
        """When the source is over, as far as its length is known."""
        return (self._began_ns or 0) + (self._source.count + 1) * self._period_ns

    def start(self) -> None:
        """Begin, or go on after `close`: time has passed meanwhile, and the pictures with it."""
        if self._began_ns is None:
            self._began_ns = self._clock.now_ns()
            self._frames = self._source.frames()
        self._skip_missed()
        if self._outage() is OutageKind.UNPLUG:
            raise CameraUnavailable("there is no camera: plug it in")
        self._open = True

    def read(self) -> Frame | None:
        """See ports.Camera."""
        if not self._open:
            raise CameraFault("the camera is not open")
        self._wait()
        outage = self._outage()
        due_ns = self.next_due_ns
        picture = self._advance()
        if picture is None:
            return None
        if outage is OutageKind.UNPLUG:
            self._open = False
            raise CameraFault("the camera was unplugged")
        if outage is OutageKind.FREEZE and self._last is not None:
            return self._last
        picture.setflags(write=False)
        self._last = Frame(seq=self._seq - 1, captured_ns=due_ns, rgb=picture)
        return self._last

    def close(self) -> None:
        """See ports.Camera."""
        self._open = False

    def _advance(self) -> U8 | None:
        self._seq += 1
        return next(self._frames, None) if self._frames is not None else None

    def _skip_missed(self) -> None:
        while self.next_due_ns + self._period_ns <= self._clock.now_ns():
            if self._advance() is None:
                return

    def _wait(self) -> None:
        if not self._paced:
            return
        self._skip_missed()
        time.sleep(max(0, self.next_due_ns - self._clock.now_ns()) / NS_PER_S)

    def _outage(self) -> OutageKind | None:
        at_ns = self._seq * self._period_ns
        return next((o.kind for o in self._outages if o.from_ns <= at_ns < o.to_ns), None)


def _video_frames(path: Path) -> Iterator[U8]:
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    try:
        while True:
            more, picture = capture.read()
            if not more:
                return
            yield as_rgb(np.asarray(picture, np.uint8))
    finally:
        capture.release()


def _photo_frames(photos: list[Path], repeats: int) -> Iterator[U8]:
    for path in photos:
        picture = load_photo(path)
        for _ in range(repeats):
            yield picture.copy()
