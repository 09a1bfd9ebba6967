"""What goes into a support bundle, each part read as it is; none of it is scrubbed yet.

Each raises OSError, KithError, ValueError or subprocess.SubprocessError where its part cannot be read.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from kith.app.boards import board_model
from kith.app.doctor_report import kith_version
from kith.app.free_text import without_free_text
from kith.app.paths import gallery_file
from kith.config import Settings, load_settings
from kith.errors import ConfigError, KithError
from kith.guard.settings import GuardSettings, load_guard_settings
from kith.recognition import migrations
from kith.recognition.connecting import connect_reading
from kith.recognition.faults import translated
from kith.recognition.gallery import Gallery

_WITHIN_S = 20.0
"""A journal of months is read in seconds, also from a slow card."""
_LINES = 5000
_KERNEL_LINES = 1000
_UNITS = ("kith", "kith-guard")
_SHOWN = (
    "Id,LoadState,ActiveState,SubState,UnitFileState,Result,NRestarts,ExecMainCode,ExecMainStatus,"
    "ExecMainStartTimestamp,ActiveEnterTimestamp,InactiveEnterTimestamp,WatchdogTimestamp,StateChangeTimestamp,"
    "MemoryCurrent,MemoryPeak,CPUUsageNSec,StatusText,StatusErrno"
)
_INPUT_NAMES = re.compile(r"(?<=\binput: ).*(?= as /)|(?<= \[).*(?=\] on )")


def versions() -> str:
    """Kith's, and those of all that it runs on."""
    packages = sorted({f"{each.name} {each.version}" for each in distributions() if each.name})
    release = Path("/etc/os-release")
    lines = [
        f"kith {kith_version()}",
        f"board {board_model() or 'says no model'}",
        f"python {platform.python_version()}",
        f"kernel {platform.release()} {platform.version()} {platform.machine()}",
        f"command line {_file(Path('/proc/cmdline'))}",
        "",
        release.read_text(encoding="utf-8") if release.exists() else "no /etc/os-release",
        *packages,
    ]
    return "\n".join(lines) + "\n"


def settings_without_free_text(settings: Settings, config: Path | None) -> dict[str, Any]:
    """All settings that hold, the guard's too. Text that somebody wrote says "[set]", but for what is known
    to be a device's own name."""
    told = without_free_text(settings)
    guard = GuardSettings()
    try:
        if config is not None:
            guard = load_guard_settings(config)
            load_settings(config)
    except ConfigError as error:
        # What somebody wrote is in it: a value at its end, or a name in quotes, which may have some.
        told["refused"] = re.sub(r"(?s)'.*'", "[value]", re.sub(r"(?s), not .*", "", str(error)))
    return told | {"guard": without_free_text(guard)}


def services() -> str:
    """As systemd knows them."""
    return _said("systemctl", "show", *_UNITS, f"--property={_SHOWN}")


def journal() -> str:
    """The newest lines of both."""
    units = [word for unit in _UNITS for word in ("-u", unit)]
    how = ("--no-pager", "--no-hostname", "-q", "-o", "short-iso-precise", "-n", str(_LINES))
    return _said("journalctl", *units, *how) or "nothing that this user may read; try with sudo\n"


def kernel() -> str:
    """Without what remotes and headsets are called."""
    lines = _said("dmesg").splitlines()[-_KERNEL_LINES:]
    return "\n".join(_INPUT_NAMES.sub("[input device]", line) for line in lines) + "\n"


def storage(state: Path) -> str:
    """How full, how mounted; memory and load."""
    lines = []
    for place in (Path("/"), Path("/data"), Path("/boot/firmware"), state):
        if place.exists():
            usage = shutil.disk_usage(place)
            lines.append(f"{place}: {usage.used / 2**20:.0f} of {usage.total / 2**20:.0f} MiB used")
    for file in ("mounts", "meminfo", "loadavg", "uptime"):
        lines += ["", f"/proc/{file}", _file(Path("/proc", file))]
    return "\n".join(lines) + "\n"


