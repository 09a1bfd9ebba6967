"""`kith simulate`: the whole device on a desk."""

from __future__ import annotations

import logging
import os
import signal
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from kith.app.daemon import Daemon, Message, Parts
from kith.app.demo_walk import DemoWalk, enrol_cast, load_walk
from kith.app.events import Event
from kith.app.injections import Injections, parse_faults
from kith.app.lockstep import STEP_NS, Lockstep
from kith.app.paths import gallery_file
from kith.app.recorder import Outputs, Recorder
from kith.app.wiring import Device, assemble, quieten_opencv
from kith.clock import NS_PER_S, MonotonicClock, VirtualClock
from kith.config import Settings
from kith.drivers.simulated_button import ScriptedButton, parse_presses
from kith.drivers.simulated_camera import FrameSource, SimulatedCamera, photo_source, video_source
from kith.drivers.speaker import SpeakerSink
from kith.drivers.speech import open_speech
from kith.drivers.wav import PacedSink, TeeSink, WavSink
from kith.errors import AudioFault, AudioUnavailable, InputError, KithError
from kith.ports import AudioSink, Speech
from kith.runtime.inbox import Inbox
from kith.simulation.output_files import check_apart, check_output
from kith.simulation.timeline import Timeline
from kith.types import I16, ButtonEdge, Frame, Sighting

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to simulate. With neither video nor photos it is the demo walk; data None: a gallery that is
    thrown away afterwards."""

    video: Path | None = None
    photos: Path | None = None
    data: Path | None = None
    button: str = ""
    faults: str = ""
    sound: Path | None = None
    outputs: Outputs = field(default_factory=Outputs)
    realtime: bool = False
    quiet: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a simulation came to. spoken: announcements in words. late_presses, late_faults: how many came
    after the end and were not made; a double tap is two presses."""

    simulated_s: float
    took_s: float
    spoken: int
    late_presses: int = 0
    late_faults: int = 0


def simulate(settings: Settings, request: Request) -> Summary:
    """Run one simulation. Raises KithError."""
    began_s = time.monotonic()
    quieten_opencv()
    with ExitStack() as stack:
        walk = None if request.video or request.photos else load_walk()
        _check_outputs(request, walk)
        edges = parse_presses(request.button or (walk.button if walk else ""))
        injections = parse_faults(request.faults)
        source = _source(request, walk)
        state = request.data or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kith-")))
        if walk:
            enrol_cast(walk, settings, state)
        timeline = None if request.quiet else Timeline(sys.stdout)
        recorder = Recorder(request.outputs, timeline, fps=source.fps, duration_s=source.duration_s)
        stack.push(_Closing(recorder))
        clock: MonotonicClock | VirtualClock = MonotonicClock() if request.realtime else VirtualClock()
        spoken = _Count()

        def observe(event: Event) -> None:
            spoken.note(event)
            recorder.event(event)

        speech = open_speech(settings.announce)
        stack.callback(speech.close)
        device = assemble(
            settings, gallery_file(state), speech, clock, observe, virtual_time=not request.realtime
        )
        stack.callback(device.close)
        camera = SimulatedCamera(source, clock, paced=request.realtime, outages=injections.outages)
        start_ns = clock.now_ns()
        recorder.begin(start_ns)
        run = _Run(settings, request, device, camera, recorder)
        if isinstance(clock, VirtualClock):
            run.in_lockstep(clock, edges, injections)
        else:
            run.in_real_time(clock, edges, injections)
        lasted_ns = clock.now_ns() - start_ns
    return Summary(
        simulated_s=lasted_ns / NS_PER_S,
        took_s=time.monotonic() - began_s,
        spoken=spoken.count,
        late_presses=sum(edge.down and edge.at_ns > lasted_ns - STEP_NS for edge in edges),
        late_faults=_late_faults(injections, lasted_ns, round(source.duration_s * NS_PER_S)),
    )


