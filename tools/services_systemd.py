#!/usr/bin/env python3
"""Both services under a real systemd: what restarts, and when, as they are killed, hung and starved.

Makes a small Debian tree once (in `.cache`), boots it in a container with systemd as its first process and
both units in it as they are in `systemd/`, with the sandbox on. What a container has not, they must do
without: the guard has simulated sensors, the main daemon finds neither camera nor button nor, at first, a
sound device. The probe says what systemd itself says of each restart. Needs root, mmdebstrap, systemd-nspawn
and the built networks. Run it with `make services-test`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TREE = ROOT / ".cache" / "services-tree"
PACKAGES = "systemd,systemd-sysv,udev,dbus,polkitd,python3,alsa-utils,libportaudio2,libespeak-ng1"
PYTHON = "3.13"
"""Of the tree's Debian."""
LONGEST_S = 600
_TOOLS = {"mmdebstrap": "mmdebstrap", "systemd-nspawn": "systemd-container"}
_UNITS = ("kith.service", "kith-guard.service", "kith-privacy.target")
_PLACES = {
    "kith.sysusers.conf": "usr/lib/sysusers.d/kith.conf",
    "kith.tmpfiles.conf": "usr/lib/tmpfiles.d/kith.conf",
    "60-kith.rules": "usr/lib/udev/rules.d/60-kith.rules",
    "50-kith-poweroff.rules": "etc/polkit-1/rules.d/50-kith-poweroff.rules",
}
_PROGRAMS = {
    "kith": "-m kith",
    "kith-guard": "-m kith.guardd --simulate /opt/kith/scene.toml",
}
_PROBE_UNIT = """[Unit]
After=multi-user.target
[Service]
Type=oneshot
ExecStart=/usr/bin/python3 /opt/kith/probe.py
StandardOutput=journal+console
StandardError=journal+console
[Install]
WantedBy=graphical.target
"""


def main() -> int:
    """0 when every promise was kept."""
    missing = [package for tool, package in _TOOLS.items() if shutil.which(tool) is None]
    if missing or os.geteuid() != 0:
        print(f"this needs root and: sudo apt-get install {' '.join(missing or _TOOLS.values())}")
        return 2
    if not any((ROOT / "models/build").glob("*.tflite")):
        print("the networks are not built: make models")
        return 2
    _make_tree()
    _install_kith()
    _install_units()
    return _judge(_boot())


def _make_tree() -> None:
    if (TREE / "usr/lib/systemd/systemd").exists():
        return
    print("making a small Debian tree in .cache; two minutes")
    shutil.rmtree(TREE, ignore_errors=True)
    _run("mmdebstrap", "--quiet", "--variant=minbase", f"--include={PACKAGES}", "trixie", str(TREE))
    (TREE / "etc/machine-id").write_text("uninitialized\n")


def _install_kith() -> None:
    home = TREE / "opt/kith"
    lib = home / "lib"
    if not (lib / "numpy").is_dir():
        _install_wheels(lib)
    for source, target in (("device/kith", "lib/kith"), ("models", "models"), ("calibration", "calibration")):
        shutil.rmtree(home / target, ignore_errors=True)
        shutil.copytree(ROOT / source, home / target, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "tools/services_systemd_probe.py", home / "probe.py")
    shutil.copy(ROOT / "tools/services_systemd_scene.toml", home / "scene.toml")
    _run("chroot", str(TREE), "python3", "-m", "compileall", "-q", "/opt/kith/lib")
    home.joinpath("bin").mkdir(exist_ok=True)
    for name, words in _PROGRAMS.items():
        program = home / "bin" / name
        program.write_text(f'#!/bin/sh\nPYTHONPATH=/opt/kith/lib exec /usr/bin/python3 {words} "$@"\n')
        program.chmod(0o755)


def _install_wheels(lib: Path) -> None:
    print("fetching what Kith needs, for the tree's Python; half a minute")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["device"]]
    target = ("--target", str(lib), "--no-compile", "--quiet", "--python-version", PYTHON)
    kinds = ("--only-binary=:all:", "--implementation", "cp", "--platform", "manylinux2014_x86_64")
    newer = ("--platform", "manylinux_2_27_x86_64", "--platform", "manylinux_2_28_x86_64")
    _run(sys.executable, "-m", "pip", "install", *target, *kinds, *newer, *wanted)


def _install_units() -> None:
    for name, place in _PLACES.items():
        (TREE / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "systemd" / name, TREE / place)
    _run("chroot", str(TREE), "systemd-sysusers")
    units = TREE / "etc/systemd/system"
    for left in ("var/lib/kith", "etc/kith", "var/log/journal"):
        shutil.rmtree(TREE / left, ignore_errors=True)
    (TREE / "etc/asound.conf").unlink(missing_ok=True)
    for name in _UNITS:
        shutil.copy(ROOT / "systemd" / name, units / name)
    units.joinpath("kith-probe.service").write_text(_PROBE_UNIT)
    enabled = ("kith.service", "kith-guard.service", "kith-probe.service")
    _run("systemctl", "--root", str(TREE), "--quiet", "enable", *enabled)


def _boot() -> str:
    command = ["systemd-nspawn", "-q", "-D", str(TREE), "--register=no", "--keep-unit", "--private-network"]
    command += ["--capability=CAP_SYS_NICE,CAP_IPC_LOCK", "-b"]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LONGEST_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        return (error.stdout or b"").decode(errors="replace")
    return done.stdout + done.stderr


def _judge(said: str) -> int:
    lines = re.findall(r"kith-probe: (.*?)\r?$", said, re.MULTILINE)
    print("\n".join(lines) or said[-4000:])
    if "done" not in lines:
        print("the probe did not come to its end")
        return 1
    broken = [line for line in lines if "BROKEN" in line]
    print(f"{len(broken)} promises broken" if broken else "every promise kept")
    return 1 if broken else 0


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"'{' '.join(command)}' failed:\n{done.stderr}")


if __name__ == "__main__":
    sys.exit(main())
