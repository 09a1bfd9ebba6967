#!/usr/bin/env python3
"""The guard's unit under a real systemd: is a hang noticed and mended within a second?

Makes a small Debian tree once (in `.cache`), boots it in a container with systemd as its first process and
the guard in it as on the wearable, with simulated sensors, and prints what systemd itself says of each
restart. Needs root, mmdebstrap and systemd-nspawn. Run it with `make guard-systemd`.
"""

from __future__ import annotations

import os
import re
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TREE = ROOT / ".cache" / "systemd-tree"
PACKAGES = "systemd,systemd-sysv,dbus,python3"
MOST_MS = 1000.0
_TOOLS = {"mmdebstrap": "mmdebstrap", "systemd-nspawn": "systemd-container"}
_PROBE_UNIT = """[Unit]
After=kith-guard.service
[Service]
Type=oneshot
ExecStart=/usr/bin/python3 /opt/kith/probe.py
StandardOutput=journal+console
StandardError=journal+console
[Install]
WantedBy=multi-user.target
"""


def main() -> int:
    """0 when every restart was in time."""
    missing = [package for tool, package in _TOOLS.items() if shutil.which(tool) is None]
    if missing or os.geteuid() != 0:
        print(f"this needs root and: sudo apt-get install {' '.join(missing or _TOOLS.values())}")
        return 2
    _make_tree()
    _install()
    said = _boot()
    return _judge(said)


def _make_tree() -> None:
    if (TREE / "usr/lib/systemd/systemd").exists():
        return
    print("making a small Debian tree in .cache; half a minute")
    shutil.rmtree(TREE, ignore_errors=True)
    _run("mmdebstrap", "--quiet", "--variant=minbase", f"--include={PACKAGES}", "trixie", str(TREE))
    (TREE / "etc/machine-id").write_text("uninitialized\n")


def _install() -> None:
    home = TREE / "opt/kith"
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(ROOT / "device", home / "device", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "tools/guard_systemd_probe.py", home / "probe.py")
    shutil.copy(ROOT / "tools/guard_systemd_scene.toml", home / "scene.toml")
    _run("chroot", str(TREE), "python3", "-m", "compileall", "-q", "/opt/kith/device")
    shutil.copy(ROOT / "systemd/kith.sysusers.conf", TREE / "usr/lib/sysusers.d/kith.conf")
    _run("chroot", str(TREE), "systemd-sysusers")
    unit = (ROOT / "systemd/kith-guard.service").read_text()
    # As on the wearable, but for the program's place and the sensors.
    began = re.sub(
        r"^ExecStart=.*$",
        "ExecStart=/usr/bin/python3 -m kith.guardd --simulate /opt/kith/scene.toml",
        unit,
        flags=re.MULTILINE,
    )
    units = TREE / "etc/systemd/system"
    units.joinpath("kith-guard.service").write_text(began)
    units.joinpath("kith-guard.service.d").mkdir(exist_ok=True)
    units.joinpath("kith-guard.service.d/here.conf").write_text(
        "[Service]\nEnvironment=PYTHONPATH=/opt/kith/device\nStandardOutput=null\n"
    )
    units.joinpath("kith-probe.service").write_text(_PROBE_UNIT)
    _run("systemctl", "--root", str(TREE), "--quiet", "enable", "kith-guard.service", "kith-probe.service")


def _boot() -> str:
    command = ["systemd-nspawn", "-q", "-D", str(TREE), "--register=no", "--keep-unit", "--private-network"]
    command += ["--capability=CAP_SYS_NICE,CAP_IPC_LOCK", "-b"]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=180, check=False
    )
    return done.stdout + done.stderr


def _judge(said: str) -> int:
    lines = re.findall(r"kith-probe: (.*?)\r?$", said, re.MULTILINE)
    print("\n".join(lines) or said[-4000:])
    took_ms = [float(found) for line in lines for found in re.findall(r"again after ([\d.]+) ms", line)]
    if not took_ms or "kith-probe: done" not in said:
        print("the probe did not come to its end")
        return 1
    late = sum(each > MOST_MS for each in took_ms)
    middle, worst = statistics.median(took_ms), max(took_ms)
    print(
        f"{len(took_ms)} restarts: median {middle:.0f} ms, worst {worst:.0f} ms, {late} over {MOST_MS:.0f} ms"
    )
    return 1 if late else 0


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"'{' '.join(command)}' failed:\n{done.stderr}")


if __name__ == "__main__":
    sys.exit(main())
