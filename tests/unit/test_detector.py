"""Decoding of the detector's heads and the letterbox, on numbers made by hand."""

import numpy as np
import pytest

from kith.vision.detector import decode, letterbox


def _empty_head(rows: int, columns: int) -> np.ndarray:
    head = np.zeros((rows, columns, 16), np.float32)
    head[..., :2] = -12.0
    return head


def test_one_cell_gives_its_box_and_landmarks() -> None:
    head = _empty_head(6, 8)
    cell = head[2, 5]
    cell[:2] = (4.0, 3.0)
    cell[2:6] = (0.5, 0.25, np.log(3.0), np.log(4.0))
    cell[6:16] = np.arange(10) / 10
    (row,) = decode(head, 8, 0.6)
    x, y, w, h = row[:4]
    assert (w, h) == pytest.approx((24, 32), rel=1e-5)
    assert (x + w / 2, y + h / 2) == pytest.approx((5.5 * 8, 2.25 * 8), rel=1e-5)
    assert row[4:14].reshape(5, 2) == pytest.approx(
        (np.arange(10).reshape(5, 2) / 10 + np.array([5, 2])) * 8, rel=1e-5
    )
    expected = np.sqrt(1 / (1 + np.exp(-4.0)) * 1 / (1 + np.exp(-3.0)))
    assert row[14] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("class_logit", "object_logit"), [(-12, 9), (9, -12), (0.0, -1.5)])
def test_a_cell_counts_only_when_both_probabilities_do(class_logit: float, object_logit: float) -> None:
    head = _empty_head(3, 3)
    head[1, 1, :2] = (class_logit, object_logit)
    assert decode(head, 16, 0.6).shape == (0, 15)


def test_the_shortcut_never_drops_what_the_threshold_keeps() -> None:
    rng = np.random.default_rng(5)
    head = rng.normal(0, 3, (20, 30, 16)).astype(np.float32)
    scores = np.sqrt(1 / (1 + np.exp(-head[..., 0])) / (1 + np.exp(-head[..., 1]))).reshape(-1)
    for threshold in (0.3, 0.6, 0.9):
        assert len(decode(head, 8, threshold)) == int((scores >= threshold).sum())


@pytest.mark.parametrize(("height", "width"), [(480, 640), (250, 250), (1600, 900), (12, 4000), (1, 1)])
def test_letterbox_keeps_proportions(height: int, width: int) -> None:
    picture, scale = letterbox(np.full((height, width, 3), 200, np.uint8), 288, 384)
    assert picture.shape == (288, 384, 3)
    rows, columns = int((picture[:, 0, 0] > 0).sum()), int((picture[0, :, 0] > 0).sum())
    # A column or row may be missing at the end, where halving met an odd number.
    assert abs(rows - max(1, round(height * scale))) <= 1
    assert abs(columns - max(1, round(width * scale))) <= 1
    assert rows >= 287 or columns >= 383


@pytest.mark.parametrize(
    ("height", "width"), [(480, 640), (960, 1280), (1067, 1599), (250, 250), (2464, 3280)]
)
def test_letterbox_leaves_each_thing_where_it_was(height: int, width: int) -> None:
    rgb = np.zeros((height, width, 3), np.uint8)
    top, left, side = height * 7 // 10, width * 8 // 10, height // 10
    rgb[top : top + side, left : left + side] = 250
    picture, scale = letterbox(rgb, 288, 384)
    light = picture[..., 1].astype(float)
    middle = (
        np.array([(light.sum(axis=1) @ np.arange(288)), (light.sum(axis=0) @ np.arange(384))]) / light.sum()
    )
    wanted = (np.array([top, left]) + side / 2) * scale - 0.5
    assert middle == pytest.approx(wanted, abs=0.5)
    assert light.sum() / 250 == pytest.approx((side * scale) ** 2, rel=0.05)


@pytest.mark.parametrize("size", [(960, 1280), (1920, 2560)])
def test_letterbox_takes_every_pixel_into_account(size: tuple[int, int]) -> None:
    lines = np.zeros((*size, 3), np.uint8)
    lines[::2] = 200
    assert np.unique(letterbox(lines, 288, 384)[0]) == pytest.approx([100])


def test_letterbox_of_its_own_size_changes_nothing() -> None:
    rgb = np.random.default_rng(6).integers(0, 256, (288, 384, 3), dtype=np.uint8)
    picture, scale = letterbox(rgb, 288, 384)
    assert scale == 1
    np.testing.assert_array_equal(picture, rgb)
