from __future__ import annotations

import os
import stat
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

from kith.errors import DuplicatePerson, GalleryError, GalleryFull, InputError, PersonNotFound
from kith.recognition import recordings as recordings_module
from kith.recognition import store
from kith.recognition.gallery import Gallery
from kith.types import I16, SAMPLE_RATE_HZ
from tests.unit._gallery_kit import MODEL, TODAY, looks, said


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "kith.db"


def heard(path: Path | None) -> I16:
    assert path is not None
    with wave.open(str(path), "rb") as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, SAMPLE_RATE_HZ)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.int16)


def recordings(path: Path) -> list[Path]:
    return sorted((path.parent / "recordings").glob("*"))


def test_a_name_is_kept_as_it_was_said_for_its_owner_alone(path: Path) -> None:
    with Gallery.open(path, MODEL) as gallery:
        anna = gallery.add_person(None, looks(1), TODAY, recording=said(1))
        ben = gallery.add_person("Ben", looks(2), TODAY)
        assert gallery.people() == [ben, anna]
    assert ben.name_recording is None
    assert np.array_equal(heard(anna.name_recording), said(1))
    assert recordings(path) == [anna.name_recording]
    assert stat.S_IMODE(recordings(path)[0].stat().st_mode) == 0o600
    assert stat.S_IMODE(recordings(path)[0].parent.stat().st_mode) == 0o700


def test_a_recording_said_anew_takes_the_place_of_the_first(path: Path) -> None:
    with Gallery.open(path, MODEL) as gallery:
        anna = gallery.add_person("Anna", looks(1), TODAY, recording=said(1))
        gallery.set_recording(anna.person_id, said(2))
        assert np.array_equal(heard(gallery.person("Anna").name_recording), said(2))
        assert len(recordings(path)) == 1
        gallery.set_recording(anna.person_id, None)
        assert gallery.person("Anna").name_recording is None
        assert recordings(path) == []
        with pytest.raises(PersonNotFound):
            gallery.set_recording(99, said(3))
        assert recordings(path) == []


def test_what_is_no_recording_is_refused(path: Path) -> None:
    with Gallery.open(path, MODEL) as gallery:
        for wrong in (np.zeros(0, np.int16), np.zeros((5, 2), np.int16), np.zeros(5, np.float32)):
            with pytest.raises(InputError):
                gallery.add_person("Anna", looks(1), TODAY, recording=wrong)  # type: ignore[arg-type]
        assert gallery.people() == []


def test_forgetting_takes_the_recording(path: Path) -> None:
    with Gallery.open(path, MODEL) as gallery:
        gallery.add_person("Anna", looks(1), TODAY, recording=said(1))
        ben = gallery.add_person("Ben", looks(2), TODAY, recording=said(2))
        gallery.forget("Anna")
        assert recordings(path) == [ben.name_recording]


