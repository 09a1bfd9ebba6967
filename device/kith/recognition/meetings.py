"""When people were last met, and when the wearer was told that this is long ago."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable
from datetime import date

from kith.types import Kind


def outdated(connection: sqlite3.Connection, person_ids: Iterable[int], on: date) -> list[int]:
    """For whom of these `met` would change anything."""
    rows = connection.execute(
        "SELECT id FROM people"
        " WHERE kind = ? AND (met_on IS NULL OR met_on < ? OR expiry_told_on IS NOT NULL)",
        (Kind.PERSON, on.isoformat()),
    )
    return sorted({person_id for (person_id,) in rows}.intersection(person_ids))


def met(connection: sqlite3.Connection, person_ids: Collection[int], on: date) -> None:
    """They were met. A day before the one that is known changes nothing but that they were not told of: the
    clock of a Pi jumps, and to have been met counts even then."""
    connection.executemany(
        "UPDATE people SET met_on = max(coalesce(met_on, ?1), ?1), expiry_told_on = NULL WHERE id = ?2",
        [(on.isoformat(), person_id) for person_id in person_ids],
    )


def untold(connection: sqlite3.Connection, person_ids: Iterable[int]) -> list[int]:
    """For whom of these `told_of_expiry` would change anything."""
    rows = connection.execute(
        "SELECT id FROM people WHERE kind = ? AND expiry_told_on IS NULL", (Kind.PERSON,)
    )
    return sorted({person_id for (person_id,) in rows}.intersection(person_ids))


def told_of_expiry(connection: sqlite3.Connection, person_ids: Collection[int], on: date) -> None:
    """The wearer was told of them; the first time counts."""
    connection.executemany(
        "UPDATE people SET expiry_told_on = ? WHERE id = ? AND expiry_told_on IS NULL",
        [(on.isoformat(), person_id) for person_id in person_ids],
    )
