"""The range sensors of the settings, made so that they do not get in each other's way."""

from __future__ import annotations

from typing import Any

from kith.clock import Clock
from kith.errors import ConfigError
from kith.guard.ports import Position, RangeFinder
from kith.guard.settings import GuardSettings, SensorSettings


def make_range_finders(
    settings: GuardSettings, clock: Clock, *, pin_factory: Any = None
) -> tuple[RangeFinder, ...]:
    """One for each that is connected, not yet started. Only the drivers that are needed are brought in.
    pin_factory: gpiozero's, see HcSr04. Raises ConfigError when two sensors are set to the same wires."""
    wanted = [
        (position, sensor)
        for position, sensor in ((Position.HEAD, settings.head), (Position.KNEE, settings.knee))
        if sensor.kind != "none"
    ]
    taken: set[object] = set()
    for position, sensor in wanted:
        for wire in _wires(sensor):
            if wire in taken:
                raise ConfigError(_conflict(position, sensor))
            taken.add(wire)
    return (*_ultrasonic(wanted, clock, pin_factory), *_lasers(wanted, clock))


def _ultrasonic(
    wanted: list[tuple[Position, SensorSettings]], clock: Clock, pin_factory: Any
) -> list[RangeFinder]:
    chosen = [each for each in wanted if each[1].kind == "hcsr04"]
    if not chosen:
        return []
    from kith.drivers.hcsr04 import HcSr04, Turns

    turns = Turns()
    return [HcSr04(*each, clock, pin_factory=pin_factory, turns=turns) for each in chosen]


def _lasers(wanted: list[tuple[Position, SensorSettings]], clock: Clock) -> list[RangeFinder]:
    chosen = [each for each in wanted if each[1].kind == "vl53l1x"]
    if not chosen:
        return []
    from kith.drivers.vl53l1x import Vl53l1x

    return [Vl53l1x(*each, clock) for each in chosen]


def _wires(sensor: SensorSettings) -> list[object]:
    if sensor.kind == "vl53l1x":
        return [("i2c", sensor.i2c_bus, sensor.i2c_address)]
    return [sensor.trigger_gpio, sensor.echo_gpio]


def _conflict(position: Position, sensor: SensorSettings) -> str:
    if sensor.kind == "vl53l1x":
        return (
            f"guard: both sensors are VL53L1X at 0x{sensor.i2c_address:02x} on I2C bus {sensor.i2c_bus}"
            " and would spoil each other's answers: connect one to another bus and set its i2c_bus"
        )
    return (
        f"guard: {position}: GPIO {sensor.trigger_gpio} and {sensor.echo_gpio} must be two pins that no other"
        " sensor has: set trigger_gpio and echo_gpio"
    )
