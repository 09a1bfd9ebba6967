"""The doctor's look at what a name is said to, and at what the device runs on."""

from __future__ import annotations

import queue

import numpy as np

from kith.clock import MonotonicClock
from kith.config import MicrophoneSettings
from kith.drivers.alsa_microphone import AlsaMicrophone
from kith.drivers.battery import SysBattery
from kith.errors import HardwareError, MicrophoneFault, MicrophoneUnavailable
from kith.types import SAMPLE_RATE_HZ, VoiceBlock

_WITHIN_S = 3.0
_LISTENS_FOR = SAMPLE_RATE_HZ // 2


def hear(settings: MicrophoneSettings) -> str:
    """Listen for half a second and keep nothing of it. Raises HardwareError."""
    if not settings.alsa_device:
        raise MicrophoneUnavailable("none in the settings; people get a number for a name")
    heard: queue.SimpleQueue[VoiceBlock | HardwareError] = queue.SimpleQueue()
    microphone = AlsaMicrophone(settings.alsa_device, MonotonicClock())
    microphone.start(heard.put, heard.put)
    try:
        loudness, count = 0.0, 0
        while count < _LISTENS_FOR:
            block = heard.get(timeout=_WITHIN_S)
            if isinstance(block, HardwareError):
                raise block
            loudness += float(np.sum(block.samples.astype(np.float64) ** 2))
            count += len(block.samples)
    except queue.Empty:
        raise MicrophoneFault("the microphone opens and is silent; `arecord -L` lists others") from None
    finally:
        microphone.stop()
    if not loudness:
        return f"{settings.alsa_device} opens, and all it gives is silence; is it muted? see `alsamixer`"
    level_dbfs = 10 * np.log10(loudness / count / 32_768.0**2)
    return f"{settings.alsa_device} hears; it is now at {level_dbfs:.0f} dBFS"


def charge() -> str:
    """How full the battery is. Raises HardwareError where none tells."""
    percent = SysBattery().percent()
    if percent is None:
        raise HardwareError("none that the system knows of; nothing can be said of it")
    return f"{percent} percent"
