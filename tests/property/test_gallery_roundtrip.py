from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kith.errors import DuplicatePerson, InputError, PersonNotFound
from kith.recognition.gallery import Gallery
from kith.recognition.names import name_key, normal_name
from kith.types import F32, Kind, Person
from kith.wav_file import wav_bytes
from tests.unit._gallery_kit import MODEL, THINGS, TODAY, looks, said, thing_looks

NAMES = st.one_of(
    st.sampled_from(["Anna", "anna", "Ärla", "keys", "äRLA", "person 2", "thing 2", "straße", "STRASSE"]),
    st.text(max_size=6),
)
KEEPING = st.tuples(
    st.sampled_from(["say", "mark", "mark", "unmark", "announce"]),
    st.sampled_from(["anna", "Ärla", "KEYS"]),
    st.just(""),
)
ACTIONS = st.one_of(
    st.tuples(st.sampled_from(["add", "teach"]), NAMES, st.just("")),
    st.tuples(st.just("generate"), st.sampled_from(list(Kind)), st.just("")),
    st.tuples(st.sampled_from(["rename", "rename thing"]), NAMES, NAMES),
    st.tuples(st.sampled_from(["forget", "forget thing"]), NAMES, st.just("")),
    KEEPING,
    KEEPING,
    KEEPING,
)
AT_MOST = 2


@dataclass(slots=True)
class Kept:
    """What ought to be known of someone or something: seeds of templates and marks, oldest first, and of the
    recording."""

    name: str
    templates: list[int]
    marks: list[int] = field(default_factory=list)
    recording: int | None = None
    kind: Kind = Kind.PERSON
    announced: bool = False

    @property
    def vectors(self) -> list[F32]:
        make = looks if self.kind is Kind.PERSON else thing_looks
        return [look.vector for seed in self.templates for look in make(seed)]


