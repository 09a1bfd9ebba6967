"""`[device]`, a maintainer's door, and the files that whoever opens the card on a computer finds."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from image.onboard.device import OnboardError, Places
from image.onboard.settings import device_table, host_name, maintainers_keys, open_door
from kith.config import Settings, load_settings
from kith.guard.settings import GuardSettings, load_guard_settings
from tests.unit._onboard_kit import Commands, a_device

CARD = Path(__file__).parents[2] / "image/onboard/boot-partition"
KEY = b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA maintainer\n"


@pytest.fixture
def places(tmp_path: Path) -> Places:
    found = a_device(tmp_path)
    (tmp_path / "run/kith-settings").mkdir(parents=True)
    return found


def named(places: Places, content: bytes | None) -> tuple[str, list[str]]:
    file = places.root / "run/kith-settings/kith.toml"
    if content is not None:
        file.write_bytes(content)
    told: list[str] = []
    return host_name(device_table(places, told.append), told.append), told


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (None, "kith"),
        (b"", "kith"),
        (b'[device]\nhostname = "anna-2"\n', "anna-2"),
        (b'\xef\xbb\xbf[device]\r\nhostname = "anna"\r\n', "anna"),
        (b'[announce]\nvolume = 0.5\n[device]\nhostname = "a"\n', "a"),
        (b'[device]\nhostname = "' + b"a" * 63 + b'"\n', "a" * 63),
    ],
)
def test_a_host_name_is_taken(places: Places, content: bytes | None, name: str) -> None:
    assert named(places, content) == (name, [])


@pytest.mark.parametrize(
    "value", ['""', '"-a"', '"a-"', '"A"', '"a b"', '"a\\nb"', '"../x"', "7", "[]", '"' + "a" * 64 + '"']
)
def test_a_bad_host_name_is_told_and_not_used(places: Places, value: str) -> None:
    name, told = named(places, f"[device]\nhostname = {value}\n".encode())
    assert name == "kith"
    assert told == ["[device] hostname in kith.toml must be a-z, 0-9 and - only; it is kith"]


@pytest.mark.parametrize("content", [b"[device", b"\xff\xfe", b"x = " + b"[" * 100_000])
def test_a_file_that_makes_no_sense_leaves_the_defaults(places: Places, content: bytes) -> None:
    assert named(places, content) == ("kith", ["kith.toml cannot be read; the defaults hold"])


def test_what_is_not_known_is_told_and_passed_over(places: Places) -> None:
    name, told = named(places, b'[device]\nhostname = "anna"\nhostnam = "b"\n')
    assert name == "anna"
    assert told == ["[device] hostnam in kith.toml is not known, and passed over"]
    assert named(places, b"device = 3\n") == (
        "kith",
        ["[device] in kith.toml is not a table; the defaults hold"],
    )


def test_without_a_key_there_is_no_door(places: Places) -> None:
    assert maintainers_keys(places) == b""
    (places.boot / "authorized_keys").write_bytes(b"# none yet\r\n\r\n")
    assert maintainers_keys(places) == b""
    (places.boot / "authorized_keys").write_bytes(b"\xef\xbb\xbf" + KEY.replace(b"\n", b"\r\n"))
    assert maintainers_keys(places) == KEY


def test_the_door_is_opened_by_network_and_ssh(places: Places) -> None:
    (places.data / "ssh").mkdir()
    commands = Commands()
    open_door(places, commands, KEY, data_is_mounted=True)
    folder = places.root / "run/kith-ssh"
    assert (folder / "authorized_keys").read_bytes() == KEY
    assert (folder / "host_key").readlink() == places.data / "ssh/ssh_host_ed25519_key"
    assert commands.of("systemctl") == [
        ("systemctl", "start", "--no-block", "systemd-networkd.service", "kith-ssh.service")
    ]
    assert len(commands.of("ssh-keygen")) == 1
    (places.data / "ssh/ssh_host_ed25519_key").touch()
    open_door(places, commands, KEY, data_is_mounted=True)
    assert len(commands.of("ssh-keygen")) == 1


def test_without_a_data_partition_the_hosts_key_is_for_this_start(places: Places) -> None:
    open_door(places, Commands(), KEY, data_is_mounted=False)
    link = places.root / "run/kith-ssh/host_key"
    assert link.readlink().parent == link.parent


def test_a_door_that_cannot_be_opened_is_told(places: Places) -> None:
    commands = Commands()
    commands.fail("systemctl", output="no such unit")
    with pytest.raises(OnboardError, match="no such unit"):
        open_door(places, commands, KEY, data_is_mounted=False)


def without_marks(text: str) -> str:
    """The template with every setting switched on; remarks are sentences and stay."""
    lines = []
    for line in text.splitlines():
        bare = line.removeprefix("# ")
        lines.append(bare if bare.startswith("[") or "=" in bare.split(" ")[1:2] else line)
    return "\n".join(lines) + "\n"


def test_the_template_changes_nothing(tmp_path: Path) -> None:
    text = (CARD / "kith.toml").read_text()
    assert tomllib.loads(text) == {}


def test_the_template_says_what_holds_without_it(tmp_path: Path) -> None:
    file = tmp_path / "kith.toml"
    file.write_text(without_marks((CARD / "kith.toml").read_text()))
    table = tomllib.loads(file.read_text())
    assert table["device"] == {"hostname": "kith"}
    assert {"announce", "camera", "button", "guard", "microphone", "board"} <= table.keys()
    assert sum(len(part) for part in table.values()) > 15
    assert load_settings(file) == Settings()
    assert load_guard_settings(file) == GuardSettings()


def test_every_line_of_the_cards_files_can_be_read_in_any_editor() -> None:
    for name in ("README.txt", "kith.toml", "trial.txt"):
        content = (CARD / name).read_bytes()
        assert content.isascii()
        assert max(len(line) for line in content.splitlines()) <= 110
