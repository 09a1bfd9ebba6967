"""The button on a GPIO pin, by gpiozero: raw edges, no debounce here (see interaction.gestures)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from kith.clock import Clock
from kith.drivers import gpio_pins
from kith.errors import ButtonUnavailable
from kith.types import ButtonEdge

_LOG = logging.getLogger(__name__)


class GpioButton:
    """A button between a pin and ground. pin_factory: gpiozero's, for tests its mock one; None: one of its
    own on lgpio."""

    def __init__(self, gpio: int, clock: Clock, *, pin_factory: Any = None) -> None:
        self._gpio, self._clock, self._factory = gpio, clock, pin_factory
        self._button: Any = None

    def start(self, on_edge: Callable[[ButtonEdge], None]) -> None:
        """See ports.Button."""
        self.close()
        try:
            # Kept, and never closed: gpiozero's lgpio factories share their pins and take them along.
            self._factory = self._factory or gpio_pins.lgpio_factory()
            button = gpio_pins.load().Button(self._gpio, pull_up=True, pin_factory=self._factory)
        except ImportError as error:
            raise ButtonUnavailable(f"the button on GPIO {self._gpio} {gpio_pins.MISSING}") from error
        except gpio_pins.pin_errors() as error:
            raise ButtonUnavailable(f"GPIO {self._gpio} cannot be used for the button: {error}") from error
        self._button = button
        button.when_pressed = lambda: on_edge(ButtonEdge(down=True, at_ns=self._clock.now_ns()))
        button.when_released = lambda: on_edge(ButtonEdge(down=False, at_ns=self._clock.now_ns()))

    def close(self) -> None:
        """See ports.Button."""
        button, self._button = self._button, None
        if button is None:
            return
        try:
            button.close()
        except gpio_pins.pin_errors() as error:
            # It is gone already, and whoever closes it does not want it any more.
            _LOG.debug("GPIO %s: %s", self._gpio, error)
