"""What every camera promises. The real ones run where they are: `make hardware-test` on a Pi runs both, with
KITH_CAMERA=v4l2 or picamera2 only that one, and KITH_V4L2_NAME says part of the name of one that is not at
USB. `make camera-check` runs the Pi's on libcamera's virtual pipeline, KITH_CAMERA=virtual."""

import itertools
import os
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from kith.clock import NS_PER_S, MonotonicClock, VirtualClock
from kith.config import CameraSettings
from kith.drivers.opencv_camera import OpenCvCamera
from kith.drivers.picamera import PiCamera
from kith.drivers.simulated_camera import (
    FrameSource,
    Outage,
    OutageKind,
    SimulatedCamera,
    photo_source,
    video_source,
)
from kith.errors import CameraFault, CameraUnavailable, InputError
from kith.ports import Camera
from tests.hardware.parts import wanted

ONLY = os.environ.get("KITH_CAMERA", "")
V4L2 = CameraSettings(kind="v4l2", v4l2_name=os.environ.get("KITH_V4L2_NAME", ""))


def _real(kind: str) -> object:
    missing = not wanted("camera") or ONLY not in ("", kind)
    return pytest.param(kind, marks=pytest.mark.skipif(missing, reason="needs a Pi: make hardware-test"))


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """Thirty frames at 10 a second, each of a grey of its own."""
    path = tmp_path / "walk.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (160, 120))
    for index in range(30):
        writer.write(np.full((120, 160, 3), 40 + 5 * index, np.uint8))
    writer.release()
    return path


@pytest.fixture(
    params=[
        "video",
        "photos",
        _real("v4l2"),
        _real("picamera2"),
        pytest.param(
            "virtual", marks=pytest.mark.skipif(ONLY != "virtual", reason="needs make camera-check")
        ),
    ]
)
def camera(request: pytest.FixtureRequest, video: Path, tmp_path: Path) -> Camera:
    make: dict[str, Callable[[], Camera]] = {
        "video": lambda: SimulatedCamera(video_source(video), MonotonicClock(), paced=True),
        "photos": lambda: SimulatedCamera(_photos(tmp_path), MonotonicClock(), paced=True),
        "v4l2": lambda: OpenCvCamera(V4L2, MonotonicClock()),
        "picamera2": lambda: PiCamera(CameraSettings(), MonotonicClock()),
        "virtual": _virtual,
    }
    return make[request.param]()


def _virtual() -> Camera:
    from tools import virtual_camera

    virtual_camera.prepare()
    return PiCamera(CameraSettings(), MonotonicClock())


def _photos(folder: Path) -> FrameSource:
    cv2.imwrite(str(folder / "a.png"), np.full((90, 120, 3), 99, np.uint8))
    return photo_source(folder, lambda path, reason: None)


def test_frames_are_rgb_read_only_and_in_order(camera: Camera) -> None:
    camera.start()
    frames = [camera.read() for _ in range(5)]
    camera.close()
    assert all(frame is not None for frame in frames)
    for before, after in itertools.pairwise(frames):
        assert before is not None
        assert after is not None
        assert after.seq > before.seq
        assert after.captured_ns > before.captured_ns
        assert after.rgb.ndim == 3
        assert after.rgb.shape[2] == 3
        assert after.rgb.dtype == np.uint8
        assert not after.rgb.flags.writeable
        if after.small is not None:
            (rows, columns), (height, width) = after.small.shape[:2], after.rgb.shape[:2]
            assert columns < width
            assert columns / rows == pytest.approx(width / height, rel=0.02)
            assert after.small.dtype == np.uint8
            assert not after.small.flags.writeable


def test_a_camera_that_is_not_open_says_so(camera: Camera) -> None:
    camera.close()
    with pytest.raises(CameraFault):
        camera.read()
    camera.start()
    assert camera.read() is not None
    camera.close()
    camera.close()
    with pytest.raises(CameraFault):
        camera.read()


def test_a_camera_opens_again(camera: Camera) -> None:
    for _ in range(3):
        camera.start()
        assert camera.read() is not None
        camera.close()


def test_the_end_of_a_video_is_none(video: Path) -> None:
    camera = SimulatedCamera(video_source(video), VirtualClock(), paced=False)
    camera.start()
    times = []
    while (frame := camera.read()) is not None:
        times.append(frame.captured_ns)
    assert len(times) == 30
    assert times[-1] == pytest.approx(2.9 * NS_PER_S)


def test_a_frozen_camera_repeats_its_last_frame(video: Path) -> None:
    outage = Outage(kind=OutageKind.FREEZE, from_ns=NS_PER_S, to_ns=2 * NS_PER_S)
    camera = SimulatedCamera(video_source(video), VirtualClock(), paced=False, outages=(outage,))
    camera.start()
    times = [frame.captured_ns // 10**8 for frame in iter(camera.read, None) if frame is not None]
    assert times == [*range(10), *[9] * 10, *range(20, 30)]


def test_an_unplugged_camera_fails_and_comes_back(video: Path) -> None:
    clock = VirtualClock()
    outage = Outage(kind=OutageKind.UNPLUG, from_ns=NS_PER_S, to_ns=2 * NS_PER_S)
    camera = SimulatedCamera(video_source(video), clock, paced=False, outages=(outage,))
    camera.start()
    for _ in range(10):
        assert camera.read() is not None
    with pytest.raises(CameraFault, match="unplugged"):
        camera.read()
    clock.advance_to(3 * NS_PER_S // 2)
    with pytest.raises(CameraUnavailable):
        camera.start()
    clock.advance_to(5 * NS_PER_S // 2)
    camera.start()
    frame = camera.read()
    assert frame is not None
    assert frame.captured_ns >= 2 * NS_PER_S


@pytest.mark.parametrize("content", [b"", b"no video at all"])
def test_a_video_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.mkv"
    path.write_bytes(content)
    with pytest.raises(InputError, match="holds no picture"):
        video_source(path)


def test_missing_cameras_say_what_to_do() -> None:
    for settings in (CameraSettings(v4l2_device="/dev/no-such-camera"), CameraSettings(v4l2_name="No such")):
        with pytest.raises(CameraUnavailable, match="plug it in"):
            OpenCvCamera(settings, MonotonicClock()).start()


def test_a_broken_photo_is_left_out(tmp_path: Path) -> None:
    refused: list[str] = []
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    with pytest.raises(InputError, match="no picture that can be read"):
        photo_source(tmp_path, lambda path, reason: refused.append(path.name))
    cv2.imwrite(str(tmp_path / "whole.png"), np.full((90, 120, 3), 99, np.uint8))
    assert photo_source(tmp_path, lambda path, reason: None).count == 30
    assert refused == ["broken.jpg"]
