"""What the build refuses to put on a card: each fault in an otherwise sound little tree."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from image import REPOSITORY, ImageError
from image.__main__ import main
from image.build.checks import check_tree, refuse
from image.build.golden import difference
from image.build.package_set import LISTS, read_list
from image.build.python_parts import command_text, kith_version
from image.build.settle import kith_system_files, lay_over


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A root tree with just what the checks look at."""
    root = tmp_path / "root"
    for folder in (
        *("etc/systemd/system/multi-user.target.wants", "etc/rauc", "usr/bin", "usr/lib/systemd/system"),
        *("opt/kith/bin", "opt/kith/lib/__pycache__", "usr/lib/kith/boot"),
    ):
        (root / folder).mkdir(parents=True)
    (root / "etc/machine-id").touch()
    (root / "etc/shadow").write_text("root:*:20000::::::\nkith:!*:20000::::::\n", encoding="utf-8")
    (root / "etc/rauc/system.conf").write_text("[keyring]\npath=/etc/rauc/keyring.pem\n", encoding="utf-8")
    (root / "etc/rauc/keyring.pem").write_text("-----BEGIN CERTIFICATE-----\n", encoding="utf-8")
    for name in ("vmlinuz", "initrd.img", "cmdline.txt"):
        (root / "usr/lib/kith/boot" / name).write_text("content", encoding="utf-8")
    (root / "opt/kith/lib/part.py").touch()
    _byte_code(root, flags=1)
    for unit in read_list(LISTS / "units.toml")["masked"]:
        (root / "etc/systemd/system" / unit).symlink_to("/dev/null")
    return root


def test_a_sound_tree_passes(tree: Path) -> None:
    assert check_tree(tree) == []


def test_a_compiler_is_found(tree: Path) -> None:
    (tree / "usr/bin/aarch64-linux-gnu-gcc-14").touch()
    assert check_tree(tree) == ["a compiler or its like: /usr/bin/aarch64-linux-gnu-gcc-14"]


def test_a_program_that_changes_user_is_found(tree: Path) -> None:
    (tree / "usr/bin/su").touch()
    (tree / "usr/bin/su").chmod(0o4755)
    assert check_tree(tree) == ["changes its user or group when started: /usr/bin/su"]


def test_a_file_that_everybody_may_write_is_found(tree: Path) -> None:
    (tree / "opt/kith/lib/part.py").chmod(0o666)
    assert check_tree(tree) == ["everybody may write: /opt/kith/lib/part.py"]


def test_byte_code_that_is_compared_at_each_start_is_found(tree: Path) -> None:
    _byte_code(tree, flags=3)
    assert len(check_tree(tree)) == 1


def test_byte_code_without_its_source_is_found(tree: Path) -> None:
    (tree / "opt/kith/lib/part.py").unlink()
    assert check_tree(tree) == [
        "byte-code of nothing, or of another Python: /opt/kith/lib/__pycache__/part.cpython-313.pyc"
    ]


def test_a_private_key_is_found(tree: Path) -> None:
    (tree / "etc/rauc/key.pem").write_text("-----BEGIN EC PRIVATE KEY-----\n", encoding="utf-8")
    assert check_tree(tree) == ["a private key: /etc/rauc/key.pem"]


def test_a_machine_id_is_found(tree: Path) -> None:
    (tree / "etc/machine-id").write_text("0" * 32, encoding="utf-8")
    assert len(check_tree(tree)) == 1


def test_a_password_and_the_want_of_one_are_found(tree: Path) -> None:
    (tree / "etc/shadow").write_text("root::1::::::\nkith:$y$abc:1::::::\n", encoding="utf-8")
    assert check_tree(tree) == ["root has a password, or needs none", "kith has a password, or needs none"]


@pytest.mark.parametrize("unit", ["ssh.service", "kith-ssh.service", "serial-getty@ttyS0.service"])
def test_a_door_that_opens_by_itself_is_found(tree: Path, unit: str) -> None:
    (tree / "etc/systemd/system/multi-user.target.wants" / unit).symlink_to(f"/usr/lib/systemd/system/{unit}")
    assert check_tree(tree) == [f"starts by itself and must not: {unit}"]


@pytest.mark.parametrize(
    ("listens", "is_network"), [("22", True), ("[::]:22", True), ("/run/socket", False), ("@abstract", False)]
)
def test_a_socket_to_a_network_is_found(tree: Path, listens: str, is_network: bool) -> None:
    unit = tree / "usr/lib/systemd/system/some.socket"
    unit.write_text(f"[Socket]\nListenStream={listens}\n", encoding="utf-8")
    assert bool(check_tree(tree)) == is_network


def test_a_unit_that_ought_to_be_masked_is_found(tree: Path) -> None:
    (tree / "etc/systemd/system/serial-getty@.service").unlink()
    assert check_tree(tree) == ["units.toml masks serial-getty@.service, the tree does not"]


