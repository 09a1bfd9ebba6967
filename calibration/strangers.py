"""What beats the plain cosine with a threshold: python -m calibration.strangers DATA [--galleries N].

Each candidate is learnt on one half of the people in DATA and tried on the other, several times both ways:
the share of enrolled people's photos that a gallery of 50 names rightly where strangers are named at a given
rate, and by how much that differs from the plain cosine's, with an interval over people. Then what a
threshold by gallery size, templates of no face, people who are alike, and tracks do at the point that a half
gives. The figures belong into docs/decisions/matching.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import click
import numpy as np

from calibration import _lfw
from calibration._candidates import F64, I64, Faces, ways
from calibration._progress import progress
from calibration._scores import People
from calibration._strangers_more import alike, no_faces, sizes, tracks
from kith.app.paths import models_dir
from kith.config import VisionSettings
from kith.types import AlignedFace
from kith.vision import quality
from kith.vision.pipeline import FaceAnalyzer, open_analyzer

SEED, HALVINGS, PEOPLE = 20_261, 6, 50
RATES = (0.003, 0.001)
PHOTOS = (3, 1)


@click.command()
@click.argument("data", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--galleries", type=click.IntRange(min=2), default=15, show_default=True, help="Of each half, each time."
)
def main(data: Path, galleries: int) -> None:
    """Measure on DATA, a folder laid out as LFW is."""
    _lfw.run(lambda: _study(data, galleries))


def _study(data: Path, galleries: int) -> None:
    analyzer = open_analyzer(models_dir(), VisionSettings())
    people = _lfw.look_at_all(analyzer, data)
    click.echo(f"{sum(map(len, people.values()))} photos of {len(people)} people; {analyzer.model_id}")
    faces = faces_of(analyzer, people)
    for photos in PHOTOS:
        _say(candidates(faces, photos, galleries))
    _say(sizes(people, analyzer.model_id, galleries))
    _say(no_faces(analyzer, people, data, galleries))
    _say(alike(people))
    _say(tracks(analyzer, people, galleries))


def _say(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(line)


def faces_of(analyzer: FaceAnalyzer, people: People) -> Faces:
    """The judged face of every photo, and its mirror image, embedded."""
    judged = [
        (owner, one.meant.assessment.aligned.rgb, one.meant.embedding)
        for owner, name in enumerate(sorted(people))
        for one in people[name]
        if one.meant is not None and one.meant.embedding is not None
    ]
    flipped = [
        analyzer.embed(AlignedFace(rgb=np.ascontiguousarray(rgb[:, ::-1]))).vector
        for _, rgb, _ in progress(judged, "embedding mirror images")
    ]
    return Faces(
        vectors=np.array([look.vector for _, _, look in judged], np.float32),
        flipped=np.array(flipped, np.float32),
        weights=np.array([quality.weight(look) for _, _, look in judged], np.float32),
        owners=np.array([owner for owner, _, _ in judged], np.int64),
    )


def candidates(faces: Faces, photos: int, galleries: int) -> Iterator[str]:
    """The table of ways to score, at RATES, with the difference to the first."""
    probes: list[I64] = []
    hits: dict[str, list[list[F64]]] = {}
    for learnt_on, tried_on, rng in _halvings(faces.owners):
        drawn = [_gallery(faces.owners, tried_on, photos, rng) for _ in range(galleries)]
        probes += [faces.owners[mated] for _, mated, _, _ in drawn]
        for name, way in ways(faces, learnt_on).items():
            best = [way(enrolled, strangers).max(axis=1) for enrolled, _, _, strangers in drawn]
            thresholds = np.quantile(np.concatenate(best), [1 - rate for rate in RATES])
            for enrolled, mated, truth, _ in drawn:
                scores = way(enrolled, mated)
                own = np.where(scores.argmax(axis=1) == truth, scores.max(axis=1), -np.inf)
                hits.setdefault(name, []).append([own >= threshold for threshold in thresholds])
    owners = np.concatenate(probes)
    yield f"\n{PEOPLE} people with {photos}: TPIR where strangers are named at"
    yield f"{'':24}" + "".join(f"{rate:>8.1%}    against the first (95 %)   " for rate in RATES)
    first = next(iter(hits))
    for name, per_gallery in hits.items():
        line = f"{name:24}"
        for at in range(len(RATES)):
            mine = np.concatenate([each[at] for each in per_gallery]).astype(float)
            reference = np.concatenate([each[at] for each in hits[first]]).astype(float)
            value, low, high = _difference(owners, mine - reference)
            line += f"{mine.mean():8.2%}  {value:+7.2%} ({low:+.2%} to {high:+.2%})  "
        yield line


def _halvings(owners: I64) -> Iterator[tuple[I64, I64, np.random.Generator]]:
    everybody = np.unique(owners)
    for seed in range(SEED, SEED + HALVINGS):
        rng = np.random.default_rng(seed)
        order = rng.permutation(everybody)
        one, other = order[: len(order) // 2], order[len(order) // 2 :]
        yield one, other, rng
        yield other, one, rng


def _gallery(owners: I64, people: I64, photos: int, rng: np.random.Generator) -> tuple[I64, I64, I64, I64]:
    """Templates i64[P, S], mated probes, whose they are (0..P-1), and strangers: rows of the faces."""
    own = {owner: np.flatnonzero(owners == owner) for owner in people}
    eligible = [owner for owner in people if len(own[owner]) > photos]
    chosen = rng.choice(eligible, PEOPLE, replace=False)
    orders = [rng.permutation(own[owner]) for owner in chosen]
    strangers = np.flatnonzero(np.isin(owners, np.setdiff1d(people, chosen)))
    return (
        np.array([order[:photos] for order in orders]),
        np.concatenate([order[photos:] for order in orders]),
        np.concatenate([np.full(len(order) - photos, at) for at, order in enumerate(orders)]),
        strangers,
    )


def _difference(owners: I64, values: F64, resamples: int = 2000) -> tuple[float, float, float]:
    """Mean of a probe's value with its 95 % interval over people."""
    _, index = np.unique(owners, return_inverse=True)
    sums, counts = np.bincount(index, values), np.bincount(index)
    rng = np.random.default_rng(SEED)
    weights = rng.multinomial(len(counts), np.full(len(counts), 1 / len(counts)), size=resamples)
    low, high = np.quantile(weights @ sums / (weights @ counts), [0.025, 0.975])
    return float(values.mean()), float(low), float(high)


if __name__ == "__main__":
    main()
