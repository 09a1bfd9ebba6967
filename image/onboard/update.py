"""`kith-update`: installs an update that lies on the boot partition, or on a stick, into the other slot.

RAUC checks the signature and writes the root; then the slot's folder on the boot partition is filled, and the
device starts the new system once (`slots.py`). Whether that is good `kith-health` finds out there.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .boot_partition import put, writable
from .device import OnboardError, Places, Run, run, teller
from .notices import Notices
from .slots import PARTITIONS, Slots, other

BUNDLE = "kith-update.raucb"
REFUSED = "kith-update.refused"
"""A bundle on the boot partition that was refused is called so from then on, for a maintainer to see."""
HANDLED = "device/handled-update"
"""In the data partition: the end of the last bundle that came on a stick, which is never written to."""
WORK = "run/kith-update"
TAIL_BYTES = 65536
"""Of a bundle's end, where its signature is: no two updates have the same."""
SAY_S = 20
"""So long the last words may take before the device starts again; †."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A bundle: its path, and whether it lies on a stick."""

    path: Path
    on_stick: bool


class Updater:
    """Looks for an update and installs it."""

    def __init__(
        self, places: Places, execute: Run, tell: Callable[[str], None], slots: Slots, notices: Notices
    ) -> None:
        self._places = places
        self._execute = execute
        self._tell = tell
        self._slots = slots
        self._notices = notices

    def look(self) -> bool:
        """Installs what it finds; whether the device is about to start again. What fails is not tried again.
        Raises OnboardError, OSError."""
        if self._slots.on_trial:
            return False
        found = self._on_boot_partition() or self._on_stick()
        if found is None:
            return False
        try:
            self._install(found)
        except (OnboardError, OSError) as problem:
            self._refuse(found, str(problem))
            return False
        finally:
            if found.on_stick:
                self._execute(("umount", str(found.path.parent)), b"")
        self._slots.start_trial()
        return True

    def _on_boot_partition(self) -> Found | None:
        path = self._places.boot / BUNDLE
        return Found(path=path, on_stick=False) if path.is_file() else None

    def _on_stick(self) -> Found | None:
        for node in self._sticks():
            folder = self._places.root / WORK / "stick"
            folder.mkdir(parents=True, exist_ok=True)
            options = "ro,nosuid,nodev,noexec,umask=0077"
            if self._execute(
                ("mount", "-t", "vfat,exfat", "-o", options, str(node), str(folder)), b""
            ).status:
                continue
            path = folder / BUNDLE
            if path.is_file() and self._places.text(f"data/{HANDLED}") != _tail_of(path):
                return Found(path=path, on_stick=True)
            self._execute(("umount", str(folder)), b"")
        return None

    def _sticks(self) -> list[Path]:
        """The first partition of each USB disk that the device was not started from. None without a data
        partition: it could not be kept in mind which of them was installed."""
        own = self._places.partition(1)
        if not self._places.data.is_mount() or own is None:
            return []
        found = []
        for number in sorted((self._places.root / "sys/class/block").glob("sd*/partition")):
            folder = number.parent.resolve()
            if self._places.text(str(number)) == "1" and folder.name != own.name:
                found.append(self._places.root / "dev" / folder.name)
        return found

    def _install(self, found: Found) -> None:
        slot = other(self._slots.booted)
        self._tell(f"installs {'a stick' if found.on_stick else 'the boot partition'}'s update into {slot}")
        self._notices.leave("update.installing")
        installed = self._execute(("rauc", "install", str(found.path)), b"")
        if installed.status:
            raise OnboardError(_last_line(installed.output))
        self._fill(slot)
        self._slots.prepare(slot)
        self._done_with(found, "")
        self._tell(f"installed into {slot}")
        if self._notices.leave("update.restarting"):
            self._notices.said("update.restarting", wait_s=SAY_S)

    def _refuse(self, found: Found, why: str) -> None:
        self._tell(f"refused: {why}")
        self._done_with(found, REFUSED)
        self._notices.leave("update.refused")

    def _done_with(self, found: Found, name: str) -> None:
        """It is not installed a second time. name: what it is called from now on; empty: it is removed."""
        if found.on_stick:
            put(self._places.data / HANDLED, _tail_of(found.path).encode())
            return
        with writable(self._places, self._execute):
            if name and found.path.exists():
                found.path.replace(found.path.with_name(name))
            found.path.unlink(missing_ok=True)

    def _fill(self, slot: str) -> None:
        from .slot_files import fill

        node = self._places.partition(PARTITIONS[slot])
        root = self._places.root / WORK / "root"
        root.mkdir(parents=True, exist_ok=True)
        mounted = self._execute(("mount", "-t", "squashfs", "-o", "ro", str(node), str(root)), b"")
        if mounted.status:
            raise OnboardError(f"the new system cannot be mounted: {mounted.output}")
        try:
            with writable(self._places, self._execute) as boot:
                fill(root, boot, slot, expects_data=self._places.data.is_mount())
        finally:
            self._execute(("umount", str(root)), b"")


def _last_line(text: str) -> str:
    return next((line for line in reversed(text.splitlines()) if line.strip()), "RAUC says nothing")


def _tail_of(path: Path) -> str:
    import hashlib

    with path.open("rb") as bundle:
        size = bundle.seek(0, 2)
        bundle.seek(max(0, size - TAIL_BYTES))
        return hashlib.sha256(bundle.read()).hexdigest()


def main(arguments: Sequence[str]) -> int:
    """`kith-update`, once at each start; it returns soon where there is no update."""
    places = Places()
    tell = teller("kith-update", places)
    notices = Notices(places=places)
    updater = Updater(places, run, tell, Slots(places, run, teller("kith-slot", places)), notices)
    try:
        updater.look()
    except (OnboardError, OSError) as problem:
        tell(f"failed: {problem}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
