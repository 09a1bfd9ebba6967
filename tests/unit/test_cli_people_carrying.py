"""`kith people export` and `import`: passphrases, refusals and closing lines, with the seal left out where it
is not the point (its scrypt takes seconds; `test_sealing` and the e2e test have it)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kith.app import carrying, sealing
from kith.cli import main
from kith.errors import InputError
from kith.recognition.gallery import Gallery
from kith.vision.networks import read_manifest
from tests.unit._gallery_kit import THINGS, TODAY, looks, thing_looks
from tests.unit._portraits import ROOT
from tests.unit.test_cli_people_keeping import TONE

MODEL = read_manifest(ROOT / "models").networks["embedder"].model_id
PASSPHRASE = "three old oak trees"


def kith(*arguments: object) -> Result:
    result = CliRunner().invoke(main, [str(each) for each in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def refused(*arguments: object) -> str:
    result = kith(*arguments)
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("kith: ")
    return result.stderr


@pytest.fixture
def state(tmp_path: Path) -> Path:
    folder = tmp_path / "a state"
    with Gallery.open(folder / "kith.db", MODEL) as gallery:
        gallery.add_person("Anna", looks(1, model_id=MODEL), TODAY, source="photo", recording=TONE)
        gallery.add_person("Ben", looks(2, model_id=MODEL), TODAY)
    return folder


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret.txt"
    path.write_text(f"{PASSPHRASE}\r\nand more\n")
    return path


@pytest.fixture(autouse=True)
def _unsealed(monkeypatch: pytest.MonkeyPatch) -> None:
    def write(path: Path, content: bytes, passphrase: str, *, force: bool = False) -> None:
        sealing.check_target(path, force=force)
        path.write_bytes(passphrase.encode() + b"\0" + content)

    def read(path: Path, passphrase: str) -> bytes:
        used, content = path.read_bytes().split(b"\0", 1)
        if used.decode() != passphrase:
            raise InputError(f"that is not the passphrase of {path}")
        return content

    monkeypatch.setattr(carrying, "write_sealed", write)
    monkeypatch.setattr(carrying, "read_sealed", read)
    monkeypatch.setattr(sealing, "check_sealed", lambda path: None)


def names(state: Path) -> list[str]:
    return [each["name"] for each in json.loads(kith("people", "list", "--json", "--data", state).stdout)]


def test_there_and_back(state: Path, secret: Path, tmp_path: Path) -> None:
    file, other = tmp_path / "kith-2026-11-22.age", tmp_path / "other"
    done = kith("people", "export", file, "--passphrase-file", secret, "--data", state)
    assert done.stdout == f"2 people written to {file}, 1 with a recording.\n"
    assert file.read_bytes().startswith(f"{PASSPHRASE}\0".encode())
    taken = ("people", "import", file, "--passphrase-file", secret, "--data", other)
    assert kith(*taken).stdout == f"2 people taken in from {file}, 1 with a recording.\n"
    assert names(other) == ["Anna", "Ben"]
    assert kith(*taken).stdout == (
        f"Nobody taken in from {file}, none with a recording.\n"
        "Here already, and left as they are: Anna, Ben. --replace would put the file's in their place.\n"
    )
    kith("people", "rename", "Ben", "Benjamin", "--data", other)
    assert kith(*taken, "--replace").stdout == (
        f"2 people taken in from {file}, 1 with a recording.\nIn the place of those of the same name: Anna.\n"
        "Note: Ben looks like Benjamin. If they are one person, forget one of the two.\n"
    )
    assert names(other) == ["Anna", "Ben", "Benjamin"]


def test_things_go_with_them(state: Path, secret: Path, tmp_path: Path) -> None:
    file, other = tmp_path / "all.age", tmp_path / "other"
    with Gallery.open(state / "kith.db", MODEL, THINGS) as gallery:
        gallery.add_thing("my keys", thing_looks(1), extent=0.3)
        gallery.add_thing("red mug", thing_looks(2), extent=0.3)
    done = kith("people", "export", file, "--passphrase-file", secret, "--data", state)
    assert done.stdout == f"2 people and 2 things written to {file}, 1 with a recording.\n"
    done = kith("people", "import", file, "--passphrase-file", secret, "--data", other)
    assert done.stdout == f"2 people and 2 things taken in from {file}, 1 with a recording.\n"
    assert names(other) == ["Anna", "Ben"]
    export = ("people", "export", file, "--force", "my keys", "--passphrase-file", secret, "--data", other)
    assert kith(*export).stdout == f"1 thing written to {file}, none with a recording.\n"


def test_one_of_them(state: Path, secret: Path, tmp_path: Path) -> None:
    file = tmp_path / "x.age"
    done = kith("people", "export", file, "ben", "--passphrase-file", secret, "--data", state)
    assert done.stdout == f"1 person written to {file}, none with a recording.\n"
    assert "no person of that name" in refused("people", "export", tmp_path / "y.age", "Zoe", "--data", state)


def test_a_file_that_is_there_is_told_before_a_passphrase_is_asked_for(
    state: Path, secret: Path, tmp_path: Path
) -> None:
    file = tmp_path / "x.age"
    file.write_text("precious")
    assert "is there already" in refused("people", "export", file, "--data", state)
    assert file.read_text() == "precious"
    done = kith("people", "export", file, "--force", "--passphrase-file", secret, "--data", state)
    assert done.exit_code == 0
    assert file.read_text(errors="replace") != "precious"


def test_without_a_terminal_it_says_how_to_give_a_passphrase(state: Path, tmp_path: Path) -> None:
    for command in ("export", "import"):
        told = refused("people", command, tmp_path / "x.age", "--data", state)
        assert "there is no terminal to ask for the passphrase" in told
        assert "--passphrase-file" in told


@pytest.mark.parametrize("content", [b"", b"\n", b"short\n", b"\nthree old oak trees\n"])
def test_a_short_passphrase_is_refused(state: Path, tmp_path: Path, content: bytes) -> None:
    file, secret = tmp_path / "x.age", tmp_path / "secret"
    secret.write_bytes(content)
    told = refused("people", "export", file, "--passphrase-file", secret, "--data", state)
    assert "at least 8 characters" in told
    assert not file.exists()


def test_a_passphrase_file_that_cannot_be_used_is_told(state: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    export = ("people", "export", tmp_path / "x.age", "--data", state, "--passphrase-file")
    assert "No such file or directory" in refused(*export, secret)
    secret.write_bytes(b"\xff\xfe\xff\xfe\xff\xfe\xff\xfe")
    assert "no text in UTF-8" in refused(*export, secret)


def test_a_wrong_passphrase_makes_no_gallery(state: Path, secret: Path, tmp_path: Path) -> None:
    file, other = tmp_path / "x.age", tmp_path / "other"
    kith("people", "export", file, "--passphrase-file", secret, "--data", state)
    secret.write_text("three old elm trees\n")
    told = refused("people", "import", file, "--passphrase-file", secret, "--data", other)
    assert told == f"kith: that is not the passphrase of {file}\n"
    assert not other.exists()


def test_what_is_no_export_is_told_before_a_passphrase_is_asked_for(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    file = tmp_path / "x.age"
    file.write_text("Dear Sir or Madam")
    told = refused("people", "import", file, "--data", state)
    assert told == f"kith: {file} is not a whole file that `kith people export` wrote\n"
    assert "is not there" in refused("people", "import", tmp_path / "none.age", "--data", state)


def test_passphrases_are_no_arguments(state: Path, tmp_path: Path) -> None:
    for command in ("export", "import"):
        text = kith("people", command, "--help").stdout
        assert "--passphrase-file" in text
        assert "--passphrase " not in text
