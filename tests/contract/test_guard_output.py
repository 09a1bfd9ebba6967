"""What every output of the guard promises: gpiozero's on its own mock pins (on a Pi, on real ones), and the
simulated twin; and how that one breaks."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from gpiozero.pins.local import LocalPiFactory
from gpiozero.pins.mock import MockFactory, MockPWMPin

from kith.clock import NS_PER_S, MonotonicClock, VirtualClock
from kith.drivers.gpio_output import GpioPlainOutput, GpioToneOutput
from kith.drivers.simulated_output import AppliedEdge, SimulatedOutput, parse_breakdowns
from kith.errors import InputError, OutputFault, OutputUnavailable
from kith.guard.ports import Output
from tests.hardware.parts import guard_settings, needs

GPIO = 18
LONGEST_S = 0.05
"""What "at once" means here, on a machine that is busy with other tests."""


class FragilePin(MockPWMPin):  # type: ignore[misc]
    """A pin whose kernel driver may go away."""

    broken = False

    def _set_state(self, value: float) -> None:
        if self.broken:
            raise OSError(19, "No such device")
        super()._set_state(value)

    def _set_frequency(self, value: float | None) -> None:
        if self.broken:
            raise OSError(19, "No such device")
        super()._set_frequency(value)


@dataclass
class Bench:
    """An output, and what can be seen of it from outside. pitch_hz: 1 for anything that has no pitch."""

    output: Output
    pitch_hz: Callable[[], int]
    break_it: Callable[[], None] = lambda: None
    mend_it: Callable[[], None] = lambda: None


def tone() -> Bench:
    factory = MockFactory(pin_class=FragilePin)
    pin: Any = factory.pin(GPIO)

    def pitch_hz() -> int:
        if not pin.state:
            return 0
        assert pin.state == 0.5
        return int(pin.frequency)

    return Bench(
        GpioToneOutput(GPIO, pin_factory=factory),
        pitch_hz,
        lambda: setattr(pin, "broken", True),
        lambda: setattr(pin, "broken", False),
    )


def plain() -> Bench:
    factory = MockFactory(pin_class=FragilePin)
    pin: Any = factory.pin(GPIO)
    return Bench(
        GpioPlainOutput(GPIO, what="vibration motor", pin_factory=factory),
        lambda: int(bool(pin.state)),
        lambda: setattr(pin, "broken", True),
        lambda: setattr(pin, "broken", False),
    )


def simulated() -> Bench:
    clock = VirtualClock()
    output = SimulatedOutput(clock, breakdowns=parse_breakdowns("1 fail 1"))
    return Bench(
        output,
        lambda: output.pitch_hz,
        lambda: clock.advance_to(NS_PER_S),
        lambda: clock.advance_to(2 * NS_PER_S),
    )


BENCHES = [tone, plain, simulated]


@pytest.fixture(params=BENCHES, ids=lambda made: made.__name__)
def bench(request: pytest.FixtureRequest) -> Bench:
    made: Bench = request.param()
    return made


def heard(bench: Bench, pitch_hz: int) -> bool:
    """Whether it sounds so; a plain one has no pitch."""
    return bench.pitch_hz() in (pitch_hz, int(bool(pitch_hz)))


def test_it_begins_silent_and_follows(bench: Bench) -> None:
    bench.output.start()
    assert bench.pitch_hz() == 0
    for pitch_hz in (2400, 1200, 1200, 0, 0, 2400, 0):
        bench.output.set(pitch_hz)
        assert heard(bench, pitch_hz)


def test_it_is_silent_once_closed_and_can_be_opened_again(bench: Bench) -> None:
    bench.output.close()
    bench.output.start()
    bench.output.set(2400)
    bench.output.close()
    assert bench.pitch_hz() == 0
    bench.output.close()
    with pytest.raises(OutputFault):
        bench.output.set(2400)
    assert bench.pitch_hz() == 0
    bench.output.start()
    assert bench.pitch_hz() == 0
    bench.output.set(1200)
    assert heard(bench, 1200)


def test_starting_one_that_sounds_makes_it_silent(bench: Bench) -> None:
    bench.output.start()
    bench.output.set(2400)
    bench.output.start()
    assert bench.pitch_hz() == 0
    bench.output.set(2400)
    assert heard(bench, 2400)


def test_a_fault_is_raised_and_it_works_again_after_a_new_start(bench: Bench) -> None:
    bench.output.start()
    bench.break_it()
    with pytest.raises(OutputFault):
        bench.output.set(2400)
    with pytest.raises(OutputUnavailable):
        bench.output.start()
    bench.output.close()  # must not raise
    bench.mend_it()
    bench.output.start()
    bench.output.set(2400)
    assert heard(bench, 2400)


def test_it_returns_at_once(bench: Bench) -> None:
    bench.output.start()
    took_s = []
    for pitch_hz in (2400, 0) * 50:
        began_s = time.perf_counter()
        bench.output.set(pitch_hz)
        took_s.append(time.perf_counter() - began_s)
    assert sorted(took_s)[len(took_s) // 2] < LONGEST_S / 10
    assert max(took_s) < LONGEST_S


def test_a_pin_that_somebody_else_has_is_refused_until_they_let_go() -> None:
    factory = MockFactory(pin_class=MockPWMPin)
    motor, buzzer = GpioPlainOutput(GPIO, pin_factory=factory), GpioToneOutput(GPIO, pin_factory=factory)
    motor.start()
    with pytest.raises(OutputUnavailable, match="in use"):
        buzzer.start()
    motor.close()
    buzzer.start()


@pytest.mark.skipif("KITH_HARDWARE" in os.environ, reason="a Pi has pins")
@pytest.mark.parametrize("output", [GpioToneOutput(GPIO), GpioPlainOutput(GPIO)], ids=["tone", "plain"])
def test_a_machine_without_pins_says_so(output: Output) -> None:
    with pytest.raises(OutputUnavailable, match="GPIO 18"):
        output.start()
    output.close()


def _buzzer() -> Output:
    return GpioToneOutput(guard_settings().outputs.buzzer_gpio)


def _motor() -> Output:
    return GpioPlainOutput(guard_settings().outputs.vibration_gpio, what="vibration motor")


@pytest.mark.parametrize(
    "make",
    [pytest.param(_buzzer, marks=needs("buzzer")), pytest.param(_motor, marks=needs("motor"))],
    ids=["buzzer", "motor"],
)
def test_a_real_one_sounds_at_once_and_ends(make: Callable[[], Output]) -> None:
    output = make()
    output.close()
    output.start()
    began_s = time.perf_counter()
    output.set(2400)
    assert time.perf_counter() - began_s < LONGEST_S
    output.start()  # which makes it silent
    for pitch_hz in (2400, 1200):
        output.set(pitch_hz)
        time.sleep(0.2)
    output.close()
    with pytest.raises(OutputFault):
        output.set(2400)


# --- lgpio's pins, down to the calls of lgpio -------------------------------------------------------------


class LgpioError(Exception):
    """lgpio's own, which is no OSError."""


