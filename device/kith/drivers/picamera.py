"""The Pi's own camera, by picamera2.

Written to picamera2's documented interface; no Pi stands on the desk where it was written, so its
contract test runs only where picamera2 and a camera are (`make hardware-test`).
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np

from kith.clock import Clock
from kith.config import CameraSettings
from kith.errors import CameraFault, CameraUnavailable
from kith.types import Frame
from kith.vision.imaging import turned

_ANSWER_S = 2.0
"""A frame takes a thirtieth of a second, the first one after the start up to a second."""


def is_installed() -> bool:
    """Whether picamera2 can be imported here."""
    return find_spec("picamera2") is not None


class PiCamera:
    """Reads the main stream; picamera2 copies each buffer out and gives it back to the camera."""

    def __init__(self, settings: CameraSettings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        self._camera: Any = None
        self._seq = 0

    def start(self) -> None:
        """See ports.Camera."""
        try:
            from picamera2 import Picamera2
        except ImportError as error:
            raise CameraUnavailable(
                "picamera2 is not installed: run `sudo apt-get install python3-picamera2`"
            ) from error
        try:
            camera = Picamera2()
        except (RuntimeError, IndexError) as error:
            raise CameraUnavailable("the Pi finds no camera: check the ribbon cable") from error
        try:
            size = (self._settings.width_px, self._settings.height_px)
            # libcamera names its formats by the word's order: "BGR888" lies in memory as R, G, B.
            camera.configure(camera.create_video_configuration(main={"size": size, "format": "BGR888"}))
            camera.start()
        except (RuntimeError, IndexError) as error:
            camera.close()  # else it stays taken, and no later try can have it
            raise CameraUnavailable("the Pi's camera does not start: check the ribbon cable") from error
        self._camera = camera

    def read(self) -> Frame | None:
        """See ports.Camera."""
        if self._camera is None:
            raise CameraFault("the camera is not open")
        try:
            # By a job: only newer versions of picamera2 take a time limit for `wait` itself.
            job = self._camera.capture_array("main", wait=False)
            picture = self._camera.wait(job, timeout=_ANSWER_S)
        except (RuntimeError, TimeoutError) as error:
            raise CameraFault("the Pi's camera stopped answering") from error
        captured_ns = self._clock.now_ns()
        rgb = turned(np.ascontiguousarray(picture, np.uint8), self._settings.rotation_deg)
        rgb.setflags(write=False)
        self._seq += 1
        return Frame(seq=self._seq - 1, captured_ns=captured_ns, rgb=rgb)

    def close(self) -> None:
        """See ports.Camera."""
        if self._camera is not None:
            self._camera.close()
            self._camera = None
