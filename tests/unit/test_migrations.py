"""A gallery as an earlier Kith wrote it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest

from kith.errors import GalleryCorrupt, GallerySchemaTooNew
from kith.recognition import migrations
from kith.recognition.gallery import Gallery
from kith.recognition.store import backup_of
from kith.types import Kind
from tests.unit._gallery_kit import MODEL, THINGS, looks, thing_looks

OLD_FORMS = range(1, len(migrations.STEPS))


@pytest.fixture(params=OLD_FORMS)
def form(request: pytest.FixtureRequest) -> int:
    number: int = request.param
    return number


@pytest.fixture
def path(tmp_path: Path, form: int) -> Path:
    """A file of an earlier form, with its backup, as it lies there after the device was switched off."""
    path = tmp_path / "kith.db"
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    migrations.migrate(connection, migrations.STEPS[:form])
    connection.execute(
        "INSERT INTO people (id, name, name_key, generated, consented_at, created_at)"
        " VALUES (7, 'Anna', 'anna', 0, '2026-03-01T12:00:00+00:00', '2026-03-01T12:00:00+00:00')"
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


def test_everybody_is_there_and_a_copy_is_kept_until_somebody_is_forgotten(path: Path, form: int) -> None:
    before = path.read_bytes()
    with Gallery.open(path, MODEL) as gallery:
        (anna,) = gallery.people()
        assert (anna.person_id, anna.name, anna.templates) == (7, "Anna", 3)
        assert (anna.marks, anna.met_on, anna.expiry_told_on) == (0, None, None)
        assert np.array_equal(gallery.templates().vectors, np.stack([look.vector for look in looks(1)]))
        assert gallery.mark_wrong(7, looks(10)[0], at_most=5) == 1
        assert (anna.kind, anna.announced, anna.extent, gallery.things()) == (Kind.PERSON, False, None, [])
        copy = path.with_name(f"kith.db.v{form}")
        assert version(copy) == form
        gallery.forget("Anna")
        assert not copy.exists()
    assert version(path) == version(backup_of(path)) == len(migrations.STEPS)
    assert before != path.read_bytes()


def test_looking_does_not_bring_it_up_to_date(path: Path) -> None:
    before = {file.name: file.read_bytes() for file in path.parent.iterdir()}
    with Gallery.looked_at(path, MODEL, THINGS) as gallery:
        assert (gallery.things(), gallery.thing_templates().person_ids.size) == ([], 0)
        assert [person.name for person in gallery.people()] == ["Anna"]
        assert gallery.templates().person_ids.size == 3
        assert gallery.counterexamples().person_ids.size == 0
        assert [record.met_on for record in gallery.records()] == [None]
    assert {file.name: file.read_bytes() for file in path.parent.iterdir()} == before


def test_a_backup_of_an_earlier_form_takes_the_place_of_a_damaged_file(path: Path) -> None:
    path.write_bytes(b"rubbish" * 1000)
    with Gallery.open(path, MODEL) as gallery:
        assert gallery.restored
        assert [person.name for person in gallery.people()] == ["Anna"]


def damaged(path: Path, damage: str) -> None:
    """As a sector that was lost: nothing keeps it from holding anything."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA ignore_check_constraints = ON")
    with connection:
        connection.execute(damage)
    connection.close()


@pytest.mark.parametrize("form", [2], indirect=True)
def test_a_file_of_the_newest_form_is_refused_by_a_kith_of_an_earlier_one(
    path: Path, form: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Gallery.open(path, MODEL, THINGS) as gallery:
        gallery.add_thing("keys", thing_looks(1), extent=None)
    monkeypatch.setattr(migrations, "STEPS", migrations.STEPS[:form])
    before = path.read_bytes()
    with pytest.raises(GallerySchemaTooNew, match="its form is number 3, this one knows up to 2"):
        Gallery.open(path, MODEL)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE counterexamples SET vector = zeroblob(512)",
        "UPDATE counterexamples SET vector = zeroblob(5)",
        "UPDATE people SET met_on = char(0, 0, 0)",
        "UPDATE people SET expiry_told_on = ''",
        "UPDATE people SET kind = char(0, 0, 0, 0, 0, 0)",
        "UPDATE people SET announced = 77",
        "UPDATE people SET extent = -1e300",
    ],
)
def test_damage_within_what_is_new_is_seen(path: Path, damage: str) -> None:
    with Gallery.open(path, MODEL) as gallery:
        gallery.mark_wrong(7, looks(10)[0], at_most=5)
    damaged(path, damage)
    with Gallery.open(path, MODEL) as gallery:
        assert gallery.restored
        assert gallery.person("Anna").marks == 1
    backup_of(path).unlink()
    damaged(path, damage)
    with pytest.raises(GalleryCorrupt):
        Gallery.open(path, MODEL)
