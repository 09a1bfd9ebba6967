"""The guard's side of the link: datagrams that are sent and forgotten. It never waits and needs nobody."""

from __future__ import annotations

import socket
from collections.abc import Sequence

from kith.clock import NS_PER_MS
from kith.guard.messages import ProximityLevel, SensorReport, encode
from kith.guard.ports import SensorState

_SMOOTHING = 8
"""One part in so many of each new interval goes into the smoothed one."""
_LATELY = 64
"""Readings: four seconds of the slowest sensor."""


class LinkSender:
    """Sends to each of the sockets that there is just now."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._paths = tuple(paths)
        self._socket: socket.socket | None = None

    def send(self, message: ProximityLevel) -> int:
        """To how many it could be handed; what cannot be taken at once is lost to that one."""
        data = encode(message)
        return sum(self._send_to(path, data) for path in self._paths)

    def close(self) -> None:
        """Let it go."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send_to(self, path: str, data: bytes) -> bool:
        try:
            if self._socket is None:
                kind = socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
                self._socket = socket.socket(socket.AF_UNIX, kind)
            self._socket.sendto(data, path)
        except OSError:
            # Nobody there, or too busy: the next message says the same and more.
            return False
        return True


class Pace:
    """How regularly a sensor answers, measured where the readings arrive."""

    def __init__(self) -> None:
        self._last_ns: int | None = None
        self._interval_ns = 0
        self._late_ns = self._late_before_ns = 0
        self._counted = 0

    def note(self, at_ns: int) -> None:
        """A reading of this time has come."""
        if self._last_ns is not None and at_ns > self._last_ns:
            self._measure(at_ns - self._last_ns)
        self._last_ns = at_ns

    @property
    def interval_ms(self) -> int | None:
        """Between readings, smoothed; None before there were two."""
        return round(self._interval_ns / NS_PER_MS) if self._interval_ns else None

    @property
    def jitter_ms(self) -> int | None:
        """How late the latest of the last 64 to 128 readings was; None before there were two."""
        return round(max(self._late_ns, self._late_before_ns) / NS_PER_MS) if self._interval_ns else None

    def report(self, state: SensorState, now_ns: int) -> SensorReport:
        """What the main daemon is told of the sensor whose pace this is."""
        return SensorReport(
            position=state.position,
            health=state.health,
            last_fault=state.last_fault,
            level=state.level,
            distance_mm=state.distance_mm,
            age_ms=None if state.seen_ns is None else (now_ns - state.seen_ns) // NS_PER_MS,
            interval_ms=self.interval_ms,
            jitter_ms=self.jitter_ms,
        )

    def _measure(self, interval_ns: int) -> None:
        if not self._interval_ns:
            self._interval_ns = interval_ns
        self._late_ns = max(self._late_ns, interval_ns - self._interval_ns)
        self._interval_ns += (interval_ns - self._interval_ns) // _SMOOTHING
        self._counted += 1
        if self._counted % _LATELY == 0:
            self._late_before_ns, self._late_ns = self._late_ns, 0
