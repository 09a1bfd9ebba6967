"""A USB camera through Video4Linux, by OpenCV."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from kith.clock import NS_PER_MS, NS_PER_S, Clock
from kith.config import CameraSettings
from kith.drivers.video_nodes import find_camera
from kith.errors import CameraFault, CameraUnavailable
from kith.types import U8, Frame
from kith.vision.imaging import as_rgb, turned

_ANSWER_S = 2
"""So long OpenCV waits for a frame; it counts in whole seconds, and left to itself waits for 10. That it was
unplugged the kernel tells at once."""
_BROKEN_NS = 2 * NS_PER_S
"""So long nothing but broken pictures may come."""
_RAW_PX = 640 * 480
"""Up to here pictures fit through USB 2 uncompressed, 18 MB in a second; larger ones come as JPEG."""
_EARLY_NS = 5 * NS_PER_MS
"""Three frames of a thirtieth of a second are a tenth, whatever their rounding."""


class OpenCvCamera:
    """Finds its device anew at each start, by name. `read` waits for the next frame that somebody will look
    at: those sooner than `look_interval_ms` after the last are taken and not even decoded."""

    def __init__(
        self, settings: CameraSettings, clock: Clock, find: Callable[[str], Path | None] = find_camera
    ) -> None:
        """find: the device of the camera whose name has this in it, for tests."""
        self._settings, self._clock, self._find = settings, clock, find
        self._interval_ns = settings.look_interval_ms * NS_PER_MS - _EARLY_NS
        self._capture: cv2.VideoCapture | None = None
        self._device = ""
        self._given_ns: int | None = None
        self._seq = 0

    def start(self) -> None:
        """See ports.Camera."""
        self.close()
        self._device = self._chosen()
        # OpenCV reads it when it first waits for a frame; there is no property for it.
        os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", str(_ANSWER_S))
        capture = cv2.VideoCapture(self._device, cv2.CAP_V4L2)
        if not capture.isOpened():
            capture.release()
            raise CameraUnavailable(
                f"no camera answers at {self._device}: plug it in again, or set camera.v4l2_name"
            )
        width_px, height_px = self._settings.width_px, self._settings.height_px
        if width_px * height_px > _RAW_PX:
            # Before the size: else a size is asked for that the format at hand has not.
            capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, width_px)
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, height_px)
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # no old pictures
        self._capture, self._given_ns = capture, None

    def _chosen(self) -> str:
        """The device of the settings."""
        settings = self._settings
        if settings.v4l2_device:
            if not Path(settings.v4l2_device).exists():
                raise CameraUnavailable(
                    f"there is no camera {settings.v4l2_device}: plug it in, or set camera.v4l2_device"
                )
            return settings.v4l2_device
        found = self._find(settings.v4l2_name)
        if found is None:
            which = f" named '{settings.v4l2_name}'" if settings.v4l2_name else ""
            raise CameraUnavailable(f"there is no USB camera{which}: plug it in, or set camera.v4l2_name")
        return str(found)

    def read(self) -> Frame | None:
        """See ports.Camera."""
        if self._capture is None:
            raise CameraFault("the camera is not open")
        captured_ns, bgr = self._next(self._capture)
        self._given_ns = captured_ns
        rgb = turned(as_rgb(bgr), self._settings.rotation_deg)
        rgb.setflags(write=False)
        self._seq += 1
        return Frame(seq=self._seq - 1, captured_ns=captured_ns, rgb=rgb)

    def _next(self, capture: cv2.VideoCapture) -> tuple[int, U8]:
        """The next whole picture that is due, in OpenCV's order of colours, and when it came."""
        due_ns = self._clock.now_ns()
        if self._given_ns is not None:
            due_ns = max(due_ns, self._given_ns + self._interval_ns)
        while (now_ns := self._grabbed(capture)) - due_ns < _BROKEN_NS:
            if now_ns < due_ns:
                continue
            # Cheap cameras send a broken JPEG now and then, and OpenCV then gives nothing.
            whole, picture = capture.retrieve()
            if whole and picture is not None and picture.ndim == 3:
                return now_ns, np.asarray(picture, np.uint8)
        raise CameraFault(f"the camera at {self._device} sends only broken pictures: plug it in again")

    def _grabbed(self, capture: cv2.VideoCapture) -> int:
        """Wait for a frame; when it came."""
        try:
            there = capture.grab()
        except cv2.error:
            there = False
        if not there:
            raise CameraFault(f"the camera at {self._device} stopped answering")
        return self._clock.now_ns()

    def close(self) -> None:
        """See ports.Camera."""
        if self._capture is not None:
            self._capture.release()
            self._capture = None
