"""How soon the guard acts while the vision pipeline has every core: from a reading's echo to the pin's edge.

The guard is `kith-guard` itself in a process of its own: its loop, its policy, its scheduling, gpiozero's pin
(the mock one). Only the sensor is another: before it something jumps in and out of the innermost zone, so
that every third reading causes an edge.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kith.clock import NS_PER_MS, Clock
from kith.guard.ports import Output, Position, RangeFinder, RangeReading, RangeStatus

READINGS = 10_000
PERIOD_MS = 10
"""Six times as fast as an HC-SR04, to be done in two minutes."""
EACH_WAY = 3
"""Readings within the innermost zone, then as many without."""
NEAR_MM, FAR_MM = 300, 520
LIMITS_MS = {True: 30.0, False: 80.0}
_BINS_MS = (0.25, 0.5, 1, 2, 4, 8, 15, 30, 80, 200)
_BAR = 50


class JumpingSensor:
    """Every ten milliseconds a reading, stamped with the moment that it was due: how late its own thread is
    woken counts too."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._due_ns = 0
        self._count = 0

    @property
    def position(self) -> Position:
        """See RangeFinder."""
        return Position.HEAD

    def start(self) -> None:
        """See RangeFinder."""
        self._due_ns = self._clock.now_ns()

    def read(self) -> RangeReading:
        """See RangeFinder."""
        self._due_ns += PERIOD_MS * NS_PER_MS
        behind_ns = self._clock.now_ns() - self._due_ns
        if behind_ns < 0:
            time.sleep(-behind_ns / 1e9)
        self._count += 1
        base_mm = NEAR_MM if self._count // EACH_WAY % 2 else FAR_MM
        return RangeReading(
            position=Position.HEAD,
            status=RangeStatus.OK,
            distance_mm=base_mm + self._count * 7 % 11,
            at_ns=self._due_ns,
        )

    def close(self) -> None:
        """See RangeFinder."""


def report(video: Path) -> None:
    """Print a histogram with real-time priority, where it may be had, and one without."""
    for real_time in (True, False):
        events, busy = _measure(video, real_time=real_time)
        if events is None:
            print("\nThe guard with real-time priority: not measured, nobody here may have it")
            continue
        taken_ms, edges_ms = _latencies_ms(events)
        name = "with real-time priority" if real_time else "without"
        print(f"\nThe guard {name}, {busy:.0%} of {os.cpu_count()} cores busy, reading to pin:")
        for what, values in (("every reading taken", taken_ms), ("readings that caused an edge", edges_ms)):
            _print(what, values, LIMITS_MS[real_time])


def _measure(video: Path, *, real_time: bool) -> tuple[list[dict[str, Any]] | None, float]:
    """The trace of a guard, and how busy the cores were meanwhile."""
    with tempfile.TemporaryDirectory() as folder, _burden(video):
        settings, trace = Path(folder) / "kith.toml", Path(folder) / "trace.jsonl"
        settings.write_text(
            f"[guard.schedule]\nrealtime_priority = {50 if real_time else 0}\n", encoding="ascii"
        )
        seconds = (READINGS + 50) * PERIOD_MS / 1e3
        command = [sys.executable, "-m", "bench.guard_latency", "guard", "--config", str(settings)]
        command += [
            "--trace",
            str(trace),
            "--seconds",
            str(seconds),
            "--link",
            str(Path(folder) / "guard.sock"),
        ]
        before = _cpu_ticks()
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        after = _cpu_ticks()
        if real_time and "without real-time priority" in done.stderr:
            return None, 0.0
        busy = 1 - (after[1] - before[1]) / (after[0] - before[0])
        lines = trace.read_text(encoding="ascii").splitlines()
        return [json.loads(line) for line in lines], busy


