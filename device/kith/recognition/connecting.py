"""How SQLite is asked for the gallery's file."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from kith.recognition import migrations
from kith.recognition.faults import corrupt, translated
from kith.recognition.files import make_private

BUSY_S = 10.0
"""So long another program that uses the file is waited for."""


def connect(path: Path) -> sqlite3.Connection:
    """Open or create a file to read and change it. Raises what SQLite and the system raise."""
    make_private(path)
    connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        # What was confirmed aloud must outlive a pulled plug; NORMAL loses the last commits.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")
        # VACUUM would put a whole copy into a temporary file elsewhere.
        connection.execute("PRAGMA temp_store = MEMORY")
    except BaseException:
        connection.close()
        raise
    return connection


def connect_reading(path: Path) -> sqlite3.Connection:
    """Open a file that nothing else changes, for reading alone, with nothing written beside it."""
    # A WAL database cannot be opened where its journal cannot be made; as an immutable file it can.
    return sqlite3.connect(f"{path.absolute().as_uri()}?immutable=1", uri=True, isolation_level=None)


def open_to_look(path: Path) -> sqlite3.Connection:
    """Open a sound file for reading alone, as if brought up to date. Raises GalleryCorrupt,
    GallerySchemaTooNew or GalleryError."""
    if not path.exists():
        raise corrupt(path, "it is not there")
    # What a program that was killed left in the journal is read too; then the journal's files are there.
    whole = all_is_in_one_file(path)
    connection = (
        connect_reading(path)
        if whole
        else sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_S)
    )
    try:
        with translated(path):
            migrations.check_sound(connection, path, len(migrations.STEPS))
            version = migrations.schema_version(connection)
            if version == 0:
                raise corrupt(path, "it is empty")
            if version < len(migrations.STEPS):
                old, connection = connection, migrations.brought_up_to_date(connection)
                old.close()
    except BaseException:
        connection.close()
        raise
    return connection


def all_is_in_one_file(path: Path) -> bool:
    """Whether nothing of it is in a journal."""
    journal = path.with_name(path.name + "-wal")
    try:
        return path.stat().st_size > 0 and not (journal.exists() and journal.stat().st_size > 0)
    except OSError:
        return False
