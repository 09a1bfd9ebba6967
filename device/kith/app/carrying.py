"""People and things carried from one device to another, or kept safe, in one sealed file
(`kith.app.people_file` within `kith.app.sealing`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kith.app import likeness
from kith.app.people_file import Unusable, foreign, packed, unpacked
from kith.app.sealing import read_sealed, write_sealed
from kith.errors import GalleryModelMismatch, InputError
from kith.recognition.gallery import Gallery
from kith.recognition.matcher import Matcher
from kith.recognition.names import name_key
from kith.recognition.operating_point import OperatingPoint
from kith.recognition.records import CounterexampleRecord, PersonRecord, TemplateRecord
from kith.types import Embedding, Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """The network whose templates this Kith compares, and how many numbers each has."""

    model_id: str
    dimension: int

    @classmethod
    def of(cls, models: Path) -> Network:
        """The one that a models folder names. Raises ModelError."""
        # Imported here: writing people needs nothing of it.
        from kith.vision.networks import read_manifest

        embedder = read_manifest(models).networks["embedder"]
        return cls(model_id=embedder.model_id, dimension=embedder.outputs[0].shape[-1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """Who was written, by name, how many of them are things, and how many have a recording."""

    names: tuple[str, ...]
    things: int
    recordings: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """Who was taken in, by name: new, or in the place of who had the name; how many of them are things and
    how many have a recording; and who was left out since the name is there already. resembling: who of the
    new looks like whom that was here."""

    added: tuple[str, ...]
    replaced: tuple[str, ...]
    skipped: tuple[str, ...]
    things: int
    recordings: int
    resembling: tuple[tuple[str, str], ...] = ()


def export_people(
    gallery: Gallery, path: Path, passphrase: str, names: Sequence[str] | None = None, *, force: bool = False
) -> Exported:
    """Write all that is kept of these people and things, or of all, into a sealed file, whole or not at all;
    one that is there is replaced only by force. Raises PersonNotFound, InputError, GalleryError."""
    records = gallery.records()
    if names is not None:
        keys = {name_key(gallery.one_of(None, name).name) for name in names}
        records = [each for each in records if name_key(each.name) in keys]
    if not records:
        raise InputError("nobody is enrolled and nothing was taught: there is nothing to export")
    content = packed(records)
    try:
        unpacked(content)  # What could not be read again must not be handed out as a backup.
    except Unusable as error:
        raise InputError(f"nothing was written: what would be {error}") from None
    write_sealed(path, content, passphrase, force=force)
    return Exported(
        names=tuple(each.name for each in records), things=_things(records), recordings=_recordings(records)
    )


def people_of(path: Path, passphrase: str, network: Network) -> list[PersonRecord]:
    """The people and things in a sealed file, each checked. Raises InputError, or GalleryModelMismatch where
    another network made the templates of people; things are taken whatever network made theirs."""
    content = read_sealed(path, passphrase)
    try:
        records = unpacked(content)
        _check_network(records, network)
    except Unusable as error:
        raise InputError(f"{path} {error}; nothing was changed") from None
    return records


def take_in(
    gallery: Gallery, records: Sequence[PersonRecord], point: OperatingPoint, *, replace: bool = False
) -> Imported:
    """Take people in, in one change. Who is here by name already stays and is left out, or with `replace` is
    forgotten for the other of that name. Raises InputError or GalleryError; then nothing was changed."""
    here = gallery.names()
    known = [each for each in records if name_key(each.name) in here]
    new = [each for each in records if name_key(each.name) not in here]
    taken = [*new, *known] if replace else new
    resembling = _resembling(gallery, new, point)
    if taken:
        gallery.add_records(taken, replace=replace)
    return Imported(
        added=tuple(each.name for each in new),
        replaced=tuple(each.name for each in known) if replace else (),
        skipped=() if replace else tuple(each.name for each in known),
        things=_things(taken),
        recordings=_recordings(taken),
        resembling=resembling,
    )


def _resembling(
    gallery: Gallery, new: Sequence[PersonRecord], point: OperatingPoint
) -> tuple[tuple[str, str], ...]:
    matcher, people = Matcher(gallery.templates(), point, gallery.counterexamples()), gallery.people()
    alike = []
    for record in _people(new):
        looks = [Embedding(vector=each.vector, model_id=each.model_id) for each in record.templates]
        other = likeness.resembling(matcher, looks, people) if looks else None
        if other is not None:
            alike.append((record.name, other))
    return tuple(alike)


def _check_network(records: Sequence[PersonRecord], network: Network) -> None:
    for record in _people(records):
        every: list[TemplateRecord | CounterexampleRecord] = [*record.templates, *record.counterexamples]
        for each in every:
            if each.model_id != network.model_id:
                raise GalleryModelMismatch(
                    f"these people's looks were made by the network {each.model_id}, and this Kith runs "
                    f"{network.model_id}: nothing was changed; export them again with a Kith that runs the "
                    f"same, or enrol them from photos with `kith people add`"
                )
            if len(each.vector) != network.dimension:
                raise foreign()


def _people(records: Sequence[PersonRecord]) -> list[PersonRecord]:
    return [each for each in records if each.kind is Kind.PERSON]


def _things(records: Sequence[PersonRecord]) -> int:
    return sum(each.kind is Kind.THING for each in records)


def _recordings(records: Sequence[PersonRecord]) -> int:
    return sum(each.recording is not None for each in records)
