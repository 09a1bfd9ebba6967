"""The table of templates: what may enter it, how it is read, and how written within a change."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np

from kith.errors import GalleryModelMismatch, InputError
from kith.recognition.matcher import TemplateSet
from kith.types import Embedding

LEARNT = "learnt"
"""The source of templates that the device took by itself, from people whom it knew well."""


def check(embeddings: Sequence[Embedding], model_id: str | None) -> None:
    """Raises InputError or GalleryModelMismatch where these cannot be templates of that network."""
    if not embeddings:
        raise InputError("nobody can be enrolled without a good look at their face")
    for each in embeddings:
        if model_id is None or each.model_id != model_id:
            raise GalleryModelMismatch(
                f"a template of {each.model_id} does not belong in a gallery of {model_id}"
            )
        if each.vector.ndim != 1 or not abs(float(np.linalg.norm(each.vector)) - 1.0) < 1e-3:
            raise InputError("a template must be one vector of length one")


def insert(
    connection: sqlite3.Connection, person_id: int, embeddings: Sequence[Embedding], source: str
) -> None:
    """Add templates of someone who is there."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    connection.executemany(
        "INSERT INTO templates (person_id, model_id, vector, source, created_at) VALUES (?, ?, ?, ?, ?)",
        [(person_id, each.model_id, each.vector.astype("<f4").tobytes(), source, now) for each in embeddings],
    )


def drop_learnt(connection: sqlite3.Connection, person_id: int, keep: int) -> int:
    """Remove someone's learnt templates but for the newest `keep`; how many went."""
    return connection.execute(
        "DELETE FROM templates WHERE person_id = ?1 AND source = ?2 AND id NOT IN"
        " (SELECT id FROM templates WHERE person_id = ?1 AND source = ?2 ORDER BY id DESC LIMIT ?3)",
        (person_id, LEARNT, keep),
    ).rowcount


def read(connection: sqlite3.Connection, model_id: str, *, learnt: bool) -> TemplateSet:
    """All templates, by person; without those learnt where these are not wanted."""
    rows = connection.execute(
        "SELECT person_id, vector FROM templates WHERE ? OR source <> ? ORDER BY person_id, id",
        (learnt, LEARNT),
    ).fetchall()
    person_ids = np.array([person_id for person_id, _ in rows], dtype=np.int64)
    vectors = np.array([np.frombuffer(blob, dtype="<f4") for _, blob in rows], dtype=np.float32)
    vectors = vectors.reshape(len(rows), -1) if rows else np.zeros((0, 0), np.float32)
    vectors.flags.writeable = False
    person_ids.flags.writeable = False
    return TemplateSet(vectors=vectors, person_ids=person_ids, model_id=model_id)


def of_another_network(connection: sqlite3.Connection, model_id: str) -> tuple[str, int] | None:
    """A network other than this one that templates come from, and of how many people; None if none do."""
    other: tuple[str, int] | None = connection.execute(
        "SELECT model_id, count(DISTINCT person_id) FROM templates WHERE model_id <> ? GROUP BY model_id",
        (model_id,),
    ).fetchone()
    return other
