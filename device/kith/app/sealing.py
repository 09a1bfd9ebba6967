"""One file that only its passphrase opens: age (https://age-encryption.org/v1), through pyrage, so that the
`age` tool opens it too. What goes in or comes out lies in memory only, never on a disk in the clear."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from kith.errors import InputError, KithError
from kith.recognition.files import sync_folder

SHORTEST_PASSPHRASE = 8
"""Characters. Who finds the file can try passphrases for as long as they like, about one a second a core: a
word from a dictionary lasts a day, eight random letters lasts 6,600 years of one core."""

LARGEST_BYTES = 128 * 2**20
"""A thousand people with ten looks and a recording of two seconds each are 92 MiB."""

HIGHEST_WORK_FACTOR = 22
"""Of scrypt; trying a passphrase takes 2^factor KiB of memory, here 4 GiB. `age` itself opens no more, and
pyrage nothing that takes it longer than some 16 to 30 s."""

_SHARE_OF_MEMORY = 0.5
_SEAL_BYTES = 2**20
"""More than the seal adds: 200 bytes, and 16 for each 64 KiB."""
_HEAD_BYTES = 256
_HEAD = re.compile(
    rb"\Aage-encryption\.org/v1\n-> scrypt [A-Za-z0-9+/]{22} ([1-9][0-9]?)\n[A-Za-z0-9+/]{43}\n"
    rb"--- [A-Za-z0-9+/]{43}\n"
)
_WRONG_PASSPHRASE = "Decryption failed"
"""What pyrage says of it; a test holds it to that."""


def check_passphrase(passphrase: str) -> None:
    """Raises InputError for one too short to seal anything with."""
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise InputError(
            f"a passphrase needs at least {SHORTEST_PASSPHRASE} characters: whoever finds the file can try "
            f"short ones until one fits; four or five random words are good"
        )


def check_target(path: Path, *, force: bool) -> None:
    """Raises InputError where a file is not to be written there."""
    if path.is_dir():
        raise InputError(f"{path} is a folder; name a file in it, such as {path / 'people.age'}")
    if not path.parent.is_dir():
        raise InputError(f"there is no folder {path.parent} to write {path.name} to")
    if path.exists() and not force:
        raise InputError(f"{path} is there already; name another file, or say --force to replace it")


def write_sealed(path: Path, content: bytes, passphrase: str, *, force: bool = False) -> None:
    """Write the content, at most LARGEST_BYTES, so that the file is there whole or not at all, mode 0600; it
    was opened again once before it takes its name. Raises InputError."""
    check_passphrase(passphrase)
    check_target(path, force=force)
    if len(content) > LARGEST_BYTES:
        raise InputError("these are too many people for one file; name fewer of them")
    pyrage = _pyrage()
    try:
        sealed: bytes = pyrage.passphrase.encrypt(content, passphrase)
    except UnicodeEncodeError:
        raise _not_text() from None
    if _unsealed(path, sealed, passphrase) != content:
        raise KithError(f"{path} was not written: what was sealed did not open again; try again")
    try:
        _write_whole(path, sealed)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}; nothing was written") from error


def check_sealed(path: Path) -> None:
    """Raises InputError where that is no file of this kind, as far as can be told without its passphrase."""
    with _opened(path):
        pass


def read_sealed(path: Path, passphrase: str) -> bytes:
    """The content of such a file. Raises InputError for a wrong passphrase and for anything else than a whole
    file of this kind."""
    with _opened(path) as file:
        sealed = file.read(LARGEST_BYTES + _SEAL_BYTES)
        if file.read(1):
            raise InputError(f"{path} is larger than any export of Kith")
    return _unsealed(path, sealed, passphrase)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        if not path.is_file():
            raise InputError(f"{path} is {'not a file' if path.exists() else 'not there'}")
        with path.open("rb") as file:
            _check_head(path, file.read(_HEAD_BYTES))
            file.seek(0)
            yield file
    except InputError:
        raise
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error


def _unsealed(path: Path, sealed: bytes, passphrase: str) -> bytes:
    _check_head(path, sealed[:_HEAD_BYTES])
    pyrage = _pyrage()
    try:
        content: bytes = pyrage.passphrase.decrypt(sealed, passphrase)
    except UnicodeEncodeError:
        raise _not_text() from None
    except pyrage.DecryptError as error:
        if str(error) == _WRONG_PASSPHRASE:
            raise InputError(f"that is not the passphrase of {path}") from None
        if str(error).startswith("Excessive work"):
            raise _too_much_work(path) from None
        raise InputError(
            f"{path} is damaged or was cut short; copy it again from where it came, or export anew"
        ) from None
    return content


def _check_head(path: Path, head: bytes) -> None:
    match = _HEAD.match(head)
    if match is None:
        raise InputError(f"{path} is not a whole file that `kith people export` wrote")
    factor = int(match[1])
    if factor > HIGHEST_WORK_FACTOR or 1024 * 2**factor > _SHARE_OF_MEMORY * _available_bytes():
        raise _too_much_work(path)


def _too_much_work(path: Path) -> InputError:
    return InputError(
        f"trying a passphrase of {path} takes more time or memory than this machine has for it; where it was "
        f"written, `age -d {path.name} | age -p -o smaller.age` makes one for small machines"
    )


def _available_bytes() -> float:
    """Memory that can be had without swapping; as much as one likes where the system does not tell."""
    try:
        told = re.search(r"^MemAvailable: +(\d+) kB", Path("/proc/meminfo").read_text("ascii"), re.MULTILINE)
    except OSError:
        told = None
    return 1024.0 * int(told[1]) if told else float("inf")


def _write_whole(path: Path, sealed: bytes) -> None:
    # Not by `recognition.files`: a memory stick's file system knows neither owners nor modes to set.
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    staged = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(sealed)
            file.flush()
            os.fsync(descriptor)
        staged.replace(path)
    except BaseException:
        staged.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def _pyrage() -> Any:
    try:
        import pyrage
    except ImportError:
        raise KithError(
            "files of people are sealed by a package that is not installed here: pip install pyrage"
        ) from None
    return pyrage


def _not_text() -> InputError:
    return InputError("the passphrase holds bytes that are no text in UTF-8")
