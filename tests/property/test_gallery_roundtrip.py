from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kith.errors import DuplicatePerson, InputError, PersonNotFound
from kith.recognition.gallery import Gallery
from kith.recognition.names import name_key, normal_name
from tests.unit._gallery_kit import MODEL, TODAY, looks

NAMES = st.one_of(
    st.sampled_from(["Anna", "anna", "Ärla", "äRLA", "person 2", "straße", "STRASSE"]), st.text(max_size=6)
)
ACTIONS = st.one_of(
    st.tuples(st.just("add"), NAMES, st.just("")),
    st.tuples(st.just("generate"), st.just(""), st.just("")),
    st.tuples(st.just("rename"), NAMES, NAMES),
    st.tuples(st.just("forget"), NAMES, st.just("")),
)


class Model:
    """What the gallery ought to hold: name key -> name and seed of the templates."""

    def __init__(self) -> None:
        self.people: dict[str, tuple[str, int]] = {}

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
            self.people[name_key(made.name)] = (made.name, seed)
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
            self.people[key] = (final, seed)
        elif what == "forget":
            try:
                gallery.forget(name)
            except PersonNotFound:
                assert key not in self.people
                return
            assert key is not None
            del self.people[key]
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
            self.people[name_key(target)] = (target, self.people.pop(key)[1])


@settings(max_examples=40, deadline=None)
@given(actions=st.lists(ACTIONS, max_size=12))
def test_any_history_leaves_what_it_should(actions: list[tuple[str, str, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "kith.db"
        model = Model()
        for seed, action in enumerate(actions):
            with Gallery.open(path, MODEL) as gallery:
                model.apply(gallery, action, seed)
        with Gallery.open(path, MODEL) as gallery:
            people = {name_key(person.name): person for person in gallery.people()}
            templates = gallery.templates()
        assert {key: person.name for key, person in people.items()} == {
            key: name for key, (name, _) in model.people.items()
        }
        for key, (_, seed) in model.people.items():
            mine = templates.vectors[templates.person_ids == people[key].person_id]
            assert np.array_equal(mine, np.stack([look.vector for look in looks(seed)]))
        for seed in range(len(actions)):
            if seed not in {seed for _, seed in model.people.values()}:
                gone = looks(seed)[0].vector.tobytes()[:32]
                assert not any(gone in file.read_bytes() for file in Path(folder).iterdir())
