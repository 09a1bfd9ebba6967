"""The data partition: made once, whatever happens meanwhile, and never a second time."""

from __future__ import annotations

import hashlib
import hmac
import os
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from image.onboard.data import DataPartition
from image.onboard.data_key import DataKey, new_key, read_key
from image.onboard.device import OnboardError, Places, Result
from image.onboard.luks_header import content_of
from tests.unit._onboard_kit import Commands, a_device

NODE = "dev/mmcblk0p4"


class PowerCut(Exception):
    """The plug was pulled."""


class Card(Commands):
    """The commands as they change the card; before or in the middle of the n-th of them the power is cut."""

    def __init__(self, places: Places, cut_at: int | None = None, *, in_the_middle: bool = False) -> None:
        super().__init__()
        self.places = places
        self.cut_at = cut_at
        self.in_the_middle = in_the_middle
        self.formats = 0
        self.opened_with: list[bytes] = []

    def __call__(self, words: Sequence[str], given: bytes) -> Result:
        here = len(self.ran) == self.cut_at
        if here and not self.in_the_middle:
            raise PowerCut
        if tuple(words[:2]) == ("cryptsetup", "luksFormat"):
            self._format(words[words.index("--label") + 1], given, half=here)
        elif tuple(words[:2]) == ("cryptsetup", "config"):
            self._label(words[words.index("--label") + 1])
        elif tuple(words[:2]) == ("cryptsetup", "open"):
            self.opened_with.append(given)
            if hashlib.sha256(given).digest() != self._node.read_bytes()[0x8000:0x8020]:
                return Result(status=2, output="No key available with this passphrase.")
        if here:
            raise PowerCut
        return super().__call__(words, given)

    @property
    def _node(self) -> Path:
        return self.places.root / NODE

    def _format(self, label: str, secret: bytes, *, half: bool) -> None:
        self.formats += 1
        content = bytearray(1 << 18)
        # A key area of noise is the first that luksFormat writes.
        content[0x9000:0x9100] = os.urandom(256)
        if not half:
            for at, magic in ((0, b"LUKS\xba\xbe"), (0x4000, b"SKUL\xba\xbe")):
                content[at : at + 8] = magic + b"\0\2"
                content[at + 24 : at + 72] = label.encode().ljust(48, b"\0")
            content[0x8000:0x8020] = hashlib.sha256(secret).digest()
        self._node.write_bytes(content)

    def _label(self, label: str) -> None:
        content = bytearray(self._node.read_bytes())
        for at in (0, 0x4000):
            content[at + 24 : at + 72] = label.encode().ljust(48, b"\0")
        self._node.write_bytes(content)


@pytest.fixture
def places(tmp_path: Path) -> Places:
    found = a_device(tmp_path)
    (tmp_path / NODE).write_bytes(bytes(1 << 18))
    return found


def start(places: Places, card: Commands) -> list[str]:
    """A start of the device: nothing is mounted yet."""
    shutil.rmtree(places.data)
    places.data.mkdir()
    told: list[str] = []
    given: list[tuple[str, str, str]] = []
    partition = DataPartition(
        places,
        card,
        told.append,
        lambda path, user, group: given.append((path.name, user, group)),
        lambda now_s: told.append("clock"),
    )
    try:
        partition.start()
    except OnboardError as problem:
        told.append(f"error: {problem}")
    return told


def test_the_first_start_makes_it_and_the_second_opens_it(places: Places) -> None:
    card = Card(places)
    first = start(places, card)
    assert first[0] == "makes the data partition"
    assert first[-1].startswith("made and mounted in ")
    assert content_of(places.root / NODE) == "finished"
    assert {each.name for each in places.data.iterdir()} == {"kith", "journal", "ssh", "device"}
    assert (places.data / "kith").stat().st_mode & 0o7777 == 0o700
    second = start(places, card)
    assert len(second) == 1
    assert second[0].startswith("mounted in ")
    assert card.formats == 1
    assert card.opened_with[0] == card.opened_with[1]
    assert len(card.opened_with[0]) == 64
    assert len(card.of("e2fsck")) == 1


def test_kith_and_the_journal_find_it_where_they_look(places: Places) -> None:
    card = Card(places)
    start(places, card)
    bound = [(words[2], words[3]) for words in card.of("mount", "--bind")]
    root = places.root
    assert bound == [
        (str(root / "data/kith"), str(root / "var/lib/kith")),
        (str(root / "data/journal"), str(root / "var/log/journal")),
    ]
    options = card.of("mount", "-t", "ext4")[0][4].split(",")
    assert {"nodev", "nosuid", "noexec", "errors=remount-ro"} <= set(options)


