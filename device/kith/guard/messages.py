"""What the guard tells the main daemon: one small datagram, the same bytes on every machine."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from kith.guard.ports import Fault, Health, Level, Position

_MAGIC = b"KG"
_VERSION = 1
# magic, version, flags, epoch, sequence, time, level, position of the warning, number of sensors
_HEAD = struct.Struct("<2sBBIIQBBB")
# position, health, last fault, level, distance, age, interval, jitter (0xFFFF: unknown)
_SENSOR = struct.Struct("<BBBBHHHH")
_UNKNOWN = 0xFFFF
_POSITIONS = tuple(Position)
_NOBODY = 0xFF
_MUFFLED, _MISCONFIGURED, _ORDINARY = 1, 2, 4

LARGEST_BYTES = _HEAD.size + len(_POSITIONS) * _SENSOR.size


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorReport:
    """A sensor as the guard sees it. distance_mm: filtered, None when unknown. age_ms: of its last reading
    of any kind; interval_ms: between readings, smoothed; jitter_ms: the largest lateness lately, None
    before there were two readings."""

    position: Position
    health: Health
    last_fault: Fault
    level: Level
    distance_mm: int | None
    age_ms: int | None
    interval_ms: int | None
    jitter_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProximityLevel:
    """The state of the guard at `at_ns` (the machine's monotonic clock). epoch: another after each start of
    the guard; sequence: counts within it. position: of the sensor that warns. muffled: no output works, so
    nothing can be heard or felt. misconfigured: its settings were refused, defaults are used. ordinary: it
    was not given real-time priority."""

    epoch: int
    sequence: int
    at_ns: int
    level: Level
    position: Position | None
    sensors: tuple[SensorReport, ...]
    muffled: bool = False
    misconfigured: bool = False
    ordinary: bool = False


def encode(message: ProximityLevel) -> bytes:
    """At most LARGEST_BYTES."""
    flags = message.muffled * _MUFFLED | message.misconfigured * _MISCONFIGURED | message.ordinary * _ORDINARY
    head = _HEAD.pack(
        _MAGIC,
        _VERSION,
        flags,
        message.epoch & 0xFFFFFFFF,
        message.sequence & 0xFFFFFFFF,
        message.at_ns,
        message.level,
        _NOBODY if message.position is None else _POSITIONS.index(message.position),
        len(message.sensors),
    )
    return head + b"".join(_encode_sensor(sensor) for sensor in message.sensors)


def decode(data: bytes) -> ProximityLevel | None:
    """The message; None for anything that is not one, whole."""
    try:
        magic, version, flags, epoch, sequence, at_ns, level, position, count = _HEAD.unpack_from(data)
        if (magic, version) != (_MAGIC, _VERSION) or len(data) != _HEAD.size + count * _SENSOR.size:
            return None
        return ProximityLevel(
            epoch=epoch,
            sequence=sequence,
            at_ns=at_ns,
            level=Level(level),
            position=None if position == _NOBODY else _POSITIONS[position],
            sensors=tuple(
                _decode_sensor(_SENSOR.unpack_from(data, _HEAD.size + index * _SENSOR.size))
                for index in range(count)
            ),
            muffled=bool(flags & _MUFFLED),
            misconfigured=bool(flags & _MISCONFIGURED),
            ordinary=bool(flags & _ORDINARY),
        )
    except (struct.error, ValueError, IndexError):
        return None


def _encode_sensor(sensor: SensorReport) -> bytes:
    return _SENSOR.pack(
        _POSITIONS.index(sensor.position),
        sensor.health,
        sensor.last_fault,
        sensor.level,
        *(
            _packed(each)
            for each in (sensor.distance_mm, sensor.age_ms, sensor.interval_ms, sensor.jitter_ms)
        ),
    )


def _decode_sensor(fields: tuple[int, ...]) -> SensorReport:
    position, health, last_fault, level, distance, age, interval, jitter = fields
    return SensorReport(
        position=_POSITIONS[position],
        health=Health(health),
        last_fault=Fault(last_fault),
        level=Level(level),
        distance_mm=_unpacked(distance),
        age_ms=_unpacked(age),
        interval_ms=_unpacked(interval),
        jitter_ms=_unpacked(jitter),
    )


def _packed(value: int | None) -> int:
    return _UNKNOWN if value is None else min(max(value, 0), _UNKNOWN - 1)


def _unpacked(value: int) -> int | None:
    return None if value == _UNKNOWN else value
