"""What a simulation writes must destroy neither what it sees nor what else it writes."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from kith.cli import main
from kith.errors import InputError
from kith.simulation.output_files import check_apart


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "hall.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (320, 240))
    for _ in range(5):
        writer.write(np.full((240, 320, 3), 128, np.uint8))
    writer.release()
    return path


@pytest.mark.parametrize("option", ["--events", "--sound", "--picture", "--video-out"])
@pytest.mark.parametrize("name", ["hall.avi", "folder/../hall.avi", "link.avi", "hard.avi"])
def test_the_video_that_is_seen_is_never_overwritten(
    video: Path, tmp_path: Path, option: str, name: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link.avi").symlink_to(video)
    (tmp_path / "hard.avi").hardlink_to(video)
    before = video.read_bytes()
    done = CliRunner().invoke(main, ["simulate", "--video", str(video), option, str(tmp_path / name)])
    assert done.exit_code == 1
    assert f"kith: {option} {tmp_path / name} would overwrite the video" in done.stderr
    assert video.read_bytes() == before


def test_two_outputs_never_share_a_file(video: Path, tmp_path: Path) -> None:
    same = str(tmp_path / "same")
    done = CliRunner().invoke(
        main, ["simulate", "--video", str(video), "--events", same, "--sound", f"{tmp_path}/./same"]
    )
    assert done.exit_code == 1
    assert "--sound" in done.stderr
    assert "would overwrite what --events writes" in done.stderr
    assert not Path(same).exists()


def test_nothing_is_written_among_the_photos(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    cv2.imwrite(str(photos / "a.png"), np.full((240, 320, 3), 128, np.uint8))
    done = CliRunner().invoke(main, ["simulate", "--photos", str(photos), "--picture", str(photos / "a.png")])
    assert done.exit_code == 1
    assert "lies among the photos" in done.stderr
    assert [each.name for each in photos.iterdir()] == ["a.png"]


def test_outputs_of_their_own_are_allowed(video: Path, tmp_path: Path) -> None:
    outputs = {"--events": tmp_path / "e", "--sound": tmp_path / "s", "--picture": tmp_path / "photos.png"}
    check_apart(outputs, video, None, tmp_path / "scene.toml")
    check_apart(outputs, None, tmp_path / "photos")
    with pytest.raises(InputError, match=r"--events .* among the photos"):
        check_apart(outputs, None, tmp_path)


def test_the_scene_is_not_overwritten(video: Path, tmp_path: Path) -> None:
    scene = tmp_path / "scene.toml"
    with pytest.raises(InputError, match=r"--events .* would overwrite the scene of the range sensors"):
        check_apart({"--events": scene}, video, None, scene)
