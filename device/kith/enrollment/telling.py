"""What is heard while views are gathered: a hint now and then, and the tones of the viewfinder. Pure."""

from __future__ import annotations

from collections import Counter

from kith.clock import NS_PER_MS
from kith.enrollment import looks
from kith.enrollment.gathering import Found
from kith.enrollment.messages import Guide, Prompt, Reason, Say
from kith.types import BoxPx, Sighting


class Telling:
    """Hints are at least `hint_interval_ms` from whatever was heard last, tones GUIDE_INTERVAL_NS apart."""

    def __init__(self, hint_interval_ms: int, now_ns: int) -> None:
        self._interval_ns = hint_interval_ms * NS_PER_MS
        self._heard_ns = now_ns
        self._guided_ns: int | None = None
        self._reasons: Counter[Reason] = Counter()

    def heard(self, until_ns: int) -> None:
        """Something else is heard now, or until then: no hint beside it."""
        self._heard_ns = until_ns

    def hint(self, reason: Reason, now_ns: int) -> list[Found]:
        """This keeps a look from being a view."""
        self._reasons[reason] += 1
        return self.remind(Say(prompt=Prompt.HINT, reason=reason), now_ns)

    def remind(self, say: Say, now_ns: int) -> list[Found]:
        """These words, unless something was heard just before."""
        if now_ns - self._heard_ns < self._interval_ns:
            return []
        self._heard_ns = now_ns
        return [say]

    def guide(self, box: BoxPx, sighting: Sighting, now_ns: int) -> list[Found]:
        """Where it is."""
        if self._guided_ns is not None and now_ns - self._guided_ns < looks.GUIDE_INTERVAL_NS:
            return []
        self._guided_ns = now_ns
        return [Guide(tone=looks.viewfinder_tone(box, sighting.width_px, sighting.height_px))]

    @property
    def met_most(self) -> Reason:
        """The reason that most looks gave."""
        reasons = self._reasons.most_common(1)
        return reasons[0][0] if reasons else Reason.TOOK_TOO_LONG
