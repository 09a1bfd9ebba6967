"""Learning the map of things, choosing from which score on a thing is known, and how often that is right.

The things are parted by family: on a third of them the map is learnt and the threshold chosen, on the others
both are judged. A trial teaches ten household things of ten families, and asks about every frame of these and
of all others, and about frames without things.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from calibration._thing_looks import Searched, Shown
from calibration._thing_meshes import Floats
from calibration._thing_scenes import SIZES
from kith.config import ThingsSettings

TAUGHT = 10
LEAST_AGREEMENT = ThingsSettings().min_agreement
_HANDLED = ("google", "hp", "htc", "logitech", "magicleap", "meta", "microsoft", "oculus", "pico", "samsung",
            "valve", "yvr")  # fmt: skip
"""Makers of the controllers: they are among the others only, since nobody teaches ten of them."""
_TRUE_PLACE = 0.3
"""A thing was found where the place it was found at overlaps so much with it."""
_PARTS, _SHRINKAGE = 250, 0.3
_DIMENSIONS = 128

Project = Callable[[Floats], NDArray[np.float64]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Map:
    """mean f32[D]; matrix f32[K, D]: see kith.vision.things."""

    mean: NDArray[np.float64]
    matrix: NDArray[np.float64]

    def __call__(self, raw: Floats) -> NDArray[np.float64]:
        projected = (raw - self.mean) @ self.matrix.T
        return np.asarray(projected / np.maximum(np.linalg.norm(projected, axis=-1, keepdims=True), 1e-9))


@dataclass(slots=True, kw_only=True)
class Tally:
    """Over trials, by thing: counts of frames. alarms: [told, all] of frames without what was taught; found:
    by size, [told of where it is, all]; plain: the same of frames in which it stands as taught and is no
    smaller than the second of SIZES; named: of frames in which a place was on the thing, [nearest, all];
    twins: [told, all] of frames with a taught thing in another colour; wrong: of frames with a taught thing,
    those in which one was told of that was not there.
    """

    alarms: dict[str, list[int]] = field(default_factory=dict)
    found: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    plain: dict[str, list[int]] = field(default_factory=dict)
    named: list[int] = field(default_factory=lambda: [0, 0])
    placed: list[int] = field(default_factory=lambda: [0, 0])
    twins: list[int] = field(default_factory=lambda: [0, 0])
    wrong: list[int] = field(default_factory=lambda: [0, 0])


def parted(things: Sequence[Shown]) -> tuple[list[Shown], list[Shown]]:
    """A third to learn on, and the others; a family is on one side."""
    families = sorted({thing.family for thing in things if thing.family not in _HANDLED})
    np.random.default_rng(1).shuffle(families)
    learnt = {*families[: len(families) // 3], *_HANDLED[::2]}
    return (
        [thing for thing in things if thing.family in learnt],
        [thing for thing in things if thing.family not in learnt],
    )


def learn_map(things: Sequence[Shown], empty: Sequence[Searched]) -> Map:
    """Directions in which things differ more than looks at one thing do (linear discriminants, with the
    spread within things shrunk towards a sphere since there are few things)."""
    looks = [
        np.concatenate([*([thing.taught] if len(thing.taught) else []), *_themselves(thing)])
        for thing in things
    ]
    nothing = np.concatenate([frame.places[:3] for frame in empty if len(frame.places)])
    everything = np.concatenate([*looks, nothing]).astype(np.float64)
    mean = everything.mean(axis=0)
    _, _, parts = np.linalg.svd(everything - mean, full_matrices=False)
    parts = parts[:_PARTS]
    within = np.zeros((len(parts), len(parts)))
    for look in looks:
        placed = (look - mean) @ parts.T
        within += (placed - placed.mean(axis=0)).T @ (placed - placed.mean(axis=0))
    within /= sum(len(look) - 1 for look in looks)
    within = (1 - _SHRINKAGE) * within + _SHRINKAGE * np.trace(within) / len(within) * np.eye(len(within))
    spread, axes = np.linalg.eigh(within)
    sphered = (axes / np.sqrt(spread)).T @ parts
    _, _, chosen = np.linalg.svd((everything - mean) @ sphered.T, full_matrices=False)
    return Map(mean=mean, matrix=chosen[:_DIMENSIONS] @ sphered)


def _themselves(thing: Shown) -> list[Floats]:
    return [probe.itself[None] for probe in thing.probes if probe.itself is not None]


def _likeness(seen: NDArray[np.float64], views: NDArray[np.float64] | None) -> NDArray[np.float64]:
    """As kith.recognition.thing_matcher has it."""
    if views is None:
        return np.full(len(seen), -1.0)
    return np.asarray(np.sort(seen @ views.T, axis=1)[:, -2:].mean(axis=1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Everything scored once. scores: by frame f64[P, T] of each place with each thing."""

    things: tuple[Shown, ...]
    frames: tuple[Searched, ...]
    scores: tuple[NDArray[np.float64], ...]


def agreeing(views: NDArray[np.float64], least: float) -> NDArray[np.float64]:
    """Without those that teaching would refuse: no other view is like them."""
    if len(views) < 2:
        return views
    cosines = views @ views.T - 2 * np.eye(len(views))
    return np.asarray(views[cosines.max(axis=1) >= least])


