"""The carer's commands for somebody who is enrolled, on a real gallery."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import wave
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from kith.cli import main
from kith.config import AnnounceSettings
from kith.drivers.speech import open_speech
from kith.errors import AudioUnavailable
from kith.recognition.gallery import Gallery
from kith.types import SAMPLE_RATE_HZ
from kith.wav_file import wav_bytes
from tests.e2e._commands import heard
from tests.unit._gallery_kit import MODEL, TODAY, looks
from tests.unit._portraits import ROOT

LONG_AGO = "2023-05-01T00:00:00+00:00"
TONE = (9000 * np.sin(np.arange(SAMPLE_RATE_HZ // 2) * 0.1)).astype(np.int16)


def kith(*arguments: object, text: str | None = None) -> Result:
    result = CliRunner().invoke(main, [str(each) for each in arguments], input=text)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def said(*arguments: object) -> str:
    result = kith(*arguments)
    assert result.exit_code == 0, result.stderr
    return result.stdout


def refused(*arguments: object) -> str:
    result = kith(*arguments)
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    return result.stderr


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Anna, whom the wearer marked twice; "person 2", who said a name."""
    folder = tmp_path / "a state"
    with Gallery.open(folder / "kith.db", MODEL) as gallery:
        anna = gallery.add_person("Anna", looks(1), TODAY, source="photo")
        for look in looks(9, 2):
            gallery.mark_wrong(anna.person_id, look, at_most=5)
        gallery.add_person(None, looks(2), TODAY, recording=TONE)
    return folder


@pytest.fixture
def tone(tmp_path: Path) -> Path:
    path = tmp_path / "anna.wav"
    path.write_bytes(wav_bytes(TONE))
    return path


def shown(name: str, state: Path) -> dict[str, object]:
    value: dict[str, object] = json.loads(said("people", "show", name, "--json", "--data", state))
    return value


# --- what is told -----------------------------------------------------------------------------------


def test_list_and_show_tell_marks_recording_and_last_meeting(state: Path) -> None:
    today = datetime.now(UTC).date().isoformat()
    anna, other = said("people", "list", "--data", state).splitlines()
    assert anna == f"Anna       3 looks  agreed 2026-03-01, met {today}, marked wrong twice"
    assert other == f"person 2   3 looks  agreed 2026-03-01, met {today}, name recorded"
    text = said("people", "show", "Anna", "--data", state)
    assert f"  last met:   {today}\n" in text
    assert "as wrong twice since the last look was enrolled; looks of others kept: 2\n" in text
    assert "  marked:     never as wrong\n" in said("people", "show", "person 2", "--data", state)
    listed = json.loads(said("people", "list", "--json", "--data", state))
    assert [(each["marks"], each["met_on"], each["expired"]) for each in listed] == [
        (2, today, False),
        (0, today, False),
    ]
    assert shown("Anna", state)["counterexamples"] == 2
    assert Path(str(shown("person 2", state)["name_recording"])).is_file()


def test_marks_from_before_the_last_look_are_still_told_as_kept(state: Path) -> None:
    with Gallery.open(state / "kith.db", MODEL) as gallery:
        gallery.add_templates(gallery.person("Anna").person_id, looks(1, 4)[3:])
    assert "marked" not in said("people", "list", "--data", state).splitlines()[0]
    text = said("people", "show", "Anna", "--data", state)
    assert "as wrong never since the last look was enrolled; looks of others kept: 2\n" in text


def test_who_was_not_met_for_long_is_told_and_can_be_kept(state: Path, tmp_path: Path) -> None:
    with Gallery.open(state / "kith.db", MODEL) as gallery:
        anna = next(each for each in gallery.records() if each.name == "Anna")
        gallery.add_records([replace(anna, consented_at=LONG_AGO, met_on="2023-05-04")], replace=True)
        gallery.told_of_expiry([gallery.person("Anna").person_id], date(2026, 5, 5))
    line = said("people", "list", "--data", state).splitlines()[0]
    assert line.endswith("met 2023-05-04, marked wrong twice, not met for long")
    text = said("people", "show", "Anna", "--data", state)
    assert "last met:   2023-05-04; not met for long; the wearer was told so on 2026-05-05\n" in text
    assert shown("Anna", state)["expired"] is True
    never = tmp_path / "never.toml"
    never.write_text("[expiry]\nafter_days = 0\n")
    assert "not met for long" not in said("--config", never, "people", "list", "--data", state)
    today = datetime.now(UTC).date().isoformat()
    assert said("people", "keep", "anna", "--data", state) == f"Anna is kept, as if met on {today}.\n"
    assert (shown("Anna", state)["expired"], shown("Anna", state)["expiry_told_on"]) == (False, None)


def test_a_torn_database_is_restored_and_said_so(state: Path) -> None:
    whole = said("people", "list", "--data", state)
    database = state / "kith.db"
    database.write_bytes(database.read_bytes()[:5000])
    code = "from kith.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "people", "list", "--data", str(state)],
        env={**os.environ, "PYTHONPATH": str(ROOT / "device")},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == whole
    assert done.stderr == "kith: the gallery was damaged and has been restored from its backup\n"
    assert said("people", "list", "--data", state) == whole


# --- correcting --------------------------------------------------------------------------------------


def test_marks_can_be_removed_without_a_trace(state: Path) -> None:
    vector = looks(9, 2)[0].vector.tobytes()
    assert any(vector in path.read_bytes() for path in state.glob("kith.db*"))
    told = said("people", "unmark", "anna", "--data", state)
    assert told == "Looks marked as not being Anna removed: 2.\n"
    assert "marked" not in said("people", "list", "--data", state)
    assert not any(vector in path.read_bytes() for path in state.glob("kith.db*"))
    assert said("people", "unmark", "anna", "--data", state).endswith("removed: 0.\n")


