"""The settings file: what it may say, and what is said when it says something else."""

from __future__ import annotations

import dataclasses
import math
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from kith import config
from kith.cli import main
from kith.config import Settings, load_settings, usual_settings_file
from kith.errors import ConfigError

FIELDS = [
    (table.name, each)
    for table in dataclasses.fields(Settings)
    for each in dataclasses.fields(type(getattr(Settings(), table.name)))
]
NUMBERS = [(table, each) for table, each in FIELDS if not isinstance(each.default, str | bool)]
BOUNDED = [(table, each) for table, each in NUMBERS if "low" in each.metadata]


def load(tmp_path: Path, text: str) -> Settings:
    path = tmp_path / "kith.toml"
    path.write_text(text, encoding="utf-8")
    return load_settings(path)


def setting(tmp_path: Path, table: str, key: str, value: object) -> Any:
    return getattr(getattr(load(tmp_path, f"[{table}]\n{key} = {value}\n"), table), key)


def test_what_a_file_leaves_out_keeps_its_default(tmp_path: Path) -> None:
    assert load(tmp_path, "") == Settings()
    loaded = load(tmp_path, '[camera]\nkind = "v4l2"\nhorizontal_fov_deg = 102\n[presence]\nvotes = 4\n')
    assert loaded == dataclasses.replace(
        Settings(),
        camera=dataclasses.replace(Settings().camera, kind="v4l2", horizontal_fov_deg=102.0),
        presence=dataclasses.replace(Settings().presence, votes=4),
    )
    assert isinstance(loaded.camera.horizontal_fov_deg, float)


def test_every_number_has_a_range_that_holds_its_default() -> None:
    assert len(NUMBERS) > 30
    for table, each in NUMBERS:
        limits = each.metadata
        held = each.default in limits.get("allowed", ()) or (
            "low" in limits and limits["low"] <= each.default <= limits["high"]
        )
        assert held, f"{table}.{each.name}"


@pytest.mark.parametrize(("table", "each"), BOUNDED, ids=lambda it: getattr(it, "name", it))
def test_the_ends_of_a_range_are_allowed_and_what_lies_beyond_is_not(
    tmp_path: Path, table: str, each: dataclasses.Field[Any]
) -> None:
    low, high = each.metadata["low"], each.metadata["high"]
    assert setting(tmp_path, table, each.name, low) == low
    assert setting(tmp_path, table, each.name, high) == high
    isfloat = isinstance(each.default, float)
    below = math.nextafter(low, -math.inf) if isfloat else low - 1
    above = math.nextafter(high, math.inf) if isfloat else high + 1
    for value in [below, above, *(["nan", "inf", "-inf"] if isfloat else [])]:
        with pytest.raises(ConfigError) as told:
            setting(tmp_path, table, each.name, value)
        assert str(told.value) == (
            f"{tmp_path / 'kith.toml'}: {table}: {each.name} must be from {low} to {high}, not {value}"
        )


@pytest.mark.parametrize(
    ("table", "key", "value"),
    [
        ("camera", "horizontal_fov_deg", 0),
        ("vision", "detector_score", 1.0),
        ("vision", "detector_score", 0),
        ("vision", "threads", 0),
        ("announce", "volume", "nan"),
        ("announce", "volume", 9),
        ("announce", "words_per_minute", 79),
        ("announce", "words_per_minute", 451),
        ("presence", "votes", 0),
        ("enrollment", "front_views", 0),
    ],
)
def test_what_no_part_could_work_with_is_refused(tmp_path: Path, table: str, key: str, value: object) -> None:
    with pytest.raises(ConfigError, match=f"{table}: {key} must be from"):
        setting(tmp_path, table, key, value)


