"""Cards by name: what the kernel lists, and which is asked to hear."""

from __future__ import annotations

from pathlib import Path

import pytest

from kith.drivers.sound_cards import best_first, capture_device, cards, somebody_mixes
from tests.unit._sound_kit import HDMI, HEADSET, JACK, Sockets


@pytest.fixture
def sockets(tmp_path: Path) -> Sockets:
    return Sockets(tmp_path)


def test_cards_are_read_as_the_kernel_lists_them(sockets: Sockets, tmp_path: Path) -> None:
    assert cards(sockets.root) == ()
    assert cards(tmp_path / "none") == ()
    sockets.plug(0, "vc4hdmi0", HDMI)
    sockets.plug(2, "Headset", HEADSET, "pcm0p pcm0c")
    first, second = cards(sockets.root)
    assert (first.number, first.short, first.name) == (0, "vc4hdmi0", HDMI)
    assert (first.plays, first.hears, first.hdmi) == (True, False, True)
    assert (second.number, second.short, second.name) == (2, "Headset", HEADSET)
    assert (second.plays, second.hears, second.hdmi) == (True, True, False)
    assert [second.called(name) for name in ("headset", "usb audio", "head", "jack")] == [
        True,
        True,
        False,
        False,
    ]


def test_what_was_plugged_in_comes_first_and_a_screen_last(sockets: Sockets) -> None:
    sockets.plug(0, "vc4hdmi0", HDMI)
    sockets.plug(1, "Headphones", JACK)
    sockets.plug(3, "Device", HEADSET)
    assert [card.short for card in best_first(cards(sockets.root))] == ["Device", "Headphones", "vc4hdmi0"]


@pytest.mark.parametrize(
    ("setting", "asked"),
    [
        ("default", "plughw:CARD=Headset"),  # card 0 is a screen's and hears nothing
        ("Headset", "plughw:CARD=Headset"),
        ("usb audio", "plughw:CARD=Headset"),
        ("plughw:CARD=Headset,DEV=0", "plughw:CARD=Headset,DEV=0"),
        ("plughw:CARD=Gone,DEV=0", "plughw:CARD=Headset"),
        ("plughw:Gone", "plughw:CARD=Headset"),
        ("plughw:3", "plughw:3"),
        ("hw:0", "plughw:CARD=Headset"),
        ("a_filter_of_mine", "a_filter_of_mine"),
    ],
)
def test_the_card_that_hears_is_asked(sockets: Sockets, setting: str, asked: str) -> None:
    sockets.plug(0, "vc4hdmi0", HDMI)
    sockets.plug(3, "Headset", HEADSET, "pcm0p pcm0c")
    assert capture_device(setting, sockets.root, {}) == asked


def test_a_default_that_works_is_left_to_the_system(sockets: Sockets) -> None:
    assert capture_device("default", sockets.root, {}) == "default"
    sockets.plug(3, "Headset", HEADSET, "pcm0c")
    assert capture_device("default", sockets.root, {"PULSE_SERVER": "unix:/x"}) == "default"
    sockets.plug(0, "Webcam", "USB Camera", "pcm0c")
    assert capture_device("default", sockets.root, {}) == "default"


def test_a_server_s_socket_or_a_configuration_says_that_somebody_mixes(tmp_path: Path) -> None:
    surroundings = {"XDG_RUNTIME_DIR": str(tmp_path), "HOME": str(tmp_path)}
    assert not somebody_mixes({})
    assert not somebody_mixes(surroundings)
    (tmp_path / "pulse").mkdir()
    (tmp_path / "pulse" / "native").touch()
    assert somebody_mixes(surroundings)
    (tmp_path / "pulse" / "native").unlink()
    (tmp_path / ".asoundrc").touch()
    assert somebody_mixes(surroundings)
    assert somebody_mixes({"ALSA_CONFIG_PATH": "/x"})
