"""The gallery's file: opened sound or not at all, changed wholly or not at all, with a backup beside it.

Beside `kith.db` lie `kith.db.bak`, a copy as of the last change, and for the length of a change
`kith.db.bak.new`. A damaged file is kept as `kith.db.damaged-N`, one from before a migration as
`kith.db.v1`, one that no backup could replace as `kith.db.lost-N`; all go when someone is forgotten.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from kith.errors import GalleryCorrupt, GalleryError, GalleryFull
from kith.recognition import migrations
from kith.recognition.connecting import BUSY_S, all_is_in_one_file, connect, connect_reading, open_to_look
from kith.recognition.faults import GalleryNotWritable, corrupt, obstacle_of, translated
from kith.recognition.files import copy_private, folder_lock, sync_folder, write_private

log = logging.getLogger(__name__)


class Store:
    """One SQLite file. Belongs to the thread that opened it; several programs may have it open."""

    def __init__(self, path: Path, connection: sqlite3.Connection, obstacle: GalleryError | None) -> None:
        self.path = path
        self.connection = connection
        self.restored = False
        self.obstacle = obstacle
        self.changes = 0
        self._only_looked_at = False
        self._identity = _identity(path)

    @classmethod
    def open(cls, path: Path) -> Store:
        """Open or create the file; a damaged one is replaced by its backup when that is sound. Where the
        file can be read but the disk is full or read-only, it is opened for reading, with `obstacle` set.
        Raises GalleryCorrupt, GallerySchemaTooNew, GalleryFull or GalleryError."""
        with translated(path):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with folder_lock(path.parent, BUSY_S):
                return cls._open_locked(path)

    @classmethod
    @contextmanager
    def looked_at(cls, path: Path) -> Iterator[Store]:
        """The file for reading alone; nothing in its folder is changed, and nobody else changes it meanwhile.
        Raises as `open`, and GalleryCorrupt also for damage that the next opening mends."""
        with translated(path), folder_lock(path.parent, BUSY_S):
            try:
                connection = open_to_look(path)
            except GalleryCorrupt as damage:
                if not any(map(_is_sound, (_staged(path), backup_of(path)))):
                    raise
                raise GalleryCorrupt(
                    f"{path} is damaged or gone; its backup is sound and takes its place at the next start"
                ) from damage
            try:
                store = cls(path, connection, obstacle_of(path))
                store._only_looked_at = True
                yield store
            finally:
                connection.close()

    def follow(self) -> bool:
        """Go over to the file that lies at the path now where another program put it there, as one does that
        restores the backup; True if so. What was opened first would else be changed under another name.
        Raises as `open`; then it stays with what it has."""
        if _identity(self.path) == self._identity:
            return False
        with translated(self.path), folder_lock(self.path.parent, BUSY_S):
            return self._follow_locked()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else changes anything in the folder meanwhile. Raises GalleryError."""
        if self._only_looked_at:  # so it is anyway
            yield
            return
        with translated(self.path), folder_lock(self.path.parent, BUSY_S):
            self._follow_locked()
            yield

    @contextmanager
    def change(self, *, backed_up: bool = True) -> Iterator[sqlite3.Connection]:
        """One change, on disk and in the backup when the block ends; nothing changes if anything fails.
        Raises GalleryFull or GalleryError."""
        if self.obstacle is not None:
            raise self.obstacle
        with self.locked():
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield self.connection
                if backed_up:
                    write_private(_staged(self.path), self.connection.serialize())
                self.connection.execute("COMMIT")
            except BaseException:
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                _staged(self.path).unlink(missing_ok=True)
                raise
            self.changes += 1
            if backed_up:
                self._publish_backup()
            self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def wipe_freed(self) -> None:
        """Write the file anew without anything that was deleted from it, and empty its journal. Raises
        GalleryError."""
        with self.locked():
            try:
                # secure_delete alone leaves copies where rows moved between pages.
                self.connection.execute("VACUUM")
            finally:
                busy, _, _ = self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            if busy:
                raise GalleryError(f"another program is reading {self.path}; try again when it has ended")

    def drop_backup(self) -> None:
        """Make room on a full disk for a change that frees some."""
        backup_of(self.path).unlink(missing_ok=True)

    def drop_old_copies(self) -> None:
        """Remove what was kept of damaged files and from before migrations."""
        for pattern in (".damaged-*", ".lost-*", ".v*"):
            for copy in self.path.parent.glob(self.path.name + pattern):
                copy.unlink(missing_ok=True)

    @property
    def has_lost_copies(self) -> bool:
        """A file that no backup could replace is kept beside this one."""
        return any(self.path.parent.glob(self.path.name + ".lost-*"))

    def close(self) -> None:
        """May be called twice."""
        self.connection.close()

    @classmethod
    def _open_locked(cls, path: Path) -> Store:
        try:
            store = cls._open_sound(path)
        except GalleryCorrupt as damage:
            _restore(path, damage)
            store = cls._open_sound(path)
            store.restored = True
            log.warning("the gallery was damaged and has been restored from its backup")
        try:
            store._bring_up_to_date()
        except BaseException:
            store.connection.close()
            raise
        return store

    def _follow_locked(self) -> bool:
        if _identity(self.path) == self._identity:
            return False
        other = Store._open_locked(self.path)
        # SQLite sees that the file was moved and leaves the journal, which is the new one's, alone.
        self.connection.close()
        self.connection, self.obstacle, self._identity = other.connection, other.obstacle, other._identity
        self.restored |= other.restored
        self.changes += 1
        log.warning("another program replaced the gallery's file; the new one is used")
        return True

    @classmethod
    def _open_sound(cls, path: Path) -> Store:
        obstacle: GalleryError | None = None
        emptied = path.exists() and backup_of(path).exists()
        try:
            with translated(path):
                connection = connect(path)
        except (GalleryFull, GalleryNotWritable) as error:
            if not all_is_in_one_file(path):
                raise
            obstacle = error
            connection = connect_reading(path)
        try:
            with translated(path):
                migrations.check_sound(connection, path, len(migrations.STEPS))
                fresh = migrations.schema_version(connection) == 0
                if fresh and (emptied or _is_sound(backup_of(path))):
                    raise corrupt(path, "it is empty, and its backup is not")
        except BaseException:
            connection.close()
            raise
        return cls(path, connection, obstacle)

    def _bring_up_to_date(self) -> None:
        version = migrations.schema_version(self.connection)
        pending = version < len(migrations.STEPS)
        if self.obstacle is not None:
            if pending:
                raise self.obstacle
            return
        if pending:
            if version:
                write_private(
                    self.path.with_name(f"{self.path.name}.v{version}"), self.connection.serialize()
                )
            migrations.migrate(self.connection, migrations.STEPS)
        if pending or _staged(self.path).exists() or not _is_sound(backup_of(self.path)):
            self._renew_backup()

    def _renew_backup(self) -> None:
        try:
            write_private(_staged(self.path), self.connection.serialize())
            self._publish_backup()
        except OSError as error:
            # The gallery itself is whole; the next opening tries again.
            log.warning("no backup of the gallery could be written: %s", error.strerror)
            with suppress(OSError):
                _staged(self.path).unlink(missing_ok=True)

    def _publish_backup(self) -> None:
        _staged(self.path).replace(backup_of(self.path))
        sync_folder(self.path.parent)


def backup_of(path: Path) -> Path:
    """Where the backup of a gallery file lies."""
    return path.with_name(path.name + ".bak")


def _is_sound(path: Path) -> bool:
    if not path.exists():
        return False
    connection = connect_reading(path)
    try:
        migrations.check_sound(connection, path, len(migrations.STEPS))
        return migrations.schema_version(connection) > 0
    except (sqlite3.Error, GalleryError):
        return False
    finally:
        connection.close()


def _restore(path: Path, damage: GalleryCorrupt) -> None:
    """Put the backup in the place of a damaged file, which is kept under another name."""
    source = next((copy for copy in (_staged(path), backup_of(path)) if _is_sound(copy)), None)
    if source is None:
        raise damage
    number = 1
    while path.with_name(f"{path.name}.damaged-{number}").exists():
        number += 1
    for suffix in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            path.with_name(path.name + suffix).rename(f"{path}.damaged-{number}{suffix}")
    copy_private(source, path)


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file lies at a path; None for none."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


def _staged(path: Path) -> Path:
    return path.with_name(path.name + ".bak.new")
