"""The parts of the card image that are made by rule: its table, its boot files, its initrd's archive."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from image import ImageError
from image.build import cpio
from image.build.boot_partition import command_line, config_text, copying, overlays
from image.build.card import DATA_BYTES, DISK_ID, MIB, layout, table_script
from image.build.initrd import wanted_modules
from image.build.kernel import add_wishes, choose, module_key, module_name, read_needs


def test_the_partitions_follow_one_another_without_gap_or_overlap() -> None:
    parts = layout()
    assert [part.name for part in parts] == ["boot", "root A", "root B", "data"]
    assert all(part.start % (4 * MIB) == 0 for part in parts)
    assert [part.start for part in parts[1:]] == [part.start + part.size for part in parts[:-1]]
    assert parts[1].size == parts[2].size


def test_the_data_partition_of_the_image_is_long_enough_to_hide_old_data() -> None:
    # A LUKS header and its copy lie in the first 16 MiB.
    assert layout()[-1].size == DATA_BYTES >= 16 * MIB


def test_the_table_holds_the_identity_that_the_command_line_asks_for() -> None:
    assert f"label-id: 0x{DISK_ID:08x}" in table_script(layout())
    assert DISK_ID.to_bytes(4, "big") == b"KITH"
    assert "kith.root=PARTUUID=4b495448-02" in command_line("A", "debian").split()
    assert "kith.root=PARTUUID=4b495448-03" in command_line("B", "debian").split()


def test_the_table_counts_in_sectors_from_four_mebibytes_on() -> None:
    assert table_script(layout()).splitlines()[5] == "1 : start=8192, size=1048576, type=c"


@pytest.mark.parametrize("flavour", ["debian", "rpios"])
def test_each_slot_has_one_line_that_names_it_and_restarts_after_a_panic(flavour: str) -> None:
    for slot in ("A", "B"):
        line = command_line(slot, flavour)
        assert line.count("\n") == 1
        assert line.endswith("\n")
        words = line.split()
        assert f"rauc.slot={slot}" in words
        assert "panic=10" in words
        assert "systemd.volatile=state" in words


@pytest.mark.parametrize("flavour", ["debian", "rpios"])
def test_both_configurations_start_slot_a_and_differ_in_a_remark_only(flavour: str) -> None:
    texts = [config_text(name, flavour).splitlines() for name in ("config.txt", "tryboot.txt")]
    for lines in texts:
        assert [line for line in lines if line.startswith("os_prefix=")] == ["os_prefix=a/"]
        assert "kernel=vmlinuz" in lines
        assert "initramfs initrd.img followkernel" in lines
    settings = [[line for line in lines if not line.startswith("#")] for lines in texts]
    assert settings[0] == settings[1]


def test_an_archive_holds_each_file_once_sorted_with_plain_rights(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/busybox").write_bytes(b"program")
    (tmp_path / "bin/busybox").chmod(0o711)
    (tmp_path / "bin/sh").symlink_to("busybox")
    (tmp_path / "init").write_bytes(b"#!/bin/sh\n")
    found = _unpacked(cpio.pack(tmp_path))
    assert [name for name, _, _ in found] == ["bin", "bin/busybox", "bin/sh", "init"]
    rights = {name: mode for name, mode, _ in found}
    assert rights["bin/busybox"] == stat.S_IFREG | 0o755
    assert rights["init"] == stat.S_IFREG | 0o644
    assert stat.S_ISLNK(rights["bin/sh"])
    assert {name: content for name, _, content in found}["bin/sh"] == b"busybox"


def test_an_archive_of_the_same_files_is_the_same_bytes_whenever_they_were_written(tmp_path: Path) -> None:
    packed = []
    for name, time_s in (("one", 1_000_000_000), ("other", 1_700_000_000)):
        folder = tmp_path / name
        (folder / "etc").mkdir(parents=True)
        (folder / "etc/file").write_bytes(b"same")
        os.utime(folder / "etc/file", (time_s, time_s))
        packed.append(cpio.pack(folder))
    assert packed[0] == packed[1]
    assert len(packed[0]) % 512 == 0


def test_modules_bring_all_that_they_need_and_patterns_for_nothing_are_told() -> None:
    needs = read_needs(
        "kernel/fs/fat/vfat.ko.xz: kernel/fs/fat/fat.ko.xz\n"
        "kernel/fs/fat/fat.ko.xz:\n"
        "kernel/drivers/usb/storage/uas.ko.xz: kernel/drivers/usb/storage/usb-storage.ko.xz\n"
        "kernel/drivers/usb/storage/usb-storage.ko.xz:\n"
    )
    chosen, idle = choose(needs, ["fs/fat/vfat", "drivers/mmc/host/none"])
    assert chosen == {"kernel/fs/fat/vfat.ko.xz", "kernel/fs/fat/fat.ko.xz"}
    assert idle == ["drivers/mmc/host/none"]


def test_what_a_module_asks_for_by_name_comes_along_with_its_own_needs() -> None:
    needs = {
        "kernel/fs/ext4/ext4.ko.xz": ["kernel/fs/jbd2/jbd2.ko.xz"],
        "kernel/fs/jbd2/jbd2.ko.xz": [],
        "kernel/crypto/crc32c_generic.ko.xz": ["kernel/lib/libcrc.ko.xz"],
        "kernel/lib/libcrc.ko.xz": [],
    }
    softdep = "# remark\nsoftdep ext4 pre: crypto-crc32c post: not-in-this-kernel\n"
    found = add_wishes(needs, softdep, "# remark\nalias crypto-crc32c crc32c_generic\n")
    assert set(found["kernel/fs/ext4/ext4.ko.xz"]) == set(needs) - {"kernel/fs/ext4/ext4.ko.xz"}
    assert found["kernel/fs/jbd2/jbd2.ko.xz"] == []


def test_a_module_has_one_name_however_its_file_is_packed() -> None:
    assert module_key("kernel/drivers/usb/storage/usb-storage.ko.xz") == "drivers/usb/storage/usb-storage"
    assert module_name("kernel/drivers/usb/storage/usb-storage.ko") == "usb_storage"


def test_the_initrds_list_is_names_with_remarks() -> None:
    assert wanted_modules("# remark\nsquashfs   the root\n\nusb-storage later   a stick\n") == [
        "squashfs",
        "usb_storage",
    ]


def _unpacked(archive: bytes) -> list[tuple[str, int, bytes]]:
    """Name, mode and content of each file, read by the format's own rules."""
    found: list[tuple[str, int, bytes]] = []
    at = 0
    while True:
        magic, fields = archive[at : at + 6], archive[at + 6 : at + 110]
        assert magic == b"070701"
        numbers = [int(fields[8 * place : 8 * place + 8], 16) for place in range(13)]
        mode, size, name_size = numbers[1], numbers[6], numbers[11]
        assert numbers[5] == 0, "no time"
        name = archive[at + 110 : at + 110 + name_size - 1].decode()
        body = at + (110 + name_size + 3) // 4 * 4
        if name == "TRAILER!!!":
            return found
        found.append((name, mode, archive[body : body + size]))
        at = body + (size + 3) // 4 * 4


