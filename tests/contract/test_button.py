"""What every button promises: gpiozero's on its own mock pins, a remote on FIFOs with the kernel's records,
both as one; and the scripted one, with its grammar."""

import importlib
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from gpiozero import Button
from gpiozero.pins.mock import MockFactory

from kith.clock import NS_PER_MS, NS_PER_S, MonotonicClock
from kith.drivers import gpio_pins
from kith.drivers.evdev_button import EvdevButton
from kith.drivers.gpio_button import GpioButton
from kith.drivers.several_buttons import SeveralButtons
from kith.drivers.simulated_button import ScriptedButton, parse_presses
from kith.errors import ButtonUnavailable, InputError
from kith.ports import Button as AnyButton
from kith.types import ButtonEdge
from tests.hardware.parts import needs, settings
from tests.unit._evdev_kit import ENTER, Inputs, Listened, key, wait_for


@dataclass(frozen=True)
class Bench:
    """A button, and how it is pressed."""

    button: AnyButton
    press: Callable[[bool], None]


def _gpio() -> Bench:
    factory = MockFactory()
    pin = factory.pin(17)
    button = GpioButton(17, MonotonicClock(), pin_factory=factory)
    return Bench(button, lambda down: pin.drive_low() if down else pin.drive_high())


def _remote(inputs: Inputs) -> Bench:
    inputs.plug("event3", "A remote")
    button = EvdevButton("remote", "KEY_ENTER", MonotonicClock(), roots=inputs.roots)
    return Bench(button, lambda down: inputs.write("event3", key(ENTER, int(down))))


def _scripted() -> Bench:
    """It presses itself."""
    return Bench(ScriptedButton(parse_presses("0.01 tap; 0.2 tap"), (), MonotonicClock()), lambda down: None)


