"""Runs in the container of services_systemd.py: kills, hangs and starves both services, and asks systemd what
came of it. A line with BROKEN is a promise that was not kept."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path

GUARD, MAIN = "kith-guard.service", "kith.service"
GUARD_BACK_MS, MAIN_BACK_S = 1000.0, 25.0
"""Most that each may be away. The main daemon's watchdog alone is 10 s."""
BEAT_LATE_MS = 1500.0
"""A guard that is not heard for so long has no say for the main daemon (config: stale_after_ms)."""
TIMES = {GUARD: 10, MAIN: 3}
STATE = Path("/var/lib/kith")
LINE = "fault: The update did not work."
NOTICES = Path("/run/kith/notices")
_UNITS = Path("/etc/systemd/system")
_POLICIES = {os.SCHED_FIFO: "fifo", os.SCHED_OTHER: "other"}
_HOG = "while True: pass"
_NULL_SOUND = "pcm.!default { type null }\nctl.!default { type hw card 0 }\n"


def said_by(*command: str) -> str:
    """What a command prints."""
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def systemctl(*words: str) -> int:
    """Its status."""
    return subprocess.run(["systemctl", *words], capture_output=True, check=False).returncode


def show(unit: str, prop: str) -> str:
    """A property of a unit."""
    return said_by("systemctl", "show", unit, "--value", "-p", prop)


def say(text: str) -> None:
    """One line on the console."""
    print(f"kith-probe: {text}", flush=True)


def promise(kept: bool, text: str) -> None:
    """Say what was found, and whether it ought to be so."""
    say(text if kept else f"BROKEN {text}")


def wait_active(unit: str, after_us: int, timeout_s: float = 60.0) -> int | None:
    """When the unit, by systemd's own clock, became active after this; None when it did not."""
    until_s = time.monotonic() + timeout_s
    while time.monotonic() < until_s:
        entered_us = int(show(unit, "ActiveEnterTimestampMonotonic") or 0)
        if entered_us > after_us and show(unit, "SubState") == "running":
            return entered_us
        time.sleep(0.02)
    return None


def now_us() -> int:
    """By systemd's clock."""
    return time.monotonic_ns() // 1000


def journal(unit: str, since_us: int) -> str:
    """What a unit itself logged since, by systemd's clock."""
    time.sleep(0.3)
    words = ["journalctl", "-b", f"_SYSTEMD_UNIT={unit}", "-o", "short-monotonic", "--no-pager"]
    lines = [line.partition("]: ") for line in said_by(*words).splitlines()]
    own = [(re.search(r"\[ *([\d.]+)\]", head), text) for head, _, text in lines]
    return "\n".join(text for at, text in own if at and float(at[1]) * 1e6 >= since_us)


# --- what is tried ------------------------------------------------------------------------------------------


def describe(unit: str) -> None:
    """How a service runs here."""
    pid = int(show(unit, "MainPID"))
    status = Path(f"/proc/{pid}/status").read_text()
    memory_kib = int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")))
    seccomp = next(line.split()[1] for line in status.splitlines() if line.startswith("Seccomp:"))
    policy = _POLICIES.get(os.sched_getscheduler(pid), "?")
    begun_us = int(show(unit, "ExecMainStartTimestampMonotonic"))
    ready_us = int(show(unit, "ActiveEnterTimestampMonotonic"))
    limited = said_by("systemctl", "show", unit, "--value", "-p", "MemoryCurrent")
    say(
        f"{unit}: {policy}, {memory_kib / 1024:.0f} MiB resident, seccomp {seccomp},"
        f" memory counted: {limited}, ready {(ready_us - begun_us) / 1e3:.0f} ms after its begin"
    )


def restarts(unit: str, name: str, number: signal.Signals, most_ms: float) -> None:
    """Send a signal several times; how long was it away?"""
    away_ms: list[float] = []
    for _ in range(TIMES[unit]):
        time.sleep(0.7 if unit == GUARD else 3.0)
        hit_us = now_us()
        os.kill(int(show(unit, "MainPID")), number)
        back_us = wait_active(unit, hit_us)
        if back_us is None:
            promise(False, f"{unit} {name}: never came again")
            return
        away_ms.append((back_us - hit_us) / 1e3)
    middle = statistics.median(away_ms)
    promise(
        max(away_ms) <= most_ms,
        f"{unit} {name}: ready again after {middle:.0f} ms, {min(away_ms):.0f} .. {max(away_ms):.0f},"
        f" n {len(away_ms)}",
    )


