"""Which board has which defaults, and that `docs/boards.md` shows them."""

from __future__ import annotations

import logging
import re
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from kith.app.boards import (
    NONE,
    PROFILES,
    board_model,
    chosen_profile,
    defaults_of,
    profile_of,
    settings_of_file,
)
from kith.app.doctor import _system
from kith.config import BoardSettings, Settings, build_settings
from kith.errors import ConfigError

PAGE = (Path(__file__).parents[2] / "docs" / "boards.md").read_text(encoding="utf-8")


def board(folder: Path, model: str) -> Path:
    """The firmware's file: it ends in a zero."""
    file = folder / "model"
    file.write_bytes(model.encode() + b"\0")
    return file


def configured(folder: Path, text: str) -> Path:
    file = folder / "kith.toml"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("model", "profile"),
    [
        ("Raspberry Pi Zero 2 W Rev 1.0", "zero2w"),
        ("Raspberry Pi 3 Model B Rev 1.2", "zero2w"),
        ("Raspberry Pi 3 Model A Plus Rev 1.0", "zero2w"),
        ("Raspberry Pi Compute Module 3 Plus Rev 1.0", "zero2w"),
        ("Raspberry Pi 4 Model B Rev 1.5", "pi4"),
        ("Raspberry Pi 400 Rev 1.0", "pi4"),
        ("Raspberry Pi Compute Module 4 Rev 1.1", "pi4"),
        ("Raspberry Pi Compute Module 4S Rev 1.0", "pi4"),
        ("Raspberry Pi 5 Model B Rev 1.0", "pi5"),
        ("Raspberry Pi 500 Rev 1.0", "pi5"),
        ("Raspberry Pi Compute Module 5 Rev 1.0", "pi5"),
        ("Raspberry Pi Compute Module 5 Lite Rev 1.0", "pi5"),
        ("Raspberry Pi Zero W Rev 1.1", NONE),
        ("Raspberry Pi Model B Plus Rev 1.2", NONE),
        ("Raspberry Pi 2 Model B Rev 1.1", NONE),
        ("Raspberry Pi 40 Model B", NONE),
        ("linux,dummy-virt", NONE),
        ("Another Raspberry Pi 4 Model B", NONE),
        (None, NONE),
    ],
)
def test_what_a_board_calls_itself_chooses_its_profile(model: str | None, profile: str) -> None:
    assert profile_of(model) == profile


def test_the_model_is_read_without_its_last_zero(tmp_path: Path) -> None:
    assert board_model(board(tmp_path, "Raspberry Pi 4 Model B Rev 1.5")) == "Raspberry Pi 4 Model B Rev 1.5"
    assert board_model(board(tmp_path, "")) is None
    assert board_model(tmp_path / "nowhere") is None


def test_the_settings_name_a_profile_or_leave_it_to_the_board(tmp_path: Path) -> None:
    pi4 = board(tmp_path, "Raspberry Pi 4 Model B Rev 1.5")
    assert chosen_profile(BoardSettings(), pi4) == "pi4"
    assert chosen_profile(BoardSettings(profile="zero2w"), pi4) == "zero2w"
    assert chosen_profile(BoardSettings(profile="none"), pi4) == NONE


def test_without_a_file_a_board_has_its_profile_s_settings(tmp_path: Path) -> None:
    pi5 = board(tmp_path, "Raspberry Pi 5 Model B Rev 1.0")
    assert settings_of_file(None, pi5) == PROFILES["pi5"].settings
    assert settings_of_file(None, tmp_path / "nowhere") == Settings()


def test_what_the_file_names_wins_and_the_rest_is_the_profile_s(tmp_path: Path) -> None:
    zero = board(tmp_path, "Raspberry Pi Zero 2 W Rev 1.0")
    file = configured(
        tmp_path, "[vision]\nthreads = 2\n[camera]\nrotation_deg = 90\n[device]\nhostname = 'k'\n"
    )
    own = PROFILES["zero2w"].settings
    assert settings_of_file(file, zero) == replace(
        own, vision=replace(own.vision, threads=2), camera=replace(own.camera, rotation_deg=90)
    )


def test_a_profile_that_the_file_names_gives_the_defaults(tmp_path: Path) -> None:
    zero = board(tmp_path, "Raspberry Pi Zero 2 W Rev 1.0")
    found = settings_of_file(
        configured(tmp_path, '[board]\nprofile = "pi4"\ncheck_interval_ms = 9000\n'), zero
    )
    own = PROFILES["pi4"].settings
    assert found == replace(own, board=BoardSettings(profile="pi4", check_interval_ms=9000))
    none = settings_of_file(configured(tmp_path, '[board]\nprofile = "none"\n'), zero)
    assert none == Settings(board=BoardSettings(profile="none"))


@pytest.mark.parametrize("text", ['[board]\nprofile = "pi6"\n', "[board]\nprofile = 4\n", "board = 4\n"])
def test_a_profile_that_there_is_not_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match="board"):
        settings_of_file(configured(tmp_path, text), tmp_path / "nowhere")


def test_only_a_board_that_is_not_known_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    defaults_of("auto", tmp_path / "nowhere")
    defaults_of("auto", board(tmp_path, "Raspberry Pi 4 Model B Rev 1.5"))
    other = board(tmp_path, "Banana Pi")
    defaults_of("none", other)
    assert not caplog.records
    assert defaults_of("auto", other) == Settings()
    (record,) = caplog.records
    assert (record.levelname, "Banana Pi" in record.getMessage()) == ("INFO", True)


def test_the_page_shows_the_settings_of_each_profile() -> None:
    shown = {}
    for section in re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]:
        heading = section.partition("\n")[0]
        block = re.search(r"^```toml\n(\[camera\].*?)^```", section, re.MULTILINE | re.DOTALL)
        if block is not None:
            shown[heading] = build_settings(Settings(), tomllib.loads(block[1]), where=heading)
    assert shown == {each.processor.name: each.settings for each in PROFILES.values()}


def test_the_page_tells_which_boards_have_which_profile() -> None:
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \|$", PAGE, re.MULTILINE)
    assert [name for name, _ in rows] == ["profile", *PROFILES, NONE]
    for name, models in rows[1:-1]:
        for model in models.split(", "):
            assert profile_of(f"Raspberry Pi {model}") == name, model


def test_the_doctor_tells_board_and_profile() -> None:
    told = _system(Settings(board=BoardSettings(profile="pi4")))
    assert told.startswith("Python 3.")
    assert told.endswith("; profile pi4")
