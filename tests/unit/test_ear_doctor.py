"""What the doctor says of the sound device, and when it calls one silent that opens."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from kith.app.ear_doctor import speak
from kith.drivers import speaker
from kith.drivers.mixer import muted, muted_in
from kith.errors import AudioFault, AudioUnavailable
from tests.unit._sound_kit import HDMI, HEADSET, JACK, Sockets
from tests.unit.test_speaker import PortAudio

# As alsa-utils 1.2.8 prints them; the cards' controls are those of a USB headset and of a Pi 4's jack.
HEADSET_ON = """Simple mixer control 'Headphone',0
  Capabilities: pvolume pswitch
  Playback channels: Front Left - Front Right
  Limits: Playback 0 - 151
  Mono:
  Front Left: Playback 44 [29%] [-20.13dB] [on]
  Front Right: Playback 44 [29%] [-20.13dB] [on]
Simple mixer control 'Mic',0
  Capabilities: pvolume pvolume-joined cvolume cvolume-joined pswitch pswitch-joined cswitch
  Playback channels: Mono
  Capture channels: Mono
  Limits: Playback 0 - 32 Capture 0 - 16
  Mono: Playback 0 [0%] [-32.00dB] [off] Capture 0 [0%] [0.00dB] [on]
Simple mixer control 'Auto Gain Control',0
  Capabilities: pswitch pswitch-joined
  Playback channels: Mono
  Mono: Playback [off]
"""
JACK_AT_NOTHING = """Simple mixer control 'PCM',0
  Capabilities: pvolume pvolume-joined pswitch pswitch-joined
  Playback channels: Mono
  Limits: Playback -10239 - 400
  Mono: Playback -10239 [0%] [-102.39dB] [on]
"""


@pytest.mark.parametrize(
    ("listing", "found"),
    [
        (HEADSET_ON, ()),
        (HEADSET_ON.replace("[29%]", "[0%]"), ("Headphone",)),
        (HEADSET_ON.replace("dB] [on]\n  Front", "dB] [off]\n  Front"), ()),  # one ear hears
        (HEADSET_ON.replace("20.13dB] [on]", "20.13dB] [off]"), ("Headphone",)),
        (JACK_AT_NOTHING, ("PCM",)),
        (JACK_AT_NOTHING + HEADSET_ON.replace("[29%]", "[0%]"), ("PCM", "Headphone")),
        ("", ()),
        ("amixer: Mixer attach default error: No such file or directory", ()),
    ],
)
def test_what_keeps_sound_from_being_heard_is_named(listing: str, found: tuple[str, ...]) -> None:
    assert muted_in(listing) == found


def test_amixer_is_asked_of_the_card_that_plays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert muted(7) == ()  # none here, or none of that number
    listing = tmp_path / "listing"
    listing.write_text(JACK_AT_NOTHING)
    program = tmp_path / "amixer"
    program.write_text(f'#!/bin/sh\ntest "$*" = "-c 7 scontents" && exec cat "{listing}"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert muted(7) == ("PCM",)
    assert muted(None) == ()


@pytest.fixture
def sockets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sockets:
    made = Sockets(tmp_path)
    made.plug(0, "vc4hdmi0", HDMI)
    made.plug(1, "Headphones", JACK)
    monkeypatch.setattr(speaker, "somebody_mixes", lambda: False)
    monkeypatch.setitem(sys.modules, "sounddevice", PortAudio(sockets=made))
    monkeypatch.setattr("kith.app.ear_doctor.muted", lambda card: ())
    return made


def test_the_names_to_choose_from_are_listed(sockets: Sockets) -> None:
    there = "there are: vc4hdmi0 (vc4-hdmi-0), Headphones (bcm2835 Headphones)"
    assert speak("", sockets.root) == f"the default device opens; {there}"
    assert speak("Headphones", sockets.root) == f"Headphones opens; {there}"
    with pytest.raises(AudioUnavailable, match="'Headset' is not there, and another stands in for it; there"):
        speak("Headset", sockets.root)


def test_one_that_is_muted_is_told_with_the_command_that_mends_it(
    sockets: Sockets, monkeypatch: pytest.MonkeyPatch
) -> None:
    sockets.plug(2, "Headset", HEADSET)
    monkeypatch.setattr("kith.app.ear_doctor.muted", lambda card: ("PCM",) if card == 2 else ())
    with pytest.raises(AudioFault, match="amixer -c 2 sset 'PCM' 80% unmute"):
        speak("Headset", sockets.root)
    assert speak("Headphones", sockets.root)
