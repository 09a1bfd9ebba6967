"""A PulseAudio server of our own with a sink that can be listened to: a real sound device without a card."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

import numpy as np

from kith.types import I16, SAMPLE_RATE_HZ

START_TIMEOUT_S = 10.0
_SINK = f"rate={SAMPLE_RATE_HZ} channels=2 format=s16le"
_FRAME_BYTES = 4
_PAREC = ("--channels=2", "--format=s16le", "--latency-msec=5")


def why_not() -> str:
    """What is missing for it here; empty when it can run."""
    for program, package in (("pulseaudio", "pulseaudio"), ("parec", "pulseaudio-utils")):
        if not shutil.which(program):
            return f"{program} is missing: sudo apt-get install {package}"
    if not list(Path("/usr/lib").glob("*/alsa-lib/libasound_module_pcm_pulse.so")):
        return "ALSA does not know PulseAudio: sudo apt-get install libasound2-plugins"
    try:
        import sounddevice  # noqa: F401
    except OSError:
        return "PortAudio is missing: sudo apt-get install libportaudio2"
    except ImportError:
        return "sounddevice is missing: pip install sounddevice"
    return ""


class Pulse:
    """A running server. folder: its runtime directory, of its own."""

    def __init__(self, folder: Path) -> None:
        self.environment = {
            "XDG_RUNTIME_DIR": str(folder),
            "HOME": str(folder),
            "PULSE_SERVER": f"unix:{folder}/socket",
            "PULSE_COOKIE": f"{folder}/cookie",
        }
        modules = [
            f"module-native-protocol-unix socket={folder}/socket auth-anonymous=1",
            f"module-null-sink sink_name=kith {_SINK}",
        ]
        self._folder = folder
        self._server = subprocess.Popen(
            [
                "pulseaudio",
                "-n",
                "--daemonize=no",
                "--exit-idle-time=-1",
                "--use-pid-file=no",
                "--log-level=error",
            ]
            + [f"--load={module}" for module in modules],
            env=os.environ | self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._await()

    def _await(self) -> None:
        end_s = time.monotonic() + START_TIMEOUT_S
        asking = ["pactl", "list", "short", "sinks"]
        while time.monotonic() < end_s and self._server.poll() is None:
            answer = subprocess.run(
                asking,
                env=os.environ | self.environment,
                capture_output=True,
                text=True,
                check=False,
                timeout=10,
            )
            if "kith" in answer.stdout:
                return
            time.sleep(0.05)
        self.stop()
        raise RuntimeError("pulseaudio did not start")

    def stop(self) -> None:
        """End the server, as when the sound card is pulled out."""
        self._server.terminate()
        try:
            self._server.wait(5)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait(5)

    def listen(self, sink: str = "kith") -> Monitor:
        """Hear what is played."""
        return Monitor(os.environ | self.environment, sink)

    def plug(self, sink: str = "kith") -> int:
        """One more sink, as a headset that is plugged in; its number, to unplug it by."""
        return int(self._ask("load-module", "module-null-sink", f"sink_name={sink}", *_SINK.split()))

    def unplug(self, number: int | None = None) -> None:
        """A sink is gone; None: all are."""
        self._ask("unload-module", "module-null-sink" if number is None else str(number))

    def _ask(self, *words: str) -> str:
        return subprocess.run(
            ["pactl", *words],
            env=os.environ | self.environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        ).stdout


@contextmanager
def pulse(folder: Path) -> Iterator[Pulse]:
    """A server, and PortAudio in this process looking at it."""
    server = Pulse(folder)
    before = {name: os.environ.get(name) for name in server.environment}
    os.environ.update(server.environment)
    _look_again()
    try:
        yield server
    finally:
        server.stop()
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        _look_again()


class Monitor:
    """What the sink plays, with the time at which each piece was heard."""

    def __init__(self, environment: dict[str, str], sink: str) -> None:
        self._recorder = subprocess.Popen(
            [*f"parec --raw --device={sink}.monitor --rate={SAMPLE_RATE_HZ}".split(), *_PAREC],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
        )
        self._pieces: list[tuple[int, bytes]] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def __enter__(self) -> Monitor:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._recorder.terminate()
        self._recorder.wait(5)
        self._thread.join(5)
        if self._recorder.stdout:
            self._recorder.stdout.close()

    def _run(self) -> None:
        assert self._recorder.stdout
        while piece := self._recorder.stdout.read(4096):
            self._pieces.append((time.monotonic_ns(), piece))

    def pieces(self) -> list[tuple[int, bytes]]:
        """All that was heard, each piece with the time at which it was there."""
        return list(self._pieces)

    def heard(self, from_ns: int = 0) -> I16:
        """i16[n, 2] of all that was heard since."""
        data = b"".join(piece for at_ns, piece in list(self._pieces) if at_ns >= from_ns)
        return np.frombuffer(data[: len(data) // _FRAME_BYTES * _FRAME_BYTES], np.int16).reshape(-1, 2)

    def first_sound_ns(self, from_ns: int, level: int = 300) -> int | None:
        """When something louder than level was first heard; up to 10 ms late."""
        return next((at for at, piece in list(self._pieces) if at >= from_ns and _loud(piece, level)), None)

    def last_sound_ns(self, from_ns: int, level: int = 300) -> int | None:
        """When something louder than level was last heard."""
        return next(
            (at for at, piece in reversed(self._pieces) if at >= from_ns and _loud(piece, level)), None
        )

    def quiet_for_s(self, level: int = 300) -> float:
        """How long nothing louder than level was heard, by the samples that came; 0 before any sound."""
        sound = np.abs(self.heard().astype(np.int32)).max(axis=1, initial=0)
        loud = np.flatnonzero(sound > level)
        return (len(sound) - 1 - int(loud[-1])) / SAMPLE_RATE_HZ if len(loud) else 0.0


def _loud(piece: bytes, level: int) -> bool:
    samples = np.frombuffer(piece[: len(piece) // 2 * 2], np.int16).astype(np.int32)
    return bool(np.abs(samples).max(initial=0) > level)


def _look_again() -> None:
    """PortAudio looks for devices only when it starts."""
    import sounddevice

    sounddevice._terminate()
    sounddevice._initialize()
