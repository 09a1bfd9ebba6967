"""What is believed of a sensor's distances: those that agree with each other. Pure."""

from __future__ import annotations

from collections import deque

from kith.clock import NS_PER_MS
from kith.guard.settings import ApproachSettings, FilterSettings

Sample = tuple[int, int]
"""When (ns) and how far (mm)."""

_MOST_TRACKS = 3
_MOST_SAMPLES = 32


class Track:
    """Distances of one thing: each agreed with the one before. Believed from its second one on."""

    __slots__ = ("missed", "samples")

    def __init__(self, first: Sample) -> None:
        self.samples: deque[Sample] = deque((first,), maxlen=_MOST_SAMPLES)
        self.missed = 0

    @property
    def believed(self) -> bool:
        """Whether a second distance has agreed with the first."""
        return len(self.samples) > 1

    @property
    def newest_ns(self) -> int:
        """When it was last seen."""
        return self.samples[-1][0]


class Tracks:
    """Sorts distances by the thing they came from, so that neither a lone outlier nor what is seen behind a
    target that answers only now and then hides or feigns an approach.

    Holds at most three tracks of at most 32 samples each.
    """

    def __init__(self, settings: FilterSettings, approach: ApproachSettings) -> None:
        self._window_ns = settings.window_ms * NS_PER_MS
        self._speed_window_ns = approach.window_ms * NS_PER_MS
        self._memory_ns = max(settings.memory_ms * NS_PER_MS, self._window_ns)
        self._keep = settings.median_of
        self._agree_mm = settings.agree_mm
        self._agree_ns = settings.agree_ms * NS_PER_MS
        self._most_closing_mm_s = approach.most_closing_mm_s
        self._tracks: list[Track] = []

    def add(self, sample: Sample) -> None:
        """Take a distance that is newer than all before."""
        self.forget(sample[0])
        mine = self._agreeing(sample)
        for track in self._tracks:
            track.missed += 1
        if mine is None:
            self._begin(sample)
        else:
            mine.samples.append(sample)
            mine.missed = 0
            self._shorten(mine)

    def forget(self, now_ns: int) -> None:
        """Drop what is too old to be confirmed, and lone distances that nothing confirmed."""
        oldest_ns = now_ns - self._memory_ns
        self._tracks = [
            each
            for each in self._tracks
            if each.newest_ns > oldest_ns and (each.believed or each.missed < self._keep)
        ]

    def believed(self, now_ns: int) -> list[Track]:
        """The tracks that are more than a lone distance, and new enough to say something about now."""
        oldest_ns = now_ns - self._window_ns
        return [each for each in self._tracks if each.believed and each.newest_ns > oldest_ns]

    @property
    def deadlines_ns(self) -> list[int]:
        """When each of them is too old; some of it past."""
        return [each.newest_ns + self._window_ns for each in self._tracks]

    def _agreeing(self, sample: Sample) -> Track | None:
        nearest: Track | None = None
        least_mm = 0
        for track in self._tracks:
            at_ns, mm = track.samples[-1]
            apart_mm = abs(sample[1] - mm)
            walked_mm = self._most_closing_mm_s * min(sample[0] - at_ns, self._agree_ns) // 1_000_000_000
            if apart_mm <= self._agree_mm + walked_mm and (nearest is None or apart_mm < least_mm):
                nearest, least_mm = track, apart_mm
        return nearest

    def _begin(self, sample: Sample) -> None:
        if len(self._tracks) >= _MOST_TRACKS:
            self._tracks.remove(min(self._tracks, key=lambda each: (each.believed, each.newest_ns)))
        self._tracks.append(Track(sample))

    def _shorten(self, track: Track) -> None:
        # The last few stay whatever their age: a target that answers seldom has its median too.
        oldest_ns = track.newest_ns - self._speed_window_ns
        while len(track.samples) > self._keep and track.samples[0][0] <= oldest_ns:
            track.samples.popleft()
