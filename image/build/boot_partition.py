"""The boot partition: what the Pi's firmware reads, and what a person may read and change there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from image import REPOSITORY, ImageError
from image.build.card import BOOT_BYTES, DISK_ID
from image.build.kernel import Kernel
from image.build.workshop import Source, Workshop

_PEOPLES_FILES = REPOSITORY / "image" / "onboard" / "boot-partition"
_OVERLAYS_README = "The firmware uses the overlays of this folder because this file is here.\n"
_CONFIG = """# {what}
# One letter below chooses the slot; an update changes it. Nothing else here needs changing.
os_prefix={slot}/
arm_64bit=1
kernel=vmlinuz
initramfs initrd.img followkernel
cmdline=cmdline.txt
{flavour}# The serial cable: 115200 baud, on pins 8 and 10.
enable_uart=1
disable_splash=1
"""
_FLAVOURS: Mapping[str, str] = {
    "debian": "# Device trees are named as the kernel itself names them.\nupstream_kernel=1\n",
    "rpios": "dtparam=i2c_arm=on\ndtparam=audio=on\ncamera_auto_detect=1\n",
}
_CONSOLES: Mapping[str, tuple[str, ...]] = {
    # Debian's device trees say themselves where the serial cable is.
    "debian": (),
    # The firmware puts the board's own name of its serial port here.
    "rpios": ("console=tty1", "console=serial0,115200"),
}
_WHAT = {
    "config.txt": "What the Pi starts.",
    "tryboot.txt": "What the Pi starts once, when an update is being tried.",
}


def config_text(name: str, flavour: str, slot: str = "a") -> str:
    """`config.txt` or `tryboot.txt` of the Pi's firmware; the slot is a folder of the boot partition."""
    return _CONFIG.format(what=_WHAT[name], flavour=_FLAVOURS[flavour], slot=slot)


def command_line(slot: str, flavour: str) -> str:
    """The kernel's command line of slot "A" or "B", one line."""
    part = {"A": 2, "B": 3}[slot]
    words = (
        *_CONSOLES[flavour],
        f"kith.root=PARTUUID={DISK_ID:08x}-{part:02x}",
        f"rauc.slot={slot}",
        "ro",
        # A kernel that fails restarts, and a slot that is only tried is then given up.
        "panic=10",
        # /var is empty at each start: what is to stay lies on the data partition.
        "systemd.volatile=state",
        "systemd.gpt_auto=no",
        "quiet",
        "loglevel=4",
        "systemd.show_status=no",
    )
    return " ".join(words) + "\n"


def fill_slot(shop: Workshop, kernel: Kernel, initrd: bytes) -> None:
    """What a slot's folder of the boot partition holds, into the root tree: an update takes it from there."""
    boot = shop.boot
    boot.mkdir(parents=True)
    shutil.move(shop.root / f"boot/vmlinuz-{kernel.version}", boot / "vmlinuz")
    for name in (f"System.map-{kernel.version}", f"config-{kernel.version}"):
        (shop.root / "boot" / name).unlink(missing_ok=True)
    (boot / "initrd.img").write_bytes(initrd)
    trees = shop.root / f"usr/lib/linux-image-{kernel.version}"
    for file in sorted((trees / "broadcom").glob("bcm*-rpi-*.dtb")):
        shutil.copyfile(file, boot / file.name)
    if not any(boot.glob("*.dtb")):
        raise ImageError("the kernel brings no device trees of Raspberry Pis")
    (boot / "overlays").mkdir()
    for file in overlays(trees, shop.root):
        shutil.copyfile(file, boot / "overlays" / file.name)
    shutil.rmtree(trees)
    (boot / "overlays/README").write_text(_OVERLAYS_README, encoding="utf-8")
    (boot / "cmdline.txt").write_text(command_line("A", shop.flavour), encoding="utf-8")


def overlays(trees: Path, root: Path) -> list[Path]:
    """The overlays, and the lists of their names: Raspberry Pi's kernel brings them along with its device
    trees, for Debian's they lie with the firmware."""
    for folder in (trees / "overlays", root / "usr/lib/raspi-firmware/overlays"):
        if found := sorted(folder.glob("*.dtb*")):
            return found
    raise ImageError("neither the kernel nor the firmware brings overlays")


def take_firmware(shop: Workshop) -> Path:
    """The firmware's files out of the root tree, which needs them no more; gives back their folder."""
    folder = shop.work / "firmware"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.move(shop.root / "usr/lib/raspi-firmware", folder)
    shutil.rmtree(folder / "overlays", ignore_errors=True)
    # Debugging builds, twice the size.
    for name in ("start_db.elf", "start4db.elf", "fixup_db.dat", "fixup4db.dat"):
        (folder / name).unlink(missing_ok=True)
    return folder


def build_partition(shop: Workshop, firmware: Path, source: Source) -> Path:
    """The FAT file system as a file; the same content gives the same bytes."""
    tree = shop.work / "boot"
    shutil.rmtree(tree, ignore_errors=True)
    shutil.copytree(firmware, tree)
    shutil.copytree(shop.boot, tree / "a")
    (tree / "b").mkdir()
    for name in _WHAT:
        (tree / name).write_text(config_text(name, shop.flavour), encoding="utf-8")
    for file in sorted(_PEOPLES_FILES.glob("*")):
        shutil.copyfile(file, tree / file.name)
    for path in [tree, *tree.rglob("*")]:
        os.utime(path, (source.epoch_s, source.epoch_s))
    made = shop.work / "boot.fat"
    made.unlink(missing_ok=True)
    with made.open("wb") as empty:
        empty.truncate(BOOT_BYTES)
    env = {"SOURCE_DATE_EPOCH": str(source.epoch_s), "MTOOLS_SKIP_CHECK": "1"}
    identity = ["-n", "KITH", "-i", f"{DISK_ID:08x}"]
    shop.tools.run(["mkfs.vfat", "--invariant", "-F", "32", *identity, str(made)], env=env)
    for command in copying(tree, made):
        shop.tools.run(command, env=env)
    return made


def copying(tree: Path, made: Path) -> list[list[str]]:
    """The commands that copy a tree into a FAT file system, folder by folder and sorted: left to itself
    `mcopy -s` takes the order that this machine's own file system happens to have."""
    commands = []
    for folder in [tree, *sorted(path for path in tree.rglob("*") if path.is_dir())]:
        inside = "::" + "/".join(folder.relative_to(tree).parts)
        if folder != tree:
            commands.append(["mmd", "-i", str(made), inside])
        if files := sorted(str(path) for path in folder.iterdir() if path.is_file()):
            commands.append(["mcopy", "-i", str(made), "-m", "-Q", *files, inside])
    return commands
