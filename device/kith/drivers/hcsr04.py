"""The HC-SR04 ultrasonic sensor, on gpiozero's pins.

It answers a trigger pulse with a pulse on its echo pin that is as long as the sound was under way. Both edges
are taken with the kernel's own time stamps, so that a busy machine makes a reading late and not wrong.
gpiozero's DistanceSensor is not used: when the echo is lost it keeps its last distance for ever.

Speed of sound: 331 m/s, that of 0 degrees. So a distance is told 2 % too far at -10 degrees, 3 % too near at
20 and 7 % too near at 40: the errors that warn too soon are the larger ones.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

from kith.clock import NS_PER_MS, NS_PER_S, Clock
from kith.drivers import gpio_pins
from kith.errors import RangeFinderUnavailable
from kith.guard.ports import Position, RangeReading, RangeStatus
from kith.guard.settings import SensorSettings

_LOG = logging.getLogger(__name__)
_SOUND_MM_S = 331_000
_PERIOD_NS = 60 * NS_PER_MS
"""Its maker's advice: sooner, the last ping's echoes are still about."""
_TRIGGER_S = 20e-6
"""At least 10 microseconds are asked for; longer does no harm."""
_FARTHEST_S = 0.025
"""4.1 m there and back. A longer pulse is its way to say that nothing came back: usually 38 ms."""
_LONGEST_S = 0.055
"""That, and time for a busy machine to tell of it."""
_STRANGE_S = 1.0
"""A stamp so long after its ping is of another clock: kernels before 5.7 gave the time of day."""
_HELD_NS = 250 * NS_PER_MS
"""Some makes hold the line for 200 ms when nothing came back."""
_QUIET_NS = 30 * NS_PER_MS
"""When a ping can no longer be heard from within 5 m."""
_TURN_S = 0.08
"""The other holds its turn for 30 ms; with a period and the longest pulse still less than 200 ms."""

_Answer = tuple[RangeStatus, int | None, int]
"""Status, distance in mm, time in ns."""


class Turns:
    """Shared by the ultrasonic sensors of one wearer: they fire in turn, or each would take the other's ping
    for its echo.

    A turn ends when the ping has died away, not when it is answered. A sensor that hears nothing, or is not
    there, then costs the other no time; that it may hear the other's ping matters not, since a pulse so long
    says that nothing came back. Each fires once in a period, so neither can take the other's turns.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.quiet_ns = 0


