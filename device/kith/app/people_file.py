"""The form in which people lie within a sealed file: a plain tar archive, to be read in many years by any
means. `kith.json` says what it is and how it is to be read; each person is `people/0001.json` and, where
there is a recording of the name, `people/0001.wav`. Things lie there as people do."""

from __future__ import annotations

import base64
import binascii
import io
import json
import math
import tarfile
import wave
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import numpy as np

from kith.announce.recording import LONGEST_S
from kith.errors import InputError
from kith.recognition.names import name_key, normal_name
from kith.recognition.records import CounterexampleRecord, PersonRecord, TemplateRecord
from kith.types import F32, Kind

FORMAT = 2
_WITHOUT_THINGS = 1
"""What a Kith reads too that knows no things: it would take them for people."""
MOST_PEOPLE = 1000
"""More than anybody greets: a file of more is no gallery's."""
_LARGEST_JSON = 2**20
"""Bytes, of one person: 1,300 looks."""
_ABOUT = (
    "People known to Kith, one JSON file each. vector: base64 of float32 numbers, little-endian, of length "
    "one, made of a face by the network model_id; counterexamples: looks of others that were given this name "
    "wrongly. A recording of the name is the WAV file of the same number. kind: person, or thing for "
    "something that was taught, whose vectors another network made of its looks; extent: how large it was, "
    "of the width of the picture; announced: whether it is told of unasked."
)
_MANIFEST = "kith.json"

T = TypeVar("T")


def packed(records: Sequence[PersonRecord]) -> bytes:
    """People as a tar archive."""
    manifest = {
        "format": FORMAT if any(each.kind is Kind.THING for each in records) else _WITHOUT_THINGS,
        "about": _ABOUT,
        "written_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "model_ids": sorted({each.model_id for record in records for each in record.templates}),
        "people": len(records),
    }
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        _put(tar, _MANIFEST, _as_json(manifest))
        for number, record in enumerate(records, start=1):
            _put(tar, f"people/{number:04}.json", _as_json(_person(record)))
            if record.recording is not None:
                _put(tar, f"people/{number:04}.wav", record.recording)
    return buffer.getvalue()


def unpacked(content: bytes) -> list[PersonRecord]:
    """The people of such an archive, each checked. Raises InputError."""
    files = _files(content)
    count = _check_manifest(_json(files, _MANIFEST))
    records = []
    for number in range(1, count + 1):
        wav = files.get(f"people/{number:04}.wav")
        records.append(_record(_json(files, f"people/{number:04}.json"), None if wav is None else bytes(wav)))
    if set(files) - {
        _MANIFEST,
        *(f"people/{n:04}.{kind}" for n in range(1, count + 1) for kind in ("json", "wav")),
    }:
        raise foreign()
    if len({name_key(each.name) for each in records}) < len(records):
        raise Unusable("holds two of one name")
    return records


class Unusable(InputError):
    """What is wrong with a file, to come after its name."""


def _files(content: bytes) -> dict[str, memoryview]:
    """The files of an archive by name, as they lie in it: nothing is unpacked anywhere."""
    found: dict[str, memoryview] = {}
    view = memoryview(content)
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as tar:
            for member in tar:
                # A name that comes twice also ends an archive that leads back into itself.
                if member.name in found or len(found) > 2 * MOST_PEOPLE:
                    raise foreign()
                if member.type not in (tarfile.REGTYPE, tarfile.AREGTYPE) or member.sparse is not None:
                    raise foreign()
                found[member.name] = view[member.offset_data : member.offset_data + member.size]
    except (tarfile.TarError, ValueError, ArithmeticError, EOFError, OSError, RecursionError) as error:
        if isinstance(error, InputError):
            raise
        raise foreign() from None
    return found


def _check_manifest(manifest: Mapping[str, Any]) -> int:
    """How many people there are."""
    form, count = manifest.get("format"), manifest.get("people")
    if type(form) is not int or type(count) is not int or count < 0:
        raise foreign()
    if form > FORMAT:
        raise Unusable(
            f"was written by a newer Kith (its form is number {form}, this one knows up to {FORMAT}); "
            f"update Kith"
        )
    if count > MOST_PEOPLE:
        raise Unusable(f"holds more than {MOST_PEOPLE:,} people, which no gallery does")
    return count


def _json(files: Mapping[str, memoryview], name: str) -> dict[str, Any]:
    if name not in files or len(files[name]) > _LARGEST_JSON:
        raise foreign()
    try:
        value = json.loads(bytes(files[name]).decode("utf-8"))
    except (ValueError, RecursionError):
        raise foreign() from None
    if not isinstance(value, dict):
        raise foreign()
    return value