def _latencies_ms(events: list[dict[str, Any]]) -> tuple[list[float], list[float]]:
    """Of each reading until the policy had it, and of those that caused an edge until it was applied."""
    readings = [event for event in events if event["event"] == "reading"][-READINGS:]
    echo_ns = {event["t_ns"]: event["at_ns"] for event in readings}
    edges = [event for event in events if event["event"] == "edge" and event["t_ns"] in echo_ns]
    taken = [(event["t_ns"] - event["at_ns"]) / NS_PER_MS for event in readings]
    return taken, [(event["applied_ns"] - echo_ns[event["t_ns"]]) / NS_PER_MS for event in edges]


def _print(what: str, values_ms: list[float], limit_ms: float) -> None:
    ordered = sorted(values_ms)
    p99 = ordered[len(ordered) * 99 // 100]
    print(
        f"\n  {what}: {len(ordered)}; median {statistics.median(ordered):.2f} ms, p99 {p99:.2f} ms"
        f" (asked: {limit_ms:.0f}), worst {ordered[-1]:.2f} ms"
    )
    counts = [
        sum(low < value <= high for value in ordered)
        for low, high in zip((-1.0, *_BINS_MS), (*_BINS_MS, 1e9), strict=True)
    ]
    for high, count in zip((*_BINS_MS, None), counts, strict=True):
        label = "more" if high is None else f"to {high:g} ms"
        bar = "#" * -(-count * _BAR // len(ordered))
        print(f"    {label:>12} {count:6} {bar}")
    summary = {"what": what, "count": len(ordered), "p50_ms": statistics.median(ordered), "p99_ms": p99}
    print("   ", json.dumps(summary | {"worst_ms": ordered[-1], "bins_ms": _BINS_MS, "counts": counts}))


# --- processes ------------------------------------------------------------------------------------------


@contextmanager
def _burden(video: Path) -> Iterator[None]:
    """A process for each core that looks for faces and embeds them without end."""
    command = [sys.executable, "-m", "bench.guard_latency", "look", str(video)]
    processes = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(os.cpu_count() or 1)
    ]
    try:
        for process in processes:
            assert process.stdout is not None
            process.stdout.readline()
        yield
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def look(video: Path) -> None:
    """The vision pipeline at full speed, until killed. Says when it has begun."""
    import numpy as np

    from kith.app.paths import models_dir
    from kith.config import VisionSettings
    from kith.drivers.simulated_camera import video_source
    from kith.types import Frame
    from kith.vision.pipeline import FacePipeline, open_analyzer

    settings = VisionSettings()
    pipeline = FacePipeline(open_analyzer(models_dir(), settings), settings, np.zeros(128, np.float32))
    frames = [rgb for rgb, _ in zip(video_source(video).frames(), range(100), strict=False)]
    seq = 0
    while True:
        for rgb in frames:
            pipeline.process(Frame(seq=seq, captured_ns=time.monotonic_ns(), rgb=rgb), attentive=True)
            if seq == 0:
                print("looking", flush=True)
            seq += 1


def guard() -> int:
    """`kith-guard` with the jumping sensor and a tone on a mock pin."""
    from kith import guardd
    from kith.drivers import gpio_pins
    from kith.drivers.gpio_output import GpioToneOutput
    from kith.guard.settings import GuardSettings

    gpio_pins.load("gpiozero.pins.mock")
    from gpiozero.pins.mock import MockFactory, MockPWMPin

    def sensors(settings: GuardSettings, clock: Clock) -> list[RangeFinder]:
        return [JumpingSensor(clock)]

    def outputs(settings: GuardSettings) -> list[Output]:
        return [GpioToneOutput(18, pin_factory=MockFactory(pin_class=MockPWMPin))]

    guardd.open_sensors, guardd.open_outputs = sensors, outputs
    return guardd.main()


def _cpu_ticks() -> tuple[int, int]:
    """Of all cores: all, and those without work."""
    fields = [
        int(field) for field in Path("/proc/stat").read_text(encoding="ascii").split("\n")[0].split()[1:9]
    ]
    return sum(fields), fields[3] + fields[4]


if __name__ == "__main__":
    if sys.argv[1] == "look":
        look(Path(sys.argv[2]))
    else:
        del sys.argv[1]
        sys.exit(guard())
