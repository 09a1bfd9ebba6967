"""The initrd's program: its functions on made-up trees, by the busybox that runs them on the device."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

INITRD = Path(__file__).parents[2] / "image/initrd"
BUSYBOX = shutil.which("busybox")
pytestmark = pytest.mark.skipif(BUSYBOX is None, reason="no busybox here")


def asked(tmp_path: Path, what: str, given: str = "") -> subprocess.CompletedProcess[str]:
    assert BUSYBOX is not None
    commands = tmp_path / "bin"
    if not commands.exists():
        commands.mkdir()
        subprocess.run([BUSYBOX, "--install", "-s", str(commands)], check=True)
    places = {
        "KITH_TEST_SYS": str(tmp_path / "sys"),
        "KITH_TEST_DEV": str(tmp_path / "dev"),
        "KITH_TEST_RUN": str(tmp_path / "run"),
        "KITH_TEST_NEWROOT": str(tmp_path / "root"),
        "KITH_TEST_BOOTROOT": str(tmp_path / "root/boot/firmware"),
        "PATH": str(commands),
    }
    for folder in ("dev", "run"):
        (tmp_path / folder).mkdir(exist_ok=True)
    return subprocess.run(
        [BUSYBOX, "sh", "-c", f". {INITRD}/init; {what}"],
        input=given,
        env=places,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def a_disk(tmp_path: Path, name: str, identity: int, *parts: str) -> None:
    """As the kernel shows one: the partitions are folders in the disk's, and linked from class/block."""
    folder = tmp_path / "sys/devices/host" / name
    listed = tmp_path / "sys/class/block"
    listed.mkdir(parents=True, exist_ok=True)
    folder.mkdir(parents=True)
    (listed / name).symlink_to(folder)
    for number, part in enumerate(parts, start=1):
        (folder / part).mkdir()
        (folder / part / "partition").write_text(f"{number}\n")
        (listed / part).symlink_to(folder / part)
    (tmp_path / "dev").mkdir(exist_ok=True)
    (tmp_path / "dev" / name).write_bytes(bytes(440) + identity.to_bytes(4, "little") + bytes(68))


def test_the_root_is_found_by_the_disks_identity_whatever_the_disks_are_called(tmp_path: Path) -> None:
    a_disk(tmp_path, "mmcblk0", 0x12345678, "mmcblk0p1", "mmcblk0p2")
    a_disk(tmp_path, "mmcblk1", 0x4B495448, "mmcblk1p1", "mmcblk1p2", "mmcblk1p3", "mmcblk1p4")
    a_disk(tmp_path, "loop0", 0)
    assert asked(tmp_path, "partition 4b495448-02").stdout == "mmcblk1p2\n"
    assert asked(tmp_path, "partition 4b495448-04").stdout == "mmcblk1p4\n"
    assert asked(tmp_path, "partition 12345678-02").stdout == "mmcblk0p2\n"
    missing = asked(tmp_path, "partition 4b495448-05")
    assert missing.returncode == 1
    assert missing.stdout == ""


def test_a_disk_with_a_digit_less_in_its_identity_is_still_itself(tmp_path: Path) -> None:
    a_disk(tmp_path, "sda", 0x00ABCDEF, "sda1")
    assert asked(tmp_path, "partition 00abcdef-01").stdout == "sda1\n"


def test_a_card_that_comes_late_is_waited_for_and_no_longer_than_told(tmp_path: Path) -> None:
    assert asked(tmp_path, "wait_for 4b495448-02 3 || echo none").stdout == "none\n"
    a_disk(tmp_path, "vda", 0x4B495448, "vda1", "vda2")
    hidden = tmp_path / "sys/class/later"
    (tmp_path / "sys/class/block").rename(hidden)
    come = f"(sleep 0.3; mv {hidden} {tmp_path}/sys/class/block) & wait_for 4b495448-02 50"
    assert asked(tmp_path, come).stdout == "vda2\n"


def test_the_last_of_two_arguments_counts(tmp_path: Path) -> None:
    line = "quiet kith.root=PARTUUID=1 akith.root=9 kith.root=PARTUUID=2 rauc.slot=A\n"
    assert asked(tmp_path, "argument kith.root", line).stdout == "PARTUUID=2\n"
    assert asked(tmp_path, "argument kith.none", line).stdout == "\n"


def test_the_list_of_modules_is_read_as_it_is_written(tmp_path: Path) -> None:
    written = (INITRD / "modules").read_text()
    now = asked(tmp_path, "modules now", written).stdout.split()
    later = asked(tmp_path, "modules later", written).stdout.split()
    assert {"squashfs", "vfat", "virtio_blk", "sdhci-iproc", "bcm2835"} <= set(now)
    assert {"usb-storage", "xhci-pci"} <= set(later)
    assert not set(now) & set(later)
    assert all(name.replace("-", "_").isidentifier() for name in now + later)


def test_a_board_keeps_its_machine_id_and_another_has_another(tmp_path: Path) -> None:
    serial = tmp_path / "sys/firmware/devicetree/base/serial-number"
    serial.parent.mkdir(parents=True)
    serial.write_bytes(b"10000000deadbeef\0")
    one = asked(tmp_path, "machine_id").stdout
    assert one == asked(tmp_path, "machine_id").stdout
    serial.write_bytes(b"10000000deadbee0\0")
    other = asked(tmp_path, "machine_id").stdout
    serial.unlink()
    (tmp_path / "dev/urandom").write_bytes(bytes(range(16)))
    random = asked(tmp_path, "machine_id").stdout
    assert random == "000102030405060708090a0b0c0d0e0f\n"
    for found in (one, other):
        assert len(found) == 33
        assert int(found, 16)
    assert one != other


