"""The service's unit says what the code needs of it."""

from __future__ import annotations

import inspect
import re
from collections import defaultdict
from pathlib import Path

import pytest

from kith import guardd
from kith.announce import player_thread
from kith.app.notices import notices_folder
from kith.config import SETTINGS_FILE, Settings, load_settings
from kith.drivers import alsa_microphone, speech_process
from kith.guard.settings import GuardSettings, ScheduleSettings, load_guard_settings
from kith.runtime.worker import Worker

SYSTEMD = Path(__file__).parents[2] / "systemd"


@pytest.fixture(scope="module")
def unit() -> dict[str, list[str]]:
    """Of the main daemon."""
    return values_of("kith.service")


@pytest.fixture(scope="module")
def guard() -> dict[str, list[str]]:
    """Of the guard."""
    return values_of("kith-guard.service")


def values_of(name: str) -> dict[str, list[str]]:
    """The values of each key of a unit, in order."""
    values = defaultdict(list)
    for line in (SYSTEMD / name).read_text().splitlines():
        if match := re.fullmatch(r"(\w+)=(.*)", line):
            values[match[1]].append(match[2])
    return dict(values)


def test_it_is_killed_only_after_every_part_that_hangs_was_waited_for(unit: dict[str, list[str]]) -> None:
    worker_s = inspect.signature(Worker.stop).parameters["timeout_s"].default
    # capture, perception and sound; then the voice, asked and told
    longest_s = 2 * worker_s + player_thread.JOIN_S + 2 * speech_process._CLOSE_TIMEOUT_S
    assert float(unit["TimeoutStopSec"][-1]) >= longest_s + 3


def test_it_is_started_again_for_ever(unit: dict[str, list[str]]) -> None:
    assert unit["Restart"] == ["always"]
    assert unit["StartLimitIntervalSec"] == ["0"]
    assert float(unit["RestartSec"][-1]) >= 1


def test_no_face_reaches_the_disk_by_a_crash_and_a_hang_is_ended_at_once(unit: dict[str, list[str]]) -> None:
    assert unit["LimitCORE"] == ["0"]
    assert unit["WatchdogSignal"] == ["SIGKILL"]


def test_the_programs_are_where_the_image_has_them(
    unit: dict[str, list[str]], guard: dict[str, list[str]]
) -> None:
    assert unit["ExecStart"] == ["/opt/kith/bin/kith run"]
    assert guard["ExecStart"] == ["/opt/kith/bin/kith-guard"]
    assert "ln -s .venv/bin bin" in (SYSTEMD / "README.md").read_text()


def test_a_call_that_is_not_allowed_is_refused_and_ends_nobody(
    unit: dict[str, list[str]], guard: dict[str, list[str]]
) -> None:
    for each in (unit, guard):
        assert each["SystemCallErrorNumber"] == ["EPERM"]


def test_what_binds_the_microphone_s_program_to_the_daemon_may_run(unit: dict[str, list[str]]) -> None:
    """It gives its capabilities up by a call that is otherwise refused; `make services-test` tries it."""
    assert "setpriv" in inspect.getsource(alsa_microphone)
    assert "capset" in unit["SystemCallFilter"][-1].split()
    assert unit["CapabilityBoundingSet"] == [""]
    assert unit["NoNewPrivileges"] == ["yes"]


def test_when_memory_runs_out_the_guard_goes_last(
    unit: dict[str, list[str]], guard: dict[str, list[str]]
) -> None:
    assert int(guard["OOMScoreAdjust"][0]) < int(unit["OOMScoreAdjust"][0]) < 0


def test_privacy_ends_the_daemon_and_not_the_guard_and_its_end_begins_it_again() -> None:
    privacy = values_of("kith-privacy.target")
    assert privacy["Conflicts"] == privacy["After"] == privacy["OnSuccess"] == ["kith.service"]
    assert "kith-guard" not in (SYSTEMD / "kith-privacy.target").read_text()
    assert "WantedBy" not in privacy


