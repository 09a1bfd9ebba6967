"""The people who agreed to be known and the templates of their faces."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from kith.errors import GalleryError, GalleryModelMismatch
from kith.recognition import erasing, marks, meetings, people_rows, recordings, records, template_rows
from kith.recognition.faults import translated
from kith.recognition.matcher import TemplateSet
from kith.recognition.records import PersonRecord
from kith.recognition.store import Store
from kith.types import I16, Embedding, Person

log = logging.getLogger(__name__)


class Gallery:
    """All of it in one SQLite file, but for the recordings of names in a folder beside it. Belongs to the
    thread that opened it; other programs may change the file meanwhile. What a method changed is on disk, and
    in the backup, when it returns."""

    def __init__(self, store: Store, model_id: str | None) -> None:
        self._store = store
        self._model_id = model_id

    @classmethod
    def open(cls, path: Path, model_id: str | None) -> Gallery:
        """Open or create the gallery for the templates of one network; with None only people can be listed,
        renamed and forgotten. Raises GalleryCorrupt, GallerySchemaTooNew, GalleryModelMismatch, GalleryFull
        or GalleryError."""
        gallery = cls(Store.open(path), model_id)
        try:
            erasing.finish(gallery._store)
            erasing.sweep_if_possible(gallery._store)
            gallery._check_model()
        except BaseException:
            gallery.close()
            raise
        return gallery

    @classmethod
    @contextmanager
    def looked_at(cls, path: Path, model_id: str | None) -> Iterator[Gallery]:
        """The gallery for reading alone, without changing anything. Raises as `open`, and GalleryCorrupt also
        for damage that the next opening mends."""
        with Store.looked_at(path) as store:
            gallery = cls(store, model_id)
            gallery._check_model()
            yield gallery

    @property
    def restored(self) -> bool:
        """The file was damaged and its backup took its place when it was opened."""
        return self._store.restored

    @property
    def obstacle(self) -> GalleryError | None:
        """Why nothing can be changed (the disk is full or read-only), or None."""
        return self._store.obstacle

    @property
    def version(self) -> tuple[int, int]:
        """Another value after every change, whoever made it. Goes over to another file where another program
        put one in this one's place; raises then what `open` raises."""
        if self._store.follow():
            erasing.finish(self._store)
            self._check_model()
        with translated(self._store.path):
            others = self._store.connection.execute("PRAGMA data_version").fetchone()[0]
        return self._store.changes, others

    def people(self) -> list[Person]:
        """Everybody, by name."""
        with translated(self._store.path):
            return people_rows.everybody(self._store.connection, self._folder)

    def names(self) -> frozenset[str]:
        """The keys (`names.name_key`) of all names that are taken."""
        with translated(self._store.path):
            return people_rows.keys(self._store.connection)

    def person(self, name: str) -> Person:
        """The person of that name, upper or lower case. Raises PersonNotFound, InputError."""
        with translated(self._store.path):
            return people_rows.person_of(people_rows.named(self._store.connection, name), self._folder)

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
        template_rows.check(embeddings, self._model_id)
        wav = None if recording is None else recordings.as_wav(recording)
        with erasing.change_with_recordings(self._store) as (connection, keep):
            person_id = people_rows.insert(connection, name, consented_at, met_on)
            template_rows.insert(connection, person_id, embeddings, source)
            if wav is not None:
                people_rows.set_recording(connection, person_id, keep(wav))
            row = people_rows.require(connection, person_id)
        return people_rows.person_of(row, self._folder)

    def add_templates(
        self,
        person_id: int,
        embeddings: Sequence[Embedding],
        source: str = "device",
        met_on: date | None = None,
    ) -> tuple[int, ...]:
        """More templates of someone, who counts as met on that day, None for today; their ids. Raises
        PersonNotFound and what add_person raises."""
        template_rows.check(embeddings, self._model_id)
        with self._store.change() as connection:
            people_rows.require(connection, person_id)
            meetings.met(connection, [person_id], met_on or datetime.now(UTC).date())
            return template_rows.insert(connection, person_id, embeddings, source)

    def drop_templates(self, person_id: int, ids: Iterable[int]) -> int:
        """Remove some of someone's templates, as entirely as `forget` does; how many. Raises InputError where
        none would be left but learnt ones, GalleryFull or GalleryError."""
        return erasing.erase(self._store, partial(template_rows.drop, person_id=person_id, ids=ids))

    def learn(self, person_id: int, embedding: Embedding, at_most: int) -> None:
        """One more template of someone, taken in use; of those taken so, the oldest beyond `at_most` go
        without a trace. Raises PersonNotFound and what add_person raises."""
        template_rows.check([embedding], self._model_id)

        def learn(connection: sqlite3.Connection) -> int:
            people_rows.require(connection, person_id)
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
        template_rows.check([embedding], self._model_id)

        def mark(connection: sqlite3.Connection) -> int:
            people_rows.require(connection, person_id)
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

    def rename(self, old: str, new: str) -> Person:
        """Give someone another name. Raises PersonNotFound, DuplicatePerson, InputError."""
        with self._store.change() as connection:
            people_rows.rename(connection, old, new)
        return self.person(new)

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
        """Everything that is kept of everybody, by name."""
        with self._store.locked(), translated(self._store.path):
            return records.read(self._store.connection, self._folder)

    def add_records(self, people: Sequence[PersonRecord], *, replace: bool = False) -> list[Person]:
        """Take all of these in, or nobody. replace: who has one of their names is forgotten, as entirely as
        by `forget`. Raises DuplicatePerson where two have one name, or, unless `replace`, somebody here has
        one of theirs; GalleryModelMismatch, InputError, GalleryFull or GalleryError."""
        records.check(people, self._model_id)
        with erasing.change_with_recordings(self._store) as (connection, keep):
            for each in people:
                before = people_rows.find(connection, each.name)
                if before is not None and not replace:
                    raise people_rows.duplicate()
                if before is not None:
                    _delete(connection, before)
            ids = [
                records.insert(connection, each, None if each.recording is None else keep(each.recording))
                for each in people
            ]
            rows = [people_rows.require(connection, each) for each in ids]
        erasing.finish(self._store)
        return [people_rows.person_of(row, self._folder) for row in rows]

    def forget(self, name: str) -> None:
        """Remove a person entirely: templates, counter-examples, recording, every trace in the file, its
        journal, the backup and kept copies. If it is cut short, the next opening finishes it. Raises
        PersonNotFound, GalleryFull or GalleryError."""
        erasing.erase(
            self._store, lambda connection: _delete(connection, people_rows.named(connection, name))
        )

    def forget_person(self, person_id: int) -> None:
        """As `forget`, by id: whoever has the name by now stays. Raises as `forget`."""
        erasing.erase(
            self._store, lambda connection: _delete(connection, people_rows.require(connection, person_id))
        )

    def templates(self, *, learnt: bool = True) -> TemplateSet:
        """All templates, by person, or only those that someone enrolled. Raises GalleryModelMismatch when
        opened without a network."""
        with translated(self._store.path):
            return template_rows.read(self._store.connection, self._network, learnt=learnt)

    def counterexamples(self) -> TemplateSet:
        """All looks that were given somebody's name wrongly, by person. Raises GalleryModelMismatch when
        opened without a network."""
        with translated(self._store.path):
            return template_rows.read_counterexamples(self._store.connection, self._network)

    def close(self) -> None:
        """May be called twice."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def _folder(self) -> Path:
        return self._store.path.parent

    @property
    def _network(self) -> str:
        if self._model_id is None:
            raise GalleryModelMismatch("the gallery was opened without naming a network")
        return self._model_id

    def _check_model(self) -> None:
        if self._model_id is None:
            return
        with translated(self._store.path):
            other = template_rows.of_another_network(self._store.connection, self._model_id)
        if other is not None:
            raise GalleryModelMismatch(
                f"{self._store.path} holds templates of {other[1]} people made by the network {other[0]}, "
                f"and this Kith runs {self._model_id}; forget them with `kith people forget` and enrol them "
                f"again"
            )


def _set_recording(connection: sqlite3.Connection, person_id: int, recording: str | None) -> int:
    """How many were replaced."""
    before = people_rows.require(connection, person_id)[3]
    people_rows.set_recording(connection, person_id, recording)
    if before is not None:
        erasing.note(connection, before)
    return before is not None


def _delete(connection: sqlite3.Connection, row: people_rows.Row) -> int:
    person_id, _, _, recording, *_ = row
    connection.execute("DELETE FROM people WHERE id = ?", (person_id,))
    erasing.note(connection, recording)
    return 1
