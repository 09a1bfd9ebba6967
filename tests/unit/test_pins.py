"""The button and the guard's parts are told of in one file, and no pin can serve two of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from kith.app import run as running
from kith.app.doctor import examine
from kith.app.findings import Verdict
from kith.app.pins import check_button
from kith.config import AnnounceSettings, ButtonSettings, CameraSettings, Settings, load_settings
from kith.errors import ConfigError
from kith.guard.settings import GuardSettings, clash_with_button, load_guard_settings, part_on
from kith.guardd import _settings
from tests.unit.test_refusal import Ear, Voice, ear, voice

__all__ = ["ear", "voice"]


def write(folder: Path, text: str) -> Path:
    file = folder / "kith.toml"
    file.write_text(text)
    return file


def test_the_defaults_do_not_clash(tmp_path: Path) -> None:
    check_button(ButtonSettings(), None)
    assert part_on(GuardSettings(), ButtonSettings().gpio) is None
    assert clash_with_button(GuardSettings(), write(tmp_path, "")) is None


@pytest.mark.parametrize(
    ("text", "part", "gpio"),
    [
        ("[button]\ngpio = 18\n", "outputs.buzzer_gpio", 18),
        ("[guard.head]\ntrigger_gpio = 17\n", "head.trigger_gpio", 17),
        ('[button]\ngpio = 2\n[guard.knee]\nkind = "vl53l1x"\n', "I2C bus 1", 2),
        # A guard whose settings are refused uses its own.
        ("[button]\ngpio = 24\n[guard.head]\ntrigger_gpio = 99\n", "head.echo_gpio", 24),
    ],
)
def test_one_pin_for_two_is_refused_by_the_main_daemon(
    tmp_path: Path, text: str, part: str, gpio: int
) -> None:
    config = write(tmp_path, text)
    with pytest.raises(ConfigError) as refused:
        check_button(load_settings(config).button, config)
    assert str(refused.value) == f"guard.{part} and button.gpio are both on GPIO {gpio}: give each its own"


def test_a_part_that_is_not_there_leaves_its_pin_free(tmp_path: Path) -> None:
    config = write(tmp_path, "[button]\ngpio = 27\n")  # where a motor would be
    check_button(load_settings(config).button, config)


def test_the_wearer_hears_that_a_setting_is_wrong(tmp_path: Path, voice: Voice, ear: Ear) -> None:
    config = write(tmp_path, "[button]\ngpio = 18\n")
    with pytest.raises(ConfigError, match="GPIO 18"):
        running.run(load_settings(config), tmp_path / "state", config)
    assert voice.said == ["Kith cannot start: a setting is wrong."]


def test_the_guard_tells_and_keeps_its_pin(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    config = write(tmp_path, "[button]\ngpio = 18\n[guard.outputs]\nvibration = true\n")
    settings, misconfigured = _settings(str(config))
    assert settings == load_guard_settings(config)
    assert not misconfigured
    assert "guard.outputs.buzzer_gpio and button.gpio are both on GPIO 18" in caplog.text


@pytest.mark.parametrize("text", ["button = 3", '[button]\ngpio = "18"', "[button]\ngpio = true"])
def test_a_button_that_its_own_daemon_refuses_does_not_trouble_the_guard(tmp_path: Path, text: str) -> None:
    settings, misconfigured = _settings(str(write(tmp_path, text)))
    assert (settings, misconfigured) == (GuardSettings(), False)


def test_the_doctor_tells_of_it(tmp_path: Path) -> None:
    config = write(tmp_path, "[button]\ngpio = 18\n")
    bare = Settings(
        camera=CameraSettings(kind="v4l2", v4l2_device="/dev/there-is-no-camera"),
        announce=AnnounceSettings(sound_device="there is no such device"),
        button=ButtonSettings(gpio=18),
    )
    (button,) = [
        each for each in examine(bare, tmp_path, wearable=False, config=config) if each.part == "button"
    ]
    assert button.verdict is Verdict.FAILED
    assert "both on GPIO 18" in button.text
