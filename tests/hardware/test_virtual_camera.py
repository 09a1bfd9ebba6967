"""The driver of the Pi's camera on the real picamera2 and libcamera, on pictures: `make camera-check`."""

from __future__ import annotations

import gc
import itertools
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from kith.app.perception import Perception
from kith.app.recorder import Outputs
from kith.app.simulate import Request, simulate
from kith.clock import MonotonicClock
from kith.config import CameraSettings, EnrollmentSettings, Settings, VisionSettings
from kith.drivers.picamera import PiCamera
from kith.errors import CameraFault, CameraUnavailable
from kith.recognition.gallery import Gallery
from kith.recognition.matcher import Matcher
from kith.recognition.operating_point import load_operating_point
from kith.types import Frame, Outcome
from kith.vision.imaging import load_photo, turned
from kith.vision.pipeline import open_analyzer
from tools import virtual_camera
from tools.virtual_camera import MemoryAllocator

ROOT = Path(__file__).parents[2]
CLIPS = Path(os.environ.get("KITH_DATA", ROOT.parent / "shared" / "data")) / "clips"
PICTURES = sorted((ROOT / ".cache" / "camera" / "pictures").glob("*.jpg"))
QUICK = CameraSettings(look_interval_ms=20)

pytestmark = pytest.mark.skipif(os.environ.get("KITH_CAMERA") != "virtual", reason="needs make camera-check")


@pytest.fixture(autouse=True)
def stack() -> None:
    virtual_camera.prepare()


@contextmanager
def _opened(settings: CameraSettings) -> Iterator[PiCamera]:
    camera = PiCamera(settings, MonotonicClock())
    camera.start()
    try:
        yield camera
    finally:
        camera.close()


def _read(camera: PiCamera) -> Frame:
    frame = camera.read()
    assert frame is not None
    return frame


@pytest.mark.parametrize("size", [(640, 480), (1280, 960), (1640, 1232)])
@pytest.mark.parametrize("rotation_deg", [0, 90, 180, 270])
def test_both_streams_show_the_same_moment_the_right_way_up(size: tuple[int, int], rotation_deg: int) -> None:
    width_px, height_px = size
    settings = CameraSettings(
        width_px=width_px, height_px=height_px, rotation_deg=rotation_deg, look_interval_ms=20
    )
    with _opened(settings) as camera:
        for _ in range(5):
            frame = _read(camera)
            assert frame.small is not None
            upright = turned(np.zeros((height_px, width_px, 3), np.uint8), rotation_deg)
            assert frame.rgb.shape == upright.shape
            rows, columns = frame.small.shape[:2]
            assert max(rows / 288, columns / 384) == 1, "as large as the detector takes it"
            shrunk = cv2.resize(frame.rgb, (columns, rows), interpolation=cv2.INTER_AREA)
            assert np.abs(shrunk.astype(int) - frame.small).mean() < 3
    assert frame.small is not None
    assert min(_difference(file, turned(frame.small, -rotation_deg % 360)) for file in PICTURES) < 4


def _difference(file: Path, seen: np.ndarray[Any, np.dtype[np.uint8]]) -> float:
    """Mean over the pixels, of a picture of the folder to what was seen of it."""
    size = (seen.shape[1], seen.shape[0])
    shrunk = cv2.resize(load_photo(file), size, interpolation=cv2.INTER_AREA)
    # They were written with the brightness of video, from 16 to 235, as which it is read.
    shown = np.clip((shrunk.astype(np.float32) - 16) * (255 / 219), 0, 255)
    return float(np.abs(shown - seen).mean())


def test_of_500_frames_no_buffer_is_lost() -> None:
    MemoryAllocator.lent = MemoryAllocator.most_lent = 0
    with _opened(QUICK) as camera:
        began_s = time.monotonic()
        frames = [(frame.seq, frame.captured_ns) for frame in (_read(camera) for _ in range(500))]
        took_s = time.monotonic() - began_s
    assert [seq for seq, _ in frames] == list(range(500))
    assert all(after > before for (_, before), (_, after) in itertools.pairwise(frames))
    assert MemoryAllocator.most_lent > 0
    assert MemoryAllocator.lent == 0
    print(f"500 frames in {took_s:.1f} s; {MemoryAllocator.most_lent} of 4 requests lent at most, 0 lost")


