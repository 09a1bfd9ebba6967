"""Which looks are worth judging, and which count most in a track: python -m calibration.quality DATA."""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from calibration import _lfw
from calibration import _quality_looks as quality_looks
from calibration import _quality_trials as trials
from calibration._quality_judges import ADDITIVE, Judge, Lesson, additive, judges, near_sharp_frontal, terms
from calibration._quality_looks import Looks
from calibration._quality_plot import draw_curves
from kith.errors import InputError
from kith.types import F32

SHARES = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5)
_DRAWN_SHARES = tuple(at / 50 for at in range(31))
_NOT_DRAWN = ("size", "frontal", "additive, sharpness and detector")
_FMR = 1e-4
_LEAST_PHOTOS, _MOST_PHOTOS = 3, 4
_TRACKS_EACH = 10


@click.command()
@click.argument("data", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--people", type=click.IntRange(min=8), default=170, show_default=True, help="Half of them to teach on."
)
@click.option("--spoilt", type=click.IntRange(min=1), default=3, show_default=True, help="Of each photo.")
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--plot", type=click.Path(path_type=Path, dir_okay=False), help="Also draw this PNG.")
def main(data: Path, people: int, spoilt: int, seed: int, plot: Path | None) -> None:
    """Measure on DATA, a folder laid out as LFW is: NAME/NAME_0001.jpg.

    Photos are spoilt at random. On half of the people each way to judge a look is taught, where it must be;
    on the other half the looks that it likes least are dropped, and the errors among the rest are counted.
    Then looks are fused to tracks with different weights. The random forest needs scikit-learn.
    """
    _lfw.run(lambda: _measure(data, people, spoilt, seed, plot))


def _measure(data: Path, people: int, spoilt: int, seed: int, plot: Path | None) -> None:
    folder = quality_looks.photos_by_person(data, _LEAST_PHOTOS, _MOST_PHOTOS)
    drawn = np.random.default_rng(seed).permutation(sorted(folder))[:people].tolist()
    looks = quality_looks.look_at({name: folder[name] for name in drawn}, spoilt, seed)
    report(looks.of(looks.person % 2 == 0), looks.of(looks.person % 2 == 1), seed, plot)


def report(learnt: Looks, shown: Looks, seed: int, plot: Path | None) -> None:
    """Print the tables, and draw. learnt, shown: looks of different people."""
    rng = np.random.default_rng(seed)
    threshold = trials.threshold_at(learnt, _FMR)
    taught, taught_scores = _spoilt(learnt)
    lesson = Lesson(looks=taught, scores=taught_scores, threshold=threshold)
    spoilt, scores = _spoilt(shown)
    strange = (trials.stranger_scores(spoilt, shown, rng) >= threshold).mean(axis=0).astype(np.float32)
    print(f"taught on {len(np.unique(learnt.person))} people, shown on {len(np.unique(shown.person))} others")
    print(f"{shown.clean.sum()} photos, {len(scores)} spoilt looks; of both halves {shown.missed} not found")
    print(f"threshold {threshold:.3f}: FMR {_FMR:.2%} on clean photos of the first half\n")
    _limits(shown, spoilt, scores, strange, threshold)
    found = judges(lesson, spoilt, seed)
    found.append(Judge(name="the score itself (ideal)", before=False, value=scores))
    found.insert(0, Judge(name="nothing (random)", before=True, value=rng.random(len(scores), np.float32)))
    _curves(found, scores < threshold, strange)
    for name, chosen in ADDITIVE.items():
        print(f"{name}: coefficients {np.round(additive(lesson, chosen), 2).tolist()}")
    _tracks(lesson, shown, threshold, rng)
    if plot is not None:
        errors = {
            "own person missed, % of the looks kept": np.asarray(scores < threshold, np.float32),
            f"a stranger named, % of the looks kept (gallery of {trials.GALLERY_PEOPLE})": strange,
        }
        drawn = [each for each in found if each.name not in _NOT_DRAWN]
        panels = [
            (words, {each.name: trials.rejecting(each.value, failed, _DRAWN_SHARES) for each in drawn})
            for words, failed in errors.items()
        ]
        draw_curves(plot, _DRAWN_SHARES, panels)