def test_a_change_that_fails_leaves_no_recording(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Gallery.open(path, MODEL) as gallery:
        anna = gallery.add_person("Anna", looks(1), TODAY, recording=said(1))
        with pytest.raises(DuplicatePerson):
            gallery.add_person("anna", looks(2), TODAY, recording=said(2))

        def no_room(target: Path, content: bytes) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(store, "write_private", no_room)
        with pytest.raises(GalleryFull):
            gallery.add_person("Ben", looks(2), TODAY, recording=said(2))
        with pytest.raises(GalleryFull):
            gallery.set_recording(anna.person_id, said(3))
        assert recordings(path) == [anna.name_recording]
        assert gallery.people() == [anna]


def test_half_a_recording_is_none(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(target: Path, content: bytes) -> None:
        target.write_bytes(content[:1000])
        raise OSError(28, "No space left on device")

    with Gallery.open(path, MODEL) as gallery:
        monkeypatch.setattr(recordings_module, "write_private", no_room)
        with pytest.raises(GalleryFull, match="nothing was changed"):
            gallery.add_person("Anna", looks(1), TODAY, recording=said(1))
        assert gallery.people() == []
        assert recordings(path) == []
        assert gallery.add_person("Ben", looks(2), TODAY).name_recording is None


def test_what_else_lies_in_the_folder_keeps_nobody_from_opening(path: Path) -> None:
    (path.parent / "recordings" / "kept by somebody").mkdir(parents=True)
    (path.parent / "recordings" / "stray.wav").write_bytes(b"RIFF")
    Gallery.open(path, MODEL).close()
    assert [each.name for each in recordings(path)] == ["kept by somebody"]


def test_a_recording_that_cannot_be_removed_keeps_nobody_from_opening(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def not_allowed(folder: Path, named: object) -> None:
        raise OSError(13, "Permission denied")

    with Gallery.open(path, MODEL) as gallery:
        gallery.add_person("Anna", looks(1), TODAY)
    monkeypatch.setattr(recordings_module, "sweep", not_allowed)
    with Gallery.open(path, MODEL) as gallery:
        assert [person.name for person in gallery.people()] == ["Anna"]
        with pytest.raises(GalleryError, match="cannot be written"):
            gallery.forget("Anna")  # but nobody is said to be forgotten of whom something may be left
    assert "could not be removed" in caplog.text


def test_a_change_that_fails_after_its_commit_keeps_the_recording(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Gallery.open(path, MODEL) as gallery:

        def torn(self: store.Store) -> None:
            raise OSError(5, "Input/output error")

        monkeypatch.setattr(store.Store, "_publish_backup", torn)
        with pytest.raises(Exception, match="Input/output"):
            gallery.add_person("Anna", looks(1), TODAY, recording=said(1))
        monkeypatch.undo()
    with Gallery.open(path, MODEL) as gallery:
        assert np.array_equal(heard(gallery.person("Anna").name_recording), said(1))


CUT_SHORT = """
import os, sys
from pathlib import Path
from kith.recognition import recordings, store
from kith.recognition.gallery import Gallery
from tests.unit._gallery_kit import MODEL, TODAY, looks, said
owner, name = sys.argv[2].split(".")
setattr(getattr(sys.modules[__name__], owner), name, lambda *args: os._exit(9))
with Gallery.open(Path(sys.argv[1]), MODEL) as gallery:
    gallery.add_person("Late", looks(99), TODAY, recording=said(99))
"""


@pytest.mark.parametrize("where", ["recordings.sync_folder", "store.write_private"])
def test_what_a_killed_program_left_behind_goes_at_the_next_opening(path: Path, where: str) -> None:
    with Gallery.open(path, MODEL) as gallery:
        anna = gallery.add_person("Anna", looks(1), TODAY, recording=said(1))
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", CUT_SHORT, str(path), where],
        env={**os.environ, "PYTHONPATH": f"{root / 'device'}:{root}"},
        check=False,
        timeout=60,
    )
    assert done.returncode == 9
    assert len(recordings(path)) == 2
    with Gallery.looked_at(path, MODEL) as gallery:
        assert gallery.people() == [anna]
    assert len(recordings(path)) == 2  # looking changes nothing
    with Gallery.open(path, MODEL) as gallery:
        assert gallery.people() == [anna]
    assert recordings(path) == [anna.name_recording]


def test_the_recordings_of_a_gallery_kept_aside_stay_until_somebody_is_forgotten(path: Path) -> None:
    with Gallery.open(path, MODEL) as gallery:
        gallery.add_person("Anna", looks(1), TODAY, recording=said(1))
    path.rename(path.with_name("kith.db.lost-1"))
    store.backup_of(path).unlink()
    with Gallery.open(path, MODEL) as gallery:
        gallery.add_person("Ben", looks(2), TODAY)
    with Gallery.open(path, MODEL) as gallery:
        assert len(recordings(path)) == 1
        gallery.forget("Ben")
        assert recordings(path) == []


def test_a_wav_file_holds_nothing_but_the_sound(path: Path) -> None:
    with Gallery.open(path, MODEL) as gallery:
        anna = gallery.add_person("Anna", looks(1), TODAY, recording=said(1))
    assert anna.name_recording is not None
    content = anna.name_recording.read_bytes()
    assert len(content) == 44 + 2 * len(said(1))
    assert content.endswith(said(1).astype("<i2").tobytes())
