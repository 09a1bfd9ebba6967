"""The Pi's own camera, by picamera2. What is asked of it and why: docs/decisions/camera.md.

No Pi stands on the desk where it was written. `make camera-check` runs it on the real picamera2 and libcamera
with pictures of a folder in place of a sensor; what only a sensor shows is for `make hardware-test` on a Pi.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import CancelledError
from importlib.util import find_spec
from typing import Any

import cv2
import numpy as np

from kith.clock import NS_PER_MS, Clock
from kith.config import CameraSettings
from kith.errors import CameraFault, CameraUnavailable
from kith.types import U8, Frame
from kith.vision.imaging import turned

_LOG = logging.getLogger(__name__)

DETECTOR_PX = (384, 288)
"""What the detector takes: the camera shrinks to it, which costs the processor nothing."""
FRAME_US = 33_333
"""From one frame to the next, and so the longest that it can be exposed: in the light of an evening a camera
left to itself exposes for 66 ms, and what moves is then blurred twice as far."""
_EARLY_NS = 5 * NS_PER_MS
"""Three frames of a thirtieth of a second are a tenth, whatever their rounding."""
_BUFFERS = 4
"""As many as picamera2 takes for a preview: one is copied while others are filled."""
_ANSWER_S = 1.7
"""A frame takes a thirtieth of a second, the first one after the start up to a second; silence for
`silent_after_ms` is a fault, and this is soon enough to say of what."""
_AS_RGB = {"BGR888": None, "YUV420": cv2.COLOR_YUV2RGB_I420, "NV12": cv2.COLOR_YUV2RGB_NV12}
"""libcamera names its formats by the word's order: "BGR888" lies in memory as R, G, B."""


def is_installed() -> bool:
    """Whether picamera2 can be imported here."""
    return find_spec("picamera2") is not None


def ribbon_camera(cameras: Sequence[Mapping[str, Any]], name: str) -> int:
    """The number that picamera2 has for the camera of that name: a part of its model's, or its place among
    those on ribbon cables, from 0; empty: the first. cameras: as picamera2 lists them.

    libcamera lists USB cameras too, but offers neither their exposure nor two streams: they are
    `OpenCvCamera`'s. Raises CameraUnavailable.
    """
    ribbon = [number for number, camera in enumerate(cameras) if "/usb" not in str(camera.get("Id", ""))]
    if not ribbon:
        raise CameraUnavailable("the Pi finds no camera: check the ribbon cable")
    if name.isdecimal() and int(name) < len(ribbon):
        return ribbon[int(name)]
    models = {number: str(cameras[number].get("Model", "")) for number in ribbon}
    for number, model in models.items():
        if name.casefold() in model.casefold():
            return number
    found = ", ".join(models.values())
    raise CameraUnavailable(f"the Pi has no camera '{name}', only {found}: set camera.name")


def whole_view(modes: Sequence[Mapping[str, Any]], size_px: tuple[int, int]) -> dict[str, Any]:
    """Of a sensor's modes, as picamera2 lists them, the smallest that shows the whole field of view in at
    least this size, else the largest; as its configuration wants it. Raises CameraUnavailable where there
    are none.

    Left to itself the camera takes the mode nearest in size. That of 640x480 shows the middle two fifths of
    the Camera Module 2's width: 26.5 degrees, and a distance would be told as two fifths of what it is.
    """
    if not modes:
        raise CameraUnavailable("the Pi's camera lists no way to take a picture: check the ribbon cable")
    widest = max(_view(mode) for mode in modes)
    whole = [mode for mode in modes if _view(mode) == widest]
    enough = [mode for mode in whole if mode["size"][0] >= size_px[0] and mode["size"][1] >= size_px[1]]
    size = min(mode["size"] for mode in enough) if enough else max(mode["size"] for mode in whole)
    bit_depth = max(mode["bit_depth"] for mode in whole if mode["size"] == size)
    return {"output_size": size, "bit_depth": bit_depth}


def _view(mode: Mapping[str, Any]) -> int:
    """How much of the sensor a mode shows, in the sensor's own pixels."""
    _, _, width_px, height_px = mode["crop_limits"]
    return int(width_px * height_px)


def small_size(size_px: tuple[int, int], rotation_deg: int) -> tuple[int, int] | None:
    """Width and height of the small stream of a camera of this size, before it is turned: even, with the
    same proportions, and as large as the detector takes it once it is turned; None where it would not be
    smaller."""
    on_its_side = rotation_deg % 180 != 0
    width_px, height_px = DETECTOR_PX[::-1] if on_its_side else DETECTOR_PX
    scale = min(width_px / size_px[0], height_px / size_px[1])
    if scale >= 1:
        return None
    return 2 * round(size_px[0] * scale / 2), 2 * round(size_px[1] * scale / 2)


def as_rgb(picture: U8, stream: Mapping[str, Any]) -> U8:
    """A buffer as picamera2 copies it out, in the format of its stream, as rgb u8[H, W, 3]."""
    conversion = _AS_RGB[stream["format"]]
    if conversion is None:
        return np.ascontiguousarray(picture, np.uint8)
    # Rows may be longer than the picture is wide; what is beyond it is cut off afterwards.
    rgb = np.asarray(cv2.cvtColor(np.ascontiguousarray(picture), conversion), np.uint8)
    return np.ascontiguousarray(rgb[:, : stream["size"][0]])


