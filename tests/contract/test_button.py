"""What every button promises: gpiozero's on its own mock pins, and the scripted one's grammar."""

import importlib
import os
import sys
from types import SimpleNamespace

import pytest
from gpiozero import Button
from gpiozero.pins.mock import MockFactory

from kith.clock import NS_PER_MS, NS_PER_S, MonotonicClock
from kith.drivers import gpio_pins
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


class LgpioError(Exception):
    """lgpio's own, which is no OSError."""


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (LgpioError("GPIO busy"), "GPIO 17 cannot be used for the button: GPIO busy"),
        (OSError(12, "Cannot allocate memory"), "GPIO 17 cannot be used for the button: .*allocate memory"),
        (ImportError("lgpio"), "GPIO 17 needs gpiozero and lgpio"),
    ],
)
def test_whatever_its_pins_fail_by_is_told(
    monkeypatch: pytest.MonkeyPatch, failure: Exception, said: str
) -> None:
    def fail() -> None:
        raise failure

    monkeypatch.setitem(sys.modules, "lgpio", SimpleNamespace(error=LgpioError))
    monkeypatch.setattr(gpio_pins, "lgpio_factory", fail)
    with pytest.raises(ButtonUnavailable, match=said):
        GpioButton(17, MonotonicClock()).start(lambda edge: None)


@pytest.mark.parametrize(
    ("failure", "raised"), [(OSError(12, "x"), ButtonUnavailable), (MemoryError, MemoryError)]
)
def test_where_gpiozero_cannot_even_be_brought_in_that_is_what_is_told(
    monkeypatch: pytest.MonkeyPatch, failure: Exception, raised: type[Exception]
) -> None:
    def fail(*modules: str) -> None:
        raise failure

    for name in [each for each in sys.modules if each.partition(".")[0] in ("gpiozero", "lgpio")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(importlib, "import_module", fail)
    with pytest.raises(raised):
        GpioButton(17, MonotonicClock()).start(lambda edge: None)


def test_a_pin_that_is_gone_can_be_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lgpio", SimpleNamespace(error=LgpioError))
    button = GpioButton(17, MonotonicClock(), pin_factory=MockFactory())
    button.start(lambda edge: None)
    device = button._button

    def fail(button: Button) -> None:
        raise LgpioError("unknown handle")

    with monkeypatch.context() as patch:
        patch.setattr(Button, "close", fail)
        button.close()
        button.close()
    device.close()


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
