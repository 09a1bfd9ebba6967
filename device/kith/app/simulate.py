"""`kith simulate`: the whole device on a desk."""

from __future__ import annotations

import logging
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from kith.app.board_care import Asking
from kith.app.demo_walk import DemoWalk, enrol_cast, load_walk
from kith.app.events import Event, Observer
from kith.app.guarding import Rehearsal
from kith.app.injections import Injections, parse_faults
from kith.app.latency import Latency
from kith.app.lockstep import STEP_NS
from kith.app.name_sayers import Answering, open_microphone, parse_names
from kith.app.optional import open_describer, open_reader
from kith.app.paths import gallery_file, models_dir
from kith.app.recorder import Outputs, Recorder
from kith.app.simulating import Cast, RealTime, in_lockstep
from kith.app.wiring import Fittings, assemble, quieten_opencv
from kith.clock import NS_PER_S, Clock, MonotonicClock, VirtualClock
from kith.config import Settings
from kith.drivers.simulated_board import ScriptedBoard
from kith.drivers.simulated_button import parse_presses
from kith.drivers.simulated_camera import FrameSource, SimulatedCamera, photo_source, video_source
from kith.drivers.speech import open_speech
from kith.errors import InputError, KithError
from kith.guard.settings import GuardSettings
from kith.simulation.output_files import check_apart, check_output
from kith.simulation.timeline import Timeline
from kith.types import ButtonEdge

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to simulate. With neither video nor photos it is the demo walk; data None: a gallery that is
    thrown away afterwards. scene: what the range sensors meet; None: the demo walk's own, else no guard.
    names: what is said when Kith asks for a name, as "Grace; Ben"; empty: there is no microphone.
    latency: take the time from shutter to sound, in real time then."""

    video: Path | None = None
    photos: Path | None = None
    scene: Path | None = None
    guard: GuardSettings = field(default_factory=GuardSettings)
    data: Path | None = None
    button: str = ""
    names: str = ""
    faults: str = ""
    sound: Path | None = None
    outputs: Outputs = field(default_factory=Outputs)
    realtime: bool = False
    latency: bool = False
    quiet: bool = False

    @property
    def waits(self) -> bool:
        """Whether time passes by itself."""
        return self.realtime or self.latency


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a simulation came to. spoken: announcements in words. late_presses, late_faults: how many came
    after the end and were not made; a double tap is two presses. latency: lines of a table, if asked for."""

    simulated_s: float
    took_s: float
    spoken: int
    late_presses: int = 0
    late_faults: int = 0
    latency: tuple[str, ...] = ()


