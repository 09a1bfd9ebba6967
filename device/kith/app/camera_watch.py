"""Whether the camera delivers. Pure. One that repeats its last picture is as dead as one that is silent."""

from __future__ import annotations

from enum import StrEnum

from kith.clock import NS_PER_MS


class CameraState(StrEnum):
    """What is known of the camera."""

    STARTING = "starting"
    RUNNING = "running"
    LOST = "lost"
    CLOSED = "closed"


class CameraWatch:
    """Fed with the capture times of the sightings; each method tells whether the state changed."""

    def __init__(self, silent_after_ms: int, now_ns: int) -> None:
        self._silent_after_ns = silent_after_ms * NS_PER_MS
        self._fresh_ns = now_ns
        self._captured_ns = -1
        self.state = CameraState.STARTING

    @property
    def next_deadline_ns(self) -> int | None:
        """When silence becomes a fault."""
        if self.state in (CameraState.STARTING, CameraState.RUNNING):
            return self._fresh_ns + self._silent_after_ns
        return None

    def is_fresh(self, now_ns: int) -> bool:
        """Whether what was seen last still holds. Half the silence that is a fault is too long to say of
        anyone that nobody is there."""
        return now_ns - self._fresh_ns <= self._silent_after_ns // 2

    def saw(self, captured_ns: int, now_ns: int) -> bool:
        """A picture was looked at; True when the camera is back from being lost."""
        if captured_ns <= self._captured_ns or self.state is CameraState.CLOSED:
            return False
        self._captured_ns, self._fresh_ns = captured_ns, now_ns
        was_lost = self.state is CameraState.LOST
        self.state = CameraState.RUNNING
        return was_lost

    def failed(self) -> bool:
        """The camera reported a fault; True when that is news."""
        if self.state in (CameraState.LOST, CameraState.CLOSED):
            return False
        self.state = CameraState.LOST
        return True

    def overdue(self, now_ns: int) -> bool:
        """True when it has just been silent for too long."""
        deadline_ns = self.next_deadline_ns
        return deadline_ns is not None and now_ns >= deadline_ns and self.failed()

    def close(self) -> None:
        """The camera was closed on purpose."""
        self.state = CameraState.CLOSED

    def open(self, now_ns: int) -> None:
        """The camera was opened again."""
        self.state, self._fresh_ns = CameraState.STARTING, now_ns
