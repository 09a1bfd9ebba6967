"""The Pi's own camera where it has one, else one at USB."""

from __future__ import annotations

from kith.errors import CameraFault, CameraUnavailable
from kith.ports import Camera
from kith.types import Frame


class EitherCamera:
    """Takes, at each start, the first of several cameras that opens: a cable that was forgotten, or a USB
    camera that is plugged in later, mends itself."""

    def __init__(self, *cameras: Camera) -> None:
        """cameras: the most wanted first."""
        self._cameras = cameras
        self._open: Camera | None = None

    def start(self) -> None:
        """See ports.Camera; CameraUnavailable tells of all of them."""
        self.close()
        reasons = []
        for camera in self._cameras:
            try:
                camera.start()
            except CameraUnavailable as error:
                reasons.append(str(error))
            else:
                self._open = camera
                return
        raise CameraUnavailable("; ".join(reasons))

    def read(self) -> Frame | None:
        """See ports.Camera."""
        if self._open is None:
            raise CameraFault("the camera is not open")
        return self._open.read()

    def close(self) -> None:
        """See ports.Camera."""
        if self._open is not None:
            self._open.close()
            self._open = None
