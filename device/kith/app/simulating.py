"""The two ways to let time pass in a simulation."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from kith.app.board_care import Asking
from kith.app.daemon import Daemon, Message, Parts
from kith.app.events import Observer
from kith.app.guard_process import BeepingSink, GuardProcess
from kith.app.guarding import Audience, Guarding, Rehearsal
from kith.app.injections import Injections
from kith.app.latency import Latency
from kith.app.lockstep import Around, Guard, Lockstep
from kith.app.looking import Looked
from kith.app.recorder import Recorder
from kith.app.wiring import Device
from kith.clock import MonotonicClock, VirtualClock
from kith.config import CameraSettings
from kith.drivers.buzzer_sound import BuzzerSound
from kith.drivers.simulated_button import ScriptedButton
from kith.drivers.simulated_camera import SimulatedCamera
from kith.drivers.simulated_microphone import SimulatedMicrophone
from kith.drivers.speaker import SpeakerSink
from kith.drivers.speech_process import SpeechProcess
from kith.drivers.wav import PacedSink, TeeSink, WavSink
from kith.errors import AudioFault, AudioUnavailable, InputError
from kith.ports import AudioSink, Speech
from kith.runtime.inbox import Inbox
from kith.types import I16, ButtonEdge, Frame, Playback, Sighting

_log = logging.getLogger(__name__)

Actions = tuple[tuple[int, Callable[[], None]], ...]

_VOICE_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """All that takes part. sound: the file to write, rehearsal: the guard, latency: who takes the times of a
    run in real time, microphone: who says the names, board: what is asked how it is; None: none."""

    settings: CameraSettings
    sound_device: str
    device: Device
    camera: SimulatedCamera
    recorder: Recorder
    observe: Observer
    rehearsal: Rehearsal | None
    sound: Path | None
    latency: Latency | None = None
    microphone: SimulatedMicrophone | None = None
    board: Asking | None = None

    def frame(self, frame: Frame, sighting: Sighting | None, now_ns: int) -> None:
        """A frame has passed."""
        self.recorder.frame(frame, sighting, now_ns, self.device.core.label_of)


def in_lockstep(
    cast: Cast, clock: VirtualClock, edges: tuple[ButtonEdge, ...], injections: Injections
) -> int:
    """As fast as it can; returns how long it lasted, in ns. Raises KithError."""
    began_ns = clock.now_ns()
    cast.recorder.begin(began_ns)
    with ExitStack() as stack:
        sink = WavSink(cast.sound) if cast.sound else None
        if sink:
            stack.callback(sink.close)
        guard = None
        if cast.rehearsal:
            sound = BuzzerSound()
            audience = Audience(onlooker=cast.recorder, observe=cast.observe, hear=sound.edge)
            guard = Guard(guarding=Guarding(cast.rehearsal, clock, audience), sound=sound)
        runner = Lockstep(
            cast.device,
            clock,
            cast.camera,
            sink,
            settings=cast.settings,
            watch=cast.frame,
            around=Around(guard=guard, microphone=cast.microphone, board=cast.board),
        )
        runner.run(edges, _actions(cast, injections))
    return clock.now_ns() - began_ns


class RealTime:
    """As the wearable does it, with its threads, and the guard as a process of its own."""

    def __init__(self, cast: Cast, clock: MonotonicClock) -> None:
        self._cast, self._clock = cast, clock
        self._file: _SoundFile | None = None
        self._opened = False
        self._beeps = BeepingSink(clock)
        self._guard: GuardProcess | None = None

    def run(self, edges: tuple[ButtonEdge, ...], injections: Injections) -> int:
        """Until it ends; returns how long it lasted, in ns. Raises KithError."""
        cast, inbox = self._cast, Inbox[Message](self._clock)
        with ExitStack() as stack:
            if cast.rehearsal:
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kith-guard-")))
                audience = Audience(onlooker=cast.recorder, observe=cast.observe, hear=self._beeps.edge)
                self._guard = GuardProcess(cast.rehearsal, folder, audience)
                stack.callback(self._guard.close)
                self._guard.start()
            parts = Parts(
                camera=cast.camera,
                open_sink=self._open_sink,
                button=ScriptedButton(edges, _actions(cast, injections), self._clock),
                guard=self._guard.socket if self._guard else None,
                board=cast.board,
            )
            runner = Daemon(
                cast.device,
                parts,
                self._clock,
                inbox,
                settings=cast.settings,
                on_handled=self._handled,
            )
            began_ns = self._clock.now_ns()
            cast.recorder.begin(began_ns)
            if not runner.run():
                raise InputError("the simulation ended because a part failed again and again; see above")
            lasted_ns = self._clock.now_ns() - began_ns
            if self._file and not self._file.whole:
                raise InputError(f"the sound in {cast.sound} is not whole; see above")
        return lasted_ns

    def _handled(self, message: Looked | Playback) -> None:
        if self._cast.latency:
            self._cast.latency.handled(message)
        if isinstance(message, Playback):
            return
        if self._guard:
            self._guard.follow()
        self._cast.frame(message.frame, message.sighting, self._clock.now_ns())

    def _open_sink(self) -> AudioSink:
        return self._beeps.into(self._open_plain()) if self._guard else self._open_plain()

    def _open_plain(self) -> AudioSink:
        """A speaker where there is one, the file where one is asked for; a desk may have neither. After a
        fault the file keeps what it holds, and only the speaker is opened again."""
        if self._file:
            self._file.whole = False
        elif self._cast.sound:
            self._file = _SoundFile(self._cast.sound)
        again, self._opened = self._opened, True
        try:
            speaker = SpeakerSink(self._cast.sound_device)
        except AudioUnavailable:
            if again:
                raise
            return PacedSink(self._file or _Unheard())
        return TeeSink(speaker, self._file) if self._file and not again else speaker


class _Unheard:
    """`ports.AudioSink` where there is neither speaker nor file: what is said lasts as long and is lost."""

    def __init__(self) -> None:
        self._closed = False

    def write(self, block: I16) -> None:
        if self._closed:
            raise AudioFault("the sound was closed")

    def close(self) -> None:
        self._closed = True


class _SoundFile:
    """The file that was asked for, in real time: remembers whether all of the sound is in it."""

    def __init__(self, path: Path) -> None:
        self._sink = WavSink(path)
        self.whole = True

    def write(self, block: I16) -> None:
        try:
            self._sink.write(block)
        except AudioFault:
            self.whole = False
            raise

    def close(self) -> None:
        self._sink.close()


def _actions(cast: Cast, injections: Injections) -> Actions:
    return tuple((at_ns, lambda: _kill(cast.device.speech)) for at_ns in injections.voice_killed_ns)


def _kill(speech: Speech) -> None:
    """Virtual time stands still meanwhile, so that every fault that was asked for is had."""
    if not isinstance(speech, SpeechProcess) or not speech.crash(within_s=_VOICE_TIMEOUT_S):
        _log.warning("there was no voice to kill")
