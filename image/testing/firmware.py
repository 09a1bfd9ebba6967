"""What the firmware of a Pi does with the boot partition, so that QEMU starts what a Pi would start."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from image import ImageError

NEXT_TRIES = re.compile(r"kith-slot: next start tries (\w+)")
"""The line by which the device tells that it set the firmware's flag before it restarts."""
_DEFAULTS = {"os_prefix": "", "kernel": "kernel8.img", "cmdline": "cmdline.txt", "initramfs": ""}

ReadFile = Callable[[str], bytes | None]
"""The content of a file of the boot partition, None where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BootFiles:
    """What is started: names within the boot partition, and the text of the kernel's command line."""

    config: str
    prefix: str
    kernel: str
    initrd: str | None
    command_line: str


def settings_of(text: str, filters: frozenset[str]) -> dict[str, str]:
    """The settings of a config.txt that hold for a board; filters: the conditions that are true, "pi4"."""
    found, active = dict(_DEFAULTS), True
    for line in (each.strip() for each in text.splitlines()):
        if not line or line.startswith("#"):
            continue
        if line.startswith("["):
            active = line.strip("[]").lower() in filters | {"all"}
        elif active and line.startswith("initramfs "):
            found["initramfs"] = line.split()[1]
        elif active and "=" in line:
            key, value = line.split("=", 1)
            found[key.strip()] = value.strip()
    return found


def choose(read: ReadFile, *, tryboot: bool, filters: frozenset[str] = frozenset({"pi4"})) -> BootFiles:
    """What the firmware starts. tryboot: its one-time flag, for which `tryboot.txt` takes the place of
    config.txt. Raises ImageError where a Pi would start nothing."""
    config = "tryboot.txt" if tryboot else "config.txt"
    text = read(config)
    if text is None:
        raise ImageError(f"the boot partition has no {config}")
    found = settings_of(text.decode("utf-8", "replace"), filters | ({"tryboot"} if tryboot else frozenset()))
    prefix = found["os_prefix"]
    kernel, initrd = prefix + found["kernel"], prefix + found["initramfs"] if found["initramfs"] else None
    line = read(prefix + found["cmdline"])
    if read(kernel) is None or (initrd is not None and read(initrd) is None) or line is None:
        raise ImageError(f"{config} names files of '{prefix}' that are not there")
    return BootFiles(
        config=config,
        prefix=prefix,
        kernel=kernel,
        initrd=initrd,
        # The firmware takes the first line only.
        command_line=line.decode("utf-8", "replace").splitlines()[0].strip() if line.strip() else "",
    )


def with_console(command_line: str, console: str) -> str:
    """The command line with this console in the place of all that it names."""
    kept = [each for each in command_line.split() if not each.startswith("console=")]
    return " ".join([*kept, f"console={console}"])
