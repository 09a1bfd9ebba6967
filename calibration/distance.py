"""From which distance a person is named: python -m calibration.distance DATA.

A person's photograph is set into frames of a simulated camera at a true distance, and the device's own path
looks at them as at a walk. docs/distance.md says how, and what came of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import click
import numpy as np

from calibration import _lfw
from calibration._distance_walks import (
    LOOKS,
    Heard,
    Person,
    Task,
    Variant,
    choose_people,
    gallery,
    hear,
    shipped_point,
    watch_all,
)
from calibration.evaluation.statistics import exact_interval
from kith.types import Outcome

USUAL_FOV_DEG, WIDE_FOV_DEG = 62.2, 102.0
"""Camera Module 2, and the wide form of Camera Module 3."""
VARIANTS = (
    Variant(name="640, one look", fov_deg=USUAL_FOV_DEG, width_px=640, second_looks=False),
    Variant(name="640", fov_deg=USUAL_FOV_DEG, width_px=640, second_looks=True),
    Variant(name="1280", fov_deg=USUAL_FOV_DEG, width_px=1280, second_looks=True),
)
WIDE_VARIANTS = (
    Variant(name="640, wide", fov_deg=WIDE_FOV_DEG, width_px=640, second_looks=True),
    Variant(name="1280, wide", fov_deg=WIDE_FOV_DEG, width_px=1280, second_looks=True),
)
GALLERIES, GALLERY_PEOPLE = 10, 50
SEED = 1
MEASURES = {
    "found": "looks in which the face is found",
    "judged": "walks in which a look is judged",
    "single": "named by the first judged look",
    "track": "named in the walk",
    "mistaken": "told as a stranger first or only",
    "wrong": "another's name said",
    "fpir_single": "stranger named by the first judged look",
    "fpir_track": "stranger named in the walk",
}
Tally = dict[str, list[int]]


@dataclass(slots=True)
class Tallies:
    """person -> [hits, trials] of each measure."""

    by_measure: dict[str, Tally] = field(default_factory=lambda: {name: {} for name in MEASURES})

    def count(self, measure: str, person: str, hit: bool) -> None:
        """Add one trial."""
        _lfw.count(self.by_measure[measure], person, hit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What one variant came to at one distance: measure -> its share with its 95 % interval over people."""

    variant: str
    metres: float
    rates: dict[str, _lfw.Rate]
    trials: dict[str, int]


