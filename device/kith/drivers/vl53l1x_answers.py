"""What a VL53L1X answers with each sample, and when its answers are a reason to set it up again. Pure."""

from __future__ import annotations

from kith.clock import NS_PER_S
from kith.guard.ports import RangeStatus

# The chip's own codes; those of no effect on us (thresholds, regions) are left out and so are unsure.
_STATUS = {
    1: RangeStatus.FAULT,  # its laser fails its test
    2: RangeStatus.FAULT,  # its laser's watchdog
    3: RangeStatus.FAULT,  # no voltage for its detectors
    4: RangeStatus.NO_ECHO,  # no target: too little light came back
    8: RangeStatus.OK,  # so near that the distance is cut off at 0
    9: RangeStatus.OK,
}
"""Unsure: 5 phase, 6 sigma, 7 and 19 wrapped round or not checked for it, 0 and 18 no sample yet."""
_LEAST_MM = 40
"""Nearer, says its maker, it sees a thing and cannot measure it. Told as this, lest it be taken for no
distance at all."""
_NO_SAMPLE = (0, 18)
_MOST_EMPTY = 5
_MEASURED = 9
_OF_USE = (4, 8)
_USELESS_NS = 5 * NS_PER_S
_SET_UP_AGAIN_NS = 10 * NS_PER_S
"""It costs three readings, and does not help against the sun."""


def meaning(code: int, distance_mm: int) -> tuple[RangeStatus, int | None]:
    """Of the chip's own code and distance."""
    status = _STATUS.get(code, RangeStatus.UNSURE)
    return status, max(distance_mm, _LEAST_MM) if status is RangeStatus.OK else None


class Doubt:
    """Whether a chip that answers should be set up again: because it never has a sample, or is of no use for
    long, since it cannot tell or tells the same again and again."""

    def __init__(self, now_ns: int) -> None:
        self._empty = 0
        self._of_use_ns = now_ns
        self._measured_mm = -1
        self._acted_ns: int | None = None

    def raised_by(self, code: int, distance_mm: int, now_ns: int) -> bool:
        """Take an answer."""
        self._empty = self._empty + 1 if code in _NO_SAMPLE else 0
        if code in _OF_USE or (code == _MEASURED and distance_mm != self._measured_mm):
            self._of_use_ns = now_ns
        if code == _MEASURED:
            self._measured_mm = distance_mm
        if self._empty >= _MOST_EMPTY:
            self._empty = 0
            return True
        if now_ns - self._of_use_ns < _USELESS_NS:
            return False
        if self._acted_ns is not None and now_ns - self._acted_ns < _SET_UP_AGAIN_NS:
            return False
        self._acted_ns = now_ns
        return True
