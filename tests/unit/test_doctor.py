"""What the doctor calls missing, failed and well, and that the gallery is only looked at."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from kith.app import doctor, thing_doctor
from kith.app.doctor import examine, on_a_pi
from kith.app.doctor_aloud import outcome
from kith.app.findings import Finding, Verdict
from kith.app.opening import thing_network
from kith.app.paths import models_dir
from kith.app.surroundings import Objects
from kith.cli import main
from kith.config import AnnounceSettings, CameraSettings, Settings, ThingsSettings
from kith.errors import AudioUnavailable, ModelError
from kith.recognition.gallery import Gallery
from kith.types import Phrase
from kith.vision.networks import load_network
from tests.unit._gallery_kit import MODEL, THINGS, TODAY, looks, thing_looks

BARE = Settings(
    camera=CameraSettings(kind="v4l2", v4l2_device="/dev/there-is-no-camera"),
    announce=AnnounceSettings(sound_device="there is no such device"),
)

OFF = replace(BARE, things=ThingsSettings(enabled=False))


@pytest.fixture(scope="module")
def model_id() -> str:
    try:
        return load_network("embedder", models_dir()).model_id
    except ModelError as error:
        pytest.skip(str(error))


def found(state: Path, *, wearable: bool = False) -> dict[str, Finding]:
    return {each.part: each for each in examine(BARE, state, wearable=wearable)}


def gallery(state: Path) -> Finding:
    return next(each for each in examine(BARE, state, wearable=False) if each.part == "gallery")


def things(state: Path, settings: Settings) -> Finding:
    return next(each for each in examine(settings, state, wearable=False) if each.part == "things")


def fill(state: Path, model_id: str) -> Path:
    with Gallery.open(state / "kith.db", model_id) as people:
        people.add_person("Anna", looks(1, model_id=model_id), TODAY)
        people.add_person("Ben", looks(2, model_id=model_id), TODAY)
    return state / "kith.db"


def traces(state: Path) -> dict[str, tuple[bytes, int, int]]:
    return {
        each.name: (each.read_bytes(), each.stat().st_ino, each.stat().st_mtime_ns)
        for each in state.iterdir()
    }


def test_a_sound_gallery_is_counted_and_not_touched(tmp_path: Path, model_id: str) -> None:
    fill(tmp_path, model_id)
    before = traces(tmp_path)
    finding = gallery(tmp_path)
    assert (finding.verdict, finding.text[:24]) == (Verdict.OK, "sound, 2 people known, i")
    assert traces(tmp_path) == before


def test_one_person_is_no_people(tmp_path: Path, model_id: str) -> None:
    with Gallery.open(tmp_path / "kith.db", model_id) as people:
        people.add_person("Anna", looks(1, model_id=model_id), TODAY)
    assert gallery(tmp_path).text.startswith("sound, 1 person known, in ")


@pytest.mark.parametrize(("things", "told"), [(1, "1 thing"), (2, "2 things")])
def test_things_are_counted_apart(tmp_path: Path, model_id: str, things: int, told: str) -> None:
    fill(tmp_path, model_id)
    with Gallery.open(tmp_path / "kith.db", model_id, THINGS) as known:
        for seed in range(things):
            known.add_thing(None, thing_looks(seed), extent=None)
    assert gallery(tmp_path).text.startswith(f"sound, 2 people and {told} known, in ")


@pytest.fixture
def fitted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where npm was missing, so that one of the networks was not built."""

    def either(settings: ThingsSettings, _: Path) -> Objects:
        return Objects.FITTED if settings.enabled else Objects.OFF

    monkeypatch.setattr(thing_doctor, "objects_fitted", either)


@pytest.mark.usefixtures("fitted")
@pytest.mark.parametrize(
    ("anew", "verdict", "told"),
    [
        (0, Verdict.OK, "1 taught, which today's network can find"),
        (1, Verdict.FAILED, "1 of 2 taught with an earlier network, and not found any more: teach them anew"),
    ],
)
def test_things_that_must_be_taught_anew_are_found(
    tmp_path: Path, model_id: str, anew: int, verdict: Verdict, told: str
) -> None:
    fill(tmp_path, model_id)
    network = thing_network()
    assert network is not None
    with Gallery.open(tmp_path / "kith.db", model_id, network) as known:
        known.add_thing("keys", thing_looks(1, model_id=network), extent=None)
    with Gallery.open(tmp_path / "kith.db", model_id, "objects-of-old") as known:
        for seed in range(anew):
            known.add_thing(None, thing_looks(seed, model_id="objects-of-old"), extent=None)
    before = traces(tmp_path)
    finding = things(tmp_path, BARE)
    assert (finding.verdict, finding.text[: len(told)]) == (verdict, told)
    assert things(tmp_path, OFF).text == "switched off in the settings"
    assert gallery(tmp_path).verdict is Verdict.OK
    assert traces(tmp_path) == before
    assert outcome([finding], AnnounceSettings())[-1].phrase == Phrase.of(
        "Some things must be taught anew. Tap and hold, to find them." if anew else "Every part works."
    )


def test_a_card_without_its_list_of_networks_asks_for_no_thing_to_be_taught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thing_doctor, "models_dir", lambda: tmp_path / "no-models")
    finding = things(tmp_path, BARE)
    assert (finding.verdict, finding.text) == (Verdict.OK, "none can be counted")


