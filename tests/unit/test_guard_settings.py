"""The guard's own table of the settings file."""

from __future__ import annotations

from pathlib import Path

import pytest

from kith.config import Settings, load_settings
from kith.errors import ConfigError
from kith.guard.settings import GuardSettings, load_guard_settings


def _file(folder: Path, text: str) -> Path:
    path = folder / "kith.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_without_the_table_gives_the_defaults(tmp_path: Path) -> None:
    assert load_guard_settings(_file(tmp_path, "[camera]\nwidth_px = 1280\n")) == GuardSettings()


def test_what_a_sensor_does_not_name_keeps_the_default_of_its_place(tmp_path: Path) -> None:
    settings = load_guard_settings(
        _file(tmp_path, "[guard.head]\necho_gpio = 7\n[guard.knee]\nkind = 'hcsr04'")
    )
    assert (settings.head.kind, settings.head.echo_gpio) == ("hcsr04", 7)
    assert (settings.knee.trigger_gpio, settings.knee.echo_gpio) == (5, 6)


def test_the_main_daemon_does_not_look_at_the_guards_table(tmp_path: Path) -> None:
    file = _file(tmp_path, "[guard]\nnonsense = 1\n")
    assert load_settings(file) == Settings()
    with pytest.raises(ConfigError, match="no setting 'nonsense'"):
        load_guard_settings(file)


def test_the_main_daemon_names_the_guards_table_among_what_it_knows(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no setting 'gaurd'; known are .*, guard, guard_watch,"):
        load_settings(_file(tmp_path, "[gaurd]\n"))


def test_the_guard_does_not_look_at_the_main_daemons_tables(tmp_path: Path) -> None:
    file = _file(tmp_path, "[camera]\nnonsense = 1\n")
    assert load_guard_settings(file) == GuardSettings()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("guard = 3", "must be a table"),
        ("[guard.zones]\ncontact_mm = 0", "must be from 30 to 2000"),
        ("[guard.head]\nkind = 'sonar'", "must be one of none, hcsr04, vl53l1x"),
        ("[guard", "is not valid TOML"),
        (
            "[guard.head]\nkind = 'vl53l1x'\n[guard.knee]\nkind = 'vl53l1x'",
            "0x29 on I2C bus 1 and .* set its i2c_bus",
        ),
        (
            "[guard.knee]\nkind = 'hcsr04'\necho_gpio = 23",
            "head.trigger_gpio and knee.echo_gpio are both on GPIO 23",
        ),
        ("[guard.head]\necho_gpio = 18", "head.echo_gpio and outputs.buzzer_gpio are both on GPIO 18"),
        (
            "[guard.outputs]\nvibration = true\nvibration_gpio = 24",
            "outputs.vibration_gpio are both on GPIO 24",
        ),
        (
            "[guard.head]\nkind = 'vl53l1x'\n[guard.outputs]\nbuzzer_gpio = 2",
            "I2C bus 1 and outputs.buzzer_gpio are both on GPIO 2",
        ),
        (
            "[guard.head]\necho_gpio = 3\n[guard.knee]\nkind = 'vl53l1x'",
            "head.echo_gpio and I2C bus 1 are both on GPIO 3",
        ),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        load_guard_settings(_file(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "filter.least_mm = 350",
            r"filter.least_mm \(350\) must be less than zones.contact_mm \(350\): a thing",
        ),
        ("filter.window_ms = 249", "filter: window_ms must be from 250 to 2000"),
        ("zones.contact_mm = 451", r"zones.contact_mm \(451\) must be at most zones.near_mm \(450\): zones"),
        ("zones.near_mm = 601", r"zones.near_mm \(601\) must be at most zones.middle_mm \(600\)"),
        ("filter.most_mm = 599", r"zones.middle_mm \(600\) must be at most filter.most_mm \(599\)"),
        ("zones.near_contact_ms = 1201", r"zones.near_contact_ms \(1201\) .* zones.middle_contact_ms"),
        ("zones.far_contact_ms = 1199", r"zones.middle_contact_ms \(1200\) .* zones.far_contact_ms \(1199\)"),
        ("approach.least_ms = 401", r"approach.least_ms \(401\) must be at most approach.window_ms"),
        ("sounds.near_gap_ms = 251", r"sounds.near_gap_ms \(251\) must be at most sounds.middle_gap_ms"),
        ("sounds.far_gap_ms = 249", r"sounds.middle_gap_ms \(250\) must be at most sounds.far_gap_ms"),
        ("health.repeat_most_ms = 9999", r"health.blind_repeat_ms \(10000\) must be at most"),
        ("health.dead_repeat_ms = 60001", r"health.dead_repeat_ms \(60001\) must be at most"),
        ("health.no_echo_repeat_most_ms = 59999", r"health.no_echo_repeat_ms \(60000\) must be at most"),
    ],
)
def test_numbers_that_do_not_fit_each_other_are_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        load_guard_settings(_file(tmp_path, f"[guard]\n{text}"))


def test_zones_may_end_at_the_same_place(tmp_path: Path) -> None:
    text = "[guard.zones]\ncontact_mm = 600\nnear_mm = 600\n[guard.filter]\nleast_mm = 349"
    assert load_guard_settings(_file(tmp_path, text)).zones.near_mm == 600


def test_lasers_may_share_a_bus_and_another_bus_leaves_the_pins_of_the_first(tmp_path: Path) -> None:
    both = "[guard.head]\nkind = 'vl53l1x'\n[guard.knee]\nkind = 'vl53l1x'\ni2c_address = 0x30\n"
    assert load_guard_settings(_file(tmp_path, both)).knee.i2c_address == 0x30
    other = "[guard.head]\nkind = 'vl53l1x'\ni2c_bus = 3\n[guard.outputs]\nbuzzer_gpio = 2\n"
    assert load_guard_settings(_file(tmp_path, other)).outputs.buzzer_gpio == 2


def test_parts_that_are_not_connected_share_pins_as_they_like(tmp_path: Path) -> None:
    text = """
    [guard.head]
    kind = "vl53l1x"
    echo_gpio = 18
    [guard.knee]
    kind = "vl53l1x"
    i2c_bus = 3
    [guard.outputs]
    vibration_gpio = 18
    """
    assert load_guard_settings(_file(tmp_path, text)).knee.i2c_bus == 3
