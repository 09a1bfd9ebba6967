"""How often Kith names rightly and wrongly as shipped: python -m calibration.evaluate DATA."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import click
import numpy as np

from calibration import _lfw
from kith.app.identify import judge
from kith.app.paths import calibration_dir, models_dir
from kith.config import VisionSettings
from kith.recognition.matcher import Matcher
from kith.recognition.operating_point import OperatingPoint, load_operating_point
from kith.types import Outcome
from kith.vision.pipeline import open_analyzer


@dataclass(slots=True)
class Tallies:
    """person -> [hits, probes] of each kind, and how the photos fared."""

    right: dict[str, list[int]] = field(default_factory=dict)
    wrong: dict[str, list[int]] = field(default_factory=dict)
    unsure: dict[str, list[int]] = field(default_factory=dict)
    strangers: dict[str, list[int]] = field(default_factory=dict)
    strangers_alone: dict[str, list[int]] = field(default_factory=dict)
    enrolling: Counter[str] = field(default_factory=Counter)
    probing: Counter[str] = field(default_factory=Counter)
    by_gallery: list[float] = field(default_factory=list)
    nobody_left: int = 0


@click.command()
@click.argument("data", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--people", type=click.IntRange(min=2), default=50, show_default=True, help="Enrolled at a time."
)
@click.option("--photos", type=click.IntRange(min=1), default=3, show_default=True, help="Enrolled of each.")
@click.option(
    "--galleries", type=click.IntRange(min=1), default=20, show_default=True, help="Drawn at random."
)
@click.option("--seed", type=int, default=1, show_default=True)
def main(data: Path, people: int, photos: int, galleries: int, seed: int) -> None:
    """Measure on DATA, a folder laid out as LFW is: NAME/NAME_0001.jpg, the person meant in the middle.

    Photos are enrolled and identified exactly as `kith people add` and `kith identify` do it, at the
    operating point as shipped. Of people with more photos than are enrolled, some are drawn; their other
    photos ought to be named, everybody else's ought not.
    """
    _lfw.run(lambda: _evaluate(data, people, photos, galleries, seed))


def _evaluate(data: Path, people: int, photos: int, galleries: int, seed: int) -> None:
    analyzer = open_analyzer(models_dir(), VisionSettings())
    point = load_operating_point(calibration_dir() / "operating_point.toml", analyzer.model_id)
    pictured = _lfw.look_at_all(analyzer, data)
    rng = np.random.default_rng(seed)
    tallies = Tallies()
    for _ in range(galleries):
        _measure(_lfw.draw(pictured, analyzer.model_id, people, photos, rng), point, tallies)
    click.echo(
        f"{sum(map(len, pictured.values()))} photos of {len(pictured)} people; {galleries} galleries of "
        f"{people} people with {photos} photos each\n"
        f"{point.model_id}, threshold {point.threshold}, margin {point.margin}"
    )
    _print(tallies, seed)


def _measure(trial: _lfw.Trial, point: OperatingPoint, tallies: Tallies) -> None:
    matcher = Matcher(trial.templates, point)
    tallies.enrolling += trial.refused
    tallies.nobody_left += len(trial.enrolled) - len(np.unique(trial.templates.person_ids))
    named = strangers = 0
    for person, one, truth in trial.probes:
        answer = None if one.meant is None else judge(matcher, one.meant)
        outcome = Outcome.UNKNOWN if answer is None else answer.outcome
        tallies.probing[_fate(one)] += 1
        if truth is None:
            strangers += 1
            named += outcome is not Outcome.UNKNOWN
            _lfw.count(tallies.strangers, person, outcome is not Outcome.UNKNOWN)
            _lfw.count(tallies.strangers_alone, person, outcome is Outcome.KNOWN)
            continue
        mine = answer is not None and answer.person_id == truth
        _lfw.count(tallies.right, person, outcome is Outcome.KNOWN and mine)
        _lfw.count(tallies.wrong, person, outcome is Outcome.KNOWN and not mine)
        _lfw.count(tallies.unsure, person, outcome is Outcome.AMBIGUOUS)
    tallies.by_gallery.append(named / max(strangers, 1))


def _fate(one: _lfw.Pictured) -> str:
    if one.meant is None:
        return "no face"
    return "judged" if one.meant.embedding is not None else str(one.meant.assessment.rejection)


def _print(tallies: Tallies, seed: int) -> None:
    rows = (
        ("TPIR  enrolled, named rightly", tallies.right),
        ("      enrolled, given another's name", tallies.wrong),
        ("      enrolled, told as one of two", tallies.unsure),
        ("FPIR  strangers given any name", tallies.strangers),
        ("      strangers given one name alone", tallies.strangers_alone),
    )
    click.echo(f"\n{'':37} {'rate':>7}   95 % interval over people")
    for words, tally in rows:
        click.echo(f"{words:37} {_lfw.rate(tally, seed)}    of {sum(n for _, n in tally.values())} looks")
    fpir = _lfw.rate(tallies.strangers, seed)
    best, worst = min(tallies.by_gallery) * 1000, max(tallies.by_gallery) * 1000
    click.echo(f"\nOf a thousand strangers' photos, {fpir.value * 1000:.1f} would be given a name;")
    click.echo(f"in the best of the galleries {best:.1f}, in the worst {worst:.1f}.")
    _print_fates("Photos for enrolling", tallies.enrolling)
    _print_fates("Photos to be identified", tallies.probing)
    if tallies.nobody_left:
        click.echo(f"{tallies.nobody_left} times a person could not be enrolled at all.")


def _print_fates(title: str, fates: Counter[str]) -> None:
    total = max(fates.total(), 1)
    told = ", ".join(f"{reason} {number / total:.2%}" for reason, number in fates.most_common())
    click.echo(f"{title}: {told}.")


if __name__ == "__main__":
    main()
