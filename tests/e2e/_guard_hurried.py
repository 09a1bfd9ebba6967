"""`kith-guard` with a simulated HC-SR04 that answers every millisecond. Started as a program."""

from __future__ import annotations

import dataclasses
import sys

from kith.drivers.simulated_sensors import MODELS, Ultrasound
from kith.guardd import main

if __name__ == "__main__":
    MODELS["hcsr04"] = dataclasses.replace(Ultrasound(), period_ms=1)
    sys.exit(main())
