"""What every button promises: gpiozero's on its own mock pins, and the scripted one's grammar."""

import os

import pytest
from gpiozero.pins.mock import MockFactory

from kith.clock import NS_PER_MS, NS_PER_S, MonotonicClock
from kith.drivers.gpio_button import GpioButton
from kith.drivers.simulated_button import parse_presses
from kith.errors import ButtonUnavailable, InputError
from kith.types import ButtonEdge


def test_edges_of_a_pin_arrive_raw_and_in_order() -> None:
    factory = MockFactory()
    pin = factory.pin(17)
    button = GpioButton(17, MonotonicClock(), pin_factory=factory)
    edges: list[ButtonEdge] = []
    button.start(edges.append)
    for _ in range(3):  # a bounce is an edge too
        pin.drive_low()
        pin.drive_high()
    button.close()
    button.close()
    assert [edge.down for edge in edges] == [True, False] * 3
    assert [edge.at_ns for edge in edges] == sorted(edge.at_ns for edge in edges)


@pytest.mark.skipif("KITH_HARDWARE" in os.environ, reason="a Pi has pins")
def test_a_machine_without_pins_says_so() -> None:
    with pytest.raises(ButtonUnavailable, match="GPIO 17"):
        GpioButton(17, MonotonicClock()).start(lambda edge: None)


def test_a_script_becomes_edges() -> None:
    edges = parse_presses("30 tap; 12.5 double ;40 hold4")
    assert [edge.down for edge in edges] == [True, False] * 4
    assert edges[0].at_ns == 12.5 * NS_PER_S
    assert edges[2].at_ns - edges[1].at_ns < 350 * NS_PER_MS
    assert edges[-1].at_ns - edges[-2].at_ns > 4 * NS_PER_S
    assert parse_presses("  ") == ()


@pytest.mark.parametrize(
    ("script", "second", "first"),
    [
        ("0 hold4; 0.5 tap", "0.5 tap", "0 hold4"),
        ("0.5 tap; 0 hold4", "0.5 tap", "0 hold4"),
        ("1 tap; 1 tap", "1 tap", "1 tap"),
        ("3 double; 3.3 tap", "3.3 tap", "3 double"),
        ("5 tap; 5.12 tap", "5.12 tap", "5 tap"),
    ],
)
def test_presses_that_overlap_are_refused(script: str, second: str, first: str) -> None:
    with pytest.raises(InputError, match=r"12\.5 double; 30 tap") as told:
        parse_presses(script)
    assert str(told.value).startswith(f"'{second}' begins before the end of '{first}'")
    assert len(parse_presses("0 hold4; 4.4 tap; 5 tap")) == 6


@pytest.mark.parametrize("script", ["tap", "12 press", "x double", "-3 tap", "12,5 tap"])
def test_a_wrong_script_shows_the_grammar(script: str) -> None:
    with pytest.raises(InputError, match=r"12\.5 double; 30 tap"):
        parse_presses(script)
