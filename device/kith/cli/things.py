"""The carer's commands for things that the wearer taught."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kith.cli.base import data_option, echo_json, settings_of, state_of
from kith.cli.entries import forget_entry, hear_entry, record_entry, rename_entry, unrecord_entry

if TYPE_CHECKING:
    from kith.types import Person


@click.group()
def things() -> None:
    """List, rename and forget the things that the wearer taught, record and hear their names, and say which
    are told of unasked.

    A thing is taught with the device: held up before the camera where no face is, and a double tap. The
    device may run meanwhile: it sees the change at once. `kith people export` and `import` carry things too.
    """


@things.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON list.")
@data_option
def things_list(as_json: bool, data: Path | None) -> None:
    """Show what was taught, from how many views and when, and what is told of unasked.

    What was taught with an earlier network is not found any more, and says so. The wearer teaches it anew in
    the book: a tap and a hold, on to the thing, a double tap. It keeps its name.

    \b
    Example, of what is told of unasked:
      kith things list --json | jq -r '.[] | select(.announced) | .name'
    """
    from kith.app.opening import open_things

    with open_things(state_of(data)) as gallery:
        taught, foreign = gallery.things(), gallery.of_another_network()
    if as_json:
        echo_json([_as_json(thing, foreign) for thing in taught])
    elif not taught:
        click.echo("Nothing was taught yet.")
    else:
        width = max(len(thing.name) for thing in taught)
        for thing in taught:
            parts = [f"{thing.name:<{width}}  {_views_of(thing):>8}  taught {thing.consented_at[:10]}"]
            parts += ["told of unasked"] if thing.announced else []
            parts += [] if thing.name_recording is None else ["name recorded"]
            parts += ["taught with an earlier network: teach it anew"] if thing.person_id in foreign else []
            click.echo(", ".join(parts))


@things.command("rename")
@click.argument("old")
@click.argument("new")
@click.option("--drop-recording", is_flag=True, help="Delete the recording of the old name.")
@data_option
def things_rename(old: str, new: str, drop_recording: bool, data: Path | None) -> None:
    """Give the thing called OLD the name NEW.

    A recording of the name stays, unless it is to be dropped: of something called "thing 3" it holds the
    right name already.

    \b
    Examples:
      kith things rename "thing 3" "my keys"
      kith things rename mug "red mug" --drop-recording
    """
    rename_entry("thing", old, new, drop_recording=drop_recording, data=data)


@things.command("record")
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path))
@data_option
def things_record(name: str, file: Path, data: Path | None) -> None:
    """Let NAME be said by the recording in FILE, in place of the synthetic voice.

    FILE: a WAV file, at most 10 s long, with nothing but the name: it is kept as it is, in mono.

    \b
    Example:
      arecord -f cd -d 2 keys.wav && kith things record "my keys" keys.wav
    """
    record_entry("thing", name, file, data=data)


@things.command("unrecord")
@click.argument("name")
@data_option
def things_unrecord(name: str, data: Path | None) -> None:
    """Delete the recording of NAME; the synthetic voice says it again.

    \b
    Example:
      kith things unrecord "my keys"
    """
    unrecord_entry("thing", name, data=data)


@things.command("hear")
@click.argument("name")
@click.option(
    "--sound",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write what would be heard as a WAV file instead.",
)
@data_option
@click.pass_context
def things_hear(ctx: click.Context, name: str, file: Path | None, data: Path | None) -> None:
    """Play NAME as the wearer hears it: the recording, or the synthetic voice.

    \b
    Example:
      kith things hear "my keys"
    """
    hear_entry("thing", name, settings_of(ctx).announce, sound=file, data=data)


@things.command("announce")
@click.argument("name")
@click.argument("when", type=click.Choice(["on", "off"]))
@data_option
def things_announce(name: str, when: str, data: Path | None) -> None:
    """Have NAME told of unasked when it comes into view, or (off) only when asked for.

    The wearer does the same in the book: a tap and a hold, on to the thing, three taps.

    \b
    Example:
      kith things announce "my keys" on
    """
    from kith.app.opening import open_people

    with open_people(state_of(data)) as gallery:
        thing = gallery.thing(name)
        gallery.set_announced(thing.person_id, when == "on")
    told = "unasked when it comes into view" if when == "on" else "only when asked for"
    click.echo(f"{thing.name} is told of {told}.")


@things.command("forget")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@data_option
def things_forget(name: str, yes: bool, data: Path | None) -> None:
    """Remove NAME and every trace of it: views, recording, backup.

    This cannot be undone. Files that were exported before hold it still.

    \b
    Example:
      kith things forget "red mug"
    """
    forget_entry("thing", name, yes=yes, data=data)


def _views_of(thing: Person) -> str:
    return "1 view" if thing.templates == 1 else f"{thing.templates} views"


def _as_json(thing: Person, foreign: frozenset[int]) -> dict[str, object]:
    return {
        "name": thing.name,
        "views": thing.templates,
        "taught_at": thing.consented_at,
        "generated": thing.generated,
        "announced": thing.announced,
        "extent": thing.extent,
        "name_recording": None if thing.name_recording is None else str(thing.name_recording),
        "of_another_network": thing.person_id in foreign,
    }
