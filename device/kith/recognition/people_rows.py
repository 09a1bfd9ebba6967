"""The table of people: how it is read, and how written within a change."""

from __future__ import annotations

import sqlite3
from datetime import UTC, date, datetime
from pathlib import Path

from kith.errors import DuplicatePerson, InputError, PersonNotFound
from kith.recognition.names import generated_name, name_key, normal_name
from kith.types import Person

Row = tuple[int, str, str, str | None, int, int, int, str | None, str | None]

_PEOPLE = """
    SELECT id, name, consented_at, name_recording, generated,
        (SELECT count(*) FROM templates WHERE person_id = people.id),
        (SELECT count(*) FROM counterexamples WHERE person_id = people.id AND enrolled_to >= (
            SELECT coalesce(max(id), 0) FROM templates WHERE person_id = people.id AND source <> 'learnt')),
        met_on, expiry_told_on
    FROM people
"""


def everybody(connection: sqlite3.Connection, folder: Path) -> list[Person]:
    """Everybody, by name. folder: what recordings are relative to."""
    return [person_of(row, folder) for row in connection.execute(f"{_PEOPLE} ORDER BY name_key").fetchall()]


def find(connection: sqlite3.Connection, name: str) -> Row | None:
    """Who has that name, upper or lower case. Raises InputError for what is no name."""
    row: Row | None = connection.execute(
        f"{_PEOPLE} WHERE name_key = ?", (name_key(normal_name(name)),)
    ).fetchone()
    return row


def named(connection: sqlite3.Connection, name: str) -> Row:
    """Who has that name, upper or lower case. Raises PersonNotFound, InputError."""
    row = find(connection, name)
    if row is None:
        raise not_found()
    return row


def require(connection: sqlite3.Connection, person_id: int) -> Row:
    """Who has that id. Raises PersonNotFound."""
    row: Row | None = connection.execute(f"{_PEOPLE} WHERE id = ?", (person_id,)).fetchone()
    if row is None:
        raise not_found()
    return row


def person_of(row: Row, folder: Path) -> Person:
    """A row as a value."""
    person_id, name, consented_at, recording, generated, templates, marks, met_on, told_on = row
    return Person(
        person_id=person_id,
        name=name,
        consented_at=consented_at,
        templates=templates,
        name_recording=None if recording is None else folder / recording,
        generated=bool(generated),
        marks=marks,
        met_on=met_on,
        expiry_told_on=told_on,
    )


def keys(connection: sqlite3.Connection) -> frozenset[str]:
    """The keys of all names."""
    return frozenset(key for (key,) in connection.execute("SELECT name_key FROM people"))


def insert(
    connection: sqlite3.Connection, name: str | None, consented_at: datetime, met_on: date | None = None
) -> int:
    """Somebody new, met that day, today if that is None; with None under a made name; their id. Raises
    DuplicatePerson, InputError."""
    taken = keys(connection)
    final = generated_name(taken) if name is None else normal_name(name)
    if name_key(final) in taken:
        raise duplicate()
    now = datetime.now(UTC)
    day = met_on or now.date()
    cursor = connection.execute(
        "INSERT INTO people (name, name_key, generated, consented_at, created_at, met_on)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (final, name_key(final), name is None, text(consented_at), text(now), day.isoformat()),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def rename(connection: sqlite3.Connection, old: str, new: str) -> None:
    """Raises PersonNotFound, DuplicatePerson, InputError."""
    final = normal_name(new)
    person_id = named(connection, old)[0]
    if name_key(final) != name_key(normal_name(old)) and find(connection, final) is not None:
        raise duplicate()
    connection.execute(
        "UPDATE people SET name = ?, name_key = ?, generated = 0 WHERE id = ?",
        (final, name_key(final), person_id),
    )


def set_recording(connection: sqlite3.Connection, person_id: int, recording: str | None) -> None:
    """recording: relative to the gallery's folder."""
    connection.execute("UPDATE people SET name_recording = ? WHERE id = ?", (recording, person_id))


def recordings(connection: sqlite3.Connection) -> frozenset[str]:
    """All recordings that people have, relative to the gallery's folder."""
    rows = connection.execute("SELECT name_recording FROM people WHERE name_recording IS NOT NULL")
    return frozenset(recording for (recording,) in rows)


def text(moment: datetime) -> str:
    """A moment as the file keeps it. Raises InputError for one without a time zone."""
    if moment.tzinfo is None:
        raise InputError("a date of consent needs a time zone")
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def duplicate() -> DuplicatePerson:
    """The error for a name that somebody has."""
    return DuplicatePerson("there is already a person of that name; `kith people list` shows all")


def not_found() -> PersonNotFound:
    """The error for a name or an id that nobody has."""
    return PersonNotFound("there is no person of that name; `kith people list` shows who there is")
