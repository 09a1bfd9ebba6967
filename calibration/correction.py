"""What it changes that the wearer calls a name wrong: python -m calibration.correction DATA.

Galleries are drawn at random. Where a stranger's look is given a name, it becomes a counter-example of that
person; then the stranger's other looks are shown, and the looks of who really bears the name. The rule is
chosen on one half of the people and reported on the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np

from calibration import _lfw
from calibration._corrections import (
    MARKS,
    ByBestTemplate,
    Effect,
    Effects,
    Maker,
    Shares,
    by_lead,
    lowered,
    measure,
)
from calibration._progress import progress
from calibration._scores import halves
from kith.app.paths import calibration_dir, models_dir
from kith.config import VisionSettings
from kith.recognition.matcher import DENIAL_LEAD, Matcher
from kith.recognition.operating_point import FUSED_LOOKS, OperatingPoint, load_operating_point
from kith.vision.pipeline import open_analyzer

NEAR = 0.03
"""At the shipped operating point three strangers' looks in a thousand are named: too few to tell rules apart
by. With the threshold lowered until so many are, strangers are marked who are less like those enrolled."""
LOOKS = {"one photo": 1, "a track of three": FUSED_LOOKS}
LEADS = (-0.1, -0.05, 0.0, 0.05, 0.1, 0.15)
_Z = 1.96  # 95 %, on both sides


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Of galleries: people in each, in the large ones, photos of each person, and how many are drawn."""

    people: int
    many: int
    photos: int
    galleries: int


@click.command()
@click.argument("data", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--people", type=click.IntRange(min=2), default=50, show_default=True, help="Enrolled.")
@click.option(
    "--many", type=click.IntRange(min=2), default=200, show_default=True, help="In large galleries."
)
@click.option("--photos", type=click.IntRange(min=1), default=3, show_default=True, help="Of each.")
@click.option("--galleries", type=click.IntRange(min=1), default=20, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--plot", type=click.Path(path_type=Path, dir_okay=False), help="Draw the rules tried: a PNG.")
def main(
    data: Path, people: int, many: int, photos: int, galleries: int, seed: int, plot: Path | None
) -> None:
    """Measure on the people in DATA, a folder laid out as LFW is, and print tables."""
    sizes = Sizes(people=people, many=many, photos=photos, galleries=galleries)
    _lfw.run(lambda: _measure(data, sizes, seed, plot))


def _measure(data: Path, sizes: Sizes, seed: int, plot: Path | None) -> None:
    analyzer = open_analyzer(models_dir(), VisionSettings())
    point = load_operating_point(calibration_dir() / "operating_point.toml", analyzer.model_id)
    everybody = _lfw.look_at_all(analyzer, data)
    first, second = halves(everybody, seed)

    def drawn(of: dict[str, list[_lfw.Pictured]], count: int) -> list[_lfw.Trial]:
        rng = np.random.default_rng([seed, count])
        return [_lfw.draw(of, point.model_id, count, sizes.photos, rng) for _ in range(sizes.galleries)]

    leads = _choose(drawn(first, sizes.people), point, seed)
    if plot is not None:
        from calibration._correction_plot import draw

        draw(leads, plot)
    click.echo(f"\nLead {DENIAL_LEAD}, galleries of {sizes.people}, the other half of the people\n")
    _report(drawn(second, sizes.people), point, seed)
    click.echo(f"\nLead {DENIAL_LEAD}, galleries of {sizes.many}, everybody\n")
    _report(drawn(everybody, sizes.many), point, seed)


def _choose(trials: Sequence[_lfw.Trial], point: OperatingPoint, seed: int) -> dict[str, dict[float, Shares]]:
    """Try the rules; what each lead comes to, by what a look is."""
    rules: dict[str, Maker] = {f"lead of {lead:+.2f} over the middle": by_lead(lead) for lead in LEADS}
    rules["nearer than the nearest template"] = ByBestTemplate
    shares = {}
    for what, photos in LOOKS.items():
        click.echo(f"\nRules tried, one half of the people, {NEAR:.0%} of strangers named by {what}\n")
        near = lowered(trials, point, NEAR, photos)
        made = [_effects(trials, near, maker, f"{name}, {what}", photos) for name, maker in rules.items()]
        _table(dict(zip(["no marks", *rules], [_before(made[0]), *made], strict=True)), seed)
        shares[what] = {lead: _shares(each, seed) for lead, each in zip(LEADS, made, strict=False)}
    return shares


def _shares(effects: Effects, seed: int) -> Shares:
    return Shares(
        again_before=_lfw.rate(effects.again.before, seed),
        again=_lfw.rate(effects.again.after, seed),
        mistaken=_lfw.rate(effects.mistaken.after, seed),
    )


def _report(trials: Sequence[_lfw.Trial], point: OperatingPoint, seed: int) -> None:
    made = {"as shipped, one photo": _effects(trials, point, Matcher, "as shipped", 1)}
    for what, photos in LOOKS.items():
        name = f"{NEAR:.0%} of strangers named by {what}"
        made[name] = _effects(trials, lowered(trials, point, NEAR, photos), Matcher, name, photos)
    for name, effects in made.items():
        _table({f"{name}, before": _before(effects), "after": effects}, seed)


def _effects(
    trials: Sequence[_lfw.Trial], point: OperatingPoint, maker: Maker, what: str, photos: int
) -> Effects:
    effects = Effects()
    for trial in progress(trials, what):
        measure(trial, point, maker, effects, photos)
    return effects


def _before(effects: Effects) -> Effects:
    def before(effect: Effect) -> Effect:
        return Effect(before=effect.before, after=effect.before)

    return Effects(
        again=before(effects.again),
        true={count: before(each) for count, each in effects.true.items()},
        mistaken=before(effects.mistaken),
        neighbour=before(effects.neighbour),
    )


def _table(rows: Mapping[str, Effects], seed: int) -> None:
    marks = [f"true person, {count} mark{'s' * (count > 1)}" for count in MARKS]
    heads = ["rule", "marked stranger named so again", *marks, "marked by mistake", "like another's mark"]
    click.echo(f"| {' | '.join(heads)} |\n|{' --- |' * len(heads)}")
    for name, effects in rows.items():
        cells = [effects.again, *effects.true.values(), effects.mistaken, effects.neighbour]
        click.echo(f"| {name} | {' | '.join(_cell(each, seed) for each in cells)} |")
    last = list(rows.values())[-1]
    counts = [_counted(each) for each in (last.again, last.true[1], last.mistaken, last.neighbour)]
    click.echo(f"\nLooks (people): {'; '.join(counts)}\n")


def _cell(effect: Effect, seed: int) -> str:
    if not effect.after:
        return "none"
    rate = _lfw.rate(effect.after, seed)
    if rate.high == 0:
        # Drawing the people anew finds nothing either. Wilson's interval, each person being one trial.
        return f"{0:.2%} (to {_Z**2 / (len(effect.after) + _Z**2):.1%} of people)"
    return f"{rate.value:.2%} ({rate.low:.2%} to {rate.high:.2%})"


def _counted(effect: Effect) -> str:
    return f"{sum(looks for _, looks in effect.after.values())} ({len(effect.after)})"


if __name__ == "__main__":
    main()
