"""`kith identify`: who is in photos. Everything heavy is imported within the command."""

from __future__ import annotations

from pathlib import Path

import click

from kith.cli.base import data_option, echo_json, models_option, settings_of, state_of


@click.command()
@click.argument("photos", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object a photo, one line each.")
@data_option
@models_option
@click.pass_context
def identify(
    ctx: click.Context, photos: tuple[Path, ...], as_json: bool, data: Path | None, models: Path | None
) -> None:
    """Say who is in PHOTOS, in the order given.

    A photo that cannot be read is told as such and the rest go on; the exit status is 0 when at least one
    could be read, else 1. A distance is told only for pictures of the camera's own size (640 by 480).

    \b
    Examples:
      kith identify holiday/*.jpg
      kith identify --json door.jpg | jq '.faces[].name'
    """
    from kith.app.identify import identify_photos
    from kith.app.opening import open_recognition

    settings = settings_of(ctx)
    readable = 0
    with open_recognition(state_of(data), settings, models, create=False) as recognition:
        for report in identify_photos(recognition, settings, photos):
            readable += report.error is None
            echo_json(report.as_json()) if as_json else click.echo(report.sentence())
    if not readable:
        ctx.exit(1)