def stops(unit: str, most_s: float) -> None:
    """How long a clean stop takes."""
    took_s: list[float] = []
    for _ in range(3):
        time.sleep(1)
        began_s = time.monotonic()
        systemctl("stop", unit)
        took_s.append(time.monotonic() - began_s)
        result = show(unit, "Result")
        promise(result == "success", f"{unit} stopped: {result}")
        at_us = now_us()
        systemctl("start", unit)
        wait_active(unit, at_us)
    promise(max(took_s) <= most_s, f"{unit}: from SIGTERM to stopped {max(took_s):.2f} s at most, n 3")


def beats(seconds: float) -> list[float]:
    """The pauses in ms between what the guard tells, heard where a doctor listens."""
    path = Path("/run/kith/doctor.sock")
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(str(path))
        shutil.chown(path, "kith", "kith")
        path.chmod(0o660)
        ear.settimeout(3.0)
        heard_s: list[float] = []
        until_s = time.monotonic() + seconds
        while time.monotonic() < until_s:
            try:
                ear.recv(4096)
            except TimeoutError:
                break
            heard_s.append(time.monotonic())
    path.unlink(missing_ok=True)
    return [1e3 * (after - before) for before, after in pairwise(heard_s)]


@contextmanager
def hogs() -> Iterator[None]:
    """Twice as many busy processes as there are cores, of no more right than any service."""
    count = 2 * (os.cpu_count() or 1)
    for number in range(count):
        said_by("systemd-run", "--quiet", f"--unit=hog{number}", sys.executable, "-c", _HOG)
    try:
        yield
    finally:
        systemctl("stop", *(f"hog{number}" for number in range(count)))


def starved() -> None:
    """Every core is busy."""
    counts = {unit: show(unit, "NRestarts") for unit in (GUARD, MAIN)}
    quiet = beats(5)
    with hogs():
        busy = beats(20)
        hit_us = now_us()
        os.kill(int(show(MAIN, "MainPID")), signal.SIGKILL)
        back_us = wait_active(MAIN, hit_us)
        guard_us = now_us()
        os.kill(int(show(GUARD, "MainPID")), signal.SIGKILL)
        guard_back_us = wait_active(GUARD, guard_us)
    for name, pauses in (("quiet", quiet), ("starved", busy)):
        worst = max(pauses, default=9e9)
        promise(
            worst <= BEAT_LATE_MS, f"{name}: the guard's beats at most {worst:.0f} ms apart, n {len(pauses)}"
        )
    away_s = 9e9 if back_us is None else (back_us - hit_us) / 1e6
    promise(away_s <= MAIN_BACK_S, f"starved: {MAIN} killed, ready again after {away_s:.1f} s")
    away_ms = 9e9 if guard_back_us is None else (guard_back_us - guard_us) / 1e3
    promise(away_ms <= 2 * GUARD_BACK_MS, f"starved: {GUARD} killed, ready again after {away_ms:.0f} ms")
    more = {unit: int(show(unit, "NRestarts")) - int(count) for unit, count in counts.items()}
    promise(more == {GUARD: 1, MAIN: 1}, f"starved: restarts, one each by the probe: {more}")


def out_of_memory(unit: str, limit: str) -> None:
    """Its own limit is set under what it needs: it alone is ended, and comes again."""
    if not show(unit, "MemoryCurrent").isdigit():
        say(f"{unit} out of memory: cannot be tried, the kernel counts no memory for this container")
        return
    other = MAIN if unit == GUARD else GUARD
    before = show(other, "NRestarts")
    count = int(show(unit, "NRestarts"))
    systemctl("set-property", "--runtime", unit, f"MemoryMax={limit}")
    time.sleep(8)
    more = int(show(unit, "NRestarts")) - count
    systemctl("revert", unit)
    systemctl("daemon-reload")
    at_us = now_us()
    systemctl("restart", unit)
    back = wait_active(unit, at_us) is not None
    said = f"{unit} held to {limit} for 8 s: {more} restarts ({show(unit, 'Result')}),"
    promise(back and show(other, "NRestarts") == before, f"{said} then well again; {other} not touched")


