"""A gallery as the first Kith wrote it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest

from kith.errors import GalleryCorrupt
from kith.recognition import migrations
from kith.recognition.gallery import Gallery
from kith.recognition.store import backup_of
from tests.unit._gallery_kit import MODEL, looks


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file of the first form, with its backup, as it lies there after the device was switched off."""
    path = tmp_path / "kith.db"
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    migrations.migrate(connection, migrations.STEPS[:1])
    connection.execute(
        "INSERT INTO people VALUES (7, 'Anna', 'anna', 0, '2026-03-01T12:00:00+00:00', NULL,"
        " '2026-03-01T12:00:00+00:00')"
    )
    for look in looks(1):
        connection.execute(
            "INSERT INTO templates (person_id, model_id, vector, source, created_at)"
            " VALUES (7, ?, ?, 'device', '2026-03-01T12:00:00+00:00')",
            (MODEL, look.vector.astype("<f4").tobytes()),
        )
    backup_of(path).write_bytes(connection.serialize())
    connection.close()
    return path


def version(path: Path) -> int:
    connection = sqlite3.connect(path)
    found = migrations.schema_version(connection)
    connection.close()
    return found


def test_everybody_is_there_and_a_copy_is_kept_until_somebody_is_forgotten(path: Path) -> None:
    before = path.read_bytes()
    with Gallery.open(path, MODEL) as gallery:
        (anna,) = gallery.people()
        assert (anna.person_id, anna.name, anna.templates) == (7, "Anna", 3)
        assert (anna.marks, anna.met_on, anna.expiry_told_on) == (0, None, None)
        assert np.array_equal(gallery.templates().vectors, np.stack([look.vector for look in looks(1)]))
        assert gallery.mark_wrong(7, looks(10)[0], at_most=5) == 1
        copy = path.with_name("kith.db.v1")
        assert version(copy) == 1
        gallery.forget("Anna")
        assert not copy.exists()
    assert version(path) == version(backup_of(path)) == len(migrations.STEPS)
    assert before != path.read_bytes()


def test_looking_does_not_bring_it_up_to_date(path: Path) -> None:
    before = {file.name: file.read_bytes() for file in path.parent.iterdir()}
    with Gallery.looked_at(path, MODEL) as gallery:
        assert [person.name for person in gallery.people()] == ["Anna"]
        assert gallery.templates().person_ids.size == 3
        assert gallery.counterexamples().person_ids.size == 0
        assert [record.met_on for record in gallery.records()] == [None]
    assert {file.name: file.read_bytes() for file in path.parent.iterdir()} == before


def test_a_backup_of_the_first_form_takes_the_place_of_a_damaged_file(path: Path) -> None:
    path.write_bytes(b"rubbish" * 1000)
    with Gallery.open(path, MODEL) as gallery:
        assert gallery.restored
        assert [person.name for person in gallery.people()] == ["Anna"]


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE counterexamples SET vector = zeroblob(512)",
        "UPDATE counterexamples SET vector = zeroblob(5)",
        "UPDATE people SET met_on = char(0, 0, 0)",
        "UPDATE people SET expiry_told_on = ''",
    ],
)
def test_damage_within_what_is_new_is_seen(path: Path, damage: str) -> None:
    with Gallery.open(path, MODEL) as gallery:
        gallery.mark_wrong(7, looks(10)[0], at_most=5)
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(damage)
    connection.close()
    with Gallery.open(path, MODEL) as gallery:
        assert gallery.restored
        assert gallery.person("Anna").marks == 1
    backup_of(path).unlink()
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(damage)
    connection.close()
    with pytest.raises(GalleryCorrupt):
        Gallery.open(path, MODEL)
