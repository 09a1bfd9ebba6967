"""People carried from one gallery to another, through real galleries and, where it matters, the real seal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kith.app import carrying, people_file
from kith.app.carrying import Network, export_people, people_of, take_in
from kith.app.people_file import packed, unpacked
from kith.app.sealing import write_sealed
from kith.errors import GalleryModelMismatch, InputError, PersonNotFound
from kith.recognition.gallery import Gallery
from kith.recognition.names import name_key
from kith.recognition.records import PersonRecord
from kith.types import I16, SAMPLE_RATE_HZ, Kind
from tests.unit._gallery_kit import MODEL, POINT, THINGS, TODAY, looks, thing_looks
from tests.unit._portraits import ROOT

NETWORK = Network(model_id=MODEL, dimension=128)
PASSPHRASE = "three old oak trees"


def voice(seconds: float = 0.7, hz: float = 300) -> I16:
    times = np.arange(round(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    return (8000 * np.sin(2 * np.pi * hz * times)).astype(np.int16)


def gallery_in(folder: Path) -> Gallery:
    return Gallery.open(folder / "kith.db", MODEL, THINGS)


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Gallery]:
    """Anna with a recording, a mark and a learnt look; Ben as he was enrolled; someone without a name."""
    with gallery_in(tmp_path / "one") as gallery:
        anna = gallery.add_person("Anna", looks(1), TODAY, source="photo", recording=voice())
        gallery.mark_wrong(anna.person_id, looks(9, 1)[0], at_most=5)
        gallery.learn(anna.person_id, looks(1, 4)[3], at_most=5)
        gallery.met([anna.person_id], date(2031, 5, 4))
        gallery.add_person("Ben", looks(2), TODAY)
        gallery.add_person(None, looks(3), TODAY)
        yield gallery


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Gallery]:
    with gallery_in(tmp_path / "two") as gallery:
        yield gallery


@pytest.fixture
def unsealed(monkeypatch: pytest.MonkeyPatch) -> dict[Path, bytes]:
    """Files without the seal, whose scrypt takes seconds; `test_sealing` has it."""
    files: dict[Path, bytes] = {}

    def write(path: Path, content: bytes, passphrase: str, *, force: bool = False) -> None:
        del passphrase, force
        files[path] = content

    monkeypatch.setattr(carrying, "write_sealed", write)
    monkeypatch.setattr(carrying, "read_sealed", lambda path, passphrase: files[path])
    return files


def all_of(gallery: Gallery) -> list[tuple[Any, ...]]:
    """All that is kept of everybody, comparable."""
    return [
        (
            each.name,
            each.generated,
            each.consented_at,
            each.created_at,
            each.met_on,
            [(t.vector.tobytes(), t.model_id, t.source, t.created_at) for t in each.templates],
            [(c.vector.tobytes(), c.model_id, c.created_at, c.counts) for c in each.counterexamples],
            each.recording,
            (each.kind, each.announced, each.extent),
        )
        for each in gallery.records()
    ]


def traces(folder: Path, needle: bytes) -> list[str]:
    """Files in which some bytes can be found."""
    return [path.name for path in folder.rglob("*") if path.is_file() and needle in path.read_bytes()]


# --- there and back ---------------------------------------------------------------------------------


def test_everything_of_everybody_travels(full: Gallery, other: Gallery, tmp_path: Path) -> None:
    file = tmp_path / "on a stick.age"
    written = export_people(full, file, PASSPHRASE)
    assert (written.names, written.recordings) == (("Anna", "Ben", "person 3"), 1)
    taken = take_in(other, people_of(file, PASSPHRASE, NETWORK), POINT)
    assert (taken.added, taken.replaced, taken.skipped) == (("Anna", "Ben", "person 3"), (), ())
    assert taken.recordings == 1
    assert all_of(other) == all_of(full)
    assert len(all_of(full)[0][5]) == 4
    assert other.person("anna").marks == 1
    assert other.person("Anna").consented_at.startswith("2026-03-01")
    content = file.read_bytes()
    for plain in (b"Anna", b"kith.json", full.templates().vectors[0].tobytes()):
        assert plain not in content


@pytest.fixture
def with_things(full: Gallery) -> Gallery:
    """Keys that are told of unasked, with a recording, beside the people."""
    keys = full.add_thing("keys", thing_looks(1), extent=0.4, recording=voice(hz=600), taught_at=TODAY)
    full.set_announced(keys.person_id, True)
    return full


def test_things_travel_with_people(with_things: Gallery, other: Gallery, unsealed: dict[Path, bytes]) -> None:
    file = Path("x.age")
    written = export_people(with_things, file, PASSPHRASE)
    assert (written.names, written.things, written.recordings) == (("Anna", "Ben", "keys", "person 3"), 1, 2)
    taken = take_in(other, people_of(file, PASSPHRASE, NETWORK), POINT)
    assert (taken.added, taken.things, taken.recordings) == (written.names, 1, 2)
    assert all_of(other) == all_of(with_things)
    assert [each.name for each in other.people()] == ["Anna", "Ben", "person 3"]
    [keys] = other.things()
    assert (keys.name, keys.announced, keys.extent) == ("keys", True, 0.4)
    assert other.thing_templates().vectors.shape == (3, 96)
    assert export_people(other, file, PASSPHRASE, ["KEYS"]).names == ("keys",)


def test_a_file_without_things_is_one_that_an_earlier_kith_reads(with_things: Gallery) -> None:
    people = [each for each in with_things.records() if each.kind is Kind.PERSON]
    assert b'"format": 1' in packed(people)
    assert b'"kind"' not in packed(people)
    assert b'"format": 2' in packed(with_things.records())


def test_things_of_another_network_are_kept_and_told_apart(with_things: Gallery, tmp_path: Path) -> None:
    with Gallery.open(tmp_path / "two" / "kith.db", MODEL, "objects-newer") as other:
        assert take_in(other, unpacked(packed(with_things.records())), POINT).things == 1
        assert other.of_another_network() == {other.thing("keys").person_id}
        assert other.thing_templates().person_ids.size == 0


def test_a_name_that_the_other_kind_has_here_is_one_that_is_here(
    with_things: Gallery, other: Gallery, tmp_path: Path
) -> None:
    other.add_person("Keys", looks(7), TODAY)
    other.add_thing("anna", thing_looks(7), extent=None)
    taken = take_in(other, with_things.records(), POINT)
    assert (taken.added, taken.skipped, taken.things) == (("Ben", "person 3"), ("Anna", "keys"), 0)
    taken = take_in(other, with_things.records(), POINT, replace=True)
    assert taken.replaced == ("Anna", "Ben", "keys", "person 3")
    assert all_of(other) == all_of(with_things)
    assert traces(tmp_path / "two", thing_looks(7)[0].vector.tobytes()) == []


def test_looks_that_could_not_be_compared_are_refused(with_things: Gallery, other: Gallery) -> None:
    other.add_thing("cup", thing_looks(2), extent=None)
    records = with_things.records()
    short = replace(records[2].templates[0], vector=np.eye(1, 32, dtype=np.float32)[0])
    wrong = replace(records[2], templates=(short,))
    with pytest.raises(InputError, match="of one length"):
        take_in(other, [*records[:2], wrong], POINT)
    assert other.people() == []
    assert [each.name for each in other.things()] == ["cup"]


def test_only_who_is_named_travels(full: Gallery, other: Gallery, unsealed: dict[Path, bytes]) -> None:
    file = Path("x.age")
    with pytest.raises(PersonNotFound):
        export_people(full, file, PASSPHRASE, ["ben", "Nobody"])
    assert unsealed == {}
    assert export_people(full, file, PASSPHRASE, ["ben"]).names == ("Ben",)
    assert take_in(other, people_of(file, PASSPHRASE, NETWORK), POINT).added == ("Ben",)


def test_an_empty_gallery_has_nothing_to_export(other: Gallery, unsealed: dict[Path, bytes]) -> None:
    with pytest.raises(InputError, match="nobody is enrolled and nothing was taught"):
        export_people(other, Path("x.age"), PASSPHRASE)
    assert unsealed == {}


def test_what_could_not_be_read_again_is_not_written(
    full: Gallery, unsealed: dict[Path, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people_file, "MOST_PEOPLE", 2)
    with pytest.raises(InputError, match="nothing was written: what would be holds more than 2 people"):
        export_people(full, Path("x.age"), PASSPHRASE)
    assert unsealed == {}


def test_who_is_here_already_stays_and_is_told(full: Gallery, other: Gallery) -> None:
    other.add_person("ANNA", looks(7), TODAY)
    before = all_of(other)
    taken = take_in(other, unpacked(packed(full.records())), POINT)
    assert (taken.added, taken.skipped, taken.recordings) == (("Ben", "person 3"), ("Anna",), 0)
    assert [each for each in all_of(other) if each[0] == "ANNA"] == before


def test_who_is_replaced_leaves_no_trace(full: Gallery, other: Gallery, tmp_path: Path) -> None:
    old_voice = voice(hz=500)
    other.add_person("ANNA", looks(7), TODAY, recording=old_voice)
    other.add_person("Zoe", looks(8), TODAY)
    vector, sound = looks(7)[0].vector.tobytes(), old_voice.tobytes()[1000:1200]
    assert traces(tmp_path / "two", vector)
    assert traces(tmp_path / "two", sound)
    taken = take_in(other, unpacked(packed(full.records())), POINT, replace=True)
    assert (taken.added, taken.replaced, taken.skipped) == (("Ben", "person 3"), ("Anna",), ())
    assert [each for each in all_of(other) if each[0] != "Zoe"] == all_of(full)
    assert traces(tmp_path / "two", vector) == []
    assert traces(tmp_path / "two", sound) == []


def test_nobody_new_changes_nothing(full: Gallery) -> None:
    before = full.version
    taken = take_in(full, unpacked(packed(full.records())), POINT)
    assert (taken.added, len(taken.skipped)) == ((), 3)
    assert full.version == before


def test_looks_of_another_network_are_refused_with_what_to_do(
    full: Gallery, unsealed: dict[Path, bytes]
) -> None:
    file = Path("x.age")
    unsealed[file] = packed(full.records())
    with pytest.raises(GalleryModelMismatch, match=r"sface-test.*other-net.*enrol them from photos"):
        people_of(file, PASSPHRASE, Network(model_id="other-net", dimension=128))
    with pytest.raises(InputError, match=f"{file} opened, but .* nothing was changed"):
        people_of(file, PASSPHRASE, Network(model_id=MODEL, dimension=512))


def test_the_network_of_this_kith_is_known_without_loading_it() -> None:
    network = Network.of(ROOT / "models")
    assert network.model_id.startswith("sface")
    assert network.dimension == 128


# --- what is refused ----------------------------------------------------------------------------------


def changed(gallery: Gallery, number: int, **values: Any) -> list[PersonRecord]:
    records = gallery.records()
    records[number - 1] = replace(records[number - 1], **values)
    return records


@pytest.mark.parametrize("what", ["met_on", "no look", "source", "learnt"])
def test_what_the_gallery_refuses_changes_nothing(full: Gallery, other: Gallery, what: str) -> None:
    looks_of_ben = full.records()[1].templates
    cases: dict[str, dict[str, Any]] = {
        "met_on": {"met_on": "2026-3-1"},
        "no look": {"templates": ()},
        "source": {"templates": (replace(looks_of_ben[0], source="the moon"),)},
        "learnt": {"templates": tuple(replace(each, source="learnt") for each in looks_of_ben)},
    }
    before = other.version
    with pytest.raises(InputError):
        take_in(other, unpacked(packed(changed(full, 2, **cases[what]))), POINT)
    assert other.people() == []
    assert other.version == before


def test_a_hostile_file_with_the_right_passphrase_changes_nothing(
    full: Gallery, other: Gallery, tmp_path: Path
) -> None:
    file = tmp_path / "hostile.age"
    write_sealed(file, packed(changed(full, 1, name="An\x1bna")), PASSPHRASE)
    with pytest.raises(InputError) as caught:
        people_of(file, PASSPHRASE, NETWORK)
    assert str(caught.value).startswith(f"{file} holds a name that cannot be one: ")
    assert str(caught.value).endswith("; nothing was changed")
    assert other.people() == []


def test_names_are_compared_as_the_gallery_compares_them(full: Gallery, other: Gallery) -> None:
    other.add_person("STRASSE", looks(4), TODAY)
    assert name_key("straße") == name_key("STRASSE")
    assert take_in(other, changed(full, 2, name="Straße"), POINT).skipped == ("Straße",)


def test_who_is_here_under_another_name_is_told(full: Gallery, other: Gallery) -> None:
    [first, *_] = full.records()
    other.add_records([replace(first, name="person 3")])
    taken = take_in(other, full.records(), POINT)
    assert taken.resembling == ((first.name, "person 3"),)
    assert first.name in taken.added
