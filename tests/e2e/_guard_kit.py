"""`kith-guard` as a process, what its trace says played again, and a supervisor that does as systemd does."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kith.clock import NS_PER_MS, NS_PER_S, Tick
from kith.guard.machine import GuardMachine
from kith.guard.ports import OutputEdge, Position, RangeReading, RangeStatus, Signal
from kith.guard.settings import GuardSettings

ROOT = Path(__file__).parents[2]
DEVICE = ROOT / "device"
UNIT = ROOT / "systemd" / "kith-guard.service"
PATIENCE_S = 30.0
PERIOD_NS = 60 * NS_PER_MS
"""Of the simulated HC-SR04."""


def pacing_scene(folder: Path, *, for_s: float, troubles: str = "") -> Path:
    """Somebody who walks to and fro between two walls and is warned before each, every four seconds."""
    legs = []
    for index in range(int(for_s / 4) + 2):
        x_m, arrives_deg, leaves_deg = (5.6, 0, 180) if index % 2 else (0.0, 180, 0)
        legs += [f"[{index * 4}, {x_m}, 0, {arrives_deg}]", f"[{index * 4 + 0.4}, {x_m}, 0, {leaves_deg}]"]
    walls = "".join(f"[[wall]]\nfrom_m = [{x}, -3.0]\nto_m = [{x}, 3.0]\n" for x in (-0.3, 5.9))
    scene = folder / "pacing.toml"
    scene.write_text(f"[wearer]\npath = [{', '.join(legs)}]\n{walls}{troubles}")
    return scene


class Guard:
    """`kith-guard` in a process of its own."""

    def __init__(
        self,
        *words: object,
        environ: Mapping[str, str] | None = None,
        program: Path | None = None,
        **pipes: Any,
    ) -> None:
        begin = ["-m", "kith.guardd"] if program is None else [str(program)]
        pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **pipes}
        self.process = subprocess.Popen(
            [sys.executable, *begin, *map(str, words)],
            env=os.environ | {"PYTHONPATH": str(DEVICE)} | dict(environ or {}),
            text=True,
            **pipes,
        )

    @property
    def pid(self) -> int:
        """Of its process."""
        return self.process.pid

    def end(self) -> int:
        """Ask it to end, as systemd does, and wait."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_S)

    def kill(self) -> None:
        """Whatever it does."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


@contextmanager
def guarding(*words: object, **more: Any) -> Iterator[Guard]:
    """A guard for as long as the block lasts."""
    guard = Guard(*words, **more)
    try:
        yield guard
    finally:
        guard.kill()


def status_of(pid: int, key: str) -> int:
    """A number of /proc/PID/status; sizes are in KiB."""
    text = Path(f"/proc/{pid}/status").read_text()
    found = re.search(rf"^{key}:\s+(\d+)", text, re.MULTILINE)
    assert found is not None, text
    return int(found[1])


# --- the trace ------------------------------------------------------------------------------------------


def events_of(path: Path) -> list[dict[str, Any]]:
    """All lines of a trace."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def await_events(path: Path, kind: str, count: int) -> int:
    """Wait until the trace holds so many events of a kind; how many it does."""
    end_s = time.monotonic() + PATIENCE_S
    while True:
        found = path.read_bytes().count(f'{{"event": "{kind}"'.encode()) if path.exists() else 0
        if found >= count:
            return found
        assert time.monotonic() < end_s, f"{found} events '{kind}' of {count}"
        time.sleep(0.05)