@pytest.mark.parametrize(
    ("key", "good", "bad", "told"),
    [
        ("rotation_deg", "270", "45", "must be one of 0, 90, 180, 270, not 45"),
        ("kind", '"picamera2"', '"usb"', "must be one of auto, picamera2, v4l2, not 'usb'"),
    ],
)
def test_what_is_one_of_a_few(tmp_path: Path, key: str, good: str, bad: str, told: str) -> None:
    assert str(setting(tmp_path, "camera", key, good)) == good.strip('"')
    with pytest.raises(ConfigError, match=f"camera: {key} {re.escape(told)}"):
        setting(tmp_path, "camera", key, bad)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[camera\n", "is not valid TOML"),
        ("[kamera]\n", "there is no setting 'kamera'; known are announce, board, button, camera"),
        ("[camera]\nwidth = 3\n", "camera: there is no setting 'width'"),
        ("camera = 3\n", "camera must be a table"),
        ('[camera]\nwidth_px = "wide"\n', "camera: width_px must be int, not 'wide'"),
        ("[camera]\nwidth_px = true\n", "camera: width_px must be int, not True"),
        ("[vision]\nmin_luma = true\n", "vision: min_luma must be float, not True"),
    ],
)
def test_a_mistake_is_told_with_the_file(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(told)) as raised:
        load(tmp_path, text)
    assert str(raised.value).startswith(str(tmp_path / "kith.toml"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a = " + 3000 * "[", "is nested too deeply"),
        ("a = " + 3000 * "{b = ", "is nested too deeply"),
        ("a = " + 5000 * "1", "is not valid TOML"),
        (
            "[camera]\nwidth_px = 0x" + 5000 * "f",
            "must be from 160 to 4608, not a number of thousands of digits",
        ),
        ("[camera]\nkind = 0x" + 5000 * "f", "must be str, not a number of thousands of digits"),
        ("[camera]\nrotation_deg = 0x" + 5000 * "f", "270, not a number of thousands of digits"),
        ("[vision]\nmin_luma = 0x" + 5000 * "f", "must be from 0.0 to 255.0, not inf"),
        ("[vision]\nmin_luma = -1" + 400 * "0", "must be from 0.0 to 255.0, not -inf"),
    ],
)
def test_what_breaks_the_reader_is_a_mistake_like_any_other(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        load(tmp_path, text)


def test_a_file_that_is_not_there_or_not_text_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot read the settings in .*nowhere\.toml: No such file"):
        load_settings(tmp_path / "nowhere.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="is not valid TOML"):
        load_settings(tmp_path / "binary.toml")


# --- where it lies ------------------------------------------------------------------------------------------


def test_the_usual_file_is_read_where_there_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = tmp_path / "kith" / "kith.toml"
    monkeypatch.setattr(config, "SETTINGS_FILE", str(usual))
    assert usual_settings_file() is None
    usual.parent.mkdir()
    assert usual_settings_file() is None
    usual.symlink_to(tmp_path / "nowhere.toml")  # there is one, and it cannot be read
    assert usual_settings_file() == str(usual)
    usual.unlink()
    usual.write_text("")
    assert usual_settings_file() == str(usual)
    usual.parent.rename(tmp_path / "moved")
    usual.parent.write_text("no folder")
    assert usual_settings_file() is None


def test_the_commands_read_the_usual_file_unless_another_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual, other = tmp_path / "usual.toml", tmp_path / "other.toml"
    usual.write_text("[usual_mistake]\n")
    other.write_text("[other_mistake]\n")
    monkeypatch.setattr(config, "SETTINGS_FILE", str(usual))
    monkeypatch.delenv("KITH_CONFIG", raising=False)
    words = ["sounds", "far"]
    assert "usual_mistake" in CliRunner().invoke(main, words).stderr
    assert "other_mistake" in CliRunner().invoke(main, ["--config", str(other), *words]).stderr
    assert "other_mistake" in CliRunner().invoke(main, words, env={"KITH_CONFIG": str(other)}).stderr


def test_a_file_of_any_computer_is_read(tmp_path: Path) -> None:
    file = tmp_path / "kith.toml"
    file.write_bytes(b'\xef\xbb\xbf[device]\r\nhostname = "anna"\r\n[camera]\r\nrotation_deg = 90\r\n')
    assert load_settings(file).camera.rotation_deg == 90
