"""`kith-slot`: which of the two systems on the card starts. Also RAUC's bootloader backend.

Three bytes on the boot partition say all of it. Each is changed alone and in place, within one sector of a
file that stays where it is, so that a cut leaves it as it was or as it is meant to be:

- `config.txt`, `os_prefix=a/`: what the firmware starts;
- `tryboot.txt`, `os_prefix=a/`: what it starts once where its one-time flag is set; another letter than in
  config.txt means that a new system waits to be tried, or was and did not prove good;
- `trial.txt`, `trial=-`: only for a kernel that cannot set the firmware's flag, as Debian's. There config.txt
  is changed at once, this byte to `n`, and the initrd counts: at the first start it makes an `s` of the `n`,
  and where it finds an `s` it changes config.txt back and starts again (`initrd/init`). A kernel that does
  not even reach its initrd is not undone so: then the letter in config.txt is changed back on any computer.

A slot is good when its folder on the boot partition has its `cmdline.txt`, which is written there last.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from .boot_partition import put, writable
from .device import OnboardError, Places, Run, run, teller

CONFIG, TRYBOOT, TRIAL = "config.txt", "tryboot.txt", "trial.txt"
_PREFIX = re.compile(rb"^os_prefix=([ab])/\s*$", re.MULTILINE)
_TRIAL = re.compile(rb"^trial=([-ns])\s*$", re.MULTILINE)
_NO_TRIAL, _NEXT, _STARTED = "-", "n", "s"
TRIAL_TEXT = b"# Counts the starts of a system that is tried. Kith writes it.\ntrial=-\n"
LAST_FILE = "cmdline.txt"
EXPECTS_DATA = "expects-data"
"""A file in the slot's folder: the data partition was mounted when it was written, and must be again."""
PARTITIONS = {"a": 2, "b": 3}
"""The partition of each slot's root."""
FIRMWARE_FLAG = "dev/vcio"
"""There where the kernel is Raspberry Pi's, which passes `reboot "0 tryboot"` on to the firmware."""

WriteByte = Callable[[Path, int, bytes], None]
"""Changes one byte of a file in place and returns when it is on the card: path, offset, byte."""


def write_byte(path: Path, offset: int, byte: bytes) -> None:
    """The one way in which anything changes that decides what starts."""
    handle = os.open(path, os.O_WRONLY)
    try:
        os.pwrite(handle, byte, offset)
        os.fsync(handle)
    finally:
        os.close(handle)


def other(slot: str) -> str:
    """The other one of a and b."""
    return "b" if slot == "a" else "a"


