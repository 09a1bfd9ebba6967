"""What the guard asks of its parts, and the values that pass between them.

Each port has real drivers and a simulated twin, and one contract suite (`tests/contract`) that all pass.
Times named `_ns` are monotonic nanoseconds. Nothing here, or below it, imports numpy.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Protocol


class Position(StrEnum):
    """Where a range sensor looks from."""

    HEAD = "head"
    KNEE = "knee"


class RangeStatus(StrEnum):
    """What a sensor says of its own reading.

    OK: there is a distance. NO_ECHO: it works, and nothing came back: far, or soft, or slanting; unknown.
    UNSURE: it works, and says itself that this reading cannot be trusted (sunlight, noise, wrapped round).
    FAULT: it does not answer.
    """

    OK = "ok"
    NO_ECHO = "no echo"
    UNSURE = "unsure"
    FAULT = "fault"


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeReading:
    """One answer of a sensor. distance_mm: with OK only. at_ns: when the echo was heard, not when it was
    handed on."""

    position: Position
    status: RangeStatus
    distance_mm: int | None
    at_ns: int


class Level(IntEnum):
    """How urgent the warning is. QUIET is no warning, which does not mean that the way is clear.

    FAR, MIDDLE, NEAR: pulses with shorter and shorter gaps. CONTACT: continuous, the innermost zone.
    """

    QUIET = 0
    FAR = 1
    MIDDLE = 2
    NEAR = 3
    CONTACT = 4


class Health(IntEnum):
    """How a sensor does.

    STARTING: nothing heard of it yet. SEES: it gives distances. NOTHING: it works and gets no echo: unknown,
    as in open country. BLIND: it cannot tell, and has been unable to for a while. DEAD: silent, stuck,
    impossible or not there.
    """

    STARTING = 0
    SEES = 1
    NOTHING = 2
    BLIND = 3
    DEAD = 4


class Fault(IntEnum):
    """Why a sensor is, or last was, DEAD or BLIND."""

    NONE = 0
    SILENT = 1
    """No reading came in time."""
    NO_ANSWER = 2
    """The driver says that it is not there: FAULT."""
    STUCK = 3
    """The same number again and again."""
    IMPOSSIBLE = 4
    """Numbers that no scene can give."""
    NO_ECHO = 5
    """Blind: the echo was lost near by, or there was none for long."""
    UNSURE = 6
    """Blind: the sensor says so itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned:
    """What the wearer is to be warned of: the most urgent of all sensors. position: None when QUIET."""

    level: Level
    position: Position | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorState:
    """A sensor as the policy has it. distance_mm: filtered, None when unknown. closing_mm_s: positive when
    it comes nearer, None when unknown. level: its own, before the other sensor is asked. muted: a steady
    range that is no longer told. seen_ns: time of its last reading of any kind."""

    position: Position
    health: Health = Health.STARTING
    last_fault: Fault = Fault.NONE
    distance_mm: int | None = None
    closing_mm_s: int | None = None
    level: Level = Level.QUIET
    muted: bool = False
    seen_ns: int | None = None


class Signal(StrEnum):
    """Sounds of the guard that are no warnings."""

    SELF_TEST = "self-test"
    """The guard has begun; heard at each start, so that buzzer and motor are known to work."""
    BLIND = "blind"
    """A sensor cannot tell what is ahead."""
    DEAD = "dead"
    """A sensor does not work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputEdge:
    """The outputs go on, or off. pitch_hz: of a buzzer that can; 0: off."""

    pitch_hz: int
    at_ns: int


class RangeFinder(Protocol):
    """A range sensor. `read` is called from a thread that belongs to it alone."""

    @property
    def position(self) -> Position:
        """Where it looks from."""

    def start(self) -> None:
        """Open it. Raises RangeFinderUnavailable; may be called again after that, and after `close`."""

    def read(self) -> RangeReading:
        """Wait for the next reading, at the sensor's own pace, at most 200 ms. A sensor that does not
        answer gives a reading with FAULT, at that same pace; never raises."""

    def close(self) -> None:
        """Let it go; may be called twice, before `start`, and from another thread than `read`'s."""


class Output(Protocol):
    """A buzzer or a vibration motor."""

    def start(self) -> None:
        """Open it, silent. Raises OutputUnavailable."""

    def set(self, pitch_hz: int) -> None:
        """Sound at this pitch, where it has pitches, until told otherwise; 0: be silent. Returns at once.
        Raises OutputFault."""

    def close(self) -> None:
        """Be silent and let it go; may be called twice, and before `start`."""


OnReading = Callable[[RangeReading], None]
