"""The gallery's tables, as named steps that are applied once each, and the check that a file is sound."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from kith.errors import GallerySchemaTooNew
from kith.recognition.faults import corrupt

APPLICATION_ID = 0x4B495448  # "KITH"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One migration. It runs in a transaction together with the record that it ran."""

    name: str
    statements: tuple[str, ...]


STEPS = (
    Step(
        name="0001 people and templates",
        statements=(
            """CREATE TABLE people (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                name TEXT NOT NULL,
                name_key TEXT NOT NULL UNIQUE,
                generated INTEGER NOT NULL CHECK (generated IN (0, 1)),
                consented_at TEXT NOT NULL,
                name_recording TEXT,
                created_at TEXT NOT NULL
            ) STRICT""",
            """CREATE TABLE templates (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                person_id INTEGER NOT NULL REFERENCES people (id) ON DELETE CASCADE,
                model_id TEXT NOT NULL,
                vector BLOB NOT NULL,
                source TEXT NOT NULL,
                created_at TEXT NOT NULL
            ) STRICT""",
            "CREATE INDEX templates_of_person ON templates (person_id)",
            # What is still to be removed outside the database after someone was forgotten.
            "CREATE TABLE erasures (id INTEGER PRIMARY KEY, recording TEXT) STRICT",
        ),
    ),
    Step(
        name="0002 names marked wrong, and when people were met",
        statements=(
            # enrolled_to: the newest template then that was not learnt; a mark counts until there is a newer.
            """CREATE TABLE counterexamples (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                person_id INTEGER NOT NULL REFERENCES people (id) ON DELETE CASCADE,
                model_id TEXT NOT NULL,
                vector BLOB NOT NULL,
                enrolled_to INTEGER NOT NULL,
                created_at TEXT NOT NULL
            ) STRICT""",
            "CREATE INDEX counterexamples_of_person ON counterexamples (person_id)",
            "ALTER TABLE people ADD COLUMN met_on TEXT",
            "ALTER TABLE people ADD COLUMN expiry_told_on TEXT",
        ),
    ),
    Step(
        name="0003 things beside people",
        statements=(
            # A thing has a name, templates and a recording as a person has, and what holds for these holds.
            "ALTER TABLE people ADD COLUMN kind TEXT NOT NULL DEFAULT 'person'"
            " CHECK (kind IN ('person', 'thing'))",
            "ALTER TABLE people ADD COLUMN announced INTEGER NOT NULL DEFAULT 0 CHECK (announced IN (0, 1))",
            "ALTER TABLE people ADD COLUMN extent REAL CHECK (extent > 0)",
        ),
    ),
)


def schema_version(connection: sqlite3.Connection) -> int:
    """How many steps the file has; 0 when it is new."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def migrate(connection: sqlite3.Connection, steps: tuple[Step, ...]) -> None:
    """Apply the steps that are pending. A step that fails leaves the file as it was before that step."""
    # Imported here: it costs 60 ms and 9 MiB, and only a new or an old file needs it.
    from sqlite_utils import Database
    from sqlite_utils.migrations import Migrations

    migrations = Migrations("kith")
    for number, step in enumerate(steps, start=1):
        migrations(name=step.name)(partial(_apply, step, number))
    migrations.apply(Database(connection, execute_plugins=False))


def check_sound(connection: sqlite3.Connection, path: Path, newest: int) -> None:
    """Read the whole file once. Raises GalleryCorrupt or GallerySchemaTooNew; an empty new file is sound."""
    version = schema_version(connection)
    tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    if version == 0 and tables == 0:
        return
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        raise corrupt(path, "it is not a gallery of Kith")
    if version > newest:
        raise GallerySchemaTooNew(
            f"{path} was written by a newer Kith (its form is number {version}, this one knows up to "
            f"{newest}); update Kith"
        )
    if connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
        raise corrupt(path, "its pages are damaged")
    if connection.execute("PRAGMA foreign_key_check").fetchone() is not None:
        raise corrupt(path, "it holds templates of nobody")
    # SQLite has no checksums: a zeroed sector within a page is seen only in what it held.
    _check_vectors(connection, path, "templates")
    if any(not name or "\0" in name for (name,) in connection.execute("SELECT name FROM people")):
        raise corrupt(path, "a name in it is damaged")
    if version >= 2:
        _check_vectors(connection, path, "counterexamples")
        _check_days(connection, path)


def _check_vectors(connection: sqlite3.Connection, path: Path, table: str) -> None:
    for (blob,) in connection.execute(f"SELECT vector FROM {table}"):
        vector = np.frombuffer(blob, dtype="<f4") if len(blob) % 4 == 0 else np.zeros(0, np.float32)
        if not abs(float(np.linalg.norm(vector)) - 1.0) < 1e-3:
            raise corrupt(path, "a template in it is damaged")


def _check_days(connection: sqlite3.Connection, path: Path) -> None:
    try:
        for row in connection.execute("SELECT met_on, expiry_told_on FROM people"):
            for day in row:
                if day is not None:
                    date.fromisoformat(day)
    except ValueError:
        raise corrupt(path, "a date in it is damaged") from None


def brought_up_to_date(connection: sqlite3.Connection) -> sqlite3.Connection:
    """A copy in memory with all steps applied, for a file that must not be changed."""
    copy = sqlite3.connect(":memory:", isolation_level=None)
    connection.backup(copy)
    migrate(copy, STEPS)
    return copy


def _apply(step: Step, version: int, database: Any) -> None:
    connection: sqlite3.Connection = database.conn
    for statement in step.statements:
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {version}")
