"""`kith bench --here`: how fast this very board is, how warm it gets, and whether that is what its profile
expects. It changes nothing and stops nothing."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from kith.app.bench_parts import ASSESS, EMBED, FIND, JUDGE, LOOK, SHRINK, Work, steps
from kith.app.bench_report import Moment, Report, Timing
from kith.app.boards import NONE, PROFILES, board_model, chosen_profile
from kith.app.guard_doctor import LISTEN_S
from kith.app.guard_link import doctor_socket, listen
from kith.app.load import Scene, StepTimes, expected_times, share_busy
from kith.app.run import open_camera
from kith.clock import MonotonicClock
from kith.config import Settings
from kith.drivers.board_health import SysBoard
from kith.drivers.speech import open_speech
from kith.errors import HardwareError, InputError
from kith.ports import Board, BoardHealth, Camera
from kith.types import SAMPLE_RATE_HZ

_WARM_UP = 5
"""Rounds that do not count: caches fill, and the clock goes up."""
_SPOKEN_ROUNDS = 10
_STRANGER = Scene(faces=1)
PICTURE, SPEAK = "a picture from the camera", "first sample of speech"

Say = Callable[[str], None]


def bench_here(settings: Settings, rounds: int, say: Say, board: Board | None = None) -> Report:
    """Measure for some seconds. say: told what is being done. Raises InputError where the device runs, and
    ModelError."""
    if _device_runs():
        raise InputError(
            "the device is running and has the camera and the processor: stop it first with"
            " `sudo systemctl stop kith`, and start it again afterwards"
        )
    board = board or SysBoard()
    missing: list[str] = []
    say("loading the networks")
    works = steps(settings)
    before, flags = _moment(board), set[str]()
    timings = _pictures(settings, rounds, say, missing)
    say(f"{rounds} rounds of a look")
    times = _rounds(works, rounds, lambda: flags.update(_flags(board.health())))
    profile = chosen_profile(settings.board)
    expected = None if profile == NONE else expected_times(PROFILES[profile].processor, settings)
    timings += [_timing(name, each, _expected(name, expected)) for name, each in times.items()]
    after = _moment(board)
    timings += _speak(settings, say, missing)
    say("listening for the guard")
    median = {each.name: each.median_ms for each in timings}
    measured = StepTimes(
        look_ms=median[LOOK], frame_ms=median[JUDGE], face_ms=median[ASSESS], embed_ms=median[EMBED]
    )
    return Report(
        model=board_model(),
        profile=profile,
        processors=os.cpu_count() or 1,
        threads=settings.vision.threads,
        timings=tuple(timings),
        missing=tuple(missing),
        before=before,
        after=after,
        during=tuple(sorted(flags)),
        rss_mib=_rss_mib(),
        guard=_guard(doctor_socket()),
        busy=share_busy(measured, settings, _STRANGER),
        expected_busy=None if expected is None else share_busy(expected, settings, _STRANGER),
        asked_looks_s=1000 / settings.camera.look_interval_ms,
    )


# --- timing -----------------------------------------------------------------------------------------------


def _rounds(works: Mapping[str, Work], rounds: int, after_each: Callable[[], None]) -> dict[str, list[float]]:
    """Milliseconds of each step in each round, the steps in turn as in a look."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for at in range(_WARM_UP + rounds):
        for name, work in works.items():
            took_ms = _took_ms(work)
            if at >= _WARM_UP:
                times[name].append(took_ms)
        after_each()
    return times


def _took_ms(work: Work) -> float:
    began_s = time.perf_counter()
    work()
    return (time.perf_counter() - began_s) * 1e3


def _timing(name: str, times: Sequence[float], expected_ms: float | None = None) -> Timing:
    # Nearest rank: of few rounds it is the slowest.
    p95_ms = sorted(times)[max(0, -(-95 * len(times) // 100) - 1)]
    return Timing(
        name=name,
        median_ms=statistics.median(times),
        p95_ms=p95_ms,
        rounds=len(times),
        part=name in (SHRINK, FIND),
        expected_ms=expected_ms,
    )


def _expected(name: str, times: StepTimes | None) -> float | None:
    if times is None:
        return None
    return {
        LOOK: times.look_ms + times.frame_ms,
        ASSESS: times.face_ms,
        EMBED: times.embed_ms,
    }.get(name)


def _pictures(settings: Settings, rounds: int, say: Say, missing: list[str]) -> list[Timing]:
    say("taking pictures")
    camera: Camera = open_camera(settings.camera, MonotonicClock())
    try:
        camera.start()
        times = [_took_ms(camera.read) for _ in range(_WARM_UP + rounds)]
    except HardwareError as error:
        missing.append(f"{PICTURE}: {error}; made-up pictures are looked at")
        return []
    finally:
        camera.close()
    return [_timing(PICTURE, times[_WARM_UP:])]


def _speak(settings: Settings, say: Say, missing: list[str]) -> list[Timing]:
    say("speaking, unheard")
    try:
        speech = open_speech(settings.announce)
    except HardwareError as error:
        missing.append(f"{SPEAK}: {error}")
        return []
    try:

        def first() -> None:
            utterance = speech.say("Anna, two metres, ahead.")
            if not len(utterance.read(SAMPLE_RATE_HZ // 100, wait=True)):
                raise HardwareError("the voice makes no sound")
            utterance.cancel()

        first()
        return [_timing(SPEAK, [_took_ms(first) for _ in range(_SPOKEN_ROUNDS)])]
    except HardwareError as error:
        missing.append(f"{SPEAK}: {error}")
        return []
    finally:
        speech.close()


# --- the board --------------------------------------------------------------------------------------------


def _moment(board: Board) -> Moment:
    return Moment(health=board.health(), mhz=_mhz("scaling_cur_freq"), most_mhz=_mhz("cpuinfo_max_freq"))


def _mhz(file: str) -> tuple[int, ...]:
    try:
        files = sorted(Path("/sys/devices/system/cpu").glob(f"cpu[0-9]*/cpufreq/{file}"))
        return tuple(int(each.read_text()) // 1000 for each in files)
    except (OSError, ValueError):
        return ()


def _flags(health: BoardHealth) -> list[str]:
    flags = {
        "under-voltage": health.under_voltage,
        "frequency capped": health.capped,
        "throttled": health.throttled,
        "too hot": health.too_hot,
    }
    return [name for name, up in flags.items() if up]


def _rss_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _guard(socket: Path) -> dict[str, float] | None:
    """Readings a second of each sensor, by its place; None where no guard is heard."""
    try:
        newest = listen(socket, LISTEN_S)
    except HardwareError:
        return None
    if newest is None:
        return None
    return {each.position.value: 1000 / each.interval_ms for each in newest.sensors if each.interval_ms}


def _device_runs() -> bool:
    command = shutil.which("systemctl")
    if command is None:
        return False
    try:
        asked = subprocess.run(
            [command, "is-active", "--quiet", "kith.service"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return asked.returncode == 0
