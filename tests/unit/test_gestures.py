"""Gestures in ticks: each row is what the button did and what came of it."""

from __future__ import annotations

import pytest

from kith.clock import Tick
from kith.config import ButtonSettings
from kith.errors import ConfigError
from kith.interaction.gestures import GestureCommand, Gestures, Pressed, Reached
from kith.types import ButtonEdge, Gesture
from tests.unit._machine_kit import ms

PRESS = "press"


def name(command: GestureCommand) -> str:
    match command:
        case Pressed():
            return PRESS
        case Reached():
            return f"reached {command.gesture.value}"
        case _:
            return command.value


def play(script: str, until_ms: int = 20_000) -> list[tuple[int, str]]:
    """`d0 u80` is down at 0 ms, up at 80 ms. Returns (ms, what) with Ticks given when they are asked for."""
    machine = Gestures(ButtonSettings())
    heard: list[tuple[int, str]] = []

    def drain(to_ns: int) -> None:
        while (deadline := machine.next_deadline_ns) is not None and deadline < to_ns:
            heard.extend((deadline // ms(1), name(c)) for c in machine.step(Tick(), deadline))
            assert machine.next_deadline_ns is None or machine.next_deadline_ns > deadline

    for edge in script.split():
        at_ns = ms(int(edge[1:]))
        drain(at_ns)
        event = ButtonEdge(down=edge[0] == "d", at_ns=at_ns)
        heard.extend((at_ns // ms(1), name(c)) for c in machine.step(event, at_ns))
    drain(ms(until_ms))
    return heard


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        pytest.param("d0 u80", [(0, PRESS), (430, "tap")], id="tap"),
        pytest.param("d0 u80 d300 u380", [(0, PRESS), (300, PRESS), (730, "double")], id="double"),
        pytest.param(
            "d0 u80 d500 u580", [(0, PRESS), (430, "tap"), (500, PRESS), (930, "tap")], id="two taps"
        ),
        pytest.param(
            "d0 u80 d200 u280 d400 u480",
            [(0, PRESS), (200, PRESS), (400, PRESS), (830, "triple")],
            id="triple",
        ),
        pytest.param(
            "d0 u80 d429 u480 d829 u900",
            [(0, PRESS), (429, PRESS), (829, PRESS), (1250, "triple")],
            id="triple, as late as each press may be",
        ),
        pytest.param(
            "d0 u80 d200 u280 d631 u700",
            [(0, PRESS), (200, PRESS), (630, "double"), (631, PRESS), (1050, "tap")],
            id="a double, then a tap",
        ),
        pytest.param(
            "d0 u80 d200 u280 d400 u480 d600 u680 d2000 u2080",
            [(0, PRESS), (200, PRESS), (400, PRESS), (600, PRESS), (2000, PRESS), (2430, "tap")],
            id="four presses: nothing, and the next is a tap",
        ),
        pytest.param(
            "d0 u80 d200 u280 d400 u480 d600 u680 d800 u880 d1000 u1080",
            [(0, PRESS), (200, PRESS), (400, PRESS), (600, PRESS), (800, PRESS), (1000, PRESS)],
            id="six presses: nothing, and not two triples",
        ),
        pytest.param("d0 u999", [(0, PRESS), (1349, "tap")], id="just no hold"),
        pytest.param("d0 u1200", [(0, PRESS), (1000, "reached hold"), (1225, "hold")], id="hold"),
        pytest.param(
            "d0 u4500",
            [(0, PRESS), (1000, "reached hold"), (4000, "reached hold4"), (4525, "hold4")],
            id="privacy",
        ),
        pytest.param(
            "d0 u9000",
            [(0, PRESS), (1000, "reached hold"), (4000, "reached hold4"), (8000, "power_warning")],
            id="thought better of it",
        ),
        pytest.param(
            "d0 u60000 d61000 u61080",
            [
                *[(0, PRESS), (1000, "reached hold"), (4000, "reached hold4"), (8000, "power_warning")],
                *[(10_000, "hold10"), (61_000, PRESS), (61_430, "tap")],
            ],
            id="stuck, then free",
        ),
        pytest.param(
            "d0 u3600000 d3601000 u3601080",
            [
                *[(0, PRESS), (1000, "reached hold"), (4000, "reached hold4"), (8000, "power_warning")],
                *[(10_000, "hold10"), (3_601_000, PRESS), (3_601_430, "tap")],
            ],
            id="stuck for an hour",
        ),
        pytest.param(
            "d0 u80 d200 u1500",
            [(0, PRESS), (200, PRESS), (1200, "reached tap_hold"), (1525, "tap_hold")],
            id="tap and hold",
        ),
        pytest.param(
            "d0 u80 d429 u1500",
            [(0, PRESS), (429, PRESS), (1429, "reached tap_hold"), (1525, "tap_hold")],
            id="tap and hold, as late as a double may be",
        ),
        pytest.param(
            "d0 u80 d200 u1199", [(0, PRESS), (200, PRESS), (1549, "double")], id="a long double is no hold"
        ),
        pytest.param(
            "d0 u80 d450 u1700",
            [(0, PRESS), (430, "tap"), (450, PRESS), (1450, "reached hold"), (1725, "hold")],
            id="a tap, then a hold",
        ),
        pytest.param(
            "d0 u80 d200 u4500",
            [(0, PRESS), (200, PRESS), (1200, "reached tap_hold"), (4200, "reached hold4"), (4525, "hold4")],
            id="tap and hold to 4 s",
        ),
        pytest.param(
            "d0 u80 d200 u20000",
            [
                *[(0, PRESS), (200, PRESS), (1200, "reached tap_hold"), (4200, "reached hold4")],
                *[(8200, "power_warning"), (10_200, "hold10")],
            ],
            id="tap and hold to 10 s",
        ),
        pytest.param(
            "d0 u80 d200 u9000 d9100 u9180",
            [
                *[(0, PRESS), (200, PRESS), (1200, "reached tap_hold"), (4200, "reached hold4")],
                *[(8200, "power_warning"), (9100, PRESS), (9530, "tap")],
            ],
            id="a tap, thought better of, and a tap: no double of the two taps",
        ),
        pytest.param(
            "d0 u80 d200 u1500 d1600 u1680",
            [
                *[(0, PRESS), (200, PRESS), (1200, "reached tap_hold"), (1525, "tap_hold")],
                *[(1600, PRESS), (2030, "tap")],
            ],
            id="tap and hold, then a tap",
        ),
        pytest.param(
            "d0 u80 d200 u280 d400 u1500",
            [(0, PRESS), (200, PRESS), (400, PRESS), (1400, "reached double_hold"), (1525, "double_hold")],
            id="double and hold",
        ),
        pytest.param(
            "d0 u80 d200 u280 d700 u1800",
            [
                *[(0, PRESS), (200, PRESS), (630, "double")],
                *[(700, PRESS), (1700, "reached hold"), (1825, "hold")],
            ],
            id="a double, then a hold",
        ),
        pytest.param(
            "d0 u80 d200 u280 d400 u480 d600 u1700",
            [
                *[(0, PRESS), (200, PRESS), (400, PRESS), (600, PRESS)],
                *[(1600, "reached triple_hold"), (1725, "triple_hold")],
            ],
            id="triple and hold",
        ),
        pytest.param(
            "d0 u80 d200 u280 d400 u480 d600 u680 d800 u1900 d2000 u2080",
            [*((at_ms, PRESS) for at_ms in (0, 200, 400, 600, 800, 2000)), (2430, "tap")],
            id="four presses and a hold: nothing, not even the sound, and the next is a tap",
        ),
        pytest.param(
            "d0 u80 d200 u280 d400 u480 d600 u680 d800 u5000",
            [
                *[(0, PRESS), (200, PRESS), (400, PRESS), (600, PRESS), (800, PRESS)],
                *[(4800, "reached hold4"), (5025, "hold4")],
            ],
            id="four presses and a hold to 4 s",
        ),
        pytest.param(
            "d0 u80 d200 u280 d400 u480 d600 u20000",
            [
                *[(0, PRESS), (200, PRESS), (400, PRESS), (600, PRESS), (1600, "reached triple_hold")],
                *[(4600, "reached hold4"), (8600, "power_warning"), (10_600, "hold10")],
            ],
            id="triple and hold to 10 s",
        ),
        pytest.param("u0 d100 u180", [(100, PRESS), (530, "tap")], id="down when Kith began"),
    ],
)
def test_presses(script: str, expected: list[tuple[int, str]]) -> None:
    assert play(script, until_ms=3_700_000) == expected


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        pytest.param("d0 u2 d4 u9 d11 u80 d83 u85", [(0, PRESS), (435, "tap")], id="both edges bounce"),
        pytest.param(
            "d0 u500 d503 u1200", [(0, PRESS), (1000, "reached hold"), (1225, "hold")], id="chatter"
        ),
        pytest.param(
            "d0 u995 d1003 u1200", [(0, PRESS), (1000, "reached hold"), (1225, "hold")], id="at the hold"
        ),
        pytest.param("d0 d5 u80", [(0, PRESS), (430, "tap")], id="an up lost in the bounces"),
        pytest.param(
            "d0 u2 d4 u80 d83 u86 d200 u203 d206 u1500 d1510 u1520",
            [(0, PRESS), (200, PRESS), (1200, "reached tap_hold"), (1545, "tap_hold")],
            id="both edges of a tap and hold",
        ),
        pytest.param(
            "d0 u2 d4 u80 d83 u86 d200 u203 d206 u280 d285 u290 d400 u402 d404 u480 d490 u492",
            [(0, PRESS), (200, PRESS), (400, PRESS), (842, "triple")],
            id="all edges of a triple",
        ),
        pytest.param(
            "d0 u80 d200 u1195 d1210 u1500",
            [(0, PRESS), (200, PRESS), (1200, "reached tap_hold"), (1525, "tap_hold")],
            id="at the hold of a tap and hold",
        ),
    ],
)
def test_bounces_are_no_presses(script: str, expected: list[tuple[int, str]]) -> None:
    assert play(script) == expected


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        pytest.param("d0 d250 u330", [(0, PRESS), (250, PRESS), (680, "double")], id="of a double"),
        pytest.param("d0 d800 u880", [(0, PRESS), (800, "tap"), (800, PRESS), (1230, "tap")], id="of a tap"),
        pytest.param(
            "d0 d3000 u3080",
            [(0, PRESS), (1000, "reached hold"), (3000, PRESS), (3430, "tap")],
            id="of a hold of unknown length: nothing",
        ),
        pytest.param(
            "d0 d30000 u30080",
            [
                *[(0, PRESS), (1000, "reached hold"), (4000, "reached hold4"), (8000, "power_warning")],
                *[(10_000, "hold10"), (30_000, PRESS), (30_430, "tap")],
            ],
            id="of a stuck button",
        ),
        pytest.param(
            "d0 d250 u1500",
            [(0, PRESS), (250, PRESS), (1250, "reached tap_hold"), (1525, "tap_hold")],
            id="of the tap of a tap and hold",
        ),
        pytest.param(
            "d0 u80 d200 d400 u480",
            [(0, PRESS), (200, PRESS), (400, PRESS), (830, "triple")],
            id="of the middle of a triple",
        ),
        pytest.param(
            "d0 d200 d400 u1700",
            [(0, PRESS), (200, PRESS), (400, PRESS), (1400, "reached double_hold"), (1725, "double_hold")],
            id="of both taps of a double and hold",
        ),
        pytest.param(
            "d0 u80 d200 d900 u980",
            [(0, PRESS), (200, PRESS), (900, "double"), (900, PRESS), (1330, "tap")],
            id="of the second of a double, long before the next press",
        ),
        pytest.param(
            "d0 u80 d200 d3000 u3080",
            [(0, PRESS), (200, PRESS), (1200, "reached tap_hold"), (3000, PRESS), (3430, "tap")],
            id="of the hold of a tap and hold: nothing, and no double with the tap of before",
        ),
    ],
)
def test_a_lost_release(script: str, expected: list[tuple[int, str]]) -> None:
    assert play(script, until_ms=40_000) == expected