def memory_hog() -> None:
    """Another program takes all that it may."""
    counts = [show(unit, "NRestarts") for unit in (GUARD, MAIN)]
    greedy = "held = []\nwhile True: held.append(bytearray(1 << 20))"
    run = ["systemd-run", "--quiet", "--wait", "-p", "MemoryMax=200M", "-p", "MemorySwapMax=0"]
    run += ["-p", "RuntimeMaxSec=20", "-p", f"LimitAS={1 << 30}"]
    status = subprocess.run([*run, sys.executable, "-c", greedy], capture_output=True, check=False).returncode
    same = [show(unit, "NRestarts") for unit in (GUARD, MAIN)] == counts
    promise(same, f"a greedy program within its own limit ended with {status}; neither service was touched")


@contextmanager
def disk(options: str) -> Iterator[None]:
    """Another disk under the state folder while the service is down."""
    systemctl("stop", MAIN)
    STATE.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"mode=700,{options}", "none", str(STATE)], check=True)
    shutil.chown(STATE, "kith", "kith")
    try:
        yield
    finally:
        systemctl("stop", MAIN)
        subprocess.run(["umount", "-l", str(STATE)], check=False)


def bad_disk(kind: str, *, gallery: bool) -> None:
    """The state folder is full, or cannot be written, with a gallery in it or none yet."""
    kept = {each.name: each.read_bytes() for each in STATE.glob("kith.db*")} if gallery else {}
    with disk("size=8m"):
        for name, content in kept.items():
            (STATE / name).write_bytes(content)
            shutil.chown(STATE / name, "kith", "kith")
        if kind == "full":
            with suppress(OSError), (STATE / "ballast").open("wb", buffering=0) as ballast:
                for size in (4096, 1):
                    with suppress(OSError):
                        while ballast.write(bytes(size)):
                            pass
        else:
            subprocess.run(["mount", "-o", "remount,ro", str(STATE)], check=True)
        at_us = now_us()
        systemctl("start", "--no-block", MAIN)
        up = wait_active(MAIN, at_us, 15.0) is not None
        time.sleep(3)
        count, said = show(MAIN, "NRestarts"), journal(MAIN, at_us).splitlines()
        told = next((line for line in said if "gallery" in line or "kith.db" in line), "nothing of it")
        how = "runs" if up else f"is tried again, {count} times in 18 s"
        whose = "with a gallery" if gallery else "still empty"
        promise(up is gallery and int(count) <= 10, f"state folder {kind}, {whose}: {how}; it says: {told}")


def bad_disks() -> None:
    """All of them, and a good one again."""
    for kind in ("full", "read-only"):
        for gallery in (True, False):
            bad_disk(kind, gallery=gallery)
    at_us = now_us()
    systemctl("start", MAIN)
    promise(wait_active(MAIN, at_us) is not None, "with its own disk again it runs")


def refused() -> None:
    """A start that cannot succeed must not keep the processor busy."""
    Path("/etc/kith").mkdir(exist_ok=True)
    for name, text in (("a wrong setting", "[camera]\nkind = 3\n"),):
        Path("/etc/kith/kith.toml").write_text(text)
        systemctl("restart", "--no-block", MAIN)
        time.sleep(1)
        at_us = now_us()
        began = int(show(MAIN, "NRestarts"))
        time.sleep(20)
        count = int(show(MAIN, "NRestarts")) - began
        promise(count <= 10, f"{name}: {count} starts in 20 s")
        said = [line for line in journal(MAIN, at_us).splitlines() if "kind" in line]
        say(f"{name}: it says: {said[-1] if said else 'nothing'}")
        Path("/etc/kith/kith.toml").unlink()
    at_us = now_us()
    systemctl("restart", MAIN)
    promise(wait_active(MAIN, at_us) is not None, "with the settings mended it runs")


def privacy() -> None:
    """The target ends the one that looks and listens, and only that."""
    systemctl("start", "kith-privacy.target")
    off, guard = show(MAIN, "ActiveState"), show(GUARD, "ActiveState")
    promise((off, guard) == ("inactive", "active"), f"privacy: {MAIN} {off}, {GUARD} {guard}")
    at_us = now_us()
    systemctl("stop", "kith-privacy.target")
    back_us = wait_active(MAIN, at_us, 20.0)
    took_s = 9e9 if back_us is None else (back_us - at_us) / 1e6
    promise(back_us is not None, f"privacy over: {MAIN} ready after {took_s:.1f} s")


def notices() -> None:
    """Another program leaves a line to be said."""
    at_us = now_us()
    for name in ("update.back", "no.such_line"):
        (NOTICES / name).touch()
    time.sleep(4)
    left = sorted(each.name for each in NOTICES.iterdir())
    said = journal(MAIN, at_us)
    kept = left == ["update.back"] and LINE in said and "taken away unsaid" in said
    promise(
        kept,
        f"notices: left in the folder, as there is no sound: {left}; it says: {said.replace(chr(10), ' | ')}",
    )


