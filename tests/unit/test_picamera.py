"""The Pi's camera on a picamera2 of ours, for what no camera does when asked: hang, and fail half way."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

from kith.clock import MonotonicClock, VirtualClock
from kith.config import CameraSettings
from kith.drivers import picamera
from kith.drivers.picamera import DETECTOR_PX, PiCamera, as_rgb, ribbon_camera, small_size
from kith.errors import CameraFault, CameraUnavailable
from kith.vision.networks import read_manifest
from tests.unit._picamera_kit import PLAIN, RIBBON, USB, Picamera2, Request


@pytest.fixture
def pi(monkeypatch: pytest.MonkeyPatch) -> type[Picamera2]:
    module, library = ModuleType("picamera2"), ModuleType("libcamera")
    module.Picamera2 = Picamera2  # type: ignore[attr-defined]
    library.ColorSpace = SimpleNamespace(Smpte170m=lambda: "smpte170m")  # type: ignore[attr-defined]
    library.controls = SimpleNamespace(  # type: ignore[attr-defined]
        AeExposureModeEnum=SimpleNamespace(Short="short"),
        AwbModeEnum=SimpleNamespace(Auto="auto"),
        AfModeEnum=SimpleNamespace(Continuous="continuous"),
        AfRangeEnum=SimpleNamespace(Normal="normal"),
        AfSpeedEnum=SimpleNamespace(Fast="fast"),
    )
    monkeypatch.setitem(sys.modules, "picamera2", module)
    monkeypatch.setitem(sys.modules, "libcamera", library)
    monkeypatch.setattr(Picamera2, "made", [])
    monkeypatch.setattr(picamera, "_ANSWER_S", 0.1)
    return Picamera2


def test_a_frame_is_turned_as_the_settings_say(pi: type[Picamera2]) -> None:
    camera = PiCamera(CameraSettings(rotation_deg=90), MonotonicClock())
    camera.start()
    frame = camera.read()
    assert frame is not None
    assert frame.small is not None
    assert frame.rgb.shape == (640, 480, 3)
    assert frame.small.shape == (288, 216, 3)
    assert not frame.rgb.flags.writeable
    assert not frame.small.flags.writeable


def test_a_camera_that_never_answers_is_a_fault_and_not_a_hang(
    pi: type[Picamera2], monkeypatch: pytest.MonkeyPatch
) -> None:
    camera = PiCamera(CameraSettings(), MonotonicClock())
    camera.start()
    monkeypatch.setattr(pi, "broken", "capture")
    with pytest.raises(CameraFault, match="stopped answering"):
        camera.read()
    assert pi.made[0].closed
    monkeypatch.setattr(pi, "broken", "")
    camera.start()
    assert camera.read() is not None


@pytest.mark.parametrize("broken", ["", "main", "lores"])
def test_every_buffer_goes_back_to_the_camera(
    pi: type[Picamera2], monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    camera = PiCamera(CameraSettings(look_interval_ms=20), MonotonicClock())
    for _ in range(3):
        monkeypatch.setattr(pi, "broken", "")
        camera.start()
        assert camera.read() is not None
        monkeypatch.setattr(pi, "broken", broken)
        with pytest.raises(CameraFault) if broken else nullcontext():
            camera.read()
        assert pi.made[-1].captured >= 2
        assert pi.made[-1].lent == 0
        camera.close()


def test_frames_that_nobody_would_look_at_are_given_back_uncopied(
    pi: type[Picamera2], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = VirtualClock()
    monkeypatch.setattr(pi, "clock", clock)
    copied: list[str] = []
    monkeypatch.setattr(Request, "make_array", _counted(Request.make_array, copied))
    camera = PiCamera(CameraSettings(look_interval_ms=100), clock)
    camera.start()
    frames = [camera.read() for _ in range(5)]
    assert [frame.seq for frame in frames if frame is not None] == [0, 1, 2, 3, 4]
    assert pi.made[0].captured == 1 + 4 * 3
    assert copied == ["main", "lores"] * 5


def _counted(make: Any, names: list[str]) -> Any:
    def counting(request: Request, name: str) -> Any:
        names.append(name)
        return make(request, name)

    return counting


def test_a_camera_that_does_not_close_is_let_go_all_the_same(
    pi: type[Picamera2], monkeypatch: pytest.MonkeyPatch
) -> None:
    camera = PiCamera(CameraSettings(), MonotonicClock())
    camera.start()
    monkeypatch.setattr(pi, "broken", "close")
    camera.close()
    with pytest.raises(CameraFault, match="not open"):
        camera.read()


@pytest.mark.parametrize("broken", ["list", "open"])
def test_a_camera_that_cannot_be_had_is_no_crash(
    pi: type[Picamera2], monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    monkeypatch.setattr(pi, "broken", broken)
    with pytest.raises(CameraUnavailable):
        PiCamera(CameraSettings(), MonotonicClock()).start()


@pytest.mark.parametrize("broken", ["configure", "start", "format"])
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
    ("wanted", "mode", "small"),
    [
        ((640, 480), (1640, 1232), 288),
        ((1280, 960), (1640, 1232), 288),
        ((1920, 1080), (3280, 2464), 216),
        ((4608, 3456), (3280, 2464), 288),
    ],
)
def test_the_whole_field_of_view_is_taken_whatever_the_size(
    pi: type[Picamera2], wanted: tuple[int, int], mode: tuple[int, int], small: int
) -> None:
    settings = CameraSettings(width_px=wanted[0], height_px=wanted[1])
    PiCamera(settings, MonotonicClock()).start()
    (camera,) = pi.made
    assert camera.configuration["main"] == {"size": wanted, "format": "BGR888"}
    assert camera.configuration["lores"] == {"size": (384, small), "format": "YUV420"}
    assert camera.configuration["sensor"] == {"output_size": mode, "bit_depth": 10}


@pytest.mark.parametrize("with_motor", [False, True])
def test_only_what_the_camera_offers_is_asked_of_it(
    pi: type[Picamera2], monkeypatch: pytest.MonkeyPatch, with_motor: bool
) -> None:
    lens = {"AfMode": "continuous", "AfRange": "normal", "AfSpeed": "fast"} if with_motor else {}
    monkeypatch.setattr(pi, "offered", PLAIN | lens)
    PiCamera(CameraSettings(), MonotonicClock()).start()
    assert pi.made[0].configuration["controls"] == {
        "FrameDurationLimits": (33_333, 33_333),
        "AeExposureMode": "short",
        "AwbMode": "auto",
        **lens,
    }


@pytest.mark.parametrize(
    ("cameras", "name", "number"),
    [
        ([RIBBON], "", 0),
        ([USB, RIBBON], "", 1),
        ([RIBBON, {"Model": "imx708_wide", "Id": "b"}], "", 0),
        ([RIBBON, {"Model": "imx708_wide", "Id": "b"}], "1", 1),
        ([USB, RIBBON, {"Model": "imx708_wide", "Id": "b"}], "1", 2),
        ([RIBBON, {"Model": "imx708_wide", "Id": "b"}], "IMX708", 1),
        ([RIBBON, {"Model": "imx708_wide", "Id": "b"}], "219", 0),
    ],
)
def test_of_two_cameras_the_one_that_is_named(cameras: list[dict[str, str]], name: str, number: int) -> None:
    assert ribbon_camera(cameras, name) == number


@pytest.mark.parametrize(
    ("cameras", "name", "told"),
    [
        ([], "", "ribbon cable"),
        ([USB], "", "ribbon cable"),
        ([RIBBON], "imx708", "no camera 'imx708', only imx219"),
        ([USB, RIBBON], "HD Camera", "no camera 'HD Camera', only imx219"),
    ],
)
def test_a_camera_that_is_not_there_is_told(cameras: list[dict[str, str]], name: str, told: str) -> None:
    with pytest.raises(CameraUnavailable, match=told):
        ribbon_camera(cameras, name)


@pytest.mark.parametrize(
    ("size", "rotation_deg", "small"),
    [
        ((640, 480), 0, (384, 288)),
        ((640, 480), 180, (384, 288)),
        ((640, 480), 90, (288, 216)),
        ((1640, 1232), 0, (384, 288)),
        ((1280, 720), 0, (384, 216)),
        ((384, 288), 0, None),
        ((320, 240), 270, (288, 216)),
        ((160, 120), 0, None),
    ],
)
def test_the_small_stream_is_as_large_as_the_detector_takes_it(
    size: tuple[int, int], rotation_deg: int, small: tuple[int, int] | None
) -> None:
    assert small_size(size, rotation_deg) == small


def test_the_detector_takes_what_the_driver_thinks() -> None:
    spec = read_manifest(Path(__file__).parents[2] / "models").networks["detector"]
    assert (spec.input_width_px, spec.input_height_px) == DETECTOR_PX


@pytest.mark.parametrize(("width", "row"), [(384, 384), (288, 320)])
@pytest.mark.parametrize("name", ["YUV420", "NV12"])
def test_a_small_picture_comes_as_rgb(name: str, width: int, row: int) -> None:
    red = np.zeros((216, width, 3), np.uint8)
    red[..., 0] = 200
    planes = cv2.cvtColor(red, cv2.COLOR_RGB2YUV_I420)
    bright, blue, red_ = np.split(planes.reshape(-1), [216 * width, 216 * width * 5 // 4])
    buffer = np.zeros((324, row), np.uint8)
    buffer[:216, :width] = bright.reshape(216, width)
    if name == "NV12":
        buffer[216:, :width:2], buffer[216:, 1:width:2] = blue.reshape(108, -1), red_.reshape(108, -1)
    else:
        for at, plane in ((216, blue), (270, red_)):
            buffer[at : at + 54].reshape(108, row // 2)[:, : width // 2] = plane.reshape(108, -1)
    rgb = as_rgb(buffer, {"format": name, "size": (width, 216)})
    assert rgb.shape == (216, width, 3)
    np.testing.assert_allclose(rgb, red, atol=3)


def test_a_sensor_without_modes_is_no_camera_and_is_given_back(
    pi: type[Picamera2], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pi, "sensor_modes", [])
    with pytest.raises(CameraUnavailable, match="no way to take a picture"):
        PiCamera(CameraSettings(), MonotonicClock()).start()
    assert [one.closed for one in pi.made] == [True]


def test_a_picamera2_that_was_built_for_another_numpy_is_no_crash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "picamera2.py").write_text('raise ValueError("numpy.dtype size changed")')
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "picamera2", raising=False)
    with pytest.raises(CameraUnavailable, match="dtype size changed"):
        PiCamera(CameraSettings(), MonotonicClock()).start()
