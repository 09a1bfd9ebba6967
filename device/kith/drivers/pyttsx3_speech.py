"""pyttsx3 as the voice of a desk that lacks espeak-ng's library."""

from __future__ import annotations

from kith.config import AnnounceSettings
from kith.drivers.speech_process import SpeechProcess

_REMEDY = "use espeak-ng instead: sudo apt-get install libespeak-ng1"


class Pyttsx3Speech(SpeechProcess):
    """`ports.Speech` by pyttsx3: slower to begin, see docs/decisions/speech.md."""

    def __init__(self, settings: AnnounceSettings) -> None:
        """Raises AudioUnavailable when pyttsx3 or its library is missing, or it does not know the voice."""
        arguments = [settings.voice, str(settings.words_per_minute)]
        super().__init__("kith.drivers.pyttsx3_child", arguments, remedy=_REMEDY, site=True)
