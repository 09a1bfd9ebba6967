"""A buzzer or motor that only remembers, and breaks when it is told to."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from kith.clock import NS_PER_S, Clock
from kith.errors import InputError, OutputFault, OutputUnavailable

_KEPT = 4096
_KINDS = ("fail", "hang")


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputBreakdown:
    """From from_s to to_s after its making the output raises, or, if it hangs, does not return."""

    from_s: float
    to_s: float
    hangs: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedEdge:
    """A change of the output, and when it was made."""

    pitch_hz: int
    at_ns: int


class SimulatedOutput:
    """Twin of the GPIO outputs. `edges` holds its last few thousand changes; on_edge is told each.

    wait: sleeps so many seconds, when it is to hang. what: it is, for errors.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        on_edge: Callable[[AppliedEdge], None] | None = None,
        breakdowns: tuple[OutputBreakdown, ...] = (),
        wait: Callable[[float], None] = time.sleep,
        what: str = "buzzer",
    ) -> None:
        self._clock, self._on_edge, self._breakdowns, self._wait = clock, on_edge, breakdowns, wait
        self._what = what
        self._born_ns = clock.now_ns()
        self._open = False
        self._pitch_hz = 0
        self.edges: deque[AppliedEdge] = deque(maxlen=_KEPT)

    @property
    def pitch_hz(self) -> int:
        """What sounds now; 0: silence."""
        return self._pitch_hz

    def start(self) -> None:
        """See guard.ports.Output."""
        if self._breaks():
            raise OutputUnavailable(f"the simulated {self._what} is not there, as its script says")
        self._change(0)
        self._open = True

    def set(self, pitch_hz: int) -> None:
        """See guard.ports.Output."""
        if not self._open:
            raise OutputFault(f"the simulated {self._what} is closed: start it first")
        if self._breaks():
            raise OutputFault(f"the simulated {self._what} stopped working, as its script says")
        self._change(pitch_hz)

    def close(self) -> None:
        """See guard.ports.Output."""
        self._change(0)
        self._open = False

    def _change(self, pitch_hz: int) -> None:
        if pitch_hz == self._pitch_hz:
            return
        self._pitch_hz = pitch_hz
        edge = AppliedEdge(pitch_hz=pitch_hz, at_ns=self._clock.now_ns())
        self.edges.append(edge)
        if self._on_edge is not None:
            self._on_edge(edge)

    def _breaks(self) -> bool:
        """Whether it is broken now; one that hangs is not back before it works again."""
        age_s = (self._clock.now_ns() - self._born_ns) / NS_PER_S
        for each in self._breakdowns:
            if each.from_s <= age_s < each.to_s:
                if not each.hangs:
                    return True
                self._wait(each.to_s - age_s)
        return False


def parse_breakdowns(script: str) -> tuple[OutputBreakdown, ...]:
    """From "3 fail 2; 10 hang 1": from second 3 on it fails for two seconds. Raises InputError."""
    return tuple(_breakdown(each.strip()) for each in script.split(";") if each.strip())


def _breakdown(text: str) -> OutputBreakdown:
    try:
        from_s, kind, for_s = text.split()
        found = OutputBreakdown(
            from_s=float(from_s), to_s=float(from_s) + float(for_s), hangs=_KINDS.index(kind) == 1
        )
    except ValueError as error:
        raise _refusal(text) from error
    # Put so that nan is refused too.
    if not 0 <= found.from_s < found.to_s < 1e9:
        raise _refusal(text)
    return found


def _refusal(text: str) -> InputError:
    return InputError(
        f"'{text}' is no breakdown of the output: write seconds, {' or '.join(_KINDS)}, and for how many"
        ' seconds, with semicolons between them, as in "3 fail 2; 10 hang 1"'
    )
