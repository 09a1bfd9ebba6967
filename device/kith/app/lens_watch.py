"""Whether something covers the lens. Pure."""

from __future__ import annotations

from enum import Enum

from kith.clock import NS_PER_MS
from kith.types import View


class LensNews(Enum):
    """What changed."""

    COVERED = "covered"
    UNCOVERED = "uncovered"


class LensWatch:
    """Fed with the view of each sighting; tells once that nothing is seen, and once that something is again.
    A hand that passes is neither."""

    def __init__(self, covered_after_ms: int, uncovered_after_ms: int) -> None:
        self._after_ns = {
            True: covered_after_ms * NS_PER_MS,
            False: uncovered_after_ms * NS_PER_MS,
        }
        self._covered = False
        self._other_ns: int | None = None

    def saw(self, view: View, at_ns: int) -> LensNews | None:
        """What a picture of this time shows."""
        covered = view is View.COVERED
        if covered is self._covered:
            self._other_ns = None
            return None
        if self._other_ns is None:
            self._other_ns = at_ns
        if at_ns - self._other_ns < self._after_ns[covered]:
            return None
        self._covered, self._other_ns = covered, None
        return LensNews.COVERED if covered else LensNews.UNCOVERED

    def closed(self) -> None:
        """The camera was closed: nothing is known of the lens."""
        self._covered, self._other_ns = False, None