def test_a_tree_that_would_take_any_update_is_found(tree: Path) -> None:
    (tree / "etc/rauc/keyring.pem").unlink()
    assert check_tree(tree) == ["no certificate that updates are checked by"]


def test_a_root_without_its_kernel_is_found(tree: Path) -> None:
    (tree / "usr/lib/kith/boot/vmlinuz").unlink()
    assert check_tree(tree) == ["/usr/lib/kith/boot/vmlinuz is missing or empty"]


def test_what_is_wrong_stops_the_build_with_all_of_it() -> None:
    refuse([])
    with pytest.raises(ImageError, match=r"one\n  two"):
        refuse(["one", "two"])


def test_outputs_are_as_far_apart_as_their_furthest_numbers() -> None:
    here = {"detector": [[1.0, 2.0]], "embedder": [[3.0]]}
    assert difference(here, {"detector": [[1.0, 2.5]], "embedder": [[3.0]]}) == 0.5
    assert difference(here, {"detector": [[1.0]], "embedder": [[3.0]]}) == float("inf")
    assert difference({}, {}) == float("inf")


def test_static_files_are_laid_over_with_plain_rights_and_links_as_links(tmp_path: Path) -> None:
    (tmp_path / "from/etc/__pycache__").mkdir(parents=True)
    (tmp_path / "from/etc/__pycache__/a.pyc").touch()
    (tmp_path / "from/etc/file").write_text("new", encoding="utf-8")
    (tmp_path / "from/etc/file").chmod(0o640)
    (tmp_path / "from/etc/run").write_text("#!/bin/sh\n", encoding="utf-8")
    (tmp_path / "from/etc/run").chmod(0o700)
    (tmp_path / "from/etc/link").symlink_to("/run/kith-settings")
    (tmp_path / "root/etc").mkdir(parents=True)
    (tmp_path / "root/etc/file").write_text("old", encoding="utf-8")
    lay_over(tmp_path / "from", tmp_path / "root")
    etc = tmp_path / "root/etc"
    assert (etc / "file").read_text(encoding="utf-8") == "new"
    assert (etc / "file").stat().st_mode & 0o777 == 0o644
    assert (etc / "run").stat().st_mode & 0o777 == 0o755
    assert str((etc / "link").readlink()) == "/run/kith-settings"
    assert not list(etc.glob("__pycache__/*"))


def test_every_unit_that_is_shared_with_an_installation_by_hand_is_in_the_image(tmp_path: Path) -> None:
    for folder in (
        "usr/lib/sysusers.d",
        "usr/lib/tmpfiles.d",
        "usr/lib/systemd/system",
        "usr/lib/udev/rules.d",
    ):
        (tmp_path / folder).mkdir(parents=True)
    kith_system_files(tmp_path)
    units = {path.name for path in (tmp_path / "usr/lib/systemd/system").iterdir()}
    shared = {path.name for kind in ("service", "target") for path in REPOSITORY.glob(f"systemd/*.{kind}")}
    assert units == shared


def test_a_maintainer_types_kith_and_not_a_path(tmp_path: Path) -> None:
    lay_over(REPOSITORY / "image/rootfs", tmp_path)
    assert str((tmp_path / "usr/bin/kith").readlink()) == "/opt/kith/bin/kith"


def test_a_command_finds_its_parts_and_lgpio_a_folder_to_write_to(tmp_path: Path) -> None:
    stub = "import os\ndef main(): print(os.environ['KITH_HOME'], os.environ['LG_WD'])\n"
    (tmp_path / "stub.py").write_text(stub, encoding="utf-8")
    (tmp_path / "kith").write_text(command_text("stub", str(tmp_path)), encoding="utf-8")

    def said(**environment: str) -> str:
        command = [sys.executable, "-Is", str(tmp_path / "kith")]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout

    assert said() == f"/opt/kith {'/run' if os.geteuid() == 0 else '/tmp'}\n"
    assert said(LG_WD="/run/kith") == "/opt/kith /run/kith\n"


def test_whatever_the_builders_umask_files_get_the_rights_of_the_device(
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = os.umask(0o077)
    try:
        assert main(["build", "--dry-run"]) == 0
        assert os.umask(0o077) == 0o022
    finally:
        os.umask(before)
    assert "linux-image-arm64" in capsys.readouterr().out


def _byte_code(root: Path, flags: int) -> None:
    path = root / "opt/kith/lib/__pycache__/part.cpython-313.pyc"
    path.write_bytes(b"\xf3\x0d\x0d\x0a" + flags.to_bytes(4, "little") + bytes(8))


def test_the_image_says_the_version_that_kith_says() -> None:
    assert kith_version() == version("kith")