@pytest.mark.parametrize("in_the_middle", [False, True])
def test_wherever_the_first_start_is_cut_the_next_one_ends_with_one_partition(
    tmp_path: Path, in_the_middle: bool
) -> None:
    cuts = 0
    for cut_at in range(40):
        root = tmp_path / str(cut_at)
        root.mkdir()
        places = a_device(root)
        (root / NODE).write_bytes(bytes(1 << 18))
        card = Card(places, cut_at, in_the_middle=in_the_middle)
        try:
            start(places, card)
        except PowerCut:
            cuts += 1
        finished = content_of(root / NODE) == "finished"
        before = card.formats
        card.cut_at = None
        told = start(places, card)
        assert told[-1].startswith(("mounted in", "made and mounted in")), (cut_at, told)
        # What was finished is never made again.
        assert card.formats == before + (0 if finished else 1)
        key = read_key(places)
        assert key is not None
        assert key.complete
        last = start(places, card)
        assert [line.startswith("mounted in") for line in last] == [True]
    assert 15 <= cuts < 40


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"\xeb\x58\x90MSDOS5.0", "not Kith's"),
        (bytes(1 << 21) + b"somebody's", "not Kith's"),
        (b"LUKS\xba\xbe\0\2" + bytes(16) + b"somebody's".ljust(48, b"\0"), "not Kith's"),
        (b"LUKS\xba\xbe\0\2" + bytes(16) + b"kith-data".ljust(48, b"\0"), "no kith.key"),
    ],
)
def test_what_is_neither_blank_nor_kiths_is_left_as_it_is(places: Places, content: bytes, why: str) -> None:
    node = places.root / NODE
    node.write_bytes(content.ljust(1 << 18, b"\0"))
    before = hashlib.sha256(node.read_bytes()).digest()
    card = Card(places)
    assert why in start(places, card)[-1]
    assert card.formats == 0
    assert not card.of("mount", "-t")
    assert hashlib.sha256(node.read_bytes()).digest() == before


@pytest.mark.parametrize("spoilt", ["first", "second", "both", "zeros"])
def test_a_partition_that_was_in_use_is_never_made_anew(places: Places, spoilt: str) -> None:
    card = Card(places)
    start(places, card)
    node = places.root / NODE
    content = bytearray(node.read_bytes())
    for name, at in (("first", 0), ("second", 0x4000)):
        if spoilt in (name, "both"):
            content[at : at + 512] = os.urandom(512)
    node.write_bytes(bytes(len(content)) if spoilt == "zeros" else bytes(content))
    told = start(places, card)
    assert card.formats == 1
    if spoilt in ("both", "zeros"):
        assert "is damaged; it is left as it is" in told[-1]


def test_another_key_does_not_open_it_and_nothing_is_made(places: Places) -> None:
    card = Card(places)
    start(places, card)
    other = DataKey(secret=os.urandom(64), with_board=False, complete=True)
    (places.boot / "kith.key").write_text(other.text())
    assert start(places, card)[-1].startswith("error: cryptsetup open: No key available")
    assert card.formats == 1


def test_a_card_without_a_data_partition_is_told(tmp_path: Path) -> None:
    places = a_device(tmp_path, partitions=3)
    assert start(places, Commands()) == ["error: there is no data partition on the card"]


@pytest.mark.parametrize("status", [4, 8, 12])
def test_a_file_system_that_cannot_be_repaired_is_left_as_it_is(places: Places, status: int) -> None:
    card = Card(places)
    start(places, card)
    card.ran.clear()
    card.fail("e2fsck", status=status)
    assert "cannot be repaired by itself" in start(places, card)[-1]
    assert card.formats == 1
    assert not card.of("mkfs.ext4")
    assert not card.of("mount", "-t")


def test_a_repaired_file_system_is_used(places: Places) -> None:
    card = Card(places)
    start(places, card)
    card.fail("e2fsck", status=1)
    told = start(places, card)
    assert told[0] == "its file system was repaired"
    assert told[-1].startswith("mounted in")


