"""The image's units: no unknown keys, nothing holds up the guard, nothing opens a door by itself."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

IMAGE = Path(__file__).parents[2] / "image"
ROOTFS = IMAGE / "rootfs"
UNITS = ROOTFS / "usr/lib/systemd/system"
PRESET = ROOTFS / "usr/lib/systemd/system-preset/10-kith.preset"
BY_HAND = Path(__file__).parents[2] / "systemd"


def own_units() -> list[Path]:
    found = [path for path in UNITS.iterdir() if path.is_file()]
    return [
        *found,
        *(path for path in (ROOTFS / "etc/systemd/system").iterdir() if path.suffix == ".service"),
    ]


def text_of(name: str) -> str:
    return "".join(path.read_text() for path in own_units() if path.name == name)


def test_systemd_finds_nothing_to_say_about_them(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze") or pytest.skip("no systemd-analyze here")
    shutil.copytree(UNITS, tmp_path, dirs_exist_ok=True)
    for name in ("kith.service", "kith-guard.service"):
        shutil.copy(BY_HAND / name, tmp_path)
    shutil.copy(ROOTFS / "etc/systemd/system/systemd-journal-flush.service", tmp_path)
    # RAUC's own unit is in its package.
    (tmp_path / "rauc.service").write_text("[Service]\nExecStart=/bin/true\n")
    for path in [*tmp_path.glob("*.service"), *tmp_path.glob("*.d/*.conf")]:
        # The programs need not be installed where the units are checked.
        path.write_text(re.sub(r"(?m)^(Exec\w+=[-+]*)\S+.*", r"\1/bin/true", path.read_text()))
    units = sorted(str(path) for path in tmp_path.iterdir() if path.is_file())
    assert len(units) > 10
    done = subprocess.run(
        [analyze, "verify", "--man=no", "--recursive-errors=no", *units],
        env={"SYSTEMD_UNIT_PATH": f"{tmp_path}:", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    # It exits with 0 after an unknown key.
    assert done.stdout + done.stderr == ""


def test_what_can_be_enabled_is_enabled_and_nothing_else() -> None:
    enabled = {line.split()[1] for line in PRESET.read_text().splitlines() if line.startswith("enable ")}
    assert enabled == {path.name for path in own_units() if "[Install]" in path.read_text()}
    assert "kith-ssh.service" not in enabled
    assert not any("network" in name or "ssh" in name for name in enabled)


def test_every_program_is_there_and_can_be_run() -> None:
    text = "".join(path.read_text() for path in own_units())
    programs = set(
        re.findall(r"/opt/kith/onboard/bin/(\S+)", text + (ROOTFS / "etc/rauc/system.conf").read_text())
    )
    assert programs == {path.name for path in (IMAGE / "onboard/bin").iterdir()}
    for name in programs:
        file = IMAGE / "onboard/bin" / name
        assert file.stat().st_mode & 0o111 == 0o111
        module = re.search(r"-m onboard\.(\w+)", file.read_text())
        assert module is not None
        assert "def main(" in (IMAGE / "onboard" / f"{module.group(1)}.py").read_text()


@pytest.mark.parametrize("name", ["kith-data", "kith-slot"])
def test_a_program_begins_without_site_packages(name: str) -> None:
    python = shutil.which("python3", path="/usr/bin")
    if python is None:
        pytest.skip("no system Python here")
    done = subprocess.run(
        [str(IMAGE / "onboard/bin" / name), "get-current"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    # No card here, so each says what it misses.
    assert "Traceback" not in done.stderr
    assert done.returncode in (0, 1, 64)


def test_nothing_holds_up_the_guard() -> None:
    for path in own_units():
        before = " ".join(re.findall(r"(?m)^(?:Before|RequiredBy)=(.*)$", path.read_text()))
        assert "kith-guard" not in before, path.name
        for target in ("sysinit.target", "basic.target", "local-fs.target", "sockets.target"):
            assert target not in before, path.name
    drop_in = (UNITS / "kith-guard.service.d/10-image.conf").read_text()
    assert "[Unit]" not in drop_in
    # And the data partition is none of what the start of the system waits for.
    assert "DefaultDependencies=no" in text_of("kith-data.service")
    assert "DefaultDependencies=no" in text_of("systemd-journal-flush.service")


def test_kith_waits_for_its_data_and_does_not_need_it() -> None:
    drop_in = (UNITS / "kith.service.d/10-image.conf").read_text()
    assert "After=kith-data.service" in drop_in
    assert "Environment=KITH_DATA_MOUNT=/data" in drop_in
    assert "Requires" not in drop_in
    for key in ("Wants", "Requires", "BindsTo"):
        # Kith starts anew after each failure, and would start it along.
        assert f"{key}=kith-data" not in drop_in


def test_the_door_lets_keys_in_and_nothing_else() -> None:
    lines = {
        line.split(" ", 1)[0]: line.split(" ", 1)[1]
        for line in (ROOTFS / "etc/ssh/kith_sshd_config").read_text().splitlines()
        if line and not line.startswith("#")
    }
    assert lines["AuthenticationMethods"] == "publickey"
    assert lines["AuthorizedKeysFile"] == "/run/kith-ssh/authorized_keys"
    for name in (
        "PasswordAuthentication",
        "KbdInteractiveAuthentication",
        "HostbasedAuthentication",
        "UsePAM",
    ):
        assert lines[name] == "no"


def test_only_root_may_talk_to_rauc() -> None:
    # RAUC's own file, which this one lies over, lets in everybody.
    policies = ElementTree.parse(ROOTFS / "usr/share/dbus-1/system.d/de.pengutronix.rauc.conf").getroot()
    assert [policy.attrib for policy in policies] == [{"user": "root"}]
    allowed = [allow.attrib for allow in policies[0]]
    assert allowed == [{"own": "de.pengutronix.rauc"}, {"send_destination": "de.pengutronix.rauc"}]