# --- names ---------------------------------------------------------------------------------------------


def test_a_recording_is_kept_in_mono_and_heard(state: Path, tmp_path: Path) -> None:
    file, out = tmp_path / "stereo.wav", tmp_path / "out.wav"
    with wave.open(str(file), "wb") as sound:
        sound.setparams((2, 2, SAMPLE_RATE_HZ, 0, "NONE", ""))
        sound.writeframes(np.column_stack([TONE, np.zeros_like(TONE)]).tobytes())
    told = said("people", "record", "anna", file, "--data", state)
    assert told == "Anna is said by this recording from now on, 0.5 s long.\n"
    with wave.open(str(shown("Anna", state)["name_recording"])) as kept:
        assert (kept.getnchannels(), kept.getframerate(), kept.getnframes()) == (1, SAMPLE_RATE_HZ, len(TONE))
        samples = np.frombuffer(kept.readframes(len(TONE)), "<i2")
    assert np.abs(samples - TONE / 2).max() <= 1
    config = tmp_path / "kith.toml"
    config.write_text("[announce]\nvolume = 0.5\n")
    told = said("--config", config, "people", "hear", "anna", "--sound", out, "--data", state)
    assert told == "Anna: the recording.\n"
    played = heard(out)
    assert np.abs(played[: len(TONE), 0] - TONE / 4).max() <= 2
    assert not played[len(TONE) :].any()
    assert len(played) - len(TONE) == round(0.3 * SAMPLE_RATE_HZ)


def test_a_new_recording_takes_the_place_of_the_old(state: Path, tone: Path) -> None:
    before = Path(str(shown("person 2", state)["name_recording"]))
    said("people", "record", "person 2", tone, "--data", state)
    assert not before.exists()
    assert Path(str(shown("person 2", state)["name_recording"])).is_file()


def test_a_recording_can_be_removed(state: Path) -> None:
    before = Path(str(shown("person 2", state)["name_recording"]))
    told = said("people", "unrecord", "person 2", "--data", state)
    assert told == "The recording of person 2 is deleted; the synthetic voice says the name.\n"
    assert not before.exists()
    assert shown("person 2", state)["name_recording"] is None
    assert said("people", "unrecord", "Anna", "--data", state) == "There was no recording of Anna.\n"


def test_what_is_no_recording_is_refused(state: Path, tmp_path: Path) -> None:
    quiet, text, long = tmp_path / "quiet.wav", tmp_path / "text.wav", tmp_path / "long.wav"
    quiet.write_bytes(wav_bytes((TONE * 0.03).astype(np.int16)))
    text.write_text("Anna")
    long.write_bytes(wav_bytes(np.tile(TONE, 21)))
    for file, told in (
        (quiet, "so quiet that the name would not be heard"),
        (text, "is not a WAV recording"),
        (long, "longer than 10 s"),
        (tmp_path / "none.wav", "No such file or directory"),
    ):
        assert told in refused("people", "record", "Anna", file, "--data", state)
    assert shown("Anna", state)["name_recording"] is None


def test_a_name_without_a_recording_is_spoken(state: Path, tmp_path: Path) -> None:
    try:
        open_speech(AnnounceSettings()).close()
    except AudioUnavailable as error:
        pytest.skip(str(error))
    out = tmp_path / "out.wav"
    assert said("people", "hear", "Anna", "--sound", out, "--data", state) == "Anna: the synthetic voice.\n"
    assert np.abs(heard(out).astype(int)).max() > 3000
    Path(str(shown("person 2", state)["name_recording"])).write_bytes(b"torn")
    told = said("people", "hear", "person 2", "--sound", out, "--data", state)
    assert told == "person 2: the synthetic voice.\n"


def test_renaming_tells_of_a_recording_that_says_the_old_name(state: Path, tone: Path) -> None:
    assert said("people", "rename", "person 2", "Carla", "--data", state) == "person 2 is now Carla.\n"
    told = said("people", "rename", "Carla", "Clara", "--data", state)
    assert told == (
        "Carla is now Clara.\nThe recording still says the old name; `kith people record` gives a new one.\n"
    )
    recording = Path(str(shown("Clara", state)["name_recording"]))
    told = said("people", "rename", "Clara", "Carla", "--drop-recording", "--data", state)
    assert told == "Clara is now Carla.\nThe recording of the old name is deleted.\n"
    assert not recording.exists()
    assert shown("Carla", state)["name_recording"] is None
    assert said("people", "rename", "Anna", "Ann", "--data", state) == "Anna is now Ann.\n"


def test_forgetting_takes_marks_and_recording_along(state: Path, tone: Path) -> None:
    said("people", "record", "Anna", tone, "--data", state)
    recording = Path(str(shown("Anna", state)["name_recording"]))
    gone = [looks(1)[0].vector.tobytes(), looks(9, 2)[1].vector.tobytes()]
    said("people", "forget", "Anna", "--yes", "--data", state)
    assert not recording.exists()
    content = b"".join(path.read_bytes() for path in state.rglob("*") if path.is_file())
    assert not any(vector in content for vector in gone)


@pytest.mark.parametrize("command", ["unmark", "keep", "hear", "unrecord", "show", "unlearn"])
def test_nobody_of_that_name_is_one_line(state: Path, command: str) -> None:
    assert "there is no person of that name" in refused("people", command, "Zoe", "--data", state)


@pytest.mark.parametrize(
    "command",
    ["add", "list", "show", "rename", "record", "unrecord", "hear", "unlearn", "unmark", "keep", "forget",
     "export", "import"],
)  # fmt: skip
def test_help_teaches_by_example(command: str) -> None:
    text = said("people", command, "--help")
    assert "Example" in text
    assert f"kith people {command} " in text
