"""The loop of the capture thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from kith.app.core import Trouble
from kith.clock import Clock
from kith.errors import CameraFault, CameraUnavailable
from kith.ports import Camera
from kith.runtime.latest import LatestSlot
from kith.types import Frame

_RETRY_CAMERA_S = 1.0
_POLL_S = 0.2


@dataclass(frozen=True, slots=True)
class SourceEnded:
    """A simulated camera has no more pictures."""


class Capturing:
    """Hands on the frames of a camera while it is wanted; one that fails is opened again every second."""

    def __init__(
        self,
        camera: Camera,
        slot: LatestSlot[Frame],
        clock: Clock,
        report: Callable[[Trouble | SourceEnded], None],
    ) -> None:
        self._camera, self._slot, self._clock, self._report = camera, slot, clock, report
        self._wanted = threading.Event()
        self._wanted.set()
        self._since_ns: int | None = None

    def want(self, wanted: bool) -> None:
        """Open or close the camera; from any thread."""
        if wanted:
            self._wanted.set()
        else:
            self._wanted.clear()

    @property
    def since_ns(self) -> int | None:
        """When the camera was asked for what it has not answered yet; None while it is not wanted: a new
        process would open what the wearer has closed."""
        return self._since_ns if self._wanted.is_set() else None

    def work(self, stop: threading.Event) -> None:
        """Until stopped or the source has ended."""
        try:
            while not stop.is_set():
                if not self._wanted.wait(_POLL_S):
                    continue
                if not self._opened(stop):
                    continue
                if self._read_until_closed(stop):
                    self._report(SourceEnded())
                    return
        finally:
            self._camera.close()

    def _opened(self, stop: threading.Event) -> bool:
        try:
            with self._asked():
                self._camera.start()
        except CameraUnavailable as error:
            self._report(Trouble(key="camera.missing", text=str(error)))
            stop.wait(_RETRY_CAMERA_S)
            return False
        return True

    def _read_until_closed(self, stop: threading.Event) -> bool:
        """Hand frames on; True when the source has ended."""
        try:
            while self._wanted.is_set() and not stop.is_set():
                with self._asked():
                    frame = self._camera.read()
                if frame is None:
                    return True
                if self._wanted.is_set():  # it may have been closed while this one was awaited
                    self._slot.put(frame)
        except CameraFault as error:
            self._report(Trouble(key="camera.stopped", text=str(error)))
            self._close()
            stop.wait(_RETRY_CAMERA_S)
        self._close()
        return False

    def _close(self) -> None:
        with self._asked():
            self._camera.close()

    @contextmanager
    def _asked(self) -> Iterator[None]:
        self._since_ns = self._clock.now_ns()
        try:
            yield
        finally:
            self._since_ns = None
