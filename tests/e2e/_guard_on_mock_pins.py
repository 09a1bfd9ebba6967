"""`kith-guard` on gpiozero's mock pins in the place of lgpio's; all else is as on the wearable, but that the
HC-SR04 is asked every 5 ms instead of every 60 and says, since there is no echo, that it does not answer.

Started as a program; prints when asked by SIGUSR1 which modules are loaded.
"""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType
from typing import Any

from kith.drivers import gpio_pins, hcsr04
from kith.guardd import main


def mock_factory() -> Any:
    """In the place of lgpio_factory: gpiozero comes in the same way."""
    gpio_pins.load("gpiozero.pins.mock")
    from gpiozero.pins.mock import MockFactory, MockPWMPin

    return MockFactory(pin_class=MockPWMPin)


def tell_modules(number: int, frame: FrameType | None) -> None:
    """One line."""
    os.write(1, (" ".join(sorted(sys.modules)) + "\n").encode())


if __name__ == "__main__":
    signal.signal(signal.SIGUSR1, tell_modules)
    gpio_pins.installed = lambda: True
    gpio_pins.lgpio_factory = mock_factory
    hcsr04._PERIOD_NS = 5_000_000
    hcsr04._LONGEST_S = 0.003
    hcsr04._QUIET_NS = 0
    sys.exit(main())
