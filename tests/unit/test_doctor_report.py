"""What `kith doctor --json` promises to programs, and that nobody's name is in it."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta, timezone
from pathlib import Path
from unittest import mock

import pytest
from click.testing import CliRunner, Result

from kith.app import doctor
from kith.app.boards import board_model
from kith.app.doctor_report import names_in, report
from kith.app.findings import Finding, Verdict
from kith.app.scrubbing import Scrubber
from kith.cli import main
from kith.errors import ButtonUnavailable
from kith.recognition.gallery import Gallery
from tests.unit._gallery_kit import MODEL, THINGS, TODAY, looks, thing_looks

NAMES = ("Anna Kowalska", "Zoë", "May")


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A gallery of people, in a folder that is called after one who is not in it."""
    folder = tmp_path / "Theodora's device"
    with Gallery.open(folder / "kith.db", MODEL) as people:
        for number, name in enumerate(NAMES):
            people.add_person(name, looks(number), TODAY)
        people.add_person(None, looks(9), TODAY)
    return folder


def ask(state: Path, *options: str, config: str = "") -> Result:
    file = state.parent / "Theodora.toml"
    file.write_text(f'[camera]\nkind = "v4l2"\nv4l2_device = "/dev/there-is-no-camera"\n{config}')
    return CliRunner().invoke(main, ["--config", str(file), "doctor", "--data", str(state), *options])


def test_it_is_one_object_of_stable_fields_on_the_output(state: Path) -> None:
    done = ask(state, "--json")
    told = json.loads(done.stdout)
    assert list(told) == ["version", "when", "board", "overall", "findings"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", told["when"])
    assert done.stdout.count("\n") == 1
    for finding in told["findings"]:
        assert list(finding) == ["part", "verdict", "text"]
        assert finding["verdict"] in ("ok", "missing", "failed")
    parts = [finding["part"] for finding in told["findings"]]
    assert parts[:7] == ["system", "networks", "figures", "gallery", "things", "voice", "speaker"]
    help_text = CliRunner().invoke(main, ["doctor", "--help"]).stdout
    assert all(field in help_text for field in [*told, *told["findings"][0]])


def test_the_status_and_the_whole_verdict_are_the_words_doctor_s(state: Path) -> None:
    for options in ([], ["--wearable"]):
        plain, told = ask(state, *options), ask(state, "--json", *options)
        assert told.exit_code == plain.exit_code
        assert json.loads(told.stdout)["overall"] == ("failed" if told.exit_code else "ok")
        assert len(json.loads(told.stdout)["findings"]) == len(plain.stdout.splitlines())


def test_nobody_is_named_not_even_by_a_path_or_a_remote(state: Path) -> None:
    def named(*given: object) -> str:
        raise ButtonUnavailable("no pin for Anna Kowalska, zoë or ZOE in /home/theodora/x")

    with mock.patch.object(doctor, "_button", named):
        done = ask(state, "--json", config='[button]\nremote = "Theodora clicker"\n')
    told = {each["part"]: each["text"] for each in json.loads(done.stdout)["findings"]}
    assert told["button"] == "no pin for [name], [name] or [name] in [path]"
    assert not re.search("anna|kowalska|zo[eë]|theodora", done.stdout, re.IGNORECASE)
    assert "[state]" in told["gallery"]
    assert "[remote]" in told["remote"] or "no input devices" in told["remote"]


def test_things_are_not_called_by_name_either_and_every_camera_stays(state: Path) -> None:
    with Gallery.open(state / "kith.db", MODEL, THINGS) as gallery:
        gallery.add_thing("the Baker Street keys", thing_looks(1), extent=None)
        gallery.add_thing("camera", thing_looks(2), extent=None)
        gallery.add_thing(None, thing_looks(3), extent=None)

    def named(*given: object) -> str:
        raise ButtonUnavailable("no button on the baker street keys of Zoë for the camera")

    with mock.patch.object(doctor, "_button", named):
        done = ask(state, "--json")
    told = {each["part"]: each["text"] for each in json.loads(done.stdout)["findings"]}
    assert told["button"] == "no button on [thing] of [name] for the camera"
    assert names_in(state) == sorted(NAMES)


def test_names_are_those_of_the_backup_where_the_gallery_is_torn(state: Path, tmp_path: Path) -> None:
    assert names_in(state) == sorted(NAMES)
    (state / "kith.db").write_bytes(b"rubbish" * 1000)
    assert names_in(state) == sorted(NAMES)
    (state / "kith.db.bak").write_bytes(b"rubbish" * 1000)
    assert names_in(state) is None
    assert names_in(tmp_path / "nowhere") is None
    (tmp_path / "new").mkdir()
    assert names_in(tmp_path / "new") == []


def test_the_sounds_are_not_played_into_it(state: Path) -> None:
    done = ask(state, "--json", "--sounds")
    assert done.exit_code == 2
    assert "leave out --sounds" in done.output


def test_time_and_board_are_told_alike_everywhere(tmp_path: Path) -> None:
    board = tmp_path / "model"
    board.write_bytes(b"Raspberry Pi 4 Model B Rev 1.5\0")
    east = datetime(2026, 3, 1, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    findings = [Finding(part="camera", verdict=Verdict.FAILED, text="it is gone")]
    told = report(findings, Scrubber(), when=east, board=board)
    assert (told["when"], told["board"]) == ("2026-02-28T23:30:00Z", "Raspberry Pi 4 Model B Rev 1.5")
    assert (told["overall"], told["findings"][0]["verdict"]) == ("failed", "failed")
    assert board_model(tmp_path / "none") is None
