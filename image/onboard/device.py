"""Where things are on the device, what is said on its console, and commands that are run.

Every path hangs below a root folder, `/` on the device, so that the tests can make one up.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

MBR_IDENTITY_AT = 440
"""In the first sector of a disk, in bytes: four bytes, least first, with which its PARTUUIDs begin."""


class OnboardError(Exception):
    """Something on the device is not as it must be; the message says what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a command gave: its exit status, and what it wrote to standard output and error together."""

    status: int
    output: str


Run = Callable[[Sequence[str], bytes], Result]
"""Runs a command (words, standard input) to its end."""


def run(words: Sequence[str], given: bytes = b"") -> Result:
    """Runs a command to its end. A command that is not there has status 127, as in a shell."""
    try:
        done = subprocess.run(
            words, input=given, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
    except FileNotFoundError:
        return Result(status=127, output=f"{words[0]}: not found")
    return Result(status=done.returncode, output=done.stdout.decode("utf-8", "replace").strip())


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """The folders of the device, each below `root`."""

    root: Path = Path("/")

    @property
    def boot(self) -> Path:
        """The boot partition, FAT; read-only but for the moments of a change."""
        return self.root / "boot/firmware"

    @property
    def data(self) -> Path:
        """The encrypted data partition, once it is mounted."""
        return self.root / "data"

    def text(self, path: str) -> str:
        """The content of a small file, without blanks at its ends; empty where it cannot be read."""
        try:
            return (self.root / path).read_text(encoding="utf-8", errors="replace").strip(" \t\n\0")
        except OSError:
            return ""

    def argument(self, name: str) -> str:
        """The last `name=value` of the kernel's command line; empty where there is none."""
        found = ""
        for word in self.text("proc/cmdline").split():
            key, equals, value = word.partition("=")
            if key == name and equals:
                found = value
        return found

    def partition(self, number: int) -> Path | None:
        """The device node of a partition of the disk that the root is on; None where there is none.

        By the disk's identity in its MBR: udev need not have run, and a disk's name is another one at the
        next start.
        """
        identity = self.argument("kith.root").removeprefix("PARTUUID=").partition("-")[0]
        for found in sorted((self.root / "sys/class/block").glob("*/partition")):
            if self.text(str(found)) != str(number):
                continue
            folder = found.parent.resolve()
            if disk_identity(self.root / "dev" / folder.parent.name) == identity:
                return self.root / "dev" / folder.name
        return None


def disk_identity(node: Path) -> str:
    """The identity in a disk's MBR, eight hexadecimal digits; empty where it cannot be read."""
    try:
        with node.open("rb") as disk:
            disk.seek(MBR_IDENTITY_AT)
            found = disk.read(4)
    except OSError:
        return ""
    return found[::-1].hex() if len(found) == 4 else ""


def teller(program: str, places: Places) -> Callable[[str], None]:
    """Says a line to the journal and on the console, for a serial cable; `program: ` goes before it.

    Straight on the console: systemd's way there goes through the journal, which a restart may overtake.
    """

    def tell(text: str) -> None:
        line = f"{program}: {text}\n"
        os.write(1, line.encode())
        try:
            console = os.open(places.root / "dev/console", os.O_WRONLY | os.O_NOCTTY)
        except OSError:
            return
        try:
            os.write(console, line.encode())
        except OSError:
            return
        finally:
            os.close(console)

    return tell
