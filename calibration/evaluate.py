"""How often Kith names rightly and wrongly as shipped: python -m calibration.evaluate DATA."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import click

from calibration import _lfw
from calibration.evaluation import words
from calibration.evaluation.figures import draw_all
from calibration.evaluation.measure import FULL, QUICK, Evaluation, Measuring
from calibration.evaluation.report import Made, as_json, page
from kith.app.paths import calibration_dir, models_dir
from kith.config import VisionSettings
from kith.recognition.operating_point import load_operating_point
from kith.vision.pipeline import open_analyzer

_ROOT = Path(__file__).parents[1]


@click.command()
@click.argument("data", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=_ROOT / ".cache" / "evaluation",
    help="Folder for the report and the JSON.  [default: .cache/evaluation]",
)
@click.option("--quick", is_flag=True, help="A tenth of the looks, in a tenth of the time.")
@click.option("--seed", type=int, default=1, show_default=True, help="Of everything drawn at random.")
@click.option(
    "--report-figures",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also write the curves, without a face, as one PNG.",
)
def main(data: Path, out: Path, quick: bool, seed: int, report_figures: Path | None) -> None:
    """Measure on DATA, a folder laid out as LFW is: NAME/NAME_0001.jpg, the person meant in the middle.

    Photos are enrolled and identified exactly as `kith people add` and `kith identify` do it, at the
    operating point as shipped. The report shows photos out of DATA: it stays in the folder --out.
    """
    _lfw.run(lambda: _evaluate(data, out, quick, seed, report_figures))


def _evaluate(data: Path, out: Path, quick: bool, seed: int, report_figures: Path | None) -> None:
    photos = _lfw.photos_of(data)
    analyzer = open_analyzer(models_dir(), VisionSettings())
    point = load_operating_point(calibration_dir() / "operating_point.toml", analyzer.model_id)
    evaluation = Measuring(analyzer, point, QUICK if quick else FULL, seed).run(photos)
    for line in words.summary(evaluation):
        click.echo(line)
    made = Made(
        at=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        version=_version(),
        commit=_commit(),
        folder=data.resolve().name,
        quick=quick,
    )
    for path in _write(evaluation, made, out, report_figures):
        click.echo(f"written to {path}")


def _write(evaluation: Evaluation, made: Made, out: Path, figures: Path | None) -> list[Path]:
    out.mkdir(parents=True, exist_ok=True)
    report, values = out / "report.html", out / "evaluation.json"
    report.write_text(page(evaluation, made), encoding="utf-8")
    values.write_text(json.dumps(as_json(evaluation, made), indent=1), encoding="utf-8")
    if figures is None:
        return [report, values]
    figures.parent.mkdir(parents=True, exist_ok=True)
    draw_all(evaluation, figures)
    return [report, values, figures]


def _version() -> str:
    try:
        return metadata.version("kith")
    except metadata.PackageNotFoundError:
        return "unknown"


def _commit() -> str:
    """Of this checkout; "-changed" where files differ from it."""
    try:
        told = subprocess.run(
            ["git", "describe", "--always", "--dirty=-changed", "--abbrev=12"],
            cwd=_ROOT, capture_output=True, text=True, check=True,
        )  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return told.stdout.strip()


if __name__ == "__main__":
    main()
