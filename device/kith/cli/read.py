"""`kith read`: trying out the reading of text."""

from __future__ import annotations

from pathlib import Path

import click

from kith.cli.base import models_option, settings_of


@click.command()
@click.argument("picture", type=click.Path(path_type=Path))
@models_option
@click.pass_context
def read(ctx: click.Context, picture: Path, models: Path | None) -> None:
    """Read the text in PICTURE, as the wearer would hear it. Nothing leaves this device.

    The exit status is 0 when all was told, else 1.

    \b
    Examples:
      kith read sign.jpg
    """
    from kith.app.read_file import read_file
    from kith.ports import NarrationEnd

    done = read_file(picture, settings_of(ctx), models, click.echo)
    if done.first_s is not None:
        click.echo(f"first sentence after {done.first_s:.1f} s, all after {done.whole_s:.1f} s", err=True)
    if done.end is not NarrationEnd.DONE:
        ctx.exit(1)
