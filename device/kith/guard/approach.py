"""How far a thing is now, how fast it comes nearer and when it will be reached. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, islice

from kith.clock import NS_PER_MS, NS_PER_S
from kith.guard.filter import Sample, Track
from kith.guard.settings import ApproachSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """A thing as it is believed to be now. closing_mm_s: positive when it comes nearer, None before there
    were enough readings. seen_ns: of the last reading behind it."""

    distance_mm: int
    closing_mm_s: int | None
    seen_ns: int

    def contact_ms(self, least_closing_mm_s: int, nearer_mm: int = 0) -> int | None:
        """Time until it is reached, were it nearer by so much; None when it does not close so fast."""
        if self.closing_mm_s is None or self.closing_mm_s < least_closing_mm_s:
            return None
        return max(self.distance_mm - nearer_mm, 0) * 1000 // self.closing_mm_s


class Approach:
    """Makes sights of tracks."""

    def __init__(self, settings: ApproachSettings, median_of: int) -> None:
        self._settings = settings
        self._median_of = median_of

    def sight(self, track: Track, now_ns: int) -> Sight:
        """The thing as it is now: the median of its last few distances, each carried on to now at the
        closing speed (for at most `ahead_ms`: after that nothing is known)."""
        closing = self.closing_mm_s(track.samples)
        carry = max(closing or 0, 0)
        until_ns = min(now_ns, track.newest_ns + self._settings.ahead_ms * NS_PER_MS)
        first = max(len(track.samples) - self._median_of, 0)
        carried = sorted(
            mm - carry * max(until_ns - at_ns, 0) // NS_PER_S
            for at_ns, mm in islice(track.samples, first, None)
        )
        # Of two the farther: either may be the outlier, and the next reading will tell.
        return Sight(
            distance_mm=max(carried[len(carried) // 2], 0),
            closing_mm_s=closing,
            seen_ns=track.newest_ns,
        )

    def closing_mm_s(self, samples: Sequence[Sample]) -> int | None:
        """The slope that most pairs agree on (after Theil and Sen), rather too slow than too fast: it is
        taken where the median would be, had the fastest pairs to do with one wild reading. So a lone one
        among three or more does not feign an approach. None before there is enough to tell."""
        count = len(samples)
        least_ns = self._settings.least_ms * NS_PER_MS
        # Whichever reading is the wild one, the others must lie far enough apart.
        if (
            count < 3
            or samples[-1][0] - samples[0][0] < least_ns
            or samples[-2][0] - samples[0][0] < least_ns // 2
            or samples[-1][0] - samples[1][0] < least_ns // 2
        ):
            return None
        slopes = sorted(
            (first[1] - second[1]) * NS_PER_S // (second[0] - first[0])
            for first, second in combinations(samples, 2)
        )
        without_one = (count - 1) * (count - 2) // 2
        slope = slopes[(without_one - 1) // 2]
        most = self._settings.most_closing_mm_s
        return min(max(slope, -most), most)
