"""The guard of a simulation in real time: the real process, before simulated sensors. It is followed by the
trace that it writes: played again here, event by event, for those who look on."""

from __future__ import annotations

import dataclasses
import json
import os
import queue
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, Any

from kith.app.guarding import Audience, Rehearsal, WatchedGuard
from kith.app.lockstep import mixed
from kith.clock import NS_PER_MS, NS_PER_S, Clock, Tick
from kith.drivers.buzzer_sound import BuzzerSound
from kith.drivers.simulated_scene import Trouble
from kith.errors import InputError
from kith.guard.machine import GuardMachine
from kith.guard.ports import OutputEdge, Position, RangeReading, RangeStatus
from kith.guard.settings import GuardSettings
from kith.ports import AudioSink
from kith.types import I16, SAMPLE_RATE_HZ

_BEGIN_S, _END_S = 5.0, 3.0
_FOR_EVER_S = 1_000_000
"""It is to go on after its scene, as long as the rest does."""
_LATER_NS = 50 * NS_PER_MS
"""Beeps are mixed in so much later than the guard makes them, so that they keep their length."""
_ADRIFT_NS = 100 * NS_PER_MS


class GuardProcess:
    """`kith-guard` as a child, told to send to `socket`."""

    def __init__(self, rehearsal: Rehearsal, folder: Path, audience: Audience) -> None:
        """Writes its settings and its scene into `folder`. audience: told by `follow`, but for the sound: its
        `hear` is called at once, from a thread. Raises InputError."""
        self._rehearsal, self._audience = rehearsal, audience
        self.socket = folder / "guard.sock"
        self._config, self._scene = folder / "guard.toml", folder / "scene.toml"
        self._config.write_text(_settings_text(rehearsal.settings), encoding="utf-8")
        self._scene.write_text(_scene_text(rehearsal), encoding="utf-8")
        self._lines: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._guard: WatchedGuard | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None
        self._begun = threading.Event()

    def start(self) -> None:
        """Let it run; returns when it has begun, and its scene with it."""
        self._begun.clear()
        ours, theirs = os.pipe()
        options = {"--config": self._config, "--simulate": self._scene, "--link": self.socket,
                   "--trace": f"/dev/fd/{theirs}", "--seconds": _FOR_EVER_S}  # fmt: skip
        words = [str(word) for option in options.items() for word in option]
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "kith.guardd", *words], pass_fds=[theirs], stdout=subprocess.DEVNULL
            )
        finally:
            os.close(theirs)
        trace = os.fdopen(ours, "rb")
        self._reader = threading.Thread(target=self._read, args=(trace,), name="kith-trace", daemon=True)
        self._reader.start()
        self._begun.wait(_BEGIN_S)

    @property
    def ended(self) -> bool:
        """Whether it runs no more."""
        return self._process is None or self._process.poll() is not None

    def follow(self) -> None:
        """Tell the audience what the guard has done since the last call."""
        while not self._lines.empty():
            self._play_again(self._lines.get())

    def close(self) -> None:
        """End it. Raises InputError when it had ended by itself, with an error."""
        if self._process is None or self._reader is None:
            return
        ended = self._process.poll()
        self._process.terminate()
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(_END_S)
        self.follow()
        if ended:
            raise InputError(f"the guard ended with status {ended}; see above")

    def _read(self, trace: IO[bytes]) -> None:
        with trace:
            for line in trace:
                told = json.loads(line)
                if told["event"] == "edge":
                    self._audience.hear(OutputEdge(pitch_hz=told["pitch_hz"], at_ns=told["t_ns"]))
                else:
                    self._lines.put(told)
                    self._begun.set()
        self._begun.set()  # or never will

    def _play_again(self, told: dict[str, Any]) -> None:
        if told["event"] == "begin":
            settings = self._rehearsal.settings
            machine = GuardMachine(settings, self._rehearsal.positions, told["t_ns"])
            silent = dataclasses.replace(self._audience, hear=_nothing)
            self._guard = WatchedGuard(machine, silent)
            self._guard.self_test(told["t_ns"])
        elif self._guard is None:
            return
        elif told["event"] == "tick":
            self._guard.step(Tick(), told["t_ns"])
        elif told["event"] == "reading":
            reading = RangeReading(
                position=Position(told["position"]),
                status=RangeStatus(told["status"]),
                distance_mm=told["distance_mm"],
                at_ns=told["at_ns"],
            )
            self._guard.step(reading, told["t_ns"])


class BeepingSink:
    """Another sink with the guard's beeps mixed in. `edge` may be called from any thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._edges: queue.SimpleQueue[OutputEdge] = queue.SimpleQueue()
        self._sound = BuzzerSound()
        self._sink: AudioSink | None = None
        self._heard_ns = 0

    def edge(self, edge: OutputEdge) -> None:
        """The guard's outputs go on or off."""
        self._edges.put(dataclasses.replace(edge, at_ns=edge.at_ns + _LATER_NS))

    def into(self, sink: AudioSink) -> AudioSink:
        """Play into this one from now on."""
        self._sink = sink
        return self

    def write(self, block: I16) -> None:
        """See `ports.AudioSink.write`."""
        assert self._sink is not None
        while not self._edges.empty():
            self._sound.edge(self._edges.get())
        now_ns = self._clock.now_ns()
        if abs(now_ns - self._heard_ns) > _ADRIFT_NS:
            self._heard_ns = now_ns
        beeps = self._sound.render(len(block), self._heard_ns)
        self._heard_ns += len(block) * NS_PER_S // SAMPLE_RATE_HZ
        self._sink.write(mixed(block, beeps))

    def close(self) -> None:
        """See `ports.AudioSink.close`."""
        if self._sink is not None:
            self._sink.close()


def _nothing(edge: OutputEdge) -> None:
    """It was heard already."""


def _settings_text(settings: GuardSettings) -> str:
    lines: list[str] = []
    for name, table in dataclasses.asdict(settings).items():
        lines.append(f"[guard.{name}]")
        lines += [f"{key} = {json.dumps(value)}" for key, value in table.items()]
    return "\n".join([*lines, ""])


def _scene_text(rehearsal: Rehearsal) -> str:
    """The scene with the troubles that were asked for besides."""
    try:
        text = rehearsal.file.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot read the scene {rehearsal.file}: {error.strerror}") from error
    return "\n".join([text, *map(_trouble_text, rehearsal.troubles), ""])


def _trouble_text(trouble: Trouble) -> str:
    where = "" if trouble.position is None else f'position = "{trouble.position}"\n'
    return f'[[trouble]]\nkind = "{trouble.kind}"\n{where}from_s = {trouble.from_s}\nto_s = {trouble.to_s}\n'
