"""The gallery as the core uses it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from kith.app import gallery_reading
from kith.app.known_people import KnownPeople
from kith.config import Settings
from kith.errors import GalleryError, GalleryFull
from kith.recognition.gallery import Gallery
from kith.recognition.matcher import Matcher
from kith.types import Embedding, Outcome, Recorded, Spoken
from tests.unit._gallery_kit import MODEL, POINT, TODAY, looks, said


@pytest.fixture
def gallery(tmp_path: Path) -> Iterator[Gallery]:
    with Gallery.open(tmp_path / "kith.db", MODEL) as gallery:
        gallery.add_person("Anna", looks(1), TODAY)
        yield gallery


@pytest.fixture
def carer(tmp_path: Path, gallery: Gallery) -> Iterator[Gallery]:
    """The same file, opened by another program."""
    with Gallery.open(tmp_path / "kith.db", MODEL) as carer:
        yield carer


@pytest.fixture
def matchers() -> list[Matcher]:
    return []


@pytest.fixture
def people(gallery: Gallery, matchers: list[Matcher]) -> KnownPeople:
    return KnownPeople(gallery, POINT, matchers.append, Settings())


def whom(matcher: Matcher, seed: int) -> int | None:
    middle = np.sum([look.vector for look in looks(seed)], axis=0)
    answer = matcher.identify(Embedding(vector=middle / np.linalg.norm(middle), model_id=MODEL))
    return answer.person_id if answer.outcome is Outcome.KNOWN else None


def test_it_begins_with_who_is_there(people: KnownPeople, matchers: list[Matcher]) -> None:
    assert (len(people), people.restored, people.obstacle) == (1, False, None)
    anna = whom(matchers[-1], 1)
    assert anna is not None
    assert people.name_of(anna) == "Anna"
    assert people.voice_of(anna) == Spoken(text="Anna")
    assert people.name_of(anna + 1) is None
    assert people.voice_of(anna + 1) is None


def test_a_recorded_name_is_played(people: KnownPeople, gallery: Gallery) -> None:
    anna = gallery.person("Anna").person_id
    gallery.set_recording(anna, said(1))
    people.refresh()
    path = gallery.person("Anna").name_recording
    assert path is not None
    assert path.exists()
    assert people.voice_of(anna) == Recorded(text="Anna", path=path)


def test_a_new_person_is_known_at_once_and_gone_at_once(people: KnownPeople, matchers: list[Matcher]) -> None:
    person = people.add(tuple(looks(2)), None)
    assert person.generated
    assert people.name_of(person.person_id) == person.name
    assert whom(matchers[-1], 2) == person.person_id
    assert people.forget(person.person_id) == person.name
    assert people.name_of(person.person_id) is None
    assert whom(matchers[-1], 2) is None
    assert people.forget(person.person_id) is None
    assert len(people) == 1


def test_nothing_is_loaded_anew_while_nothing_changes(people: KnownPeople, matchers: list[Matcher]) -> None:
    for _ in range(5):
        people.refresh()
    assert len(matchers) == 1


def test_what_another_program_changes_is_taken_over(
    people: KnownPeople, carer: Gallery, matchers: list[Matcher]
) -> None:
    ben = carer.add_person("Ben", looks(2), TODAY).person_id
    assert people.name_of(ben) is None
    people.refresh()
    assert people.name_of(ben) == "Ben"
    assert whom(matchers[-1], 2) == ben
    carer.rename("Ben", "Benedict")
    people.refresh()
    assert people.name_of(ben) == "Benedict"
    carer.forget("Benedict")
    people.refresh()
    assert people.name_of(ben) is None
    assert whom(matchers[-1], 2) is None


def test_the_one_meant_is_forgotten_though_their_name_went_to_another(
    people: KnownPeople, carer: Gallery
) -> None:
    person = people.add(tuple(looks(2)), None)
    carer.rename(person.name, "Carla")
    other = carer.add_person(person.name, looks(3), TODAY)
    assert people.forget(person.person_id) == "Carla"
    assert [each.name for each in carer.people()] == ["Anna", other.name]


def test_who_was_stored_is_stored_though_reading_again_fails(
    people: KnownPeople, gallery: Gallery, matchers: list[Matcher], monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy() -> None:
        raise GalleryError("another program keeps it busy")

    with monkeypatch.context() as patch:
        patch.setattr(gallery, "templates", busy)
        person = people.add(tuple(looks(2)), None)
        assert people.name_of(person.person_id) == person.name
        assert whom(matchers[-1], 2) is None
        people.refresh_if_possible()
        with pytest.raises(GalleryError):
            people.refresh()
    people.refresh_if_possible()
    assert whom(matchers[-1], 2) == person.person_id


def test_an_error_that_lasts_is_logged_once_until_it_works_again(
    people: KnownPeople, carer: Gallery, gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    logged: list[str] = []
    monkeypatch.setattr(gallery_reading._LOG, "error", lambda text, *values: logged.append(text % values))

    def failing(error: GalleryError) -> None:
        def fail() -> None:
            raise error

        with monkeypatch.context() as patch:
            patch.setattr(gallery, "templates", fail)
            for _ in range(3):
                people.refresh_if_possible()

    carer.add_person("Ben", looks(2), TODAY)
    failing(GalleryError("busy"))
    failing(GalleryFull("full"))
    people.refresh_if_possible()
    carer.add_person("Cid", looks(3), TODAY)
    failing(GalleryFull("full"))
    told = "the gallery could not be read again: "
    assert logged == [told + "GalleryError", told + "GalleryFull", told + "GalleryFull"]


def test_a_gallery_that_another_program_restored_is_taken_over(
    people: KnownPeople, tmp_path: Path, matchers: list[Matcher]
) -> None:
    path = tmp_path / "kith.db"
    os.truncate(path, path.stat().st_size // 2)
    with Gallery.open(path, MODEL) as carer:
        ben = carer.add_person("Ben", looks(2), TODAY).person_id
        people.refresh_if_possible()
        assert people.name_of(ben) == "Ben"
        assert whom(matchers[-1], 2) == ben
        cid = people.add(tuple(looks(3)), None)
        assert [each.name for each in carer.people()] == ["Anna", "Ben", cid.name]
