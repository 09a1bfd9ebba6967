"""Which of the kernel's video devices is a USB camera."""

from __future__ import annotations

import fcntl
import os
import struct
from collections.abc import Callable
from pathlib import Path

SYSFS = Path("/sys/class/video4linux")
DEV = Path("/dev")
_QUERYCAP = 0x80685600
"""VIDIOC_QUERYCAP of linux/videodev2.h."""
_CAPABILITY = struct.Struct("=80xIII12x")
"""struct v4l2_capability from its version on: then what the whole device can, and what this node can."""
_CAPTURE = 0x0000_0001
"""V4L2_CAP_VIDEO_CAPTURE. A camera's node of metadata has not got it, and codecs have another."""


def find_camera(
    name: str, sysfs: Path = SYSFS, dev: Path = DEV, captures: Callable[[Path], bool] | None = None
) -> Path | None:
    """The device of the first camera whose name has this in it, upper and lower case alike; with no name, of
    the first one at USB, since the Pi's own camera and its picture processor have devices that give nothing
    by themselves. None where there is none.

    captures: tells whether a device gives pictures; asks the kernel unless it is given.
    """
    asked = gives_pictures if captures is None else captures
    for node in sorted(sysfs.glob("video*"), key=_number):
        try:
            called = (node / "name").read_text(encoding="utf-8", errors="replace").strip()
            at_usb = any(part.startswith("usb") for part in (node / "device").resolve().parts)
        except OSError:  # unplugged meanwhile
            continue
        wanted = name.casefold() in called.casefold() if name else at_usb
        if wanted and asked(dev / node.name):
            return dev / node.name
    return None


def gives_pictures(device: Path) -> bool:
    """Whether the kernel says that this device captures pictures; no also where it cannot be asked."""
    try:
        file = os.open(device, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        answer = fcntl.ioctl(file, _QUERYCAP, bytes(_CAPABILITY.size))
    except OSError:
        return False
    finally:
        os.close(file)
    _, _, node_can = _CAPABILITY.unpack(answer)
    return bool(node_can & _CAPTURE)


def _number(node: Path) -> int:
    digits = node.name.removeprefix("video")
    return int(digits) if digits.isdecimal() else -1
