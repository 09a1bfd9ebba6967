"""The script of faults."""

from __future__ import annotations

import pytest

from kith.app.injections import Injections, parse_faults
from kith.drivers.simulated_board import BoardTrouble, BoardTroubleKind
from kith.drivers.simulated_camera import Outage, OutageKind
from kith.drivers.simulated_scene import Trouble, TroubleKind
from kith.errors import InputError
from kith.guard.ports import Position
from tests.unit._machine_kit import ms


def test_all_kinds_in_any_order_and_spacing() -> None:
    found = parse_faults(" 40 kill-voice;12.5  freeze 5;;30 unplug 0.25 ;3 kill-voice; ")
    assert found.voice_killed_ns == (ms(3000), ms(40_000))
    assert found.outages == (
        Outage(kind=OutageKind.FREEZE, from_ns=ms(12_500), to_ns=ms(17_500)),
        Outage(kind=OutageKind.UNPLUG, from_ns=ms(30_000), to_ns=ms(30_250)),
    )


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("range-unplug", TroubleKind.UNPLUGGED),
        ("range-silent", TroubleKind.SILENT),
        ("range-stuck", TroubleKind.STUCK),
        ("range-zeros", TroubleKind.ZEROS),
        ("range-sun", TroubleKind.SUNLIGHT),
    ],
)
def test_troubles_of_the_head_s_range_sensor_or_the_knee_s(word: str, kind: TroubleKind) -> None:
    assert parse_faults(f"2 {word} 1.5; 4 {word} 2 knee; 5 {word} 1 head").troubles == (
        Trouble(kind=kind, from_s=2.0, to_s=3.5, position=Position.HEAD),
        Trouble(kind=kind, from_s=4.0, to_s=6.0, position=Position.KNEE),
        Trouble(kind=kind, from_s=5.0, to_s=6.0, position=Position.HEAD),
    )


def test_troubles_of_the_board() -> None:
    assert parse_faults("12 battery 9; 30 hot 10.5; 60 weak-supply 5; 80 battery 100").board == (
        BoardTrouble(kind=BoardTroubleKind.BATTERY, from_ns=ms(12_000), percent=9),
        BoardTrouble(kind=BoardTroubleKind.HOT, from_ns=ms(30_000), to_ns=ms(40_500)),
        BoardTrouble(kind=BoardTroubleKind.WEAK_SUPPLY, from_ns=ms(60_000), to_ns=ms(65_000)),
        BoardTrouble(kind=BoardTroubleKind.BATTERY, from_ns=ms(80_000), percent=100),
    )


@pytest.mark.parametrize("script", ["", " ", ";;"])
def test_nothing_is_no_fault(script: str) -> None:
    assert parse_faults(script) == Injections()


@pytest.mark.parametrize(
    "part",
    [
        "freeze 5",
        "12 freeze",
        "12 kill-voice 3",
        "12 explode 3",
        "-1 freeze 3",
        "1,5 freeze 3",
        "1 freeze 3 2 unplug 1",
        "nan freeze 3",
        "2 range-unplug",
        "2 range-unplug 3 hip",
        "2 unplug 3 knee",
        "1. freeze 3",
        "2 battery 101",
        "2 battery",
        "2 battery 9.5",
        "2 hot",
        "2 weak-supply",
    ],
)
def test_what_is_no_fault_is_told_with_the_grammar(part: str) -> None:
    with pytest.raises(InputError, match="write seconds and 'freeze SECONDS'") as told:
        parse_faults(f"1 freeze 1; {part}")
    assert str(told.value).startswith(f"'{part}' is no fault")
