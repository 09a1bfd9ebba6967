"""Which frames are looked at."""

from __future__ import annotations

from kith.clock import NS_PER_MS

_EARLY_NS = 5 * NS_PER_MS
"""Three frames of a thirtieth of a second are a tenth, whatever their rounding."""


class LookPacer:
    """Lets one frame in an interval through, by the times when they were captured."""

    def __init__(self, interval_ms: int) -> None:
        self._interval_ns = interval_ms * NS_PER_MS
        self._looked_ns: int | None = None

    def due(self, captured_ns: int) -> bool:
        """Whether to look at the frame of this time; if so, the next interval begins with it. A picture
        that is repeated is never due."""
        last_ns = self._looked_ns
        wait_ns = max(self._interval_ns - _EARLY_NS, 1)
        if last_ns is not None and captured_ns < last_ns + wait_ns:
            return False
        self._looked_ns = captured_ns
        return True
