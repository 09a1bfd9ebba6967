"""The carer's commands for things, on a real gallery."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from kith.app.opening import thing_network
from kith.config import AnnounceSettings
from kith.recognition.gallery import Gallery
from kith.wav_file import wav_bytes
from tests.e2e._commands import heard
from tests.unit._gallery_kit import MODEL, TODAY, looks, thing_looks
from tests.unit.test_cli_people_keeping import TONE, kith, refused, said

NETWORK = thing_network()
assert NETWORK is not None


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Anna; "my keys", told of unasked; "thing 3", whose name was said; and a mug of another network."""
    folder = tmp_path / "a state"
    with Gallery.open(folder / "kith.db", MODEL, "objects-of-old") as gallery:
        gallery.add_person("Anna", looks(1), TODAY)
        mug = thing_looks(3, 1, "objects-of-old")
        gallery.add_thing("mug", mug, extent=None, taught_at=TODAY)
    with Gallery.open(folder / "kith.db", MODEL, NETWORK) as gallery:
        views = thing_looks(1, 5, str(NETWORK))
        keys = gallery.add_thing("my keys", views, extent=0.25, taught_at=TODAY)
        gallery.set_announced(keys.person_id, True)
        other = thing_looks(2, 5, str(NETWORK))
        gallery.add_thing(None, other, extent=0.5, recording=TONE, taught_at=TODAY)
    return folder


def listed(state: Path) -> dict[str, dict[str, object]]:
    return {each["name"]: each for each in json.loads(said("things", "list", "--json", "--data", state))}


def test_the_list_tells_all_that_matters(state: Path) -> None:
    assert said("things", "list", "--data", state) == (
        "mug        1 view  taught 2026-03-01, taught with an earlier network: teach it anew\n"
        "my keys   5 views  taught 2026-03-01, told of unasked\n"
        "thing 3   5 views  taught 2026-03-01, name recorded\n"
    )
    things = listed(state)
    assert things["my keys"] == {
        "name": "my keys",
        "views": 5,
        "taught_at": "2026-03-01T12:00:00+00:00",
        "generated": False,
        "announced": True,
        "extent": 0.25,
        "name_recording": None,
        "of_another_network": False,
    }
    assert (things["mug"]["of_another_network"], things["mug"]["extent"]) == (True, None)
    assert Path(str(things["thing 3"]["name_recording"])).is_file()


def test_people_and_things_are_listed_apart(state: Path) -> None:
    assert "Anna" not in said("things", "list", "--data", state)
    assert said("people", "list", "--data", state).count("\n") == 1
    with Gallery.open(state / "kith.db", None) as gallery:
        for thing in gallery.things():
            gallery.forget_person(thing.person_id)
    assert said("things", "list", "--data", state) == "Nothing was taught yet.\n"
    assert said("things", "list", "--json", "--data", state) == "[]\n"


def test_a_new_name_and_what_becomes_of_its_recording(state: Path) -> None:
    assert said("things", "rename", "thing 3", "red mug", "--data", state) == "thing 3 is now red mug.\n"
    assert said("things", "rename", "red mug", "cup", "--data", state) == (
        "red mug is now cup.\nThe recording still says the old name; `kith things record` gives a new one.\n"
    )
    assert said("things", "rename", "cup", "Cup", "--drop-recording", "--data", state) == (
        "cup is now Cup.\nThe recording of the old name is deleted.\n"
    )
    assert listed(state)["Cup"]["name_recording"] is None
    assert list((state / "recordings").iterdir()) == []


def test_a_name_is_recorded_heard_and_spoken_again(state: Path, tmp_path: Path) -> None:
    file, out = tmp_path / "keys.wav", tmp_path / "out.wav"
    file.write_bytes(wav_bytes(TONE))
    told = said("things", "record", "MY keys", file, "--data", state)
    assert told == "my keys is said by this recording from now on, 0.5 s long.\n"
    kept = Path(str(listed(state)["my keys"]["name_recording"]))
    assert kept.is_file()
    assert said("things", "hear", "my keys", "--sound", out, "--data", state) == "my keys: the recording.\n"
    assert np.abs(heard(out)[: len(TONE), 0] - TONE * AnnounceSettings().volume).max() <= 2
    told = said("things", "unrecord", "my keys", "--data", state)
    assert told == "The recording of my keys is deleted; the synthetic voice says the name.\n"
    assert not kept.exists()
    again = said("things", "unrecord", "my keys", "--data", state)
    assert again == "There was no recording of my keys.\n"
    assert listed(state)["my keys"]["name_recording"] is None


