from __future__ import annotations

import stat
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from kith.errors import DuplicatePerson, GalleryModelMismatch, InputError, PersonNotFound
from kith.recognition.gallery import Gallery
from tests.unit._gallery_kit import MODEL, TODAY, looks


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "kith.db"


def test_what_was_added_is_there_when_opened_again(path: Path) -> None:
    anna = looks(1)
    with Gallery.open(path, MODEL) as gallery:
        added = gallery.add_person("Anna", anna, TODAY)
    with Gallery.open(path, MODEL) as gallery:
        assert gallery.people() == [added]
        templates = gallery.templates()
    assert added.name == "Anna"
    assert added.templates == 3
    assert added.consented_at == "2026-03-01T12:00:00+00:00"
    assert not added.generated
    assert templates.model_id == MODEL
    assert np.array_equal(templates.vectors, np.stack([each.vector for each in anna]))
    assert templates.person_ids.tolist() == [added.person_id] * 3
    assert not templates.vectors.flags.writeable
    assert not templates.person_ids.flags.writeable


def test_an_empty_gallery_has_no_templates(path: Path) -> None:
    with Gallery.open(path, MODEL) as gallery:
        assert gallery.people() == []
        assert gallery.templates().person_ids.size == 0


def test_every_file_is_for_its_owner_alone(path: Path) -> None:
    with Gallery.open(path, MODEL) as gallery:
        gallery.add_person("Anna", looks(1), TODAY)
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert set(modes) == {"kith.db", "kith.db-wal", "kith.db-shm", "kith.db.bak"}
    assert set(modes.values()) == {0o600}


def test_a_file_open_to_others_is_closed_to_them(path: Path) -> None:
    Gallery.open(path, MODEL).close()
    path.chmod(0o644)
    Gallery.open(path, MODEL).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_names_differ_by_more_than_case_in_any_script(path: Path) -> None:
    with Gallery.open(path, MODEL) as gallery:
        gallery.add_person("Ärla", looks(1), TODAY)
        with pytest.raises(DuplicatePerson):
            gallery.add_person(" äRLA ", looks(2), TODAY)
        assert gallery.person("ÄRLA").name == "Ärla"
        assert len(gallery.people()) == 1


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "a\nb", "a\0b", "bell\x07", "line\u2028two"])
def test_what_cannot_be_a_name_is_refused(path: Path, name: str) -> None:
    with Gallery.open(path, MODEL) as gallery:
        with pytest.raises(InputError):
            gallery.add_person(name, looks(1), TODAY)
        assert gallery.people() == []


def test_a_made_name_stands_for_nobody_else(path: Path) -> None:
    with Gallery.open(path, MODEL) as gallery:
        assert gallery.add_person(None, looks(1), TODAY).name == "person 1"
        gallery.add_person("Anna", looks(2), TODAY)
        third = gallery.add_person(None, looks(3), TODAY)
        assert third.name == "person 3"
        assert third.generated
        gallery.forget("Anna")
        assert gallery.add_person(None, looks(4), TODAY).name == "person 4"
        gallery.add_person("Person 9", looks(5), TODAY)
        assert gallery.add_person(None, looks(6), TODAY).name == "person 10"


def test_rename(path: Path) -> None:
    with Gallery.open(path, MODEL) as gallery:
        made = gallery.add_person(None, looks(1), TODAY)
        gallery.add_person("Ben", looks(2), TODAY)
        renamed = gallery.rename("person 1", "Anna")
        assert (renamed.person_id, renamed.name, renamed.generated) == (made.person_id, "Anna", False)
        assert gallery.rename("anna", "ANNA").name == "ANNA"
        with pytest.raises(DuplicatePerson):
            gallery.rename("Anna", "ben")
        with pytest.raises(PersonNotFound):
            gallery.rename("Carl", "Dora")
        assert [person.name for person in gallery.people()] == ["ANNA", "Ben"]


def test_more_templates_of_one_person(path: Path) -> None:
    with Gallery.open(path, MODEL) as gallery:
        anna = gallery.add_person("Anna", looks(1), TODAY)
        gallery.add_person("Ben", looks(2), TODAY)
        gallery.add_templates(anna.person_id, looks(3, count=2))
        assert gallery.person("Anna").templates == 5
        assert gallery.templates().person_ids.tolist() == [1, 1, 1, 1, 1, 2, 2, 2]
        with pytest.raises(PersonNotFound):
            gallery.add_templates(99, looks(4))


def test_templates_of_another_network_are_refused(path: Path) -> None:
    with Gallery.open(path, MODEL) as gallery:
        with pytest.raises(GalleryModelMismatch):
            gallery.add_person("Anna", looks(1, model_id="other"), TODAY)
        gallery.add_person("Anna", looks(1), TODAY)
    with pytest.raises(GalleryModelMismatch, match="kith people forget"):
        Gallery.open(path, "other")


def test_without_a_network_people_can_still_be_listed_and_forgotten(path: Path) -> None:
    with Gallery.open(path, MODEL) as gallery:
        gallery.add_person("Anna", looks(1), TODAY)
    with Gallery.open(path, None) as gallery:
        assert [person.name for person in gallery.people()] == ["Anna"]
        with pytest.raises(GalleryModelMismatch):
            gallery.templates()
        with pytest.raises(GalleryModelMismatch):
            gallery.add_person("Ben", looks(2), TODAY)
        gallery.forget("Anna")
        assert gallery.people() == []


def test_nobody_is_enrolled_without_a_sound_template(path: Path) -> None:
    short = looks(1)[0]
    bad = type(short)(vector=short.vector * 0.5, model_id=MODEL)
    with Gallery.open(path, MODEL) as gallery:
        for templates in ([], [bad]):
            with pytest.raises(InputError):
                gallery.add_person("Anna", templates, TODAY)
        with pytest.raises(InputError):
            gallery.add_person("Anna", looks(1), datetime(2026, 3, 1))
        assert gallery.people() == []


def test_the_version_changes_with_every_change_by_anyone(path: Path) -> None:
    with Gallery.open(path, MODEL) as daemon, Gallery.open(path, None) as carer:
        seen = [daemon.version]
        daemon.add_person("Anna", looks(1), TODAY)
        seen.append(daemon.version)
        carer.rename("Anna", "Anne")
        seen.append(daemon.version)
        assert daemon.version == seen[-1]
        assert [person.name for person in daemon.people()] == ["Anne"]
    assert len(set(seen)) == 3
