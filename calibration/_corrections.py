"""What a name that was marked as wrong changes, for `calibration.correction`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from calibration import _lfw
from calibration._scores import fused
from kith.recognition import matcher
from kith.recognition.matcher import Matcher, TemplateSet, centred, middles
from kith.recognition.operating_point import OperatingPoint
from kith.types import F32, Embedding, Identification, Outcome

MARKS = (1, 2, 5)
MISTAKES = 6
"""Of each person at most so many looks are marked by mistake, one after the other."""

Maker = Callable[[TemplateSet, OperatingPoint, TemplateSet | None], Matcher]
Look = tuple[str, Embedding, int | None]
"""Whose it really is, the look, and the person_id, None for a stranger."""
Mate = tuple[str, Embedding, int, bool]
"""Somebody enrolled, a look of theirs, their person_id, and whether it is given their name where nothing is
marked."""


@dataclass(slots=True)
class Effect:
    """person -> [hits, looks], before and after something was marked."""

    before: dict[str, list[int]] = field(default_factory=dict)
    after: dict[str, list[int]] = field(default_factory=dict)

    def add(self, person: str, was: bool, still: bool) -> None:
        """Count one look."""
        _lfw.count(self.before, person, was)
        _lfw.count(self.after, person, still)


@dataclass(slots=True)
class Effects:
    """again: other looks of a stranger, one of whose looks was given a name and marked: given that name.
    true: an enrolled person's looks after the looks of strangers most like them, so many, were marked: given
    their name. mistaken: their other looks after one of their own was. neighbour: the same after one of their
    looks was marked as not that of whom else enrolled it is most like."""

    again: Effect = field(default_factory=Effect)
    true: dict[int, Effect] = field(default_factory=lambda: {count: Effect() for count in MARKS})
    mistaken: Effect = field(default_factory=Effect)
    neighbour: Effect = field(default_factory=Effect)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """What one rule comes to. again_before, again: of a marked stranger's other looks, those given the name
    before and after; mistaken: of enrolled people's other looks those given theirs, after one was marked."""

    again_before: _lfw.Rate
    again: _lfw.Rate
    mistaken: _lfw.Rate


class ByBestTemplate(Matcher):
    """Another rule: the counter-example must be nearer than the person's nearest template."""

    def __init__(
        self, templates: TemplateSet, point: OperatingPoint, counterexamples: TemplateSet | None = None
    ) -> None:
        super().__init__(templates, point, counterexamples)
        self._owners, self._templates = templates.person_ids, centred(templates.vectors, self.centre)

    def _denies(self, person_id: int, probe: F32, score: float) -> bool:
        nearest = float(np.max(self._templates[self._owners == person_id] @ probe))
        looks = self._denials.get(person_id)
        return looks is not None and float(np.max(looks @ probe)) > nearest


def by_lead(lead: float) -> type[Matcher]:
    """The rule that is shipped, with another lead in the place of DENIAL_LEAD."""

    class ByLead(Matcher):
        def _denies(self, person_id: int, probe: F32, score: float) -> bool:
            return super()._denies(person_id, probe, score - matcher.DENIAL_LEAD + lead)

    return ByLead


def lowered(
    trials: Sequence[_lfw.Trial], point: OperatingPoint, share: float, photos: int = 1
) -> OperatingPoint:
    """The operating point with the threshold at which so large a share of strangers' looks, each of so many
    photos, is named."""
    best = []
    for trial in trials:
        gallery = middles(trial.templates, np.array(point.centre, np.float32))
        looks = [look for _, look, truth in _looks(trial, photos) if truth is None]
        strangers = np.array([look.vector for look in looks], np.float32)
        scores = centred(strangers, np.array(point.centre, np.float32)) @ gallery.vectors.T
        best.append(scores.max(axis=1))
    threshold = float(np.quantile(np.concatenate(best), 1 - share))
    return replace(point, threshold=threshold, fused_threshold=threshold, growth=0.0)


