"""How often each peer is right, by one protocol for all, on a folder in the layout of LFW.

Each peer describes the face nearest to the middle of each photo by its own means. The rest is the same for
all: galleries of 50 people with 3 photos each, the mean of the three as the person's reference, everybody
else a stranger; and all pairs of photos. A photo in which a peer finds no face, or none worth judging, is one
that is not named, be it of a person or of a stranger.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.peers.host import Child, PeerFailed, PeerSpec
from kith.errors import InputError

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

PEOPLE, TEMPLATES, GALLERIES = 50, 3, 20
"""As in `make evaluate`."""
AT_FPIR, AT_FMR = 0.01, 0.001
SEED = 1
_REGULARS, _PHOTOS_EACH, _PASSERS_BY = 200, 5, 500
"""People with more than three photos, of whom galleries are drawn; of each at most so many photos; people
with one photo, always strangers. Some 1,400 photos: the slowest peer takes four minutes for them."""
_RESAMPLES, _PAIR_RESAMPLES = 1000, 100
_BATCH = 25

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A share with its 95 % interval over people."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """Of one peer. tpir: enrolled people named rightly at the threshold that names 1 % of the strangers;
    fnmr: pairs of one person refused at the threshold that takes 0.1 % of the pairs of two for one;
    usual_tpir, usual_fpir: both at the threshold of the peer's own documentation."""

    label: str
    tpir: Rate
    fnmr: Rate
    usual_score: float
    usual_tpir: float
    usual_fpir: float
    described: int
    photos: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Photos and the number of the person in each."""

    paths: tuple[Path, ...]
    people: I64


def measure(specs: Sequence[PeerSpec], data: Path, say: Say) -> tuple[dict[str, Accuracy], list[str]]:
    """The accuracy of each peer by key, and a line for each that broke down. Raises InputError when `data`
    has too few people."""
    sample = choose(data)
    found, failed = {}, []
    for spec in specs:
        if not spec.judged:
            continue
        say(f"{spec.label}: {len(sample.paths)} photos")
        try:
            with Child(spec) as child:
                vectors = _describe(child, sample)
                ready = child.ready
        except PeerFailed as error:
            failed.append(f"{spec.label} has no accuracy: {error}")
            continue
        found[spec.key] = judge(
            spec.label, vectors, sample.people, metric=ready.metric, usual_score=ready.usual_score
        )
    return found, failed


def save(found: Mapping[str, Accuracy], path: Path) -> None:
    """Keep the figures, which need no repeating when only the speed is measured anew."""
    text = json.dumps({key: asdict(each) for key, each in found.items()}, indent=1, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def load(path: Path) -> dict[str, Accuracy]:
    """What `save` kept; nothing where there is none."""
    if not path.exists():
        return {}
    kept = json.loads(path.read_text(encoding="utf-8"))
    return {
        key: Accuracy(**(each | {name: Rate(**each[name]) for name in ("tpir", "fnmr")}))
        for key, each in kept.items()
    }


def choose(data: Path) -> Sample:
    """Always the same photos of a folder. Raises InputError."""
    photos: dict[str, list[Path]] = {}
    for path in sorted(data.glob("*/*.jpg")):
        photos.setdefault(path.parent.name, []).append(path)
    rng = np.random.default_rng(SEED)
    regulars = [name for name, paths in photos.items() if len(paths) > TEMPLATES]
    if len(regulars) <= PEOPLE:
        raise InputError(
            f"{data} has {len(regulars)} people with more than {TEMPLATES} photos; {PEOPLE + 1} are needed,"
            " in folders named NAME/NAME_0001.jpg"
        )
    rng.shuffle(regulars)
    chosen = {name: photos[name][:_PHOTOS_EACH] for name in regulars[:_REGULARS]}
    others = [name for name in photos if name not in chosen]
    rng.shuffle(others)
    chosen |= {name: photos[name][:1] for name in others[:_PASSERS_BY]}
    pairs = [(number, path) for number, paths in enumerate(chosen.values()) for path in paths]
    return Sample(paths=tuple(path for _, path in pairs), people=np.array([number for number, _ in pairs]))


def judge(label: str, vectors: F64, people: I64, *, metric: str, usual_score: float) -> Accuracy:
    """Both protocols on vectors f64[N, D], a row of nan for a photo that gave none."""
    if metric == "cosine":
        vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    trials = _trials(vectors, people, metric)
    mated, strangers = trials.mated, trials.strangers
    return Accuracy(
        label=label,
        tpir=_tpir(trials),
        fnmr=_fnmr(_scores(vectors, vectors, metric), people),
        usual_score=usual_score,
        usual_tpir=float(np.mean(mated >= usual_score)),
        usual_fpir=float(np.mean(strangers >= usual_score)),
        described=int(np.sum(~np.isnan(vectors[:, 0]))),
        photos=len(people),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trials:
    """Of all galleries together. mated: the best score of each enrolled person's look, -inf where it is of
    somebody else or there is none; strangers: the best score of each other look; who: the person of each."""

    mated: F64
    mated_who: I64
    strangers: F64
    strangers_who: I64


def _trials(vectors: F64, people: I64, metric: str) -> _Trials:
    rng = np.random.default_rng(SEED)
    counts = np.bincount(people)
    eligible = np.flatnonzero(counts > TEMPLATES)
    columns: list[tuple[F64, I64, F64, I64]] = []
    for _ in range(GALLERIES):
        enrolled = rng.choice(eligible, PEOPLE, replace=False)
        photos = [rng.permutation(np.flatnonzero(people == who)) for who in enrolled]
        taken = np.concatenate([each[:TEMPLATES] for each in photos])
        references = _means(vectors[taken].reshape(PEOPLE, TEMPLATES, -1), metric)
        probes = np.setdiff1d(np.arange(len(people)), taken)
        scores = _scores(vectors[probes], references, metric)
        best, top = scores.max(axis=1), enrolled[scores.argmax(axis=1)]
        mated = np.isin(people[probes], enrolled)
        right = np.where(top == people[probes], best, -np.inf)[mated]
        columns.append((right, people[probes][mated], best[~mated], people[probes][~mated]))
    mated_scores, mated_who, stranger_scores, strangers_who = map(np.concatenate, zip(*columns, strict=True))
    return _Trials(
        mated=mated_scores,
        mated_who=mated_who,
        strangers=stranger_scores,
        strangers_who=strangers_who,
    )


def _means(vectors: F64, metric: str) -> F64:
    """References f64[P, D] of f64[P, templates, D]; nan where a person has no template at all."""
    known = (~np.isnan(vectors)).sum(axis=1).astype(float)
    known[known == 0] = np.nan
    means: F64 = np.nansum(vectors, axis=1) / known
    return means / np.linalg.norm(means, axis=1, keepdims=True) if metric == "cosine" else means


def _scores(probes: F64, references: F64, metric: str) -> F64:
    """f64[N, M], more is more alike; -inf where one of the two is missing."""
    products = probes @ references.T
    if metric == "euclidean":
        squares = np.square(probes).sum(axis=1)[:, np.newaxis] + np.square(references).sum(axis=1)
        products = -np.sqrt(np.maximum(squares - 2 * products, 0.0))
    return np.where(np.isnan(products), -np.inf, products)


def _tpir(trials: _Trials) -> Rate:
    """At AT_FPIR; the interval by drawing the people anew, who set the threshold and are named by it."""
    order = np.argsort(-trials.strangers)
    strangers, who = trials.strangers[order], trials.strangers_who[order]

    def at(weights: F64) -> float:
        shares = np.cumsum(weights[who])
        allowed = int(np.searchsorted(shares, AT_FPIR * shares[-1], side="right"))
        # Above the first stranger who is one too many.
        threshold = strangers[min(allowed, len(strangers) - 1)]
        mine = weights[trials.mated_who]
        return float(mine[trials.mated > threshold].sum() / mine.sum())

    people = int(max(who.max(), trials.mated_who.max())) + 1
    return _interval(at, people, len(np.unique(trials.mated_who)), _RESAMPLES)


def _fnmr(scores: F64, people: I64) -> Rate:
    """At AT_FMR over all pairs; the interval by drawing the people anew."""
    first, second = np.triu_indices(len(people), 1)
    pairs = scores[first, second]
    one, two = people[first], people[second]
    same = one == two
    order = np.argsort(-pairs[~same])
    unlike, a, b = pairs[~same][order], one[~same][order], two[~same][order]
    alike, who = pairs[same], one[same]

    def at(weights: F64) -> float:
        shares = np.cumsum(weights[a] * weights[b])
        allowed = int(np.searchsorted(shares, AT_FMR * shares[-1], side="right"))
        threshold = unlike[min(allowed, len(unlike) - 1)]
        return float(weights[who[alike <= threshold]].sum() / weights[who].sum())

    return _interval(at, int(people.max()) + 1, len(np.unique(who)), _PAIR_RESAMPLES)


def _interval(at: Callable[[F64], float], people: int, mated: int, resamples: int) -> Rate:
    """mated: people of whom errors could be seen. Where there was none, or nothing else, drawing them anew
    tells nothing: then the bound is three in as many (Hanley and Lippman-Hand, JAMA 1983)."""
    value = at(np.ones(people))
    if value in (0.0, 1.0):
        return Rate(value=value, low=max(value - 3 / mated, 0.0), high=min(value + 3 / mated, 1.0))
    rng = np.random.default_rng(SEED)
    drawn = [at(rng.multinomial(people, np.full(people, 1 / people)).astype(float)) for _ in range(resamples)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Rate(value=value, low=float(low), high=float(high))


def _describe(child: Child, sample: Sample) -> F64:
    """Vectors f64[N, D], nan where there is none. They never leave the temporary folder."""
    found: dict[int, F64] = {}
    with tempfile.TemporaryDirectory() as folder:
        pictures, vectors = Path(folder) / "pictures.npz", Path(folder) / "vectors.npz"
        for start in range(0, len(sample.paths), _BATCH):
            batch = range(start, min(start + _BATCH, len(sample.paths)))
            np.savez(pictures, **{str(at): _read(sample.paths[at]) for at in batch})  # type: ignore[arg-type]
            child.ask(do="describe", pictures=str(pictures), vectors=str(vectors))
            with np.load(vectors) as answer:
                found |= {int(name): answer[name].astype(float) for name in answer.files}
    if not found:
        raise PeerFailed("it found no face in any photo")
    size = len(next(iter(found.values())))
    missing = np.full(size, np.nan)
    return np.array([found.get(at, missing) for at in range(len(sample.paths))])


def _read(path: Path) -> NDArray[np.uint8]:
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture is None:
        raise InputError(f"{path} is no picture")
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)
