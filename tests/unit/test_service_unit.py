"""The service's unit says what the code needs of it."""

from __future__ import annotations

import inspect
import re
from collections import defaultdict
from pathlib import Path

import pytest

from kith.announce import player_thread
from kith.drivers import speech_process
from kith.runtime.worker import Worker

SYSTEMD = Path(__file__).parents[2] / "systemd"


@pytest.fixture(scope="module")
def unit() -> dict[str, list[str]]:
    """The values of each key, in order."""
    values = defaultdict(list)
    for line in (SYSTEMD / "kith.service").read_text().splitlines():
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


def test_devices_in_a_folder_are_named_by_their_kind(unit: dict[str, list[str]]) -> None:
    """/dev/dma_heap is a folder, and allowing a folder allows nothing in it."""
    allowed = [value.split()[0] for value in unit["DeviceAllow"]]
    assert {"char-alsa", "char-video4linux", "char-media", "char-dma_heap", "char-gpiochip"} == set(allowed)


def test_the_service_s_user_may_switch_off_and_nothing_else(unit: dict[str, list[str]]) -> None:
    rules = (SYSTEMD / "50-kith-poweroff.rules").read_text()
    actions = set(re.findall(r'"(org\.[\w.-]+)"', rules))
    assert actions == {
        "org.freedesktop.login1.power-off",
        "org.freedesktop.login1.power-off-multiple-sessions",
    }
    assert re.findall(r'subject\.user === "(\w+)"', rules) == unit["User"]
    assert "AF_UNIX" in unit["RestrictAddressFamilies"]  # polkit and logind answer on the system's bus