def test_what_is_not_installed_is_no_fault_of_things(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thing_doctor, "objects_fitted", lambda *_: Objects.MISSING)
    finding = things(tmp_path, BARE)
    assert (finding.verdict, finding.text) == (Verdict.OK, "not installed")


@pytest.mark.usefixtures("fitted")
def test_where_nothing_was_taught_or_can_be_read_that_is_no_fault_of_things(tmp_path: Path) -> None:
    assert things(tmp_path, BARE).text == "none taught yet"
    with Gallery.open(tmp_path / "kith.db", MODEL):
        pass
    assert things(tmp_path, BARE).text == "none taught yet"


def test_without_a_gallery_none_is_made(tmp_path: Path) -> None:
    for state in (tmp_path, tmp_path / "nowhere"):
        finding = gallery(state)
        assert finding.verdict is Verdict.OK
        assert finding.text.startswith("none yet")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("damage", ["torn", "emptied", "gone"])
def test_damage_that_the_backup_mends_is_told_and_not_mended_yet(
    tmp_path: Path, model_id: str, damage: str
) -> None:
    file = fill(tmp_path, model_id)
    if damage == "gone":
        file.unlink()
    else:
        os.truncate(file, file.stat().st_size // 2 if damage == "torn" else 0)
    before = traces(tmp_path)
    finding = gallery(tmp_path)
    assert finding.verdict is Verdict.FAILED
    assert finding.text.endswith("its backup is sound and takes its place at the next start")
    assert traces(tmp_path) == before
    with Gallery.open(file, model_id) as people:
        assert people.restored
    assert gallery(tmp_path).verdict is Verdict.OK


def test_damage_beyond_the_backup_is_told(tmp_path: Path, model_id: str) -> None:
    file = fill(tmp_path, model_id)
    for each in (file, tmp_path / "kith.db.bak"):
        each.write_bytes(b"rubbish" * 1000)
    before = traces(tmp_path)
    finding = gallery(tmp_path)
    assert finding.verdict is Verdict.FAILED
    assert "no sound backup" in finding.text
    assert traces(tmp_path) == before


def test_templates_of_another_network_fail_as_they_would_at_the_start(tmp_path: Path, model_id: str) -> None:
    assert model_id != MODEL
    fill(tmp_path, MODEL)
    finding = gallery(tmp_path)
    assert finding.verdict is Verdict.FAILED
    assert f"made by the network {MODEL}" in finding.text


def test_what_a_killed_program_left_in_the_journal_is_read(tmp_path: Path, model_id: str) -> None:
    file = fill(tmp_path, model_id)
    code = (
        "import os, signal, sqlite3, sys\n"
        "connection = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "connection.execute(\"UPDATE people SET name = 'Benedict' WHERE name = 'Ben'\")\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(file)], check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    assert file.with_name("kith.db-wal").stat().st_size > 0
    before = traces(tmp_path)
    with Gallery.looked_at(file, None) as people:
        assert [each.name for each in people.people()] == ["Anna", "Benedict"]
    assert {name: each[0] for name, each in traces(tmp_path).items() if "shm" not in name} == {
        name: each[0] for name, each in before.items() if "shm" not in name
    }


def test_a_full_disk_is_told(tmp_path: Path, model_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path, model_id)
    monkeypatch.setattr("kith.recognition.faults._disk_is_full", lambda path: True)
    finding = gallery(tmp_path)
    assert finding.verdict is Verdict.FAILED
    assert "is full" in finding.text


@pytest.mark.skipif("KITH_HARDWARE" in os.environ, reason="a Pi has the parts")
def test_parts_of_the_wearable_may_be_missing_only_on_a_desk(tmp_path: Path) -> None:
    for wearable, verdict in ((False, Verdict.MISSING), (True, Verdict.FAILED)):
        findings = found(tmp_path, wearable=wearable)
        assert {findings[part].verdict for part in ("camera", "button", "speaker")} == {verdict}


def test_nothing_runs_without_a_voice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(settings: AnnounceSettings) -> None:
        raise AudioUnavailable("no voice: there is none here")

    monkeypatch.setattr(doctor, "open_speech", silent)
    assert found(tmp_path)["voice"].verdict is Verdict.FAILED


def test_a_pi_says_what_it_is(tmp_path: Path) -> None:
    model = tmp_path / "model"
    assert not on_a_pi(model)
    model.write_bytes(b"Some Board Rev 3\0")
    assert not on_a_pi(model)
    model.write_bytes(b"Raspberry Pi 5 Model B Rev 1.0\0")
    assert on_a_pi(model)


@pytest.mark.skipif("KITH_HARDWARE" in os.environ, reason="a Pi has the parts")
def test_the_option_makes_a_desk_answer_as_the_wearable(tmp_path: Path, model_id: str) -> None:
    config = tmp_path / "kith.toml"
    config.write_text('[camera]\nkind = "v4l2"\nv4l2_device = "/dev/there-is-no-camera"\n')
    for options, missing in (([], " missing "), (["--wearable"], " FAILED ")):
        done = CliRunner().invoke(
            main, ["--config", str(config), "doctor", "--data", str(tmp_path / "s"), *options]
        )
        (line,) = [line for line in done.stdout.splitlines() if line.startswith("camera")]
        assert missing in line
        assert done.exit_code == (1 if options else 0), done.stdout