@click.command()
@click.argument("data", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--people", type=click.IntRange(min=4), default=100, show_default=True, help="Who walk.")
@click.option(
    "--metres", default="0.5,1,1.5,2,2.5,3,3.5,4,5,6,8", show_default=True, help="Distances, by commas."
)
@click.option(
    "--wide", is_flag=True, help=f"A camera over {WIDE_FOV_DEG:g} degrees instead of {USUAL_FOV_DEG:g}."
)
@click.option("--processes", type=click.IntRange(min=1), default=1, show_default=True)
@click.option("--picture", type=click.Path(path_type=Path, dir_okay=False), help="Draw a PNG.")
@click.option("--figures", type=click.Path(path_type=Path, dir_okay=False), help="Write all rates as JSON.")
def main(
    data: Path,
    people: int,
    metres: str,
    wide: bool,
    processes: int,
    picture: Path | None,
    figures: Path | None,
) -> None:
    """Measure on DATA, a folder laid out as LFW is: NAME/NAME_0001.jpg, the person meant in the middle.

    Half of the people, drawn anew for each gallery, are enrolled with three photos each, and others with
    them, 50 in all; a further photo of everybody walks. Prints Markdown tables.
    """
    distances = tuple(float(each) for each in metres.split(","))
    variants = WIDE_VARIANTS if wide else VARIANTS

    def measure() -> None:
        walking = choose_people(data, people, SEED)
        others = choose_people(
            data, max(GALLERY_PEOPLE - people // 2, 0), SEED + 1, without=[name for name, _ in walking]
        )
        tasks = [
            Task(name=name, photos=photos, variants=variants, metres=way, seed=SEED + at)
            for group, way in ((walking, distances), (others, ()))
            for at, (name, photos) in enumerate(group)
        ]
        found = list(watch_all(tasks, processes))
        walked, enrolled = [each for each in found if each.walks], [each for each in found if not each.walks]
        cells = tuple(_cells(walked, enrolled, variants, distances))
        _report(cells, variants, len(walked), picture, figures)

    _lfw.run(measure)


def _cells(
    people: Sequence[Person],
    others: Sequence[Person],
    variants: Sequence[Variant],
    distances: Sequence[float],
) -> Iterator[Cell]:
    rng = np.random.default_rng(SEED)
    point = shipped_point(people[0].templates[0].model_id)
    halves = [sorted(rng.permutation(len(people))[: len(people) // 2]) for _ in range(GALLERIES)]
    matchers = [(frozenset(map(int, half)), gallery(people, half, others, point)) for half in halves]
    for variant in variants:
        for metres in distances:
            tallies = Tallies()
            for at, person in enumerate(people):
                watched = person.walks[variant.name, metres]
                tallies.by_measure["found"][person.name] = [watched.found, LOOKS]
                tallies.count("judged", person.name, watched.first is not None)
                for enrolled, matcher in matchers:
                    mine = at if at in enrolled else None
                    _tally(tallies, person.name, mine, hear(watched, matcher))
            yield Cell(
                variant=variant.name,
                metres=metres,
                rates={name: _rate(tally) for name, tally in tallies.by_measure.items()},
                trials={
                    name: sum(n for _, n in tally.values()) for name, tally in tallies.by_measure.items()
                },
            )


def _rate(tally: Tally) -> _lfw.Rate:
    """As `_lfw.rate`. Where nobody or everybody was a hit, drawing people anew shows no spread: the exact
    interval over so many people instead."""
    rate = _lfw.rate(tally, SEED)
    if 0 < rate.value < 1:
        return rate
    low, high = exact_interval(round(rate.value) * len(tally), len(tally))
    return _lfw.Rate(value=rate.value, low=low, high=high)


def _tally(tallies: Tallies, person: str, mine: int | None, heard: Heard) -> None:
    if mine is None:
        named = heard.single is not None and heard.single[0] is not Outcome.UNKNOWN
        tallies.count("fpir_single", person, named)
        tallies.count("fpir_track", person, bool(heard.ids))
        return
    tallies.count("single", person, heard.single == (Outcome.KNOWN, mine))
    tallies.count("track", person, (mine,) in heard.ids)
    tallies.count("mistaken", person, heard.stranger)
    tallies.count("wrong", person, any(mine not in ids for ids in heard.ids))


def _report(
    cells: Sequence[Cell],
    variants: Sequence[Variant],
    people: int,
    picture: Path | None,
    figures: Path | None,
) -> None:
    click.echo(f"{people} people walk, {GALLERIES} galleries of {GALLERY_PEOPLE}; walks of {LOOKS / 10} s")
    for variant in variants:
        _print_table(variant, [cell for cell in cells if cell.variant == variant.name])
    if figures is not None:
        rows = [
            {
                "variant": cell.variant,
                "metres": cell.metres,
                **{
                    name: [rate.value, rate.low, rate.high, cell.trials[name]]
                    for name, rate in cell.rates.items()
                },
            }
            for cell in cells
        ]
        figures.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    if picture is not None:
        from calibration._distance_plot import draw

        draw(cells, people, picture)


def _print_table(variant: Variant, cells: Sequence[Cell]) -> None:
    looks = "two looks" if variant.second_looks else "one look"
    click.echo(f"\n{variant.width_px} px over {variant.fov_deg} degrees, {looks}\n")
    click.echo(
        "| m | found | judged | TPIR, one look | TPIR, a walk | told as a stranger | FPIR, one look |"
        " FPIR, a walk |"
    )
    click.echo("| --- " * 8 + "|")
    for cell in cells:
        shares = [f"{cell.rates[name].value:.0%}" for name in ("found", "judged")]
        shares += [_with_interval(cell.rates[name]) for name in ("single", "track", "mistaken")]
        shares += [_with_interval(cell.rates[name], 1) for name in ("fpir_single", "fpir_track")]
        click.echo(f"| {cell.metres:g} | " + " | ".join(shares) + " |")


def _with_interval(rate: _lfw.Rate, digits: int = 0) -> str:
    low, high = rate.low * 100, rate.high * 100
    return f"{rate.value * 100:.{digits}f} % ({low:.{digits}f} to {high:.{digits}f})"


if __name__ == "__main__":
    main()
