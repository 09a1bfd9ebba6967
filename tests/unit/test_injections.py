"""The script of faults."""

from __future__ import annotations

import pytest

from kith.app.injections import Injections, parse_faults
from kith.drivers.simulated_camera import Outage, OutageKind
from kith.errors import InputError
from tests.unit._machine_kit import ms


def test_all_kinds_in_any_order_and_spacing() -> None:
    found = parse_faults(" 40 kill-voice;12.5  freeze 5;;30 unplug 0.25 ;3 kill-voice; ")
    assert found.voice_killed_ns == (ms(3000), ms(40_000))
    assert found.outages == (
        Outage(kind=OutageKind.FREEZE, from_ns=ms(12_500), to_ns=ms(17_500)),
        Outage(kind=OutageKind.UNPLUG, from_ns=ms(30_000), to_ns=ms(30_250)),
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
        "1. freeze 3",
    ],
)
def test_what_is_no_fault_is_told_with_the_grammar(part: str) -> None:
    with pytest.raises(InputError, match="write seconds and 'freeze SECONDS'") as told:
        parse_faults(f"1 freeze 1; {part}")
    assert str(told.value).startswith(f"'{part}' is no fault")