class Replay:
    """What the guard took in, given to a machine of ours, event by event, and compared with what it put out.

    The machine is pure: given the same events at the same times it must answer with the same edges at the
    same times, and the guard must have applied just those. That the events themselves were in time (a reading
    soon after its echo, a tick soon after it was due, none left out) is measured. All times in ns.
    """

    def __init__(
        self,
        events: list[dict[str, Any]],
        settings: GuardSettings | None = None,
        positions: tuple[Position, ...] = (Position.HEAD,),
    ) -> None:
        assert events[-1] == {"event": "end", "lost": 0}, "the trace is not whole"
        begin = events[0]
        self._machine = GuardMachine(settings or GuardSettings(), positions, begin["t_ns"])
        self._expected: list[tuple[int, int]] = []
        self._last_ns: dict[str, int] = {}
        self.late_readings: list[int] = []
        self.late_ticks: list[int] = []
        self.late_edges: list[int] = []
        self.gaps: list[int] = []
        self.wrong: list[str] = []
        for name in begin["sounds"]:
            self._expect(self._machine.signal(Signal(name), begin["t_ns"]))
        takers = {"reading": self._reading, "tick": self._tick, "level": self._level, "edge": self._edge}
        for event in events[1:-1]:
            takers[event["event"]](event)
        self.applied = [(each["t_ns"], each["pitch_hz"]) for each in events if each["event"] == "edge"]
        self.warnings = sum(each["event"] == "level" and each["level"] > 0 for each in events)
        self._compare()

    @property
    def worst_ms(self) -> float:
        """Of all that was late: a reading taken, a tick given, an edge applied."""
        return max(*self.late_readings, *self.late_ticks, *self.late_edges) / NS_PER_MS

    @property
    def usual_ms(self) -> float:
        """99 of 100 of them were no later."""
        late = sorted([*self.late_readings, *self.late_ticks, *self.late_edges])
        return late[len(late) * 99 // 100] / NS_PER_MS

    @property
    def longest_gap_ms(self) -> float:
        """Between two readings of a sensor."""
        return max(self.gaps) / NS_PER_MS

    def _reading(self, event: dict[str, Any]) -> None:
        reading = RangeReading(
            position=Position(event["position"]),
            status=RangeStatus(event["status"]),
            distance_mm=event["distance_mm"],
            at_ns=event["at_ns"],
        )
        self.late_readings.append(event["t_ns"] - reading.at_ns)
        if event["position"] in self._last_ns:
            self.gaps.append(reading.at_ns - self._last_ns[event["position"]])
        self._last_ns[event["position"]] = reading.at_ns
        self._step(reading, event["t_ns"])

    def _tick(self, event: dict[str, Any]) -> None:
        self._step(Tick(), event["t_ns"])

    def _step(self, event: RangeReading | Tick, t_ns: int) -> None:
        self.late_ticks.append(t_ns - self._machine.next_deadline_ns)
        self._expect(self._machine.step(event, t_ns))

    def _level(self, event: dict[str, Any]) -> None:
        warned = self._machine.warned
        if (event["level"], event["position"]) != (warned.level, warned.position):
            self.wrong.append(f"it warned of {event}, which should be {warned}")

    def _edge(self, event: dict[str, Any]) -> None:
        self.late_edges.append(event["applied_ns"] - event["t_ns"])

    def _expect(self, edges: list[OutputEdge]) -> None:
        self._expected += [(edge.at_ns, edge.pitch_hz) for edge in edges]

    def _compare(self) -> None:
        for index, (expected, applied) in enumerate(zip(self._expected, self.applied, strict=False)):
            if expected != applied:
                self.wrong.append(f"edge {index}: {applied} was applied, which should be {expected}")
        if len(self._expected) != len(self.applied):
            self.wrong.append(f"{len(self.applied)} edges were applied, not {len(self._expected)}")


# --- the supervisor -------------------------------------------------------------------------------------


def unit_time_s(key: str) -> float:
    """A time of the guard's unit."""
    found = re.search(rf"^{key}=([\d.]+)(ms|s|)$", UNIT.read_text(), re.MULTILINE)
    assert found is not None
    return float(found[1]) * (0.001 if found[2] == "ms" else 1.0)


class Supervisor:
    """Does what systemd does with the unit's times: READY, the watchdog, SIGKILL, a new start."""

    def __init__(self, folder: Path, *words: object) -> None:
        self._words = words
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(folder / "supervisor"))
        self._watchdog_s, self._restart_s = unit_time_s("WatchdogSec"), unit_time_s("RestartSec")
        self._environ = {
            "NOTIFY_SOCKET": str(folder / "supervisor"),
            "WATCHDOG_USEC": str(round(self._watchdog_s * 1e6)),
        }
        self._stop = threading.Event()
        self._changed = threading.Condition()
        self.ready_ns: list[int] = []
        self.killed = 0
        self.said: list[str] = []
        self.guard = Guard(*words, environ=self._environ)
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def await_ready(self, count: int) -> int:
        """When it was ready for the count-th time."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.ready_ns) >= count, PATIENCE_S), self.ready_ns
            return self.ready_ns[count - 1]

    def close(self) -> None:
        """End it all."""
        self._stop.set()
        self._thread.join()
        self.guard.kill()
        self._socket.close()

    def _run(self) -> None:
        fed_ns: int | None = None
        self._socket.settimeout(0.005)
        while not self._stop.is_set():
            try:
                said = self._socket.recv(4096).decode()
            except TimeoutError:
                said = ""
            now_ns = time.monotonic_ns()
            if said == "READY=1":
                with self._changed:
                    self.ready_ns.append(now_ns)
                    self._changed.notify_all()
            if said in ("READY=1", "WATCHDOG=1"):
                fed_ns = now_ns
            elif said:
                self.said.append(said)
            if fed_ns is not None and now_ns - fed_ns > self._watchdog_s * NS_PER_S:
                fed_ns = None
                self.killed += 1
                self.guard.process.send_signal(signal.SIGKILL)
            if self.guard.process.poll() is not None:
                time.sleep(self._restart_s)
                fed_ns = None
                self.guard = Guard(*self._words, environ=self._environ)
