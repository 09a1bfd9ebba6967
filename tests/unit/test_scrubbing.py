"""What is taken out of a text that leaves the device, and what is left to be read."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from kith.app.scrubbing import Scrubber, whereabouts


@pytest.mark.parametrize(
    ("name", "text", "left"),
    [
        ("Anna", "Anna, anna and ANNA", "[name], [name] and [name]"),
        ("Anna", "Anna's and Annas", "[name]'s and [name]"),
        ("Anna", "hci0: AnnaPhone, anna_2.wav", "hci0: [name], [name]_2.wav"),
        ("Anna", "Hannah, in manna", "Hannah, in manna"),
        ("Anna Kowalski", "anna kowalski, A. Kowalski", "[name], A. [name]"),
        ("Anna Kowalski", "akowalski, annakowalski, anna.kowalski", "[name], [name], [name].[name]"),
        ("Zoë", "Zoë, zoe, ZOË", "[name], [name], [name]"),
        ("Zoë", unicodedata.normalize("NFD", "with Zoë"), "with [name]"),
        ("Zoë", r"Zo\xc3\xab, Zo\xeb, Zo\u00eb", "[name], [name], [name]"),
        ("Мария", "это Мария и марию", "это [name] и марию"),
        ("अन्ना", "x अन्ना y", "x [name] y"),
        ("O'Neil", "o'neil and ONeil, neil", "[name] and [name], [name]"),
        ("R2D2", "r2d2", "[name]"),
    ],
)
def test_a_name_is_taken_out_however_it_is_written(name: str, text: str, left: str) -> None:
    assert Scrubber([name]).scrub(text) == left


@pytest.mark.parametrize(
    ("name", "text", "left"),
    [
        ("An", "An error: an answer than", "An error: an answer than"),
        ("May", "it may be; May I; 12 May", "it may be; May I; 12 May"),
        ("May", "said to May, twice", "said to [name], twice"),
        ("Will", "will, WILL? and so Will", "will, WILL? and so [name]"),
        ("Mark", "a benchmark of marks", "a benchmark of marks"),
        ("Grace", "a graceful stop", "a [name] stop"),
        ("Anna from the bakery", "from the bakery", "from the [name]"),
        ("May Li", "may li; may, li", "[name]; may, [name]"),
        ("Al", "Al is normal, also alas", "[name] is normal, also alas"),
        ("7", "7 of 77", "7 of 77"),
        ("Name", "Name [name] name", "Name [name] name"),
    ],
)
def test_a_name_that_is_a_word_too_leaves_the_words(name: str, text: str, left: str) -> None:
    assert Scrubber([name]).scrub(text) == left


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("wlan0: dc:a6:32:01:ab:cd up", "wlan0: [mac] up"),
        ("hci DC-A6-32-01-AB-CD", "hci [mac]"),
        ("Serial Number: 0000000012ab34cd", "Serial Number: [serial]"),
        ("usb 1-1: SerialNumber: AB12", "usb 1-1: SerialNumber: [serial]"),
        ("root=UUID=1b4e28ba-2fa1-11d2-883f-0016d3cca427 ro", "root=UUID=[id] ro"),
        ("_BOOT_ID=5d2ce7b5d45a4b2a9a4b3a3f7a1e0c11", "_BOOT_ID=[id]"),
        ("inet 192.168.178.23/24 fe80::1:2:3:4", "inet [ip]/24 [ip]"),
        ("write to me.there+x@example.org now", "write to [mail] now"),
        ("in /home/maria/kith and /tmp/x/y", "in [path] and [path]"),
        ("/dev/v4l/by-id/usb-Cam_1234-index0", "/dev/v4l/by-id/[id]"),
        ("at 12:34:56, kernel 6.12.57-1, 1.2.3, pin 17", "at 12:34:56, kernel 6.12.57-1, 1.2.3, pin 17"),
        ("PARTUUID=4b495448-02", "PARTUUID=4b495448-02"),
        ("[    0.000000] usb 1-1.2:1.0: ok", "[    0.000000] usb 1-1.2:1.0: ok"),
    ],
)
def test_addresses_and_numbers_that_tell_devices_apart_are_taken_out(text: str, left: str) -> None:
    assert Scrubber().scrub(text) == left


def test_other_words_have_a_name_of_their_own_and_paths_that_tell_nothing_stay() -> None:
    words = whereabouts(
        state=Path("/srv/anna/state"), settings=Path("/etc/kith/kith.toml"), home=Path("/root")
    )
    assert words == {"/srv/anna/state": "[state]", "/root": "[home]"}
    scrubber = Scrubber(["Anna"], words | {"maria-pi": "[host]"})
    text = "Maria-Pi: /srv/anna/state/kith.db, /root/x, /rootfs, /etc/kith/kith.toml"
    assert scrubber.scrub(text) == "[host]: [state]/kith.db, [home]/x, /rootfs, /etc/kith/kith.toml"
    assert scrubber.replaced == 0


def test_names_taken_out_are_counted() -> None:
    scrubber = Scrubber(["Anna", "Zoë"])
    scrubber.scrub("Anna, Zoë and nobody")
    assert scrubber.replaced == 2
