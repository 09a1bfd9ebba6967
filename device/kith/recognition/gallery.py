"""The people who agreed to be known, the things that were taught, and the templates of both."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from functools import partial

from kith.recognition import erasing, marks, meetings, people_rows, recordings, records, template_rows
from kith.recognition.faults import translated
from kith.recognition.matcher import TemplateSet
from kith.recognition.opened import OpenedGallery
from kith.recognition.records import PersonRecord
from kith.types import I16, Embedding, Kind, Person


class Gallery(OpenedGallery):
    """All of it in one SQLite file, but for the recordings of names in a folder beside it. Belongs to the
    thread that opened it; other programs may change the file meanwhile. What a method changed is on disk, and
    in the backup, when it returns.

    A thing is kept as a person is, under an id of the same kind. What takes an id and names no kind is for
    both; what names people is for people alone."""

    def people(self) -> list[Person]:
        """Everybody, by name."""
        return self._all(Kind.PERSON)

    def things(self) -> list[Person]:
        """Everything that was taught, by name."""
        return self._all(Kind.THING)

    def names(self) -> frozenset[str]:
        """The keys (`names.name_key`) of all names that are taken, by people or things."""
        with translated(self._store.path):
            return people_rows.keys(self._store.connection)

    def person(self, name: str) -> Person:
        """The person of that name, upper or lower case. Raises PersonNotFound, InputError."""
        return self.one_of(Kind.PERSON, name)

    def thing(self, name: str) -> Person:
        """The thing of that name, upper or lower case. Raises PersonNotFound, InputError."""
        return self.one_of(Kind.THING, name)

    def one_of(self, kind: Kind | None, name: str) -> Person:
        """As `person` and `thing`; None for whichever has the name."""
        with translated(self._store.path):
            row = people_rows.named(self._store.connection, name, kind)
        return people_rows.person_of(row, self._folder)

    def sources(self, person_id: int) -> dict[str, int]:
        """How many templates of a person come from where: "device", "photo" or "learnt"."""
        with translated(self._store.path):
            return dict(
                self._store.connection.execute(
                    "SELECT source, count(*) FROM templates WHERE person_id = ? GROUP BY source",
                    (person_id,),
                )
            )

    def add_person(
        self,
        name: str | None,
        embeddings: Sequence[Embedding],
        consented_at: datetime,
        source: str = "device",
        recording: I16 | None = None,
        met_on: date | None = None,
    ) -> Person:
        """Enrol someone new; with None under a made name such as "person 3". source: where the templates
        come from, "device" or "photo"; recording: their name as it was said, i16[n] mono at SAMPLE_RATE_HZ;
        met_on: when they were met, None for today. Raises DuplicatePerson, GalleryModelMismatch, InputError,
        GalleryFull or GalleryError."""
        template_rows.check(embeddings, self._networks[Kind.PERSON])
        day = met_on or datetime.now(UTC).date()

        def insert(connection: sqlite3.Connection) -> int:
            person_id = people_rows.insert(connection, Kind.PERSON, name, consented_at, day)
            template_rows.insert(connection, person_id, embeddings, source)
            return person_id

        return self._add(insert, recording)

    def add_thing(
        self,
        name: str | None,
        embeddings: Sequence[Embedding],
        *,
        extent: float | None,
        recording: I16 | None = None,
        taught_at: datetime | None = None,
    ) -> Person:
        """Keep a new thing; with None under a made name such as "thing 3". extent: how large it was in the
        hand (`HeldThing.extent`); recording: as of add_person; taught_at: None for now. Raises what
        add_person raises."""
        template_rows.check(embeddings, self._networks[Kind.THING])

        def insert(connection: sqlite3.Connection) -> int:
            thing_id = people_rows.insert(connection, Kind.THING, name, taught_at or datetime.now(UTC), None)
            people_rows.set_extent(connection, thing_id, extent)
            template_rows.insert(connection, thing_id, embeddings, "device")
            return thing_id

        return self._add(insert, recording)

    def add_templates(
        self,
        person_id: int,
        embeddings: Sequence[Embedding],
        source: str = "device",
        met_on: date | None = None,
    ) -> tuple[int, ...]:
        """More templates of a thing, or of someone, who counts as met on that day, None for today; their ids.
        Raises PersonNotFound and what add_person raises."""
        with self._store.change() as connection:
            kind = people_rows.kind_of(people_rows.require(connection, person_id))
            template_rows.check(embeddings, self._networks[kind])
            if kind is Kind.PERSON:
                meetings.met(connection, [person_id], met_on or datetime.now(UTC).date())
            return template_rows.insert(connection, person_id, embeddings, source)

    def drop_templates(self, person_id: int, ids: Iterable[int]) -> int:
        """Remove some of someone's templates, as entirely as `forget` does; how many. Raises InputError where
        none would be left but learnt ones, GalleryFull or GalleryError."""
        return erasing.erase(self._store, partial(template_rows.drop, person_id=person_id, ids=ids))

    def learn(self, person_id: int, embedding: Embedding, at_most: int) -> None:
        """One more template of someone, taken in use; of those taken so, the oldest beyond `at_most` go
        without a trace. Raises PersonNotFound and what add_person raises."""
        template_rows.check([embedding], self._networks[Kind.PERSON])

        def learn(connection: sqlite3.Connection) -> int:
            people_rows.require(connection, person_id, Kind.PERSON)
            template_rows.insert(connection, person_id, [embedding], template_rows.LEARNT)
            return template_rows.drop_learnt(connection, person_id, at_most)

        erasing.change(self._store, learn)

    def unlearn(self, person_id: int) -> int:
        """Remove all that was taken of someone in use, as entirely as `forget` does, since it may be somebody
        else's face; how many templates. Raises GalleryFull or GalleryError."""
        return erasing.erase(
            self._store, lambda connection: template_rows.drop_learnt(connection, person_id, 0)
        )

    def mark_wrong(self, person_id: int, embedding: Embedding, at_most: int) -> int:
        """Keep a look that was given someone's name wrongly, as a counter-example; the oldest beyond
        `at_most` go without a trace. How many there are since the newest look that was enrolled of them.
        Raises PersonNotFound and what add_person raises."""
        template_rows.check([embedding], self._networks[Kind.PERSON])

        def mark(connection: sqlite3.Connection) -> int:
            people_rows.require(connection, person_id, Kind.PERSON)
            marks.insert(connection, person_id, embedding)
            return marks.drop_oldest(connection, person_id, at_most)

        erasing.change(self._store, mark)
        with translated(self._store.path):
            row = people_rows.require(self._store.connection, person_id)
        return people_rows.person_of(row, self._folder).marks

    def unmark_last(self, person_id: int) -> bool:
        """Remove someone's newest counter-example, as entirely as `forget` does; whether there was one.
        Raises GalleryFull or GalleryError."""
        return erasing.erase(self._store, partial(marks.drop_newest, person_id=person_id)) > 0

    def clear_marks(self, person_id: int) -> int:
        """Remove all of someone's counter-examples, as entirely as `forget` does; how many. Raises
        GalleryFull or GalleryError."""
        return erasing.erase(self._store, partial(marks.drop_oldest, person_id=person_id, keep=0))

    def met(self, person_ids: Iterable[int], on: date) -> None:
        """These people were met, or are to be kept. Writes only where this changes anything; a day before the
        one that is known is not noted, but that they were told of is taken back. Raises GalleryFull or
        GalleryError."""
        with translated(self._store.path):
            changed = meetings.outdated(self._store.connection, person_ids, on)
        if changed:
            with self._store.change() as connection:
                meetings.met(connection, changed, on)

    def told_of_expiry(self, person_ids: Iterable[int], on: date) -> None:
        """The wearer was told that these people were not met for long; the first time counts, until they are
        met. Raises GalleryFull or GalleryError."""
        with translated(self._store.path):
            changed = meetings.untold(self._store.connection, person_ids)
        if changed:
            with self._store.change() as connection:
                meetings.told_of_expiry(connection, changed, on)

    def set_announced(self, thing_id: int, announced: bool) -> None:
        """Whether a thing is told of unasked. Raises PersonNotFound, GalleryFull or GalleryError."""
        with self._store.change() as connection:
            people_rows.set_announced(connection, thing_id, announced)

    def rename(self, old: str, new: str, kind: Kind = Kind.PERSON) -> Person:
        """Give someone, or something, another name. Raises PersonNotFound, DuplicatePerson, InputError."""
        with self._store.change() as connection:
            people_rows.rename(connection, old, new, kind)
        return self.one_of(kind, new)

    def set_recording(self, person_id: int, samples: I16 | None) -> None:
        """Keep a recording of someone's name, i16[n] mono at SAMPLE_RATE_HZ, in the place of the one before,
        which is deleted; None: they have none. Raises PersonNotFound, InputError, GalleryFull or
        GalleryError."""
        if samples is None:
            erasing.erase(self._store, lambda connection: _set_recording(connection, person_id, None))
            return
        wav = recordings.as_wav(samples)
        with erasing.change_with_recordings(self._store) as (connection, keep):
            people_rows.require(connection, person_id)
            _set_recording(connection, person_id, keep(wav))
        erasing.finish(self._store)

    def records(self) -> list[PersonRecord]:
        """Everything that is kept of everybody and of all things, by name."""
        with self._store.locked(), translated(self._store.path):
            return records.read(self._store.connection, self._folder)

    def add_records(self, people: Sequence[PersonRecord], *, replace: bool = False) -> list[Person]:
        """Take all of these in, or nobody. replace: who or what has one of their names is forgotten, as
        entirely as by `forget`. Things are taken in whatever network they were taught to. Raises
        DuplicatePerson where two have one name, or, unless `replace`, somebody or something here has one of
        theirs; GalleryModelMismatch, InputError, GalleryFull or GalleryError."""
        records.check(people, self._networks[Kind.PERSON])
        with erasing.change_with_recordings(self._store) as (connection, keep):
            for each in people:
                before = people_rows.find(connection, each.name)
                if before is not None and not replace:
                    raise people_rows.duplicate(people_rows.kind_of(before))
                if before is not None:
                    _delete(connection, before)
            ids = [
                records.insert(connection, each, None if each.recording is None else keep(each.recording))
                for each in people
            ]
            template_rows.check_lengths(connection)
            rows = [people_rows.require(connection, each) for each in ids]
        erasing.finish(self._store)
        return [people_rows.person_of(row, self._folder) for row in rows]

    def forget(self, name: str, kind: Kind = Kind.PERSON) -> None:
        """Remove a person, or a thing, entirely: templates, counter-examples, recording, every trace in the
        file, its journal, the backup and kept copies. If it is cut short, the next opening finishes it.
        Raises PersonNotFound, GalleryFull or GalleryError."""
        erasing.erase(
            self._store, lambda connection: _delete(connection, people_rows.named(connection, name, kind))
        )

    def forget_person(self, person_id: int) -> None:
        """As `forget`, by id: whoever has the name by now stays. Raises as `forget`."""
        erasing.erase(
            self._store, lambda connection: _delete(connection, people_rows.require(connection, person_id))
        )

    def templates(self, *, learnt: bool = True) -> TemplateSet:
        """All templates of people, by person, or only those that someone enrolled. Raises
        GalleryModelMismatch when opened without a network."""
        return self._templates(Kind.PERSON, learnt=learnt)

    def thing_templates(self) -> TemplateSet:
        """All templates of things that the network for things made, by thing. Raises GalleryModelMismatch
        when opened without one."""
        return self._templates(Kind.THING, learnt=True)

    def of_another_network(self) -> frozenset[int]:
        """The things that were taught to another network, and are never found by this one; none when opened
        without a network for things."""
        if self.thing_model_id is None:
            return frozenset()
        with translated(self._store.path):
            return template_rows.things_without(self._store.connection, self.thing_model_id)

    def counterexamples(self) -> TemplateSet:
        """All looks that were given somebody's name wrongly, by person. Raises GalleryModelMismatch when
        opened without a network."""
        model_id = self._network(Kind.PERSON)
        with translated(self._store.path):
            return template_rows.read_counterexamples(self._store.connection, model_id)

    def _all(self, kind: Kind) -> list[Person]:
        with translated(self._store.path):
            return people_rows.everybody(self._store.connection, kind, self._folder)

    def _add(self, insert: Callable[[sqlite3.Connection], int], recording: I16 | None) -> Person:
        wav = None if recording is None else recordings.as_wav(recording)
        with erasing.change_with_recordings(self._store) as (connection, keep):
            person_id = insert(connection)
            if wav is not None:
                people_rows.set_recording(connection, person_id, keep(wav))
            row = people_rows.require(connection, person_id)
        return people_rows.person_of(row, self._folder)

    def _templates(self, kind: Kind, *, learnt: bool) -> TemplateSet:
        model_id = self._network(kind)
        with translated(self._store.path):
            return template_rows.read(self._store.connection, kind, model_id, learnt=learnt)


def _set_recording(connection: sqlite3.Connection, person_id: int, recording: str | None) -> int:
    """How many were replaced."""
    before = people_rows.require(connection, person_id).name_recording
    people_rows.set_recording(connection, person_id, recording)
    if before is not None:
        erasing.note(connection, before)
    return before is not None


def _delete(connection: sqlite3.Connection, row: people_rows.Row) -> int:
    connection.execute("DELETE FROM people WHERE id = ?", (row.person_id,))
    erasing.note(connection, row.name_recording)
    return 1
