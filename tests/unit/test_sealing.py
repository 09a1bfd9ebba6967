"""One file that only its passphrase opens: through the real pyrage, whose scrypt takes a second or two."""

from __future__ import annotations

import errno
import os
import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from kith.app import sealing
from kith.app.sealing import check_passphrase, check_target, read_sealed, write_sealed
from kith.errors import InputError, KithError
from tests.unit._portraits import ROOT

PASSPHRASE = "three old oak trees"
CONTENT = os.urandom(150_000)


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("a stick") / "people.age"
    write_sealed(path, CONTENT, PASSPHRASE)
    return path


@pytest.fixture
def copy(sealed: Path, tmp_path: Path) -> Path:
    path = tmp_path / "copy.age"
    path.write_bytes(sealed.read_bytes())
    return path


def test_what_was_sealed_opens_again_and_is_only_its_owners(sealed: Path) -> None:
    assert read_sealed(sealed, PASSPHRASE) == CONTENT
    assert sealed.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in sealed.parent.iterdir()] == ["people.age"]
    assert CONTENT[:32] not in sealed.read_bytes()


def test_another_passphrase_is_told(sealed: Path) -> None:
    with pytest.raises(InputError, match="not the passphrase of"):
        read_sealed(sealed, PASSPHRASE + " ")


