"""Buzzer and vibration motor on gpiozero's pins.

On its pins and not by its devices: one of those that fails amid its closing keeps its pin reserved, and could
not be opened again before the process ends.
"""

from __future__ import annotations

import logging
from typing import Any

from kith.drivers import gpio_pins
from kith.errors import OutputFault, OutputUnavailable

_LOG = logging.getLogger(__name__)
_DUTY = 0.5
"""A square wave: the loudest that a piezo buzzer gives."""
_FIRST_HZ = 2000


class GpioPlainOutput:
    """Something that is only on or off: an active buzzer, or a vibration motor behind its transistor.

    what: its name in errors. pin_factory: gpiozero's, for tests its mock one; None: one of its own on lgpio.
    """

    def __init__(self, gpio: int, *, what: str = "buzzer", pin_factory: Any = None) -> None:
        self._gpio, self._what, self._factory = gpio, what, pin_factory
        self._pin: Any = None
        self._errors: tuple[type[Exception], ...] = ()

    def start(self) -> None:
        """See guard.ports.Output."""
        self.close()
        try:
            # Kept, and never closed: gpiozero's lgpio factories share their pins and take them along.
            self._factory = self._factory or gpio_pins.lgpio_factory()
            self._errors = gpio_pins.pin_errors()
            pin = self._factory.pin(self._gpio)
            self._factory.reserve_pins(self, pin.info.name)
            self._pin = pin
            pin.function = "output"
            self._prepare()
        except ImportError as error:
            raise OutputUnavailable(f"the {self._what} on GPIO {self._gpio} {gpio_pins.MISSING}") from error
        except gpio_pins.pin_errors() as error:
            self.close()
            raise OutputUnavailable(
                f"GPIO {self._gpio} cannot be used for the {self._what}: {error}"
            ) from error

    def set(self, pitch_hz: int) -> None:
        """See guard.ports.Output."""
        if self._pin is None:
            raise OutputFault(f"the {self._what} is closed: start it first")
        try:
            self._drive(pitch_hz)
        except self._errors as error:
            raise OutputFault(
                f"the {self._what} on GPIO {self._gpio} stopped working: {error or type(error).__name__}"
            ) from error

    def close(self) -> None:
        """See guard.ports.Output."""
        pin, self._pin = self._pin, None
        if pin is None:
            return
        self._factory.release_pins(self, pin.info.name)
        # Any one of these may end a tone, so one that fails does not keep the others from it.
        for name, value in (("state", 0), ("frequency", None), ("function", "input")):
            try:
                setattr(pin, name, value)
            except self._errors as error:
                # It may be gone already, and whoever closes it does not want it any more.
                _LOG.debug("GPIO %s: %s", self._gpio, error)

    def _conflicts_with(self, other: object) -> bool:
        """gpiozero asks this of who reserves a pin that somebody else has."""
        return other is not self

    def _prepare(self) -> None:
        self._pin.state = 0

    def _drive(self, pitch_hz: int) -> None:
        self._pin.state = 1 if pitch_hz else 0


class GpioToneOutput(GpioPlainOutput):
    """A passive buzzer, which sounds at the pitch it is driven with."""

    def __init__(self, gpio: int, *, pin_factory: Any = None) -> None:
        super().__init__(gpio, pin_factory=pin_factory)
        self._pitch_hz = 0

    def _prepare(self) -> None:
        self._pin.frequency = self._pitch_hz = _FIRST_HZ
        self._pin.state = 0.0

    def _drive(self, pitch_hz: int) -> None:
        if pitch_hz and pitch_hz != self._pitch_hz:
            self._pin.frequency = pitch_hz
            self._pitch_hz = pitch_hz
        self._pin.state = _DUTY if pitch_hz else 0.0
