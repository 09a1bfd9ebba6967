"""A picamera2 of ours, as far as Kith calls it, for what no camera does when asked: hang, fail half way."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

import numpy as np

from kith.clock import VirtualClock

MODES = [
    {"size": size, "bit_depth": bits, "crop_limits": crop}
    for bits in (10, 8)
    for size, crop in (
        ((640, 480), (1000, 752, 1280, 960)),
        ((1640, 1232), (0, 0, 3280, 2464)),
        ((1920, 1080), (680, 692, 1920, 1080)),
        ((3280, 2464), (0, 0, 3280, 2464)),
    )
]
"""What picamera2 tells of the Camera Module 2, as far as Kith reads it."""


PLAIN = {"FrameDurationLimits": (), "AeExposureMode": (), "AwbMode": ()}
"""The controls of a camera whose lens has no motor, as far as Kith sets any."""
RIBBON = {"Model": "imx219", "Id": "/base/soc/i2c0mux/i2c@1/imx219@10"}
USB = {"Model": "HD Camera", "Id": "/base/scb/pcie@7d500000/usb@0,0-1:1.0-046d:0825"}


class Request:
    """A frame of picamera2's: the camera has so many and no more."""

    def __init__(self, camera: Picamera2) -> None:
        self._camera = camera
        camera.lent += 1

    def make_array(self, name: str) -> Any:
        if self._camera.broken == name:
            raise RuntimeError("failed to find buffer")
        stream = self._camera.configuration[name]
        width, height = stream["size"]
        if stream["format"] == "BGR888":
            return np.full((height, width, 3), 9, np.uint8)
        # As long as the hardware likes its rows, and what is beyond the picture is rubbish.
        rows = np.full((height * 3 // 2, -(-width // 64) * 64), 128, np.uint8)
        rows[:height, :width] = 16 + 100
        return rows

    def release(self) -> None:
        self._camera.lent -= 1


class Picamera2:
    """As much of picamera2 as Kith calls, with its `Job` behind `capture_request(wait=False)`."""

    made: list[Picamera2] = []  # noqa: RUF012
    broken = ""
    cameras: list[dict[str, str]] = [RIBBON]  # noqa: RUF012
    offered: dict[str, Any] = PLAIN
    clock: VirtualClock | None = None
    sensor_modes = MODES

    def __init__(self, number: int) -> None:
        if self.broken == "open":
            raise PermissionError(13, "Permission denied", "/dev/dma_heap/linux,cma")
        self.number, self.lent, self.captured, self.closed = number, 0, 0, False
        self.waiting: list[Future[Any]] = []
        self.camera_controls = self.offered
        self.made.append(self)

    @classmethod
    def global_camera_info(cls) -> list[dict[str, str]]:
        if cls.broken == "list":
            raise RuntimeError("Failed to start CameraManager: No such device")
        return cls.cameras

    def create_video_configuration(self, **wanted: Any) -> dict[str, Any]:
        return wanted

    def configure(self, configuration: dict[str, Any]) -> None:
        self.configuration = configuration
        if self.broken == "configure":
            raise RuntimeError("Failed to configure camera")

    def camera_configuration(self) -> dict[str, Any]:
        if self.broken == "format":
            return self.configuration | {"main": {"size": (640, 480), "format": "MJPEG"}}
        return self.configuration

    def start(self) -> None:
        if self.broken == "start":
            raise RuntimeError("Camera did not start properly.")

    def capture_request(self, wait: bool | None = None) -> Future[Any]:
        assert wait is False, "without a limit it may never return"
        job: Future[Any] = Future()
        if self.broken == "capture":
            self.waiting.append(job)
        else:
            self.captured += 1
            if self.clock is not None:
                self.clock.advance_to(self.clock.now_ns() + 33_333_000)
            job.set_result(Request(self))
        return job

    def wait(self, job: Future[Any], timeout: float | None = None) -> Any:
        return job.result(timeout)

    def cancel_all_and_flush(self) -> None:
        self.waiting.clear()

    def close(self) -> None:
        assert not self.waiting, "it would wait for the capture before it, for ever"
        if self.broken == "close":
            raise RuntimeError("camera release failed")
        self.closed = True
