"""The carer's commands that carry people from one device to another, in one sealed file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kith.cli.base import data_option, models_option, state_of
from kith.cli.people import people
from kith.errors import InputError

if TYPE_CHECKING:
    from kith.app.carrying import Imported

_passphrase_file = click.option(
    "--passphrase-file",
    "passphrase_file",
    type=click.Path(path_type=Path),
    help="Take the passphrase from the first line of this file, for scripts, instead of asking.",
)
_LONGEST_LINE = 4096


@people.command("export")
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("names", nargs=-1)
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@_passphrase_file
@data_option
def people_export(
    file: Path, names: tuple[str, ...], force: bool, passphrase_file: Path | None, data: Path | None
) -> None:
    """Write everybody and all things, or only NAMES, into FILE, which only a passphrase opens.

    It holds looks, recordings and dates of consent: all that is kept. `kith people import`
    takes it in elsewhere; `age -d FILE` opens it too (age-encryption.org). Without the passphrase nobody
    can open it ever, so keep that apart from the file and safe.

    \b
    Examples:
      kith people export kith-2026-11-22.age
      kith people export anna-only.age Anna --passphrase-file secret.txt
    """
    from kith.app.carrying import export_people
    from kith.app.opening import open_people
    from kith.app.sealing import check_passphrase, check_target

    check_target(file, force=force)
    with open_people(state_of(data)) as gallery:
        for name in names:
            gallery.one_of(None, name)
        passphrase = _passphrase(passphrase_file, twice=True)
        check_passphrase(passphrase)
        written = export_people(gallery, file, passphrase, names or None, force=force)
    click.echo(
        f"{_count(len(written.names), written.things)} written to {file}, {_recorded(written.recordings)}."
    )


@people.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--replace", is_flag=True, help="Put those of the file in the place of those of the same name.")
@_passphrase_file
@data_option
@models_option
def people_import(
    file: Path, replace: bool, passphrase_file: Path | None, data: Path | None, models: Path | None
) -> None:
    """Take in the people and things of FILE, which `kith people export` wrote: all in one change, or nobody.

    Who is here by name already stays as they are, unless --replace says that the file's are to take their
    place; then everything of theirs here is erased.

    \b
    Examples:
      kith people import kith-2026-11-22.age
      kith people import kith-2026-11-22.age --replace --passphrase-file secret.txt
    """
    from kith.app.carrying import Network, people_of, take_in
    from kith.app.paths import calibration_dir, gallery_file, models_dir
    from kith.app.sealing import check_sealed
    from kith.recognition.gallery import Gallery
    from kith.recognition.operating_point import load_operating_point

    check_sealed(file)
    network = Network.of(models or models_dir())
    # Read before the gallery is opened, which makes one where there is none.
    records = people_of(file, _passphrase(passphrase_file, twice=False), network)
    with Gallery.open(gallery_file(state_of(data)), network.model_id) as gallery:
        point = load_operating_point(calibration_dir() / "operating_point.toml", network.model_id)
        taken = take_in(gallery, records, point, replace=replace)
    _tell_taken(file, taken)


def _tell_taken(file: Path, taken: Imported) -> None:
    count = len(taken.added) + len(taken.replaced)
    click.echo(f"{_count(count, taken.things)} taken in from {file}, {_recorded(taken.recordings)}.")
    if taken.replaced:
        click.echo(f"In the place of those of the same name: {', '.join(taken.replaced)}.")
    for new, other in taken.resembling:
        click.echo(f"Note: {new} looks like {other}. If they are one person, forget one of the two.")
    if taken.skipped:
        click.echo(
            f"Here already, and left as they are: {', '.join(taken.skipped)}. "
            f"--replace would put the file's in their place."
        )


def _passphrase(file: Path | None, *, twice: bool) -> str:
    if file is not None:
        return _first_line(file)
    if not sys.stdin.isatty():
        raise InputError(
            "there is no terminal to ask for the passphrase; put it into a file that only you may read and "
            "name it with --passphrase-file"
        )
    asked: str = click.prompt("Passphrase", hide_input=True, confirmation_prompt=twice, err=True)
    return asked


def _first_line(file: Path) -> str:
    try:
        with file.open("rb") as lines:
            line = lines.readline(_LONGEST_LINE)
        return line.decode("utf-8").rstrip("\r\n")
    except OSError as error:
        raise InputError(f"cannot read the passphrase from {file}: {error.strerror}") from error
    except UnicodeDecodeError:
        raise InputError(f"the first line of {file} is no text in UTF-8") from None


def _count(everything: int, things: int) -> str:
    persons = everything - things
    people_told = {0: "Nobody", 1: "1 person"}.get(persons, f"{persons} people")
    if not things:
        return people_told
    things_told = "1 thing" if things == 1 else f"{things} things"
    return f"{people_told} and {things_told}" if persons else things_told


def _recorded(recordings: int) -> str:
    return "none with a recording" if not recordings else f"{recordings} with a recording"
