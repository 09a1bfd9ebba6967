"""Drives the guard's pure machines as the real loop does: readings and due Ticks in their order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kith.clock import NS_PER_MS, Tick
from kith.guard.machine import GuardMachine
from kith.guard.policy import Policy, PolicyCommand
from kith.guard.ports import Level, OutputEdge, Position, RangeReading, RangeStatus, Signal, Warned
from kith.guard.settings import GuardSettings

SETTINGS = GuardSettings()
HEAD = (Position.HEAD,)
BOTH = (Position.HEAD, Position.KNEE)
OK, NO_ECHO, UNSURE, FAULT = RangeStatus

Seen = int | RangeStatus
"""A distance in millimetres, or what the sensor says instead."""


def reading(at_ms: float, seen: Seen, position: Position = Position.HEAD) -> RangeReading:
    status = seen if isinstance(seen, RangeStatus) else OK
    return RangeReading(
        position=position,
        status=status,
        distance_mm=None if isinstance(seen, RangeStatus) else seen,
        at_ns=round(at_ms * NS_PER_MS),
    )


def every(
    interval_ms: float, seen: Iterable[Seen], *, from_ms: float = 0, position: Position = Position.HEAD
) -> list[RangeReading]:
    return [reading(from_ms + index * interval_ms, each, position) for index, each in enumerate(seen)]


def walk(from_mm: int, speed_m_s: float, *, to_mm: int = 0, interval_ms: float = 60) -> Iterator[int]:
    """Distances of an approach; a little noise, always the same, for no two readings are equal."""
    index = 0
    while (distance := from_mm - speed_m_s * interval_ms * index) > to_mm:
        yield round(distance) + (0, 5, -4, 2, -6, 3, 7)[index % 7]
        index += 1


def around(distance_mm: int, count: int) -> list[Seen]:
    """A range that stands still but for the sensor's noise."""
    return [distance_mm + (0, 4, -3, 6, -5, 2, 1)[index % 7] for index in range(count)]


def drive(
    policy: Policy, readings: Iterable[RangeReading], until_ms: float = 0
) -> list[tuple[int, PolicyCommand]]:
    """What it said, and when (ms)."""
    said: list[tuple[int, PolicyCommand]] = []

    def step(event: RangeReading | Tick, now_ns: int) -> None:
        said.extend((now_ns // NS_PER_MS, each) for each in policy.step(event, now_ns))
        assert policy.next_deadline_ns > now_ns

    now_ns = 0
    for each in readings:
        while policy.next_deadline_ns < each.at_ns:
            step(Tick(), policy.next_deadline_ns)
        now_ns = each.at_ns
        step(each, now_ns)
    while policy.next_deadline_ns <= until_ms * NS_PER_MS:
        step(Tick(), policy.next_deadline_ns)
    return said


def levels(said: list[tuple[int, PolicyCommand]]) -> list[Level]:
    return [each.level for _, each in said if isinstance(each, Warned)]


def signals(said: list[tuple[int, PolicyCommand]]) -> list[tuple[int, Signal]]:
    return [(at_ms, each) for at_ms, each in said if isinstance(each, Signal)]


def sound(machine: GuardMachine, readings: Iterable[RangeReading], until_ms: float = 0) -> list[OutputEdge]:
    """The edges that it made, as in `drive`."""
    edges: list[OutputEdge] = []

    def step(event: RangeReading | Tick, now_ns: int) -> None:
        edges.extend(machine.step(event, now_ns))
        assert machine.next_deadline_ns > now_ns

    for each in readings:
        while machine.next_deadline_ns < each.at_ns:
            step(Tick(), machine.next_deadline_ns)
        step(each, each.at_ns)
    while machine.next_deadline_ns <= until_ms * NS_PER_MS:
        step(Tick(), machine.next_deadline_ns)
    return edges
