"""A board and a battery that do as a script says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from kith.clock import Clock
from kith.ports import BoardHealth, Charge

_COOL_C, _HOT_C = 50.0, 85.0
_FULL = 100


class BoardTroubleKind(StrEnum):
    """What goes wrong."""

    BATTERY = "battery"
    HOT = "hot"
    WEAK_SUPPLY = "weak-supply"


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardTrouble:
    """From `from_ns` until before `to_ns`; with BATTERY it is at `percent` from then on."""

    kind: BoardTroubleKind
    from_ns: int
    to_ns: int | None = None
    percent: int | None = None


class ScriptedBoard:
    """`ports.Board` and `ports.Battery`. Its time begins with the first question. The battery is full until
    the script says otherwise, and not there where it never does."""

    def __init__(self, troubles: tuple[BoardTrouble, ...], clock: Clock) -> None:
        self._troubles, self._clock = sorted(troubles, key=lambda each: each.from_ns), clock
        self._start_ns: int | None = None

    def health(self) -> BoardHealth:
        """See ports.Board."""
        now = self._now()
        hot = BoardTroubleKind.HOT in now
        return BoardHealth(
            temperature_c=_HOT_C if hot else _COOL_C,
            under_voltage=BoardTroubleKind.WEAK_SUPPLY in now,
            capped=hot,
            throttled=hot,
            too_hot=hot,
        )

    def charge(self) -> Charge:
        """See ports.Battery."""
        levels = [each for each in self._troubles if each.kind is BoardTroubleKind.BATTERY]
        if not levels:
            return Charge()
        percents = [each.percent for each in levels if each.from_ns <= self._since_ns()]
        return Charge(percent=percents[-1] if percents else _FULL, on_mains=False)

    def _now(self) -> set[BoardTroubleKind]:
        since_ns = self._since_ns()
        return {
            each.kind
            for each in self._troubles
            if each.to_ns is not None and each.from_ns <= since_ns < each.to_ns
        }

    def _since_ns(self) -> int:
        if self._start_ns is None:
            self._start_ns = self._clock.now_ns()
        return self._clock.now_ns() - self._start_ns