def within_the_sandbox(name: str, command: str, *, kind: str = "oneshot") -> str:
    """Run a command with all that kith.service says of itself; what it printed."""
    text = (_UNITS / MAIN).read_text()
    text = re.sub(r"^ExecStart=.*$", f"ExecStart={command}", text, flags=re.MULTILINE)
    text = re.sub(r"^Type=.*$", f"Type={kind}", text, flags=re.MULTILINE)
    text = re.sub(r"^(Restart|RestartSec|Watchdog\w+)=.*\n", "", text, flags=re.MULTILINE)
    (_UNITS / f"{name}.service").write_text(text)
    systemctl("daemon-reload")
    at_us = now_us()
    systemctl("start", name)
    return f"{journal(f'{name}.service', at_us)}\nstatus {show(name, 'ExecMainStatus')}"


def doctor() -> None:
    """Every part, with a sound device that takes and gives silence."""
    Path("/etc/asound.conf").write_text(_NULL_SOUND)
    systemctl("stop", MAIN)
    found = within_the_sandbox("kith-doctor", "/opt/kith/bin/kith doctor")
    for line in found.splitlines():
        say(f"doctor: {line}")
    for part in ("voice", "speaker", "microphone", "guard"):
        promise(
            re.search(rf"^{part} +ok", found, re.MULTILINE) is not None,
            f"doctor, of the {part}: as asked for",
        )
    may = within_the_sandbox("kith-may", "/usr/bin/busctl --system call org.freedesktop.login1"
        " /org/freedesktop/login1 org.freedesktop.login1.Manager CanPowerOff")  # fmt: skip
    promise('s "yes"' in may, f"may the main daemon switch the device off? {may.splitlines()[0]}")
    at_us = now_us()
    systemctl("start", MAIN)
    wait_active(MAIN, at_us)
    time.sleep(5)
    said = journal(MAIN, at_us)
    promise("no sound" not in said, f"with a sound device it runs: {show(MAIN, 'SubState')}")
    promise(
        not list(NOTICES.iterdir()), "the notice that had to wait for a sound device was said and is gone"
    )
    Path("/etc/asound.conf").unlink()
    systemctl("restart", MAIN)


def ordering() -> None:
    """The guard is there first."""
    guard_us, main_us = (int(show(unit, "ActiveEnterTimestampMonotonic")) for unit in (GUARD, MAIN))
    begun_us = int(show(MAIN, "ExecMainStartTimestampMonotonic"))
    promise(
        guard_us < begun_us, f"the guard was ready {(begun_us - guard_us) / 1e3:.0f} ms before {MAIN} began"
    )
    say(f"both were ready {main_us / 1e6 - guard_us / 1e6:.1f} s after each other")


def main() -> None:
    """All trials, then off."""
    trials: tuple[Callable[[], None], ...] = (
        ordering,
        lambda: describe(GUARD),
        lambda: describe(MAIN),
        lambda: restarts(GUARD, "hung (SIGSTOP)", signal.SIGSTOP, GUARD_BACK_MS),
        lambda: restarts(GUARD, "killed (SIGKILL)", signal.SIGKILL, GUARD_BACK_MS),
        lambda: restarts(MAIN, "killed (SIGKILL)", signal.SIGKILL, MAIN_BACK_S * 1e3),
        lambda: restarts(MAIN, "hung (SIGSTOP)", signal.SIGSTOP, MAIN_BACK_S * 1e3),
        starved,
        lambda: stops(GUARD, 2.0),
        lambda: stops(MAIN, 5.0),
        memory_hog,
        lambda: out_of_memory(GUARD, "8M"),
        lambda: out_of_memory(MAIN, "40M"),
        bad_disks,
        refused,
        privacy,
        notices,
        doctor,
    )
    say(f"systemd {said_by('systemctl', '--version').split()[1]}")
    if wait_active(GUARD, 0) is None or wait_active(MAIN, 0) is None:
        for unit in (GUARD, MAIN):
            say(f"BROKEN {unit} did not start: {journal(unit, 0)[-1000:]}".replace("\n", " | "))
    else:
        for trial in trials:
            trial()
        say("done")
    subprocess.run(["systemctl", "poweroff", "--no-block"], check=False)


if __name__ == "__main__":
    main()
