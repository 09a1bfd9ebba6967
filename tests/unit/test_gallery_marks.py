"""Counter-examples, templates that are taken back, meetings."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest

from kith.errors import GalleryModelMismatch, InputError, PersonNotFound
from kith.recognition.gallery import Gallery
from tests.unit._gallery_kit import MODEL, TODAY, looks


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "kith.db"


def traces(path: Path, seed: int, count: int = 1) -> list[str]:
    """Files that hold some of the numbers of these looks."""
    parts = [look.vector.tobytes()[at : at + 24] for look in looks(seed, count) for at in (0, 200, 480)]
    files = [file for file in path.parent.rglob("*") if file.is_file()]
    return [file.name for file in files for part in parts if part in file.read_bytes()]


def test_looks_marked_wrong_are_kept_by_person_and_counted(path: Path) -> None:
    with Gallery.open(path, MODEL) as gallery:
        anna, ben = (gallery.add_person(name, looks(at), TODAY) for at, name in enumerate(("Anna", "Ben")))
        assert gallery.counterexamples().person_ids.size == 0
        assert gallery.mark_wrong(ben.person_id, looks(10)[0], at_most=5) == 1
        assert gallery.mark_wrong(anna.person_id, looks(11)[0], at_most=5) == 1
        assert gallery.mark_wrong(ben.person_id, looks(12)[0], at_most=5) == 2
        assert [(person.name, person.marks) for person in gallery.people()] == [("Anna", 1), ("Ben", 2)]
    with Gallery.open(path, MODEL) as gallery:
        kept = gallery.counterexamples()
        assert kept.person_ids.tolist() == [anna.person_id, ben.person_id, ben.person_id]
        expected = np.stack([looks(seed)[0].vector for seed in (11, 10, 12)])
        assert np.array_equal(kept.vectors, expected)
        assert kept.model_id == MODEL
        assert gallery.templates().person_ids.size == 6


def test_what_cannot_be_marked_is_said(path: Path) -> None:
    with Gallery.open(path, MODEL) as gallery:
        anna = gallery.add_person("Anna", looks(1), TODAY).person_id
        with pytest.raises(PersonNotFound):
            gallery.mark_wrong(99, looks(10)[0], at_most=5)
        with pytest.raises(GalleryModelMismatch):
            gallery.mark_wrong(anna, looks(10, model_id="other")[0], at_most=5)
        assert gallery.person("Anna").marks == 0
        assert not gallery.unmark_last(anna)
        assert gallery.clear_marks(anna) == 0


def test_of_the_marks_the_oldest_go_without_a_trace(path: Path) -> None:
    with Gallery.open(path, MODEL) as gallery:
        anna = gallery.add_person("Anna", looks(1), TODAY).person_id
        assert [gallery.mark_wrong(anna, looks(seed)[0], at_most=2) for seed in (10, 11, 12)] == [1, 2, 2]
        assert traces(path, 10) == []
        assert set(traces(path, 11)) >= {"kith.db", "kith.db.bak"}
        shutil.copy(path, path.with_name("kith.db.damaged-1"))
        assert gallery.unmark_last(anna)
        assert traces(path, 12) == []
        assert np.array_equal(gallery.counterexamples().vectors[0], looks(11)[0].vector)
        assert gallery.mark_wrong(anna, looks(13)[0], at_most=2) == 2
        assert gallery.clear_marks(anna) == 2
        assert traces(path, 11) == traces(path, 13) == []
        assert gallery.person("Anna").templates == 3


def test_a_mark_counts_until_a_look_is_enrolled(path: Path) -> None:
    with Gallery.open(path, MODEL) as gallery:
        anna = gallery.add_person("Anna", looks(1), TODAY).person_id
        gallery.mark_wrong(anna, looks(10)[0], at_most=5)
        gallery.learn(anna, looks(2)[0], at_most=5)  # what it took by itself is no new enrollment
        assert gallery.mark_wrong(anna, looks(11)[0], at_most=5) == 2
        added = gallery.add_templates(anna, looks(3, count=2))
        assert gallery.person("Anna").marks == 0
        assert gallery.counterexamples().person_ids.size == 2  # they still speak
        assert gallery.mark_wrong(anna, looks(12)[0], at_most=5) == 1
        gallery.unmark_last(anna)
        assert gallery.drop_templates(anna, added) == 2  # the enrollment is taken back
        assert gallery.person("Anna").marks == 2


def test_templates_are_taken_back_without_a_trace(path: Path) -> None:
    with Gallery.open(path, MODEL) as gallery:
        anna = gallery.add_person("Anna", looks(1), TODAY).person_id
        ben = gallery.add_person("Ben", looks(2), TODAY).person_id
        added = gallery.add_templates(anna, looks(3, count=2))
        assert len(set(added)) == 2
        assert gallery.drop_templates(ben, added) == 0  # they are not his
        shutil.copy(path, path.with_name("kith.db.v1"))
        assert gallery.drop_templates(anna, added) == 2
        assert traces(path, 3, count=2) == []
        assert gallery.person("Anna").templates == 3
        assert gallery.drop_templates(anna, added) == 0


def test_nobody_is_left_without_a_look(path: Path) -> None:
    with Gallery.open(path, MODEL) as gallery:
        anna = gallery.add_person("Anna", looks(1), TODAY)
        gallery.learn(anna.person_id, looks(2)[0], at_most=5)
        with pytest.raises(InputError, match="forget them instead"):
            gallery.drop_templates(anna.person_id, range(99))
        assert gallery.person("Anna").templates == 4


def test_who_is_met_is_noted_once_a_day_and_a_clock_that_jumps_back_changes_nothing(path: Path) -> None:
    with Gallery.open(path, MODEL) as gallery:
        anna, ben = (gallery.add_person(name, looks(at), TODAY) for at, name in enumerate(("Anna", "Ben")))
        assert anna.met_on == datetime.now(UTC).date().isoformat()
        before = gallery.version
        gallery.met([anna.person_id, 99], date(2026, 1, 1))
        gallery.met([], date(2040, 1, 1))
        assert gallery.version == before  # nothing is written
        gallery.met([anna.person_id], date(2040, 1, 1))
        after = gallery.version
        assert after != before
        gallery.met([anna.person_id], date(2040, 1, 1))
        assert gallery.version == after
        assert gallery.person("Anna").met_on == "2040-01-01"
        assert gallery.person("Ben") == ben


def test_being_told_of_counts_from_the_first_time_until_they_are_met(path: Path) -> None:
    with Gallery.open(path, MODEL) as gallery:
        anna = gallery.add_person("Anna", looks(1), TODAY).person_id
        gallery.met([anna], date(2040, 1, 1))
        gallery.told_of_expiry([anna], date(2044, 1, 1))
        told = gallery.version
        gallery.told_of_expiry([anna], date(2044, 2, 1))
        assert gallery.version == told
        assert gallery.person("Anna").expiry_told_on == "2044-01-01"
        gallery.met([anna], date(2039, 1, 1))  # the clock jumped back, yet she was met
        assert gallery.person("Anna").expiry_told_on is None
        assert gallery.person("Anna").met_on == "2040-01-01"
        gallery.told_of_expiry([anna], date(2044, 3, 1))
        gallery.met([anna], date(2044, 3, 2))
        anna_now = gallery.person("Anna")
        assert (anna_now.met_on, anna_now.expiry_told_on) == ("2044-03-02", None)


def test_who_gets_more_looks_was_met(path: Path) -> None:
    with Gallery.open(path, MODEL) as gallery:
        anna = gallery.add_person("Anna", looks(1), TODAY).person_id
        gallery.told_of_expiry([anna], date(2030, 1, 1))
        gallery.add_templates(anna, looks(2, count=1))
        assert gallery.person("Anna").expiry_told_on is None
