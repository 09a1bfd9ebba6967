"""What `kith bench --here` came to, for people and for programs."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from typing import Any

from kith.ports import BoardHealth

_SLOWER = 1.25
"""So many times the expected time is still as expected: that is an estimate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Wall-clock milliseconds. part: within the step above it; expected_ms: None where no profile tells."""

    name: str
    median_ms: float
    p95_ms: float
    rounds: int
    part: bool = False
    expected_ms: float | None = None

    @property
    def verdict(self) -> str:
        """In a word; empty where nothing was expected."""
        if self.expected_ms is None:
            return ""
        return "as expected" if self.median_ms <= self.expected_ms * _SLOWER else "slower"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """The board at one time. mhz: of each processor's clock, and most_mhz what it can do; empty: not told."""

    health: BoardHealth
    mhz: tuple[int, ...]
    most_mhz: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All of it. missing: what could not be timed, and why. before, after: the looks. during: the flags that
    were up in any round. guard: readings a second of each sensor; None: no guard was heard. busy: share of
    the time that one person who is not yet named keeps the perceiving thread busy."""

    model: str | None
    profile: str
    processors: int
    threads: int
    timings: tuple[Timing, ...]
    missing: tuple[str, ...]
    before: Moment
    after: Moment
    during: tuple[str, ...]
    rss_mib: float
    guard: dict[str, float] | None
    busy: float
    expected_busy: float | None
    asked_looks_s: float

    @property
    def looks_s(self) -> float:
        """Looks a second with one person who is not yet named: those asked for, or what the board can do."""
        return self.asked_looks_s / max(self.busy, 1.0)

    @property
    def keeps_up(self) -> bool:
        """Whether it looks as often as the settings ask."""
        return self.busy <= 1.0


def as_json(report: Report) -> dict[str, Any]:
    """What `kith bench --help` promises."""

    def moment(at: Moment) -> dict[str, Any]:
        health = at.health
        return {
            "temperature_c": health.temperature_c,
            "under_voltage": health.under_voltage,
            "capped": health.capped,
            "throttled": health.throttled,
            "too_hot": health.too_hot,
            "mhz": list(at.mhz),
            "most_mhz": list(at.most_mhz),
        }

    return {
        "board": report.model,
        "machine": platform.machine(),
        "profile": report.profile,
        "processors": report.processors,
        "threads": report.threads,
        "steps": [
            {
                "name": each.name,
                "median_ms": round(each.median_ms, 3),
                "p95_ms": round(each.p95_ms, 3),
                "rounds": each.rounds,
                "expected_ms": None if each.expected_ms is None else round(each.expected_ms, 1),
                "verdict": each.verdict,
            }
            for each in report.timings
        ],
        "missing": list(report.missing),
        "before": moment(report.before),
        "after": moment(report.after),
        "flags_seen": list(report.during),
        "rss_mib": round(report.rss_mib, 1),
        "guard_readings_s": report.guard,
        "busy": round(report.busy, 3),
        "expected_busy": None if report.expected_busy is None else round(report.expected_busy, 3),
        "asked_looks_s": round(report.asked_looks_s, 2),
        "looks_s": round(report.looks_s, 2),
        "keeps_up": report.keeps_up,
    }


def lines(report: Report) -> list[str]:
    """The same for people."""
    told = [
        f"{report.model or platform.machine()}, profile {report.profile}: {report.processors} processors,"
        f" {report.threads} for the networks; {report.rss_mib:.0f} MiB",
        "",
        f"{'':<30}{'median':>10}{'p95':>10}{'expected':>10}  verdict",
    ]
    for each in report.timings:
        name = f"  of it {each.name}" if each.part else each.name
        expected = "" if each.expected_ms is None else f"{each.expected_ms:.1f} ms"
        times = f"{each.median_ms:>7.1f} ms{each.p95_ms:>7.1f} ms{expected:>10}"
        told.append(f"{name:<30}{times}  {each.verdict}".rstrip())
    told += ["", *(f"not timed: {each}" for each in report.missing), *_board_lines(report)]
    asked = f"{report.asked_looks_s:.1f} looks a second"
    expected = "" if report.expected_busy is None else f", expected {report.expected_busy:.0%}"
    verdict = f"keeps up with {asked}" if report.keeps_up else f"does {report.looks_s:.1f} of {asked}"
    told.append(f"one person, not yet named: busy {report.busy:.0%}{expected}; {verdict}")
    return told


def _board_lines(report: Report) -> list[str]:
    def degrees(at: Moment) -> str:
        return "?" if at.health.temperature_c is None else f"{at.health.temperature_c:.0f}"

    told = [f"temperature: {degrees(report.before)} before, {degrees(report.after)} degrees after"]
    if report.after.mhz:
        told.append(f"clock: {min(report.after.mhz)} MHz of {max(report.after.most_mhz, default=0)}")
    known = report.after.health.under_voltage is not None
    flags = ", ".join(report.during) or ("none" if known else "this kernel does not tell")
    told.append(f"under-voltage, throttling: {flags}")
    if report.guard is None:
        told.append("guard: none was heard")
    else:
        rates = ", ".join(f"{name} {rate:.1f} readings a second" for name, rate in report.guard.items())
        told.append(f"guard: {rates or 'no rate yet'}")
    return told
