"""Sound into a file, alone or beside a real device."""

from __future__ import annotations

import logging
import struct
import time
from pathlib import Path

from kith.errors import AudioFault, AudioUnavailable
from kith.ports import AudioSink
from kith.types import I16, SAMPLE_RATE_HZ

_log = logging.getLogger(__name__)

_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
_FRAME_BYTES = 4
_LARGEST_DATA = 2**32 - 1 - _HEADER.size
_HEADER_EVERY_BYTES = SAMPLE_RATE_HZ * _FRAME_BYTES
_FURTHEST_BEHIND_S = 0.5


class WavSink:
    """`ports.AudioSink` into a stereo WAV file. The header is brought up to date once a second of sound, so
    the file can be played even if the process is killed."""

    def __init__(self, path: Path) -> None:
        """Replaces the file. Raises AudioUnavailable when it cannot be written."""
        self._path = path
        self._size = 0
        self._size_in_header = 0
        try:
            self._file = path.open("wb", buffering=0)
        except OSError as error:
            raise AudioUnavailable(f"cannot write the sound to {path}: {error.strerror}") from error
        try:
            self._write_all(_header(0))
        except OSError as error:
            self._file.close()
            raise AudioUnavailable(f"cannot write the sound to {path}: {error.strerror}") from error

    def write(self, block: I16) -> None:
        """See `ports.AudioSink.write`; never waits for real time."""
        data = block.astype("<i2", copy=False).tobytes()
        if self._file.closed:
            raise AudioFault(f"the sound file {self._path} was closed")
        if self._size + len(data) > _LARGEST_DATA:
            raise AudioFault(f"the sound file {self._path} is full: a WAV file holds 4 GiB")
        try:
            self._write_all(data)
            self._size += len(data)
            if self._size - self._size_in_header >= _HEADER_EVERY_BYTES:
                self._update_header()
        except OSError as error:
            raise AudioFault(f"cannot write the sound to {self._path}: {error.strerror}") from error

    def close(self) -> None:
        """See `ports.AudioSink.close`."""
        if self._file.closed:
            return
        try:
            self._update_header()
        except OSError as error:
            _log.error("cannot complete the sound file %s: %s", self._path, error.strerror)
        self._file.close()

    def _write_all(self, data: bytes) -> None:
        left = memoryview(data)
        while left:
            left = left[self._file.write(left) :]

    def _update_header(self) -> None:
        # What a write that failed halfway left behind lies after the last whole block.
        self._file.seek(0)
        self._write_all(_header(self._size))
        self._file.seek(_HEADER.size + self._size)
        self._size_in_header = self._size


class PacedSink:
    """Another sink that takes as long as the sound lasts, as a real device would."""

    def __init__(self, sink: AudioSink) -> None:
        self._sink = sink
        self._due_s = time.monotonic()

    def write(self, block: I16) -> None:
        """See `ports.AudioSink.write`."""
        self._sink.write(block)
        # After a long delay do not hurry to catch up.
        self._due_s = max(self._due_s, time.monotonic() - _FURTHEST_BEHIND_S) + len(block) / SAMPLE_RATE_HZ
        time.sleep(max(0.0, self._due_s - time.monotonic()))

    def close(self) -> None:
        """See `ports.AudioSink.close`."""
        self._sink.close()


class TeeSink:
    """A sink and a copy: the copy ends when it fails, and the first goes on."""

    def __init__(self, sink: AudioSink, copy: AudioSink) -> None:
        self._sink = sink
        self._copy: AudioSink | None = copy

    def write(self, block: I16) -> None:
        """See `ports.AudioSink.write`; raises only for the first."""
        if self._copy:
            try:
                self._copy.write(block)
            except AudioFault as error:
                _log.error("%s; the copy of the sound ends here", error)
                self._copy.close()
                self._copy = None
        self._sink.write(block)

    def close(self) -> None:
        """Close both."""
        if self._copy:
            self._copy.close()
        self._sink.close()


def _header(data_bytes: int) -> bytes:
    rate, pcm, channels, bits = SAMPLE_RATE_HZ, 1, 2, 16
    return _HEADER.pack(
        b"RIFF",
        data_bytes + _HEADER.size - 8,
        b"WAVE",
        b"fmt ",
        16,
        pcm,
        channels,
        rate,
        rate * _FRAME_BYTES,
        _FRAME_BYTES,
        bits,
        b"data",
        data_bytes,
    )
