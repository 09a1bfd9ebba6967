"""What picamera2 needs to run off a Pi, on libcamera's virtual pipeline: nothing of it is in Kith's driver.

`tools/camera_stack.py` builds the stack and sets the environment; tests call `prepare` before they open a
camera. The pipeline makes NV12 only, offers no controls, and is not paced.
"""

from __future__ import annotations

import mmap
import os
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from types import ModuleType
from typing import Any

SIZES = ((640, 480), (1280, 960), (1640, 1232), (384, 288), (288, 216))
"""What the virtual sensor offers: Kith's large pictures, and its small ones upright and on their side."""


def write_settings(file: Path, pictures: Path, model: str = "virtual") -> None:
    """The pipeline's own settings: one camera that shows a folder of 0.jpg, 1.jpg ... over and over, each
    four times."""
    sizes = "".join(
        f"  - width: {width}\n    height: {height}\n    frame_rates: [30, 60]\n" for width, height in SIZES
    )
    text = (
        "%YAML 1.1\n---\n"
        f'"Virtual0":\n  supported_formats:\n{sizes}  frames:\n    path: "{pictures}/"\n'
        f'  location: "CameraLocationFront"\n  model: "{model}"\n'
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def prepare(frame_s: float = 0.0) -> None:
    """Make picamera2 run here, for all of this process. frame_s: a frame takes at least so long, as a
    sensor's does."""
    if "pykms" in sys.modules:  # it was done before
        return
    # The preview on a screen, which Kith does not use, is imported with the rest.
    kms = ModuleType("pykms")
    kms.PixelFormat = type("PixelFormat", (), {"__getattr__": lambda *_: None})()  # type: ignore[attr-defined]
    sys.modules["pykms"] = kms
    from picamera2 import Picamera2, picamera2

    picamera2.DmaAllocator = MemoryAllocator  # there is no /dev/dma_heap
    Picamera2._get_raw_modes = lambda _: [{"format": "NV12", "size": max(SIZES)}]
    Picamera2.sensor_modes = [
        {"size": size, "bit_depth": 8, "crop_limits": (0, 0, *max(SIZES))} for size in SIZES[:3]
    ]
    opened = Picamera2.__init__

    def paced(self: Any, *given: Any, **named: Any) -> None:
        opened(self, *given, **named)
        if frame_s:
            self.pre_callback = lambda _: time.sleep(frame_s)

    Picamera2.__init__ = paced


class MemoryAllocator:
    """picamera2's allocator with ordinary memory in place of a Pi's for cameras; and it counts."""

    lent = 0
    """Requests that somebody has, over all cameras."""
    most_lent = 0

    def __init__(self) -> None:
        self.mapped_buffers: dict[Any, mmap.mmap] = {}
        self._buffers: dict[Any, list[Any]] = {}
        self._files: list[int] = []

    def allocate(self, configurations: Any, _: Any) -> None:
        """Buffers for each stream, as many as its configuration says."""
        self.close()
        for configuration in configurations:
            made = [self._one(configuration) for _ in range(configuration.buffer_count)]
            self._buffers[configuration.stream] = made

    def _one(self, configuration: Any) -> Any:
        import libcamera

        whole = configuration.frame_size
        file = os.memfd_create("picture")
        os.ftruncate(file, whole)
        self._files.append(file)
        # NV12: the brightness, then the colours, half as long.
        planes = [libcamera.FrameBuffer.Plane(), libcamera.FrameBuffer.Plane()]
        bright = whole * 2 // 3
        for plane, offset, length in zip(planes, (0, bright), (bright, whole - bright), strict=True):
            plane.fd, plane.offset, plane.length = file, offset, length
        buffer = libcamera.FrameBuffer(planes)
        self.mapped_buffers[buffer] = mmap.mmap(file, whole)
        return buffer

    def buffers(self, stream: Any) -> list[Any]:
        """Those of one stream."""
        return self._buffers[stream]

    def sync(self, _: Any, buffer: Any, __: bool) -> Synced:
        """The memory of a buffer; ordinary memory needs no syncing."""
        return Synced(self.mapped_buffers[buffer])

    def acquire(self, _: Any) -> None:
        """A request was filled and is the program's now."""
        MemoryAllocator.lent += 1
        MemoryAllocator.most_lent = max(MemoryAllocator.lent, MemoryAllocator.most_lent)

    def release(self, _: Any) -> None:
        """It is the camera's again."""
        MemoryAllocator.lent -= 1

    def close(self) -> None:
        """Let the memory go."""
        self._buffers, self.mapped_buffers = {}, {}
        for file in self._files:
            os.close(file)
        self._files = []

    def __del__(self) -> None:
        self.close()


class Synced(nullcontext[mmap.mmap]):
    """picamera2 calls `__exit__` without arguments."""

    def __exit__(self, *_: object) -> None:
        """Nothing."""
