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


def whole_view(modes: list[dict[str, Any]], size_px: tuple[int, int]) -> dict[str, Any]:
    """Of a sensor's modes, as picamera2 lists them, the smallest that shows the whole field of view in at
    least this size, else the largest; as its configuration wants it.

    Left to itself the camera takes the mode nearest in size. That of 640x480 shows the middle two fifths of
    the Camera Module 2's width: 26.5 degrees, and a distance would be told as two fifths of what it is.
    """
    widest = max(_view(mode) for mode in modes)
    whole = [mode for mode in modes if _view(mode) == widest]
    enough = [mode for mode in whole if mode["size"][0] >= size_px[0] and mode["size"][1] >= size_px[1]]
    size = min(mode["size"] for mode in enough) if enough else max(mode["size"] for mode in whole)
    bit_depth = max(mode["bit_depth"] for mode in whole if mode["size"] == size)
    return {"output_size": size, "bit_depth": bit_depth}


def _view(mode: dict[str, Any]) -> int:
    """How much of the sensor a mode shows, in the sensor's own pixels."""
    _, _, width_px, height_px = mode["crop_limits"]
    return int(width_px * height_px)


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
            main = {"size": size, "format": "BGR888"}
            sensor = whole_view(camera.sensor_modes, size)
            camera.configure(camera.create_video_configuration(main=main, sensor=sensor))
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
