"""What the steps of the image's tests make of what a machine says; the machine itself is a double."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, cast

import pytest

from image.testing import bundles
from image.testing.console import Console
from image.testing.guest import Ran
from image.testing.machine import Machine
from image.testing.steps import boot, faults, updates
from kith.app.doctor import examine
from kith.config import AnnounceSettings, CameraSettings, Settings


class _Guest:
    """Answers every script by what stands beside a word of it."""

    def __init__(self, answers: dict[str, str]) -> None:
        self._answers = answers

    def run(self, script: str, limit_s: float = 60.0) -> Ran:
        found = [answer for word, answer in self._answers.items() if word in script]
        return Ran(status=0 if found else 1, out=found[0] if found else "")

    def output(self, script: str, limit_s: float = 60.0) -> str:
        return self.run(script, limit_s).out

    def ready(self, limit_s: float) -> None: ...


class _Machine:
    def __init__(self, answers: dict[str, str], console: Console | None = None, on: bool = False) -> None:
        self.guest, self.on = _Guest(answers), on
        self.console = console

    def wait(self, pattern: str, limit_s: float) -> Any:
        assert self.console is not None
        return self.console.wait(pattern, min(limit_s, 0.2))


def _machine(answers: dict[str, str], console: Console | None = None, on: bool = False) -> Machine:
    return cast("Machine", _Machine(answers, console, on))


TCP = """  sl  local_address rem_address   st tx_queue rx_queue
   0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000
   1: 0100007F:0016 0100007F:9C40 01 00000000:00000000 00:00000000 00000000
"""


def test_only_who_waits_for_others_listens() -> None:
    assert boot.listeners(_machine({"/proc/net/tcp": TCP})) == ["tcp 22"]
    assert boot.listeners(_machine({"/proc/net/tcp": "  sl  local_address rem_address   st\n"})) == []


def test_an_open_datagram_socket_is_told() -> None:
    found = boot.listeners(_machine({"udp6": "  12: 00000000:0044 00000000:0000 07"}))
    assert found == ["other 12: 00000000:0044 00000000:0000 07"]


def test_the_doctors_parts_are_read_and_words_in_their_place_are_shown() -> None:
    out = 'a line before\n{"findings": [{"part": "camera", "verdict": "failed", "text": "none"}]}'
    assert boot._findings(out) == {"camera": "failed"}
    assert boot._findings("no such option") == {"no JSON": "no such option"}


def test_every_part_of_the_doctor_that_needs_no_hardware_must_be_well(tmp_path: Path) -> None:
    camera = CameraSettings(kind="v4l2", v4l2_device="/dev/there-is-no-camera")
    settings = Settings(camera=camera, announce=AnnounceSettings(sound_device="there is no such device"))
    parts = {each.part for each in examine(settings, tmp_path, wearable=False)}
    hardware = {"camera", "button", "microphone", "battery", "guard"}
    assert parts - hardware == set(boot._WHOLE) - {"storage"}  # on a card only


@pytest.mark.parametrize(
    ("said", "on", "outcome"),
    [
        (b"kith-health: slot a did not prove good, b is back\nkith: ready\n", True, "back"),
        (b"kith-init: gives up\n", False, "reset"),
        (b"", True, "stuck"),
    ],
)
def test_what_became_of_a_start_that_was_tried(tmp_path: Path, said: bytes, on: bool, outcome: str) -> None:
    console = Console(io.BytesIO(said), tmp_path / "console.txt")
    console.join(5)
    assert updates._outcome(_machine({}, console, on)) == outcome


def test_the_slot_that_runs_is_read_from_the_command_line() -> None:
    assert updates.slot_of(_machine({"cmdline": "ro rauc.slot=B panic=10"})) == "B"


def test_a_services_restarts_are_counted_by_systemd() -> None:
    assert faults._restarts(_machine({"NRestarts": "3"}), "kith.service") == 3


def test_half_a_bundle_is_half_of_it(tmp_path: Path) -> None:
    whole = tmp_path / "good.raucb"
    whole.write_bytes(bytes(range(100)))
    assert bundles.truncated(whole).read_bytes() == bytes(range(50))


def test_broken_systems_are_broken_in_one_way_each(tmp_path: Path) -> None:
    for name in ("opt/kith/bin", "usr/lib/systemd", "usr/lib/kith/boot", "etc"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("opt/kith/bin/kith", "usr/lib/systemd/systemd", "usr/lib/kith/boot/vmlinuz"):
        (tmp_path / name).write_bytes(b"MZ")
    bundles.newer(tmp_path)
    assert (tmp_path / "etc/kith-image").read_text(encoding="utf-8") == bundles.NEW_VERSION + "\n"
    bundles.dead_kith(tmp_path)
    bundles.without_kernel(tmp_path)
    bundles.without_init(tmp_path)
    assert "exit 1" in (tmp_path / "opt/kith/bin/kith").read_text(encoding="utf-8")
    assert not (tmp_path / "usr/lib/systemd/systemd").exists()
    assert b"MZ" not in (tmp_path / "usr/lib/kith/boot/vmlinuz").read_bytes()