def test_settings_are_copied_for_everybody_to_read(tmp_path: Path) -> None:
    boot = tmp_path / "root/boot/firmware"
    boot.mkdir(parents=True)
    boot.joinpath("kith.toml").write_text("[announce]\nvolume = 0.5\n")
    asked(tmp_path, "umask 077; take_settings")
    copied = tmp_path / "run/kith-settings/kith.toml"
    assert copied.read_text() == "[announce]\nvolume = 0.5\n"
    assert copied.stat().st_mode & 0o777 == 0o644
    assert copied.parent.stat().st_mode & 0o777 == 0o755
    assert [found.name for found in copied.parent.iterdir()] == ["kith.toml"]


def test_without_a_settings_file_there_is_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "root/boot/firmware").mkdir(parents=True)
    done = asked(tmp_path, "take_settings")
    assert done.returncode == 0
    assert list((tmp_path / "run/kith-settings").iterdir()) == []


def test_what_cannot_go_on_says_so_and_starts_again(tmp_path: Path) -> None:
    lines = tmp_path / "dev/console"
    lines.parent.mkdir(exist_ok=True)
    done = asked(tmp_path, 'sleep() { :; }; reboot() { echo "reboot $*"; }; give_up "there is no card"')
    assert done.stdout == "reboot -f\n"
    assert lines.read_text() == "kith-init: there is no card; starting again in 5 s\n"


def a_boot_partition(tmp_path: Path, config: str, tryboot: str, trial: str) -> Path:
    folder = tmp_path / "root/boot/firmware"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.txt").write_bytes(f"# Kith\r\n[all]\r\nos_prefix={config}/\r\narm_64bit=1\r\n".encode())
    (folder / "tryboot.txt").write_text(f"os_prefix={tryboot}/\n")
    (folder / "trial.txt").write_text(f"# remark\ntrial={trial}\n")
    return folder


@pytest.mark.parametrize(
    ("config", "tryboot", "trial", "runs", "wanted"),
    [
        ("b", "b", "n", "b", "trial.txt trial s"),
        ("b", "b", "s", "b", "config.txt os_prefix a"),
        ("a", "a", "s", "a", "config.txt os_prefix b"),
        ("b", "b", "-", "b", ""),
        # It was tried, and the other is back: nothing is counted for that one.
        ("a", "b", "s", "a", ""),
        ("a", "b", "n", "a", ""),
        # The firmware's flag was set.
        ("a", "b", "-", "b", ""),
        ("b", "b", "s", "a", ""),
    ],
)
def test_only_a_system_on_trial_is_counted(
    tmp_path: Path, config: str, tryboot: str, trial: str, runs: str, wanted: str
) -> None:
    folder = a_boot_partition(tmp_path, config, tryboot, trial)
    assert asked(tmp_path, f"count_start {runs} {folder}").stdout.strip() == wanted


def test_without_the_file_nothing_is_counted(tmp_path: Path) -> None:
    folder = a_boot_partition(tmp_path, "b", "b", "s")
    (folder / "trial.txt").unlink()
    assert asked(tmp_path, f"count_start b {folder}").stdout == ""


def test_one_letter_is_changed_and_nothing_else(tmp_path: Path) -> None:
    folder = a_boot_partition(tmp_path, "b", "b", "s")
    before = (folder / "config.txt").read_bytes()
    assert asked(tmp_path, f"change {folder}/config.txt os_prefix a").returncode == 0
    assert (folder / "config.txt").read_bytes() == before.replace(b"=b/", b"=a/")
    assert asked(tmp_path, f"letter {folder}/config.txt os_prefix").stdout == "a\n"
    assert asked(tmp_path, f"change {folder}/config.txt no_such_key a").returncode != 0
    assert (folder / "config.txt").read_bytes() == before.replace(b"=b/", b"=a/")


@pytest.mark.parametrize(
    ("config", "runs", "whole", "wanted"),
    [
        ("a", "a", "b", "b"),
        ("b", "b", "a", "a"),
        # There is no other: nothing was ever installed there, or its installation was cut.
        ("a", "a", "", ""),
        # The firmware tries this one once, by its flag: the other is next anyhow.
        ("a", "b", "a", ""),
    ],
)
def test_the_other_system_follows_one_whose_root_is_gone(
    tmp_path: Path, config: str, runs: str, whole: str, wanted: str
) -> None:
    folder = a_boot_partition(tmp_path, config, config, "-")
    for slot in whole:
        (folder / slot).mkdir()
        (folder / slot / "cmdline.txt").write_text("kith.root=PARTUUID=4b495448-02\n")
    done = asked(
        tmp_path,
        "partition() { echo vda1; }; mount() { :; }; umount() { :; }; sleep() { :; }; sync() { :; };"
        f' argument() {{ echo {runs.upper()}; }}; reboot() {{ echo "$*"; }};'
        ' fall_back 4b495448-02 "vda2 cannot be mounted"',
    )
    assert done.stdout == "-f\n"
    said = (tmp_path / "dev/console").read_text()
    assert said.startswith("kith-init: vda2 cannot be mounted")
    assert said.partition(", slot ")[2].startswith(wanted)
    assert ("is next" in said) is bool(wanted)
    assert f"os_prefix={wanted or config}/" in (folder / "config.txt").read_text()
