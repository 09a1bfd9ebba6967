"""The button on a GPIO pin, by gpiozero: raw edges, no debounce here (see interaction.gestures)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kith.clock import Clock
from kith.errors import ButtonUnavailable
from kith.types import ButtonEdge


class GpioButton:
    """A button between a pin and ground. pin_factory: gpiozero's, for tests its mock one."""

    def __init__(self, gpio: int, clock: Clock, *, pin_factory: Any = None) -> None:
        self._gpio, self._clock, self._pin_factory = gpio, clock, pin_factory
        self._button: Any = None

    def start(self, on_edge: Callable[[ButtonEdge], None]) -> None:
        """See ports.Button."""
        try:
            from gpiozero import Button
            from gpiozero.exc import GPIOZeroError

            # Named, not gpiozero's default, which falls back silently to factories unfit for a Pi 5.
            factory = self._pin_factory or _lgpio_factory()
            self._button = Button(self._gpio, pull_up=True, pin_factory=factory)
        except ImportError as error:
            raise ButtonUnavailable(
                f"GPIO {self._gpio} needs gpiozero and lgpio:"
                " run `sudo apt-get install python3-gpiozero python3-lgpio`"
            ) from error
        except (GPIOZeroError, OSError) as error:
            raise ButtonUnavailable(f"GPIO {self._gpio} cannot be used for the button: {error}") from error
        self._button.when_pressed = lambda: on_edge(ButtonEdge(down=True, at_ns=self._clock.now_ns()))
        self._button.when_released = lambda: on_edge(ButtonEdge(down=False, at_ns=self._clock.now_ns()))

    def close(self) -> None:
        """See ports.Button."""
        if self._button is not None:
            self._button.close()
            self._button = None


def _lgpio_factory() -> Any:
    from gpiozero.pins.lgpio import LGPIOFactory

    return LGPIOFactory()