def test_an_edge_that_waited_is_measured_by_its_own_time() -> None:
    machine = Gestures(ButtonSettings())
    late = ms(3000)
    assert machine.step(ButtonEdge(down=True, at_ns=ms(0)), late) == [Pressed(at_ns=0)]
    assert machine.step(ButtonEdge(down=False, at_ns=ms(90)), late) == []
    assert machine.step(Tick(), late) == [Gesture.TAP]


def test_edges_out_of_order_count_as_of_the_latest_before_them() -> None:
    machine = Gestures(ButtonSettings())
    assert machine.step(ButtonEdge(down=True, at_ns=ms(500)), ms(500)) == [Pressed(at_ns=ms(500))]
    assert machine.step(ButtonEdge(down=False, at_ns=ms(200)), ms(600)) == []
    assert machine.next_deadline_ns == ms(525)
    assert machine.step(Tick(), ms(2000)) == [Gesture.TAP]
    assert machine.next_deadline_ns is None


def test_a_clock_that_stands_makes_no_gesture_and_no_endless_loop() -> None:
    machine = Gestures(ButtonSettings())
    made: list[GestureCommand] = []
    for down in [True, False] * 50:
        made += machine.step(ButtonEdge(down=down, at_ns=0), 0) + machine.step(Tick(), 0)
    assert made == [Pressed(at_ns=0)]
    assert machine.step(Tick(), ms(1000)) == [Gesture.TAP]


@pytest.mark.parametrize(
    ("script", "made"),
    [("d0 u80", "tap"), ("d0 u80 d200 u280", "double"), ("d0 u80 d200 u280 d400 u480", "triple")],
)
def test_short_presses_are_known_once_the_gap_has_passed(script: str, made: str) -> None:
    """Not at the next release: a hold may yet become of it, or one press more."""
    last_up_ms = int(script.rsplit(maxsplit=1)[-1][1:])
    assert play(script)[-1] == (last_up_ms + ButtonSettings().double_gap_ms, made)


def test_holds_that_do_not_grow_are_refused() -> None:
    with pytest.raises(ConfigError, match="must grow"):
        Gestures(ButtonSettings(hold_ms=5000))
