"""The support bundle of a device on which everything names everybody: what leaves it names nobody, and holds
nothing of a face or a voice."""

from __future__ import annotations

import errno
import json
import os
import re
import stat
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest

from kith.app.support import Piece, pack
from kith.app.support_parts import settings_without_free_text
from kith.config import Settings
from kith.errors import InputError
from kith.recognition.gallery import Gallery
from kith.wav_file import wav_bytes
from tests.e2e._commands import NOTHING, kith, one_line
from tests.unit._gallery_kit import MODEL, TODAY, looks

NAMES = ("Anna Kowalska", "Zoë", "An", "May", "Grace", "Мария", "Björn Ó Briain", "person of mine")
FILES = (
    *("README.txt", "doctor.json", "versions.txt", "settings.json", "services.txt", "journal.txt"),
    *("kernel.txt", "storage.txt", "board.txt", "devices.txt", "gallery.json"),
)
JOURNAL = """2026-11-22T10:00:00 kith[1]: Anna Kowalska, anna.kowalska and KOWALSKA; akowalska@example.org
2026-11-22T10:00:01 kith[1]: zoë, ZOE, Zo\\xc3\\xab and Zo\\u00eb came with May, and Мария, björn
2026-11-22T10:00:02 kith[1]: it may be that an answer is graceful; An error; in /home/kowalska/x
2026-11-22T10:00:03 kith[1]: fault: the camera stopped answering
2026-11-22T10:00:04 kith[1]: no sound: no sound device is called 'Theodora's ears'; there are: none
"""
KERNEL = """[    1.000000] usb 1-1.2: SerialNumber: 00C0FFEE1234
[    2.000000] input: Theodora's clicker as /devices/virtual/input/input7
[    2.100000] hid-generic 0005:04E8:7021: input: BLUETOOTH [Theodora's keys] on dc:a6:32:01:ab:cd
[    3.000000] smsc95xx eth0: register at usb-0000, dc:a6:32:01:ab:cd
"""
SAYS = re.compile(
    "anna|kowalsk|zo[eë]|мария|bj[oö]rn|briain|theodora|dc:a6|00c0ffee|example.org|said to May|with May",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Bundle:
    """One that was made. secrets: bytes that may be nowhere in it."""

    file: Path
    printed: str
    texts: dict[str, str]
    secrets: list[bytes]


def programs(folder: Path, **prints: str) -> str:
    """A PATH on which these programs print so."""
    folder.mkdir()
    for name, text in prints.items():
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")
        (folder / name).write_text(f'#!/bin/sh\ncat "{folder / name}.txt"\n')
        (folder / name).chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    folder = tmp_path_factory.mktemp("theodora's own")
    state = folder / "state"
    secrets = []
    with Gallery.open(state / "kith.db", MODEL) as people:
        for number, name in enumerate(NAMES):
            taken = looks(number)
            person = people.add_person(name, taken, TODAY)
            sound = np.random.default_rng(number).normal(0, 3000, 22_050).astype(np.int16)
            people.set_recording(person.person_id, sound)
            secrets += [look.vector.tobytes() for look in taken] + [wav_bytes(sound)[100:]]
        people.add_person(None, looks(50), TODAY)
    picture = np.random.default_rng(99).integers(0, 255, 4096, np.uint8).tobytes()
    (state / "anna kowalska.jpg").write_bytes(picture)
    config = folder / "Theodora.toml"
    plain = NOTHING.replace("there is no such device", "Theodora's ears")
    config.write_text(
        f'{plain}\n[button]\nremote = "Theodora\'s clicker"\n[microphone]\nalsa_device = "May"\n'
    )
    path = programs(
        folder / "bin", journalctl=JOURNAL, dmesg=KERNEL, systemctl="Id=kith.service\nNRestarts=3\n"
    )
    file = folder / "bundle.zip"
    done = kith(
        *("--config", config, "support", file, "--data", state), environ={"PATH": path, "HOME": str(folder)}
    )
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(file) as archive:
        texts = {
            name.removeprefix("kith-support/"): archive.read(name).decode() for name in archive.namelist()
        }
    return Bundle(file, done.stdout, texts, [*secrets, picture])


def test_it_holds_what_a_maintainer_needs_and_says_so_before(bundle: Bundle) -> None:
    assert set(bundle.texts) == set(FILES)
    for name in FILES:
        assert re.search(rf"{re.escape(name)} +\d+\.\d KiB  \w", bundle.printed)
    assert bundle.printed.splitlines()[-1].startswith(f"Written to {bundle.file}: look through it")
    assert stat.S_IMODE(bundle.file.stat().st_mode) == 0o600
    assert "NRestarts=3" in bundle.texts["services.txt"]
    assert "fault: the camera stopped answering" in bundle.texts["journal.txt"]
    assert re.search(r"^numpy \d", bundle.texts["versions.txt"], re.MULTILINE)
    assert json.loads(bundle.texts["doctor.json"])["findings"][0]["part"] == "system"
    held = json.loads(bundle.texts["gallery.json"])
    assert held["holds"]["people"] == len(NAMES) + 1
    assert held["holds"]["with a recording"] == len(NAMES)
    assert held["holds"]["integrity"] == "sound"
    assert held["schema"] >= 2
    assert held["files"]["kith.db"] > 0
    assert "/proc/mounts" in bundle.texts["storage.txt"]


def test_nobody_is_named_anywhere_in_it(bundle: Bundle) -> None:
    for name, text in bundle.texts.items():
        assert not SAYS.findall(text), name
    assert bundle.texts["journal.txt"].splitlines()[0].endswith("[name], [name].[name] and [name]; [mail]")
    assert "[input device]" in bundle.texts["kernel.txt"]
    settings = json.loads(bundle.texts["settings.json"])
    assert settings["button"]["remote"] == settings["microphone"]["alsa_device"] == "[set]"
    assert settings["camera"]["width_px"] == 640
    assert int(re.search(r"taken out of it: (\d+)", bundle.texts["README.txt"])[1]) > 5  # type: ignore[index]


def test_words_that_are_names_too_are_still_words(bundle: Bundle) -> None:
    assert "it may be that an answer is [name]; An error; in [path]" in bundle.texts["journal.txt"]


def test_no_thirty_two_bytes_of_a_face_a_voice_or_a_picture_are_in_it(bundle: Bundle) -> None:
    text = "".join(bundle.texts.values())
    content = bundle.file.read_bytes() + text.encode()
    content += b"".join(bytes.fromhex(each) for each in re.findall(r"(?:[0-9a-f]{2}){8,}", text))
    # Any 32 bytes in a row of a secret hold one of its parts.
    parts = {secret[at : at + 16] for secret in bundle.secrets for at in range(0, len(secret) - 16, 16)}
    assert len(parts) > 10_000
    assert not windows(content) & parts
    assert windows(content + bundle.secrets[0]) & parts  # it would be found


def windows(content: bytes) -> set[bytes]:
    return {content[at : at + 16] for at in range(len(content))}


def test_nothing_is_written_over(tmp_path: Path) -> None:
    file = tmp_path / "there.zip"
    file.write_text("mine")
    assert "is there already" in one_line(kith("support", file, "--data", tmp_path / "s"))
    assert file.read_text() == "mine"
    assert "must end in .zip" in one_line(kith("support", tmp_path / "x", "--data", tmp_path / "s"))
    assert "cannot write" in kith("support", tmp_path / "no" / "x.zip", "--data", tmp_path / "s").stderr


def test_of_a_disk_that_is_full_no_half_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pieces = [Piece(name="x.txt", about="", text="abc")]
    real = os.fdopen

    def full(opened: int, mode: str) -> BinaryIO:
        file = real(opened, mode)
        file.write(b"half")
        file.close()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fdopen", full)
    with pytest.raises(InputError, match="No space left"):
        pack(pieces, tmp_path / "x.zip")
    assert list(tmp_path.iterdir()) == []
    monkeypatch.undo()
    pack(pieces, tmp_path / "x.zip")
    long = tmp_path / f"{'x' * 300}.zip"
    assert "cannot write" in kith("support", long, "--data", tmp_path / "s").stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_made_with_sudo_it_is_for_whoever_asked(tmp_path: Path) -> None:
    pack([], tmp_path / "x.zip", {"SUDO_UID": "12345"})
    found = (tmp_path / "x.zip").stat()
    assert (found.st_uid, stat.S_IMODE(found.st_mode)) == (12345, 0o600)


@pytest.mark.parametrize(
    "written",
    [
        '[button]\nremote = ["Theodora\'s"]',
        '[announce]\n"Theodora\'s" = 1',
        '[camera]\nkind = "Theodora\'s"',
    ],
)
def test_a_mistake_in_the_settings_is_told_of_without_what_was_written(tmp_path: Path, written: str) -> None:
    config = tmp_path / "kith.toml"
    config.write_text(written)
    refused = settings_without_free_text(Settings(), config)["refused"]
    assert refused.startswith(str(config))
    assert "Theodora" not in refused


def test_what_cannot_be_read_says_why_and_the_rest_is_there(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    (state / "kith.db").write_bytes(b"rubbish" * 1000)
    config = tmp_path / "kith.toml"
    config.write_text('[camera]\nkind = ["Theodora\'s"]\n')
    path = programs(tmp_path / "bin", journalctl="")
    (tmp_path / "bin" / "systemctl").symlink_to("/bin/false")
    file = tmp_path / "x.zip"
    done = kith("--config", config, "support", file, "--data", state, environ={"PATH": path})
    assert done.returncode == 0, done.stderr
    assert "names in it were not looked for" in done.stderr
    with zipfile.ZipFile(file) as archive:
        texts = {name.rpartition("/")[2]: archive.read(name).decode() for name in archive.namelist()}
    assert "systemctl ended with status 1" in texts["services.txt"]
    assert "try with sudo" in texts["journal.txt"]
    assert "THE GALLERY COULD NOT BE READ" in texts["README.txt"]
    assert "cannot be read" in json.loads(texts["gallery.json"])["holds"]
    assert "kind must be str" in json.loads(texts["settings.json"])["refused"]
    assert set(texts) == set(FILES)
    assert not re.search("theodora", "".join(texts.values()), re.IGNORECASE)


def test_without_a_gallery_none_is_made(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    assert kith("support", tmp_path / "x.zip", "--data", state).returncode == 0
    assert list(state.iterdir()) == []