class HcSr04:
    """One HC-SR04. Only the two pins of the settings are looked at. pin_factory: gpiozero's, for tests its
    mock one; None: one of its own on lgpio. turns: give the same to every one that the wearer has.

    The pins may change hands (`close` from another thread) only while `_using` is held.
    """

    def __init__(
        self,
        position: Position,
        settings: SensorSettings,
        clock: Clock,
        *,
        pin_factory: Any = None,
        turns: Turns | None = None,
    ) -> None:
        self._position, self._settings, self._clock = position, settings, clock
        self._factory, self._turns = pin_factory, turns or Turns()
        self._trigger: Any = None
        self._echo: Any = None
        self._errors: tuple[type[Exception], ...] = ()
        self._using = threading.Lock()
        self._closed = threading.Event()
        self._closed.set()
        self._due_ns = 0
        # The ping under way: when it was fired, and after how long its echo pin went up and down.
        self._edges = threading.Lock()
        self._over = threading.Event()
        self._fired_ns: int | None = None
        self._fired_ticks: Any = None
        self._up_s: float | None = None
        self._down_s: float | None = None

    @property
    def position(self) -> Position:
        """See RangeFinder."""
        return self._position

    def start(self) -> None:
        """See RangeFinder. A sensor that is not plugged in is not noticed here, but gives FAULT."""
        self.close()
        trigger, echo = self._settings.trigger_gpio, self._settings.echo_gpio
        what = f"the HC-SR04 ({self._position}) on GPIO {trigger} and {echo}"
        try:
            # Kept, and never closed: gpiozero's lgpio factories share their pins and take them along.
            self._factory = self._factory or gpio_pins.lgpio_factory()
            self._errors = gpio_pins.pin_errors()
        except ImportError as error:
            raise RangeFinderUnavailable(f"{what} {gpio_pins.MISSING}") from error
        except gpio_pins.pin_errors() as error:
            raise RangeFinderUnavailable(f"{what} cannot be used: {error}") from error
        try:
            with self._using:
                self._open(gpio_pins.load(), trigger, echo)
        except self._errors as error:
            self.close()
            raise RangeFinderUnavailable(f"{what} cannot be used: {error}") from error

    def read(self) -> RangeReading:
        """See RangeFinder."""
        self._wait_until(self._due_ns)
        self._due_ns = self._clock.now_ns() + _PERIOD_NS
        try:
            status, distance_mm, at_ns = self._take_turn()
        except self._errors as error:
            _LOG.debug("%s: %s", self._position, error)
            status, distance_mm, at_ns = self._now(RangeStatus.FAULT)
        return RangeReading(position=self._position, status=status, distance_mm=distance_mm, at_ns=at_ns)

    def close(self) -> None:
        """See RangeFinder."""
        self._closed.set()
        self._over.set()
        with self._using:
            for device in (self._echo, self._trigger):
                if device is not None:
                    self._let_go(device)
            self._echo = self._trigger = None

    def _open(self, gpiozero: Any, trigger: int, echo: int) -> None:
        self._trigger = gpiozero.OutputDevice(trigger, pin_factory=self._factory)
        # Pulled down, so that a sensor that is not there is silent and not noisy.
        self._echo = gpiozero.InputDevice(echo, pull_up=False, pin_factory=self._factory)
        self._echo.pin.edges = "both"
        self._echo.pin.when_changed = self._on_edge
        self._fired_ns = None
        self._due_ns = 0
        self._closed.clear()

    def _let_go(self, device: Any) -> None:
        try:
            device.pin.when_changed = None
            device.close()
        except self._errors:
            # It is gone already, and whoever closes it does not want it any more.
            return

    def _take_turn(self) -> _Answer:
        turns = self._turns
        if not turns.lock.acquire(timeout=_TURN_S):
            # It was not asked: nothing is wrong with it.
            return self._now(RangeStatus.FAULT if self._closed.is_set() else RangeStatus.UNSURE)
        try:
            self._wait_until(turns.quiet_ns)
            instead = self._ping()
        finally:
            turns.lock.release()
        return self._listen() if instead is None else self._now(instead)

    def _ping(self) -> RangeStatus | None:
        """Fire, or say why not."""
        with self._using:
            if self._closed.is_set():
                return RangeStatus.FAULT
            if self._echo.pin.state:
                return self._status_of_held_line()
            self._fire()
        return None

    def _listen(self) -> _Answer:
        self._over.wait(_LONGEST_S)
        with self._using:
            if self._closed.is_set():
                return self._now(RangeStatus.FAULT)
            high = bool(self._echo.pin.state)
        return self._heard(high)

    def _fire(self) -> None:
        with self._edges:
            self._up_s = self._down_s = None
            self._over.clear()
            self._fired_ns, self._fired_ticks = self._clock.now_ns(), self._factory.ticks()
        self._trigger.on()
        time.sleep(_TRIGGER_S)
        self._trigger.off()
        now_ns = self._clock.now_ns()
        self._turns.quiet_ns, self._due_ns = now_ns + _QUIET_NS, now_ns + _PERIOD_NS

    def _on_edge(self, ticks: Any, state: Any) -> None:
        """In the thread of the pins. An edge of an earlier ping, told late, is older than this ping."""
        with self._edges:
            if self._fired_ns is None:
                return
            since_s = self._factory.ticks_diff(ticks, self._fired_ticks)
            if not 0.0 <= since_s < _STRANGE_S:
                return
            if state and self._up_s is None:
                self._up_s = since_s
            elif not state and self._up_s is not None and self._down_s is None and since_s >= self._up_s:
                self._down_s = since_s
                self._over.set()

    def _heard(self, high: bool) -> _Answer:
        with self._edges:
            up_s, down_s = self._up_s, self._down_s
        if up_s is None:
            # Every ping is answered by a pulse, of whatever length: unless nobody is there.
            return self._now(RangeStatus.UNSURE if high else RangeStatus.FAULT)
        if down_s is None:
            return self._now(RangeStatus.NO_ECHO if high else RangeStatus.UNSURE)
        if down_s - up_s > _FARTHEST_S:
            return self._now(RangeStatus.NO_ECHO)
        at_ns = (self._fired_ns or 0) + round(down_s * NS_PER_S)
        return RangeStatus.OK, round((down_s - up_s) * _SOUND_MM_S / 2), at_ns

    def _status_of_held_line(self) -> RangeStatus:
        """The line is high before a ping: the last one's answer lasts on, or it is stuck."""
        held_ns = self._clock.now_ns() - (self._fired_ns or 0)
        answering = self._fired_ns is not None and held_ns < _HELD_NS
        return RangeStatus.NO_ECHO if answering else RangeStatus.FAULT

    def _now(self, status: RangeStatus) -> _Answer:
        return status, None, self._clock.now_ns()

    def _wait_until(self, at_ns: int) -> None:
        wait_s = (at_ns - self._clock.now_ns()) / NS_PER_S
        if wait_s <= 0:
            return
        if self._closed.is_set():  # nobody should ask, but who does must not spin
            time.sleep(wait_s)
        else:
            self._closed.wait(wait_s)
