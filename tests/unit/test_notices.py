"""What other programs of the system leave to be said: which lines, in what order, when their file goes."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from kith.announce.words import LINES
from kith.app.notices import KEYS, Notices, notices_folder
from tests.unit._core_kit import Life


def leave(folder: Path, name: str, at_s: int = 1) -> Path:
    file = folder / name
    file.touch()
    os.utime(file, (at_s, at_s))
    return file


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "notices"


def living(tmp_path: Path, folder: Path) -> Life:
    life = Life(tmp_path, people={"Anna": 1}, notices=Notices(folder))
    life.quiet()
    return life


def test_every_line_that_may_be_asked_for_is_one() -> None:
    assert {key for key in LINES if key.startswith("update.")} == KEYS


def test_the_folder_is_in_the_runtime_directory() -> None:
    assert notices_folder({"RUNTIME_DIRECTORY": "/run/kith:/run/other"}) == Path("/run/kith/notices")
    assert notices_folder({}) == Path("/run/kith/notices")


def test_it_is_made_where_only_it_is_missing(tmp_path: Path) -> None:
    Notices(tmp_path / "notices")
    assert (tmp_path / "notices").is_dir()
    assert Notices(tmp_path / "no" / "notices").oldest() is None
    assert not (tmp_path / "no").exists()


def test_the_oldest_comes_first_and_goes_when_removed(folder: Path) -> None:
    notices = Notices(folder)
    leave(folder, "update.done", 3)
    leave(folder, "update.installing", 2)
    assert notices.oldest() == "update.installing"
    notices.remove("update.installing")
    assert notices.oldest() == "update.done"
    notices.remove("update.done")
    assert notices.oldest() is None


@pytest.mark.parametrize("name", ["kith.ready_none", "update.done.txt", "Anna", ".update.done", "update"])
def test_a_file_of_another_name_is_taken_away_and_its_name_is_not_logged(
    folder: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    notices = Notices(folder)
    for _ in range(3):
        leave(folder, name)
        assert notices.oldest() is None
        assert list(folder.iterdir()) == []
    assert len(caplog.records) == 1
    assert name not in caplog.text


def test_what_is_no_file_does_no_harm(folder: Path, tmp_path: Path) -> None:
    notices = Notices(folder)
    (folder / "a folder").mkdir()
    (folder / "update.done").symlink_to(tmp_path / "gallery")
    (tmp_path / "gallery").touch()
    assert notices.oldest() == "update.done"
    notices.remove("update.done")
    assert (tmp_path / "gallery").exists()
    assert notices.oldest() is None


# --- in the device ------------------------------------------------------------------------------------------


def test_it_is_said_within_two_seconds_and_its_file_is_gone(tmp_path: Path, folder: Path) -> None:
    life = living(tmp_path, folder)
    leave(folder, "update.done")
    assert life.hear(2.0) == ["The device was updated."]
    life.quiet()
    assert list(folder.iterdir()) == []
    assert life.hear(30) == []
    assert [event.text for event in life.of("notice")] == ["The device was updated."]
    assert life.of("fault") == []


def test_one_that_is_a_fault_is_reported_as_one_and_is_over_when_it_was_told(
    tmp_path: Path, folder: Path
) -> None:
    life = living(tmp_path, folder)
    leave(folder, "update.back")
    life.hear(2.0)
    assert [event.text for event in life.of("fault")] == [LINES["update.back"].text]
    life.quiet()
    life.press("taphold")
    assert any("I know of no fault." in text for text in life.hear(10))


def test_two_are_said_one_after_the_other(tmp_path: Path, folder: Path) -> None:
    life = living(tmp_path, folder)
    leave(folder, "update.restarting", 2)
    leave(folder, "update.installing", 1)
    said = [LINES[key].text for key in ("update.installing", "update.restarting")]
    assert life.hear(20) == said
    assert list(folder.iterdir()) == []


def test_the_file_stays_until_it_was_heard_to_its_end(tmp_path: Path, folder: Path) -> None:
    life = living(tmp_path, folder)
    file = leave(folder, "update.installing")
    life.live(5, until=lambda: life.core.speaking)
    assert life.core.speaking
    assert file.exists()
    life.press("tap")  # cuts it off
    life.live(1)
    assert not life.core.speaking
    assert file.exists()
    text = LINES["update.installing"].text
    assert life.hear(12) == [text]
    life.quiet()
    assert not file.exists()
    assert [event.text for event in life.of("notice")] == [text]  # reported once


def test_one_that_can_never_be_heard_is_given_up(
    tmp_path: Path, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    life = living(tmp_path, folder)
    file = leave(folder, "update.done")
    for _ in range(6):
        assert file.exists()
        life.live(15, until=lambda: life.core.speaking)
        assert life.core.speaking
        life.press("tap")
        life.live(1)
    assert not file.exists()
    assert "update.done was not heard in 6 tries" in caplog.text
    assert life.hear(30) == []


def test_what_cannot_be_taken_away_is_said_once_until_it_is_left_anew(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that somebody made by hand is root's."""

    def refuse(file: Path, missing_ok: bool = False) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    notices = Notices(folder)
    monkeypatch.setattr(Path, "unlink", refuse)
    leave(folder, "update.done", 1)
    assert notices.oldest() == "update.done"
    notices.remove("update.done")
    assert notices.oldest() is None
    leave(folder, "update.done", 2)
    assert notices.oldest() == "update.done"
