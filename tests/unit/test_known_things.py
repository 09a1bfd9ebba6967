"""Things as the core uses them, beside the people of the same gallery."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest

from kith.app.known_people import KnownPeople
from kith.app.known_things import KnownThings
from kith.config import Settings
from kith.errors import GalleryError, GalleryModelMismatch, PersonNotFound
from kith.recognition.gallery import Gallery
from kith.recognition.matcher import Matcher, TemplateSet
from kith.types import Kind, Recorded, Spoken, Take
from tests.unit._gallery_kit import MODEL, POINT, THINGS, TODAY, looks, said, thing_looks

KEYS, MUG = tuple(thing_looks(1)), tuple(thing_looks(2))
Renewed = list[tuple[TemplateSet, Mapping[int, float]]]


@pytest.fixture
def gallery(tmp_path: Path) -> Iterator[Gallery]:
    with Gallery.open(tmp_path / "kith.db", MODEL, THINGS) as gallery:
        gallery.add_person("Anna", looks(1), TODAY)
        yield gallery


@pytest.fixture
def carer(tmp_path: Path, gallery: Gallery) -> Iterator[Gallery]:
    """The same file, opened by another program."""
    with Gallery.open(tmp_path / "kith.db", None) as carer:
        yield carer


@pytest.fixture
def matchers() -> list[Matcher]:
    return []


@pytest.fixture
def people(gallery: Gallery, matchers: list[Matcher]) -> KnownPeople:
    return KnownPeople(gallery, POINT, matchers.append, Settings())


@pytest.fixture
def renewed() -> Renewed:
    return []


@pytest.fixture
def things(people: KnownPeople, renewed: Renewed) -> KnownThings:
    return KnownThings(people.reading, lambda *new: renewed.append(new), lambda: TODAY)


def test_where_there_is_none_that_is_told_too(things: KnownThings, renewed: Renewed) -> None:
    assert (len(things), things.everybody(), things.announced, things.extents) == (0, (), frozenset(), {})
    [(templates, extents)] = renewed
    assert (templates.model_id, templates.person_ids.size, extents) == (THINGS, 0, {})


def test_a_thing_is_known_at_once_and_gone_at_once(
    things: KnownThings, people: KnownPeople, renewed: Renewed
) -> None:
    keys = things.add(KEYS, 0.31, None)
    assert (keys.name, keys.kind, keys.generated, keys.extent) == ("thing 1", Kind.THING, True, 0.31)
    assert keys.consented_at == "2026-03-01T12:00:00+00:00"
    assert things.everybody() == (keys,)
    assert (things.name_of(keys.person_id), things.extents) == ("thing 1", {keys.person_id: 0.31})
    templates, extents = renewed[-1]
    assert templates.person_ids.tolist() == [keys.person_id] * 3
    assert np.array_equal(templates.vectors, [each.vector for each in KEYS])
    assert extents == {keys.person_id: 0.31}
    assert things.forget(keys.person_id) == "thing 1"
    assert (len(things), things.name_of(keys.person_id), things.extents) == (0, None, {})
    assert renewed[-1][0].person_ids.size == 0
    assert things.forget(keys.person_id) is None
    assert [person.name for person in people.everybody()] == ["Anna"]


def test_people_and_things_do_not_see_each_other(
    things: KnownThings, people: KnownPeople, matchers: list[Matcher]
) -> None:
    keys = things.add(KEYS, None, None)
    ben = people.add(tuple(looks(2)), None)
    assert ben.name == "person 2"
    assert [each.name for each in people.everybody()] == ["Anna", "person 2"]
    assert [each.name for each in things.everybody()] == ["thing 1"]
    assert (people.name_of(keys.person_id), things.name_of(ben.person_id)) == (None, None)
    assert (people.forget(keys.person_id), things.forget(ben.person_id)) == (None, None)
    assert matchers[-1].identify(looks(2)[0]).person_id == ben.person_id
    people.met([keys.person_id])
    assert people.expiry().expired == frozenset()
    assert things.everybody()[0].met_on is None


def test_one_refresh_serves_both(
    things: KnownThings, people: KnownPeople, carer: Gallery, renewed: Renewed, matchers: list[Matcher]
) -> None:
    keys = things.add(KEYS, None, None)
    count = len(renewed), len(matchers)
    carer.rename("thing 1", "my keys", Kind.THING)
    people.refresh()
    assert things.name_of(keys.person_id) == "my keys"
    carer.rename("Anna", "Hannah")
    things.refresh_if_possible()
    assert [each.name for each in people.everybody()] == ["Hannah"]
    assert len(renewed) == count[0]  # a name is nothing to the matcher of things
    carer.forget("my keys", Kind.THING)
    people.refresh_if_possible()
    assert (len(things), len(renewed)) == (0, count[0] + 1)


def test_nothing_is_loaded_anew_while_nothing_changes(
    things: KnownThings, people: KnownPeople, renewed: Renewed, matchers: list[Matcher]
) -> None:
    for _ in range(5):
        things.refresh()
        people.refresh()
    assert (len(renewed), len(matchers)) == (1, 1)


def test_more_looks_of_a_thing_and_less(things: KnownThings, renewed: Renewed) -> None:
    keys = things.add(KEYS, 0.3, None).person_id
    more = things.add_looks(keys, MUG)
    assert renewed[-1][0].person_ids.tolist() == [keys] * 6
    assert things.everybody()[0].met_on is None
    things.drop_looks(keys, more)
    assert renewed[-1][0].person_ids.tolist() == [keys] * 3


def test_which_is_told_of_unasked(things: KnownThings, people: KnownPeople) -> None:
    keys, mug = things.add(KEYS, None, None), things.add(MUG, None, None)
    things.set_announced(mug.person_id, True)
    assert things.announced == {mug.person_id}
    things.set_announced(mug.person_id, False)
    assert things.announced == frozenset()
    [anna] = people.everybody()
    for nobody in (anna.person_id, keys.person_id + 99):
        with pytest.raises(PersonNotFound):
            things.set_announced(nobody, True)


def test_a_recorded_name_is_played_and_outlives_its_recording(things: KnownThings) -> None:
    keys = things.add(KEYS, None, said(1))
    assert keys.name_recording is not None
    assert things.voice_of(keys.person_id) == Recorded(text="thing 1", path=keys.name_recording)
    take = things.take_of(keys.person_id)
    assert isinstance(take, Take)
    things.set_recording(keys.person_id, None)
    assert things.voice_of(keys.person_id) == things.take_of(keys.person_id) == Spoken(text="thing 1")
    assert not keys.name_recording.exists()


def test_without_a_network_they_are_listed_renamed_and_forgotten_only(
    things: KnownThings, tmp_path: Path
) -> None:
    keys = things.add(KEYS, 0.3, said(1)).person_id
    renewed: Renewed = []
    with Gallery.open(tmp_path / "kith.db", MODEL) as gallery:
        known = KnownPeople(gallery, POINT, lambda matcher: None, Settings())
        bare = KnownThings(known.reading, lambda *new: renewed.append(new))
        assert [each.name for each in bare.everybody()] == ["thing 1"]
        with pytest.raises(GalleryModelMismatch):
            bare.add(MUG, None, None)
        with pytest.raises(GalleryModelMismatch):
            bare.add_looks(keys, MUG)
        bare.set_recording(keys, None)
        bare.set_announced(keys, True)
        assert bare.forget(keys) == "thing 1"
    assert renewed == []


def test_what_was_forgotten_is_not_taught_anew_though_the_gallery_cannot_be_read_just_then(
    things: KnownThings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy() -> None:
        raise GalleryError("another program keeps it busy")

    with Gallery.open(tmp_path / "kith.db", MODEL, "objects-of-old") as before:
        keys = before.add_thing("keys", thing_looks(1, model_id="objects-of-old"), extent=None).person_id
    things.refresh()
    assert things.to_teach_anew == {keys}
    monkeypatch.setattr(things.reading.gallery, "things", busy)
    assert things.forget(keys) == "keys"
    assert things.to_teach_anew == frozenset()


def test_an_unreadable_gallery_leaves_what_was_known(
    things: KnownThings, gallery: Gallery, carer: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy() -> None:
        raise GalleryError("another program keeps it busy")

    keys = things.add(KEYS, None, None).person_id
    carer.forget("thing 1", Kind.THING)
    with monkeypatch.context() as patch:
        patch.setattr(gallery, "things", busy)
        things.refresh_if_possible()
        assert things.name_of(keys) == "thing 1"
        with pytest.raises(GalleryError):
            things.refresh()
    things.refresh_if_possible()
    assert things.name_of(keys) is None
