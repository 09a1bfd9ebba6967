"""The carer's commands: who is enrolled, and enrolling. Everything heavy is imported within the command that
needs it."""

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
    """Enrol, list, correct, carry and forget people, for a carer at a desk.

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
        f"{person.name}: {added.kept} of {len(added.studies)} photos kept, {looks_of(person)} in all. "
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
@click.pass_context
def people_list(ctx: click.Context, as_json: bool, data: Path | None) -> None:
    """Show who is enrolled, since when they agree to it and when they were last met.

    A damaged gallery is restored from its backup, as the device does it, and that is said.

    \b
    Example, of whom nobody has recorded a name yet:
      kith people list --json | jq -r '.[] | select(.name_recording == null) | .name'
    """
    from kith.app.opening import open_people

    with open_people(state_of(data)) as gallery:
        enrolled = gallery.people()
    expired = _expired(ctx, enrolled)
    if as_json:
        echo_json([_as_json(person, expired) for person in enrolled])
    elif not enrolled:
        click.echo("Nobody is enrolled yet.")
    else:
        width = max(len(person.name) for person in enrolled)
        for person in enrolled:
            parts = [f"{person.name:<{width}}  {looks_of(person):>8}  agreed {person.consented_at[:10]}"]
            parts += [f"met {person.met_on}"] if person.met_on else []
            parts += [] if person.name_recording is None else ["name recorded"]
            parts += [f"marked wrong {_times(person.marks)}"] if person.marks else []
            parts += ["not met for long"] if person.person_id in expired else []
            click.echo(", ".join(parts))


@people.command("show")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@data_option
@click.pass_context
def people_show(ctx: click.Context, name: str, as_json: bool, data: Path | None) -> None:
    """Show what is kept of NAME.

    \b
    Example:
      kith people show Anna
    """
    from kith.app.opening import open_people

    with open_people(state_of(data)) as gallery:
        person = gallery.person(name)
        sources = gallery.sources(person.person_id)
        others = next(len(each.counterexamples) for each in gallery.records() if each.name == person.name)
        expired = _expired(ctx, gallery.people())
    if as_json:
        echo_json(_as_json(person, expired) | {"sources": sources, "counterexamples": others})
        return
    origin = ", ".join(f"{count} {_ORIGINS.get(key, key)}" for key, count in sources.items())
    click.echo(f"{person.name}{' (a made name)' if person.generated else ''}")
    click.echo(f"  agreed:     {person.consented_at[:10]}")
    click.echo(f"  looks:      {person.templates} ({origin})")
    click.echo(f"  recording:  {person.name_recording or 'none; the name is spoken by the synthetic voice'}")
    click.echo(f"  last met:   {person.met_on or 'not known'}{_expiry_of(person, expired)}")
    click.echo(f"  marked:     {_marks_of(person, others)}")


def looks_of(person: Person) -> str:
    """How many looks there are of somebody, in words."""
    return "1 look" if person.templates == 1 else f"{person.templates} looks"


def _expired(ctx: click.Context, enrolled: list[Person]) -> frozenset[int]:
    from kith.recognition.expiry import due

    return due(enrolled, datetime.now(UTC).date(), settings_of(ctx).expiry).expired


def _expiry_of(person: Person, expired: frozenset[int]) -> str:
    if person.person_id not in expired:
        return ""
    told = f"; the wearer was told so on {person.expiry_told_on}" if person.expiry_told_on else ""
    return f"; not met for long{told}"


def _marks_of(person: Person, others: int) -> str:
    if not others:
        return "never as wrong"
    return f"as wrong {_times(person.marks)} since the last look was enrolled; looks of others kept: {others}"


def _times(count: int) -> str:
    return {0: "never", 1: "once", 2: "twice"}.get(count, f"{count} times")


def _as_json(person: Person, expired: frozenset[int]) -> dict[str, object]:
    return {
        "name": person.name,
        "templates": person.templates,
        "consented_at": person.consented_at,
        "generated": person.generated,
        "name_recording": None if person.name_recording is None else str(person.name_recording),
        "marks": person.marks,
        "met_on": person.met_on,
        "expiry_told_on": person.expiry_told_on,
        "expired": person.person_id in expired,
    }
