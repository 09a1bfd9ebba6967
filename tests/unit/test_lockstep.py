"""Virtual time: what comes first, and what is not kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from kith.app.events import Event
from kith.app.lockstep import NOBODY, Around, Lockstep
from kith.clock import NS_PER_S, VirtualClock
from kith.config import CameraSettings
from kith.drivers.simulated_button import parse_presses
from kith.drivers.simulated_camera import FrameSource, Outage, OutageKind, SimulatedCamera
from kith.ports import Narration, NarrationEnd, Subject
from tests.unit._device_kit import PICTURE, Eyes, make_device

FPS = 30


class Walk:
    """A simulation of so many seconds of nothing."""

    def __init__(self, folder: Path, seconds: float, *outages: Outage, narrator: Slow | None = None) -> None:
        self.events: list[Event] = []
        self.eyes = Eyes()
        self.clock = VirtualClock()
        self.device = make_device(folder, self.eyes, self.clock, self.events.append, reader=narrator)
        count = round(seconds * FPS)
        source = FrameSource(fps=FPS, count=count, frames=lambda: iter([PICTURE.copy()] * count))
        camera = SimulatedCamera(source, self.clock, paced=False, outages=outages)
        self.lockstep = Lockstep(
            self.device,
            self.clock,
            camera,
            None,
            settings=CameraSettings(),
            watch=lambda *_: None,
            around=Around(pause=narrator.pause) if narrator else NOBODY,
        )

    def run(self, button: str = "") -> None:
        self.lockstep.run(parse_presses(button), ())
        self.device.close()


def test_the_greeting_comes_before_a_fault_of_the_camera(tmp_path: Path) -> None:
    walk = Walk(tmp_path, 2, Outage(kind=OutageKind.UNPLUG, from_ns=0, to_ns=NS_PER_S))
    walk.run()
    assert [event.kind for event in walk.events if event.kind in ("ready", "fault")] == ["ready", "fault"]


def test_nothing_is_kept_of_a_face_once_the_camera_is_closed(tmp_path: Path) -> None:
    walk = Walk(tmp_path, 8)
    walk.run("1 hold4")
    assert walk.eyes.asked.count("forget") == 1
    forgot = walk.eyes.asked.index("forget")
    assert set(walk.eyes.asked) == {"look", "forget"}
    assert forgot == len(walk.eyes.asked) - 1  # it stays closed to the end
    assert walk.events[-1].kind != "fault"


def test_lost_faces_are_forgotten_also_while_the_camera_is_gone(tmp_path: Path) -> None:
    walk = Walk(tmp_path, 3, Outage(kind=OutageKind.UNPLUG, from_ns=NS_PER_S, to_ns=9 * NS_PER_S))
    walk.run()
    assert [at_ns for at_ns in walk.eyes.idle_ns if NS_PER_S * 3 // 2 < at_ns < 2 * NS_PER_S]


class Slow:
    """A narrator that tells what it has to tell after so many pauses of the simulation."""

    def __init__(self, pauses: int) -> None:
        self._left = pauses
        self.paused_s: list[float] = []
        self._tell: Callable[[], None] | None = None

    def begin(self, number: int, subject: Subject, on_news: Callable[[Narration], None]) -> None:
        news = Narration(number=number, text="A door.", end=NarrationEnd.DONE)
        self._tell = lambda: on_news(news)

    def cancel(self) -> None:
        self._tell = None

    def pause(self, seconds: float) -> None:
        self.paused_s.append(seconds)
        self._left -= 1
        if self._left == 0 and self._tell is not None:
            self._tell()


def test_virtual_time_does_not_run_away_from_a_narrator_at_work(tmp_path: Path) -> None:
    """Its answer comes in its own time: as long as it takes a second lasts a second."""
    narrator = Slow(pauses=150)
    walk = Walk(tmp_path, 8, narrator=narrator)
    walk.run("1 triplehold")
    said = [(event.at_ns, event.text) for event in walk.events if event.kind == "announcement"]
    asked_ns = next(at_ns for at_ns, text in said if text == "Reading.")
    told_ns = next(at_ns for at_ns, text in said if text == "A door.")
    assert told_ns - asked_ns >= 1.5 * NS_PER_S
    assert narrator.paused_s == [0.01] * 150