class Line:
    """A fake of the module lgpio and the one line behind it."""

    error = LgpioError
    BOTH_EDGES, RISING_EDGE, FALLING_EDGE, SET_PULL_NONE, SET_PULL_UP, SET_PULL_DOWN = range(6)

    def __init__(self) -> None:
        self.broken = False
        self.is_output = False
        self.level = 0
        self.pwm: tuple[int, int] | None = None

    @property
    def pitch_hz(self) -> int:
        """0: silent."""
        if self.pwm is not None and self.pwm[1] > 0:
            assert self.pwm[1] == 50
            return self.pwm[0]
        return self.level

    def gpiochip_open(self, chip: int) -> int:
        self._check()
        return 0

    def gpio_claim_input(self, handle: int, gpio: int, flags: int = 0) -> None:
        self._check()
        self.is_output, self.level, self.pwm = False, 0, None

    def gpio_claim_output(self, handle: int, gpio: int, level: int = 0) -> None:
        self._check()
        self.is_output, self.level = True, level

    def gpio_get_mode(self, handle: int, gpio: int) -> int:
        self._check()
        return 2 if self.is_output else 0

    def gpio_write(self, handle: int, gpio: int, level: int) -> None:
        self._check()
        self.level = int(level)

    def tx_pwm(self, handle: int, gpio: int, frequency_hz: int, duty: int) -> None:
        self._check()
        self.pwm = (frequency_hz, duty) if frequency_hz else None

    def _check(self) -> None:
        if self.broken:
            raise LgpioError("GPIO busy")


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    """gpiozero's pins of a Raspberry Pi 4 on it."""
    fake = Line()
    monkeypatch.setitem(sys.modules, "lgpio", fake)
    monkeypatch.delitem(sys.modules, "gpiozero.pins.lgpio", raising=False)
    monkeypatch.setattr(LocalPiFactory, "_get_revision", lambda self: 0xC03111)
    yield fake
    LocalPiFactory.pins.clear()


