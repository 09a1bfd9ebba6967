"""What is known of the camera and of what it sees. Pure."""

from __future__ import annotations

from kith.announce.callouts import NoView
from kith.app.camera_watch import CameraState, CameraWatch
from kith.app.lens_watch import LensNews, LensWatch
from kith.config import CameraSettings
from kith.types import Sighting, View

_LOOKS = 3
"""Fewer that fail to come are no silence: one may be dropped, and the next is only then due."""


class Eyesight:
    """Each method that takes news tells what is worth saying of it."""

    def __init__(self, settings: CameraSettings, now_ns: int) -> None:
        silent_after_ms = max(settings.silent_after_ms, _LOOKS * settings.look_interval_ms)
        self._camera = CameraWatch(silent_after_ms, now_ns)
        self._lens = LensWatch(settings.covered_after_ms, settings.uncovered_after_ms)
        self._view = View.NORMAL
        self.looked_ns: int | None = None
        """When the newest picture was taken that was looked at."""

    @property
    def next_deadline_ns(self) -> int | None:
        """When silence becomes a fault."""
        return self._camera.next_deadline_ns

    @property
    def closed(self) -> bool:
        """Whether the camera was closed on purpose."""
        return self._camera.state is CameraState.CLOSED

    def saw(self, sighting: Sighting, now_ns: int) -> bool:
        """A picture was looked at; True when the camera is back from being lost."""
        self._view, self.looked_ns = sighting.view, sighting.captured_ns
        return self._camera.saw(sighting.captured_ns, now_ns)

    def lens(self, sighting: Sighting) -> LensNews | None:
        """Whether that picture tells that something covers the lens, or does not any more."""
        return self._lens.saw(sighting.view, sighting.captured_ns)

    def failed(self) -> bool:
        """The camera reported a fault; True when that is news."""
        self._lens.closed()
        return self._camera.failed()

    def overdue(self, now_ns: int) -> bool:
        """True when it has just been silent for too long."""
        return self._camera.overdue(now_ns)

    def close(self) -> None:
        """The camera is closed on purpose."""
        self._camera.close()
        self._lens.closed()

    def open(self, now_ns: int) -> None:
        """The camera is opened again."""
        self._camera.open(now_ns)

    def no_view(self, now_ns: int) -> NoView | None:
        """Why there is no picture at all; None where there is one."""
        match self._camera.state:
            case CameraState.CLOSED:
                return NoView.PAUSED
            case CameraState.STARTING:
                return NoView.STARTING
            case CameraState.RUNNING if self._camera.is_fresh(now_ns):
                return None
            case _:
                return NoView.NO_CAMERA

    def view(self, now_ns: int) -> View | NoView:
        """What can be seen at all."""
        return self.no_view(now_ns) or self._view
