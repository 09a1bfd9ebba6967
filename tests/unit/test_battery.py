"""The battery as the kernel tells it, over a tree like the kernel's."""

from __future__ import annotations

from pathlib import Path

import pytest

from kith.drivers.battery import SimulatedBattery, SysBattery
from kith.ports import Charge


def supply(root: Path, name: str, **files: str) -> None:
    (root / name).mkdir()
    for file, text in files.items():
        (root / name / file).write_text(text + "\n", encoding="utf-8")


@pytest.mark.parametrize("percent", [0, 7, 100, None])
def test_both_tell_the_same(tmp_path: Path, percent: int | None) -> None:
    if percent is not None:
        supply(tmp_path, "battery", type="Battery", capacity=str(percent))
    for battery in (SysBattery(tmp_path), SimulatedBattery(percent)):
        assert battery.charge().percent == percent
        assert battery.charge().percent == percent


def test_it_is_read_anew_each_time(tmp_path: Path) -> None:
    supply(tmp_path, "battery", type="Battery", scope="System", present="1", capacity="55")
    battery = SysBattery(tmp_path)
    assert battery.charge().percent == 55
    (tmp_path / "battery" / "capacity").write_text("54\n", encoding="utf-8")
    assert battery.charge().percent == 54


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({"type": "Mains", "online": "1"}, id="a plug"),
        pytest.param({"type": "Battery", "scope": "Device", "capacity": "80"}, id="a mouse's"),
        pytest.param({"type": "Battery"}, id="one that does not tell"),
        pytest.param({"type": "Battery", "present": "0", "capacity": "0"}, id="one that was taken out"),
        pytest.param({"capacity": "80"}, id="nothing that says what it is"),
        *(
            pytest.param({"type": "Battery", "capacity": nonsense}, id=f"nonsense {nonsense!r}")
            for nonsense in ("", "-1", "101", "1_0", "80%", "nan", "٨", "9" * 5000)
        ),
    ],
)
def test_what_is_no_charge_of_ours_is_not_told_and_hides_nothing(
    tmp_path: Path, files: dict[str, str]
) -> None:
    supply(tmp_path, "a", **files)
    assert SysBattery(tmp_path).charge().percent is None
    supply(tmp_path, "b", type="Battery", capacity="42")
    assert SysBattery(tmp_path).charge().percent == 42


def test_a_chip_that_does_not_answer_is_no_charge(tmp_path: Path) -> None:
    supply(tmp_path, "a", type="Battery")
    (tmp_path / "a" / "capacity").mkdir()  # to be read it gives an error, as the chip does
    assert SysBattery(tmp_path).charge().percent is None


def test_a_machine_without_power_supplies_has_none(tmp_path: Path) -> None:
    assert SysBattery(tmp_path / "nothing").charge().percent is None


@pytest.mark.parametrize(
    ("files", "on_mains"),
    [
        ({"status": "Charging"}, True),
        ({"status": "Full"}, True),
        ({"status": "Not charging"}, True),
        ({"status": "Discharging"}, False),
        ({"status": "Unknown"}, None),
        ({}, None),
    ],
    ids=str,
)
def test_a_battery_tells_whether_it_is_on_mains(
    tmp_path: Path, files: dict[str, str], on_mains: bool | None
) -> None:
    supply(tmp_path, "battery", type="Battery", capacity="50", **files)
    assert SysBattery(tmp_path).charge() == Charge(percent=50, on_mains=on_mains)


@pytest.mark.parametrize(("online", "on_mains"), [("1", True), ("0", False)])
def test_where_it_does_not_a_plug_beside_it_does(tmp_path: Path, online: str, on_mains: bool) -> None:
    supply(tmp_path, "battery", type="Battery", capacity="50", status="Unknown")
    supply(tmp_path, "usb", type="USB", online=online)
    assert SysBattery(tmp_path).charge().on_mains is on_mains
