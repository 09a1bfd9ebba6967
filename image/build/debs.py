"""Choosing and downloading Debian packages: by apt, in the tools tree, into a cache by SHA-256."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from image import ImageError
from image.build.package_set import PackageSet
from image.build.workshop import Workshop
from image.mirrors import Mirrors

_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
_ARCHITECTURE = "arm64"
_SHOW = """for file in "$@"; do
    dpkg-deb --show --showformat='["${Package}","${Version}","${Architecture}"]\\n' "$file"
done"""
_PLANNED = re.compile(r"^Inst (\S+) \((\S+) ", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deb:
    """One package: `sha256` of the .deb file, in hexadecimal."""

    name: str
    version: str
    architecture: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Further:
    """Where the archive of a set beyond Debian is, and its keyring on this machine."""

    address: str
    keyring: Path


class Shelf:
    """The .deb files that were downloaded, by their hashes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, deb: Deb) -> Path:
        """Where the file of `deb` lies."""
        return self._folder / f"{deb.sha256}.deb"

    def add(self, file: Path, deb: Deb) -> None:
        """Take `file` in; it may stay where it is."""
        target = self.path(deb)
        if not target.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            fresh = target.with_suffix(f".{os.getpid()}")
            shutil.copyfile(file, fresh)
            fresh.replace(target)

    def missing(self, debs: Iterable[Deb]) -> list[Deb]:
        """Those that are not here, or damaged."""
        return [
            each for each in debs if not self.path(each).is_file() or _hash(self.path(each)) != each.sha256
        ]


def choose_and_fetch(
    shop: Workshop, chosen: PackageSet, mirrors: Mirrors, further: Further | None
) -> list[Deb]:
    """The packages of the set as the archives have them today, downloaded; sorted by name."""
    apt = _Apt(shop, _sources(chosen, mirrors, further))
    apt.run("update", "-qq")
    names = ["?essential", *chosen.wanted]
    rules = ("--no-install-recommends", *names)
    said = apt.run("install", "--simulate", "-qq", *rules)
    apt.run("install", "--yes", "-qq", "--download-only", *rules)
    # Older versions may lie beside today's.
    today = set(_PLANNED.findall(said))
    debs = [each for each in apt.downloaded(Shelf(shop.cache / "debs")) if (each.name, each.version) in today]
    if len(debs) != len(today):
        raise ImageError(
            "apt planned other packages than it downloaded; remove .cache/image/apt-* and try again"
        )
    return sorted((each for each in debs if each.name not in chosen.without), key=lambda each: each.name)


def fetch_locked(
    shop: Workshop, chosen: PackageSet, debs: Sequence[Deb], mirrors: Mirrors, further: Further | None
) -> None:
    """Have exactly these packages on the shelf; ImageError names those that no archive has any more."""
    shelf = Shelf(shop.cache / "debs")
    if not shelf.missing(debs):
        return
    apt = _Apt(shop, _sources(chosen, mirrors, further))
    apt.run("update", "-qq")
    for deb in shelf.missing(debs):
        apt.try_download(f"{deb.name}={deb.version}")
    apt.downloaded(shelf)
    gone = [f"{each.name} {each.version}" for each in shelf.missing(debs)]
    if gone:
        raise ImageError(
            f"no archive has these any more: {', '.join(gone)}; put their .deb files into "
            f"{shelf.path(debs[0]).parent} as SHA256.deb, or build without --lock"
        )


def _sources(chosen: PackageSet, mirrors: Mirrors, further: Further | None) -> list[str]:
    if mirrors.main is None:
        raise ImageError("this machine's apt names no Debian archive; add one to /etc/apt/sources.list.d")
    lines = [line.replace("deb ", f"deb [signed-by={_KEYRING}] ", 1) for line in mirrors.lines()]
    if chosen.archive is not None:
        if further is None:
            raise ImageError(f"the set {chosen.name} needs its archive: --archive ADDRESS --keyring FILE")
        place = f"{further.address} {chosen.archive.suite} {chosen.archive.components}"
        lines.append(f"deb [signed-by={further.keyring}] {place}")
    return lines


class _Apt:
    """apt for another processor, with settings and state of its own."""

    def __init__(self, shop: Workshop, sources: Sequence[str]) -> None:
        self._tools, self._folder = shop.tools, shop.cache / f"apt-{shop.flavour}"
        for name in ("state/lists/partial", "cache/archives/partial", "single"):
            (self._folder / name).mkdir(parents=True, exist_ok=True)
        (self._folder / "status").touch()
        (self._folder / "sources.list").write_text("\n".join(sources) + "\n", encoding="utf-8")
        (self._folder / "conf").write_text(self._settings(), encoding="utf-8")

    def run(self, *arguments: str) -> str:
        """`apt-get` with these arguments; ImageError where it fails."""
        env = {"APT_CONFIG": str(self._folder / "conf"), "DEBIAN_FRONTEND": "noninteractive"}
        return self._tools.run(["apt-get", *arguments], env=env, cwd=str(self._folder / "single"))

    def try_download(self, package: str) -> None:
        """Download one package where the archive still has it."""
        try:
            self.run("download", "-qq", package)
        except ImageError:
            # The caller finds that it is missing, and names all that are.
            return

    def downloaded(self, shelf: Shelf) -> list[Deb]:
        """Everything that lies here, put on the shelf."""
        places = ("cache/archives", "single")
        files = [file for place in places for file in sorted((self._folder / place).glob("*.deb"))]
        said = self._tools.run(["sh", "-c", _SHOW, "show", *map(str, files)])
        found = []
        for file, line in zip(files, said.splitlines(), strict=True):
            name, version, architecture = json.loads(line)
            deb = Deb(name=name, version=version, architecture=architecture, sha256=_hash(file))
            shelf.add(file, deb)
            found.append(deb)
        return found

    def _settings(self) -> str:
        here = self._folder
        return f"""Dir::State "{here}/state"; Dir::State::status "{here}/status"; Dir::Cache "{here}/cache";
Dir::Etc::SourceList "{here}/sources.list"; Dir::Etc::SourceParts "/dev/null"; Acquire::Languages "none";
APT::Architecture "{_ARCHITECTURE}"; APT::Architectures {{ "{_ARCHITECTURE}"; }}; APT::Sandbox::User "";
"""


def as_lock(debs: Iterable[Deb]) -> list[dict[str, str]]:
    """The packages as plain data."""
    return [asdict(each) for each in debs]


def _hash(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