def _spoilt(everything: Looks) -> tuple[Looks, F32]:
    """The spoilt looks and their scores with their own person."""
    scores = trials.mated_scores(everything)
    rows = np.isfinite(scores) & ~everything.clean
    if not rows.any():
        raise InputError("nobody has two photos in which a face is found")
    return everything.of(rows), scores[rows]


def _limits(shown: Looks, spoilt: Looks, scores: F32, strange: F32, threshold: float) -> None:
    """What the limits of `VisionSettings` reject, and whether it would have been recognised."""
    print("| limits | clean photos | spoilt looks | of these recognised | stranger named |")
    print("| --- | --- | --- | --- | --- |")
    for reason in ["", *sorted(set(spoilt.rejection.tolist()) - {""})]:
        rows = spoilt.rejection == reason
        clean = int((shown.rejection[shown.clean] == reason).sum())
        known, named = float((scores[rows] >= threshold).mean()), float(strange[rows].mean())
        print(f"| {reason or 'kept'} | {clean} | {rows.sum()} | {known:.1%} | {named:.2%} |")
    print(f"rejected: {(spoilt.rejection != '').mean():.1%} of the spoilt looks\n")


def _curves(found: list[Judge], missed: NDArray[np.bool_], strange: F32) -> None:
    print("| own person missed, % of the looks kept | known before | " + _dropped() + " | stranger named |")
    print("| --- " * (len(SHARES) + 3) + "|")
    for each in found:
        rates = trials.rejecting(each.value, missed, SHARES)
        wrong = trials.rejecting(each.value, strange, SHARES)
        cells = " | ".join(f"{100 * rate:.1f}" for rate in rates)
        ends = f"{100 * wrong[0]:.2f} to {100 * wrong[4]:.2f}"
        print(f"| {each.name} | {'yes' if each.before else 'no'} | {cells} | {ends} |")
    print(f"(stranger named: with nothing and with {SHARES[4]:.0%} dropped, %)\n")


def _dropped() -> str:
    return " | ".join(f"{share:.0%} dropped" for share in SHARES)


def _tracks(lesson: Lesson, shown: Looks, threshold: float, rng: np.random.Generator) -> None:
    tracks = trials.draw_tracks(shown, _TRACKS_EACH, rng)
    owners, means = trials.templates(shown)
    chosen = ADDITIVE["additive, all"]
    predicted = 1 / (1 + np.exp(-(terms(shown)[:, chosen] @ additive(lesson, chosen))))
    weights = {
        "equal": np.ones(len(shown.person)),
        "size x sharpness x frontal": near_sharp_frontal(shown),
        "sharpness": np.minimum(shown.feature("sharpness"), 30),
        "additive, all": predicted,
        "length of the embedding": shown.norm,
        "its square, as shipped": shown.norm**2,
        "its fourth power": shown.norm**4,
    }
    print(
        f"\n{len(tracks.rows)} tracks of {len(np.unique(tracks.person))} people, 3 to 8 spoilt looks each\n"
    )
    print("| weight | own person missed | less than with equal weights | missed at FMR 0.1 % | FMR |")
    print("| --- | --- | --- | --- | --- |")
    plainly: F32 | None = None
    for name, weight in weights.items():
        vectors = trials.fused(shown, tracks, np.asarray(weight, np.float32))
        own = np.einsum("td,td->t", vectors, tracks.templates)
        others = (vectors @ means.T)[tracks.person[:, np.newaxis] != owners[np.newaxis]]
        missed = np.asarray(100 * (own < threshold), np.float32)
        plainly = missed if plainly is None else plainly
        rates = [trials.mean_over_people(values, tracks.person) for values in (missed, plainly - missed)]
        rate, less = (f"{mean:.1f} % ({low:.1f} to {high:.1f})" for mean, low, high in rates)
        even = float((own < np.quantile(others, 0.999)).mean())
        print(f"| {name} | {rate} | {less} | {even:.1%} | {(others >= threshold).mean():.3%} |")


if __name__ == "__main__":
    main()
