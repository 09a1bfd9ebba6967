"""The table of people, and of things among them: how it is read, and how written within a change."""

from __future__ import annotations

import math
import sqlite3
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple

from kith.errors import DuplicatePerson, InputError, PersonNotFound
from kith.recognition.names import generated_name, name_key, normal_name
from kith.types import Kind, Person


class Row(NamedTuple):
    """As `_PEOPLE` reads it."""

    person_id: int
    name: str
    consented_at: str
    name_recording: str | None
    generated: int
    templates: int
    marks: int
    met_on: str | None
    expiry_told_on: str | None
    kind: str
    announced: int
    extent: float | None


_PEOPLE = """
    SELECT id, name, consented_at, name_recording, generated,
        (SELECT count(*) FROM templates WHERE person_id = people.id),
        (SELECT count(*) FROM counterexamples WHERE person_id = people.id AND enrolled_to >= (
            SELECT coalesce(max(id), 0) FROM templates WHERE person_id = people.id AND source <> 'learnt')),
        met_on, expiry_told_on, kind, announced, extent
    FROM people
"""


def everybody(connection: sqlite3.Connection, kind: Kind, folder: Path) -> list[Person]:
    """All of one kind, by name. folder: what recordings are relative to."""
    rows = connection.execute(f"{_PEOPLE} WHERE kind = ? ORDER BY name_key", (kind,)).fetchall()
    return [person_of(Row(*row), folder) for row in rows]


def find(connection: sqlite3.Connection, name: str) -> Row | None:
    """Who has that name, of either kind, upper or lower case. Raises InputError for what is no name."""
    return _one(connection, "name_key = ?", name_key(normal_name(name)))


def named(connection: sqlite3.Connection, name: str, kind: Kind | None) -> Row:
    """Who of that kind, or of either with None, has that name, upper or lower case. Raises PersonNotFound,
    InputError."""
    return _of_kind(find(connection, name), kind)


def require(connection: sqlite3.Connection, person_id: int, kind: Kind | None = None) -> Row:
    """Who of that kind, or of either with None, has that id. Raises PersonNotFound."""
    return _of_kind(_one(connection, "id = ?", person_id), kind)


def _one(connection: sqlite3.Connection, where: str, value: Any) -> Row | None:
    row = connection.execute(f"{_PEOPLE} WHERE {where}", (value,)).fetchone()
    return None if row is None else Row(*row)


def _of_kind(row: Row | None, kind: Kind | None) -> Row:
    if row is None:
        raise not_found(kind or Kind.PERSON)
    if kind is not None and kind_of(row) is not kind:
        raise of_the_other_kind(kind_of(row))
    return row


def kind_of(row: Row) -> Kind:
    """What a row is."""
    return Kind(row.kind)


def person_of(row: Row, folder: Path) -> Person:
    """A row as a value."""
    return Person(
        person_id=row.person_id,
        name=row.name,
        consented_at=row.consented_at,
        templates=row.templates,
        name_recording=None if row.name_recording is None else folder / row.name_recording,
        generated=bool(row.generated),
        marks=row.marks,
        met_on=row.met_on,
        expiry_told_on=row.expiry_told_on,
        kind=kind_of(row),
        announced=bool(row.announced),
        extent=row.extent,
    )


def keys(connection: sqlite3.Connection) -> frozenset[str]:
    """The keys of all names, of both kinds."""
    return frozenset(key for (key,) in connection.execute("SELECT name_key FROM people"))


def insert(
    connection: sqlite3.Connection, kind: Kind, name: str | None, consented_at: datetime, met_on: date | None
) -> int:
    """Somebody or something new, met that day; with None under a made name; the id. Raises DuplicatePerson,
    InputError."""
    if name is None:
        count = connection.execute("SELECT count(*) FROM people WHERE kind = ?", (kind,)).fetchone()[0]
        final = generated_name(kind, keys(connection), count)
    else:
        final = normal_name(name)
    if (taken := find(connection, final)) is not None:
        raise duplicate(kind_of(taken))
    cursor = connection.execute(
        "INSERT INTO people (name, name_key, generated, consented_at, created_at, met_on, kind)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            final,
            name_key(final),
            name is None,
            text(consented_at),
            text(datetime.now(UTC)),
            None if met_on is None else met_on.isoformat(),
            kind,
        ),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def rename(connection: sqlite3.Connection, old: str, new: str, kind: Kind) -> None:
    """Raises PersonNotFound, DuplicatePerson, InputError."""
    final = normal_name(new)
    person_id = named(connection, old, kind).person_id
    taken = find(connection, final)
    if taken is not None and taken.person_id != person_id:
        raise duplicate(kind_of(taken))
    connection.execute(
        "UPDATE people SET name = ?, name_key = ?, generated = 0 WHERE id = ?",
        (final, name_key(final), person_id),
    )


def set_recording(connection: sqlite3.Connection, person_id: int, recording: str | None) -> None:
    """recording: relative to the gallery's folder."""
    connection.execute("UPDATE people SET name_recording = ? WHERE id = ?", (recording, person_id))


def set_announced(connection: sqlite3.Connection, thing_id: int, announced: bool) -> None:
    """Whether a thing is told of unasked. Raises PersonNotFound."""
    require(connection, thing_id, Kind.THING)
    connection.execute("UPDATE people SET announced = ? WHERE id = ?", (announced, thing_id))


def set_extent(connection: sqlite3.Connection, thing_id: int, extent: float | None) -> None:
    """How large a thing was in the hand. Raises InputError."""
    if extent is not None and not (math.isfinite(extent) and extent > 0):
        raise InputError("how large a thing was must be a number above 0")
    connection.execute("UPDATE people SET extent = ? WHERE id = ?", (extent, thing_id))


def recordings(connection: sqlite3.Connection) -> frozenset[str]:
    """All recordings that people and things have, relative to the gallery's folder."""
    rows = connection.execute("SELECT name_recording FROM people WHERE name_recording IS NOT NULL")
    return frozenset(recording for (recording,) in rows)


def text(moment: datetime) -> str:
    """A moment as the file keeps it. Raises InputError for one without a time zone."""
    if moment.tzinfo is None:
        raise InputError("a date of consent needs a time zone")
    return moment.astimezone(UTC).isoformat(timespec="seconds")


_LISTS = {Kind.PERSON: "kith people list", Kind.THING: "kith things list"}


def duplicate(kind: Kind) -> DuplicatePerson:
    """The error for a name that somebody or something of this kind has."""
    return DuplicatePerson(f"there is already a {kind} of that name; `{_LISTS[kind]}` shows all")


def not_found(kind: Kind) -> PersonNotFound:
    """The error for a name or an id that nobody, or nothing, of this kind has."""
    return PersonNotFound(f"there is no {kind} of that name; `{_LISTS[kind]}` shows what there is")


def of_the_other_kind(kind: Kind) -> PersonNotFound:
    """The error where the other kind was meant: what has the name is of this one."""
    commands = {Kind.PERSON: "kith people", Kind.THING: "kith things"}[kind]
    return PersonNotFound(f"that is the name of a {kind}: `{commands} --help` shows what can be done with it")
