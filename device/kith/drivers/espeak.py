"""The voice of the device: espeak-ng in a child process."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kith.config import AnnounceSettings
from kith.drivers.speech_process import SpeechProcess

_REMEDY = "reinstall it: sudo apt-get install --reinstall libespeak-ng1 espeak-ng-data"


@dataclass(frozen=True, slots=True, kw_only=True)
class EspeakLibrary:
    """A copy of libespeak-ng. path: as for dlopen; data: its data folder, None for its own."""

    path: str
    data: Path | None = None


SYSTEM_LIBRARY = EspeakLibrary(path="libespeak-ng.so.1")


class EspeakSpeech(SpeechProcess):
    """`ports.Speech` by libespeak-ng: the system's, else that of the package espeakng-loader."""

    def __init__(self, settings: AnnounceSettings, libraries: Sequence[EspeakLibrary] | None = None) -> None:
        """Raises AudioUnavailable when no library is found or it does not know the voice."""
        arguments = [settings.voice, str(settings.words_per_minute)]
        for library in find_libraries() if libraries is None else libraries:
            arguments += [library.path, str(library.data or "")]
        super().__init__("kith.drivers.espeak_child", arguments, remedy=_REMEDY, site=False)


def find_libraries() -> list[EspeakLibrary]:
    """Where to look, best first."""
    found = [SYSTEM_LIBRARY]
    spec = importlib.util.find_spec("espeakng_loader")
    if spec and spec.origin:
        folder = Path(spec.origin).parent
        found.append(EspeakLibrary(path=str(folder / "libespeak-ng.so"), data=folder / "espeak-ng-data"))
    return found