class PiCamera:
    """Reads a large and a small stream of the same moment. Their buffers are the camera's: each is copied
    and given back before `read` returns or raises. Frames sooner than `look_interval_ms` after the last are
    given back uncopied: nobody would look at them."""

    def __init__(self, settings: CameraSettings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        self._interval_ns = settings.look_interval_ms * NS_PER_MS - _EARLY_NS
        self._camera: Any = None
        self._streams: dict[str, Mapping[str, Any]] = {}
        self._given_ns: int | None = None
        self._seq = 0

    def start(self) -> None:
        """See ports.Camera."""
        try:
            from picamera2 import Picamera2
        except ImportError as error:
            raise CameraUnavailable(
                "picamera2 is not installed: run `sudo apt-get install python3-picamera2`"
            ) from error
        except ValueError as error:
            # What it imports was built for another NumPy than that of a virtual environment.
            raise CameraUnavailable(
                f"picamera2 does not fit this environment's packages: {error}; install NumPy there in the"
                " version of the system's python3-numpy"
            ) from error
        try:
            cameras = Picamera2.global_camera_info()
        except RuntimeError as error:  # the kernel has no driver for any camera
            raise CameraUnavailable("the Pi finds no camera: check the ribbon cable") from error
        number = ribbon_camera(cameras, self._settings.name)
        try:
            camera = Picamera2(number)
        except (RuntimeError, IndexError, OSError) as error:
            raise CameraUnavailable(
                "the Pi's camera cannot be opened: another program may have it, or this user may not"
                " (group video)"
            ) from error
        try:
            self._streams = self._configured(camera)
            camera.start()
        except CameraUnavailable:
            camera.close()  # else it stays taken, and no later try can have it
            raise
        except (RuntimeError, IndexError, OSError) as error:
            camera.close()
            raise CameraUnavailable("the Pi's camera does not start: check the ribbon cable") from error
        self._camera, self._given_ns = camera, None

    def _configured(self, camera: Any) -> dict[str, Mapping[str, Any]]:
        """Ask for what is wanted; the streams as the camera then gives them."""
        from libcamera import ColorSpace

        size = (self._settings.width_px, self._settings.height_px)
        small = small_size(size, self._settings.rotation_deg)
        # On a Pi 4 the small stream cannot be RGB. YUV420 works on all of them, and is turned into RGB in a
        # tenth of a millisecond; in the colour space that OpenCV takes it for.
        configuration = camera.create_video_configuration(
            main={"size": size, "format": "BGR888"},
            lores=None if small is None else {"size": small, "format": "YUV420"},
            sensor=whole_view(camera.sensor_modes, size),
            colour_space=ColorSpace.Smpte170m(),
            controls=wanted_controls(camera.camera_controls),
            buffer_count=_BUFFERS,
            queue=False,  # the next frame, not one that has waited
        )
        camera.configure(configuration)
        given = camera.camera_configuration()
        streams = {name: given[name] for name in ("main", "lores") if given[name] is not None}
        strange = {stream["format"] for stream in streams.values()} - _AS_RGB.keys()
        if strange:
            raise CameraUnavailable(
                f"this camera's pictures are {', '.join(strange)}, which Kith cannot read: set camera.kind"
            )
        return streams

    def read(self) -> Frame | None:
        """See ports.Camera."""
        if self._camera is None:
            raise CameraFault("the camera is not open")
        try:
            captured_ns, pictures = self._next()
        except (RuntimeError, TimeoutError, CancelledError) as error:
            self.close()  # gives back whatever of the camera's this may have left behind
            raise CameraFault("the Pi's camera stopped answering") from error
        self._given_ns = captured_ns
        upright = {name: turned(picture, self._settings.rotation_deg) for name, picture in pictures.items()}
        for picture in upright.values():
            picture.setflags(write=False)
        self._seq += 1
        return Frame(
            seq=self._seq - 1, captured_ns=captured_ns, rgb=upright["main"], small=upright.get("lores")
        )

    def _next(self) -> tuple[int, dict[str, U8]]:
        """The next frame that is due: when it came, and its pictures by their stream's name."""
        while True:
            # By a job: only newer versions of picamera2 take a time limit for the capture itself.
            job = self._camera.capture_request(wait=False)
            request = self._camera.wait(job, timeout=_ANSWER_S)
            try:
                now_ns = self._clock.now_ns()
                if self._given_ns is None or now_ns - self._given_ns >= self._interval_ns:
                    return now_ns, {
                        name: as_rgb(request.make_array(name), stream)
                        for name, stream in self._streams.items()
                    }
            finally:
                request.release()

    def close(self) -> None:
        """See ports.Camera."""
        camera, self._camera = self._camera, None
        if camera is None:
            return
        # A capture that no frame will ever end would stand before the stopping, which waits for its turn.
        camera.cancel_all_and_flush()
        try:
            camera.close()
        except RuntimeError as error:
            _LOG.warning("the Pi's camera did not close: %s", error)


def wanted_controls(offered: Mapping[str, Any]) -> dict[str, Any]:
    """The controls for people from 0.5 to 5 m off who move as the wearer does, as far as this camera offers
    them; a lens without a motor has no autofocus."""
    from libcamera import controls

    wanted = {
        "FrameDurationLimits": (FRAME_US, FRAME_US),
        # In the same light half to two thirds as long as by the normal one, the gain being raised first:
        # the networks take noise better than blur.
        "AeExposureMode": controls.AeExposureModeEnum.Short,
        "AwbMode": controls.AwbModeEnum.Auto,
        "AfMode": controls.AfModeEnum.Continuous,
        # All but the last few centimetres before the lens, where nobody is looked for.
        "AfRange": controls.AfRangeEnum.Normal,
        "AfSpeed": controls.AfSpeedEnum.Fast,
    }
    return {name: value for name, value in wanted.items() if name in offered}
