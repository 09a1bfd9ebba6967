"""The sound device on a PortAudio of ours, for what no real one does when asked: break at any call."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from kith.drivers import sound_cards, speaker
from kith.drivers.speaker import SpeakerSink
from kith.errors import AudioFault, AudioUnavailable
from kith.types import I16
from tests.unit._sound_kit import HDMI, HEADSET, JACK, Sockets


class PortAudioError(Exception):
    """As sounddevice's."""


class PortAudio(ModuleType):
    """Counts its starts as the real one does: not started, it refuses everything."""

    PortAudioError = PortAudioError

    def __init__(self, *broken: str, sockets: Sockets | None = None) -> None:
        super().__init__("sounddevice")
        self.broken = list(broken)
        self.started = 1
        self.calls = 0
        self.streams: list[Stream] = []
        self.refused: set[str] = set()
        self.sockets = sockets
        self.known = sockets.playing() if sockets else {3: "USB speaker"}

    def check(self, what: str) -> None:
        self.calls += 1
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
        self.known = self.sockets.playing() if self.sockets else self.known
        try:
            self.check("initialize")
        except PortAudioError:
            self.started -= 1
            raise

    def query_devices(self) -> list[dict[str, Any]]:
        self.check("query")
        return [
            {"name": name, "max_output_channels": 2, "index": index}
            for index, name in enumerate(self.known.values())
        ]

    def RawOutputStream(self, *, device: int | None, **_: object) -> Stream:  # noqa: N802
        self.check("open")
        names = list(self.known.values())
        name = "the default" if device is None else names[device]
        if self.sockets and device is None and 0 not in self.sockets.playing():
            raise PortAudioError("open: no default")
        if self.sockets and device is not None and name not in self.sockets.playing().values():
            raise PortAudioError("open: no such device")
        if name in self.refused:
            os.write(2, b"ALSA lib: no such device\n")
            raise PortAudioError("open: no such device")
        self.streams.append(Stream(self, name))
        return self.streams[-1]


class Stream:
    def __init__(self, library: PortAudio, name: str) -> None:
        self._library, self.name = library, name
        self.closed = False
        self.closings = 0

    def start(self) -> None:
        self._library.check("start")

    def write(self, block: bytes) -> bool:
        sockets = self._library.sockets
        if sockets and self.name != "the default" and self.name not in sockets.playing().values():
            raise PortAudioError("write: no such device")
        return False

    def abort(self) -> None:
        pass

    def close(self, ignore_errors: bool = True) -> None:
        self.closed = True
        self.closings += 1


@pytest.fixture(autouse=True)
def nobody_mixes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with ALSA alone, as the wearable."""
    monkeypatch.setattr(speaker, "somebody_mixes", lambda: False)


@pytest.fixture
def sockets(tmp_path: Path) -> Sockets:
    return Sockets(tmp_path)


@pytest.fixture
def library(sockets: Sockets, monkeypatch: pytest.MonkeyPatch) -> PortAudio:
    made = PortAudio(sockets=sockets)
    monkeypatch.setitem(sys.modules, "sounddevice", made)
    return made


@pytest.fixture
def mixed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sound server has devices of its own."""
    monkeypatch.setattr(speaker, "somebody_mixes", lambda: True)
    monkeypatch.setattr(sound_cards, "ASOUND", Path("/nowhere"))


@pytest.mark.parametrize(
    "broken",
    [
        ("query", "query"),
        ("open", "open", "open"),
        ("start", "start", "start"),
        ("start", "initialize"),
        ("open", "terminate", "initialize"),
        ("query", "initialize"),
    ],
    ids="-".join,
)
def test_whatever_fails_the_device_is_unavailable_and_may_be_tried_again(
    monkeypatch: pytest.MonkeyPatch, broken: tuple[str, ...], mixed: None
) -> None:
    library = PortAudio(*broken)
    monkeypatch.setitem(sys.modules, "sounddevice", library)
    with pytest.raises(AudioUnavailable, match="cannot open the sound device 'usb'"):
        SpeakerSink("usb")
    assert all(stream.closed for stream in library.streams)
    library.broken.clear()
    SpeakerSink("usb")
    assert not library.streams[-1].closed


