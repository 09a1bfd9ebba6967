"""pyttsx3 as the voice of a desk, and the choice between the voices."""

from __future__ import annotations

import logging

from kith.config import AnnounceSettings
from kith.drivers.espeak import EspeakSpeech
from kith.drivers.speech_process import SpeechProcess
from kith.errors import AudioUnavailable
from kith.ports import Speech

_log = logging.getLogger(__name__)

_REMEDY = "use espeak-ng instead: sudo apt-get install libespeak-ng1"


class Pyttsx3Speech(SpeechProcess):
    """`ports.Speech` by pyttsx3: slower to begin, see docs/decisions/speech.md."""

    def __init__(self, settings: AnnounceSettings) -> None:
        """Raises AudioUnavailable when pyttsx3 or its library is missing, or it does not know the voice."""
        arguments = [settings.voice, str(settings.words_per_minute)]
        super().__init__("kith.drivers.pyttsx3_child", arguments, remedy=_REMEDY, site=True)


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
