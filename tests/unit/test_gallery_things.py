"""Things in the gallery, beside people."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from kith.errors import DuplicatePerson, GalleryModelMismatch, InputError, KithError, PersonNotFound
from kith.recognition.gallery import Gallery
from kith.recognition.names import name_key
from kith.types import Kind
from tests.unit._gallery_kit import MODEL, THINGS, TODAY, looks, said, thing_looks


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "kith.db"


def test_what_was_taught_is_there_when_opened_again(path: Path) -> None:
    with Gallery.open(path, MODEL, THINGS) as gallery:
        keys = gallery.add_thing("my keys", thing_looks(1), extent=0.4, recording=said(1), taught_at=TODAY)
    with Gallery.open(path, MODEL, THINGS) as gallery:
        assert gallery.things() == [keys]
        assert gallery.thing("MY KEYS") == keys
        assert gallery.sources(keys.person_id) == {"device": 3}
        templates = gallery.thing_templates()
    assert (keys.name, keys.kind, keys.announced, keys.extent) == ("my keys", Kind.THING, False, 0.4)
    assert (keys.consented_at, keys.templates) == ("2026-03-01T12:00:00+00:00", 3)
    assert (keys.generated, keys.met_on) == (False, None)
    assert keys.name_recording is not None
    assert templates.model_id == THINGS
    assert np.array_equal(templates.vectors, [each.vector for each in thing_looks(1)])
    assert templates.person_ids.tolist() == [keys.person_id] * 3


def test_nothing_of_people_sees_things(path: Path) -> None:
    with Gallery.open(path, MODEL, THINGS) as gallery:
        anna = gallery.add_person("Anna", looks(1), TODAY, met_on=date(2026, 3, 1))
        keys = gallery.add_thing("keys", thing_looks(1), extent=None).person_id
        assert [each.name for each in gallery.people()] == ["Anna"]
        assert gallery.templates().person_ids.tolist() == [anna.person_id] * 3
        assert gallery.templates(learnt=False).vectors.shape == (3, 128)
        assert gallery.thing_templates().vectors.shape == (3, 96)
        before = gallery.version
        gallery.met([keys], date(2026, 4, 1))
        gallery.told_of_expiry([keys], date(2026, 4, 1))
        assert gallery.version == before
        gallery.met([anna.person_id, keys], date(2026, 4, 1))
        gallery.add_templates(keys, thing_looks(2))
        [thing] = gallery.things()
        assert (thing.met_on, thing.expiry_told_on, thing.templates) == (None, None, 6)
        assert gallery.person("Anna").met_on == "2026-04-01"


def test_they_would_be_told_apart_though_one_network_made_both(path: Path) -> None:
    with Gallery.open(path, MODEL, MODEL) as gallery:
        anna = gallery.add_person("Anna", looks(1), TODAY).person_id
        keys = gallery.add_thing("keys", looks(2), extent=None).person_id
        assert set(gallery.templates().person_ids) == {anna}
        assert set(gallery.thing_templates().person_ids) == {keys}


def test_the_other_kind_is_not_meant_and_that_is_told(path: Path) -> None:
    with Gallery.open(path, MODEL, THINGS) as gallery:
        anna = gallery.add_person("Anna", looks(1), TODAY)
        keys = gallery.add_thing("keys", thing_looks(1), extent=None)
        of_a_thing: tuple[Callable[[], object], ...] = (
            lambda: gallery.person("keys"),
            lambda: gallery.rename("keys", "Ben"),
            lambda: gallery.forget("keys"),
            lambda: gallery.mark_wrong(keys.person_id, looks(2)[0], 5),
            lambda: gallery.learn(keys.person_id, looks(2)[0], 5),
        )
        of_a_person: tuple[Callable[[], object], ...] = (
            lambda: gallery.thing("anna"),
            lambda: gallery.rename("anna", "cup", Kind.THING),
            lambda: gallery.forget("anna", Kind.THING),
            lambda: gallery.set_announced(anna.person_id, True),
        )
        for tries, told in (
            (of_a_thing, "of a thing: `kith things"),
            (of_a_person, "of a person: `kith peop"),
        ):
            for attempt in tries:
                with pytest.raises(PersonNotFound, match=told):
                    attempt()
        with pytest.raises(PersonNotFound, match="there is no thing of that name; `kith things list`"):
            gallery.thing("cup")
        assert (gallery.people(), gallery.things()) == ([anna], [keys])


def test_a_name_is_had_once_by_whatever_it_is(path: Path) -> None:
    with Gallery.open(path, MODEL, THINGS) as gallery:
        gallery.add_person("Anna", looks(1), TODAY)
        gallery.add_thing("keys", thing_looks(1), extent=None)
        taken: tuple[tuple[str, Callable[[], object]], ...] = (
            ("a person", lambda: gallery.add_thing("ANNA", thing_looks(2), extent=None)),
            ("a person", lambda: gallery.rename("keys", "anna", Kind.THING)),
            ("a thing", lambda: gallery.add_person("Keys", looks(2), TODAY)),
            ("a thing", lambda: gallery.rename("Anna", "keys")),
            ("a thing", lambda: gallery.add_thing("keys", thing_looks(2), extent=None)),
        )
        for whose, attempt in taken:
            with pytest.raises(DuplicatePerson, match=f"already {whose} of that name"):
                attempt()
        assert gallery.rename("keys", "Keys", Kind.THING).name == "Keys"
        assert gallery.names() == {"anna", "keys"}


def test_made_names_count_each_kind_and_meet_nobody_elses(path: Path) -> None:
    with Gallery.open(path, MODEL, THINGS) as gallery:
        made = [gallery.add_thing(None, thing_looks(1), extent=None).name]
        made.append(gallery.add_person(None, looks(1), TODAY).name)
        made.append(gallery.add_person(None, looks(2), TODAY).name)
        made.append(gallery.add_thing(None, thing_looks(2), extent=None).name)
        gallery.rename("person 1", "thing 7")
        made.append(gallery.add_thing(None, thing_looks(3), extent=None).name)
        assert made == ["thing 1", "person 1", "person 2", "thing 2", "thing 8"]
        assert all(each.generated for each in gallery.things())


@pytest.mark.parametrize("extent", [0.0, -0.1, float("nan"), float("inf")])
def test_what_is_no_size_is_refused(path: Path, extent: float) -> None:
    with Gallery.open(path, MODEL, THINGS) as gallery:
        with pytest.raises(InputError, match="how large"):
            gallery.add_thing("keys", thing_looks(1), extent=extent)
        assert gallery.things() == []


def test_templates_belong_to_the_network_of_their_kind(path: Path) -> None:
    with Gallery.open(path, MODEL, THINGS) as gallery:
        anna = gallery.add_person("Anna", looks(1), TODAY).person_id
        keys = gallery.add_thing("keys", thing_looks(1), extent=None).person_id
        refused: tuple[Callable[[], object], ...] = (
            lambda: gallery.add_thing("cup", looks(2), extent=None),
            lambda: gallery.add_person("Ben", thing_looks(2), TODAY),
            lambda: gallery.add_templates(keys, looks(2)),
            lambda: gallery.add_templates(anna, thing_looks(2)),
        )
        for attempt in refused:
            with pytest.raises(GalleryModelMismatch, match="does not belong"):
                attempt()
        with pytest.raises(InputError, match="without a good look"):
            gallery.add_thing("cup", [], extent=None)
        assert [each.templates for each in (*gallery.people(), *gallery.things())] == [3, 3]


def test_things_of_another_network_keep_nothing_from_starting_and_are_not_matched(path: Path) -> None:
    with Gallery.open(path, MODEL, THINGS) as gallery:
        keys = gallery.add_thing("keys", thing_looks(1), extent=None).person_id
    with Gallery.open(path, MODEL, "objects-newer") as gallery:
        cup = gallery.add_thing("cup", thing_looks(2, model_id="objects-newer"), extent=None).person_id
        assert gallery.thing_templates().person_ids.tolist() == [cup] * 3
        assert gallery.of_another_network() == {keys}
        gallery.add_templates(keys, thing_looks(3, model_id="objects-newer"))
        assert gallery.of_another_network() == frozenset()
        assert gallery.thing_templates().person_ids.tolist() == [keys] * 3 + [cup] * 3
    with Gallery.open(path, MODEL) as gallery:
        assert gallery.of_another_network() == frozenset()
        with pytest.raises(GalleryModelMismatch, match="a network for a thing"):
            gallery.thing_templates()


def test_people_of_another_network_are_still_refused(path: Path) -> None:
    with Gallery.open(path, MODEL, THINGS) as gallery:
        gallery.add_thing("keys", thing_looks(1), extent=None)
        gallery.add_person("Anna", looks(1), TODAY)
    with pytest.raises(GalleryModelMismatch, match=f"1 people made by the network {MODEL}"):
        Gallery.open(path, "sface-newer", THINGS)


def test_which_are_told_of_unasked_is_kept(path: Path) -> None:
    with Gallery.open(path, MODEL, THINGS) as gallery:
        keys = gallery.add_thing("keys", thing_looks(1), extent=None).person_id
        gallery.set_announced(keys, True)
    with Gallery.looked_at(path, MODEL, THINGS) as gallery:
        assert [each.announced for each in gallery.things()] == [True]


def test_a_forgotten_thing_leaves_no_trace(path: Path) -> None:
    with Gallery.open(path, MODEL, THINGS) as gallery:
        gallery.add_person("Anna", looks(1), TODAY, recording=said(2))
        gallery.add_thing("grandfather's compass", thing_looks(1), extent=0.4, recording=said(1))
        more = gallery.add_templates(gallery.thing("grandfather's compass").person_id, thing_looks(2))
        gallery.rename("grandfather's compass", "old compass", Kind.THING)
        gone = [b"compass", said(1).tobytes()[:32]]
        gone += [each.vector.tobytes()[:32] for each in (*thing_looks(1), *thing_looks(2))]
        assert all(found(path, each) for each in (b"old compass", said(1).tobytes()[:32]))
        assert gallery.drop_templates(gallery.things()[0].person_id, more) == 3
        assert not any(found(path, each.vector.tobytes()[:32]) for each in thing_looks(2))
        gallery.forget("old compass", Kind.THING)
        assert not any(found(path, each) for each in gone)
        assert gallery.things() == []
        assert [each.name for each in gallery.people()] == ["Anna"]
    assert not any(found(path, each) for each in gone)
    assert found(path, said(2).tobytes()[:32])


def test_one_look_at_least_of_a_thing_stays(path: Path) -> None:
    with Gallery.open(path, MODEL, THINGS) as gallery:
        keys = gallery.add_thing("keys", thing_looks(1), extent=None).person_id
        with pytest.raises(InputError, match="forget"):
            gallery.drop_templates(keys, range(99))
        assert gallery.things()[0].templates == 3


def test_nothing_of_a_thing_is_kept_where_it_fails(path: Path) -> None:
    with Gallery.open(path, MODEL, THINGS) as gallery:
        gallery.add_person("Anna", looks(1), TODAY)
        with pytest.raises(KithError):
            gallery.add_thing("anna", thing_looks(1), extent=None, recording=said(1))
        assert gallery.names() == {name_key("Anna")}
        assert not found(path, said(1).tobytes()[:32])


def found(path: Path, part: bytes) -> bool:
    return any(part in file.read_bytes() for file in path.parent.rglob("*") if file.is_file())