class Slots:
    """The two systems on the card. Slots are "a" and "b"; RAUC and the command line call them A and B."""

    def __init__(
        self,
        places: Places,
        execute: Run,
        tell: Callable[[str], None],
        change: WriteByte = write_byte,
    ) -> None:
        self._places = places
        self._execute = execute
        self._tell = tell
        self._change = change

    @property
    def booted(self) -> str:
        """The one that runs. Raises OnboardError where the command line does not say."""
        slot = self._places.argument("rauc.slot").lower()
        if slot not in PARTITIONS:
            raise OnboardError("the kernel's command line does not say which slot it is")
        return slot

    @property
    def primary(self) -> str:
        """The one that starts without the firmware's flag."""
        return self._read(CONFIG, _PREFIX)[0]

    @property
    def tried(self) -> str:
        """The one that starts, or started, to be tried; the primary where none is."""
        return self._read(TRYBOOT, _PREFIX)[0]

    @property
    def counting(self) -> bool:
        """Whether the initrd counts the starts of the one that runs."""
        return self._trial() != _NO_TRIAL and self.primary == self.tried

    @property
    def on_trial(self) -> bool:
        """Whether the one that runs has yet to prove good."""
        return self.booted != self.primary or self.counting

    @property
    def failed(self) -> bool:
        """Whether another was to be tried, and this one runs instead."""
        return self.booted == self.primary != self.tried

    def good(self, slot: str) -> bool:
        """Whether all that the firmware needs of it is there."""
        return (self._places.boot / slot / LAST_FILE).is_file()

    def must_be_good(self, slot: str) -> None:
        """Raises OnboardError where it is not."""
        if not self.good(slot):
            raise OnboardError(f"slot {slot} is not complete")

    def spoil(self, slot: str) -> None:
        """It is about to be written to. Raises OnboardError where the device would need it."""
        if slot in (self.booted, self.primary):
            raise OnboardError(f"slot {slot} is in use")
        with writable(self._places, self._execute) as folder:
            if self.tried == slot:
                self._set(TRYBOOT, _PREFIX, self.primary)
            (folder / slot / LAST_FILE).unlink(missing_ok=True)

    def prepare(self, slot: str) -> None:
        """It is tried when the device is next started by `start_trial`. Raises OnboardError where it is not
        good, or the one that runs has yet to prove good itself."""
        self.must_be_good(slot)
        if self.on_trial:
            raise OnboardError("the system that runs is on trial itself")
        with writable(self._places, self._execute) as folder:
            self._forget_trial(folder)
            self._set(TRYBOOT, _PREFIX, slot)

    def start_trial(self) -> None:
        """Starts the one that was prepared, once. Raises OnboardError where none was."""
        slot = self.tried
        if self.on_trial or slot == self.primary:
            raise OnboardError("no slot is prepared to be tried")
        if (self._places.root / FIRMWARE_FLAG).exists():
            self._tell(f"next start tries {slot}")
            self._execute(("systemctl", "reboot", "--reboot-argument=0 tryboot"), b"")
            return
        with writable(self._places, self._execute):
            self._set(TRIAL, _TRIAL, _NEXT)
            self._set(CONFIG, _PREFIX, slot)
        self._tell(f"next start is {slot}, and goes back by itself unless it proves good")
        self._execute(("systemctl", "reboot"), b"")

    def commit(self) -> None:
        """The one that runs has proved good: it is what starts from now on."""
        with writable(self._places, self._execute) as folder:
            if self.counting:
                self._forget_trial(folder)
            self._set(CONFIG, _PREFIX, self.booted)
            self._set(TRYBOOT, _PREFIX, self.booted)

    def back(self) -> None:
        """Gives the one that runs up and starts the other."""
        if not self.on_trial:
            raise OnboardError("the system that runs is not on trial")
        if self.counting:
            with writable(self._places, self._execute):
                self._set(CONFIG, _PREFIX, other(self.booted))
        self._tell(f"goes back to {other(self.booted)}")
        self._execute(("systemctl", "reboot"), b"")

    def forget(self) -> None:
        """A failed trial is told and over."""
        with writable(self._places, self._execute) as folder:
            # In this order: were both letters the same first, the initrd would count the starts of this one.
            self._forget_trial(folder)
            self._set(TRYBOOT, _PREFIX, self.primary)

    def _forget_trial(self, folder: Path) -> None:
        if not (folder / TRIAL).is_file():
            put(folder / TRIAL, TRIAL_TEXT)
        self._set(TRIAL, _TRIAL, _NO_TRIAL)

    def _trial(self) -> str:
        return self._read(TRIAL, _TRIAL)[0] if (self._places.boot / TRIAL).is_file() else _NO_TRIAL

    def _read(self, name: str, pattern: re.Pattern[bytes]) -> tuple[str, int]:
        try:
            content = (self._places.boot / name).read_bytes()
        except OSError as problem:
            raise OnboardError(f"{name} cannot be read: {problem.strerror}") from problem
        found = list(pattern.finditer(content))
        if len(found) != 1:
            raise OnboardError(f"{name} has {len(found)} lines that say which slot starts; it must have one")
        return found[0].group(1).decode(), found[0].start(1)

    def _set(self, name: str, pattern: re.Pattern[bytes], letter: str) -> None:
        found, offset = self._read(name, pattern)
        if found != letter:
            self._change(self._places.boot / name, offset, letter.encode())


def backend(slots: Slots, arguments: Sequence[str]) -> str:
    """What RAUC asks, and the answer for it. Raises OnboardError for what cannot be."""
    command, slot, state = [*(word.lower() for word in arguments), "", "", ""][:3]
    if command == "get-current":
        return slots.booted.upper()
    if command == "get-primary":
        return slots.tried.upper()
    if slot not in PARTITIONS:
        raise OnboardError(f"{command} {slot} is not known")
    if command == "get-state":
        return "good" if slots.good(slot) else "bad"
    changes = {
        ("set-primary", ""): slots.prepare,
        ("set-state", "bad"): slots.spoil,
        ("set-state", "good"): slots.must_be_good,
    }
    if (command, state) not in changes:
        raise OnboardError(f"{command} {state} is not known")
    changes[command, state](slot)
    return ""


def main(arguments: Sequence[str]) -> int:
    """For maintainers `kith-slot show|try|commit|back`; the rest is RAUC's."""
    places = Places()
    tell = teller("kith-slot", places)
    slots = Slots(places, run, tell)
    own = {"try": slots.start_trial, "commit": slots.commit, "back": slots.back}
    if not arguments:
        print("kith-slot show | try | commit | back", file=sys.stderr)
        return 64
    try:
        if arguments[0] in own:
            own[arguments[0]]()
        elif arguments[0] == "show":
            trial = ", on trial" if slots.on_trial else ""
            print(f"runs {slots.booted}{trial}, starts {slots.primary}, tries {slots.tried}")
        elif answer := backend(slots, arguments):
            print(answer)
    except (OnboardError, OSError) as problem:
        tell(str(problem))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