def test_what_is_told_of_unasked(state: Path) -> None:
    on = said("things", "announce", "Thing 3", "on", "--data", state)
    assert on == "thing 3 is told of unasked when it comes into view.\n"
    off = said("things", "announce", "my keys", "off", "--data", state)
    assert off == "my keys is told of only when asked for.\n"
    assert {name: each["announced"] for name, each in listed(state).items()} == {
        "mug": False,
        "my keys": False,
        "thing 3": True,
    }
    wrong = kith("things", "announce", "my keys", "perhaps", "--data", state)
    assert wrong.exit_code == 2
    assert "is not one of 'on', 'off'" in wrong.stderr


def test_forgetting_asks_and_leaves_no_trace(state: Path) -> None:
    asked = kith("things", "forget", "my keys", "--data", state, text="n\n")
    assert (asked.exit_code, "my keys" in listed(state)) == (1, True)
    assert "Forget my keys and all that is kept of it for good?" in asked.stdout
    assert said("things", "forget", "my keys", "--yes", "--data", state) == "my keys is forgotten.\n"
    content = b"".join(path.read_bytes() for path in state.rglob("*") if path.is_file())
    assert b"my keys" not in content
    assert thing_looks(1, 5)[0].vector.tobytes() not in content
    assert set(listed(state)) == {"mug", "thing 3"}


@pytest.mark.parametrize(
    "arguments",
    [("show", "my keys"), ("rename", "my keys", "Ben"), ("forget", "my keys", "--yes"), ("unmark", "my keys"),
     ("keep", "my keys"), ("hear", "my keys"), ("unrecord", "my keys"), ("unlearn", "my keys"),
     ("record", "my keys", "x.wav")],
)  # fmt: skip
def test_a_thing_is_nobody_and_that_is_told(state: Path, arguments: tuple[str, ...]) -> None:
    before = listed(state)
    told = refused("people", *arguments, "--data", state)
    assert told == "kith: that is the name of a thing: `kith things --help` shows what can be done with it\n"
    assert listed(state) == before


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("rename", "Anna", "cup"), "that is the name of a person: `kith people --help`"),
        (("forget", "anna", "--yes"), "that is the name of a person: `kith people --help`"),
        (("announce", "Anna", "on"), "that is the name of a person: `kith people --help`"),
        (("rename", "mug", "ANNA"), "there is already a person of that name; `kith people list` shows all"),
        (("rename", "mug", "MY keys"), "there is already a thing of that name; `kith things list` shows all"),
        (("rename", "mug", " "), "must not be empty"),
        (("record", "Anna", "x.wav"), "that is the name of a person: `kith people --help`"),
        (("unrecord", "Anna"), "that is the name of a person: `kith people --help`"),
        (("hear", "Anna"), "that is the name of a person: `kith people --help`"),
        (("record", "mug", "x.wav"), "No such file or directory"),
        (("forget", "cup", "--yes"), "there is no thing of that name; `kith things list`"),
        (("announce", "cup", "on"), "there is no thing of that name; `kith things list`"),
    ],
)
def test_a_mistake_is_one_line(state: Path, arguments: tuple[str, ...], told: str) -> None:
    assert told in refused("things", *arguments, "--data", state)
    assert set(listed(state)) == {"mug", "my keys", "thing 3"}


def test_without_a_gallery_nothing_is_made(tmp_path: Path) -> None:
    assert "there is no gallery in" in refused("things", "list", "--data", tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["list", "rename", "record", "unrecord", "hear", "announce", "forget"])
def test_help_teaches_by_example(command: str) -> None:
    text = said("things", command, "--help")
    assert "Example" in text
    assert f"kith things {command} " in text
