"""Whether somebody new looks like somebody enrolled: perhaps they are one person under two names."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kith.recognition.matcher import Matcher
from kith.types import Embedding, Outcome, Person


def resembling(matcher: Matcher, looks: Sequence[Embedding], people: Sequence[Person]) -> str | None:
    """The name of whom these looks of one person together would be taken for, None for nobody."""
    middle = np.sum([each.vector for each in looks], axis=0)
    middle = np.asarray(middle / max(float(np.linalg.norm(middle)), 1e-6), np.float32)
    answer = matcher.identify(Embedding(vector=middle, model_id=looks[0].model_id))
    if answer.outcome is Outcome.UNKNOWN:
        return None
    return next((each.name for each in people if each.person_id == answer.person_id), None)
