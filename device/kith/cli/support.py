"""`kith support`: a file for whoever mends the device."""

from __future__ import annotations

import os
from pathlib import Path

import click

from kith.cli.base import data_option, settings_of, state_of


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@data_option
@click.pass_context
def support(ctx: click.Context, file: Path, data: Path | None) -> None:
    """Write a support bundle into FILE, a ZIP file that is not there yet: for whoever mends the device.

    It holds what `kith doctor` finds, versions, settings, logs and figures: no picture, no face, no
    recording, and no name of anybody who is enrolled. What is in it is listed first; it is plain text, to be
    looked through before it is sent. Nothing is sent by Kith.

    With `sudo` it holds the logs too, which not everybody may read.

    \b
    Example:
      sudo /opt/kith/bin/kith support kith-support.zip --data /var/lib/kith
    """
    from datetime import UTC, datetime

    from kith.app.doctor import examine, on_a_pi
    from kith.app.doctor_report import names_in, report, scrubber_of
    from kith.app.support import gather, pack
    from kith.config import Settings
    from kith.errors import ConfigError, InputError

    if file.suffix != ".zip":
        raise InputError(f"{file} must end in .zip")
    # Before the parts are looked at, which takes some seconds; also a link to nowhere is in the way.
    if os.path.lexists(file):
        raise InputError(f"{file} is there already; choose another name, or move it away")
    state = state_of(data)
    config: Path | None = ctx.find_root().obj
    try:
        settings = settings_of(ctx)
    except ConfigError:
        click.echo("The settings file has a mistake: the doctor looks at the defaults.", err=True)
        settings = Settings()
    click.echo("Looking at every part; this takes some seconds.", err=True)
    scrubber = scrubber_of(settings, state, config)
    names = names_in(state)
    findings = examine(settings, state, wearable=on_a_pi(), config=config)
    found = report(findings, scrubber, when=datetime.now(UTC))
    pieces = gather(found, settings, state, scrubber, config=config, names_known=names is not None)
    for piece in pieces:
        click.echo(f"  {piece.name:<15} {len(piece.text.encode()) / 1024:6.1f} KiB  {piece.about}")
    if names is None:
        click.echo(
            "The gallery cannot be read: names in it were not looked for. Look for them yourself.", err=True
        )
    pack(pieces, file)
    click.echo(f"Written to {file}: look through it before you send it to anybody.")
