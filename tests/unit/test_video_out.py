"""The annotated video: read back and measured."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from kith.errors import InputError
from kith.simulation.marking import KNOWN
from kith.simulation.snapshots import FaceMark, Snapshot
from kith.simulation.video_out import VideoOut
from kith.types import U8, BoxPx, Outcome

MARK = FaceMark(box=BoxPx(x=100, y=80, w=80, h=90), label="Anna", outcome=Outcome.KNOWN, rejection=None)


def snapshot(
    t_s: float, grey: int = 128, marks: tuple[FaceMark, ...] = (), captions: tuple[str, ...] = ()
) -> Snapshot:
    return Snapshot(t_s=t_s, rgb=np.full((240, 320, 3), grey, np.uint8), marks=marks, captions=captions)


def frames_of(path: Path) -> list[U8]:
    capture = cv2.VideoCapture(str(path))
    frames: list[U8] = []
    while True:
        there, frame = capture.read()
        if not there:
            return frames
        frames.append(np.asarray(frame, np.uint8))


@pytest.mark.parametrize("name", ["run.avi", "run.mp4", "run.mkv"])
def test_every_moment_is_a_frame_of_the_asked_rate(tmp_path: Path, name: str) -> None:
    video = VideoOut(tmp_path / name, 10.0)
    for index in range(20):
        video.write(snapshot(index / 10, grey=10 * index + 20))
    video.close()
    video.close()
    capture = cv2.VideoCapture(str(tmp_path / name))
    assert capture.get(cv2.CAP_PROP_FPS) == pytest.approx(10.0)
    frames = frames_of(tmp_path / name)
    assert [frame.shape for frame in frames] == [(240, 320, 3)] * 20
    levels = [float(np.median(frame)) for frame in frames]
    assert levels == pytest.approx([10 * index + 20 for index in range(20)], abs=6)


def test_a_gap_is_filled_and_haste_is_left_out(tmp_path: Path) -> None:
    video = VideoOut(tmp_path / "run.avi", 10.0)
    for t_s, grey in ((7.0, 20), (7.02, 60), (8.0, 100), (8.1, 140)):
        video.write(snapshot(t_s, grey=grey))
    video.close()
    levels = [float(np.median(frame)) for frame in frames_of(tmp_path / "run.avi")]
    assert levels == pytest.approx([20.0] * 10 + [100.0, 140.0], abs=6)


def test_faces_and_words_are_drawn(tmp_path: Path) -> None:
    video = VideoOut(tmp_path / "run.avi", 10.0)
    video.write(snapshot(0.0))
    video.write(snapshot(0.1, marks=(MARK,)))
    video.write(snapshot(0.2, captions=("Anna, left, two metres.",)))
    video.close()
    plain, marked, told = (frame.astype(int) for frame in frames_of(tmp_path / "run.avi"))
    plate = marked[58:76, 104:140]
    assert (np.abs(plate - KNOWN).max(axis=2) < 40).mean() > 0.3
    assert np.abs(marked[100:160, 110:170] - plain[100:160, 110:170]).max() < 12, (
        "the face itself is left alone"
    )
    strip = told[-24:, :120]
    assert np.median(strip) < 60, "a dark strip"
    assert strip.max() > 200, "with white words on it"
    assert np.median(plain[-24:, :120]) > 120


def test_odd_and_changing_sizes_are_fitted(tmp_path: Path) -> None:
    video = VideoOut(tmp_path / "run.avi", 10.0)
    for index, shape in enumerate([(241, 321, 3), (480, 640, 3)]):
        video.write(Snapshot(t_s=index / 10, rgb=np.full(shape, 99, np.uint8), marks=(MARK,), captions=()))
    video.close()
    assert [frame.shape for frame in frames_of(tmp_path / "run.avi")] == [(240, 320, 3)] * 2


def test_without_a_frame_there_is_no_file(tmp_path: Path) -> None:
    VideoOut(tmp_path / "run.avi", 10.0).close()
    assert not (tmp_path / "run.avi").exists()


@pytest.mark.parametrize("name", ["missing/run.avi", "run.gif", "run", "folder.avi"])
def test_a_bad_path_is_an_input_error_that_names_it(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.avi").mkdir()
    with pytest.raises(InputError, match=re.escape(name)):
        VideoOut(tmp_path / name, 10.0)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, a device that is always full")
def test_a_full_disk_is_an_input_error(tmp_path: Path) -> None:
    path = tmp_path / "run.avi"
    path.symlink_to("/dev/full")
    with pytest.raises(InputError, match=re.escape(str(path))):
        _write_some(path)


def _write_some(path: Path) -> None:
    video = VideoOut(path, 10.0)
    for index in range(30):
        video.write(snapshot(index / 10))
    video.close()
