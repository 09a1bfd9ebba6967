"""How what is deleted from the gallery leaves no trace, and how recordings come and go with their rows."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from kith.errors import GalleryError, GalleryFull
from kith.recognition import people_rows, recordings
from kith.recognition.faults import translated
from kith.recognition.store import Store

log = logging.getLogger(__name__)


def note(connection: sqlite3.Connection, recording: str | None) -> None:
    """Within a change: something was deleted that must leave no trace, and with it perhaps a recording."""
    connection.execute("INSERT INTO erasures (recording) VALUES (?)", (recording,))


def change(store: Store, drop: Callable[[sqlite3.Connection], int]) -> int:
    """One change in which `drop` may add rows, and says how many it deleted; these leave no trace. Raises
    GalleryFull or GalleryError."""
    dropped = _drop(store, drop)
    finish(store)
    return dropped


def erase(store: Store, drop: Callable[[sqlite3.Connection], int]) -> int:
    """As `change`, for what only deletes: that is done on a full disk too, at the cost of the backup."""
    try:
        dropped = _drop(store, drop)
    except GalleryFull:
        if store.obstacle is not None:
            raise
        # A full disk must not keep anything from being forgotten: the backup holds it too.
        store.drop_backup()
        dropped = _drop(store, drop, backed_up=False)
    finish(store)
    return dropped


def _drop(store: Store, drop: Callable[[sqlite3.Connection], int], *, backed_up: bool = True) -> int:
    with store.change(backed_up=backed_up) as connection:
        dropped = drop(connection)
        if dropped:
            note(connection, None)
    return dropped


def finish(store: Store) -> None:
    """Remove what is still left of what was deleted; nothing where nothing is. If it is cut short, the next
    call goes on. Raises GalleryError."""
    if store.obstacle is not None:
        return
    with translated(store.path):
        pending = store.connection.execute("SELECT recording FROM erasures").fetchall()
        if not pending:
            return
        for (recording,) in pending:
            if recording is not None:
                (store.path.parent / recording).unlink(missing_ok=True)
        store.drop_old_copies()
    sweep(store)
    try:
        store.wipe_freed()
        with store.change() as connection:
            connection.execute("DELETE FROM erasures")
    except GalleryFull:
        # The old backup holds whom it should not; the next opening makes a new one.
        store.drop_backup()
        log.warning("the disk is full: the gallery has no backup until there is room")


def sweep(store: Store) -> None:
    """Remove recordings that no row names: those of changes that were cut short. Raises GalleryError."""
    # A gallery that is kept aside as lost may still be mended by hand; forgetting takes it and these too.
    if store.obstacle is not None or store.has_lost_copies:
        return
    with store.locked():
        recordings.sweep(store.path.parent, people_rows.recordings(store.connection))


def sweep_if_possible(store: Store) -> None:
    """As `sweep`; what stays then goes when the gallery is opened next."""
    try:
        sweep(store)
    except GalleryError as error:
        log.warning("recordings of nobody could not be removed: %s", type(error).__name__)


@contextmanager
def change_with_recordings(store: Store) -> Iterator[tuple[sqlite3.Connection, Callable[[bytes], str]]]:
    """One change; the second value keeps a WAV file, which is there before the row that names it, and gone if
    the change fails. Raises GalleryFull or GalleryError."""
    kept = False

    def keep(wav: bytes) -> str:
        nonlocal kept
        kept = True
        return recordings.write(store.path.parent, wav)

    try:
        with store.change() as connection:
            yield connection, keep
    except BaseException:
        if kept:
            # Not simply removed: the change may have failed after its commit.
            sweep_if_possible(store)
        raise
