"""The table of counter-examples: looks that were given a name which the wearer called wrong."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime

from kith.recognition import template_rows
from kith.types import Embedding


def insert(connection: sqlite3.Connection, person_id: int, embedding: Embedding) -> None:
    """One more of someone who is there."""
    connection.execute(
        "INSERT INTO counterexamples (person_id, model_id, vector, enrolled_to, created_at)"
        " VALUES (?, ?, ?, ?, ?)",
        (
            person_id,
            embedding.model_id,
            template_rows.blob(embedding.vector),
            template_rows.enrolled_to(connection, person_id),
            datetime.now(UTC).isoformat(timespec="seconds"),
        ),
    )


def drop_oldest(connection: sqlite3.Connection, person_id: int, keep: int) -> int:
    """Remove someone's but for the newest `keep`; how many went."""
    return connection.execute(
        "DELETE FROM counterexamples WHERE person_id = ?1 AND id NOT IN"
        " (SELECT id FROM counterexamples WHERE person_id = ?1 ORDER BY id DESC LIMIT ?2)",
        (person_id, keep),
    ).rowcount


def drop_newest(connection: sqlite3.Connection, person_id: int) -> int:
    """Remove someone's newest; how many went, 0 or 1."""
    return connection.execute(
        "DELETE FROM counterexamples WHERE id = (SELECT max(id) FROM counterexamples WHERE person_id = ?)",
        (person_id,),
    ).rowcount
