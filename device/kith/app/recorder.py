"""Turns frames and events of a run into what it leaves behind: timeline, event file, contact sheet, video."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from kith.app.events import Event, EventFile
from kith.clock import NS_PER_S
from kith.guard.ports import OutputEdge, RangeReading, SensorState, Warned
from kith.guard.settings import GuardSettings
from kith.simulation.contact_sheet import ContactSheet
from kith.simulation.output_files import check_output
from kith.simulation.range_plot import RangePlot
from kith.simulation.snapshots import FaceMark, Snapshot
from kith.simulation.timeline import Timeline
from kith.simulation.video_out import VideoOut
from kith.types import Frame, Outcome, SeenFace, Sighting

_CAPTION_S = 3.0

LabelOf = Callable[[int], tuple[str, Outcome | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """Where to write; None for not at all. sent: the picture that left the device for a description."""

    events: Path | None = None
    picture: Path | None = None
    video: Path | None = None
    sent: Path | None = None


class Recorder:
    """Looks on at one run. Close it, whatever happened: what was recorded so far is written then."""

    def __init__(self, outputs: Outputs, timeline: Timeline | None, *, fps: float, duration_s: float) -> None:
        self._outputs, self._timeline, self._duration_s = outputs, timeline, duration_s
        self._files = ExitStack()
        self._start_ns = 0
        self._event_file: EventFile | None = None
        self._sheet = ContactSheet() if outputs.picture else None
        self._video = VideoOut(outputs.video, fps) if outputs.video else None
        self._plot: RangePlot | None = None
        self._caption = ("", -_CAPTION_S)

    def begin(self, start_ns: int) -> None:
        """The run starts at this time. Raises InputError when a file cannot be written."""
        self._start_ns = start_ns
        if self._outputs.picture:
            check_output(self._outputs.picture)
        if self._outputs.events:
            self._event_file = self._files.enter_context(EventFile(self._outputs.events, start_ns))

    def event(self, event: Event) -> None:
        """Something happened."""
        t_s = self._since_s(event.at_ns)
        if event.kind == "announcement":
            self._caption = (event.text, t_s)
        if self._event_file:
            self._event_file(event)
        # That the main daemon has heard of a beep tells the reader nothing new.
        if self._timeline and event.kind != "proximity":
            self._timeline.event(t_s, event.kind, event.text)
        if self._sheet:
            self._sheet.event(t_s, event.kind, event.text)

    def frame(self, frame: Frame, sighting: Sighting | None, now_ns: int, label_of: LabelOf) -> None:
        """A frame passed, with the newest sighting."""
        t_s = self._since_s(now_ns)
        faces = sighting.faces if sighting else ()
        if self._timeline:
            self._timeline.progress(t_s, self._duration_s, len(faces))
        if not self._sheet and not self._video:
            return
        text, said_s = self._caption
        snapshot = Snapshot(
            t_s=t_s,
            rgb=frame.rgb,
            marks=tuple(_mark(face, label_of) for face in faces),
            captions=(text,) if t_s - said_s < _CAPTION_S else (),
        )
        if self._sheet:
            self._sheet.add(snapshot)
        if self._video:
            self._video.write(snapshot)

    def plot_ranges(self, settings: GuardSettings) -> None:
        """There is a guard, and it is to be drawn; it tells by the three methods below."""
        if self._sheet:
            self._plot = RangePlot()
            self._sheet.plot_ranges(self._plot, settings)

    def reading(self, reading: RangeReading) -> None:
        """A range sensor answered."""
        if self._plot:
            self._plot.reading(self._since_s(reading.at_ns), reading)

    def guarded(self, warned: Warned, sensors: tuple[SensorState, ...], now_ns: int) -> None:
        """What the guard makes of its readings."""
        if self._plot:
            self._plot.state(self._since_s(now_ns), warned, sensors)

    def edge(self, edge: OutputEdge) -> None:
        """The guard's outputs go on or off."""
        if self._plot:
            self._plot.edge(self._since_s(edge.at_ns), edge.pitch_hz)

    def close(self) -> None:
        """Write what is still to be written: each, also when another cannot be. Raises InputError."""
        with ExitStack() as last_to_first:
            if self._sheet and self._outputs.picture:
                last_to_first.callback(self._sheet.save, self._outputs.picture)
            if self._video:
                last_to_first.callback(self._video.close)
            last_to_first.callback(self._files.close)

    def _since_s(self, at_ns: int) -> float:
        return (at_ns - self._start_ns) / NS_PER_S


def _mark(face: SeenFace, label_of: LabelOf) -> FaceMark:
    label, outcome = label_of(face.tracked.track_id)
    return FaceMark(box=face.tracked.face.box, label=label, outcome=outcome, rejection=face.tracked.rejection)
