"""Damage, full disks and pulled plugs: no enrolled person is lost, nobody forgotten comes back."""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from kith.errors import GalleryCorrupt, GalleryError, GalleryFull, GallerySchemaTooNew
from kith.recognition import migrations, store
from kith.recognition.gallery import Gallery
from kith.recognition.migrations import STEPS, Step
from tests.unit._gallery_kit import MODEL, TODAY, looks, said


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "kith.db"


def fill(path: Path, people: int = 20) -> None:
    with Gallery.open(path, MODEL) as gallery:
        for number in range(people):
            gallery.add_person(f"Enrolled {number:02}", looks(number), TODAY)


def names(path: Path) -> list[str]:
    with Gallery.open(path, MODEL) as gallery:
        return [person.name for person in gallery.people()]


def everyone(people: int = 20) -> list[str]:
    return [f"Enrolled {number:02}" for number in range(people)]


def overwrite(path: Path, offset: int, what: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(what)


def zero_a_template(path: Path) -> None:
    overwrite(path, path.read_bytes().index(looks(7)[1].vector.tobytes()), bytes(512))


def zero_a_name(path: Path) -> None:
    overwrite(path, path.read_bytes().index(b"Enrolled 07"), bytes(11))


DAMAGES = {
    "cut in half": lambda path: os.truncate(path, path.stat().st_size // 2),
    "cut within a page": lambda path: os.truncate(path, path.stat().st_size - 1000),
    "emptied": lambda path: os.truncate(path, 0),
    "gone": lambda path: path.unlink(),
    "garbage": lambda path: path.write_bytes(b"not a database at all" * 999),
    "header gone": lambda path: overwrite(path, 0, bytes(100)),
    "middle overwritten": lambda path: overwrite(path, path.stat().st_size // 2, b"\xa5" * 4096),
    "a template zeroed": zero_a_template,
    "a name zeroed": zero_a_name,
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_file_loses_nobody(path: Path, damage: object) -> None:
    fill(path)
    assert callable(damage)
    damage(path)
    with Gallery.open(path, MODEL) as gallery:
        assert gallery.restored
        assert [person.name for person in gallery.people()] == everyone()
        gallery.add_person("Late", looks(99), TODAY)
    with Gallery.open(path, MODEL) as gallery:
        assert not gallery.restored
        assert len(gallery.people()) == 21


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_backup_is_made_anew(path: Path, damage: object) -> None:
    fill(path)
    assert callable(damage)
    damage(store.backup_of(path))
    assert names(path) == everyone()
    path.unlink()
    assert names(path) == everyone()


def test_without_a_backup_damage_is_said_and_the_file_left_alone(path: Path) -> None:
    fill(path)
    store.backup_of(path).unlink()
    path.write_bytes(b"not a database at all" * 999)
    with pytest.raises(GalleryCorrupt, match=r"kith\.db cannot be read .*kith people add"):
        Gallery.open(path, MODEL)
    assert path.read_bytes().startswith(b"not a database")


def test_when_all_is_lost_moving_the_file_away_begins_anew_and_forgetting_takes_it_too(path: Path) -> None:
    fill(path, people=2)
    path.write_bytes(b"rubbish" * 1000)
    store.backup_of(path).write_bytes(b"rubbish" * 1000)
    with pytest.raises(GalleryCorrupt):
        Gallery.open(path, MODEL)
    lost = path.rename(path.with_name("kith.db.lost-1"))
    with Gallery.open(path, MODEL) as gallery:
        assert gallery.people() == []
        gallery.add_person("Anna", looks(1), TODAY)
        gallery.forget("Anna")
    assert not lost.exists()


def test_someone_elses_database_is_not_taken(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE recipes (title TEXT)")
    connection.close()
    with pytest.raises(GalleryCorrupt, match="not a gallery"):
        Gallery.open(path, MODEL)
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT count(*) FROM recipes").fetchone() == (0,)
    connection.close()


def test_a_newer_gallery_is_left_as_it_is(path: Path) -> None:
    fill(path, people=1)
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(GallerySchemaTooNew, match="update Kith"):
        Gallery.open(path, MODEL)
    assert not list(path.parent.glob("*.damaged-*"))


def test_a_change_cut_short_before_its_end_never_was(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(path, people=2)
    before = path.read_bytes()

    def no_room(target: Path, content: bytes) -> None:
        target.write_bytes(content[:1000])
        raise OSError(28, "No space left on device")

    with Gallery.open(path, MODEL) as gallery:
        monkeypatch.setattr(store, "write_private", no_room)
        with pytest.raises(GalleryFull, match="nothing was changed"):
            gallery.add_person("Late", looks(99), TODAY)
        with pytest.raises(GalleryFull):
            gallery.rename("Enrolled 00", "Other")
        assert [person.name for person in gallery.people()] == everyone(2)
        monkeypatch.undo()
        gallery.add_person("Later", looks(98), TODAY)
    assert before != path.read_bytes()
    assert names(path) == [*everyone(2), "Later"]


CUT_SHORT = """
import os, sys
from pathlib import Path
from kith.recognition.gallery import Gallery
from kith.recognition.store import Store
from tests.unit._gallery_kit import MODEL, TODAY, looks
setattr(Store, sys.argv[2], lambda self: os._exit(9))
with Gallery.open(Path(sys.argv[1]), MODEL) as gallery:
    gallery.forget("Enrolled 01") if sys.argv[3] == "forget" else gallery.add_person("Late", looks(99), TODAY)
"""


@pytest.mark.parametrize("where", ["_publish_backup", "wipe_freed", "drop_old_copies"])
def test_forgetting_cut_short_is_finished_at_the_next_opening(path: Path, where: str) -> None:
    fill(path, people=3)
    assert crash(path, where, "forget") == 9
    assert names(path) == ["Enrolled 00", "Enrolled 02"]
    for file in path.parent.iterdir():
        assert b"Enrolled 01" not in file.read_bytes()
    path.unlink()
    assert names(path) == ["Enrolled 00", "Enrolled 02"]


def test_adding_cut_short_after_the_commit_is_kept(path: Path) -> None:
    fill(path, people=1)
    assert crash(path, "_publish_backup", "add") == 9
    assert names(path) == ["Enrolled 00", "Late"]
    path.unlink()
    assert names(path) == ["Enrolled 00", "Late"]


def crash(path: Path, where: str, what: str) -> int:
    command = [sys.executable, "-c", CUT_SHORT, str(path), where, what]
    root = Path(__file__).parents[2]
    env = {**os.environ, "PYTHONPATH": f"{root / 'device'}:{root}"}
    return subprocess.run(command, env=env, check=False, timeout=60).returncode


OPEN_ELSEWHERE = """
import sys
from pathlib import Path
from kith.recognition.gallery import Gallery
from tests.unit._gallery_kit import MODEL
with Gallery.open(Path(sys.argv[1]), MODEL) as gallery:
    for _ in sys.stdin:
        assert gallery.version
        print(len(gallery.people()), gallery.templates().person_ids.size, flush=True)
"""


@contextmanager
def open_elsewhere(path: Path) -> Iterator[Callable[[], str]]:
    """Another process has the gallery open; the value lets it count people and templates."""
    root = Path(__file__).parents[2]
    process = subprocess.Popen(
        [sys.executable, "-c", OPEN_ELSEWHERE, str(path)],
        env={**os.environ, "PYTHONPATH": f"{root / 'device'}:{root}"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    reader, writer = process.stdout, process.stdin

    def look() -> str:
        writer.write("\n")
        writer.flush()
        return reader.readline().strip()

    try:
        yield look
    finally:
        process.kill()
        process.communicate()


def test_forgetting_leaves_no_byte(path: Path) -> None:
    fill(path)
    for damage in ("garbage", "cut in half"):  # each leaves a copy of what there was
        if damage == "garbage":
            shutil.copy(path, path.with_name("kith.db.damaged-1"))
        else:
            DAMAGES[damage](path)
            names(path)
    shutil.copy(path, path.with_name("kith.db.v1"))
    shutil.copy(path, path.with_name("kith.db.lost-1"))
    with Gallery.open(path, MODEL) as gallery:
        seven = gallery.person("Enrolled 07").person_id
        gallery.set_recording(seven, said(7))
        for seed in (70, 71):
            gallery.mark_wrong(seven, looks(seed)[0], at_most=5)
        gallery.learn(seven, looks(72)[0], at_most=5)
        gallery.rename("Enrolled 07", "Enrolled Seven")
        assert set(leftovers(path)) >= {"kith.db", "kith.db.bak", "kith.db.damaged-1", "kith.db.lost-1"}
        assert any(name.endswith(".wav") for name in leftovers(path))
        with open_elsewhere(path) as look:
            assert look() == "20 61"
            gallery.forget("enrolled seven")
            assert leftovers(path) == []  # while it is open too, so in the journal
            assert look() == "19 57"
            assert leftovers(path) == []
        assert len(gallery.people()) == 19
    assert leftovers(path) == []
    assert not list((path.parent / "recordings").iterdir())
    assert not list(path.parent.glob("*.damaged-*"))
    assert names(path) == [name for name in everyone() if name != "Enrolled 07"]


def leftovers(path: Path) -> list[str]:
    """Files of the state folder with anything of whom was forgotten: in any page, used or free."""
    traces = [b"Enrolled 07", b"Enrolled Seven", b"enrolled seven"]
    vectors = [
        look.vector for seed, count in ((7, 3), (70, 1), (71, 1), (72, 1)) for look in looks(seed, count)
    ]
    traces += [vector.tobytes()[start : start + 24] for vector in vectors for start in (0, 200, 480)]
    traces += [said(7).tobytes()[start : start + 24] for start in (0, 4000, 7900)]
    contents = {file.name: file.read_bytes() for file in path.parent.rglob("*") if file.is_file()}
    return [name for name, content in contents.items() for trace in traces if trace in content]


def test_before_a_migration_a_copy_is_kept_and_a_failed_one_changes_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(path, people=2)
    good = Step(name="0003 nickname", statements=("ALTER TABLE people ADD COLUMN nickname TEXT",))
    bad = Step(name="0004 breaks", statements=("CREATE TABLE half (x)", "SELECT nonsense"))
    monkeypatch.setattr(migrations, "STEPS", (*STEPS, good, bad))
    with pytest.raises(GalleryError):
        Gallery.open(path, MODEL)
    monkeypatch.setattr(migrations, "STEPS", (*STEPS, good))
    assert names(path) == everyone(2)
    with sqlite3.connect(path) as connection:
        applied = [row[0] for row in connection.execute("SELECT name FROM _sqlite_migrations ORDER BY id")]
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_schema")}
        assert connection.execute("PRAGMA user_version").fetchone() == (len(STEPS) + 1,)
    connection.close()
    assert applied == [*(step.name for step in STEPS), "0003 nickname"]
    assert "half" not in tables
    copy = path.with_name(f"kith.db.v{len(STEPS)}")
    assert b"Enrolled 01" in copy.read_bytes()
    with Gallery.open(path, MODEL) as gallery:
        gallery.forget("Enrolled 01")
    assert not copy.exists()


def test_a_sound_file_is_opened_without_sqlite_utils(path: Path) -> None:
    fill(path, people=1)
    code = (
        "import sys; from pathlib import Path; from kith.recognition.gallery import Gallery;"
        f"Gallery.open(Path({str(path)!r}), {MODEL!r}).close(); print('sqlite_utils' in sys.modules)"
    )
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "device")}
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, check=True, timeout=60, capture_output=True, text=True
    )
    assert done.stdout.strip() == "False"


def test_a_program_that_keeps_the_gallery_busy_is_said(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "BUSY_S", 0.05)
    with Gallery.open(path, MODEL) as gallery:
        holder = os.open(path.parent, os.O_RDONLY)
        fcntl.flock(holder, fcntl.LOCK_EX)
        try:
            with pytest.raises(GalleryError, match="another program"):
                gallery.add_person("Anna", looks(1), TODAY)
        finally:
            os.close(holder)
        assert gallery.people() == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    mount_point = tmp_path / "disk"
    mount_point.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=512k", "none", str(mount_point)]
    if subprocess.run(command, check=False, capture_output=True).returncode != 0:
        pytest.skip("this machine lets nobody mount a disk")
    yield mount_point
    subprocess.run(["umount", str(mount_point)], check=True)


def stuff(disk: Path) -> Path:
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            pass
    return ballast


def test_on_a_full_disk_nothing_changes_and_nobody_is_lost(small_disk: Path) -> None:
    path = small_disk / "kith.db"
    fill(path, people=5)
    with Gallery.open(path, MODEL) as gallery:
        three = gallery.person("Enrolled 03").person_id
        gallery.set_recording(three, said(3))
        recording = gallery.person("Enrolled 03").name_recording
        gallery.mark_wrong(three, looks(77)[0], 5)
        kept = gallery.records()
        ballast = stuff(small_disk)
        for change in (
            lambda: gallery.add_person("Late", looks(99), TODAY),
            lambda: gallery.add_person("Late", looks(99), TODAY, recording=said(99)),
            lambda: gallery.set_recording(three, said(98)),
            lambda: gallery.add_records([replace(kept[3], name="Carried")]),
            lambda: gallery.mark_wrong(three, looks(78)[0], 5),
            lambda: gallery.learn(three, looks(79)[0], 5),
        ):
            with pytest.raises(GalleryFull, match="make room"):
                change()
        assert list((small_disk / "recordings").iterdir()) == [recording]
        assert [person.name for person in gallery.people()] == everyone(5)
        assert gallery.templates().person_ids.size == 15
        # What only takes away goes even so.
        assert gallery.clear_marks(three) == 1
        gallery.set_recording(three, None)
        assert not list((small_disk / "recordings").iterdir())
        gallery.forget("Enrolled 03")
    ballast.unlink()
    assert names(path) == ["Enrolled 00", "Enrolled 01", "Enrolled 02", "Enrolled 04"]
    path.unlink()
    assert len(names(path)) == 4


def test_a_gallery_on_a_full_disk_opens_for_reading(small_disk: Path) -> None:
    path = small_disk / "kith.db"
    fill(path, people=5)
    ballast = stuff(small_disk)
    with Gallery.open(path, MODEL) as gallery:
        assert isinstance(gallery.obstacle, GalleryFull)
        assert [person.name for person in gallery.people()] == everyone(5)
        with pytest.raises(GalleryFull):
            gallery.add_person("Late", looks(99), TODAY)
    ballast.unlink()
    with Gallery.open(path, MODEL) as gallery:
        assert gallery.obstacle is None


def test_a_new_gallery_on_a_full_disk_is_an_error(small_disk: Path) -> None:
    stuff(small_disk)
    with pytest.raises(GalleryFull):
        Gallery.open(small_disk / "kith.db", MODEL)


def test_a_gallery_on_a_read_only_disk_opens_for_reading(small_disk: Path) -> None:
    path = small_disk / "kith.db"
    fill(path, people=5)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with Gallery.open(path, MODEL) as gallery:
        assert [person.name for person in gallery.people()] == everyone(5)
        with pytest.raises(GalleryError, match="read-only"):
            gallery.forget("Enrolled 03")
        assert len(gallery.people()) == 5
    with pytest.raises(GalleryError, match="read-only"):
        Gallery.open(small_disk / "other.db", MODEL)


@pytest.fixture
def replaced(path: Path) -> Iterator[tuple[Gallery, Gallery]]:
    """A gallery as a daemon has it open, and as another program opened it after it was torn."""
    fill(path, people=3)
    with Gallery.open(path, MODEL) as daemon:
        assert len(daemon.people()) == 3
        os.truncate(path, path.stat().st_size // 2)
        with Gallery.open(path, MODEL) as carer:
            assert carer.restored
            yield daemon, carer


def test_a_file_that_another_program_restored_is_gone_over_to(replaced: tuple[Gallery, Gallery]) -> None:
    daemon, carer = replaced
    carer.add_person("Late", looks(99), TODAY)
    seen = {daemon.version}
    assert [person.name for person in daemon.people()] == [*everyone(3), "Late"]
    assert len(daemon.templates().person_ids) == 12
    assert daemon.version in seen
    carer.rename("Late", "Later")
    assert daemon.version not in seen


def test_whom_it_then_remembers_is_not_lost(replaced: tuple[Gallery, Gallery], path: Path) -> None:
    daemon, carer = replaced
    daemon.add_person("Remembered", looks(50), TODAY)
    carer.add_person("Also", looks(51), TODAY)
    assert [person.name for person in daemon.people()] == ["Also", *everyone(3), "Remembered"]
    carer.close()
    daemon.forget("Also")
    daemon.close()
    assert names(path) == [*everyone(3), "Remembered"]
    path.unlink()
    assert names(path) == [*everyone(3), "Remembered"]  # the backup knows the same


def test_going_over_leaves_the_other_program_s_journal_alone(
    replaced: tuple[Gallery, Gallery], path: Path
) -> None:
    daemon, carer = replaced
    with sqlite3.connect(path) as other:  # what it writes stays in the journal
        other.execute("UPDATE people SET name = 'In The Journal' WHERE name_key = 'enrolled 00'")
    assert daemon.version
    other.close()
    carer.close()
    daemon.close()
    assert "In The Journal" in names(path)


def test_a_file_that_vanished_is_restored_by_who_has_it_open(path: Path) -> None:
    fill(path, people=3)
    with Gallery.open(path, MODEL) as gallery:
        before = gallery.version
        path.unlink()
        assert gallery.version != before
        assert gallery.restored
        assert len(gallery.people()) == 3
    assert names(path) == everyone(3)


def test_where_the_new_file_cannot_be_opened_the_error_is_told_until_it_can(path: Path) -> None:
    fill(path, people=3)
    with Gallery.open(path, MODEL) as gallery:
        good = path.read_bytes()
        store.backup_of(path).unlink()
        path.unlink()
        path.write_bytes(b"rubbish" * 1000)
        for _ in range(2):
            with pytest.raises(GalleryCorrupt):
                _ = gallery.version
            with pytest.raises(GalleryCorrupt):
                gallery.add_person("Anna", looks(99), TODAY)
        path.write_bytes(good)
        assert gallery.version
        assert len(gallery.people()) == 3