@pytest.fixture(params=["gpio", "remote", "several, by the gpio", "several, by the remote", "scripted"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    inputs = Inputs(tmp_path)
    gpio, remote = _gpio(), _remote(inputs)
    both = SeveralButtons((gpio.button, remote.button))
    benches: dict[str, Callable[[], Bench]] = {
        "gpio": lambda: gpio,
        "remote": lambda: remote,
        "several, by the gpio": lambda: Bench(both, gpio.press),
        "several, by the remote": lambda: Bench(both, remote.press),
        "scripted": _scripted,
    }
    bench = benches[request.param]()
    yield bench
    bench.button.close()
    inputs.close()


def test_edges_come_raw_in_order_and_with_their_time(bench: Bench) -> None:
    listened = Listened()
    begun_ns = time.monotonic_ns()
    bench.button.start(listened.edges.append)
    for down in (True, False) * 2:
        bench.press(down)
    listened.wait_for(*(True, False) * 2)
    times_ns = [edge.at_ns for edge in listened.edges]
    assert times_ns == sorted(times_ns)
    assert begun_ns <= times_ns[0]
    assert times_ns[-1] <= time.monotonic_ns()


def test_it_may_be_closed_at_any_time_and_then_is_silent(bench: Bench) -> None:
    bench.button.close()
    listened = Listened()
    bench.button.start(listened.edges.append)
    bench.press(True)
    wait_for(lambda: bool(listened.edges))
    bench.button.close()
    bench.button.close()
    came = list(listened.edges)
    bench.press(False)
    bench.press(True)
    time.sleep(0.3)
    assert listened.edges == came


def test_it_may_be_started_anew(bench: Bench) -> None:
    first, second = Listened(), Listened()
    bench.button.start(first.edges.append)
    bench.button.start(second.edges.append)  # which ends the first
    came = list(first.edges)
    for down in (True, False) * 2:
        bench.press(down)
    second.wait_for(*(True, False) * 2)
    assert first.edges == came


class Held:
    """A button in the hand of a test."""

    def __init__(self, *, missing: str = "") -> None:
        self.missing, self.closed = missing, 0
        self.on_edge: Any = None

    def start(self, on_edge: Callable[[ButtonEdge], None]) -> None:
        if self.missing:
            raise ButtonUnavailable(self.missing)
        self.on_edge = on_edge

    def close(self) -> None:
        self.closed += 1

    def edge(self, down: bool, at_s: float) -> None:
        self.on_edge(ButtonEdge(down=down, at_ns=round(at_s * NS_PER_S)))


def test_several_are_down_from_the_first_to_the_last() -> None:
    one, other, listened = Held(), Held(), Listened()
    SeveralButtons((one, other)).start(listened.edges.append)
    one.edge(True, 1)
    other.edge(True, 2)
    one.edge(False, 3)
    assert [(edge.down, edge.at_ns) for edge in listened.edges] == [(True, NS_PER_S)]
    other.edge(False, 4)
    assert [(edge.down, edge.at_ns) for edge in listened.edges[1:]] == [(False, 4 * NS_PER_S)]


def test_of_several_one_alone_is_heard_as_it_is_lost_releases_too() -> None:
    one, other, listened = Held(), Held(), Listened()
    SeveralButtons((one, other)).start(listened.edges.append)
    other.edge(False, 0)  # it was down when Kith began
    for down in (True, True, False, False):
        one.edge(down, 1)
    assert listened.downs == [False, True, True, False, False]


def test_of_several_one_that_is_stuck_leaves_the_others_to_serve() -> None:
    one, other, listened = Held(), Held(), Listened()
    SeveralButtons((one, other)).start(listened.edges.append)
    one.edge(True, 0)
    other.edge(True, 14)
    other.edge(False, 14.1)
    assert listened.downs == [True]
    other.edge(True, 15)
    other.edge(False, 15.1)
    assert listened.downs == [True, True, False]
    one.edge(False, 3600)
    one.edge(True, 3601)
    other.edge(True, 3602)
    assert listened.downs == [True, True, False, False, True]


def test_of_several_those_that_can_be_had_serve() -> None:
    one, other, listened = Held(missing="no pin"), Held(), Listened()
    SeveralButtons((one, other)).start(listened.edges.append)
    other.edge(True, 1)
    assert listened.downs == [True]


@pytest.mark.parametrize(
    ("buttons", "said"),
    [((Held(missing="no pin"), Held(missing="no remote")), "no pin; no remote"), ((), "no button at all")],
)
def test_of_several_none_that_can_be_had_is_a_fault(buttons: tuple[Held, ...], said: str) -> None:
    with pytest.raises(ButtonUnavailable, match=said):
        SeveralButtons(buttons).start(lambda edge: None)


def test_what_was_held_when_several_were_closed_is_not_held_when_they_start_anew() -> None:
    one, other, listened = Held(), Held(), Listened()
    both = SeveralButtons((one, other))
    both.start(lambda edge: None)
    one.edge(True, 1)
    both.close()
    assert one.closed == other.closed == 2
    both.start(listened.edges.append)
    other.edge(True, 2)
    assert listened.downs == [True]


def test_edges_of_several_come_one_at_a_time() -> None:
    one, other = Held(), Held()
    inside = threading.Lock()
    overlaps: list[bool] = []

    def take(edge: ButtonEdge) -> None:
        free = inside.acquire(blocking=False)
        overlaps.append(not free)
        time.sleep(0.02)
        if free:
            inside.release()

    SeveralButtons((one, other)).start(take)
    threads = [threading.Thread(target=each.edge, args=(False, 1)) for each in (one, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert overlaps == [False, False]


@needs("button")
def test_a_real_one_is_had_let_go_and_had_again() -> None:
    gpio = settings().button.gpio
    for _ in range(3):
        button, other = GpioButton(gpio, MonotonicClock()), GpioButton(gpio, MonotonicClock())
        button.start(lambda edge: None)
        button.close()
        other.start(lambda edge: None)
        other.close()
        button.close()


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
    held = parse_presses("1 taphold")
    assert [edge.down for edge in held] == [True, False] * 2
    assert held[2].at_ns - held[1].at_ns < 350 * NS_PER_MS
    assert NS_PER_S < held[3].at_ns - held[2].at_ns < 4 * NS_PER_S


@pytest.mark.parametrize(
    ("script", "second", "first"),
    [
        ("0 hold4; 0.5 tap", "0.5 tap", "0 hold4"),
        ("0.5 tap; 0 hold4", "0.5 tap", "0 hold4"),
        ("1 tap; 1 tap", "1 tap", "1 tap"),
        ("3 double; 3.3 tap", "3.3 tap", "3 double"),
        ("3 taphold; 4.5 tap", "4.5 tap", "3 taphold"),
        ("5 tap; 5.12 tap", "5.12 tap", "5 tap"),
    ],
)
def test_presses_that_overlap_are_refused(script: str, second: str, first: str) -> None:
    with pytest.raises(InputError, match=r"12\.5 double; 30 tap") as told:
        parse_presses(script)
    assert str(told.value).startswith(f"'{second}' begins before the end of '{first}'")
    assert len(parse_presses("0 hold4; 4.4 tap; 5 tap")) == 6


@pytest.mark.parametrize(
    "script", ["tap", "12 press", "12 tap hold", "12 taps", "x double", "-3 tap", "12,5 tap"]
)
def test_a_wrong_script_shows_the_grammar(script: str) -> None:
    with pytest.raises(InputError, match=r"12\.5 double; 30 tap"):
        parse_presses(script)
