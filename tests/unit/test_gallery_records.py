"""Everything kept of people, carried from one gallery to another."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from kith.errors import DuplicatePerson, GalleryFull, GalleryModelMismatch, InputError
from kith.recognition import store
from kith.recognition.gallery import Gallery
from kith.recognition.names import name_key
from kith.recognition.records import CounterexampleRecord, PersonRecord, TemplateRecord
from tests.unit._gallery_kit import MODEL, THINGS, TODAY, looks, said, thing_looks


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "old" / "kith.db"


@pytest.fixture
def other(tmp_path: Path) -> Path:
    return tmp_path / "new" / "kith.db"


@pytest.fixture
def records(path: Path) -> list[PersonRecord]:
    with Gallery.open(path, MODEL) as gallery:
        anna = gallery.add_person("Anna", looks(1), TODAY, recording=said(1)).person_id
        gallery.mark_wrong(anna, looks(10)[0], at_most=5)
        gallery.add_templates(anna, looks(2, count=1), source="photo")
        gallery.mark_wrong(anna, looks(11)[0], at_most=5)
        gallery.learn(anna, looks(3)[0], at_most=5)
        gallery.met([anna], date(2040, 1, 1))
        gallery.add_person(None, looks(4), TODAY)
        return gallery.records()


def test_a_thing_is_carried_as_it_was(path: Path, other: Path) -> None:
    with Gallery.open(path, MODEL, THINGS) as gallery:
        keys = gallery.add_thing("keys", thing_looks(5), extent=0.3, recording=said(3), taught_at=TODAY)
        gallery.set_announced(keys.person_id, True)
        gallery.add_thing(None, thing_looks(6), extent=None)
        records = gallery.records()
    with Gallery.open(other, None) as gallery:  # whatever network it is opened for
        assert [each.name for each in gallery.add_records(records)] == ["keys", "thing 2"]
        assert same(tuple(gallery.records()), tuple(records))
        assert (gallery.people(), [each.announced for each in gallery.things()]) == ([], [True, False])


def same(one: object, two: object) -> bool:
    """Equal, arrays and all."""
    if isinstance(one, np.ndarray):
        return isinstance(two, np.ndarray) and np.array_equal(one, two) and not one.flags.writeable
    if isinstance(one, tuple):
        return isinstance(two, tuple) and len(one) == len(two) and all(map(same, one, two))
    if isinstance(one, PersonRecord | TemplateRecord | CounterexampleRecord):
        return all(same(getattr(one, each.name), getattr(two, each.name)) for each in fields(one))
    return one == two


def test_what_is_carried_to_another_gallery_is_there_as_it_was(
    records: list[PersonRecord], path: Path, other: Path
) -> None:
    anna = records[0]
    assert [record.name for record in records] == ["Anna", "person 2"]
    assert [each.source for each in anna.templates] == ["device"] * 3 + ["photo", "learnt"]
    assert [each.counts for each in anna.counterexamples] == [False, True]
    assert anna.recording is not None
    with Gallery.open(other, MODEL) as gallery:
        gallery.add_person("Ben", looks(5), TODAY)  # so that the ids differ
        added = gallery.add_records(records)
        assert [person.name for person in added] == ["Anna", "person 2"]
        assert gallery.people() == sorted([gallery.person("Ben"), *added], key=lambda one: one.name.lower())
        carried = [record for record in gallery.records() if record.name != "Ben"]
    with Gallery.open(path, MODEL) as gallery:
        before = [replace(one, person_id=0, name_recording=None) for one in gallery.people()]
    assert same(tuple(carried), tuple(records))
    assert [replace(one, person_id=0, name_recording=None) for one in added] == before
    assert added[0].marks == 1
    assert added[0].name_recording is not None
    assert added[0].name_recording.read_bytes() == anna.recording


def test_looking_alone_reads_them_too(records: list[PersonRecord], path: Path) -> None:
    with Gallery.looked_at(path, None) as gallery:
        assert same(tuple(gallery.records()), tuple(records))


def test_a_name_that_is_taken_is_refused_and_nobody_is_taken_in(
    records: list[PersonRecord], other: Path
) -> None:
    with Gallery.open(other, MODEL) as gallery:
        gallery.add_person("PERSON 2", looks(5), TODAY)
        assert {name_key(record.name) for record in records} & gallery.names() == {"person 2"}
        with pytest.raises(DuplicatePerson):
            gallery.add_records(records)
        assert len(gallery.people()) == 1
        with pytest.raises(DuplicatePerson):
            gallery.add_records([records[0], replace(records[1], name="anna")])
        assert len(gallery.people()) == 1
        assert not list(other.parent.glob("recordings/*"))


def test_who_is_replaced_leaves_no_trace(records: list[PersonRecord], other: Path) -> None:
    with Gallery.open(other, MODEL) as gallery:
        gallery.add_person("anna", looks(5), TODAY, recording=said(5))
        gallery.add_records(records, replace=True)
        assert [person.name for person in gallery.people()] == ["Anna", "person 2"]
        assert len(list(other.parent.glob("recordings/*"))) == 1
        gone = [look.vector.tobytes()[:32] for look in looks(5)] + [said(5).tobytes()[:32]]
        contents = [file.read_bytes() for file in other.parent.rglob("*") if file.is_file()]
        assert not [part for part in gone for content in contents if part in content]


def test_a_full_disk_changes_nothing(
    records: list[PersonRecord], other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(target: Path, content: bytes) -> None:
        raise OSError(28, "No space left on device")

    with Gallery.open(other, MODEL) as gallery:
        anna = gallery.add_person("Anna", looks(5), TODAY, recording=said(5))
        monkeypatch.setattr(store, "write_private", no_room)
        with pytest.raises(GalleryFull, match="nothing was changed"):
            gallery.add_records(records, replace=True)
        assert gallery.people() == [anna]
        assert list(other.parent.glob("recordings/*")) == [anna.name_recording]


def test_what_cannot_be_a_person_is_refused(records: list[PersonRecord], other: Path) -> None:
    anna = records[0]
    learnt = tuple(each for each in anna.templates if each.source == "learnt")
    strange = replace(anna.templates[0], source="dream")
    halved = replace(anna.templates[0], vector=anna.templates[0].vector * np.float32(0.5))
    wrong = [
        replace(anna, name="two\nlines"),
        replace(anna, templates=()),
        replace(anna, templates=learnt),
        replace(anna, templates=(strange,)),
        replace(anna, templates=(halved,)),
        replace(anna, recording=b"RIFF and nothing more"),
        replace(anna, recording=b""),
        replace(anna, consented_at="2026-03-01T12:00:00"),
        replace(anna, created_at="long ago"),
        replace(anna, met_on="20260301"),
        replace(anna, met_on="soon"),
    ]
    with Gallery.open(other, MODEL) as gallery:
        for record in wrong:
            with pytest.raises(InputError):
                gallery.add_records([records[1], record])
        assert gallery.people() == []


def test_looks_of_another_network_are_refused(records: list[PersonRecord], other: Path) -> None:
    anna = records[0]
    templates = tuple(replace(each, model_id="other") for each in anna.templates)
    counterexamples = tuple(replace(each, model_id="other") for each in anna.counterexamples)
    with Gallery.open(other, MODEL) as gallery:
        for foreign in (replace(anna, templates=templates), replace(anna, counterexamples=counterexamples)):
            with pytest.raises(GalleryModelMismatch):
                gallery.add_records([foreign])
        assert gallery.people() == []


def test_a_recording_that_is_gone_is_none(records: list[PersonRecord], path: Path) -> None:
    with Gallery.open(path, MODEL) as gallery:
        recording = gallery.person("Anna").name_recording
        assert recording is not None
        recording.unlink()
        assert [record.recording for record in gallery.records()] == [None, None]