def simulate(settings: Settings, request: Request) -> Summary:
    """Run one simulation. Raises KithError."""
    began_s = time.monotonic()
    quieten_opencv()
    plan = _plan(request)
    source, injections = plan.source, plan.injections
    with ExitStack() as stack:
        state = request.data or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kith-")))
        if plan.walk:
            enrol_cast(plan.walk, settings, state)
        timeline = None if request.quiet else Timeline(sys.stdout)
        recorder = Recorder(request.outputs, timeline, fps=source.fps, duration_s=source.duration_s)
        stack.push(_Closing(recorder))
        clock: MonotonicClock | VirtualClock = MonotonicClock() if request.waits else VirtualClock()
        spoken = _Count(recorder.event)
        cast = _cast(stack, settings, plan, state, clock, recorder, spoken)
        if isinstance(clock, VirtualClock):
            simulated_ns = in_lockstep(cast, clock, plan.edges, injections)
        else:
            simulated_ns = RealTime(cast, clock).run(plan.edges, injections)
    return Summary(
        simulated_s=simulated_ns / NS_PER_S,
        took_s=time.monotonic() - began_s,
        spoken=spoken.count,
        late_presses=sum(edge.down and edge.at_ns > simulated_ns - STEP_NS for edge in plan.edges),
        late_faults=_late_faults(injections, simulated_ns, round(source.duration_s * NS_PER_S)),
        latency=tuple(cast.latency.lines()) if cast.latency else (),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """A request whose files were read and whose scripts were understood."""

    request: Request
    walk: DemoWalk | None
    edges: tuple[ButtonEdge, ...]
    names: tuple[str, ...]
    injections: Injections
    rehearsal: Rehearsal | None
    source: FrameSource


def _plan(request: Request) -> _Plan:
    walk = None if request.video or request.photos else load_walk()
    _check_outputs(request, walk)
    injections = parse_faults(request.faults)
    return _Plan(
        request=request,
        walk=walk,
        edges=parse_presses(request.button or (walk.button if walk else "")),
        names=parse_names(request.names) or (walk.names if walk else ()),
        injections=injections,
        rehearsal=_rehearsal(request, walk, injections),
        source=_source(request, walk),
    )


def _cast(
    stack: ExitStack,
    settings: Settings,
    plan: _Plan,
    state: Path,
    clock: MonotonicClock | VirtualClock,
    recorder: Recorder,
    observe: Observer,
) -> Cast:
    realtime, rehearsal = plan.request.waits, plan.rehearsal
    microphone = None
    if plan.names:
        microphone = open_microphone(settings.announce, plan.names, clock, paced=realtime)
        stack.callback(microphone.stop)
        observe = _Both(observe, Answering(microphone))
    latency = Latency() if plan.request.latency else None
    if latency:
        observe = _Both(observe, latency.event)
    speech = open_speech(settings.announce)
    stack.callback(speech.close)
    file = gallery_file(state)
    device = assemble(
        settings,
        file,
        speech,
        clock,
        observe,
        virtual_time=not realtime,
        fittings=Fittings(
            guarded=rehearsal is not None,
            microphone=microphone,
            describer=open_describer(settings, _keeper(plan.request.outputs.sent)),
            reader=open_reader(settings.reading, models_dir()),
        ),
    )
    stack.callback(device.close)
    if rehearsal:
        recorder.plot_ranges(rehearsal.settings)
    return Cast(
        settings=settings.camera,
        sound_device=settings.announce.sound_device,
        device=device,
        camera=SimulatedCamera(plan.source, clock, paced=realtime, outages=plan.injections.outages),
        recorder=recorder,
        observe=observe,
        rehearsal=rehearsal,
        sound=plan.request.sound,
        latency=latency,
        microphone=microphone,
        board=_board(settings, plan.injections, clock),
    )


def _board(settings: Settings, injections: Injections, clock: Clock) -> Asking | None:
    if not injections.board:
        return None
    board = ScriptedBoard(injections.board, clock)
    return Asking(board, board, settings.board.check_interval_ms)


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


class _Both:
    """Tells two."""

    def __init__(self, first: Observer, second: Observer) -> None:
        self._first, self._second = first, second

    def __call__(self, event: Event) -> None:
        self._first(event)
        self._second(event)


class _Count:
    """Counts what is said, and hands all on."""

    def __init__(self, observe: Observer) -> None:
        self._observe = observe
        self.count = 0

    def __call__(self, event: Event) -> None:
        self.count += event.kind == "announcement"
        self._observe(event)


def _check_outputs(request: Request, walk: DemoWalk | None) -> None:
    asked = {
        "--events": request.outputs.events,
        "--sound": request.sound,
        "--picture": request.outputs.picture,
        "--video-out": request.outputs.video,
        "--sent": request.outputs.sent,
    }
    outputs = {option: path for option, path in asked.items() if path is not None}
    for path in outputs.values():
        check_output(path)
    video, scene = (walk.video, walk.scene) if walk else (request.video, request.scene)
    check_apart(outputs, video, request.photos, request.scene or scene)


def _keeper(file: Path | None) -> Callable[[bytes], None] | None:
    """Keeps what leaves the device for a description, the last of several."""

    def keep(picture: bytes) -> None:
        try:
            written.write_bytes(picture)
        except OSError as error:
            _LOG.error("cannot write the picture to %s: %s", written, error.strerror)

    if file is None:
        return None
    written = file
    return keep


def _late_faults(injections: Injections, lasted_ns: int, filmed_ns: int) -> int:
    """A camera that has shown all it had cannot fail any more, voice and range sensors can until the end."""
    late = sum(each.from_ns >= min(filmed_ns, lasted_ns) for each in injections.outages)
    late += sum(each.from_s * NS_PER_S > lasted_ns - STEP_NS for each in injections.troubles)
    late += sum(each.from_ns > lasted_ns - STEP_NS for each in injections.board)
    return late + sum(at_ns > lasted_ns - STEP_NS for at_ns in injections.voice_killed_ns)


def _rehearsal(request: Request, walk: DemoWalk | None, injections: Injections) -> Rehearsal | None:
    file, settings = request.scene, request.guard
    if walk and file is None:
        file, settings = walk.scene, walk.sensors_of(settings)
    if file is not None:
        rehearsal = Rehearsal(settings=settings, file=file, troubles=injections.troubles)
        rehearsal.scene()  # what is wrong with it is told before anything else begins
        for trouble in injections.troubles:
            if trouble.position is not None and trouble.position not in rehearsal.positions:
                where = trouble.position.value
                raise InputError(
                    f"there is no range sensor at the {where} that could fail: see [guard.{where}] kind"
                )
        return rehearsal
    if injections.troubles:
        raise InputError("there is no range sensor that could fail: give --scene FILE")
    return None


def _source(request: Request, walk: DemoWalk | None) -> FrameSource:
    if request.video and request.photos:
        raise InputError("give either --video or --photos, not both")
    if walk:
        return video_source(walk.video)
    if request.video:
        return video_source(request.video)
    assert request.photos is not None
    return photo_source(request.photos, lambda path, reason: print(f"kith: {reason}", file=sys.stderr))
