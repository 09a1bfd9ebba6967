"""Learns the map of things, sets the threshold from which a taught thing is known, and measures both.

    python -m calibration.things DATA          writes thing_map.npz and thing_matching.toml beside this file

Needs the registry (pip and npm) when it is first run, DATA's clips/ and lfw-dev/ for backgrounds, and ten to
fifteen minutes of two free cores. What was drawn stays in .cache/things until --anew (0.5 GB): with it two
minutes. docs/objects.md tells what the frames are and how artificial.
"""

from __future__ import annotations

import datetime
import time
from pathlib import Path

import click
import numpy as np

from calibration import _thing_frames
from calibration._thing_looks import PLACES, Shown, look_at_all
from calibration._thing_scenes import SIZES
from calibration._thing_trials import (
    TAUGHT,
    Asked,
    Map,
    Tally,
    ask_all,
    interval,
    judge,
    learn_map,
    parted,
    threshold_at,
)
from kith.vision.networks import read_manifest

_HERE = Path(__file__).parent
_MODELS = _HERE.parent / "models"
_FALSE_ALARMS = 0.01
_MARGIN = 0.05
"""Least lead over the next thing: it halves the wrong names where another taught thing is there, at the cost
of 1 in 50 right ones."""
_TRIALS = 60
_VERSION = 1


@click.command(help=__doc__)
@click.argument("data", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--jobs", default=2, show_default=True, help="Processes.")
@click.option("--anew", is_flag=True, help="Draw all frames again.")
def main(data: Path, jobs: int, anew: bool) -> None:
    """See above."""
    if anew:
        _thing_frames.forget()
    started = time.monotonic()
    things, empty = look_at_all(data, _MODELS, jobs)
    click.echo(f"looked at all frames in {time.monotonic() - started:.0f} s")
    network_id = read_manifest(_MODELS).networks["things"].model_id
    learnt, others = parted(things)
    through = rounded(learn_map(learnt, empty[::2]))
    asked = ask_all(others, empty[1::2], through)
    threshold, growth = point_of(asked)
    tally = judge(asked, threshold, _MARGIN, _TRIALS, seed=7)
    model_id = f"{network_id}+things-{_VERSION}"
    np.savez_compressed(
        _HERE / "thing_map.npz",
        model_id=model_id,
        network_id=network_id,
        mean=through.mean.astype(np.float16),
        matrix=through.matrix.astype(np.float16),
    )
    measured_on = (
        f"{TAUGHT} of {len(others)} made things taught by 5 views, {_TRIALS} times; frames of all of them "
        f"and {len(empty[1::2])} without"
    )
    write_point(model_id, threshold, growth, tally, measured_on)
    report(things, learnt, others, tally, asked)


def rounded(through: Map) -> Map:
    """As it is kept, so that what is measured is what is used."""
    return Map(
        mean=through.mean.astype(np.float16).astype(np.float64),
        matrix=through.matrix.astype(np.float16).astype(np.float64),
    )


def point_of(asked: Asked) -> tuple[float, float]:
    """The threshold at TAUGHT things, and how it grows with each e-fold of things."""
    counts = (3, 5, TAUGHT, 16)
    at = [threshold_at(asked, count, _MARGIN, _FALSE_ALARMS, _TRIALS, seed=count) for count in counts]
    slope, _ = np.polyfit(np.log(counts), at, 1)
    return at[counts.index(TAUGHT)], float(slope)


def write_point(model_id: str, threshold: float, growth: float, tally: Tally, measured_on: str) -> None:
    """Write thing_matching.toml."""
    alarms = interval([np.asarray(row) for row in tally.alarms.values()])
    found = interval([counts.sum(axis=0) for counts in tally.found.values()])
    figures: dict[str, object] = {
        "model_id": model_id,
        "threshold": round(threshold, 3),
        "growth": round(growth, 4),
        "margin": _MARGIN,
        "things": TAUGHT,
        "looks": PLACES,
    }
    for name, rates in (("false_alarms", alarms), ("found", found)):
        figures |= dict(
            zip((name, f"{name}_low", f"{name}_high"), (round(rate, 5) for rate in rates), strict=True)
        )
    figures |= {
        "named": round(tally.named[0] / tally.named[1], 5),
        "measured_on": measured_on,
        "measured_at": datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
    }
    lines = [
        "# From which score on a taught thing is known. Measured by `python -m calibration.things`; meanings",
        "# in device/kith/recognition/thing_matcher.py. It is of one network and one map; others refuse it.",
        *(f"{name} = {value!r}".replace("'", '"') for name, value in figures.items()),
    ]
    (_HERE / "thing_matching.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def report(things: list[Shown], learnt: list[Shown], others: list[Shown], tally: Tally, asked: Asked) -> None:
    """Say what was measured."""
    fits = np.array([fit for thing in things for fit in thing.fits])
    click.echo(f"{len(things)} things: {len(learnt)} to learn on, {len(others)} to judge")
    click.echo(
        f"held up: {len(fits)} views, {sum(len(thing.faults) for thing in things)} refused; "
        f"overlap over 0.3 in {np.mean(fits > 0.3):.0%}, mean {fits.mean():.2f}"
    )
    for size, bounds in enumerate(SIZES):
        rate = interval([counts[size] for counts in tally.found.values()])
        click.echo(f"found, {bounds[0]:.0%} to {bounds[1]:.0%} of the height: {_told(rate)}")
    click.echo(f"of those, as taught and uncovered, from {SIZES[1][0]:.0%} on: "
               f"{_told(interval([np.asarray(row) for row in tally.plain.values()]))}")  # fmt: skip
    click.echo(f"found: {_told(interval([counts.sum(axis=0) for counts in tally.found.values()]))}")
    click.echo(f"false alarms: {_told(interval([np.asarray(row) for row in tally.alarms.values()]))}")
    for what, (hits, all_of) in (
        ("a place looked at is on the thing", tally.placed),
        ("there, the nearest of ten is the right one", tally.named),
        ("wrong thing named where a taught one is", tally.wrong),
        ("named in another colour", tally.twins),
    ):
        click.echo(f"{what}: {hits / max(all_of, 1):.1%} of {all_of}")
    views = [asked_views for thing in asked.things if len(asked_views := thing.taught) > 1]
    click.echo(f"things with two views or more: {len(views)} of {len(others)}")


def _told(rate: tuple[float, float, float]) -> str:
    return f"{rate[0]:.1%} ({rate[1]:.1%} to {rate[2]:.1%})"


if __name__ == "__main__":
    main()
