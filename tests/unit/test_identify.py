"""Names on the development faces, through the real path: few people, the figures come from calibration."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from kith.app.identify import identify_photos
from kith.app.opening import open_recognition
from kith.app.paths import home, state_dir
from kith.app.people import add_photos
from kith.config import Settings
from kith.errors import InputError, ModelMissing
from tests.unit._portraits import ROOT, development_faces


@pytest.mark.data
def test_enrolled_faces_are_named_and_strangers_are_not(tmp_path: Path) -> None:
    folders = [each for each in sorted(development_faces().iterdir()) if len(list(each.iterdir())) >= 6]
    friends, strangers = folders[:6], folders[6:18]
    with open_recognition(tmp_path, Settings(), None, create=True) as recognition:
        for folder in friends:
            add_photos(recognition, folder.name, sorted(folder.iterdir())[:3], datetime.now(UTC))
        ours = [path for folder in friends for path in sorted(folder.iterdir())[3:6]]
        theirs = [path for folder in strangers for path in sorted(folder.iterdir())[:3]]
        reports = list(identify_photos(recognition, Settings(), [*ours, *theirs]))
    named = [{face.name for face in report.faces if face.name} for report in reports]
    right = sum(path.parent.name in found for path, found in zip(ours, named, strict=False))
    assert right >= len(ours) - 1
    assert not any(named[len(ours) :])


def test_a_folder_that_has_no_gallery_is_refused_before_any_network_is_loaded(tmp_path: Path) -> None:
    with (
        pytest.raises(InputError, match="there is no gallery"),
        open_recognition(tmp_path, Settings(), tmp_path / "nowhere", create=False),
    ):
        pass


def test_where_things_lie(tmp_path: Path) -> None:
    assert home({}) == ROOT
    assert home({"KITH_HOME": "/opt/kith"}) == Path("/opt/kith")
    assert state_dir(tmp_path, {"KITH_STATE_DIR": "/elsewhere"}) == tmp_path
    assert state_dir(None, {"KITH_STATE_DIR": "/a", "STATE_DIRECTORY": "/b"}) == Path("/a")
    assert state_dir(None, {"STATE_DIRECTORY": "/b:/c"}) == Path("/b")


def test_networks_that_are_nowhere_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kith.app.paths.__file__", str(tmp_path / "a" / "paths.py"))
    monkeypatch.setattr("kith.app.paths._SYSTEM_HOME", tmp_path)
    with pytest.raises(ModelMissing, match="KITH_HOME"):
        home({})
