"""The Pi's camera on a picamera2 of ours, for what no camera does when asked: hang, and fail half way."""

from __future__ import annotations

import sys
from concurrent.futures import Future
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from kith.clock import MonotonicClock
from kith.config import CameraSettings
from kith.drivers import picamera
from kith.drivers.picamera import PiCamera
from kith.errors import CameraFault, CameraUnavailable

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


class Picamera2:
    """As much of picamera2 as Kith calls, with its `Job` behind `capture_array(wait=False)`."""

    made: list[Picamera2] = []  # noqa: RUF012
    broken = ""

    def __init__(self) -> None:
        self.closed = False
        self.made.append(self)

    sensor_modes = MODES

    def create_video_configuration(self, main: dict[str, Any], sensor: dict[str, Any]) -> dict[str, Any]:
        return {"main": main, "sensor": sensor}

    def configure(self, configuration: dict[str, Any]) -> None:
        self.configuration = configuration
        if self.broken == "configure":
            raise RuntimeError("Failed to configure camera")

    def start(self) -> None:
        if self.broken == "start":
            raise RuntimeError("Camera did not start properly.")

    def capture_array(self, name: str, wait: bool | None = None) -> Future[Any]:
        assert wait is False, "without a limit it may never return"
        job: Future[Any] = Future()
        if self.broken != "capture":
            job.set_result(np.full((480, 640, 3), 9, np.uint8))
        return job

    def wait(self, job: Future[Any], timeout: float | None = None) -> Any:
        return job.result(timeout)

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def pi(monkeypatch: pytest.MonkeyPatch) -> type[Picamera2]:
    module = ModuleType("picamera2")
    module.Picamera2 = Picamera2  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "picamera2", module)
    monkeypatch.setattr(Picamera2, "made", [])
    monkeypatch.setattr(picamera, "_ANSWER_S", 0.1)
    return Picamera2


def test_a_frame_is_turned_as_the_settings_say(pi: type[Picamera2]) -> None:
    camera = PiCamera(CameraSettings(rotation_deg=90), MonotonicClock())
    camera.start()
    frame = camera.read()
    assert frame is not None
    assert frame.rgb.shape == (640, 480, 3)


def test_a_camera_that_never_answers_is_a_fault_and_not_a_hang(
    pi: type[Picamera2], monkeypatch: pytest.MonkeyPatch
) -> None:
    camera = PiCamera(CameraSettings(), MonotonicClock())
    camera.start()
    monkeypatch.setattr(pi, "broken", "capture")
    with pytest.raises(CameraFault, match="stopped answering"):
        camera.read()


@pytest.mark.parametrize("broken", ["configure", "start"])
def test_a_camera_that_does_not_start_is_given_back(
    pi: type[Picamera2], monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    monkeypatch.setattr(pi, "broken", broken)
    camera = PiCamera(CameraSettings(), MonotonicClock())
    with pytest.raises(CameraUnavailable):
        camera.start()
    assert [one.closed for one in pi.made] == [True]
    monkeypatch.setattr(pi, "broken", "")
    camera.start()
    assert camera.read() is not None


@pytest.mark.parametrize(
    ("wanted", "mode"),
    [
        ((640, 480), (1640, 1232)),
        ((1280, 960), (1640, 1232)),
        ((1920, 1080), (3280, 2464)),
        ((4608, 3456), (3280, 2464)),
    ],
)
def test_the_whole_field_of_view_is_taken_whatever_the_size(
    pi: type[Picamera2], wanted: tuple[int, int], mode: tuple[int, int]
) -> None:
    settings = CameraSettings(width_px=wanted[0], height_px=wanted[1])
    PiCamera(settings, MonotonicClock()).start()
    (camera,) = pi.made
    assert camera.configuration["main"] == {"size": wanted, "format": "BGR888"}
    assert camera.configuration["sensor"] == {"output_size": mode, "bit_depth": 10}
