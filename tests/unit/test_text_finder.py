"""Where text is found in a picture, by the network as it was built; and how dark pictures are lit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from kith.app.paths import models_dir
from kith.errors import ModelContractMismatch
from kith.types import U8
from kith.vision.networks import find_files, has_files
from kith.vision.text_finder import TextFinder, well_lit
from kith.vision.text_reader import TextReader, cut_out

built = pytest.mark.skipif(not has_files("reading", models_dir()), reason="reading is not built: make models")


def written(turned_deg: float = 0.0, *, scale: float = 1.0) -> U8:
    rgb = np.full((round(480 * scale), round(640 * scale), 3), 225, np.uint8)
    at = (round(170 * scale), round(250 * scale))
    cv2.putText(rgb, "Platform 3", at, cv2.FONT_HERSHEY_SIMPLEX, 2 * scale, (30, 20, 20), round(4 * scale))
    middle = (rgb.shape[1] / 2, rgb.shape[0] / 2)
    turn = cv2.getRotationMatrix2D(middle, -turned_deg, 1.0)
    turned = cv2.warpAffine(rgb, turn, rgb.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(turned, np.uint8)


@built
@pytest.mark.parametrize("scale", [0.5, 1.0, 2.5])
@pytest.mark.parametrize("turned_deg", [0, 30, 90, -60])
def test_a_line_is_found_where_it_is_and_read(turned_deg: float, scale: float) -> None:
    files, rgb = find_files("reading", models_dir()), written(turned_deg, scale=scale)
    (line,) = TextFinder(files["finder"], 640).find(rgb)
    assert abs((line.angle_deg - turned_deg + 90) % 180 - 90) < 3
    assert line.x == pytest.approx(rgb.shape[1] / 2, abs=40 * scale)
    assert line.y == pytest.approx(rgb.shape[0] / 2, abs=40 * scale)
    assert 4 < line.length / line.height < 10
    line = replace(line, angle_deg=turned_deg)  # which way up it is only reading can tell
    assert [word.text for word in TextReader(files["reader"]).read(rgb, line)] == ["Platform", "3"]
    assert cut_out(rgb, line).shape[0] == 48


@built
def test_in_a_plain_picture_there_is_none() -> None:
    finder = TextFinder(find_files("reading", models_dir())["finder"], 640)
    for rgb in (np.zeros((480, 640, 3), np.uint8), np.full((64, 1200, 3), 200, np.uint8)):
        assert finder.find(rgb) == []


@built
def test_a_network_that_does_something_else_is_refused() -> None:
    files = find_files("reading", models_dir())
    with pytest.raises(ModelContractMismatch):
        TextReader(files["finder"])


def test_what_is_no_network_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.onnx"
    file.write_bytes(b"nothing")
    with pytest.raises(ModelContractMismatch, match=r"a\.onnx"):
        TextFinder(file, 640)


def test_a_dark_picture_is_lit_and_a_bright_one_left_alone() -> None:
    bright = written()
    assert well_lit(bright) is bright
    dark = (bright * 0.1).astype(np.uint8)
    lit = well_lit(dark)
    assert lit.dtype == np.uint8
    assert lit.max() == pytest.approx(230, abs=12)
    assert np.abs(lit.astype(int) - bright).mean() < 12
    assert well_lit(np.zeros_like(bright)).max() == 0
