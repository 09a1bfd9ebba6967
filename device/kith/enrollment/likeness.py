"""Whether what is being learnt is known already. Pure."""

from __future__ import annotations

from collections import Counter

KNOWN_LOOKS = 2
"""So many looks that know it raise the question whether it is."""


class Likeness:
    """Of one enrollment. An answer holds for whatever is seen later: a no is not asked about again; after a
    yes, what is gathered anew is added only once enough looks of its own name the same."""

    def __init__(self, looks: int = KNOWN_LOOKS) -> None:
        self._looks = looks
        self._answers: dict[int, bool] = {}
        self._looked_like: Counter[int] = Counter()
        self.add_to: int | None = None
        """Who or what it is, once that is agreed on."""

    def anew(self) -> None:
        """What was seen is thrown away."""
        self._looked_like.clear()
        self.add_to = None

    def look(self, known_id: int | None) -> int | None:
        """One more look, which was taken for this; whom or what to ask about, if that has not been asked."""
        if known_id is None or self.add_to is not None:
            return None
        self._looked_like[known_id] += 1
        if self._looked_like[known_id] < self._looks:
            return None
        if known_id not in self._answers:
            return known_id
        if self._answers[known_id]:
            self.add_to = known_id
        return None

    def answered(self, known_id: int, *, yes: bool) -> None:
        """The answer to what `look` asked about."""
        self._answers[known_id] = yes
        if yes:
            self.add_to = known_id
