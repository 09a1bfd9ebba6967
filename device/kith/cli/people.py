"""The carer's commands: people, identify. Everything heavy is imported within the command that needs it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kith.cli.base import data_option, echo_json, models_option, settings_of, state_of
from kith.errors import InputError

if TYPE_CHECKING:
    from kith.app.people import Added
    from kith.types import Person

_ORIGINS = {"photo": "from photos", "device": "from the device", "learnt": "learnt in use"}


@click.group()
def people() -> None:
    """Enrol, list, rename and forget people, for a carer at a desk.

    Only enrol people who agreed to it. The device may run meanwhile: it sees the change at once.
    """


@people.command("add")
@click.argument("name")
@click.argument("photos", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--consent-date",
    type=click.DateTime(formats=["%Y-%m-%d"]),
    help="The day this person, somebody new, agreed to be recognised, as 2026-03-01. Default: today.",
)
@data_option
@models_option
@click.pass_context
def people_add(
    ctx: click.Context,
    name: str,
    photos: tuple[Path, ...],
    consent_date: datetime | None,
    data: Path | None,
    models: Path | None,
) -> None:
    """Enrol NAME from PHOTOS, or give someone enrolled more photos.

    Three to five photos from different days are best: one face each, sharp, turned to the camera. A photo
    with no face, two faces or a bad face is refused with the reason; the others are kept.

    \b
    Examples:
      kith people add Anna anna-1.jpg anna-2.jpg anna-3.jpg
      kith people add "Dr Beth Okoro" --consent-date 2026-02-14 beth/*.jpg
    """
    from kith.app.opening import open_recognition
    from kith.app.people import add_photos
    from kith.recognition.names import normal_name

    normal_name(name)
    if consent_date is not None and consent_date.date() > datetime.now().date():
        raise InputError(
            f"nobody has agreed on {consent_date:%Y-%m-%d} yet: --consent-date lies in the future"
        )
    consented = (consent_date or datetime.now()).replace(
        hour=0, minute=0, second=0, microsecond=0, tzinfo=UTC
    )
    with open_recognition(state_of(data), settings_of(ctx), models, create=True) as recognition:
        added = add_photos(recognition, name, photos, consented)
        _tell_added(added)
        if consent_date is not None and added.person and added.person.consented_at[:10] != f"{consented:%F}":
            click.echo("Note: --consent-date counts only for somebody new; the date was left as it is.")


def _tell_added(added: Added) -> None:
    for each in added.studies:
        click.echo(f"  {each.path}: {'kept' if each.refusal is None else f'refused, {each.refusal}'}")
    if added.person is None:
        raise InputError("nobody was enrolled: none of the photos can be used")
    person = added.person
    click.echo(
        f"{person.name}: {added.kept} of {len(added.studies)} photos kept, {_looks(person)} in all. "
        f"Agreed on {person.consented_at[:10]}."
    )
    if added.resembles is not None:
        click.echo(
            f"Note: this looks like {added.resembles}. If they are one person, forget {person.name} and add "
            f"the photos to {added.resembles}."
        )


@people.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON list.")
@data_option
def people_list(as_json: bool, data: Path | None) -> None:
    """Show who is enrolled, and since when they agree to it."""
    from kith.app.opening import open_people

    with open_people(state_of(data)) as gallery:
        enrolled = gallery.people()
    if as_json:
        echo_json([_as_json(person) for person in enrolled])
    elif not enrolled:
        click.echo("Nobody is enrolled yet.")
    else:
        width = max(len(person.name) for person in enrolled)
        for person in enrolled:
            click.echo(f"{person.name:<{width}}  {_looks(person):>8}  agreed {person.consented_at[:10]}")


@people.command("show")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@data_option
def people_show(name: str, as_json: bool, data: Path | None) -> None:
    """Show what is kept of NAME."""
    from kith.app.opening import open_people

    with open_people(state_of(data)) as gallery:
        person = gallery.person(name)
        sources = gallery.sources(person.person_id)
    if as_json:
        echo_json(_as_json(person) | {"sources": sources})
        return
    origin = ", ".join(f"{count} {_ORIGINS.get(key, key)}" for key, count in sources.items())
    click.echo(f"{person.name}{' (a made name)' if person.generated else ''}")
    click.echo(f"  agreed:     {person.consented_at[:10]}")
    click.echo(f"  looks:      {person.templates} ({origin})")
    click.echo(f"  recording:  {person.name_recording or 'none; the name is spoken by the synthetic voice'}")


@people.command("unlearn")
@click.argument("name")
@data_option
def people_unlearn(name: str, data: Path | None) -> None:
    """Remove the looks of NAME that the device learnt by itself; what was enrolled stays.

    It learns only where the settings say so (the table `learning`). Worth doing when NAME is said of the
    wrong person.
    """
    from kith.app.opening import open_people

    with open_people(state_of(data)) as gallery:
        person = gallery.person(name)
        gone = gallery.unlearn(person.person_id)
        kept = gallery.person(name)
    click.echo(f"Learnt looks of {kept.name} removed: {gone}. What was enrolled stays: {_looks(kept)}.")


@people.command("rename")
@click.argument("old")
@click.argument("new")
@data_option
def people_rename(old: str, new: str, data: Path | None) -> None:
    """Give the person called OLD the name NEW.

    \b
    Example:
      kith people rename "person 3" Carla
    """
    from kith.app.opening import open_people

    with open_people(state_of(data)) as gallery:
        person = gallery.rename(old, new)
    click.echo(f"{old.strip()} is now {person.name}.")


@people.command("forget")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@data_option
def people_forget(name: str, yes: bool, data: Path | None) -> None:
    """Remove NAME and every trace of them: looks, recording, backup.

    This cannot be undone.
    """
    from kith.app.opening import open_people

    with open_people(state_of(data)) as gallery:
        person = gallery.person(name)
        if not yes:
            click.confirm(f"Forget {person.name} and all that is kept of them for good?", abort=True)
        gallery.forget(name)
    click.echo(f"{person.name} is forgotten.")


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


def _looks(person: Person) -> str:
    return "1 look" if person.templates == 1 else f"{person.templates} looks"


def _as_json(person: Person) -> dict[str, object]:
    return {
        "name": person.name,
        "templates": person.templates,
        "consented_at": person.consented_at,
        "generated": person.generated,
        "name_recording": None if person.name_recording is None else str(person.name_recording),
    }
