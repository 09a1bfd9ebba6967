"""The choice between the voices."""

from __future__ import annotations

import logging

from kith.config import AnnounceSettings
from kith.drivers.espeak import EspeakSpeech
from kith.drivers.pyttsx3_speech import Pyttsx3Speech
from kith.errors import AudioUnavailable
from kith.ports import Speech

_log = logging.getLogger(__name__)


def open_speech(settings: AnnounceSettings) -> Speech:
    """espeak-ng, else pyttsx3. Raises AudioUnavailable with what espeak-ng lacks."""
    try:
        return EspeakSpeech(settings)
    except AudioUnavailable as error:
        _log.warning("%s; trying pyttsx3", error)
        try:
            return Pyttsx3Speech(settings)
        except AudioUnavailable as second:
            _log.warning("%s", second)
            raise error from second