def measure(
    trial: _lfw.Trial, point: OperatingPoint, maker: Maker, effects: Effects, photos: int = 1
) -> None:
    """Add what marks change in one gallery, where a look is of so many photos: one, or a track of
    FUSED_LOOKS."""
    looks = _looks(trial, photos)
    plain = maker(trial.templates, point, None)
    said = [plain.identify(look, photos) for _, look, _ in looks]

    def marked(marks: Sequence[tuple[int, Embedding]]) -> Matcher:
        return maker(trial.templates, point, _set_of(marks, point.model_id))

    def compare(mates: Sequence[Mate], marks: Sequence[tuple[int, Embedding]], effect: Effect) -> None:
        after = marked(marks)
        for name, look, truth, was in mates:
            effect.add(name, was, _names(after.identify(look, photos), truth))

    _strangers(looks, said, marked, photos, effects.again)
    gallery = middles(trial.templates, plain.centre)
    strangers = [look for _, look, truth in looks if truth is None]
    likeness = _scores(strangers, plain.centre) @ gallery.vectors.T
    own = _mates(looks, said)
    for column, person_id in enumerate(gallery.person_ids.tolist()):  # without whom no photo could enrol
        mates = own.get(person_id)
        if mates is None:
            continue
        nearest = [strangers[at] for at in np.argsort(-likeness[:, column])[: max(MARKS)]]
        for count, effect in effects.true.items():
            compare(mates, [(person_id, each) for each in nearest[:count]], effect)
        for at in range(min(len(mates), MISTAKES)):
            compare(mates[:at] + mates[at + 1 :], [(person_id, mates[at][1])], effects.mistaken)
        scores = _scores([look for _, look, _, _ in mates], plain.centre) @ gallery.vectors.T
        scores[:, column] = -np.inf
        at, neighbour = (int(each) for each in np.unravel_index(int(np.argmax(scores)), scores.shape))
        denied = [(int(gallery.person_ids[neighbour]), mates[at][1])]
        compare(mates[:at] + mates[at + 1 :], denied, effects.neighbour)


def _mates(looks: Sequence[Look], said: Sequence[Identification]) -> dict[int, list[Mate]]:
    own: dict[int, list[Mate]] = {}
    for (name, look, truth), answer in zip(looks, said, strict=True):
        if truth is not None:
            own.setdefault(truth, []).append((name, look, truth, _names(answer, truth)))
    return own


def _strangers(
    looks: Sequence[Look],
    said: Sequence[Identification],
    marked: Callable[[Sequence[tuple[int, Embedding]]], Matcher],
    photos: int,
    effect: Effect,
) -> None:
    by_person: dict[str, list[int]] = {}
    for at, (name, _, truth) in enumerate(looks):
        if truth is None:
            by_person.setdefault(name, []).append(at)
    for name, mine in by_person.items():
        for at in mine:
            denied = {each for each in (said[at].person_id, said[at].runner_up_id) if each is not None}
            if not denied:
                continue
            after = marked([(each, looks[at][1]) for each in denied])
            for other in mine:
                if other != at:
                    answer = after.identify(looks[other][1], photos)
                    effect.add(name, _any_of(said[other], denied), _any_of(answer, denied))


def _names(said: Identification, person_id: int) -> bool:
    return said.outcome is Outcome.KNOWN and said.person_id == person_id


def _any_of(said: Identification, person_ids: set[int]) -> bool:
    return said.person_id in person_ids or said.runner_up_id in person_ids


def _looks(trial: _lfw.Trial, photos: int) -> list[Look]:
    """Each person's photos that were judged, so many to a look; what is left over is left out."""
    judged: dict[tuple[str, int | None], list[Embedding]] = {}
    for person, one, truth in trial.probes:
        if one.meant is not None and one.meant.embedding is not None:
            judged.setdefault((person, truth), []).append(one.meant.embedding)
    looks = []
    for (person, truth), mine in judged.items():
        for at in range(0, len(mine) - photos + 1, photos):
            vector = mine[at].vector if photos == 1 else fused(mine[at : at + photos])
            looks.append((person, Embedding(vector=vector, model_id=mine[at].model_id), truth))
    return looks


def _scores(looks: Sequence[Embedding], centre: F32) -> F32:
    return centred(np.array([look.vector for look in looks], np.float32), centre)


def _set_of(marks: Sequence[tuple[int, Embedding]], model_id: str) -> TemplateSet:
    return TemplateSet(
        vectors=np.array([look.vector for _, look in marks], np.float32),
        person_ids=np.array([person_id for person_id, _ in marks], np.int64),
        model_id=model_id,
    )
