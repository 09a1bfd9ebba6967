"""`kith-data`: makes, checks and mounts the encrypted data partition.

It is made at the first start, in an order that any cut leaves whole: the key first, marked as not complete;
then the partition, whose LUKS label says "kith-new" until its file system is finished. While neither that
label nor the key says finished the next start begins anew; from then on nothing here ever formats it again.
Where it cannot be had the device goes on without: /var/lib/kith is then in memory, and Kith says so.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from .boot_partition import put, writable
from .data_key import FILE_NAME, DataKey, completed, new_key, read_key
from .device import OnboardError, Places, Run, run, teller
from .luks_header import BEGUN, FINISHED, content_of

DATA_PARTITION = 4
MAPPER = "kith-data"
LONGEST_REASON = 200
"""So many characters of what a command says are told."""
LEAST_GROWTH_SECTORS = 2048
"""A gap of 1 MiB at the card's end is what alignment leaves."""
CIPHER = ("--cipher", "xchacha12,aes-adiantum-plain64", "--key-size", "256", "--sector-size", "4096")
"""Made for processors without AES instructions, as a Pi 4's; 4096: fewer, larger pieces are faster."""
KDF = ("--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000")
"""The least that cryptsetup allows. Stretching slows down guessing; 64 random bytes are not guessed, and
argon2 would take a gigabyte and seconds at every start."""
MKFS = ("-q", "-F", "-L", "kith-data", "-E", "nodiscard", "-m", "1", "-J", "size=16")
"""A journal of 16 MiB is plenty for some writes a second, and quickly made through the cipher."""
MOUNT_OPTIONS = "noatime,nodev,nosuid,noexec,errors=remount-ro"
FOLDERS: Sequence[tuple[str, str, str, int]] = (
    ("kith", "kith", "kith", 0o700),
    ("journal", "root", "systemd-journal", 0o2755),
    ("ssh", "root", "root", 0o700),
    ("device", "root", "root", 0o755),
)
"""Folders of the data partition: name, owner, group, mode."""
BINDS = (("kith", "var/lib/kith"), ("journal", "var/log/journal"))
"""Where programs look for them."""
CLOCK_FILE = "device/clock"
"""Its time of change is the last time that was known: most Pis have no clock. kith-clock.timer keeps it."""
_FSCK_REPAIRED, _FSCK_FAILED = 1, 4

Owner = Callable[[Path, str, str], None]
"""Gives a folder to a user and a group: path, user, group."""


def _set_clock(now_s: float) -> None:
    time.clock_settime(time.CLOCK_REALTIME, now_s)


def _give(path: Path, user: str, group: str) -> None:
    import grp
    import pwd

    os.chown(path, pwd.getpwnam(user).pw_uid, grp.getgrnam(group).gr_gid)


