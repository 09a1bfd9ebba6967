"""One contract for the board and its twins, and what the kernel's files mean."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kith.clock import NS_PER_S, VirtualClock
from kith.drivers.battery import SimulatedBattery, SysBattery
from kith.drivers.board_health import SimulatedBoard, SysBoard
from kith.drivers.simulated_board import BoardTrouble, BoardTroubleKind, ScriptedBoard
from kith.ports import Battery, Board, BoardHealth, Charge

RPI = "devices/platform/soc/soc:firmware/get_throttled"
HOT = BoardTrouble(kind=BoardTroubleKind.HOT, from_ns=0, to_ns=NS_PER_S)


def put(root: Path, file: str, text: str) -> None:
    path = root / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n", encoding="utf-8")


def pi(root: Path, flags: str, temperature: str = "48312") -> Path:
    """A Pi with Raspberry Pi's kernel."""
    put(root, RPI, flags)
    put(root, "class/thermal/thermal_zone0/type", "cpu-thermal")
    put(root, "class/thermal/thermal_zone0/temp", temperature)
    return root


BOARDS: list[Callable[[Path], Board]] = [
    lambda root: SysBoard(pi(root, "0")),
    lambda root: SysBoard(root / "nowhere"),
    lambda root: SimulatedBoard(),
    lambda root: SimulatedBoard(BoardHealth(temperature_c=90.0, too_hot=True)),
    lambda root: ScriptedBoard((HOT,), VirtualClock()),
]
BATTERIES: list[Callable[[Path], Battery]] = [
    lambda root: SysBattery(root / "nowhere"),
    lambda root: SimulatedBattery(40, True),
    lambda root: SimulatedBattery(),
    lambda root: ScriptedBoard((HOT,), VirtualClock()),
    lambda root: ScriptedBoard(
        (BoardTrouble(kind=BoardTroubleKind.BATTERY, from_ns=0, percent=9),), VirtualClock()
    ),
]


@pytest.mark.parametrize("make", BOARDS)
def test_a_board_tells_the_same_again_and_nothing_impossible(
    tmp_path: Path, make: Callable[[Path], Board]
) -> None:
    board = make(tmp_path)
    health = board.health()
    assert health == board.health()
    assert health.temperature_c is None or -40 < health.temperature_c < 150
    assert all(
        each in (None, True, False)
        for each in (health.under_voltage, health.capped, health.throttled, health.too_hot)
    )


@pytest.mark.parametrize("make", BATTERIES)
def test_a_battery_tells_the_same_again_and_nothing_impossible(
    tmp_path: Path, make: Callable[[Path], Battery]
) -> None:
    charge = make(tmp_path).charge()
    assert charge == make(tmp_path).charge()
    assert charge.percent is None or 0 <= charge.percent <= 100
    assert charge.on_mains in (None, True, False)


@pytest.mark.parametrize(
    ("flags", "under_voltage", "capped", "throttled", "too_hot"),
    [
        ("0", False, False, False, False),
        ("1", True, False, False, False),
        ("10000", True, False, False, False),  # between two readings
        ("50005", True, False, True, False),  # held back for want of voltage, not for heat
        ("2", False, True, False, False),
        ("4", False, False, True, True),
        ("e000e", False, True, True, True),
        ("8", False, False, False, True),
        ("e0000", False, False, False, False),  # it was, and is not any more
    ],
)
def test_what_the_firmware_s_flags_mean(
    tmp_path: Path, flags: str, under_voltage: bool, capped: bool, throttled: bool, too_hot: bool
) -> None:
    assert SysBoard(pi(tmp_path, flags)).health() == BoardHealth(
        temperature_c=48.312,
        under_voltage=under_voltage,
        capped=capped,
        throttled=throttled,
        too_hot=too_hot,
    )


def test_a_pi_5_has_its_firmware_below_another_bus(tmp_path: Path) -> None:
    put(tmp_path, "devices/platform/soc@107c000000/soc@107c000000:firmware/get_throttled", "1")
    assert SysBoard(tmp_path).health().under_voltage is True


@pytest.mark.parametrize(("alarm", "under_voltage"), [("0", False), ("1", True), ("", None), ("x", None)])
def test_debian_s_kernel_has_the_voltage_s_alarm_only(
    tmp_path: Path, alarm: str, under_voltage: bool | None
) -> None:
    put(tmp_path, "class/hwmon/hwmon0/name", "cpu_thermal")
    put(tmp_path, "class/hwmon/hwmon1/name", "rpi_volt")
    put(tmp_path, "class/hwmon/hwmon1/in0_lcrit_alarm", alarm)
    assert SysBoard(tmp_path).health() == BoardHealth(under_voltage=under_voltage)


def test_flags_that_are_none_are_not_known(tmp_path: Path) -> None:
    assert SysBoard(pi(tmp_path, "what?")).health() == BoardHealth(temperature_c=48.312)


@pytest.mark.parametrize("nonsense", ["", "hot", "1e3", "-274000", "150000", "2147483647"])
def test_a_temperature_that_is_none_is_not_known(tmp_path: Path, nonsense: str) -> None:
    assert SysBoard(pi(tmp_path, "0", nonsense)).health().temperature_c is None


def test_another_sensor_is_not_the_processor_s(tmp_path: Path) -> None:
    put(tmp_path, "class/thermal/thermal_zone0/type", "rp1_adc")
    put(tmp_path, "class/thermal/thermal_zone0/temp", "90000")
    assert SysBoard(tmp_path).health() == BoardHealth()
    put(tmp_path, "class/thermal/thermal_zone1/type", "cpu-thermal")
    put(tmp_path, "class/thermal/thermal_zone1/temp", "51000")
    assert SysBoard(tmp_path).health().temperature_c == 51.0


def test_a_script_goes_by_the_time_since_it_was_first_asked() -> None:
    clock = VirtualClock()
    clock.advance_to(7 * NS_PER_S)
    board = ScriptedBoard(
        (
            BoardTrouble(kind=BoardTroubleKind.BATTERY, from_ns=3 * NS_PER_S, percent=9),
            BoardTrouble(kind=BoardTroubleKind.HOT, from_ns=2 * NS_PER_S, to_ns=4 * NS_PER_S),
            BoardTrouble(kind=BoardTroubleKind.WEAK_SUPPLY, from_ns=4 * NS_PER_S, to_ns=5 * NS_PER_S),
            BoardTrouble(kind=BoardTroubleKind.BATTERY, from_ns=5 * NS_PER_S, percent=70),
        ),
        clock,
    )
    told = []
    for _ in range(7):
        health = board.health()
        told.append((board.charge().percent, health.too_hot, health.under_voltage))
        clock.advance_to(clock.now_ns() + NS_PER_S)
    assert told == [
        (100, False, False),
        (100, False, False),
        (100, True, False),
        (9, True, False),
        (9, False, True),
        (70, False, False),
        (70, False, False),
    ]
    assert ScriptedBoard((HOT,), clock).charge() == Charge()
