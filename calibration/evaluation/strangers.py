"""The strangers who came nearest to somebody enrolled, to be looked at: mistakes of the network, mistakes of
the folder (one person under two names), and people who do look alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from calibration._lfw import Pictured, Trial
from calibration.evaluation.open_set import Answers
from kith.recognition.matcher import centred
from kith.types import F32, Embedding

_SAME = 0.9999


@dataclass(frozen=True, slots=True, kw_only=True)
class Stranger:
    """score: with the person resembled; probe, template: the stranger's photo, and of the photos enrolled the
    one it is most like; template_score: the score of those two alone; named: whether a name was said."""

    score: float
    named: bool
    person: str
    resembles: str
    probe: Path
    template: Path
    template_score: float


def highest(
    people: dict[str, list[Pictured]], trials: Sequence[Trial], answers: Answers, centre: F32, count: int
) -> list[Stranger]:
    """The highest scores of strangers, each pair of people once. answers: to the trials' probes, in order;
    centre f32[D]: the network's mean face."""
    probes = [(trial, person, one) for trial in trials for person, one, _ in trial.probes]
    found: list[Stranger] = []
    seen: set[frozenset[str]] = set()
    for row in np.argsort(-np.where(answers.mated, -np.inf, answers.score)):
        trial, person, one = probes[row]
        best = int(answers.best[row])
        if answers.mated[row] or best < 0 or len(found) == count:
            break
        resembles = trial.enrolled[best]
        pair = frozenset((person, resembles))
        embedding = None if one.meant is None else one.meant.embedding
        if pair in seen or embedding is None:
            continue
        seen.add(pair)
        enrolled = trial.templates.vectors[trial.templates.person_ids == best]
        template, template_score = _nearest(people[resembles], enrolled, embedding, centre)
        found.append(
            Stranger(
                score=float(answers.score[row]),
                named=bool(answers.named[row]),
                person=person,
                resembles=resembles,
                probe=one.study.path,
                template=template,
                template_score=template_score,
            )
        )
    return found


def _nearest(own: Sequence[Pictured], enrolled: F32, probe: Embedding, centre: F32) -> tuple[Path, float]:
    """Of a person's photos that are among the templates enrolled f32[N, D], the one most like the probe, and
    the score of the two alone."""
    wanted = centred(probe.vector, centre)
    scores = {
        one.study.path: float(centred(face.vector, centre) @ wanted)
        for one in own
        for face in (one.study.embedding, *one.study.rivals)
        if face is not None and float((enrolled @ face.vector).max()) > _SAME
    }
    nearest = max(scores, key=lambda path: scores[path])
    return nearest, scores[nearest]
