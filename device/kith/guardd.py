"""`kith-guard`: warns before the bump. A program of its own, so that whatever becomes of the rest cannot
silence it. Here, as in `app`, the drivers are known."""

from __future__ import annotations

import logging
import os
import signal
import sys
from dataclasses import dataclass
from types import FrameType

from kith.clock import NS_PER_S, Clock, MonotonicClock
from kith.config import usual_settings_file
from kith.drivers import gpio_pins
from kith.errors import ConfigError, InputError, RangeFinderFault
from kith.guard import scheduling
from kith.guard.lines import LineHandler, LineWriter
from kith.guard.link import LinkSender
from kith.guard.loop import Condition, GuardLoop
from kith.guard.machine import GuardMachine
from kith.guard.options import HELP, Options, parse
from kith.guard.outputs import Outputs
from kith.guard.ports import Output, Position, RangeFinder
from kith.guard.settings import GuardSettings, SensorSettings, clash_with_button, load_guard_settings
from kith.guard.trace import Timeline, Trace

_LOG = logging.getLogger(__name__)
_UNREAD = 1
_REFUSED = 2
NOT_INSTALLED = 69
"""The status when gpiozero or lgpio is missing; systemd, too, knows it: starting again installs nothing."""
BEGIN_AGAIN = 75
"""The status when a sensor hangs, which a new process may mend; systemd starts one."""
_AFTER_SCENE_S = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """The drivers, and when a simulation ends by itself."""

    sensors: list[RangeFinder]
    outputs: list[Output]
    end_s: float | None = None


def main() -> int:
    """Run until SIGTERM, SIGINT or the end of what was asked for. The status for the shell."""
    scheduling.be_small()
    try:
        options = parse(sys.argv[1:], os.environ)
        if options is None:
            return _help()
        return _run(options, MonotonicClock())
    except InputError as error:
        sys.stderr.write(f"kith-guard: {error}\n")
        return _REFUSED


def _help() -> int:
    rest = HELP.encode()
    try:
        # By hand: what Python keeps and cannot write it complains of at its end.
        while rest:
            rest = rest[os.write(1, rest) :]
    except OSError:
        return _UNREAD
    return 0


