from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kith.errors import DuplicatePerson, InputError, PersonNotFound
from kith.recognition.gallery import Gallery
from kith.recognition.names import name_key, normal_name
from kith.wav_file import wav_bytes
from tests.unit._gallery_kit import MODEL, TODAY, looks, said

NAMES = st.one_of(
    st.sampled_from(["Anna", "anna", "Ärla", "äRLA", "person 2", "straße", "STRASSE"]), st.text(max_size=6)
)
KEEPING = st.tuples(
    st.sampled_from(["say", "mark", "mark", "unmark"]), st.sampled_from(["anna", "Ärla"]), st.just("")
)
ACTIONS = st.one_of(
    st.tuples(st.just("add"), NAMES, st.just("")),
    st.tuples(st.just("generate"), st.just(""), st.just("")),
    st.tuples(st.just("rename"), NAMES, NAMES),
    st.tuples(st.just("forget"), NAMES, st.just("")),
    KEEPING,
    KEEPING,
    KEEPING,
)
AT_MOST = 2


@dataclass(slots=True)
class Kept:
    """What ought to be known of someone: seeds of templates and marks, oldest first, and of the recording."""

    name: str
    templates: list[int]
    marks: list[int] = field(default_factory=list)
    recording: int | None = None


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
        people = {name_key(person.name): person for person in gallery.people()}
        assert {key: person.name for key, person in people.items()} == {
            key: kept.name for key, kept in self.people.items()
        }
        templates, marks = gallery.templates(), gallery.counterexamples()
        for key, kept in self.people.items():
            person = people[key]
            mine = templates.vectors[templates.person_ids == person.person_id]
            assert np.array_equal(mine, [look.vector for seed in kept.templates for look in looks(seed)])
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
            made = gallery.add_person(None, looks(seed), TODAY)
            assert name_key(made.name) not in self.people
            self.people[name_key(made.name)] = Kept(made.name, [seed])
            return
        try:
            self._named(gallery, what, name, new, seed)
        except InputError as error:
            if isinstance(error, DuplicatePerson):
                raise
            assert self.valid(name) is None or (what == "rename" and self.valid(new) is None)

    def _named(self, gallery: Gallery, what: str, name: str, new: str, seed: int) -> None:
        final, target = self.valid(name), self.valid(new)
        key = None if final is None else name_key(final)
        if what == "add":
            try:
                gallery.add_person(name, looks(seed), TODAY)
            except DuplicatePerson:
                assert key in self.people
                return
            assert final is not None
            assert key is not None
            assert key not in self.people
            self.people[key] = Kept(final, [seed])
        elif what == "forget":
            try:
                gallery.forget(name)
            except PersonNotFound:
                assert key not in self.people
                return
            assert key is not None
            del self.people[key]
        elif what in {"say", "mark", "unmark"}:
            self._kept(gallery, what, name, seed)
        else:
            try:
                gallery.rename(name, new)
            except PersonNotFound:
                assert key not in self.people
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
        try:
            person_id = gallery.person(name).person_id
        except PersonNotFound:
            return
        kept = self.people[name_key(normal_name(name))]
        if what == "say":
            gallery.set_recording(person_id, said(seed))
            kept.recording = seed
        elif what == "mark":
            kept.marks = [*kept.marks, seed][-AT_MOST:]
            assert gallery.mark_wrong(person_id, looks(seed)[0], AT_MOST) == len(kept.marks)
        else:
            assert gallery.unmark_last(person_id) == bool(kept.marks)
            kept.marks = kept.marks[:-1]


@settings(max_examples=30, deadline=None)
@given(actions=st.lists(ACTIONS, max_size=14))
def test_any_history_leaves_what_it_should(actions: list[tuple[str, str, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "kith.db"
        model = Model()
        actions = [("add", "Anna", ""), ("add", "Ärla", ""), *actions]
        for seed, action in enumerate(actions):
            with Gallery.open(path, MODEL) as gallery:
                model.apply(gallery, action, seed)
        with Gallery.open(path, MODEL) as gallery:
            model.check(gallery)
            carried = gallery.records()
        kept_seeds = model.seeds()
        for seed in set(range(len(actions))) - kept_seeds:
            gone = [looks(seed)[0].vector.tobytes()[:32], said(seed).tobytes()[:32]]
            files = [file for file in Path(folder).rglob("*") if file.is_file()]
            assert not [part for part in gone for file in files if part in file.read_bytes()]
        with Gallery.open(Path(folder) / "other" / "kith.db", MODEL) as gallery:
            gallery.add_records(carried)
            model.check(gallery)
