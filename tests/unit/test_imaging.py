"""Photos as carers have them: turned, huge, cut short, not photos at all."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from kith.errors import InputError
from kith.types import View
from kith.vision.imaging import MAX_SIDE_PX, judge_view, load_photo


def _scene(width: int = 320, height: int = 200) -> np.ndarray:
    """Red on the left, blue on the right, in RGB."""
    rgb = np.zeros((height, width, 3), np.uint8)
    rgb[:, : width // 2, 0] = 220
    rgb[:, width // 2 :, 2] = 220
    return rgb


def _jpeg(rgb: np.ndarray) -> bytes:
    done, data = cv2.imencode(".jpg", rgb[:, :, ::-1])
    assert done
    return data.tobytes()


def _with_orientation(jpeg: bytes, orientation: int) -> bytes:
    tiff = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0" + bytes([orientation, 0, 0, 0]) + b"\0\0\0\0"
    body = b"Exif\0\0" + tiff
    return jpeg[:2] + b"\xff\xe1" + (len(body) + 2).to_bytes(2, "big") + body + jpeg[2:]


def test_colours_come_as_rgb(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(_jpeg(_scene()))
    rgb = load_photo(path)
    assert rgb.shape == (200, 320, 3)
    assert rgb[100, 40, 0] > 150 > rgb[100, 40, 2]


def test_exif_turns_the_picture(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(_with_orientation(_jpeg(_scene()), 6))
    rgb = load_photo(path)
    assert rgb.shape == (320, 200, 3)
    assert rgb[40, 100, 0] > 150 > rgb[280, 100, 0]


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_a_huge_picture_is_made_small(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    cv2.imwrite(str(path), _scene(12_000, 400)[:, :, ::-1])
    rgb = load_photo(path)
    assert max(rgb.shape) <= MAX_SIDE_PX
    assert rgb.shape[1] / rgb.shape[0] == pytest.approx(30, rel=0.05)


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
@pytest.mark.parametrize("share", [0.3, 0.7, 0.98])
def test_a_picture_cut_short_is_refused(tmp_path: Path, suffix: str, share: float) -> None:
    rng = np.random.default_rng(0)
    done, data = cv2.imencode(suffix, rng.integers(0, 255, (90, 120, 3), dtype=np.uint8))
    assert done
    path = tmp_path / f"a{suffix}"
    path.write_bytes(data.tobytes()[: int(len(data) * share)])
    with pytest.raises(InputError, match="cut short"):
        load_photo(path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "empty"), (b"hello, I am no picture", "not a picture"), (b"\xff\xd8\xff", "cut short")],
)
def test_what_is_no_picture_is_named(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(content)
    with pytest.raises(InputError, match=reason):
        load_photo(path)


def test_missing_files_and_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        load_photo(tmp_path / "nowhere.jpg")
    with pytest.raises(InputError, match="folder"):
        load_photo(tmp_path)


@pytest.mark.parametrize("count", [1, 2, 7])
def test_bytes_that_fill_up_before_a_marker_are_allowed(tmp_path: Path, count: int) -> None:
    jpeg, at, filled = _jpeg(_scene()), 2, b"\xff\xd8"
    while True:  # each segment before the scan
        end = at + 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
        filled += b"\xff" * count + jpeg[at:end]
        if jpeg[at + 1] == 0xDA:
            break
        at = end
    path = tmp_path / "a.jpg"
    path.write_bytes(jpeg)
    plain = load_photo(path)
    path.write_bytes(filled + jpeg[end:])
    assert (load_photo(path) == plain).all()
    path.write_bytes(filled + jpeg[end:-40])
    with pytest.raises(InputError, match="cut short"):
        load_photo(path)


def test_a_picture_that_lacks_only_its_end_marker_is_cut_short(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(_jpeg(_scene())[:-2])
    with pytest.raises(InputError, match="cut short"):
        load_photo(path)


@pytest.mark.timeout(10)
def test_what_may_never_end_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "zero.jpg").symlink_to("/dev/zero")
    for name in ("pipe.jpg", "zero.jpg"):
        with pytest.raises(InputError, match=f"{name} is not a file"):
            load_photo(tmp_path / name)


def test_the_view() -> None:
    rng = np.random.default_rng(0)
    scene = rng.integers(0, 255, (480, 640, 3), dtype=np.uint8)
    assert judge_view(scene) is View.NORMAL
    assert judge_view((scene // 12).astype(np.uint8)) is View.DARK
    assert judge_view(np.full((480, 640, 3), 5, np.uint8)) is View.COVERED
    assert judge_view(np.full((480, 640, 3), 160, np.uint8)) is View.NORMAL
