"""The people who agreed to be known and the templates of their faces."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Self

from kith.errors import (
    DuplicatePerson,
    GalleryError,
    GalleryFull,
    GalleryModelMismatch,
    InputError,
    PersonNotFound,
)
from kith.recognition import template_rows
from kith.recognition.faults import translated
from kith.recognition.matcher import TemplateSet
from kith.recognition.names import generated_name, name_key, normal_name
from kith.recognition.store import Store
from kith.types import Embedding, Person

log = logging.getLogger(__name__)

_PEOPLE = """
    SELECT people.id, name, consented_at, name_recording, generated, count(templates.id)
    FROM people LEFT JOIN templates ON templates.person_id = people.id
"""


class Gallery:
    """All of it in one SQLite file. Belongs to the thread that opened it; other programs may change the
    file meanwhile. What a method changed is on disk, and in the backup, when it returns."""

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
            gallery._finish_erasures()
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
            self._finish_erasures()
            self._check_model()
        with translated(self._store.path):
            others = self._store.connection.execute("PRAGMA data_version").fetchone()[0]
        return self._store.changes, others

    def people(self) -> list[Person]:
        """Everybody, by name."""
        with translated(self._store.path):
            rows = self._store.connection.execute(
                f"{_PEOPLE} GROUP BY people.id ORDER BY name_key"
            ).fetchall()
        return [self._person(row) for row in rows]

    def person(self, name: str) -> Person:
        """The person of that name, upper or lower case. Raises PersonNotFound, InputError."""
        with translated(self._store.path):
            return self._person(self._row(name))

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
    ) -> Person:
        """Enrol someone new; with None under a made name such as "person 3". source: where the templates
        come from, "device" or "photo". Raises DuplicatePerson, GalleryModelMismatch, InputError, GalleryFull
        or GalleryError."""
        template_rows.check(embeddings, self._model_id)
        chosen = None if name is None else normal_name(name)
        with self._store.change() as connection:
            keys = {key for (key,) in connection.execute("SELECT name_key FROM people")}
            final = generated_name(keys) if chosen is None else chosen
            if name_key(final) in keys:
                raise DuplicatePerson("there is already a person of that name; `kith people list` shows all")
            cursor = connection.execute(
                "INSERT INTO people (name, name_key, generated, consented_at, created_at)"
                " VALUES (?, ?, ?, ?, ?)",
                (final, name_key(final), chosen is None, _text(consented_at), _text(datetime.now(UTC))),
            )
            assert cursor.lastrowid is not None
            template_rows.insert(connection, cursor.lastrowid, embeddings, source)
        return self.person(final)

    def add_templates(self, person_id: int, embeddings: Sequence[Embedding], source: str = "device") -> None:
        """More templates of someone. Raises PersonNotFound and what add_person raises."""
        template_rows.check(embeddings, self._model_id)
        with self._store.change() as connection:
            _require(connection, person_id)
            template_rows.insert(connection, person_id, embeddings, source)

    def learn(self, person_id: int, embedding: Embedding, at_most: int) -> None:
        """One more template of someone, taken in use; of those taken so, the oldest beyond `at_most` go
        without a trace. Raises PersonNotFound and what add_person raises."""
        template_rows.check([embedding], self._model_id)
        with self._store.change() as connection:
            _require(connection, person_id)
            template_rows.insert(connection, person_id, [embedding], template_rows.LEARNT)
            if template_rows.drop_learnt(connection, person_id, at_most):
                connection.execute("INSERT INTO erasures (recording) VALUES (NULL)")
        self._finish_erasures()

    def unlearn(self, person_id: int) -> int:
        """Remove all that was taken of someone in use, as entirely as `forget` does, since it may be somebody
        else's face; how many templates. Raises GalleryFull or GalleryError."""
        with self._store.change() as connection:
            dropped = template_rows.drop_learnt(connection, person_id, 0)
            if dropped:
                connection.execute("INSERT INTO erasures (recording) VALUES (NULL)")
        self._finish_erasures()
        return dropped

    def rename(self, old: str, new: str) -> Person:
        """Give someone another name. Raises PersonNotFound, DuplicatePerson, InputError."""
        final = normal_name(new)
        with self._store.change() as connection:
            person_id = self._row(old)[0]
            if name_key(final) != name_key(normal_name(old)) and self._find(final) is not None:
                raise DuplicatePerson("there is already a person of that name; `kith people list` shows all")
            connection.execute(
                "UPDATE people SET name = ?, name_key = ?, generated = 0 WHERE id = ?",
                (final, name_key(final), person_id),
            )
        return self.person(final)

    def set_name_recording(self, person_id: int, recording: str) -> None:
        """Note where the wearer's recording of the name lies, relative to the gallery's folder; one noted
        before is deleted. Raises PersonNotFound, InputError."""
        parts = PurePosixPath(recording)
        if parts.is_absolute() or ".." in parts.parts or not parts.parts:
            raise InputError("a recording must lie within the folder of the gallery")
        with self._store.change() as connection:
            row = connection.execute(
                "SELECT name_recording FROM people WHERE id = ?", (person_id,)
            ).fetchone()
            if row is None:
                raise _not_found()
            connection.execute("UPDATE people SET name_recording = ? WHERE id = ?", (str(parts), person_id))
            if row[0] not in (None, str(parts)):
                connection.execute("INSERT INTO erasures (recording) VALUES (?)", (row[0],))
        self._finish_erasures()

    def forget(self, name: str) -> None:
        """Remove a person entirely: templates, recording, every trace in the file, its journal, the backup
        and kept copies. If it is cut short, the next opening finishes it. Raises PersonNotFound, GalleryFull
        or GalleryError."""
        try:
            self._delete(name)
        except GalleryFull:
            if self._store.obstacle is not None:
                raise
            # A full disk must not keep anyone from being forgotten: the backup holds them too.
            self._store.drop_backup()
            self._delete(name, backed_up=False)
        self._finish_erasures()

    def templates(self, *, learnt: bool = True) -> TemplateSet:
        """All templates, by person, or only those that someone enrolled. Raises GalleryModelMismatch when
        opened without a network."""
        if self._model_id is None:
            raise GalleryModelMismatch("the gallery was opened without naming a network")
        with translated(self._store.path):
            return template_rows.read(self._store.connection, self._model_id, learnt=learnt)

    def close(self) -> None:
        """May be called twice."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _find(self, name: str) -> tuple[int, str, str, str | None, int, int] | None:
        row: tuple[int, str, str, str | None, int, int] | None = self._store.connection.execute(
            f"{_PEOPLE} WHERE name_key = ? GROUP BY people.id", (name_key(normal_name(name)),)
        ).fetchone()
        return row

    def _row(self, name: str) -> tuple[int, str, str, str | None, int, int]:
        row = self._find(name)
        if row is None:
            raise _not_found()
        return row

    def _person(self, row: tuple[int, str, str, str | None, int, int]) -> Person:
        person_id, name, consented_at, recording, generated, templates = row
        return Person(
            person_id=person_id,
            name=name,
            consented_at=consented_at,
            templates=templates,
            name_recording=None if recording is None else self._store.path.parent / recording,
            generated=bool(generated),
        )

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

    def _delete(self, name: str, *, backed_up: bool = True) -> None:
        with self._store.change(backed_up=backed_up) as connection:
            person_id, _, _, recording, _, _ = self._row(name)
            connection.execute("DELETE FROM people WHERE id = ?", (person_id,))
            connection.execute("INSERT INTO erasures (recording) VALUES (?)", (recording,))

    def _finish_erasures(self) -> None:
        if self._store.obstacle is not None:
            return
        with translated(self._store.path):
            pending = self._store.connection.execute("SELECT recording FROM erasures").fetchall()
            if not pending:
                return
            for (recording,) in pending:
                if recording is not None:
                    (self._store.path.parent / recording).unlink(missing_ok=True)
            self._store.drop_old_copies()
        try:
            self._store.wipe_freed()
            with self._store.change() as connection:
                connection.execute("DELETE FROM erasures")
        except GalleryFull:
            # The old backup holds whom it should not; the next opening makes a new one.
            self._store.drop_backup()
            log.warning("the disk is full: the gallery has no backup until there is room")


def _require(connection: sqlite3.Connection, person_id: int) -> None:
    if connection.execute("SELECT 1 FROM people WHERE id = ?", (person_id,)).fetchone() is None:
        raise _not_found()


def _text(moment: datetime) -> str:
    if moment.tzinfo is None:
        raise InputError("a date of consent needs a time zone")
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _not_found() -> PersonNotFound:
    return PersonNotFound("there is no person of that name; `kith people list` shows who there is")
