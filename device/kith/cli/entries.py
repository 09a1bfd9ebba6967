"""What the carer does to people and things alike."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from kith.cli.base import state_of

WhichKind = Literal["person", "thing"]
"""`kith.types.Kind`, whose module is too heavy for asking for help."""

_NEW_RECORDING = {
    "person": "`kith people record` gives a new one",
    "thing": "the wearer says a new one in the book, or --drop-recording deletes it",
}


def rename_entry(kind: WhichKind, old: str, new: str, *, drop_recording: bool, data: Path | None) -> None:
    """Rename, and tell what became of a recording. Raises PersonNotFound, DuplicatePerson, InputError."""
    from kith.app.opening import open_people
    from kith.recognition.names import normal_name
    from kith.types import Kind

    normal_name(new)
    with open_people(state_of(data)) as gallery:
        before = gallery.one_of(Kind(kind), old)
        renamed = gallery.rename(old, new, Kind(kind))
        if drop_recording:
            gallery.set_recording(renamed.person_id, None)
    click.echo(f"{old.strip()} is now {renamed.name}.")
    if renamed.name_recording is None:
        return
    if drop_recording:
        click.echo("The recording of the old name is deleted.")
    elif not before.generated:
        click.echo(f"The recording still says the old name; {_NEW_RECORDING[kind]}.")


def forget_entry(kind: WhichKind, name: str, *, yes: bool, data: Path | None) -> None:
    """Forget for good, unless asked and denied. Raises PersonNotFound, InputError."""
    from kith.app.opening import open_people
    from kith.types import Kind

    with open_people(state_of(data)) as gallery:
        entry = gallery.one_of(Kind(kind), name)
        if not yes:
            of_them = "them" if kind == "person" else "it"
            click.confirm(f"Forget {entry.name} and all that is kept of {of_them} for good?", abort=True)
        gallery.forget(name, Kind(kind))
    click.echo(f"{entry.name} is forgotten.")
