"""What the guard says, made short."""

from __future__ import annotations

from kith.clock import NS_PER_MS
from kith.guard.messages import ProximityLevel, SensorReport
from kith.guard.ports import Fault, Health, Level, Position


def sensor(
    position: Position = Position.HEAD,
    health: Health = Health.SEES,
    *,
    distance_mm: int | None = 1430,
    last_fault: Fault = Fault.NONE,
    interval_ms: int | None = 62,
    jitter_ms: int | None = 3,
) -> SensorReport:
    return SensorReport(
        position=position,
        health=health,
        last_fault=last_fault,
        level=Level.QUIET,
        distance_mm=distance_mm,
        age_ms=20,
        interval_ms=interval_ms,
        jitter_ms=jitter_ms,
    )


def message(
    at_ms: float,
    level: Level = Level.QUIET,
    *sensors: SensorReport,
    epoch: int = 1,
    sequence: int | None = None,
    muffled: bool = False,
    misconfigured: bool = False,
    ordinary: bool = False,
) -> ProximityLevel:
    """The sequence counts the milliseconds unless it is given; the first sensor is what warns."""
    sensors = sensors or (sensor(),)
    return ProximityLevel(
        epoch=epoch,
        sequence=round(at_ms) if sequence is None else sequence,
        at_ns=round(at_ms * NS_PER_MS),
        level=level,
        position=sensors[0].position if level else None,
        sensors=sensors,
        muffled=muffled,
        misconfigured=misconfigured,
        ordinary=ordinary,
    )