def test_every_group_and_folder_that_the_units_need_is_made(
    unit: dict[str, list[str]], guard: dict[str, list[str]]
) -> None:
    made = set(re.findall(r"^[ug] (\S+)", (SYSTEMD / "kith.sysusers.conf").read_text(), re.MULTILINE))
    of_debian = {"audio", "video"}
    for each in (unit, guard):
        assert set(each["SupplementaryGroups"][0].split()) <= made | of_debian
    given = set(re.findall(r'GROUP="(\w+)"', (SYSTEMD / "60-kith.rules").read_text()))
    assert given <= made | of_debian
    folders = re.findall(
        r"^d (\S+) (\d+) kith kith", (SYSTEMD / "kith.tmpfiles.conf").read_text(), re.MULTILINE
    )
    assert (f"/run/{unit['RuntimeDirectory'][0]}", unit["RuntimeDirectoryMode"][0]) in folders
    assert str(notices_folder({})) in dict(folders)


ALSA, VIDEO, I2C = "char-116", "char-81", "char-89"
"""Of Linux's list of device numbers."""
BUILT_IN = {"char-dma_heap", "char-gpiochip", "char-input"}
"""Of Debian's kernel and Raspberry Pi's: their names are known before anything begins."""


def test_devices_in_a_folder_are_named_by_their_kind(unit: dict[str, list[str]]) -> None:
    """/dev/dma_heap is a folder, and allowing a folder allows nothing in it."""
    allowed = [value.split()[0] for value in unit["DeviceAllow"]]
    assert set(allowed) == {ALSA, VIDEO, "char-media", *BUILT_IN}


def test_what_is_plugged_in_later_is_let_in_though_its_module_was_not_loaded_at_the_start(
    unit: dict[str, list[str]], guard: dict[str, list[str]]
) -> None:
    """systemd looks a name up in /proc/devices when a unit begins, and leaves out those that it finds not."""
    allowed = {value.split()[0] for each in (unit, guard) for value in each["DeviceAllow"]}
    by_name = {each for each in allowed if not each.removeprefix("char-").isdecimal()}
    assert by_name - BUILT_IN == {"char-media"}
    loaded_before = unit["Wants"][0].split()
    assert loaded_before == ["modprobe@videodev.service"]  # which needs the one that knows "media"
    assert set(loaded_before) <= set(unit["After"][0].split())
    assert "kmod load i2c-dev" in (SYSTEMD / "60-kith.rules").read_text()


def test_the_service_s_user_may_switch_off_and_nothing_else(unit: dict[str, list[str]]) -> None:
    rules = (SYSTEMD / "50-kith-poweroff.rules").read_text()
    actions = set(re.findall(r'"(org\.[\w.-]+)"', rules))
    assert actions == {
        "org.freedesktop.login1.power-off",
        "org.freedesktop.login1.power-off-multiple-sessions",
    }
    assert re.findall(r'subject\.user === "(\w+)"', rules) == unit["User"]
    # Polkit and logind answer on the system's bus.
    assert "AF_UNIX" in unit["RestrictAddressFamilies"][0].split()


# --- the guard ----------------------------------------------------------------------------------------------


def milliseconds(value: str) -> float:
    match = re.fullmatch(r"([\d.]+)(ms|s|)", value)
    assert match is not None
    return float(match[1]) * (1 if match[2] == "ms" else 1000)


def test_a_guard_that_hangs_is_killed_and_started_so_soon_that_a_second_suffices(
    guard: dict[str, list[str]],
) -> None:
    systemd_late_ms = 250  # of each of its timers; sd_event_add_time(3), accuracy
    start_ms = 400
    away_ms = milliseconds(guard["WatchdogSec"][0]) + milliseconds(guard["RestartSec"][0])
    assert away_ms + 2 * systemd_late_ms + start_ms <= 1200  # the very worst
    assert away_ms + systemd_late_ms + start_ms <= 1000  # both timers half late
    assert guard["Type"] == ["notify"]
    assert guard["WatchdogSignal"] == ["SIGKILL"]
    assert guard["LimitCORE"] == ["0"]


def test_the_guard_is_started_for_ever_unless_what_is_missing_must_be_installed(
    guard: dict[str, list[str]],
) -> None:
    assert guard["Restart"] == ["always"]
    assert guard["StartLimitIntervalSec"] == ["0"]
    # What cannot be begun at all is tried again for ever, and ahead of everything else on the device.
    assert milliseconds(guard["RestartSec"][0]) >= 50
    assert str(guardd.BEGIN_AGAIN) not in guard["RestartPreventExitStatus"]
    assert guard["RestartPreventExitStatus"] == [str(guardd.NOT_INSTALLED)]


