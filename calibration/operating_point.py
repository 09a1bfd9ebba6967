"""Measures the operating point: python -m calibration.operating_point DATA [--out FILE].

The thresholds are the lowest at which strangers are named at most at a target rate, the margin the greatest
that costs next to no enrolled person's name. What is shipped is tuned on everybody in DATA; the rates written
beside it are of people whom it was not tuned on: the people are halved at random several times, tuned on one
half and measured on the other, both ways.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

import click
import numpy as np

from calibration import _lfw
from calibration._scores import People, Scores, halves, looks_of, mean_face, scatter_of, score, tracks_of
from kith.app.paths import models_dir
from kith.config import VisionSettings
from kith.recognition.operating_point import OperatingPoint
from kith.types import F32
from kith.vision.pipeline import open_analyzer

PEOPLE, PHOTOS, GALLERIES, SEED = 50, 3, 60, 20_260
HALVINGS, GALLERIES_A_HALF = 6, 20
TARGET_FPIR = 0.003
"""Other people's faces hold other surprises: below the 1 % that is asked for by a factor of three. Going
from 0.5 % to 0.3 % cost 0.04 % of the names."""
FUSED_TAIL, FUSED_SHARE = 0.001, 1 / 5
"""Tracks leave room: what one stranger's track in a thousand scores lies far below what all but one in a
thousand of the enrolled people's do. The threshold stands a fifth of the way up: above the look-alikes
that the people it was tuned on happen not to have, below tracks poorer than those of these photos."""
MARGIN_COST = 0.0005
_MARGINS = np.arange(0.0, 0.11, 0.01)
_SIZES = {1: 150, 5: 60, 20: 40, 50: 20, 100: 20, 200: 20}
"""People in a gallery, and galleries drawn, to see how the threshold grows with their number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuned:
    """What is chosen, for galleries of PEOPLE; the fields are those of the operating point."""

    threshold: float
    fused_threshold: float
    margin: float
    scatter: float
    centre: tuple[float, ...]


@dataclass(slots=True)
class Tallies:
    """person -> [hits, probes]: strangers named and enrolled people named rightly, by one look and by a
    track."""

    fpir: dict[str, list[int]]
    tpir: dict[str, list[int]]
    fused_fpir: dict[str, list[int]]
    fused_tpir: dict[str, list[int]]


@click.command()
@click.argument("data", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path(__file__).with_name("operating_point.toml")
)
def main(data: Path, out: Path) -> None:
    """Measure on DATA, a folder laid out as LFW is, and write the figures."""
    _lfw.run(lambda: _calibrate(data, out))


def _calibrate(data: Path, out: Path) -> None:
    analyzer = open_analyzer(models_dir(), VisionSettings())
    people = _lfw.look_at_all(analyzer, data)
    tallies = cross_validated(people, analyzer.model_id)
    words = (
        f"{sum(map(len, people.values()))} photos of {len(people)} people in {data.name}: rates of the half "
        f"not tuned on, {HALVINGS} halvings both ways, {GALLERIES_A_HALF} galleries each, seed {SEED}"
    )
    tuned = tune(people, analyzer.model_id, SEED)
    growth = growth_of(people, analyzer.model_id, np.array(tuned.centre, np.float32), SEED)
    point = shipped(tuned, growth, tallies, analyzer.model_id, words)
    out.write_text(as_toml(point), encoding="utf-8")
    click.echo(out.read_text(encoding="utf-8"))
    click.echo(f"written to {out}")


def tune(people: People, model_id: str, seed: int) -> Tuned:
    """Choose an operating point on these people. Raises InputError when they are too few."""
    rng = np.random.default_rng(seed)
    centre = mean_face(people)
    scatter = scatter_of(people, centre)
    single, tracks = [], []
    for _ in range(GALLERIES):
        trial = _lfw.draw(people, model_id, PEOPLE, PHOTOS, rng)
        single.append(score(trial, looks_of(trial), centre, scatter))
        tracks.append(score(trial, tracks_of(trial, rng), centre, scatter))
    threshold = _threshold(single, TARGET_FPIR)
    return Tuned(
        threshold=threshold,
        fused_threshold=_fused_threshold(tracks),
        margin=_margin(single, threshold),
        scatter=scatter,
        centre=tuple(float(f"{each:.4f}") for each in centre),
    )


def cross_validated(people: People, model_id: str) -> Tallies:
    """How people fare at points that were tuned on others."""
    tallies = Tallies({}, {}, {}, {})
    for halving in range(HALVINGS):
        one, other = halves(people, SEED + halving)
        for tuned_on, measured_on in ((one, other), (other, one)):
            tuned = tune(tuned_on, model_id, SEED + halving)
            _measure(measured_on, tuned, model_id, SEED + halving, tallies)
    return tallies