def test_a_device_plugged_in_since_is_found_at_the_second_look(
    monkeypatch: pytest.MonkeyPatch, mixed: None
) -> None:
    library = PortAudio("open")
    monkeypatch.setitem(sys.modules, "sounddevice", library)
    SpeakerSink("usb")
    assert library.started == 1


WORDS: I16 = np.full((220, 2), 99, np.int16)
SILENCE: I16 = np.zeros((220, 2), np.int16)


def test_without_any_card_portaudio_is_not_asked(library: PortAudio, sockets: Sockets) -> None:
    for _ in range(3):
        with pytest.raises(AudioUnavailable, match="no sound card: plug in"):
            SpeakerSink(asound=sockets.root)
    assert library.calls == 0
    sockets.plug(0, "Headset", HEADSET)
    SpeakerSink(asound=sockets.root)
    assert [stream.name for stream in library.streams] == ["the default"]


@pytest.mark.parametrize("name", ["Headset", "headset", "usb audio", "hw:2"])
def test_a_card_is_found_by_its_names_whatever_number_it_has(
    library: PortAudio, sockets: Sockets, name: str
) -> None:
    sockets.plug(0, "Headphones", JACK)
    sockets.plug(2, "Headset", HEADSET)
    sink = SpeakerSink(name, asound=sockets.root)
    assert library.streams[-1].name == f"{HEADSET}: - (hw:2,0)"
    assert not sink.stands_in


def test_a_headset_that_comes_back_under_another_number_is_the_same(
    library: PortAudio, sockets: Sockets
) -> None:
    sockets.plug(0, "vc4hdmi0", HDMI)
    sockets.plug(1, "Headset", HEADSET)
    sink = SpeakerSink("Headset", asound=sockets.root)
    sink.write(WORDS)
    sockets.pull(1)
    sockets.plug(1, "Webcam", "USB Camera", "pcm0p pcm0c")
    sockets.plug(3, "Headset", HEADSET)
    with pytest.raises(AudioFault, match="stopped working"):
        sink.write(WORDS)
    sink.close()
    again = SpeakerSink("Headset", asound=sockets.root)
    assert library.streams[-1].name == f"{HEADSET}: - (hw:3,0)"
    assert not again.stands_in


def test_another_stands_in_for_it_and_it_is_taken_back_in_the_next_silence(
    library: PortAudio, sockets: Sockets
) -> None:
    sockets.plug(0, "vc4hdmi0", HDMI)
    sockets.plug(1, "Headphones", JACK)
    sink = SpeakerSink("Headset", asound=sockets.root)
    assert sink.stands_in
    assert library.streams[-1].name == f"{JACK}: - (hw:1,0)"
    for _ in range(300):
        sink.write(SILENCE)
    assert len(library.streams) == 1
    sockets.plug(2, "Headset", HEADSET)
    for _ in range(300):
        sink.write(WORDS)
    assert len(library.streams) == 1
    for _ in range(100):
        sink.write(SILENCE)
    assert [stream.closed for stream in library.streams] == [True, False]
    assert library.streams[-1].name == f"{HEADSET}: - (hw:2,0)"
    assert not sink.stands_in


def test_another_card_is_no_reason_to_change(library: PortAudio, sockets: Sockets) -> None:
    sockets.plug(1, "Headphones", JACK)
    sink = SpeakerSink("Headset", asound=sockets.root)
    sockets.plug(2, "Webcam", "Camera", "pcm0c")
    for _ in range(120):
        sink.write(SILENCE)
    assert sink.stands_in
    assert library.streams[-1].name == f"{JACK}: - (hw:1,0)"


def test_a_screen_is_not_spoken_to_while_there_is_anything_else(library: PortAudio, sockets: Sockets) -> None:
    sockets.plug(0, "vc4hdmi0", HDMI)
    SpeakerSink(asound=sockets.root)
    assert library.streams[-1].name == f"{HDMI}: - (hw:0,0)"
    sockets.plug(1, "Headphones", JACK)
    sockets.plug(2, "Headset", HEADSET)
    sink = SpeakerSink(asound=sockets.root)
    assert library.streams[-1].name == f"{HEADSET}: - (hw:2,0)"
    assert not sink.stands_in


