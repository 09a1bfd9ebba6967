"""Which packages the image is made of: the lists in `image/packages`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from image import REPOSITORY, ImageError

LISTS = REPOSITORY / "image" / "packages"
"""The reviewed lists: packages, modules, units, scripts, wheels."""
FLAVOURS = ("debian", "rpios")
"""`debian` is built and tried here, `rpios` by whoever reaches Raspberry Pi's archive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """A further archive; its address and its keyring are given by who builds."""

    suite: str
    components: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageSet:
    """A list of packages. `wanted` and `without`: name -> why; `kernel` names the kernel's package."""

    name: str
    kernel: str
    wanted: Mapping[str, str]
    without: Mapping[str, str]
    archive: Archive | None


def load_package_set(name: str, lists: Path = LISTS) -> PackageSet:
    """The set `name`; ImageError where the list is missing or not in order."""
    read = read_list(lists / f"{name}.toml")
    groups: Mapping[str, Mapping[str, str]] = read.get("packages", {})
    wanted = [(package, why) for group in groups.values() for package, why in group.items()]
    _in_order(name, wanted, read.get("without", {}))
    return PackageSet(
        name=name,
        kernel=read["kernel"],
        wanted=dict(wanted),
        without=read.get("without", {}),
        archive=Archive(**read["archive"]) if "archive" in read else None,
    )


def read_list(path: Path) -> dict[str, Any]:
    """A TOML file of `image/packages`; ImageError says what is wrong with it."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ImageError(f"there is no {path}") from None
    except tomllib.TOMLDecodeError as error:
        raise ImageError(f"{path}: {error}") from error


def _in_order(name: str, wanted: list[tuple[str, str]], without: Mapping[str, str]) -> None:
    names = [package for package, _ in wanted]
    twice = sorted({each for each in names if names.count(each) > 1} | (set(names) & set(without)))
    if twice:
        raise ImageError(f"{name}.toml names more than once: {', '.join(twice)}")
    silent = [package for package, why in [*wanted, *without.items()] if not why.strip()]
    if silent:
        raise ImageError(f"{name}.toml gives no reason for: {', '.join(silent)}")