def test_it_grows_to_the_cards_end_before_it_is_made(places: Places) -> None:
    card = Card(places)
    start(places, card)
    words = [words[0] for words in card.ran]
    assert card.of("sfdisk")[0][-3:] == ("-N", "4", str(places.root / "dev/mmcblk0"))
    assert card.of("partx") == [("partx", "--update", "--nr", "4", str(places.root / "dev/mmcblk0"))]
    assert words.index("sfdisk") < words.index("partx") < words.index("cryptsetup")


def test_a_partition_at_the_cards_end_does_not_grow(places: Places) -> None:
    (places.root / "sys/class/block/mmcblk0/size").write_text(str(8192 * 5 + 2047))
    card = Card(places)
    start(places, card)
    assert not card.of("sfdisk")


def test_sfdisk_grows_the_fourth_partition_and_keeps_the_cards_identity(tmp_path: Path) -> None:
    card = tmp_path / "card"
    with card.open("wb") as file:
        file.truncate(64 << 20)
    table = "label: dos\nlabel-id: 0x4b495448\n" + "".join(
        f"start={2048 * n}, size=2048\n" for n in range(1, 5)
    )
    sfdisk = shutil.which("sfdisk", path="/usr/sbin:/sbin:/usr/bin") or pytest.skip("no sfdisk here")
    subprocess.run([sfdisk, "-q", str(card)], input=table, text=True, check=True, capture_output=True)
    words = [sfdisk, "--no-reread", "--no-tell-kernel", "-q", "-N", "4", str(card)]
    subprocess.run(words, input=b", +\n", check=True, capture_output=True)
    told = subprocess.run([sfdisk, "-d", str(card)], check=True, capture_output=True, text=True).stdout
    assert "label-id: 0x4b495448" in told
    last = next(line for line in told.splitlines() if line.startswith(f"{card}4"))
    size = int(last.replace(" ", "").split("size=")[1].split(",")[0])
    assert size == (64 << 20) // 512 - 2048 * 4


def test_the_boards_own_key_is_mixed_in_and_then_always_needed(places: Places) -> None:
    otp = places.root / "sys/bus/nvmem/devices/nvmem_priv0/nvmem"
    otp.parent.mkdir(parents=True)
    otp.write_bytes(bytes(32))
    assert not new_key(places).with_board
    otp.write_bytes(b"board".ljust(32, b"\1"))
    card = Card(places)
    start(places, card)
    key = read_key(places)
    assert key is not None
    assert key.with_board
    assert card.opened_with[0] == hmac.digest(b"board".ljust(32, b"\1"), key.secret, "sha256")
    otp.unlink()
    assert "the board's own key cannot be read" in start(places, card)[-1]
    assert card.formats == 1


def test_a_key_file_that_makes_no_sense_is_none(places: Places) -> None:
    file = places.boot / "kith.key"
    good = DataKey(secret=bytes(range(64)), with_board=False, complete=True)
    file.write_text(good.text())
    assert read_key(places) == good
    file.write_text(good.text().replace("\n", "\r\n"))
    assert read_key(places) == good
    for text in (
        "",
        "key zz\nboard no\n",
        "key 00\nboard no\n",
        good.text().replace("board no", "board maybe"),
    ):
        file.write_text(text)
        assert read_key(places) is None


def test_erasing_takes_the_keys_first_and_a_new_one_is_made_next(places: Places) -> None:
    card = Card(places)
    start(places, card)
    old = read_key(places)
    card.ran.clear()
    DataPartition(places, card, lambda text: None).erase()
    assert card.ran[0] == ("cryptsetup", "erase", "--batch-mode", str(places.root / NODE))
    told = start(places, card)
    assert told[-1].startswith("made and mounted")
    assert card.formats == 2
    assert read_key(places) != old


def test_the_clock_is_set_forward_only(places: Places) -> None:
    card = Card(places)
    start(places, card)
    clock = places.data / "device/clock"

    def with_clock(words: Sequence[str], given: bytes) -> Result | None:
        if tuple(words[:2]) == ("mount", "-t"):
            clock.parent.mkdir(exist_ok=True)
            clock.touch()
            os.utime(clock, (known_s, known_s))
        return None

    card.answers.append(with_clock)
    known_s = time.time() + 1000
    assert "clock" in start(places, card)
    known_s = time.time() - 1000
    assert "clock" not in start(places, card)


def test_a_boot_partition_that_cannot_be_written_to_makes_nothing(places: Places) -> None:
    card = Card(places)
    card.fail("mount", "-o", "remount,rw")
    assert "the boot partition cannot be written to" in start(places, card)[-1]
    assert card.formats == 0
