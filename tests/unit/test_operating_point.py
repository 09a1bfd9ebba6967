from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from kith.errors import CalibrationMismatch
from kith.recognition.operating_point import load_operating_point
from tests.unit._gallery_kit import MODEL, POINT


def write(path: Path, **changes: object) -> Path:
    values = dataclasses.asdict(POINT) | changes
    lines = [f"{name} = {json.dumps(value)}" for name, value in values.items() if value is not None]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_what_was_written_is_read(tmp_path: Path) -> None:
    assert load_operating_point(write(tmp_path / "point.toml"), MODEL) == POINT


@pytest.mark.parametrize(
    "change",
    [
        {"model_id": "other"},
        {"threshold": 1.5},
        {"threshold": 0.0},
        {"threshold": "0.4"},
        {"threshold": True},
        {"margin": -0.1},
        {"fused_threshold": 1.5},
        {"growth": -0.01},
        {"scatter": 1.5},
        {"fused_fpir": 2.0},
        {"centre": []},
        {"centre": [0.1, "0.2"]},
        {"centre": [0.9, 0.9]},
        {"centre": 0.5},
        {"fpir": 1.1},
        {"tpir_low": -0.2},
        {"gallery_people": 0},
        {"templates_per_person": 2.5},
        {"measured_on": None},
        {"surprise": 1.0},
    ],
)
def test_what_cannot_be_is_refused_with_the_command_that_mends_it(
    tmp_path: Path, change: dict[str, object]
) -> None:
    with pytest.raises(CalibrationMismatch, match=r"point\.toml .*make calibrate"):
        load_operating_point(write(tmp_path / "point.toml", **change), MODEL)


@pytest.mark.parametrize("content", [None, b"threshold = = 3", b"\xff\xfe\x00", b""])
def test_what_cannot_be_read_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "point.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CalibrationMismatch, match="make calibrate"):
        load_operating_point(path, MODEL)


def test_not_a_number_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "point.toml")
    path.write_text(path.read_text().replace("threshold = 0.45", "threshold = nan"))
    with pytest.raises(CalibrationMismatch, match="threshold"):
        load_operating_point(path, MODEL)