class _Closing:
    """Closes a recorder. What went wrong first is the error of the run; what fails after it is logged."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def __enter__(self) -> _Closing:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._recorder.close()
        except KithError as second:
            if error is None:
                raise
            _LOG.error("%s", second)


class _Count:
    def __init__(self) -> None:
        self.count = 0

    def note(self, event: Event) -> None:
        self.count += event.kind == "announcement"


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


class _Run:
    """The two ways to let time pass."""

    def __init__(
        self,
        settings: Settings,
        request: Request,
        device: Device,
        camera: SimulatedCamera,
        recorder: Recorder,
    ) -> None:
        self._settings, self._request, self._device = settings, request, device
        self._camera, self._recorder = camera, recorder
        self._file: _SoundFile | None = None

    def in_lockstep(self, clock: VirtualClock, edges: tuple[ButtonEdge, ...], injections: Injections) -> None:
        """As fast as it can."""
        sink = WavSink(self._request.sound) if self._request.sound else None
        runner = Lockstep(
            self._device, clock, self._camera, sink, settings=self._settings.camera, watch=self._frame
        )
        actions = tuple((at_ns, lambda: _kill(self._device.speech)) for at_ns in injections.voice_killed_ns)
        try:
            runner.run(edges, actions)
        finally:
            if sink:
                sink.close()

    def in_real_time(
        self, clock: MonotonicClock, edges: tuple[ButtonEdge, ...], injections: Injections
    ) -> None:
        """As the wearable does it, with its threads."""
        inbox: Inbox[Message] = Inbox(clock)
        actions = tuple((at_ns, lambda: _kill(self._device.speech)) for at_ns in injections.voice_killed_ns)
        parts = Parts(
            camera=self._camera, open_sink=self._open_sink, button=ScriptedButton(edges, actions, clock)
        )
        runner = Daemon(
            self._device,
            parts,
            clock,
            inbox,
            settings=self._settings.camera,
            on_looked=lambda looked: self._frame(looked.frame, looked.sighting, clock.now_ns()),
        )
        if not runner.run():
            raise InputError("the simulation ended because a part failed again and again; see above")
        if self._file and not self._file.whole:
            raise InputError(f"the sound in {self._request.sound} is not whole; see above")

    def _frame(self, frame: Frame, sighting: Sighting | None, now_ns: int) -> None:
        self._recorder.frame(frame, sighting, now_ns, self._device.core.label_of)

    def _open_sink(self) -> AudioSink:
        """A speaker where there is one, the file where one is asked for. After a fault the file keeps what
        it holds, and only the speaker is opened again."""
        again = self._file is not None
        if self._file:
            self._file.whole = False
        elif self._request.sound:
            self._file = _SoundFile(self._request.sound)
        try:
            speaker = SpeakerSink(self._settings.announce.sound_device)
        except AudioUnavailable:
            if again or self._file is None:
                raise
            return PacedSink(self._file)
        return TeeSink(speaker, self._file) if self._file and not again else speaker


def _check_outputs(request: Request, walk: DemoWalk | None) -> None:
    asked = {
        "--events": request.outputs.events,
        "--sound": request.sound,
        "--picture": request.outputs.picture,
        "--video-out": request.outputs.video,
    }
    outputs = {option: path for option, path in asked.items() if path is not None}
    for path in outputs.values():
        check_output(path)
    check_apart(outputs, walk.video if walk else request.video, request.photos)


def _late_faults(injections: Injections, lasted_ns: int, filmed_ns: int) -> int:
    """A camera that has shown all it had cannot fail any more, a voice can until the end."""
    outages = sum(each.from_ns >= min(filmed_ns, lasted_ns) for each in injections.outages)
    return outages + sum(at_ns > lasted_ns - STEP_NS for at_ns in injections.voice_killed_ns)


def _source(request: Request, walk: DemoWalk | None) -> FrameSource:
    if request.video and request.photos:
        raise InputError("give either --video or --photos, not both")
    if walk:
        return video_source(walk.video)
    if request.video:
        return video_source(request.video)
    assert request.photos is not None
    return photo_source(request.photos, lambda path, reason: print(f"kith: {reason}", file=sys.stderr))


def _kill(speech: Speech) -> None:
    pid = getattr(speech, "pid", None)
    if pid is not None:
        os.kill(pid, signal.SIGKILL)
