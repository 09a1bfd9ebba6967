"""The sound device, by PortAudio."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Any

from kith.errors import AudioFault, AudioUnavailable
from kith.types import I16, SAMPLE_RATE_HZ

_log = logging.getLogger(__name__)

LATENCY_S = 0.03
"""Sound that is handed over and not yet heard. Less is heard sooner and cut sooner, but a busy processor
then tears holes into it; see docs/decisions/speech.md."""


class SpeakerSink:
    """`ports.AudioSink` on a sound device: `write` waits until there is room for the block."""

    def __init__(self, device: str = "", *, latency_s: float = LATENCY_S) -> None:
        """device: part of its name, upper or lower case; empty for the system's default.
        Raises AudioUnavailable."""
        self._sounddevice = _sounddevice()
        self._latency_s = latency_s
        self._underruns = 0
        try:
            self._stream = self._open(device)
        except AudioUnavailable:
            self._restart(device)
            self._stream = self._open(device)

    @property
    def underruns(self) -> int:
        """How often the device ran dry since it was opened: each is a hole in the sound."""
        return self._underruns

    def write(self, block: I16) -> None:
        """See `ports.AudioSink.write`."""
        try:
            self._underruns += bool(self._stream.write(block.tobytes()))
        except self._sounddevice.PortAudioError as error:
            raise AudioFault(f"the sound device stopped working: {error}; is it still plugged in?") from error

    def close(self) -> None:
        """Drop what is not heard yet and let the device go; may be called twice."""
        if self._underruns:
            _log.info("the sound device ran dry %d times", self._underruns)
        try:
            self._stream.abort()
            self._stream.close()
        except self._sounddevice.PortAudioError as error:
            _log.debug("the sound device did not close: %s", error)

    def _restart(self, device: str) -> None:
        """PortAudio looks for devices only when it starts: one plugged in since is found the second time.
        Nothing else in Kith has a stream open, which this would end."""
        error_type = self._sounddevice.PortAudioError
        try:
            # It refuses to end when its last start failed, and must be started all the same.
            with suppress(error_type):
                self._sounddevice._terminate()
            self._sounddevice._initialize()
        except error_type as error:
            raise _unavailable(device, error) from error

    def _open(self, device: str) -> Any:
        stream: Any = None
        try:
            stream = self._sounddevice.RawOutputStream(
                samplerate=SAMPLE_RATE_HZ,
                channels=2,
                dtype="int16",
                latency=self._latency_s,
                device=_find(self._sounddevice, device),
            )
            stream.start()
        except self._sounddevice.PortAudioError as error:
            if stream is not None:
                stream.close(ignore_errors=True)
            raise _unavailable(device, error) from error
        return stream


def _unavailable(device: str, error: Exception) -> AudioUnavailable:
    return AudioUnavailable(
        f"cannot open the sound device '{device or 'default'}': {error}; `aplay -l` lists them"
    )


def _sounddevice() -> Any:
    try:
        import sounddevice
    except ImportError as error:
        raise AudioUnavailable("sounddevice is not installed: pip install sounddevice") from error
    except OSError as error:
        raise AudioUnavailable("PortAudio is not installed: sudo apt-get install libportaudio2") from error
    return sounddevice


def _find(sounddevice: Any, name: str) -> int | None:
    if not name:
        return None
    names = [device["name"] for device in sounddevice.query_devices() if device["max_output_channels"] > 0]
    for device in sounddevice.query_devices():
        if device["max_output_channels"] > 0 and name.lower() in device["name"].lower():
            return int(device["index"])
    raise AudioUnavailable(f"no sound device is called '{name}'; there are: {', '.join(names) or 'none'}")
