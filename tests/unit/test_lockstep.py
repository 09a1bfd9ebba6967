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
