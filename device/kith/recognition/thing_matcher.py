"""Which of the things that were taught something is, if any: few looks, and an honest "not sure".

A thing's score is the mean cosine to the two of its looks that are most like what is seen: what is seen shows
one side, and the looks were taken of several; a single look that is like it may be chance.
"""

from __future__ import annotations

import dataclasses
import math
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import get_type_hints

import numpy as np

from kith.errors import CalibrationMismatch, GalleryModelMismatch
from kith.recognition.matcher import TemplateSet
from kith.types import Embedding, Identification, Outcome

_LOOKS = 2
FEWEST_THINGS = 3
"""Among fewer things the threshold falls no further; it was not measured there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ThingPoint:
    """threshold: least score for a thing among `things` taught; it rises by `growth` for each e-fold of
    things. margin: least lead over the next thing, else it may be either. looks: so many places of a frame
    are compared.

    false_alarms: of frames that show no taught thing, the share in which one was told of; found: of frames
    that show one, the share in which it was; *_low and *_high: 95 % intervals over things; named: where
    a place that was compared is on a taught thing, how often it is nearest to the right one. For things that
    the map was not learnt on; measured_on: which, in words.
    """

    model_id: str
    threshold: float
    growth: float
    margin: float
    things: int
    looks: int
    false_alarms: float
    false_alarms_low: float
    false_alarms_high: float
    found: float
    found_low: float
    found_high: float
    named: float
    measured_on: str
    measured_at: str

    def threshold_for(self, things: int) -> float:
        """The least score among so many things: each further one is one more to be mistaken for."""
        return self.threshold + self.growth * math.log(max(things, FEWEST_THINGS) / self.things)


def load_thing_point(path: Path, model_id: str) -> ThingPoint:
    """Read the figures for embeddings of one kind. Raises CalibrationMismatch where they are unreadable,
    impossible or of another kind."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _mismatch(path, "cannot be read") from error
    kinds = get_type_hints(ThingPoint)
    wrong = [name for name, kind in kinds.items() if type(table.get(name)) is not kind]
    if wrong or table.keys() - kinds.keys():
        raise _mismatch(path, f"does not have the right figures: {', '.join(wrong) or 'there are others'}")
    point = ThingPoint(**table)
    numbers = [value for value in dataclasses.astuple(point) if isinstance(value, float)]
    if not all(math.isfinite(number) for number in numbers) or point.things < 1 or point.looks < 1:
        raise _mismatch(path, "has impossible figures")
    if point.model_id != model_id:
        raise _mismatch(path, f"was measured for {point.model_id}, not for {model_id}")
    return point


class ThingMatcher:
    """Immutable."""

    def __init__(self, templates: TemplateSet, point: ThingPoint) -> None:
        """templates: of things alone; person_ids are theirs. Raises CalibrationMismatch when the point is of
        other embeddings."""
        if templates.model_id != point.model_id and len(templates.vectors):
            raise CalibrationMismatch(
                f"the figures were measured for {point.model_id}, the gallery holds looks of "
                f"{templates.model_id}; teach the things anew"
            )
        self._point = point
        self._vectors = templates.vectors
        self._things, starts = np.unique(templates.person_ids, return_index=True)
        self._ends = [*starts[1:].tolist(), len(templates.person_ids)] if starts.size else []
        self._starts = starts.tolist()

    @property
    def things(self) -> int:
        """How many things it knows."""
        return int(self._things.size)

    def identify(self, embedding: Embedding) -> Identification:
        """Compare what is seen with every thing. AMBIGUOUS: it is like two of them. Raises
        GalleryModelMismatch for an embedding of another kind."""
        if embedding.model_id != self._point.model_id:
            raise GalleryModelMismatch(
                f"a look of {embedding.model_id} cannot be compared with looks of {self._point.model_id}"
            )
        if not self.things:
            return _answer(Outcome.UNKNOWN, None, None, None, None)
        scores = self._scores(embedding)
        best = int(np.argmax(scores))
        thing, score = int(self._things[best]), float(scores[best])
        others = np.delete(scores, best)
        margin = score - float(others.max()) if others.size else None
        if not score >= self._point.threshold_for(self.things):  # nor what is no number
            return _answer(Outcome.UNKNOWN, None, None, score, margin)
        if margin is None or margin >= self._point.margin:
            return _answer(Outcome.KNOWN, thing, None, score, margin)
        other = int(np.delete(self._things, best)[int(np.argmax(others))])
        return _answer(Outcome.AMBIGUOUS, thing, other, score, margin)

    def _scores(self, embedding: Embedding) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        cosines = self._vectors @ embedding.vector
        return np.array(
            [
                np.sort(cosines[start:end])[-_LOOKS:].mean()
                for start, end in zip(self._starts, self._ends, strict=True)
            ],
            np.float64,
        )


def _mismatch(path: Path, what: str) -> CalibrationMismatch:
    return CalibrationMismatch(f"{path} {what}; run `python -m calibration.things`")


def _answer(
    outcome: Outcome, thing: int | None, other: int | None, score: float | None, margin: float | None
) -> Identification:
    return Identification(outcome=outcome, person_id=thing, runner_up_id=other, score=score, margin=margin)