@pytest.mark.parametrize("spoil", ["cut", "flipped", "longer"])
def test_a_damaged_file_is_told_as_damaged(copy: Path, spoil: str) -> None:
    content = bytearray(copy.read_bytes())
    if spoil == "cut":
        del content[-1000:]
    elif spoil == "flipped":
        content[len(content) // 2] ^= 1
    else:
        content += b"more"
    copy.write_bytes(content)
    with pytest.raises(InputError, match="damaged or was cut short"):
        read_sealed(copy, PASSPHRASE)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04 something else",
        b"age-encryption.org/v1\n-> X25519 " + b"A" * 43 + b"\n" + b"A" * 43 + b"\n--- " + b"A" * 43 + b"\n",
        b"age-encryption.org/v2\n-> scrypt " + b"A" * 22 + b" 18\n" + b"A" * 43 + b"\n",
        b"-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n",
    ],
    ids=["empty", "zip", "for a key", "another version", "armoured"],
)
def test_a_foreign_file_is_told_as_foreign(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "foreign"
    path.write_bytes(content)
    with pytest.raises(InputError, match="not a whole file that `kith people export` wrote"):
        read_sealed(path, PASSPHRASE)


def test_a_header_cut_short_is_told_as_not_whole(copy: Path) -> None:
    copy.write_bytes(copy.read_bytes()[:90])
    with pytest.raises(InputError, match="not a whole file"):
        read_sealed(copy, PASSPHRASE)


@pytest.mark.parametrize("factor", [23, 30, 64, 99])
def test_a_passphrase_that_would_take_minutes_to_try_is_not_tried(
    copy: Path, factor: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never() -> None:
        raise AssertionError("it was tried")

    monkeypatch.setattr(sealing, "_pyrage", never)
    copy.write_bytes(
        re.sub(rb"(-> scrypt \S+) \d+", rb"\1 %d" % factor, copy.read_bytes(), count=1),
    )
    with pytest.raises(InputError, match="more time or memory than this machine has"):
        read_sealed(copy, PASSPHRASE)


def test_nor_is_one_that_takes_more_memory_than_there_is(
    sealed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "_available_bytes", lambda: 2.0**24)
    with pytest.raises(InputError, match=r"`age -d people.age \| age -p -o smaller.age`"):
        read_sealed(sealed, PASSPHRASE)


def test_the_system_tells_how_much_memory_there_is() -> None:
    assert 2**24 < sealing._available_bytes() < 2**50


def test_a_gigabyte_of_zeros_is_not_read(tmp_path: Path, sealed: Path) -> None:
    zeros, long = tmp_path / "zeros", tmp_path / "long"
    with zeros.open("wb") as file:
        file.truncate(2**30)
    with long.open("wb") as file:
        file.write(sealed.read_bytes())
        file.truncate(2**30)
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(InputError, match="not a whole file"):
        read_sealed(zeros, PASSPHRASE)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb < 1024
    with pytest.raises(InputError, match="larger than any export"):
        read_sealed(long, PASSPHRASE)


def test_what_is_no_file_is_told(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name, told in (("nothing", "is not there"), ("", "is not a file"), ("pipe", "is not a file")):
        with pytest.raises(InputError, match=told):
            read_sealed(tmp_path / name, PASSPHRASE)


@pytest.mark.parametrize("passphrase", ["", "short", "7 chars"])
def test_a_short_passphrase_is_refused_and_why(tmp_path: Path, passphrase: str) -> None:
    with pytest.raises(InputError, match=r"at least 8 characters: whoever finds the file can try"):
        write_sealed(tmp_path / "people.age", CONTENT, passphrase)
    assert list(tmp_path.iterdir()) == []
    check_passphrase("8 chars.")


def test_a_passphrase_that_is_no_text_is_refused(tmp_path: Path, sealed: Path) -> None:
    with pytest.raises(InputError, match="no text in UTF-8"):
        write_sealed(tmp_path / "people.age", CONTENT, "\udc80 is no text")
    with pytest.raises(InputError, match="no text in UTF-8"):
        read_sealed(sealed, "\udc80 is no text")


def test_a_file_that_is_there_stays_unless_it_is_to_be_replaced(copy: Path) -> None:
    before = copy.read_bytes()
    with pytest.raises(InputError, match="is there already; name another file, or say --force"):
        write_sealed(copy, b"other", PASSPHRASE)
    assert copy.read_bytes() == before
    with pytest.raises(InputError, match="is a folder; name a file in it"):
        check_target(copy.parent, force=True)
    write_sealed(copy, b"other", PASSPHRASE, force=True)
    assert read_sealed(copy, PASSPHRASE) == b"other"


def test_where_it_cannot_be_written_nothing_is_left_and_what_was_there_stays(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = copy.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(sealing, "_unsealed", lambda path, content, passphrase: b"other")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match=r"No space left on device; nothing was written"):
        write_sealed(copy, b"other", PASSPHRASE, force=True)
    assert copy.read_bytes() == before
    assert [each.name for each in copy.parent.iterdir()] == ["copy.age"]


def test_a_folder_that_is_not_there_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no folder .*nowhere to write x\.age to"):
        check_target(tmp_path / "nowhere" / "x.age", force=True)


def test_what_does_not_open_again_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "_unsealed", lambda path, content, passphrase: b"something else")
    with pytest.raises(KithError, match="did not open again"):
        write_sealed(tmp_path / "people.age", CONTENT, PASSPHRASE)
    assert list(tmp_path.iterdir()) == []


def test_what_would_be_too_large_to_read_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "LARGEST_BYTES", 1000)
    with pytest.raises(InputError, match="too many people for one file"):
        write_sealed(tmp_path / "people.age", CONTENT, PASSPHRASE)


def test_without_pyrage_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, sealed: Path) -> None:
    monkeypatch.setitem(sys.modules, "pyrage", None)
    with pytest.raises(KithError, match="pip install pyrage"):
        read_sealed(sealed, PASSPHRASE)


def test_nothing_of_it_is_loaded_before_it_is_needed() -> None:
    code = "import sys, kith.app.sealing; print([m for m in ('pyrage', 'numpy', 'cv2') if m in sys.modules])"
    env = {**os.environ, "PYTHONPATH": str(ROOT / "device")}
    done = subprocess.run([sys.executable, "-c", code], env=env, check=True, capture_output=True, timeout=60)
    assert done.stdout == b"[]\n"
