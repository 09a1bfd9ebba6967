"""Virtual time: what comes first, and what is not kept."""

from __future__ import annotations

from pathlib import Path

from kith.app.events import Event
from kith.app.lockstep import Lockstep
from kith.clock import NS_PER_S, VirtualClock
from kith.config import CameraSettings
from kith.drivers.simulated_button import parse_presses
from kith.drivers.simulated_camera import FrameSource, Outage, OutageKind, SimulatedCamera
from tests.unit._device_kit import PICTURE, Eyes, make_device

FPS = 30


class Walk:
    """A simulation of so many seconds of nothing."""

    def __init__(self, folder: Path, seconds: float, *outages: Outage) -> None:
        self.events: list[Event] = []
        self.eyes = Eyes()
        self.clock = VirtualClock()
        self.device = make_device(folder, self.eyes, self.clock, self.events.append)
        count = round(seconds * FPS)
        source = FrameSource(fps=FPS, count=count, frames=lambda: iter([PICTURE.copy()] * count))
        camera = SimulatedCamera(source, self.clock, paced=False, outages=outages)
        self.lockstep = Lockstep(
            self.device, self.clock, camera, None, settings=CameraSettings(), watch=lambda *_: None
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
