"""A USB camera on a capture of ours that does what such cameras do: stall, send half a picture, go."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from kith.clock import NS_PER_MS, NS_PER_S, VirtualClock
from kith.config import CameraSettings
from kith.drivers.opencv_camera import OpenCvCamera
from kith.errors import CameraFault, CameraUnavailable

BLUE = np.full((480, 640, 3), (200, 20, 10), np.uint8)


class Capture:
    """As much of cv2.VideoCapture as Kith calls, as it behaves on V4L2 in OpenCV 4.13 and 5.0."""

    made: list[Capture] = []  # noqa: RUF012
    plugged_in: set[str] = set()  # noqa: RUF012
    clock: VirtualClock
    stalled = False
    broken: set[int] = set()  # noqa: RUF012

    def __init__(self, device: str, backend: int) -> None:
        assert backend == cv2.CAP_V4L2
        self.device, self.frames, self.decoded = device, 0, 0
        self.open = device in self.plugged_in
        self.asked: list[tuple[int, float]] = []
        self.made.append(self)

    def isOpened(self) -> bool:  # noqa: N802
        return self.open

    def set(self, what: int, value: float) -> bool:
        self.asked.append((what, value))
        return True

    def grab(self) -> bool:
        if self.device not in self.plugged_in:
            return False  # ENODEV, at once
        if self.stalled:
            self.clock.advance_to(self.clock.now_ns() + self.patience_ns())
            return False
        self.clock.advance_to(self.clock.now_ns() + 33 * NS_PER_MS)
        self.frames += 1
        return True

    @staticmethod
    def patience_ns() -> int:
        """How long its select waits, by OpenCV's own variable."""
        return int(os.environ.get("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "10")) * NS_PER_S

    def retrieve(self) -> tuple[bool, Any]:
        self.decoded += 1
        whole = self.frames not in self.broken and -1 not in self.broken
        return whole, BLUE if whole else None

    def release(self) -> None:
        self.open = False


@pytest.fixture
def usb(monkeypatch: pytest.MonkeyPatch) -> type[Capture]:
    monkeypatch.setattr(cv2, "VideoCapture", Capture)
    for name, value in {"made": [], "plugged_in": {"/dev/video3"}, "broken": set()}.items():
        monkeypatch.setattr(Capture, name, value)
    monkeypatch.setattr(Capture, "clock", VirtualClock(), raising=False)
    monkeypatch.delenv("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", raising=False)
    return Capture


def _camera(usb: type[Capture], **settings: Any) -> OpenCvCamera:
    def find(name: str) -> Path | None:
        found = sorted(usb.plugged_in)
        return Path(found[0]) if found and name in ("", "Webcam") else None

    return OpenCvCamera(CameraSettings(kind="v4l2", **settings), usb.clock, find)


def test_colours_come_as_rgb_and_turned(usb: type[Capture]) -> None:
    camera = _camera(usb, rotation_deg=90)
    camera.start()
    frame = camera.read()
    assert frame is not None
    assert frame.rgb.shape == (640, 480, 3)
    assert tuple(frame.rgb[0, 0]) == (10, 20, 200)
    assert frame.small is None


@pytest.mark.parametrize(("size", "compressed"), [((640, 480), False), ((1280, 960), True)])
def test_larger_pictures_come_as_jpeg(usb: type[Capture], size: tuple[int, int], compressed: bool) -> None:
    _camera(usb, width_px=size[0], height_px=size[1]).start()
    asked = [what for what, _ in usb.made[0].asked]
    assert (cv2.CAP_PROP_FOURCC in asked) is compressed
    assert asked.index(cv2.CAP_PROP_FRAME_WIDTH) == int(compressed), "a size is of a format"
    assert (cv2.CAP_PROP_BUFFERSIZE, 1) in usb.made[0].asked


def test_frames_that_nobody_would_look_at_are_not_decoded(usb: type[Capture]) -> None:
    camera = _camera(usb, look_interval_ms=100)
    camera.start()
    frames = [camera.read() for _ in range(4)]
    assert [frame.captured_ns // NS_PER_MS for frame in frames if frame is not None] == [33, 132, 231, 330]
    assert (usb.made[0].frames, usb.made[0].decoded) == (10, 4)


def test_the_longest_interval_is_no_fault(usb: type[Capture]) -> None:
    camera = _camera(usb, look_interval_ms=2000)
    camera.start()
    assert all(camera.read() is not None for _ in range(3))


def test_a_camera_that_stalls_is_a_fault_within_two_seconds(
    usb: type[Capture], monkeypatch: pytest.MonkeyPatch
) -> None:
    camera = _camera(usb)
    camera.start()
    camera.read()
    monkeypatch.setattr(usb, "stalled", True)
    began_ns = usb.clock.now_ns()
    with pytest.raises(CameraFault, match="stopped answering"):
        camera.read()
    assert usb.clock.now_ns() - began_ns <= 2 * NS_PER_S


def test_one_that_is_plugged_in_again_is_found_under_another_number(usb: type[Capture]) -> None:
    camera = _camera(usb, v4l2_name="Webcam")
    camera.start()
    assert camera.read() is not None
    usb.plugged_in.clear()
    with pytest.raises(CameraFault, match="/dev/video3 stopped answering"):
        camera.read()
    with pytest.raises(CameraUnavailable, match="no USB camera named 'Webcam'"):
        camera.start()
    usb.plugged_in.add("/dev/video5")
    camera.start()
    assert camera.read() is not None
    assert [(capture.device, capture.open) for capture in usb.made] == [
        ("/dev/video3", False),
        ("/dev/video5", True),
    ]


def test_a_broken_picture_is_left_out(usb: type[Capture], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usb, "broken", {1, 2, 6})
    camera = _camera(usb, look_interval_ms=100)
    camera.start()
    frames = [camera.read() for _ in range(3)]
    assert [frame.captured_ns // NS_PER_MS for frame in frames if frame is not None] == [99, 231, 330]


def test_nothing_but_broken_pictures_is_a_fault(usb: type[Capture], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usb, "broken", {-1})
    camera = _camera(usb)
    camera.start()
    with pytest.raises(CameraFault, match="only broken pictures"):
        camera.read()
    assert usb.clock.now_ns() <= 2.1 * NS_PER_S


def test_one_that_does_not_open_is_let_go(usb: type[Capture], monkeypatch: pytest.MonkeyPatch) -> None:
    camera = _camera(usb)
    monkeypatch.setattr(camera, "_find", lambda name: Path("/dev/video9"))
    with pytest.raises(CameraUnavailable, match="/dev/video9"):
        camera.start()
    with pytest.raises(CameraFault, match="not open"):
        camera.read()


def test_opencv_knows_the_variable_that_it_is_told_to_wait_by() -> None:
    (library,) = Path(cv2.__file__).parent.glob("cv2*.so")
    assert b"OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT" in library.read_bytes()