def test_the_settings_and_the_pins_are_those_of_the_table() -> None:
    text = (SYSTEMD / "README.md").read_text()
    assert f"`{SETTINGS_FILE}`" in text
    pins = dict(re.findall(r"^\| ([^|]+?) \| (\d+) ", text, re.MULTILINE))
    guarding, knee = GuardSettings(), re.search(r"trigger (\d+) .*?, echo (\d+) ", text)
    assert pins["button"] == str(Settings().button.gpio)
    assert pins["HC-SR04 at the head, trigger"] == str(guarding.head.trigger_gpio)
    assert pins["HC-SR04 at the head, echo"] == str(guarding.head.echo_gpio)
    assert pins["passive piezo buzzer"] == str(guarding.outputs.buzzer_gpio)
    assert pins["vibration motor, if switched on"] == str(guarding.outputs.vibration_gpio)
    assert knee is not None
    assert knee.groups() == (str(guarding.knee.trigger_gpio), str(guarding.knee.echo_gpio))


def test_the_example_of_settings_is_accepted(tmp_path: Path) -> None:
    example = re.search(r"```toml\n(.*?)```", (SYSTEMD / "README.md").read_text(), re.DOTALL)
    assert example is not None
    (tmp_path / "kith.toml").write_text(example[1])
    settings = load_guard_settings(tmp_path / "kith.toml")
    assert (settings.head.kind, settings.knee.kind, settings.outputs.vibration) == ("hcsr04", "vl53l1x", True)
    assert load_settings(tmp_path / "kith.toml") == Settings()


def test_the_guard_comes_before_the_daemon_and_needs_nothing_of_it(guard: dict[str, list[str]]) -> None:
    assert guard["Before"] == ["kith.service"]
    assert not {"After", "Requires", "Wants", "BindsTo", "PartOf", "Requisite"} & set(guard)


def test_the_guard_may_have_the_priority_that_the_settings_ask_for(guard: dict[str, list[str]]) -> None:
    priority = GuardSettings().schedule.realtime_priority
    assert guard["CPUSchedulingPolicy"] == ["fifo"]
    assert guard["CPUSchedulingPriority"] == [str(priority)]
    limits = ScheduleSettings.__dataclass_fields__["realtime_priority"].metadata
    assert int(guard["LimitRTPRIO"][0]) >= limits["high"]
    assert guard["LimitMEMLOCK"] == ["infinity"]
    assert "RestrictRealtime" not in guard
    assert not any("@resources" in value or "@memlock" in value for value in guard["SystemCallFilter"])


def test_the_guard_s_user_reaches_the_daemon_s_socket_and_not_its_faces(
    guard: dict[str, list[str]], unit: dict[str, list[str]]
) -> None:
    assert guard["User"] == ["kith-guard"] != unit["User"]
    assert unit["User"][0] in guard["SupplementaryGroups"][0].split()
    assert unit["RuntimeDirectoryMode"] == ["0750"]
    assert unit["StateDirectoryMode"] == ["0700"]
    users = re.findall(r"^u (\S+)", (SYSTEMD / "kith.sysusers.conf").read_text(), re.MULTILINE)
    assert set(users) == {*guard["User"], *unit["User"]}


def test_the_guard_has_pins_and_i2c_and_a_folder_of_its_own_for_lgpio(
    guard: dict[str, list[str]], unit: dict[str, list[str]]
) -> None:
    assert {value.split()[0] for value in guard["DeviceAllow"]} == {"char-gpiochip", I2C}
    assert guard["RuntimeDirectory"] != unit["RuntimeDirectory"]
    assert f"LG_WD=/run/{guard['RuntimeDirectory'][0]}" in guard["Environment"][0].split()


def test_the_process_that_reads_may_step_back_and_dies_alone(unit: dict[str, list[str]]) -> None:
    assert "setpriority" in unit["SystemCallFilter"][-1].split()
    assert unit["OOMPolicy"] == ["continue"]


def test_descriptions_open_the_own_network_and_that_alone() -> None:
    said = [line for line in (SYSTEMD / "describe.conf").read_text().splitlines() if not line.startswith("#")]
    assert "PrivateNetwork=no" in said
    assert not [line for line in said if line.startswith("IPAddressDeny")], "the unit's own is to hold"
