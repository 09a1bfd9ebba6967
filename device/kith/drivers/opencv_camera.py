"""A USB camera through Video4Linux, by OpenCV."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from kith.clock import Clock
from kith.config import CameraSettings
from kith.errors import CameraFault, CameraUnavailable
from kith.types import Frame
from kith.vision.imaging import as_rgb, turned


class OpenCvCamera:
    """Reads a device such as /dev/video0. `read` waits for the next frame."""

    def __init__(self, settings: CameraSettings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        self._capture: cv2.VideoCapture | None = None
        self._seq = 0

    def start(self) -> None:
        """See ports.Camera."""
        device = self._settings.v4l2_device
        if not Path(device).exists():
            raise CameraUnavailable(f"there is no camera {device}: plug it in, or set camera.v4l2_device")
        capture = cv2.VideoCapture(device, cv2.CAP_V4L2)
        if not capture.isOpened():
            capture.release()
            raise CameraUnavailable(f"no camera answers at {device}: plug it in, or set camera.v4l2_device")
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, self._settings.width_px)
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, self._settings.height_px)
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        self._capture = capture

    def read(self) -> Frame | None:
        """See ports.Camera."""
        if self._capture is None:
            raise CameraFault("the camera is not open")
        more, picture = self._capture.read()
        if not more:
            raise CameraFault(f"the camera at {self._settings.v4l2_device} stopped answering")
        captured_ns = self._clock.now_ns()
        rgb = turned(as_rgb(np.asarray(picture, np.uint8)), self._settings.rotation_deg)
        rgb.setflags(write=False)
        self._seq += 1
        return Frame(seq=self._seq - 1, captured_ns=captured_ns, rgb=rgb)

    def close(self) -> None:
        """See ports.Camera."""
        if self._capture is not None:
            self._capture.release()
            self._capture = None
