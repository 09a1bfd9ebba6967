"""The carer's commands for somebody who is enrolled: correct, name, keep and forget."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from kith.cli.base import data_option, settings_of, state_of
from kith.cli.entries import forget_entry, hear_entry, record_entry, rename_entry, unrecord_entry
from kith.cli.people import looks_of, people


@people.command("rename")
@click.argument("old")
@click.argument("new")
@click.option("--drop-recording", is_flag=True, help="Delete the recording of the old name.")
@data_option
def people_rename(old: str, new: str, drop_recording: bool, data: Path | None) -> None:
    """Give the person called OLD the name NEW.

    A recording of the name stays, unless it is to be dropped: of somebody called "person 3" it holds the
    right name already.

    \b
    Examples:
      kith people rename "person 3" Carla
      kith people rename Ana Anna --drop-recording
    """
    rename_entry("person", old, new, drop_recording=drop_recording, data=data)


@people.command("record")
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path))
@data_option
def people_record(name: str, file: Path, data: Path | None) -> None:
    """Let NAME be said by the recording in FILE, in place of the synthetic voice.

    FILE: a WAV file, at most 10 s long, with nothing but the name: it is kept as it is, in mono.

    \b
    Example:
      arecord -f cd -d 2 anna.wav && kith people record Anna anna.wav
    """
    record_entry("person", name, file, data=data)


@people.command("unrecord")
@click.argument("name")
@data_option
def people_unrecord(name: str, data: Path | None) -> None:
    """Delete the recording of NAME; the synthetic voice says it again.

    \b
    Example:
      kith people unrecord Anna
    """
    unrecord_entry("person", name, data=data)


@people.command("hear")
@click.argument("name")
@click.option(
    "--sound",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write what would be heard as a WAV file instead.",
)
@data_option
@click.pass_context
def people_hear(ctx: click.Context, name: str, file: Path | None, data: Path | None) -> None:
    """Play NAME as the wearer hears it: the recording, or the synthetic voice.

    \b
    Example:
      kith people hear Anna
    """
    hear_entry("person", name, settings_of(ctx).announce, sound=file, data=data)


@people.command("unlearn")
@click.argument("name")
@data_option
def people_unlearn(name: str, data: Path | None) -> None:
    """Remove the looks of NAME that the device learnt by itself; what was enrolled stays.

    It learns only where the settings say so (the table `learning`). Worth doing when NAME is said of the
    wrong person.

    \b
    Example:
      kith people unlearn Anna
    """
    from kith.app.opening import open_people

    with open_people(state_of(data)) as gallery:
        person = gallery.person(name)
        gone = gallery.unlearn(person.person_id)
        kept = gallery.person(name)
    click.echo(f"Learnt looks of {kept.name} removed: {gone}. What was enrolled stays: {looks_of(kept)}.")


@people.command("unmark")
@click.argument("name")
@data_option
def people_unmark(name: str, data: Path | None) -> None:
    """Remove the looks of others that the wearer marked as not being NAME.

    They keep NAME from being said of these others again. Worth doing when one was marked by mistake and NAME
    is not named any more, or when one of the others wants nothing of theirs kept.

    \b
    Example:
      kith people unmark Anna
    """
    from kith.app.opening import open_people

    with open_people(state_of(data)) as gallery:
        person = gallery.person(name)
        gone = gallery.clear_marks(person.person_id)
    click.echo(f"Looks marked as not being {person.name} removed: {gone}.")


@people.command("keep")
@click.argument("name")
@data_option
def people_keep(name: str, data: Path | None) -> None:
    """Keep NAME, who was not met for long: the time counts anew from today.

    \b
    Example:
      kith people keep Anna
    """
    from kith.app.opening import open_people

    with open_people(state_of(data)) as gallery:
        person = gallery.person(name)
        gallery.met([person.person_id], datetime.now(UTC).date())
        person = gallery.person(name)
    click.echo(f"{person.name} is kept, as if met on {person.met_on}.")


@people.command("forget")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@data_option
def people_forget(name: str, yes: bool, data: Path | None) -> None:
    """Remove NAME and every trace of them: looks, what was marked wrong, recording, backup.

    This cannot be undone. Files that were exported before hold them still.

    \b
    Example:
      kith people forget Anna
    """
    forget_entry("person", name, yes=yes, data=data)