def test_an_unknown_name_says_what_there_is_where_nothing_else_opens(
    library: PortAudio, sockets: Sockets
) -> None:
    sockets.plug(1, "Microphone", "USB Microphone", "pcm0c")
    with pytest.raises(AudioUnavailable, match="'Headset'"):
        SpeakerSink("Headset", asound=sockets.root)


def test_a_headset_that_is_listed_before_it_opens_is_tried_again_and_more_and_more_seldom(
    library: PortAudio, sockets: Sockets
) -> None:
    """The kernel lists a card before udev has given it to its group."""
    sockets.plug(1, "Headphones", JACK)
    sockets.plug(2, "Headset", HEADSET)
    library.refused = {f"{HEADSET}: - (hw:2,0)"}
    sink = SpeakerSink("Headset", asound=sockets.root)
    assert sink.stands_in
    for _ in range(1000):
        sink.write(SILENCE)
    assert [stream.name for stream in library.streams] == 3 * [f"{JACK}: - (hw:1,0)"]
    library.refused = set()
    for _ in range(500):
        sink.write(SILENCE)
    assert library.streams[-1].name == f"{HEADSET}: - (hw:2,0)"
    assert not sink.stands_in


def test_one_that_is_not_there_is_not_tried_while_the_cards_are_the_same(
    library: PortAudio, sockets: Sockets
) -> None:
    sockets.plug(1, "Headphones", JACK)
    for device in ("Headset", ""):
        sink = SpeakerSink(device, asound=sockets.root)
        opened = len(library.streams)
        for _ in range(1000):
            sink.write(SILENCE)
        assert len(library.streams) == opened


def test_a_headset_is_taken_that_comes_when_only_a_screen_was_there(
    library: PortAudio, sockets: Sockets
) -> None:
    sockets.plug(0, "vc4hdmi0", HDMI)
    sink = SpeakerSink(asound=sockets.root)
    sockets.plug(1, "Headset", HEADSET)
    for _ in range(100):
        sink.write(SILENCE)
    assert library.streams[-1].name == f"{HEADSET}: - (hw:1,0)"


def test_it_may_be_closed_twice_also_after_it_did_not_open_again(
    library: PortAudio, sockets: Sockets
) -> None:
    """PortAudio's second closing would be of memory that it has given back."""
    sockets.plug(1, "Headphones", JACK)
    sink = SpeakerSink("Headset", asound=sockets.root)
    sockets.plug(2, "Webcam", "USB Camera", "pcm0c")
    library.refused = {f"{JACK}: - (hw:1,0)"}
    for _ in range(99):
        sink.write(SILENCE)
    with pytest.raises(AudioFault):
        sink.write(SILENCE)
    sink.close()
    sink.close()
    assert [stream.closings for stream in library.streams] == [1]


def test_what_the_libraries_print_of_a_device_that_does_not_open_is_not_in_the_journal(
    library: PortAudio, sockets: Sockets, capfd: pytest.CaptureFixture[str]
) -> None:
    sockets.plug(0, "Headset", HEADSET)
    library.refused = {"the default", f"{HEADSET}: - (hw:0,0)"}
    with pytest.raises(AudioUnavailable, match="no such device"):
        SpeakerSink(asound=sockets.root)
    os.write(2, b"heard again")
    assert capfd.readouterr().err == "heard again"


def test_unasked_a_headset_is_taken_before_a_socket_that_is_built_in_and_when_it_comes(
    library: PortAudio, sockets: Sockets
) -> None:
    """Nothing tells that nothing is in the socket."""
    sockets.plug(0, "Headphones", JACK)
    sink = SpeakerSink(asound=sockets.root)
    assert library.streams[-1].name == "the default"
    for _ in range(300):
        sink.write(SILENCE)
    assert len(library.streams) == 1
    sockets.plug(1, "Headset", HEADSET)
    for _ in range(100):
        sink.write(SILENCE)
    assert library.streams[-1].name == f"{HEADSET}: - (hw:1,0)"
    for _ in range(300):
        sink.write(SILENCE)
    assert len(library.streams) == 2
    SpeakerSink(asound=sockets.root)
    assert library.streams[-1].name == f"{HEADSET}: - (hw:1,0)"
    SpeakerSink("Headphones", asound=sockets.root)
    assert library.streams[-1].name == f"{JACK}: - (hw:0,0)"
