"""A made-up device for the tests of the image's own programs: folders, and commands that do what they say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from image.onboard.device import Places, Result

IDENTITY = 0x4B495448

Answer = Callable[[Sequence[str], bytes], Result | None]


@dataclass
class Commands:
    """Notes what is run. An answer that gives None leaves it to the next; without one a command does well."""

    answers: list[Answer] = field(default_factory=list)
    ran: list[tuple[str, ...]] = field(default_factory=list)

    def __call__(self, words: Sequence[str], given: bytes) -> Result:
        self.ran.append(tuple(words))
        for answer in self.answers:
            found = answer(words, given)
            if found is not None:
                return found
        return Result(status=0, output="")

    def of(self, *begin: str) -> list[tuple[str, ...]]:
        return [words for words in self.ran if words[: len(begin)] == begin]

    def fail(self, *begin: str, status: int = 1, output: str = "it does not work") -> None:
        def answer(words: Sequence[str], given: bytes) -> Result | None:
            return Result(status=status, output=output) if tuple(words[: len(begin)]) == begin else None

        self.answers.insert(0, answer)


def a_device(root: Path, *, slot: str = "a", partitions: int = 4) -> Places:
    """A card in mmcblk0 with its boot partition mounted, started from a slot."""
    number = {"a": 2, "b": 3}[slot]
    for folder in ("proc", "dev/mapper", "sys/class/block", "boot/firmware", "data", "run/kith/notices"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    line = f"panic=10 kith.root=PARTUUID={IDENTITY:08x}-{number:02x} rauc.slot={slot.upper()}\n"
    (root / "proc/cmdline").write_text(line)
    a_disk(root, "mmcblk0", IDENTITY, [f"mmcblk0p{each}" for each in range(1, partitions + 1)])
    return Places(root=root)


def a_disk(root: Path, name: str, identity: int, parts: Sequence[str], *, sectors: int = 65536) -> None:
    folder = root / "sys/devices/host" / name
    listed = root / "sys/class/block"
    if folder.exists():
        return
    folder.mkdir(parents=True)
    (folder / "size").write_text(f"{sectors}\n")
    (listed / name).symlink_to(folder)
    (root / "dev" / name).write_bytes(bytes(440) + identity.to_bytes(4, "little") + bytes(68))
    length = 8192
    for number, part in enumerate(parts, start=1):
        (folder / part).mkdir()
        (folder / part / "partition").write_text(f"{number}\n")
        (folder / part / "start").write_text(f"{length * number}\n")
        (folder / part / "size").write_text(f"{length}\n")
        (listed / part).symlink_to(folder / part)


def a_boot_partition(boot: Path, *, good: str = "ab") -> None:
    config = b"# Kith\r\n[all]\r\narm_64bit=1\r\nos_prefix=a/\r\n"
    (boot / "config.txt").write_bytes(config)
    (boot / "tryboot.txt").write_bytes(config)
    (boot / "trial.txt").write_bytes(b"trial=-\n")
    for slot in good:
        (boot / slot).mkdir(exist_ok=True)
        (boot / slot / "cmdline.txt").write_text("x\n")
