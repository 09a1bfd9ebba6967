"""`kith doctor` on the guard: it is asked by listening, never stopped, and its parts are left to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from kith.app.findings import Finding, Verdict
from kith.app.guard_link import listen
from kith.app.guard_watch import FAULTS
from kith.errors import ConfigError, HardwareError
from kith.guard.messages import ProximityLevel, SensorReport
from kith.guard.ports import Fault, Health
from kith.guard.settings import GuardSettings, OutputSettings, SensorSettings, load_guard_settings

LISTEN_S = 1.5
"""Longer than the longest beat that the guard may be set to."""

_START = "start it with: sudo systemctl start kith-guard"
_AS_KITH = "sudo -u kith /opt/kith/bin/kith doctor --wearable --data /var/lib/kith"
_WITHOUT_DISTANCE = {
    Health.STARTING: "no reading yet",
    Health.SEES: "no distance just now",
    Health.NOTHING: "no echo: nothing within reach, or too soft or slanting",
    Health.BLIND: "it cannot tell what is ahead; hold a hand a metre before it and ask again",
    Health.DEAD: "it does not work; check its wires",
}


def examine_guard(config: Path | None, socket: Path, *, wearable: bool) -> Iterator[Finding]:
    """How the guard is, and each of its sensors; takes a moment, since it listens. Never raises KithError.

    config: the settings file, None for the defaults; socket: where the guard sends to when it exists.
    """
    settings = GuardSettings()
    try:
        settings = settings if config is None else load_guard_settings(config)
    except ConfigError as error:
        yield Finding(part="guard", verdict=Verdict.FAILED, text=f"its settings are refused: {error}")
    missing = Verdict.FAILED if wearable else Verdict.MISSING
    try:
        message = listen(socket, LISTEN_S)
    except HardwareError as error:
        unknown = f"{error}; run the doctor as the user kith: {_AS_KITH}"
        absent = f"there is no folder {socket.parent}, which the device makes at its start; {_START} kith"
        text = unknown if socket.parent.is_dir() else absent
        yield Finding(part="guard", verdict=missing, text=text)
        return
    if message is None:
        yield Finding(part="guard", verdict=missing, text=f"none runs; {_START}")
        return
    yield _guard(message, settings.outputs)
    kinds = {"head": settings.head, "knee": settings.knee}
    for sensor in message.sensors:
        yield _sensor(sensor, kinds[sensor.position.value])


def _guard(message: ProximityLevel, outputs: OutputSettings) -> Finding:
    wrong = []
    if message.muffled:
        wrong.append(_muffled(outputs))
    if message.misconfigured:
        wrong.append("it refused its settings and uses its own")
    if not message.sensors:
        wrong.append("it has no sensor: all are set to none")
    how = (
        "an ordinary process, so that it warns later while the rest is busy"
        if message.ordinary
        else "with real-time priority"
    )
    warns = f"warns: {message.level.name.lower()}" if message.level else "warns of nothing"
    return Finding(
        part="guard",
        verdict=Verdict.FAILED if wrong else Verdict.OK,
        text="; ".join([f"runs, {how}", *(wrong or [warns])]),
    )


def _muffled(outputs: OutputSettings) -> str:
    if outputs.buzzer == "none" and not outputs.vibration:
        return "neither buzzer nor motor is configured, so it cannot warn: see [guard.outputs]"
    return "neither buzzer nor motor works, so it cannot warn: check their wires"


def _sensor(sensor: SensorReport, settings: SensorSettings) -> Finding:
    failed = sensor.health in (Health.DEAD, Health.BLIND)
    known = sensor.distance_mm is not None and not failed
    parts = [
        "not in these settings; restart kith-guard" if settings.kind == "none" else settings.kind,
        f"{sensor.distance_mm} mm" if known else _WITHOUT_DISTANCE[sensor.health],
        f"{1000 / sensor.interval_ms:.1f} readings a second" if sensor.interval_ms else "no rate yet",
        "no jitter yet" if sensor.jitter_ms is None else f"jitter {sensor.jitter_ms} ms",
        "no fault" if sensor.last_fault is Fault.NONE else f"last fault: {FAULTS[sensor.last_fault]}",
    ]
    return Finding(
        part=sensor.position.value,
        verdict=Verdict.FAILED if failed else Verdict.OK,
        text=", ".join(parts),
    )
