"""The sound device on a PortAudio of ours, for what no real one does when asked: break at any call."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import pytest

from kith.drivers.speaker import SpeakerSink
from kith.errors import AudioUnavailable


class PortAudioError(Exception):
    """As sounddevice's."""


class PortAudio(ModuleType):
    """Counts its starts as the real one does: not started, it refuses everything."""

    PortAudioError = PortAudioError

    def __init__(self, *broken: str) -> None:
        super().__init__("sounddevice")
        self.broken = list(broken)
        self.started = 1
        self.streams: list[Stream] = []

    def check(self, what: str) -> None:
        if self.broken and self.broken[0] == what:
            self.broken.pop(0)
            raise PortAudioError(f"{what}: unanticipated host error")
        if self.started != 1:
            raise PortAudioError(f"{what}: PortAudio not initialized")

    def _terminate(self) -> None:
        self.check("terminate")
        self.started -= 1

    def _initialize(self) -> None:
        self.started += 1
        try:
            self.check("initialize")
        except PortAudioError:
            self.started -= 1
            raise

    def query_devices(self) -> list[dict[str, Any]]:
        self.check("query")
        return [{"name": "USB speaker", "max_output_channels": 2, "index": 3}]

    def RawOutputStream(self, **_: object) -> Stream:  # noqa: N802
        self.check("open")
        self.streams.append(Stream(self))
        return self.streams[-1]


class Stream:
    def __init__(self, library: PortAudio) -> None:
        self._library = library
        self.closed = False

    def start(self) -> None:
        self._library.check("start")

    def close(self, ignore_errors: bool = True) -> None:
        self.closed = True


@pytest.mark.parametrize(
    "broken",
    [
        ("query", "query"),
        ("open", "open"),
        ("start", "start"),
        ("start", "initialize"),
        ("open", "terminate", "initialize"),
        ("query", "initialize"),
    ],
    ids="-".join,
)
def test_whatever_fails_the_device_is_unavailable_and_may_be_tried_again(
    monkeypatch: pytest.MonkeyPatch, broken: tuple[str, ...]
) -> None:
    library = PortAudio(*broken)
    monkeypatch.setitem(sys.modules, "sounddevice", library)
    with pytest.raises(AudioUnavailable, match="cannot open the sound device 'usb'"):
        SpeakerSink("usb")
    assert all(stream.closed for stream in library.streams)
    library.broken.clear()
    SpeakerSink("usb")
    assert not library.streams[-1].closed


def test_a_device_plugged_in_since_is_found_at_the_second_look(monkeypatch: pytest.MonkeyPatch) -> None:
    library = PortAudio("open")
    monkeypatch.setitem(sys.modules, "sounddevice", library)
    SpeakerSink("usb")
    assert library.started == 1
