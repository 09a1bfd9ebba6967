"""No maintainer script of a package is run; a person reads each once and writes down what is done instead.

`image/packages/scripts.toml` holds that list. A script that is new or has changed stops the build.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from image import ImageError
from image.build.package_set import LISTS, read_list

SCRIPTS = ("preinst", "postinst")
"""What would run when a package is installed for the first time; removal never happens here."""
_KERNEL = re.compile(r"^linux-image-(\d\S*)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """The scripts of one package: `text` of all of them, `sha256` of that."""

    package: str
    text: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What a person wrote about a package's scripts."""

    sha256: str
    instead: str


def read_scripts(package: str, control: Path) -> Script | None:
    """The scripts in a package's unpacked control folder; None where it has none."""
    found = [(name, control / name) for name in SCRIPTS if (control / name).is_file()]
    if not found:
        return None
    text = "".join(f"# {name}\n{path.read_text(encoding='utf-8', errors='replace')}" for name, path in found)
    if kernel := _KERNEL.match(package):
        # The version is part of the name and of each line: the same script counts as the same.
        package, text = "linux-image-VERSION", text.replace(kernel[1], "VERSION")
    return Script(package=package, text=text, sha256=hashlib.sha256(text.encode()).hexdigest())


def load_reviews(path: Path = LISTS / "scripts.toml") -> dict[str, Review]:
    """The reviewed list; ImageError where it is not in order."""
    found = {}
    for package, entry in read_list(path).items():
        if set(entry) != {"sha256", "instead"} or not entry["instead"].strip():
            raise ImageError(f"{path}: {package} needs sha256 and instead, both with something in it")
        found[package] = Review(**entry)
    return found


def check(scripts: Mapping[str, Script], reviews: Mapping[str, Review]) -> None:
    """ImageError where a script was never read, or has changed since."""
    new = sorted(each for each in scripts if each not in reviews)
    changed = sorted(
        each for each in scripts if each in reviews and reviews[each].sha256 != scripts[each].sha256
    )
    if new or changed:
        told = [f"never read: {', '.join(new)}"] * bool(new) + [f"changed: {', '.join(changed)}"] * bool(
            changed
        )
        raise ImageError(
            f"maintainer scripts {'; '.join(told)}. Read them by: python3 -m image scripts "
            f"{' '.join([*new, *changed])}, and put the line it ends with into image/packages/scripts.toml"
        )


def line_for(script: Script, instead: str = "") -> str:
    """The line of the list for a script."""
    key = script.package if re.fullmatch(r"[A-Za-z0-9_-]+", script.package) else f'"{script.package}"'
    return f'{key} = {{ sha256 = "{script.sha256}", instead = "{instead}" }}'