def test_the_boot_partition_is_filled_sorted_and_each_folder_before_its_files(tmp_path: Path) -> None:
    for name in ("z.txt", "a/2.dtb", "a/overlays/y.dtbo", "a/1.dtb", "a/overlays/x.dtbo", "c.txt", "b/"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir() if name.endswith("/") else path.touch()
    said = [" ".join(command[:1] + command[3:]) for command in copying(tmp_path, Path("card"))]
    here = str(tmp_path)
    assert said == [
        f"mcopy -m -Q {here}/c.txt {here}/z.txt ::",
        "mmd ::a",
        f"mcopy -m -Q {here}/a/1.dtb {here}/a/2.dtb ::a",
        "mmd ::a/overlays",
        f"mcopy -m -Q {here}/a/overlays/x.dtbo {here}/a/overlays/y.dtbo ::a/overlays",
        "mmd ::b",
    ]


def test_the_kernels_own_overlays_go_before_those_of_the_firmware(tmp_path: Path) -> None:
    trees, root = tmp_path / "trees", tmp_path / "root"
    of_firmware = root / "usr/lib/raspi-firmware/overlays"
    with pytest.raises(ImageError, match="overlays"):
        overlays(trees, root)
    of_firmware.mkdir(parents=True)
    (of_firmware / "disable-bt.dtbo").touch()
    (of_firmware / "README").touch()
    assert overlays(trees, root) == [of_firmware / "disable-bt.dtbo"]
    (trees / "overlays").mkdir(parents=True)
    for name in ("overlay_map.dtb", "imx219.dtbo"):
        (trees / "overlays" / name).touch()
    assert [path.name for path in overlays(trees, root)] == ["imx219.dtbo", "overlay_map.dtb"]
