"""What of the image is Python: wheels, the pins' driver, Kith, its networks, and their byte-code."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from image import REPOSITORY, ImageError
from image.build.networks import carried
from image.build.package_set import LISTS
from image.build.settle import lay_over
from image.build.workshop import Workshop

PYTHON = "3.13"
"""Debian trixie's, and so the byte-code's."""
HOME = "/opt/kith"
LIB = f"{HOME}/lib"
# glibc of trixie is 2.41; wheels for anything up to it run.
_PLATFORMS = (
    "manylinux2014_aarch64",
    *(f"manylinux_2_{minor}_aarch64" for minor in (17, 24, 26, 27, 28, 31, 34, 35, 39)),
)
_NEEDLESS = ("bin", "*/tests", "*/test", "*/_pyinstaller", "*/f2py", "*/include", "*/testdata", "*/docs")
"""Below the wheels: tests, and what only compiling needs."""
_COMMAND = """#!/usr/bin/python3 -Is
import os
import sys

sys.path.insert(0, "{lib}")
os.environ.setdefault("KITH_HOME", "{home}")
# lgpio writes a file where it is started, and a maintainer's folder is read-only; the services say where.
os.environ.setdefault("LG_WD", "/run" if os.geteuid() == 0 else "/tmp")
from {module} import main

sys.exit(main())
"""
_COMPILE = r"""set -eu
cd /tmp
tar -xzf "$1"
cd lgpio-*
swig -python lgpio.i
cp lgpio.py "$2/"
module=$2/_lgpio.cpython-313-aarch64-linux-gnu.so
# As its own setup.py does it for a wheel: one module that holds the library.
aarch64-linux-gnu-gcc -O2 -g0 -fPIC -shared -pthread "-ffile-prefix-map=$PWD=." \
    -I/usr/include/python3.13 -Isrc -o "$module" lgpio_wrap.c src/lg*.c src/rgpiod.c
aarch64-linux-gnu-strip --strip-unneeded "$module"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wheel:
    """A pinned part from Python's index."""

    name: str
    version: str
    sha256: str


def pinned(path: Path) -> list[Wheel]:
    """The parts that a requirements file pins; ImageError where a line has no version or hash."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        name, _, version = words[0].partition("==")
        hashes = [
            word.removeprefix("--hash=sha256:") for word in words[1:] if word.startswith("--hash=sha256:")
        ]
        if not version or len(hashes) != 1:
            raise ImageError(f"{path}: '{line}' must pin a version and one sha256")
        found.append(Wheel(name=name, version=version, sha256=hashes[0]))
    return found


def install_wheels(shop: Workshop) -> None:
    """The wheels below /opt/kith/lib; pip compares their hashes."""
    folder = _download(shop, LISTS / "wheels.txt", "wheels", _for_the_device())
    target = shop.inside(LIB)
    target.mkdir(parents=True, exist_ok=True)
    command = [
        "install",
        "--no-deps",
        "--no-index",
        f"--find-links={folder}",
        "--no-compile",
        "--require-hashes",
    ]
    where = ["--target", str(target), "--requirement", str(LISTS / "wheels.txt")]
    _pip([*command, *_for_the_device(), *where])
    for pattern in _NEEDLESS:
        for path in sorted(target.glob(pattern)):
            shutil.rmtree(path)
    # pip writes when and from where, which differs from build to build.
    for name in ("direct_url.json", "REQUESTED", "INSTALLER"):
        for path in target.glob(f"*.dist-info/{name}"):
            path.unlink()


def build_lgpio(shop: Workshop) -> None:
    """The pins' driver, compiled for the device in the tools tree; it has no wheel for this Python."""
    folder = _download(shop, LISTS / "sources.txt", "sources", ["--no-binary=:all:"])
    archive = next(iter(sorted(folder.glob("lgpio-*.tar.gz"))))
    shop.tools.run(["sh", "-c", _COMPILE, "lgpio", str(archive), str(shop.inside(LIB))])


def install_kith(shop: Workshop) -> None:
    """Kith itself, its networks and measured tables, and its two commands."""
    home = shop.inside(HOME)
    (home / "lib/kith").mkdir()
    # With plain rights, whatever those of the checkout are.
    lay_over(REPOSITORY / "device/kith", home / "lib/kith")
    described = home / f"lib/kith-{kith_version()}.dist-info/METADATA"
    described.parent.mkdir()
    described.write_text(f"Metadata-Version: 2.1\nName: kith\nVersion: {kith_version()}\n", encoding="utf-8")
    _copy([REPOSITORY / "models/manifest.toml"], home / "models")
    _copy([each.path for each in carried()], home / "models/build")
    _copy(sorted((REPOSITORY / "calibration").glob("*.toml")), home / "calibration")
    for command, module in (("kith", "kith.cli"), ("kith-guard", "kith.guardd")):
        path = home / "bin" / command
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(command_text(module), encoding="utf-8")
        path.chmod(0o755)


def kith_version() -> str:
    """As the project says, and as `kith --version` and a doctor's report say on the device."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    return str(project["project"]["version"])


def command_text(module: str, lib: str = LIB) -> str:
    """A program that starts a module's `main` with the image's parts, and where they need to know."""
    return _COMMAND.format(lib=lib, home=HOME, module=module)


def compile_all(shop: Workshop, folders: Sequence[str]) -> None:
    """Byte-code beside each source, never compared with it again: nothing here changes, and clocks err."""
    for folder in folders:
        for stale in shop.inside(folder).rglob("__pycache__"):
            shutil.rmtree(stale)
        where = ["-s", str(shop.root), "-p", "/", str(shop.inside(folder))]
        rules = ["-q", "--invalidation-mode", "unchecked-hash", "-j", "2"]
        # Some wheels carry files that are no Python of this version on purpose.
        skipped = ["-x", r"/lib2to3/tests/|/bad_|/data/"]
        shop.tools.run([f"python{PYTHON}", "-m", "compileall", *rules, *skipped, *where])


def _for_the_device() -> list[str]:
    platforms = [word for platform in _PLATFORMS for word in ("--platform", platform)]
    return ["--only-binary=:all:", *platforms, "--implementation", "cp", "--python-version", PYTHON]


def _download(shop: Workshop, pins: Path, name: str, rules: Sequence[str]) -> Path:
    folder = shop.cache / name
    done = folder / ".done-with"
    if not done.is_file() or done.read_text(encoding="utf-8") != pins.read_text(encoding="utf-8"):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        _pip(
            [
                "download",
                "--no-deps",
                "--require-hashes",
                *rules,
                "--dest",
                str(folder),
                "--requirement",
                str(pins),
            ]
        )
        done.write_text(pins.read_text(encoding="utf-8"), encoding="utf-8")
    return folder


def _pip(arguments: Sequence[str]) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or [
            done.stderr[-1000:]
        ]
        raise ImageError(f"pip could not get what {arguments[-1]} pins: {last[-1]}")


def _copy(files: Sequence[Path], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        shutil.copyfile(file, folder / file.name)
