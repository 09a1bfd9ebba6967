"""What must be true of the finished tree, checked in a second or two, by reading only."""

from __future__ import annotations

import configparser
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from image import ImageError
from image.build.package_set import LISTS, read_list
from image.build.workshop import Workshop

_MAY_CHANGE_USER = frozenset({"usr/lib/dbus-1.0/dbus-daemon-launch-helper"})
"""Started by the bus, as its own group only."""
_COMPILERS = re.compile(
    r"^(.*-)?(gcc|g\+\+|cc|c\+\+|clang|tcc|cpp|as|ld|make|cmake|rustc|go|swig)(-[\d.]+)?$"
)
_BINARIES = ("usr/bin", "usr/sbin", "usr/local/bin", "usr/local/sbin", "opt/kith/bin")
_PRIVATE_KEY = re.compile(rb"-----BEGIN (\w+ )?PRIVATE KEY-----")
_KEY_PLACES = ("etc", "root", "opt/kith/onboard", "usr/lib/kith", "usr/share/rauc")
_SECRET_KEPT = 65_536
_LISTENING = re.compile(
    r"^(ListenStream|ListenDatagram|ListenSequentialPacket)\s*=\s*(?!/|@|%t|vsock|kobject)", re.M
)


def check_tree(root: Path) -> list[str]:
    """What is wrong with a root tree, one line each; nothing where all is well."""
    wrong: list[str] = []
    for look in _LOOKS:
        wrong.extend(look(root))
    return wrong


def check_units(shop: Workshop) -> list[str]:
    """What `systemd-analyze verify` says of Kith's and the image's own units."""
    units = shop.inside("/usr/lib/systemd/system")
    own = sorted(path.name for path in units.glob("kith*.*") if path.is_file())
    wanted = [*own, "multi-user.target"]
    command = ["sh", "-c", 'systemd-analyze verify --man=no "$@" 2>&1 || true', "verify"]
    said = shop.tools.run([*command, f"--root={shop.root}", *wanted])
    return [line for line in said.splitlines() if line.strip()]


def refuse(wrong: list[str]) -> None:
    """ImageError with all that is wrong, where something is."""
    if wrong:
        raise ImageError("the tree is not fit for a card:\n  " + "\n  ".join(wrong))


def _compilers(root: Path) -> Iterator[str]:
    for place in _BINARIES:
        folder = root / place
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if _COMPILERS.match(path.name):
                yield f"a compiler or its like: /{place}/{path.name}"


def _rights(root: Path) -> Iterator[str]:
    owner = root.lstat().st_uid
    for path in sorted(root.rglob("*")):
        mode = path.lstat().st_mode
        name = str(path.relative_to(root))
        if stat.S_ISLNK(mode):
            continue
        if mode & (stat.S_ISUID | stat.S_ISGID) and stat.S_ISREG(mode) and name not in _MAY_CHANGE_USER:
            yield f"changes its user or group when started: /{name}"
        if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
            yield f"everybody may write: /{name}"
        if name.startswith(("opt/kith/", "etc/")) and path.lstat().st_uid != owner:
            yield f"not root's: /{name}"


def _byte_code(root: Path) -> Iterator[str]:
    for cache in sorted(root.rglob("__pycache__")):
        for path in sorted(cache.iterdir()):
            source = cache.parent / (path.name.split(".", 1)[0] + ".py")
            if not path.name.endswith(".cpython-313.pyc") or not source.is_file():
                yield f"byte-code of nothing, or of another Python: /{path.relative_to(root)}"
            elif path.read_bytes()[4:8] != (1).to_bytes(4, "little"):
                yield f"byte-code that is compared with its source at each start: /{path.relative_to(root)}"


def _secrets(root: Path) -> Iterator[str]:
    identity = root / "etc/machine-id"
    if not identity.is_file() or identity.read_bytes():
        yield "/etc/machine-id must be an empty file: each board has its own"
    for place in _KEY_PLACES:
        for path in sorted((root / place).rglob("*")):
            small = path.is_file() and not path.is_symlink() and path.stat().st_size <= _SECRET_KEPT
            if small and _PRIVATE_KEY.search(path.read_bytes()):
                yield f"a private key: /{path.relative_to(root)}"
    shadow = (root / "etc/shadow").read_text(encoding="utf-8")
    for line in shadow.splitlines():
        name, password = line.split(":")[:2]
        if not password.startswith(("*", "!")):
            yield f"{name} has a password, or needs none"


def _doors(root: Path) -> Iterator[str]:
    wants = root / "etc/systemd/system"
    for link in sorted(wants.rglob("*.wants/*")):
        if re.match(r"(ssh|sshd|kith-ssh|.*getty|systemd-networkd|systemd-timesyncd|avahi)", link.name):
            yield f"starts by itself and must not: {link.name}"
    for folder in ("usr/lib/systemd/system", "etc/systemd/system"):
        for path in sorted((root / folder).glob("*.socket")):
            masked = (wants / path.name).is_symlink() and str((wants / path.name).readlink()) == "/dev/null"
            if not masked and path.is_file() and _LISTENING.search(path.read_text(encoding="utf-8")):
                yield f"listens to a network: {path.name}"


def _masks(root: Path) -> Iterator[str]:
    for unit in read_list(LISTS / "units.toml")["masked"]:
        link = root / "etc/systemd/system" / unit
        if not link.is_symlink() or str(link.readlink()) != "/dev/null":
            yield f"units.toml masks {unit}, the tree does not"


def _updates(root: Path) -> Iterator[str]:
    settings = configparser.ConfigParser()
    settings.read(root / "etc/rauc/system.conf")
    keyring = settings.get("keyring", "path", fallback="")
    if not keyring or b"BEGIN CERTIFICATE" not in _read(root / keyring.lstrip("/")):
        yield "no certificate that updates are checked by"
    for name in ("vmlinuz", "initrd.img", "cmdline.txt"):
        if not _read(root / "usr/lib/kith/boot" / name):
            yield f"/usr/lib/kith/boot/{name} is missing or empty"


def _read(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


_LOOKS: tuple[Callable[[Path], Iterator[str]], ...] = (
    *(_compilers, _rights, _byte_code, _secrets, _doors, _masks, _updates),
)
