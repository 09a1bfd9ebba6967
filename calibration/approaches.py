"""How long before contact the guard warns, and how often needlessly: python -m calibration.approaches.

Walks by the thousand before simulated sensors, with the guard and with what others build. The settings were
tuned on the seeds from 0 on; the report is on others.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from pathlib import Path
from random import Random

import click
import numpy as np

from calibration import _lfw, _walks
from calibration._approach_report import (
    Approaches,
    Needless,
    Report,
    as_json,
    as_text,
    mean,
    quantile,
    share_of,
)
from calibration._warners import Heard, listen, readings, warners
from kith.guard.settings import GuardSettings, load_guard_settings

KINDS = ("hcsr04", "vl53l1x")
REPORTED_FROM = 10_000
_RUNS_A_WALK = 10
_CHUNK = 10


Job = tuple[str, str, int, GuardSettings]
"""Sensor, target or walk, seed, settings."""


@click.command()
@click.option("--runs", default=1000, show_default=True, help="approaches a target and sensor")
@click.option("--first-seed", default=REPORTED_FROM, show_default=True, help="0: the seeds tuned on")
@click.option("--settings", type=click.Path(path_type=Path, exists=True), help="settings file with [guard]")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="write the figures there")
@click.option("--plot", type=click.Path(path_type=Path), help="draw them there (PNG)")
def main(
    runs: int, first_seed: int, settings: Path | None, json_file: Path | None, plot: Path | None
) -> None:
    """Walk towards things and past them; say when the guard warned."""

    def command() -> None:
        guard = GuardSettings() if settings is None else load_guard_settings(settings)
        report = measure(guard, runs, first_seed)
        click.echo(as_text(report))
        if json_file is not None:
            json_file.write_text(as_json(report), encoding="utf-8")
        if plot is not None:
            from calibration._approach_plot import draw

            draw(report, plot)

    _lfw.run(command)


def measure(settings: GuardSettings, runs: int, first_seed: int) -> Report:
    """The report on so many runs; a tenth as many walks of a minute each."""
    names = tuple(warners(settings))
    with ProcessPoolExecutor(os.cpu_count()) as pool:

        def heard_of(
            one: Callable[[Job], list[Sequence[float]]], where: str, sensor: str, count: int
        ) -> np.ndarray:
            jobs = [(sensor, where, first_seed + index, settings) for index in range(count)]
            results = pool.map(one, jobs, chunksize=_CHUNK)
            return np.array(list(_progress(results, f"{sensor}, {where}", count)), dtype=float)

        approaches = tuple(
            _approaches(sensor, target, name, leads[:, index, 0])
            for sensor, target in product(KINDS, _walks.TARGETS)
            for leads in [heard_of(_approach, target, sensor, runs)]
            for index, name in enumerate(names)
        )
        walks = max(runs // _RUNS_A_WALK, 2)
        needless = tuple(
            _needless(sensor, walk, name, heard[:, index])
            for sensor, walk in product(KINDS, _walks.WALKS)
            for heard in [heard_of(_walk, walk, sensor, walks)]
            for index, name in enumerate(names)
        )
    return Report(first_seed=first_seed, approaches=approaches, needless=needless)


def _approach(job: Job) -> list[Sequence[float]]:
    """For each warner how long before contact it warned first; -1: never."""
    sensor, target, seed, settings = job
    scene = _walks.approach(target, Random(f"{target} {seed}"))
    contact_s = scene.contact_s()
    if contact_s is None:
        raise ValueError(f"an approach towards a {target} (seed {seed}) must end at it")
    # Lone zeros are left out, which helps only "beep under 1 m": it would beep at each, and one long before
    # contact is no warning.
    said = [each for each in readings(scene, sensor, seed, contact_s) if each.distance_mm != 0]
    heard = (listen(make(), said, contact_s) for make in warners(settings).values())
    return [(contact_s - each.warnings[0][0] if each.warnings else -1.0,) for each in heard]


def _walk(job: Job) -> list[Sequence[float]]:
    """For each warner: warnings a minute, share of the time, told blind a minute."""
    sensor, walk, seed, settings = job
    scene = _walks.needless(walk, Random(f"{walk} {seed}"))
    said = list(readings(scene, sensor, seed, scene.end_s))
    return [_rates(listen(make(), said, scene.end_s), scene.end_s) for make in warners(settings).values()]


def _rates(heard: Heard, lasted_s: float) -> Sequence[float]:
    warned_s = sum(until_s - from_s for from_s, until_s in heard.warnings)
    return (len(heard.warnings) * 60 / lasted_s, warned_s / lasted_s, heard.told * 60 / lasted_s)


def _approaches(sensor: str, target: str, warner: str, leads_s: np.ndarray) -> Approaches:
    ordered = np.sort(leads_s)
    return Approaches(
        sensor=sensor,
        target=target,
        warner=warner,
        runs=len(ordered),
        fifth_s=quantile(ordered, 0.05),
        median_s=quantile(ordered, 0.5),
        never=share_of(int((ordered < 0).sum()), len(ordered)),
        later_than_half_s=share_of(int((ordered < 0.5).sum()), len(ordered)),
        later_than_1_s=share_of(int((ordered < 1.0).sum()), len(ordered)),
        quantiles_s=tuple(
            round(float(each), 3) for each in np.quantile(ordered, np.linspace(0, 1, 21), method="lower")
        ),
    )


def _needless(sensor: str, walk: str, warner: str, heard: np.ndarray) -> Needless:
    return Needless(
        sensor=sensor,
        walk=walk,
        warner=warner,
        runs=len(heard),
        warnings_a_minute=mean(heard[:, 0]),
        share_of_time=mean(heard[:, 1]),
        told_blind_a_minute=mean(heard[:, 2]),
    )


def _progress(
    results: Iterator[list[Sequence[float]]], what: str, count: int
) -> Iterator[list[Sequence[float]]]:
    for at, result in enumerate(results, 1):
        yield result
        if sys.stderr.isatty() and (at % _CHUNK == 0 or at == count):
            end = "\n" if at == count else ""
            sys.stderr.write(f"\r{what}: {at} of {count}{end}")
            sys.stderr.flush()


if __name__ == "__main__":
    main()