class DataPartition:
    """The data partition of the card that the device was started from."""

    def __init__(
        self,
        places: Places,
        execute: Run,
        tell: Callable[[str], None],
        give: Owner = _give,
        set_clock: Callable[[float], None] = _set_clock,
    ) -> None:
        self._places = places
        self._execute = execute
        self._tell = tell
        self._give = give
        self._set_clock = set_clock
        self._mapped = str(places.root / "dev/mapper" / MAPPER)

    def start(self) -> None:
        """Makes it where it never was finished, checks and mounts it. Where that cannot be: raises
        OnboardError, and leaves it as it is."""
        begun_s = time.monotonic()
        node = self._node()
        key = read_key(self._places)
        made = self._to_be_made(node, key)
        if made:
            key = self._make(node)
        elif key is None:
            raise OnboardError(f"there is no {FILE_NAME} that opens it")
        else:
            self._open(node, key)
            self._check()
        self._mount()
        self._clock_forward()
        if made:
            self._finish(node, key)
        elif not key.complete:
            self._keep(completed(key))
        self._tell(f"{'made and ' if made else ''}mounted in {time.monotonic() - begun_s:.1f} s")

    def give_up(self) -> None:
        """Lets go of what was opened, so that another attempt finds the card as it is."""
        self._execute(("umount", str(self._places.data)), b"")
        self._execute(("cryptsetup", "close", MAPPER), b"")

    def erase(self) -> None:
        """Everything on it is lost for good, and a new one is made at the next start."""
        node = self._node()
        # Its only key first: without it what is left is noise, whatever happens next.
        self._do("cryptsetup", "erase", "--batch-mode", str(node))
        self._do("cryptsetup", "config", "--label", BEGUN, str(node))
        self._keep(new_key(self._places))
        self._tell("erased; a new one is made at the next start")

    def _do(self, *words: str, given: bytes = b"", fine: int = 0) -> int:
        found = self._execute(words, given)
        if found.status > fine:
            said = " ".join(found.output.split())[:LONGEST_REASON] or f"status {found.status}"
            raise OnboardError(f"{words[0]} {words[1]}: {said}")
        return found.status

    def _node(self) -> Path:
        node = self._places.partition(DATA_PARTITION)
        if node is None:
            raise OnboardError("there is no data partition on the card")
        return node

    def _to_be_made(self, node: Path, key: DataKey | None) -> bool:
        try:
            content = content_of(node)
        except OSError as problem:
            raise OnboardError(f"the card cannot be read: {problem.strerror}") from problem
        if content == "finished":
            return False
        if key is None:
            if content == "other":
                raise OnboardError(
                    "the data partition holds something that is not Kith's; it is left as it is"
                )
            return True
        if key.complete:
            raise OnboardError("the data partition was in use and is damaged; it is left as it is")
        return True

    def _make(self, node: Path) -> DataKey:
        self._tell("makes the data partition")
        self._grow(node)
        key = new_key(self._places)
        self._keep(key)
        secret = key.passphrase(self._places)
        words = ("cryptsetup", "luksFormat", "--batch-mode", "--type", "luks2", *CIPHER, *KDF)
        self._do(*words, "--label", BEGUN, "--key-file", "-", str(node), given=secret)
        self._open(node, key)
        self._do("mkfs.ext4", *MKFS, self._mapped)
        return key

    def _grow(self, node: Path) -> None:
        """To the end of the card. One sector of the MBR changes; the disk's identity stays."""
        folder = (self._places.root / "sys/class/block" / node.name).resolve()
        disk = folder.parent
        size, start, length = (
            int(self._places.text(str(path)) or 0)
            for path in (disk / "size", folder / "start", folder / "size")
        )
        if size - (start + length) < LEAST_GROWTH_SECTORS:
            return
        disk_node, number = str(node.with_name(disk.name)), str(DATA_PARTITION)
        self._do("sfdisk", "--no-reread", "--no-tell-kernel", "-q", "-N", number, disk_node, given=b", +\n")
        self._do("partx", "--update", "--nr", number, disk_node)

    def _open(self, node: Path, key: DataKey) -> None:
        self._execute(("modprobe", "-qa", "dm_mod", "dm_crypt"), b"")
        words = ("cryptsetup", "open", "--type", "luks2", "--key-file", "-", str(node), MAPPER)
        self._do(*words, given=key.passphrase(self._places))

    def _check(self) -> None:
        found = self._execute(("e2fsck", "-p", self._mapped), b"")
        if found.status >= _FSCK_FAILED:
            raise OnboardError("its file system cannot be repaired by itself; it is left as it is")
        if found.status & _FSCK_REPAIRED:
            self._tell("its file system was repaired")

    def _mount(self) -> None:
        data = self._places.data
        self._do("mount", "-t", "ext4", "-o", MOUNT_OPTIONS, self._mapped, str(data))
        for name, user, group, mode in FOLDERS:
            folder = data / name
            if not folder.is_dir():
                folder.mkdir()
                self._give(folder, user, group)
                folder.chmod(mode)
        for name, place in BINDS:
            (self._places.root / place).mkdir(parents=True, exist_ok=True)
            self._do("mount", "--bind", str(data / name), str(self._places.root / place))

    def _clock_forward(self) -> None:
        """Time never runs backwards from one start to the next, though it stands still while the device is
        off: Kith and the journal compare times across starts."""
        try:
            known_s = (self._places.data / CLOCK_FILE).stat().st_mtime
            if known_s > time.time():
                self._set_clock(known_s)
        except FileNotFoundError:
            return
        except OSError as problem:
            self._tell(f"the clock cannot be set: {problem.strerror}")

    def _finish(self, node: Path, key: DataKey) -> None:
        """From here on it is never made again: all of it is on the card before either mark is."""
        self._do("sync", "-f", str(self._places.data))
        self._do("cryptsetup", "config", "--label", FINISHED, str(node))
        self._do("sync", str(node))
        self._keep(completed(key))

    def _keep(self, key: DataKey) -> None:
        with writable(self._places, self._execute) as folder:
            put(folder / FILE_NAME, key.text().encode())


def _confirmed() -> bool:
    print(
        "All people, names and recordings on this device will be lost for good. Type yes to erase them: ",
        end="",
    )
    sys.stdout.flush()
    return sys.stdin.readline().strip() == "yes"


def _start(partition: DataPartition) -> None:
    try:
        partition.start()
    except (OnboardError, OSError):
        partition.give_up()
        raise


def main(arguments: Sequence[str]) -> int:
    """`kith-data start` at each start; `kith-data erase` before the device is handed on."""
    places = Places()
    tell = teller("kith-data", places)
    partition = DataPartition(places, run, tell)
    try:
        if list(arguments) == ["start"]:
            _start(partition)
        elif list(arguments) == ["erase"]:
            if not _confirmed():
                return 1
            partition.erase()
        else:
            print("kith-data start | erase", file=sys.stderr)
            return 64
    except (OnboardError, OSError) as problem:
        tell(f"{problem}" if isinstance(problem, OnboardError) else f"failed: {problem.strerror}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