@pytest.mark.parametrize("make", [GpioToneOutput, GpioPlainOutput], ids=["tone", "plain"])
def test_on_lgpio_it_sounds_is_silent_fails_and_works_again(
    line: Line, make: Callable[[int], GpioPlainOutput]
) -> None:
    output = make(GPIO)
    line.broken = True
    with pytest.raises(OutputUnavailable, match=r"GPIO 18 .* GPIO busy"):
        output.start()
    line.broken = False
    output.start()
    assert line.pitch_hz == 0
    for pitch_hz in (2400, 0, 1200, 2400):
        output.set(pitch_hz)
        assert line.pitch_hz in (pitch_hz, int(bool(pitch_hz)))
    line.broken = True
    with pytest.raises(OutputFault, match="stopped working"):
        output.set(0)
    with pytest.raises(OutputUnavailable):
        output.start()
    line.broken = False
    output.start()
    assert line.pitch_hz == 0
    output.set(1200)
    assert line.pitch_hz in (1200, 1)
    output.close()
    assert line.pitch_hz == 0
    assert not line.is_output


@pytest.mark.parametrize("make", [GpioToneOutput, GpioPlainOutput], ids=["tone", "plain"])
def test_one_call_that_fails_does_not_let_a_tone_go_on(
    line: Line, make: Callable[[int], GpioPlainOutput], monkeypatch: pytest.MonkeyPatch
) -> None:
    output = make(GPIO)
    output.start()
    output.set(2400)

    def refuse(*words: int) -> None:
        raise LgpioError("bad PWM duty")

    for call in ("tx_pwm", "gpio_write"):
        monkeypatch.setattr(line, call, refuse)
    with pytest.raises(OutputFault):
        output.set(0)
    output.close()
    assert line.pitch_hz == 0
    assert not line.is_output


def test_a_line_that_was_left_on_is_off_as_soon_as_it_is_opened(line: Line) -> None:
    """By a guard that was killed: some kernels keep such a line as it was."""
    for make in (GpioToneOutput, GpioPlainOutput):
        line.is_output, line.level = True, 1
        output = make(GPIO)
        output.start()
        assert line.pitch_hz == 0
        output.close()


# --- the simulated one --------------------------------------------------------------------------------------


def test_it_remembers_changes_and_their_times() -> None:
    clock = VirtualClock(5)
    told: list[AppliedEdge] = []
    output = SimulatedOutput(clock, on_edge=told.append)
    output.start()
    for at_ns, pitch_hz in ((10, 2400), (20, 2400), (30, 1200), (40, 0), (50, 0)):
        clock.advance_to(at_ns)
        output.set(pitch_hz)
    assert [(edge.at_ns, edge.pitch_hz) for edge in output.edges] == [(10, 2400), (30, 1200), (40, 0)]
    assert told == list(output.edges)


def test_one_that_hangs_returns_when_its_time_is_over() -> None:
    clock = MonotonicClock()
    output = SimulatedOutput(clock, breakdowns=parse_breakdowns("0.05 hang 0.1"))
    output.start()
    time.sleep(0.06)
    began_s = time.monotonic()
    output.set(2400)
    assert time.monotonic() - began_s > 0.05
    assert output.pitch_hz == 2400


@pytest.mark.parametrize("script", ["3 fail", "x hang 1", "1 break 2", "-1 fail 2", "nan fail 1", "1 fail 0"])
def test_a_wrong_script_shows_the_grammar(script: str) -> None:
    with pytest.raises(InputError, match="3 fail 2; 10 hang 1"):
        parse_breakdowns(script)
