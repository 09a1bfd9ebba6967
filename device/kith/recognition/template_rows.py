"""The table of templates: what may enter it, how it is read, and how written within a change."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import numpy as np

from kith.errors import GalleryModelMismatch, InputError
from kith.recognition.matcher import TemplateSet
from kith.types import F32, Embedding, Kind

LEARNT = "learnt"
"""The source of templates that the device took by itself, from people whom it knew well."""


def check(embeddings: Sequence[Embedding], model_id: str | None) -> None:
    """Raises InputError or GalleryModelMismatch where these cannot be templates of that network."""
    for each in embeddings:
        if model_id is None or each.model_id != model_id:
            raise GalleryModelMismatch(
                f"a template of {each.model_id} does not belong in a gallery of {model_id}"
            )
    check_vectors(embeddings)


def check_vectors(embeddings: Sequence[Embedding]) -> None:
    """Raises InputError where these cannot be templates of any network."""
    if not embeddings:
        raise InputError("nothing can be remembered without a good look at it")
    for each in embeddings:
        if each.vector.ndim != 1 or not abs(float(np.linalg.norm(each.vector)) - 1.0) < 1e-3:
            raise InputError("a template must be one vector of length one")


def insert(
    connection: sqlite3.Connection, person_id: int, embeddings: Sequence[Embedding], source: str
) -> tuple[int, ...]:
    """Add templates of someone who is there; their ids."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    ids = []
    for each in embeddings:
        cursor = connection.execute(
            "INSERT INTO templates (person_id, model_id, vector, source, created_at) VALUES (?, ?, ?, ?, ?)",
            (person_id, each.model_id, blob(each.vector), source, now),
        )
        assert cursor.lastrowid is not None
        ids.append(cursor.lastrowid)
    return tuple(ids)


def drop(connection: sqlite3.Connection, person_id: int, ids: Iterable[int]) -> int:
    """Remove these of someone's templates; how many went. Raises InputError where none would be left."""
    dropped = sum(
        connection.execute("DELETE FROM templates WHERE id = ? AND person_id = ?", (each, person_id)).rowcount
        for each in set(ids)
    )
    if dropped and enrolled_to(connection, person_id) == 0:
        raise InputError("that would leave a person without a look; forget them instead")
    return dropped


def enrolled_to(connection: sqlite3.Connection, person_id: int) -> int:
    """The newest of someone's templates that was not learnt, 0 for none."""
    newest: int = connection.execute(
        "SELECT coalesce(max(id), 0) FROM templates WHERE person_id = ? AND source <> ?", (person_id, LEARNT)
    ).fetchone()[0]
    return newest


def blob(vector: F32) -> bytes:
    """A vector as the file keeps it."""
    return vector.astype("<f4").tobytes()


def drop_learnt(connection: sqlite3.Connection, person_id: int, keep: int) -> int:
    """Remove someone's learnt templates but for the newest `keep`; how many went."""
    return connection.execute(
        "DELETE FROM templates WHERE person_id = ?1 AND source = ?2 AND id NOT IN"
        " (SELECT id FROM templates WHERE person_id = ?1 AND source = ?2 ORDER BY id DESC LIMIT ?3)",
        (person_id, LEARNT, keep),
    ).rowcount


def check_lengths(connection: sqlite3.Connection) -> None:
    """Raises InputError where templates of one network are not of one length: they could not be compared."""
    if connection.execute(
        "SELECT 1 FROM templates GROUP BY model_id HAVING count(DISTINCT length(vector)) > 1"
    ).fetchone():
        raise InputError("looks of one network must be of one length; the file that they come from is wrong")


def read(connection: sqlite3.Connection, kind: Kind, model_id: str, *, learnt: bool) -> TemplateSet:
    """All templates of one kind that this network made, by person or thing; without those learnt where these
    are not wanted."""
    return _set(
        connection.execute(
            "SELECT person_id, vector FROM templates JOIN people ON people.id = person_id"
            " WHERE kind = ? AND model_id = ? AND (? OR source <> ?) ORDER BY person_id, templates.id",
            (kind, model_id, learnt, LEARNT),
        ).fetchall(),
        model_id,
    )


def read_counterexamples(connection: sqlite3.Connection, model_id: str) -> TemplateSet:
    """All counter-examples, by person."""
    return _set(
        connection.execute("SELECT person_id, vector FROM counterexamples ORDER BY person_id, id").fetchall(),
        model_id,
    )


def _set(rows: list[tuple[int, bytes]], model_id: str) -> TemplateSet:
    person_ids = np.array([person_id for person_id, _ in rows], dtype=np.int64)
    vectors = np.array([np.frombuffer(blob, dtype="<f4") for _, blob in rows], dtype=np.float32)
    vectors = vectors.reshape(len(rows), -1) if rows else np.zeros((0, 0), np.float32)
    vectors.flags.writeable = False
    person_ids.flags.writeable = False
    return TemplateSet(vectors=vectors, person_ids=person_ids, model_id=model_id)


def of_another_network(connection: sqlite3.Connection, model_id: str) -> tuple[str, int] | None:
    """A network other than this one that templates of people come from, and of how many people; None if none
    do."""
    other: tuple[str, int] | None = connection.execute(
        "SELECT model_id, count(DISTINCT person_id) FROM templates JOIN people ON people.id = person_id"
        " WHERE kind = ? AND model_id <> ? GROUP BY model_id",
        (Kind.PERSON, model_id),
    ).fetchone()
    return other


def things_without(connection: sqlite3.Connection, model_id: str) -> frozenset[int]:
    """The things that have no template made by this network."""
    rows = connection.execute(
        "SELECT id FROM people WHERE kind = ? AND NOT EXISTS"
        " (SELECT 1 FROM templates WHERE person_id = people.id AND model_id = ?)",
        (Kind.THING, model_id),
    )
    return frozenset(thing_id for (thing_id,) in rows)
