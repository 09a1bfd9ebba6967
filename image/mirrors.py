"""Where this machine takes Debian from: read out of its own apt settings, written down nowhere else."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

SUITE = "trixie"
"""Debian 13: the release whose Python is 3.13 and whose kernel knows the Pi 5."""
COMPONENTS = "main non-free-firmware"
"""The second one holds the firmware of the Pi itself, and nothing else is taken from it."""
_MAIN = re.compile(r"https?://\S+/debian/?$")
_SECURITY = re.compile(r"https?://\S+/(debian-security|security)/?$")
_PASSED_ON = re.compile(r"^Acquire::(https?|ftp)::(Proxy|CAInfo|Verify-Peer)\b.*$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirrors:
    """The two archives that a Debian release comes from; None where this machine names none."""

    main: str | None
    security: str | None

    def lines(self, components: str = COMPONENTS) -> tuple[str, ...]:
        """Lines for a `sources.list`; none, and so the tool's own choice, where there is no mirror."""
        if self.main is None:
            return ()
        lines = [f"deb {self.main} {suite} {components}" for suite in (SUITE, f"{SUITE}-updates")]
        if self.security is not None:
            lines.append(f"deb {self.security} {SUITE}-security {components}")
        return tuple(lines)


def mirrors_here(apt_folder: Path = Path("/etc/apt")) -> Mirrors:
    """The archives that the apt sources of this machine name."""
    listed = list(_addresses(apt_folder))
    return Mirrors(
        main=next((each for each in listed if _MAIN.match(each)), None),
        security=next((each for each in listed if _SECURITY.match(each)), None),
    )


def apt_options_here() -> tuple[str, ...]:
    """This machine's settings for apt that decide whether an archive can be reached: proxy, certificates."""
    if shutil.which("apt-config") is None:
        return ()
    said = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=False).stdout
    return tuple(found.group(0) for found in _PASSED_ON.finditer(said))


def _addresses(folder: Path) -> Iterator[str]:
    lists = [folder / "sources.list", *sorted((folder / "sources.list.d").glob("*.list"))]
    for path in lists:
        if path.is_file():
            yield from _of_list(path.read_text(encoding="utf-8").splitlines())
    for path in sorted((folder / "sources.list.d").glob("*.sources")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.lower().startswith("uris:"):
                yield from line.split()[1:]


def _of_list(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        words = re.sub(r"\[[^]]*\]", "", line).split()
        if len(words) > 2 and words[0] == "deb":
            yield words[1]