def ask_all(
    things: Sequence[Shown], empty: Sequence[Searched], through: Map, least: float = LEAST_AGREEMENT
) -> Asked:
    """Score every place of every frame against every thing."""
    frames = [*(probe for thing in things for probe in thing.probes), *empty]
    taught = []
    for thing in things:
        views = agreeing(through(thing.taught), least) if len(thing.taught) else np.zeros((0, 1))
        taught.append(views if len(views) >= 2 else None)
    scores = []
    for frame in frames:
        if not len(frame.places):
            scores.append(np.zeros((0, len(things))))
            continue
        seen = through(frame.places)
        scores.append(np.stack([_likeness(seen, views) for views in taught], axis=1))
    return Asked(things=tuple(things), frames=tuple(frames), scores=tuple(scores))


def drawn(asked: Asked, taught: int, rng: np.random.Generator) -> list[int]:
    """Household things to teach, each of another family."""
    chosen: list[int] = []
    for at in rng.permutation(len(asked.things)):
        family = asked.things[at].family
        if family not in _HANDLED and all(asked.things[one].family != family for one in chosen):
            chosen.append(int(at))
        if len(chosen) == taught:
            break
    return chosen


def told(scores: NDArray[np.float64], threshold: float, margin: float) -> dict[int, int]:
    """Which things are told of, and by which place, by scores f64[P, K] of a frame's places."""
    best: dict[int, tuple[float, int]] = {}
    for place, row in enumerate(scores):
        order = np.argsort(row)
        first = int(order[-1])
        lead = row[first] - row[order[-2]] if len(row) > 1 else np.inf
        if row[first] >= threshold and lead >= margin and row[first] > best.get(first, (-2.0, 0))[0]:
            best[first] = (float(row[first]), place)
    return {thing: place for thing, (_, place) in best.items()}


def alarm_scores(asked: Asked, taught: Sequence[int], margin: float) -> NDArray[np.float64]:
    """Of each frame without these things, nor their families, the score above which it would be told of."""
    names = {asked.things[one].name for one in taught}
    families = {asked.things[one].family for one in taught}
    of = {thing.name: thing.family for thing in asked.things}
    highest = []
    for frame, scores in zip(asked.frames, asked.scores, strict=True):
        if names & set(frame.names) or families & {of.get(name, "") for name in frame.names}:
            continue
        some = np.sort(scores[:, list(taught)], axis=1) if len(scores) else np.zeros((0, 2))
        sure = some[some[:, -1] - some[:, -2] >= margin] if some.shape[1] > 1 else some
        highest.append(float(sure[:, -1].max()) if len(sure) else -1.0)
    return np.asarray(highest)


def threshold_at(asked: Asked, taught: int, margin: float, rate: float, trials: int, seed: int) -> float:
    """The score at which this share of the frames gives a false alarm."""
    rng = np.random.default_rng(seed)
    all_scores = [alarm_scores(asked, drawn(asked, taught, rng), margin) for _ in range(trials)]
    return float(np.quantile(np.concatenate(all_scores), 1 - rate))


def judge(asked: Asked, threshold: float, margin: float, trials: int, seed: int) -> Tally:
    """Teach ten things, and ask about everything, many times over."""
    rng, tally = np.random.default_rng(seed), Tally()
    of = {thing.name: thing.family for thing in asked.things}
    for _ in range(trials):
        taught = drawn(asked, TAUGHT, rng)
        names = [asked.things[one].name for one in taught]
        families = {asked.things[one].family for one in taught}
        for frame, scores in zip(asked.frames, asked.scores, strict=True):
            some = scores[:, taught]
            said = {names[thing]: place for thing, place in told(some, threshold, margin).items()}
            _count(tally, frame, names, families, of, some, said)
    return tally


def _count(
    tally: Tally,
    frame: Searched,
    names: Sequence[str],
    families: set[str],
    of: dict[str, str],
    scores: NDArray[np.float64],
    said: dict[str, int],
) -> None:
    present = [name for name in frame.names if name in names]
    if not present:
        about = frame.names[0] if frame.names else "nothing"
        if families & {of.get(name, "") for name in frame.names}:
            tally.twins[0] += bool(said)
            tally.twins[1] += 1
            return
        row = tally.alarms.setdefault(about, [0, 0])
        row[0] += bool(said)
        row[1] += 1
        return
    tally.wrong[0] += any(name not in present for name in said)
    tally.wrong[1] += 1
    if frame.names[0] not in names:
        return
    meant = frame.names[0]
    overlaps = frame.overlaps[:, 0] if len(frame.overlaps) else np.zeros(0)
    at = said.get(meant)
    counts = tally.found.setdefault(meant, np.zeros((len(SIZES), 2), np.int64))
    hit = at is not None and overlaps[at] >= _TRUE_PLACE
    counts[frame.size] += [hit, 1]
    if frame.plain and frame.size > 0:
        row = tally.plain.setdefault(meant, [0, 0])
        row[0] += bool(hit)
        row[1] += 1
    there = len(overlaps) > 0 and overlaps.max() >= _TRUE_PLACE
    tally.placed[0] += there
    tally.placed[1] += 1
    if there:
        tally.named[0] += names[int(np.argmax(scores[int(np.argmax(overlaps))]))] == meant
        tally.named[1] += 1


def interval(counts: Sequence[NDArray[np.float64]], seed: int = 0) -> tuple[float, float, float]:
    """Rate of [hits, all] by thing, and its 95 % interval over things (bootstrap)."""
    table = np.asarray(counts, np.float64)
    rng = np.random.default_rng(seed)
    drawn_rows = rng.integers(len(table), size=(2000, len(table)))
    sums = table[drawn_rows].sum(axis=1)
    rates = sums[:, 0] / np.maximum(sums[:, 1], 1)
    total = table.sum(axis=0)
    low, high = np.quantile(rates, [0.025, 0.975])
    return float(total[0] / total[1]), float(low), float(high)