def _person(record: PersonRecord) -> dict[str, Any]:
    return {
        "name": record.name,
        "generated": record.generated,
        "consented_at": record.consented_at,
        "created_at": record.created_at,
        "met_on": record.met_on,
        "templates": [
            {
                "vector": _text(each.vector),
                "model_id": each.model_id,
                "source": each.source,
                "created_at": each.created_at,
            }
            for each in record.templates
        ],
        "counterexamples": [
            {
                "vector": _text(each.vector),
                "model_id": each.model_id,
                "created_at": each.created_at,
                "counts": each.counts,
            }
            for each in record.counterexamples
        ],
        **(_of_thing(record) if record.kind is Kind.THING else {}),
    }


def _of_thing(record: PersonRecord) -> dict[str, Any]:
    return {"kind": record.kind.value, "announced": record.announced, "extent": record.extent}


def _record(person: Mapping[str, Any], wav: bytes | None) -> PersonRecord:
    if wav is not None:
        _check_recording(wav)
    try:
        name = normal_name(_value(person, "name", str))
    except InputError as error:
        raise Unusable(f"holds a name that cannot be one: {error}") from None
    kind = _kind(person)
    return PersonRecord(
        name=name,
        kind=kind,
        announced=kind is Kind.THING and _value(person, "announced", bool),
        extent=_extent(person) if kind is Kind.THING else None,
        generated=_value(person, "generated", bool),
        consented_at=_moment(person, "consented_at"),
        created_at=_moment(person, "created_at"),
        met_on=None if person.get("met_on") is None else _value(person, "met_on", str),
        templates=tuple(_each(person, "templates", _template)),
        counterexamples=tuple(_each(person, "counterexamples", _counterexample)),
        recording=wav,
    )


def _kind(person: Mapping[str, Any]) -> Kind:
    try:
        kind = Kind(person.get("kind", Kind.PERSON))
    except ValueError:
        raise foreign() from None
    if kind is Kind.THING and person.get("counterexamples"):
        raise foreign()
    return kind


def _extent(thing: Mapping[str, Any]) -> float | None:
    extent = thing.get("extent")
    if extent is None:
        return None
    if not (isinstance(extent, float) and 0.0 < extent < math.inf):
        raise foreign()
    return extent


def _template(value: Mapping[str, Any]) -> TemplateRecord:
    return TemplateRecord(
        vector=_vector(_value(value, "vector", str)),
        model_id=_value(value, "model_id", str),
        source=_value(value, "source", str),
        created_at=_moment(value, "created_at"),
    )


def _counterexample(value: Mapping[str, Any]) -> CounterexampleRecord:
    return CounterexampleRecord(
        vector=_vector(_value(value, "vector", str)),
        model_id=_value(value, "model_id", str),
        created_at=_moment(value, "created_at"),
        counts=_value(value, "counts", bool),
    )


def _each(person: Mapping[str, Any], key: str, read: Callable[[Mapping[str, Any]], T]) -> list[T]:
    values = _value(person, key, list)
    if not all(isinstance(each, dict) for each in values):
        raise foreign()
    return [read(each) for each in values]


def _value(values: Mapping[str, Any], key: str, kind: type[T]) -> T:
    value = values.get(key)
    if not isinstance(value, kind):
        raise foreign()
    return value


def _moment(values: Mapping[str, Any], key: str) -> str:
    moment = _value(values, key, str)
    try:
        zone = datetime.fromisoformat(moment).tzinfo
    except ValueError:
        zone = None
    if zone is None:
        raise foreign()
    return moment


def _vector(text: str) -> F32:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise foreign() from None
    vector = np.frombuffer(data, "<f4") if len(data) % 4 == 0 else np.zeros(0, np.float32)
    # Neither NaN nor infinite either: those have no length.
    if not abs(float(np.linalg.norm(vector.astype(np.float64))) - 1.0) < 1e-3:
        raise foreign()
    return vector.astype(np.float32, copy=False)


def _text(vector: F32) -> str:
    return base64.b64encode(vector.astype("<f4").tobytes()).decode("ascii")


def _check_recording(wav: bytes) -> None:
    try:
        with wave.open(io.BytesIO(wav), "rb") as file:
            seconds = file.getnframes() / file.getframerate()
    except (wave.Error, EOFError, ArithmeticError):
        seconds = 0.0
    if not 0.0 < seconds <= LONGEST_S:
        raise Unusable(f"holds a recording that is no sound, or longer than {LONGEST_S:.0f} s")


def _put(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), 0o600
    tar.addfile(member, io.BytesIO(content))


def _as_json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1).encode("utf-8")


def foreign() -> Unusable:
    """It is something else, or damaged."""
    return Unusable("opened, but what is in it is not people as `kith people export` writes them")