def board(sys: Path = Path("/sys")) -> str:
    """What the kernel measures of it; nothing where it has no such parts."""
    patterns = (
        "class/thermal/thermal_zone*/temp",
        "class/hwmon/hwmon*/name",
        "class/hwmon/hwmon*/temp*_input",
        "class/hwmon/hwmon*/in*_lcrit_alarm",
        "devices/platform/soc*/*firmware/get_throttled",
        "devices/system/cpu/cpu*/cpufreq/scaling_cur_freq",
        "class/power_supply/*/type",
        "class/power_supply/*/capacity",
        "class/power_supply/*/status",
    )
    lines = [board_model() or "says no model", *_values(sys, patterns)]
    return "\n".join(lines) + "\n"


def devices(root: Path = Path("/")) -> str:
    """What is plugged in, by the kernel's names. Of input devices how many: they carry people's names."""
    inputs = sum(1 for _ in (root / "sys/class/input").glob("event*"))
    listed = _file(root / "proc/asound/cards")
    found = sorted(
        str(each.relative_to(root))
        for pattern in ("video*", "i2c-*", "gpiochip*", "media*", "snd/*", "spidev*")
        for each in (root / "dev").glob(pattern)
    )
    names = _values(root / "sys", ("class/video4linux/*/name", "class/i2c-adapter/*/name"))
    return "\n".join([listed, *found, *names, f"{inputs} input devices"]) + "\n"


def gallery_figures(state: Path) -> dict[str, Any]:
    """How much it holds, and whether it is whole; nobody's name, day or look."""
    file = gallery_file(state)
    told: dict[str, Any] = {"files": _sizes(state, file)}
    if not file.exists():
        return told
    steps: tuple[tuple[str, Callable[[], Any]], ...] = (
        ("schema", lambda: _schema(file)),
        ("holds", lambda: _holds(file)),
    )
    for what, read in steps:
        try:
            told[what] = read()
        except (OSError, KithError) as error:
            told[what] = f"cannot be read: {error}"
    return told


def _schema(file: Path) -> int:
    with translated(file):
        connection = connect_reading(file)
        try:
            return migrations.schema_version(connection)
        finally:
            connection.close()


def _holds(file: Path) -> dict[str, Any]:
    with Gallery.looked_at(file, None) as gallery:
        people, things = gallery.people(), gallery.things()
        return {
            "integrity": "sound",
            "obstacle": None if gallery.obstacle is None else type(gallery.obstacle).__name__,
            "people": len(people),
            "with a number for a name": sum(person.generated for person in people),
            "with a recording": sum(person.name_recording is not None for person in people),
            "templates": sum(person.templates for person in people),
            "marked as wrong": sum(person.marks for person in people),
            "things": len(things),
            "views of things": sum(thing.templates for thing in things),
            "things told of unasked": sum(thing.announced for thing in things),
        }


def _sizes(state: Path, file: Path) -> dict[str, int]:
    """In bytes. Only the gallery's own files are called by name: the others may be called after people."""
    sizes = {"others": 0, "bytes in others": 0}
    for folder, _, names in os.walk(state):
        for name in names:
            size = Path(folder, name).lstat().st_size
            if Path(folder) == state and re.fullmatch(rf"{re.escape(file.name)}[-.a-z0-9]*", name):
                sizes[name] = size
            else:
                sizes["others"] += 1
                sizes["bytes in others"] += size
    return sizes


def _said(*command: str) -> str:
    """What a program prints; at its end how it ended, where it failed."""
    if not shutil.which(command[0]):
        return f"cannot be read: there is no program {command[0]} here\n"
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        timeout=_WITHIN_S,
        env=os.environ | {"LC_ALL": "C.UTF-8"},
    )
    if not done.returncode:
        return done.stdout
    return f"{done.stdout}{done.stderr}{command[0]} ended with status {done.returncode}\n"


def _file(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace").rstrip("\0\n")
    except OSError as error:
        return f"{file} cannot be read: {error.strerror}"


def _values(root: Path, patterns: Iterable[str]) -> list[str]:
    files = [each for pattern in patterns for each in sorted(root.glob(pattern))]
    return [f"{each.relative_to(root)}: {_file(each)}" for each in files]
