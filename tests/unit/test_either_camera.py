"""The Pi's own camera where it has one, else one at USB."""

from __future__ import annotations

import numpy as np
import pytest

from kith.app import run
from kith.clock import VirtualClock
from kith.config import CameraSettings
from kith.drivers.either_camera import EitherCamera
from kith.drivers.opencv_camera import OpenCvCamera
from kith.drivers.picamera import PiCamera
from kith.errors import CameraFault, CameraUnavailable
from kith.types import Frame


class Camera:
    """One that may be there."""

    def __init__(self, luma: int, *, there: bool = True) -> None:
        self.luma, self.there, self.open = luma, there, False

    def start(self) -> None:
        if not self.there:
            raise CameraUnavailable(f"no camera {self.luma}")
        self.open = True

    def read(self) -> Frame | None:
        return Frame(seq=0, captured_ns=0, rgb=np.full((8, 8, 3), self.luma, np.uint8))

    def close(self) -> None:
        self.open = False


def _luma(camera: EitherCamera) -> int:
    frame = camera.read()
    assert frame is not None
    return int(frame.rgb[0, 0, 0])


def test_the_first_that_opens_is_taken_anew_at_each_start() -> None:
    ribbon, usb = Camera(1, there=False), Camera(2)
    camera = EitherCamera(ribbon, usb)
    camera.start()
    assert _luma(camera) == 2
    ribbon.there = True
    camera.start()
    assert _luma(camera) == 1
    assert not usb.open
    camera.close()
    camera.close()
    assert not ribbon.open
    with pytest.raises(CameraFault, match="not open"):
        camera.read()


def test_without_any_all_that_is_missing_is_told() -> None:
    camera = EitherCamera(Camera(1, there=False), Camera(2, there=False))
    with pytest.raises(CameraUnavailable, match="no camera 1; no camera 2"):
        camera.start()
    with pytest.raises(CameraFault):
        camera.read()


@pytest.mark.parametrize(
    ("kind", "installed", "made"),
    [
        ("auto", True, EitherCamera),
        ("auto", False, OpenCvCamera),
        ("picamera2", False, PiCamera),
        ("v4l2", True, OpenCvCamera),
    ],
)
def test_the_camera_of_the_settings(
    monkeypatch: pytest.MonkeyPatch, kind: str, installed: bool, made: type
) -> None:
    monkeypatch.setattr(run, "is_installed", lambda: installed)
    assert type(run.open_camera(CameraSettings(kind=kind), VirtualClock())) is made
