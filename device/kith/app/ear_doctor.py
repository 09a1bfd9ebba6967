"""The doctor's look at what is spoken from, what a name is said to, and what the device runs on."""

from __future__ import annotations

import queue
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from kith.clock import MonotonicClock
from kith.config import MicrophoneSettings
from kith.drivers.alsa_microphone import AlsaMicrophone
from kith.drivers.battery import SysBattery
from kith.drivers.mixer import muted
from kith.drivers.sound_cards import ASOUND, Card, capture_device, cards
from kith.drivers.speaker import SpeakerSink
from kith.errors import AudioFault, AudioUnavailable, HardwareError, MicrophoneFault, MicrophoneUnavailable
from kith.types import SAMPLE_RATE_HZ, VoiceBlock

_WITHIN_S = 3.0
_LISTENS_FOR = SAMPLE_RATE_HZ // 2


def speak(device: str, asound: Path = ASOUND) -> str:
    """Open the sound device of the settings. Raises HardwareError, also where it would not be heard."""
    sink = SpeakerSink(device, asound=asound)
    sink.close()
    there = _listed(card for card in cards(asound) if card.plays)
    if sink.stands_in:
        raise AudioUnavailable(f"'{device}' is not there, and another stands in for it{there}")
    if silent := muted(sink.card):
        card = "" if sink.card is None else f"-c {sink.card} "
        raise AudioFault(
            f"it opens, and its {' and '.join(silent)} is off or at nothing, so that nobody hears it:"
            f" amixer {card}sset '{silent[0]}' 80% unmute"
        )
    return f"{device or 'the default device'} opens{there}"


def _listed(those: Iterable[Card]) -> str:
    """For whoever chooses one in the settings."""
    names = ", ".join(f"{card.short} ({card.name})" for card in those)
    return f"; there are: {names}" if names else ""


def hear(settings: MicrophoneSettings) -> str:
    """Listen for half a second and keep nothing of it. Raises HardwareError."""
    if not settings.alsa_device:
        raise MicrophoneUnavailable("none in the settings; people get a number for a name")
    name = capture_device(settings.alsa_device)
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
    there = _listed(card for card in cards() if card.hears)
    if not loudness:
        return f"{name} opens, and all it gives is silence; is it muted? see `alsamixer`{there}"
    level_dbfs = 10 * np.log10(loudness / count / 32_768.0**2)
    return f"{name} hears; it is now at {level_dbfs:.0f} dBFS{there}"


def charge() -> str:
    """How full the battery is. Raises HardwareError where none tells."""
    found = SysBattery().charge()
    if found.percent is None:
        raise HardwareError("none that the system knows of; nothing can be said of it")
    return f"{found.percent} percent{', on mains' if found.on_mains else ''}"
