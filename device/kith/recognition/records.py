"""Everything that the gallery keeps of people and things, as values: to be carried to another device or kept
safe."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import numpy as np

from kith.errors import InputError
from kith.recognition import people_rows, recordings, template_rows
from kith.recognition.names import name_key, normal_name
from kith.types import F32, Embedding, Kind

SOURCES = ("device", "photo", template_rows.LEARNT)


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateRecord:
    """One template: vector f32[D] of unit norm, read-only, made by the network model_id. source: "device",
    "photo" or "learnt"; created_at: ISO 8601 with a time zone."""

    vector: F32
    model_id: str
    source: str
    created_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterexampleRecord:
    """One look that was given this name wrongly, as a TemplateRecord. counts: no look was enrolled since."""

    vector: F32
    model_id: str
    created_at: str
    counts: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRecord:
    """Someone, or (kind) a thing, entirely. templates: one that is not learnt at least; templates and
    counterexamples: oldest first; recording: a WAV file, None for none; consented_at, created_at: ISO 8601
    with a time zone; met_on: as 2026-03-01, None where it is not known; announced, extent: of a thing, as of
    `Person`."""

    name: str
    generated: bool
    consented_at: str
    created_at: str
    met_on: str | None
    templates: tuple[TemplateRecord, ...]
    counterexamples: tuple[CounterexampleRecord, ...] = ()
    recording: bytes | None = None
    kind: Kind = Kind.PERSON
    announced: bool = False
    extent: float | None = None


def read(connection: sqlite3.Connection, folder: Path) -> list[PersonRecord]:
    """Everybody and everything, by name. folder: what recordings are relative to."""
    rows = connection.execute(
        "SELECT id, name, generated, consented_at, created_at, met_on, name_recording,"
        " kind, announced, extent FROM people ORDER BY name_key"
    ).fetchall()
    return [
        PersonRecord(
            name=name,
            generated=bool(generated),
            consented_at=consented_at,
            created_at=created_at,
            met_on=met_on,
            templates=_templates(connection, person_id),
            counterexamples=_counterexamples(connection, person_id),
            recording=None if recording is None else recordings.read(folder, recording),
            kind=Kind(kind),
            announced=bool(announced),
            extent=extent,
        )
        for (
            person_id,
            name,
            generated,
            consented_at,
            created_at,
            met_on,
            recording,
            kind,
            announced,
            extent,
        ) in rows
    ]


def check(records: Iterable[PersonRecord], model_id: str | None) -> None:
    """Raises InputError, GalleryModelMismatch or DuplicatePerson where these cannot be taken in together."""
    taken: set[str] = set()
    for record in records:
        key = name_key(normal_name(record.name))
        if key in taken:
            raise people_rows.duplicate(record.kind)
        taken.add(key)
        _check_times(record)
        if all(each.source == template_rows.LEARNT for each in record.templates):
            raise InputError("nobody can be taken in without a look that was enrolled")
        if any(each.source not in SOURCES for each in record.templates):
            raise InputError("a look comes from a source that this Kith does not know; update Kith")
        if record.kind is Kind.THING:
            # One that another network was taught is kept all the same: `Gallery.of_another_network`.
            template_rows.check_vectors(_embeddings(record.templates))
        else:
            template_rows.check(_embeddings(record.templates), model_id)
        if record.counterexamples:
            template_rows.check(_embeddings(record.counterexamples), model_id)
        if record.recording is not None:
            recordings.check(record.recording)


def insert(connection: sqlite3.Connection, record: PersonRecord, recording: str | None) -> int:
    """Take someone in whom `check` has passed and whose name nobody has; their id. recording: where it lies,
    relative to the gallery's folder."""
    name = normal_name(record.name)
    cursor = connection.execute(
        "INSERT INTO people"
        " (name, name_key, generated, consented_at, created_at, met_on, name_recording, kind, announced)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            name,
            name_key(name),
            record.generated,
            record.consented_at,
            record.created_at,
            record.met_on,
            recording,
            record.kind,
            record.announced,
        ),
    )
    assert cursor.lastrowid is not None
    person_id = cursor.lastrowid
    people_rows.set_extent(connection, person_id, record.extent)
    connection.executemany(
        "INSERT INTO templates (person_id, model_id, vector, source, created_at) VALUES (?, ?, ?, ?, ?)",
        [
            (person_id, each.model_id, template_rows.blob(each.vector), each.source, each.created_at)
            for each in record.templates
        ],
    )
    newest = template_rows.enrolled_to(connection, person_id)
    connection.executemany(
        "INSERT INTO counterexamples (person_id, model_id, vector, enrolled_to, created_at)"
        " VALUES (?, ?, ?, ?, ?)",
        [
            (
                person_id,
                each.model_id,
                template_rows.blob(each.vector),
                newest if each.counts else 0,
                each.created_at,
            )
            for each in record.counterexamples
        ],
    )
    return person_id


def _templates(connection: sqlite3.Connection, person_id: int) -> tuple[TemplateRecord, ...]:
    return tuple(
        TemplateRecord(vector=_vector(blob), model_id=model_id, source=source, created_at=created_at)
        for blob, model_id, source, created_at in connection.execute(
            "SELECT vector, model_id, source, created_at FROM templates WHERE person_id = ? ORDER BY id",
            (person_id,),
        )
    )


def _counterexamples(connection: sqlite3.Connection, person_id: int) -> tuple[CounterexampleRecord, ...]:
    newest = template_rows.enrolled_to(connection, person_id)
    return tuple(
        CounterexampleRecord(
            vector=_vector(blob), model_id=model_id, created_at=created_at, counts=enrolled_to >= newest
        )
        for blob, model_id, created_at, enrolled_to in connection.execute(
            "SELECT vector, model_id, created_at, enrolled_to FROM counterexamples WHERE person_id = ?"
            " ORDER BY id",
            (person_id,),
        )
    )


def _embeddings(looks: Iterable[TemplateRecord | CounterexampleRecord]) -> list[Embedding]:
    return [Embedding(vector=each.vector, model_id=each.model_id) for each in looks]


def _vector(blob: bytes) -> F32:
    return np.frombuffer(blob, dtype="<f4").astype(np.float32, copy=False)


def _check_times(record: PersonRecord) -> None:
    times = [record.consented_at, record.created_at]
    times += [each.created_at for each in record.templates]
    times += [each.created_at for each in record.counterexamples]
    try:
        naive = any(datetime.fromisoformat(each).tzinfo is None for each in times)
        met_on = record.met_on and date.fromisoformat(record.met_on).isoformat()
    except ValueError:
        naive, met_on = True, None
    if naive or met_on != record.met_on:
        raise InputError("a date of somebody to be taken in cannot be read, or has no time zone")
