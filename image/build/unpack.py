"""The packages' files as a tree, without running any of them."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from image.build.debs import Deb, Shelf
from image.build.gate import Script, read_scripts
from image.build.workshop import Workshop

# The licences stay.
_DROPPED: tuple[str, ...] = (
    "usr/share/doc-base",
    "usr/share/info",
    "usr/share/lintian",
    "usr/share/bug",
    "usr/share/locale",
    "usr/share/man",
    "usr/share/bash-completion",
    "usr/share/zsh",
    "usr/share/fish",
    "usr/share/X11",
    "usr/share/applications",
    "usr/share/pixmaps",
    "usr/share/menu",
    "usr/share/initramfs-tools",
    "usr/share/perl5",
    "usr/lib/udev/hwdb.d",
    "usr/lib/udev/hwdb.bin",
    "usr/lib/systemd/catalog",
    "usr/share/i18n",
    "usr/share/alsa/speaker-test",
    "usr/share/sounds",
    "usr/share/zoneinfo/right",
    "etc/init.d",
    "etc/cron.d",
    "etc/cron.daily",
    "etc/cron.weekly",
    "etc/kernel",
    "etc/initramfs-tools",
    "etc/apt",
    "etc/dpkg/dpkg.cfg.d",
    "etc/logrotate.d",
    "usr/lib/systemd/boot",
    # Asks for a crash reporter that is not there, at each start of Python.
    "usr/lib/python3.13/sitecustomize.py",
)
"""Manuals, translations, and settings for programs that are not there."""

_UNPACK = """set -eu
root=$1 infos=$2
shift 2
for each in "$@"; do
    name=${each%%=*} file=${each#*=}
    dpkg-deb --fsys-tarfile "$file" | tar -x -C "$root" --numeric-owner --keep-directory-symlink -p
    mkdir -p "$infos/$name"
    dpkg-deb --control "$file" "$infos/$name"
done
"""


def unpack(shop: Workshop, debs: Sequence[Deb]) -> dict[str, Script]:
    """Lay all packages out below `shop.root`; gives back their maintainer scripts, none of which ran."""
    shelf, infos = Shelf(shop.cache / "debs"), shop.work / "control"
    for folder in (shop.root, infos):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    # base-files brings the links by which /bin and /lib are parts of /usr.
    ordered = sorted(debs, key=lambda each: each.name != "base-files")
    named = [f"{each.name}={shelf.path(each)}" for each in ordered]
    shop.tools.run(["sh", "-c", _UNPACK, "unpack", str(shop.root), str(infos), *named])
    scripts = (read_scripts(each.name, infos / each.name) for each in debs)
    return {each.package: each for each in scripts if each is not None}


def drop_needless(root: Path) -> None:
    """Take away what nothing on the device reads; the licences stay."""
    for name in _DROPPED:
        path = root / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    for package in sorted((root / "usr/share/doc").iterdir()):
        _keep_licence(package)


def write_status(root: Path, infos: Path, names: Iterable[str]) -> None:
    """Debian's list of what is installed, which bills of materials are read from."""
    folder = root / "var/lib/dpkg"
    folder.mkdir(parents=True, exist_ok=True)
    entries = []
    for name in names:
        lines = (infos / name / "control").read_text(encoding="utf-8").rstrip("\n").splitlines()
        entries.append("\n".join([lines[0], "Status: install ok installed", *lines[1:]]) + "\n")
    (folder / "status").write_text("\n".join(entries), encoding="utf-8")


def _keep_licence(folder: Path) -> None:
    if folder.is_symlink() or not folder.is_dir():
        return
    for path in sorted(folder.iterdir()):
        if path.name.startswith("copyright"):
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
