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
    assert rows == max(1, round(height * scale))
    assert columns == max(1, round(width * scale))
    assert rows == 288 or columns == 384