def _run(options: Options, clock: Clock) -> int:
    log, shown = LineWriter(2, name="kith-log"), LineWriter(1, name="kith-timeline")
    handler = LineHandler(log)
    handler.setFormatter(logging.Formatter("kith-guard: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    # gpiozero warns; without these two, Python writes such things itself and waits until they are read.
    logging.captureWarnings(True)
    sys.unraisablehook = _note_unraisable
    settings, misconfigured = _settings(options.config or usual_settings_file())
    refused = scheduling.take_priority(settings.schedule.realtime_priority)
    log.start()
    shown.start()
    try:
        trace = None if options.trace is None else Trace(options.trace)
        if options.simulate is None and not _possible(settings):
            _LOG.error("every range sensor and output %s", gpio_pins.MISSING)
            return NOT_INSTALLED
        if options.simulate:
            parts = _simulated_parts(options, settings, clock)
        else:
            parts = _Parts(sensors=open_sensors(settings, clock), outputs=open_outputs(settings))
        _tell_what_is_missing(parts)
        condition = Condition(misconfigured=misconfigured, ordinary=bool(refused))
        loop = _make_loop(options, settings, parts, clock, condition)
        if options.simulate is not None:
            loop.observers.append(Timeline(shown))
        if trace is not None:
            loop.observers.append(trace)
        _become_steady(refused)
        status = _guard(loop, clock, options.seconds or parts.end_s)
        if trace is not None:
            trace.close()
        return status
    finally:
        shown.close()
        log.close()


def _tell_what_is_missing(parts: _Parts) -> None:
    if not parts.sensors:
        _LOG.error("no range sensor is configured: nothing is watched; see [guard.head] in the settings")
    if not parts.outputs:
        _LOG.error(
            "neither buzzer nor motor is configured: nobody is warned; see [guard.outputs] in the settings"
        )


def _guard(loop: GuardLoop, clock: Clock, end_s: float | None) -> int:
    try:
        if end_s is None:
            loop.run()
        else:
            loop.run(clock.now_ns() + round(end_s * NS_PER_S))
    except RangeFinderFault as error:
        _LOG.error("%s", error)
        return BEGIN_AGAIN
    return 0


def _note_unraisable(what: sys.UnraisableHookArgs) -> None:
    _LOG.warning("ignored: %s", what.exc_type.__name__)


def _settings(path: str | None) -> tuple[GuardSettings, bool]:
    """The settings, and whether they were refused."""
    if path is None:
        return GuardSettings(), False
    try:
        settings = load_guard_settings(path)
    except ConfigError as error:
        _LOG.error("%s; the defaults are used instead", error)
        return GuardSettings(), True
    # It goes on: that pin is its own, and the main daemon refuses to start.
    if clash := clash_with_button(settings, path):
        _LOG.error("%s", clash)
    return settings, False


def _make_loop(
    options: Options, settings: GuardSettings, parts: _Parts, clock: Clock, condition: Condition
) -> GuardLoop:
    positions = tuple(sensor.position for sensor in parts.sensors)
    outputs = Outputs(parts.outputs)
    # Brings in gpiozero, which is to be there before the memory is locked and the collector put to rest.
    outputs.upkeep(clock.now_ns())
    folder, slash, _ = options.link.rpartition("/")
    doctor = f"{folder}{slash}doctor.sock"
    loop = GuardLoop(
        lambda now_ns: GuardMachine(settings, positions, now_ns),
        parts.sensors,
        outputs,
        LinkSender((options.link, doctor)),
        clock,
        beat_ms=settings.link.beat_ms,
        condition=condition,
    )

    def stop(number: int, frame: FrameType | None) -> None:
        loop.stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    return loop


def _become_steady(no_priority: str | None) -> None:
    scheduling.settle()
    unlocked = scheduling.lock_memory()
    if no_priority:
        _LOG.warning("without real-time priority: %s", no_priority)
    if unlocked:
        _LOG.warning("the memory cannot be locked: %s", unlocked)


# --- drivers --------------------------------------------------------------------------------------------


def _possible(settings: GuardSettings) -> bool:
    """Whether any part could ever be had with what is installed."""
    on_i2c = any(each.kind == "vl53l1x" for each in (settings.head, settings.knee))
    return on_i2c or gpio_pins.installed()


def _wanted(settings: GuardSettings) -> list[tuple[Position, SensorSettings]]:
    both = ((Position.HEAD, settings.head), (Position.KNEE, settings.knee))
    return [(position, sensor) for position, sensor in both if sensor.kind != "none"]


def open_outputs(settings: GuardSettings) -> list[Output]:
    """The outputs of the settings, not yet started."""
    from kith.drivers.gpio_output import GpioPlainOutput, GpioToneOutput

    outputs: list[Output] = []
    wanted = settings.outputs
    if wanted.buzzer == "tone":
        outputs.append(GpioToneOutput(wanted.buzzer_gpio))
    elif wanted.buzzer == "plain":
        outputs.append(GpioPlainOutput(wanted.buzzer_gpio))
    if wanted.vibration:
        outputs.append(GpioPlainOutput(wanted.vibration_gpio, what="vibration motor"))
    return outputs


def open_sensors(settings: GuardSettings, clock: Clock) -> list[RangeFinder]:
    """The range sensors of the settings, not yet started."""
    sensors: list[RangeFinder] = []
    ultrasonic = [each for each in _wanted(settings) if each[1].kind == "hcsr04"]
    if ultrasonic:
        from kith.drivers.hcsr04 import HcSr04, Turns

        turns = Turns()
        sensors += [HcSr04(position, sensor, clock, turns=turns) for position, sensor in ultrasonic]
    lasers = [each for each in _wanted(settings) if each[1].kind == "vl53l1x"]
    if lasers:
        from kith.drivers.vl53l1x import Vl53l1x

        sensors += [Vl53l1x(position, sensor, clock) for position, sensor in lasers]
    return sensors


def _simulated_parts(options: Options, settings: GuardSettings, clock: Clock) -> _Parts:
    from pathlib import Path

    from kith.drivers.simulated_output import SimulatedOutput, parse_breakdowns
    from kith.drivers.simulated_rangefinder import SimulatedRangeFinder
    from kith.drivers.simulated_scene import load_scene

    scene = load_scene(Path(options.simulate or ""))
    sensors: list[RangeFinder] = [
        SimulatedRangeFinder(position, sensor.kind, scene, clock, paced=True)
        for position, sensor in _wanted(settings)
    ]
    breakdowns = parse_breakdowns(options.faults)
    outputs: list[Output] = []
    if settings.outputs.buzzer != "none":
        outputs.append(SimulatedOutput(clock, breakdowns=breakdowns))
    if settings.outputs.vibration:
        outputs.append(SimulatedOutput(clock, breakdowns=breakdowns, what="vibration motor"))
    return _Parts(sensors=sensors, outputs=outputs, end_s=scene.end_s + _AFTER_SCENE_S)


if __name__ == "__main__":
    sys.exit(main())