def test_20_restarts_leave_nothing_behind() -> None:
    def left_over() -> tuple[int, int]:
        gc.collect()  # each open leaves two of picamera2's selectors until then
        return len(list(Path("/proc/self/fd").iterdir())), threading.active_count()

    camera = PiCamera(QUICK, MonotonicClock())
    left, took_ms = [], []
    for _ in range(20):
        began_s = time.monotonic()
        camera.start()
        _read(camera)
        camera.close()
        took_ms.append((time.monotonic() - began_s) * 1e3)
        left.append(left_over())
    assert left[-1] == left[1]
    assert MemoryAllocator.lent == 0
    print(f"a restart takes {np.median(took_ms):.0f} ms, {max(took_ms):.0f} ms at most")


class Mute:
    """A camera of libcamera's that takes buffers and gives none back any more."""

    def __init__(self, camera: Any) -> None:
        self._camera = camera
        self._kept: list[Any] = []

    def queue_request(self, request: Any) -> None:
        """libcamera holds on to what is queued."""
        self._kept.append(request)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._camera, name)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("how", ["no frame comes", "its thread dies"])
def test_a_camera_that_falls_silent_is_a_fault_and_opens_again(how: str) -> None:
    MemoryAllocator.lent = 0
    camera = PiCamera(QUICK, MonotonicClock())
    camera.start()
    _read(camera)
    inner = camera._camera
    if how == "no frame comes":
        inner.camera = Mute(inner.camera)
    else:
        inner.camera.stop()  # the next buffer that picamera2 hands back is refused, and that ends its thread
    began_s = time.monotonic()
    with pytest.raises(CameraFault, match="stopped answering"):
        _read_on(camera)
    took_s = time.monotonic() - began_s
    assert took_s < 3, "on a machine that may be busy"
    with pytest.raises(CameraFault, match="not open"):
        camera.read()
    if how == "no frame comes":
        assert MemoryAllocator.lent == 0
    camera.start()
    _read(camera)
    camera.close()
    print(f"{how}: told after {took_s:.2f} s")


def _read_on(camera: PiCamera) -> None:
    while True:
        camera.read()


def test_a_camera_that_another_program_has_is_no_crash() -> None:
    with _opened(QUICK):
        other = PiCamera(QUICK, MonotonicClock())
        with pytest.raises(CameraUnavailable):
            other.start()


def test_a_camera_of_another_name_is_told() -> None:
    with pytest.raises(CameraUnavailable, match="no camera 'imx708', only virtual"):
        PiCamera(CameraSettings(name="imx708"), MonotonicClock()).start()


@pytest.mark.skipif(not CLIPS.is_dir(), reason=f"needs the clips in {CLIPS} (KITH_DATA)")
def test_a_person_before_it_is_named(tmp_path: Path) -> None:
    """The camera shows the first clip of the folder; everybody was enrolled from another."""
    shown = sorted(CLIPS.glob("*/*.mkv"))[0]
    for folder in sorted(CLIPS.iterdir()):
        clip = sorted(file for file in folder.glob("*.mkv") if file != shown)[0]
        _enrol(clip, tmp_path)
        with Gallery.open(tmp_path / "kith.db", None) as gallery:
            unnamed = [person.name for person in gallery.people() if not person.name.startswith("Person")]
            gallery.rename(unnamed[0], f"Person {folder.name[-1]}")
    settings = VisionSettings()
    analyzer = open_analyzer(ROOT / "models", settings)
    with Gallery.open(tmp_path / "kith.db", analyzer.model_id) as gallery:
        point = load_operating_point(ROOT / "calibration" / "operating_point.toml", analyzer.model_id)
        matcher = Matcher(gallery.templates(), point)
        names = {person.person_id: person.name for person in gallery.people()}
    perception = Perception(analyzer, matcher, CameraSettings(), settings)
    said: Counter[str] = Counter()
    with _opened(CameraSettings()) as camera:
        for _ in range(40):
            for face in perception.look(_read(camera)).faces:
                found = face.identification
                if found is not None and found.outcome is Outcome.KNOWN and found.person_id is not None:
                    said[names[found.person_id]] += 1
    print(f"{shown.parent.name}: {dict(said)}")
    assert list(said) == [f"Person {shown.parent.name[-1]}"]
    assert said.total() >= 8


def _enrol(clip: Path, home: Path) -> None:
    briefly = Settings(enrollment=EnrollmentSettings(side_views=0))
    request = Request(video=clip, data=home, button="0 double; 4 double", outputs=Outputs(), quiet=True)
    simulate(briefly, request)