def shipped(tuned: Tuned, growth: float, tallies: Tallies, model_id: str, measured_on: str) -> OperatingPoint:
    """The operating point with its rates."""
    fpir, tpir = _lfw.rate(tallies.fpir, SEED), _lfw.rate(tallies.tpir, SEED)
    fused_fpir, fused_tpir = _lfw.rate(tallies.fused_fpir, SEED), _lfw.rate(tallies.fused_tpir, SEED)
    return OperatingPoint(
        model_id=model_id,
        threshold=tuned.threshold,
        fused_threshold=tuned.fused_threshold,
        growth=growth,
        margin=tuned.margin,
        scatter=tuned.scatter,
        gallery_people=PEOPLE,
        templates_per_person=PHOTOS,
        fpir=round(fpir.value, 5),
        fpir_low=round(fpir.low, 5),
        fpir_high=round(fpir.high, 5),
        tpir=round(tpir.value, 5),
        tpir_low=round(tpir.low, 5),
        tpir_high=round(tpir.high, 5),
        fused_fpir=round(fused_fpir.value, 5),
        fused_fpir_high=round(fused_fpir.high, 5),
        fused_tpir=round(fused_tpir.value, 5),
        fused_tpir_low=round(fused_tpir.low, 5),
        measured_on=measured_on,
        measured_at=datetime.now(UTC).date().isoformat(),
        centre=tuned.centre,
    )


def _threshold(scored: list[Scores], target: float) -> float:
    strangers = np.concatenate([each.best[each.strangers] for each in scored])
    return round(math.ceil(float(np.quantile(strangers, 1 - target)) * 1000) / 1000, 3)


def _fused_threshold(tracks: list[Scores]) -> float:
    strangers = np.concatenate([each.best[each.strangers] for each in tracks])
    enrolled = np.concatenate([each.best[each.right & ~each.strangers] for each in tracks])
    low, high = np.quantile(strangers, 1 - FUSED_TAIL), np.quantile(enrolled, FUSED_TAIL)
    return round(float(low + FUSED_SHARE * (high - low)), 3)


def _margin(scored: list[Scores], threshold: float) -> float:
    def named(margin: float) -> float:
        return float(
            np.concatenate([each.named_rightly(threshold, margin)[~each.strangers] for each in scored]).mean()
        )

    affordable = [margin for margin in _MARGINS if named(0.0) - named(margin) <= MARGIN_COST]
    return float(round(max(affordable), 2))


def growth_of(people: People, model_id: str, centre: F32, seed: int) -> float:
    """By how much the threshold rises for each e-fold of people when strangers are named at one rate."""
    rng = np.random.default_rng(seed)
    most = sum(len(photos) > PHOTOS for photos in people.values())
    sizes = [size for size in _SIZES if size <= most]
    thresholds = []
    for size in sizes:
        trials = [_lfw.draw(people, model_id, size, PHOTOS, rng) for _ in range(_SIZES[size])]
        thresholds.append(
            _threshold([score(trial, looks_of(trial), centre, 0.0) for trial in trials], TARGET_FPIR)
        )
    return float(round(np.polyfit(np.log(sizes), thresholds, 1)[0], 4))


def _measure(people: People, tuned: Tuned, model_id: str, seed: int, tallies: Tallies) -> None:
    rng = np.random.default_rng(seed)
    centre = np.array(tuned.centre, np.float32)
    for _ in range(GALLERIES_A_HALF):
        trial = _lfw.draw(people, model_id, PEOPLE, PHOTOS, rng)
        looks = score(trial, looks_of(trial), centre, tuned.scatter)
        _count(looks, tuned.threshold, tuned.margin, tallies.fpir, tallies.tpir)
        tracks = score(trial, tracks_of(trial, rng), centre, tuned.scatter)
        _count(tracks, tuned.fused_threshold, tuned.margin, tallies.fused_fpir, tallies.fused_tpir)


def _count(
    scored: Scores,
    threshold: float,
    margin: float,
    fpir: dict[str, list[int]],
    tpir: dict[str, list[int]],
) -> None:
    named, rightly = scored.named(threshold), scored.named_rightly(threshold, margin)
    for at, person in enumerate(scored.people):
        if scored.strangers[at]:
            _lfw.count(fpir, person, bool(named[at]))
        else:
            _lfw.count(tpir, person, bool(rightly[at]))


def as_toml(point: OperatingPoint) -> str:
    """The file that the device reads."""
    head = (
        "# From which score on a face has a name. Measured by `make calibrate`; meanings in\n"
        "# device/kith/recognition/operating_point.py. It is of one network; another refuses it.\n"
    )
    lines = [f"{each.name} = {json.dumps(getattr(point, each.name))}" for each in fields(point)]
    return head + "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