class Model:
    """What the gallery ought to hold, by name key."""

    def __init__(self) -> None:
        self.people: dict[str, Kept] = {}

    def seeds(self) -> set[int]:
        """Of all that is kept."""
        recordings = {kept.recording for kept in self.people.values() if kept.recording is not None}
        return recordings.union(*(set(kept.templates) | set(kept.marks) for kept in self.people.values()))

    def check(self, gallery: Gallery) -> None:
        """The gallery holds this and nothing else."""
        people = {name_key(person.name): person for person in (*gallery.people(), *gallery.things())}
        assert {key: (person.name, person.kind, person.announced) for key, person in people.items()} == {
            key: (kept.name, kept.kind, kept.announced) for key, kept in self.people.items()
        }
        templates = {Kind.PERSON: gallery.templates(), Kind.THING: gallery.thing_templates()}
        marks = gallery.counterexamples()
        for key, kept in self.people.items():
            person, of_all = people[key], templates[kept.kind]
            mine = of_all.vectors[of_all.person_ids == person.person_id]
            assert np.array_equal(mine, kept.vectors)
            assert person.extent == (None if kept.kind is Kind.PERSON else 0.25)
            wrong = marks.vectors[marks.person_ids == person.person_id]
            assert [each.tobytes() for each in wrong] == [
                looks(seed)[0].vector.tobytes() for seed in kept.marks
            ]
            assert person.marks == len(kept.marks)
            assert (person.name_recording is None) == (kept.recording is None)
            if person.name_recording is not None and kept.recording is not None:
                assert person.name_recording.read_bytes() == wav_bytes(said(kept.recording))

    def valid(self, name: str) -> str | None:
        try:
            return normal_name(name)
        except InputError:
            return None

    def apply(self, gallery: Gallery, action: tuple[str, str, str], seed: int) -> None:
        what, name, new = action
        if what == "generate":
            kind = Kind(name)
            made = add(gallery, kind, None, seed)
            assert name_key(made.name) not in self.people
            self.people[name_key(made.name)] = Kept(made.name, [seed], kind=kind)
            return
        try:
            self._named(gallery, what, name, new, seed)
        except InputError as error:
            if isinstance(error, DuplicatePerson):
                raise
            assert self.valid(name) is None or (what.startswith("rename") and self.valid(new) is None)

    def _named(self, gallery: Gallery, what: str, name: str, new: str, seed: int) -> None:
        final, target = self.valid(name), self.valid(new)
        key = None if final is None else name_key(final)
        kind = Kind.THING if what in {"teach", "rename thing", "forget thing"} else Kind.PERSON
        theirs = self.people.keys() & {key} and self.people[str(key)].kind is kind
        if what in {"add", "teach"}:
            try:
                add(gallery, kind, name, seed)
            except DuplicatePerson:
                assert key in self.people
                return
            assert final is not None
            assert key is not None
            assert key not in self.people
            self.people[key] = Kept(final, [seed], kind=kind)
        elif what.startswith("forget"):
            try:
                gallery.forget(name, kind)
            except PersonNotFound:
                assert not theirs
                return
            assert key is not None
            del self.people[key]
        elif what in {"say", "mark", "unmark", "announce"}:
            self._kept(gallery, what, name, seed)
        else:
            try:
                gallery.rename(name, new, kind)
            except PersonNotFound:
                assert not theirs
                return
            except DuplicatePerson:
                assert target is not None
                assert name_key(target) in self.people
                return
            assert target is not None
            assert key is not None
            kept = self.people.pop(key)
            kept.name = target
            self.people[name_key(target)] = kept

    def _kept(self, gallery: Gallery, what: str, name: str, seed: int) -> None:
        kept = self.people.get(name_key(normal_name(name)))
        if kept is None:
            return
        one = gallery.person if kept.kind is Kind.PERSON else gallery.thing
        person_id = one(name).person_id
        if (what == "announce" and kept.kind is Kind.PERSON) or (what == "mark" and kept.kind is Kind.THING):
            with pytest.raises(PersonNotFound):
                _on_the_other_kind(gallery, what, person_id, seed)
        elif what == "announce":
            kept.announced = not kept.announced
            gallery.set_announced(person_id, kept.announced)
        elif what == "say":
            gallery.set_recording(person_id, said(seed))
            kept.recording = seed
        elif what == "mark":
            kept.marks = [*kept.marks, seed][-AT_MOST:]
            assert gallery.mark_wrong(person_id, looks(seed)[0], AT_MOST) == len(kept.marks)
        else:
            assert gallery.unmark_last(person_id) == bool(kept.marks)
            kept.marks = kept.marks[:-1]


def _on_the_other_kind(gallery: Gallery, what: str, person_id: int, seed: int) -> None:
    if what == "mark":
        gallery.mark_wrong(person_id, looks(seed)[0], AT_MOST)
    else:
        gallery.set_announced(person_id, True)


def add(gallery: Gallery, kind: Kind, name: str | None, seed: int) -> Person:
    if kind is Kind.PERSON:
        return gallery.add_person(name, looks(seed), TODAY)
    return gallery.add_thing(name, thing_looks(seed), extent=0.25, taught_at=TODAY)


@settings(max_examples=30, deadline=None)
@given(actions=st.lists(ACTIONS, max_size=14))
def test_any_history_leaves_what_it_should(actions: list[tuple[str, str, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "kith.db"
        model = Model()
        actions = [("add", "Anna", ""), ("add", "Ärla", ""), ("teach", "keys", ""), *actions]
        for seed, action in enumerate(actions):
            with Gallery.open(path, MODEL, THINGS) as gallery:
                model.apply(gallery, action, seed)
        with Gallery.open(path, MODEL, THINGS) as gallery:
            model.check(gallery)
            carried = gallery.records()
        kept_seeds = model.seeds()
        for seed in set(range(len(actions))) - kept_seeds:
            gone = [each(seed)[0].vector.tobytes()[:32] for each in (looks, thing_looks)]
            gone.append(said(seed).tobytes()[:32])
            files = [file for file in Path(folder).rglob("*") if file.is_file()]
            assert not [part for part in gone for file in files if part in file.read_bytes()]
        with Gallery.open(Path(folder) / "other" / "kith.db", MODEL, THINGS) as gallery:
            gallery.add_records(carried)
            model.check(gallery)
