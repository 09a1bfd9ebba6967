"""Which system starts: no cut leaves the card without one, and a bad update always ends where it began."""

from __future__ import annotations

import itertools
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from image.onboard.device import OnboardError, Places
from image.onboard.slots import Slots, backend, write_byte
from tests.unit._onboard_kit import Commands, a_boot_partition, a_device

INIT = Path(__file__).parents[2] / "image/initrd/init"


class PowerCut(Exception):
    """The plug was pulled."""


class Card:
    """A device whose power is cut before its n-th change, with the firmware and the initrd played."""

    def __init__(self, root: Path, *, flag: bool, cut_at: int | None = None) -> None:
        self.root = root
        self.has_flag = flag
        self.cut_at = cut_at
        self.flag_is_set = False
        self.changes = 0
        self.places = a_device(root)
        a_boot_partition(self.places.boot)
        if flag:
            (root / "dev/vcio").touch()

    def change(self, path: Path, offset: int, byte: bytes) -> None:
        if self.changes == self.cut_at:
            raise PowerCut
        self.changes += 1
        content = bytearray(path.read_bytes())
        assert content[offset : offset + 1] != byte
        content[offset : offset + 1] = byte
        path.write_bytes(content)

    def slots(self) -> Slots:
        commands = Commands()
        commands.answers.append(lambda words, given: self._run(tuple(words)))
        return Slots(self.places, commands, lambda text: None, self.change)

    def _run(self, words: tuple[str, ...]) -> None:
        if "--reboot-argument=0 tryboot" in words:
            self.flag_is_set = True

    def start(self) -> str:
        """What the firmware starts, after what its initrd does first; one that is counted starts again."""
        for _ in range(3):
            name = "tryboot.txt" if self.flag_is_set else "config.txt"
            self.flag_is_set = False
            slot = letter(self.places.boot / name, "os_prefix")
            assert (self.places.boot / slot / "cmdline.txt").is_file(), "nothing would start"
            a_device(self.root, slot=slot)
            if not self._initrd(slot):
                return slot
        raise AssertionError("it starts again for ever")

    def _initrd(self, slot: str) -> bool:
        """As `trial` in the initrd, whose own functions are tried by busybox in another test."""
        boot = self.places.boot
        if {letter(boot / name, "os_prefix") for name in ("config.txt", "tryboot.txt")} != {slot}:
            return False
        match letter(boot / "trial.txt", "trial"):
            case "n":
                set_letter(boot / "trial.txt", "trial", "s")
            case "s":
                set_letter(boot / "config.txt", "os_prefix", "b" if slot == "a" else "a")
                return True
        return False


def letter(path: Path, key: str) -> str:
    return next(line[len(key) + 1] for line in path.read_text().splitlines() if line.startswith(f"{key}="))


def set_letter(path: Path, key: str, new: str) -> None:
    path.write_bytes(
        path.read_bytes().replace(f"{key}={letter(path, key)}".encode(), f"{key}={new}".encode())
    )


def update(card: Card) -> None:
    """As kith-update does it."""
    slots = card.slots()
    new = "b" if slots.booted == "a" else "a"
    slots.spoil(new)
    (card.places.boot / new / "cmdline.txt").write_text("y\n")
    slots.prepare(new)
    slots.start_trial()


def at_start(card: Card, *, good: bool) -> None:
    """As kith-health does it."""
    slots = card.slots()
    if slots.failed:
        slots.forget()
    elif slots.on_trial and good:
        slots.commit()
    elif slots.on_trial:
        slots.back()


@pytest.fixture(params=[True, False], ids=["firmware's flag", "counted starts"])
def has_flag(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def test_a_good_update_stays(tmp_path: Path, has_flag: bool) -> None:
    card = Card(tmp_path, flag=has_flag)
    for expected in ("b", "a", "b"):
        update(card)
        assert card.start() == expected
        assert card.slots().on_trial
        at_start(card, good=True)
        assert not card.slots().on_trial
        assert [card.start() for _ in range(3)] == [expected] * 3


def test_an_update_that_is_not_good_goes_back_and_is_told_once(tmp_path: Path, has_flag: bool) -> None:
    card = Card(tmp_path, flag=has_flag)
    update(card)
    assert card.start() == "b"
    at_start(card, good=False)
    assert card.start() == "a"
    assert card.slots().failed
    at_start(card, good=True)
    assert not card.slots().failed
    assert card.start() == "a"
    assert not card.slots().failed


def test_an_update_that_hangs_goes_back_when_it_is_started_again(tmp_path: Path, has_flag: bool) -> None:
    card = Card(tmp_path, flag=has_flag)
    update(card)
    assert card.start() == "b"
    assert card.start() == "a"
    assert card.slots().failed


@pytest.mark.parametrize("good", [True, False])
def test_after_a_cut_before_any_change_something_good_starts_and_stays(
    tmp_path: Path, has_flag: bool, good: bool
) -> None:
    """Over a whole update and the one after it; then three starts with nothing broken must come to rest."""
    cuts = 0
    for cut_at in range(30):
        root = tmp_path / str(cut_at)
        root.mkdir()
        card = Card(root, flag=has_flag, cut_at=cut_at)
        try:
            for _ in range(2):
                update(card)
                card.start()
                at_start(card, good=good)
                card.start()
                at_start(card, good=True)
        except PowerCut:
            cuts += 1
            card.flag_is_set = False
        card.cut_at = None
        ran = []
        for _ in range(4):
            ran.append(card.start())
            at_start(card, good=good)
        slots = card.slots()
        # What is not good never comes to rest.
        assert good or ran[-1] == "a"
        assert ran[-1] == ran[-2] == slots.primary == slots.tried == slots.booted
        assert not slots.on_trial
        assert not slots.failed
    assert cuts >= (4 if has_flag else 8)
    assert cuts < 30


def test_the_initrd_that_is_played_here_is_the_one_that_is_shipped(tmp_path: Path) -> None:
    busybox = shutil.which("busybox")
    if busybox is None:
        pytest.skip("no busybox here")
    card = Card(tmp_path, flag=False)
    boot = card.places.boot
    for config, tryboot, trial, runs in itertools.product("ab", "ab", "-ns", "ab"):
        set_letter(boot / "config.txt", "os_prefix", config)
        set_letter(boot / "tryboot.txt", "os_prefix", tryboot)
        set_letter(boot / "trial.txt", "trial", trial)
        script = f". {INIT}; count_start {runs} {boot}"
        said = subprocess.run(
            [busybox, "sh", "-c", script], capture_output=True, text=True, timeout=30, check=True
        ).stdout.split()
        before = {name: (boot / name).read_bytes() for name in ("config.txt", "tryboot.txt", "trial.txt")}
        card._initrd(runs)
        changed = [name for name, content in before.items() if (boot / name).read_bytes() != content]
        assert changed == said[:1]
        if said:
            assert letter(boot / said[0], said[1]) == said[2]


def test_the_slot_that_is_needed_is_never_given_away(tmp_path: Path, has_flag: bool) -> None:
    card = Card(tmp_path, flag=has_flag)
    for needed in ("a",):
        with pytest.raises(OnboardError, match="in use"):
            card.slots().spoil(needed)
    update(card)
    card.start()
    for needed in ("b",) if not has_flag else ("a", "b"):
        with pytest.raises(OnboardError, match="in use"):
            card.slots().spoil(needed)
    with pytest.raises(OnboardError, match="on trial itself"):
        card.slots().prepare("a")


def test_a_slot_that_is_not_complete_is_not_tried(tmp_path: Path) -> None:
    card = Card(tmp_path, flag=True)
    slots = card.slots()
    slots.spoil("b")
    assert not slots.good("b")
    with pytest.raises(OnboardError, match="not complete"):
        slots.prepare("b")
    with pytest.raises(OnboardError, match="no slot is prepared"):
        slots.start_trial()
    assert card.start() == "a"


def test_one_byte_is_changed_in_place(tmp_path: Path) -> None:
    file = tmp_path / "config.txt"
    file.write_bytes(b"os_prefix=a/\n")
    number = file.stat().st_ino
    write_byte(file, 10, b"b")
    assert file.read_bytes() == b"os_prefix=b/\n"
    assert file.stat().st_ino == number


def rauc(slots: Slots) -> Callable[..., str]:
    return lambda *words: backend(slots, words)


def test_rauc_is_answered(tmp_path: Path) -> None:
    card = Card(tmp_path, flag=True)
    ask = rauc(card.slots())
    assert ask("get-current") == "A"
    assert ask("get-primary") == "A"
    assert ask("get-state", "B") == "good"
    assert ask("set-state", "B", "bad") == ""
    assert ask("get-state", "B") == "bad"
    with pytest.raises(OnboardError, match="not complete"):
        ask("set-state", "B", "good")
    with pytest.raises(OnboardError, match="in use"):
        ask("set-state", "A", "bad")
    (card.places.boot / "b/cmdline.txt").write_text("x")
    assert ask("set-primary", "B") == ""
    assert ask("get-primary") == "B"
    assert letter(card.places.boot / "config.txt", "os_prefix") == "a"
    with pytest.raises(OnboardError, match="not known"):
        ask("set-fire")


def test_a_config_that_says_nothing_or_two_things_is_refused(tmp_path: Path) -> None:
    places: Places = a_device(tmp_path)
    slots = Slots(places, Commands(), lambda text: None)
    with pytest.raises(OnboardError, match=r"config\.txt cannot be read"):
        _ = slots.primary
    for content in ("kernel=x\n", "os_prefix=a/\nos_prefix=b/\n", "os_prefix=c/\n"):
        (places.boot / "config.txt").write_text(content)
        with pytest.raises(OnboardError, match="lines that say which slot"):
            _ = slots.primary


def test_the_partition_is_writable_only_while_something_changes(tmp_path: Path) -> None:
    places = a_device(tmp_path)
    a_boot_partition(places.boot)
    commands = Commands()
    Slots(places, commands, lambda text: None).prepare("b")
    boot = str(places.boot)
    assert commands.ran[0] == ("mount", "-o", "remount,rw", boot)
    assert commands.ran[-2:] == [("sync", "-f", boot), ("mount", "-o", "remount,ro", boot)]


def test_the_next_start_is_told_before_it_comes(tmp_path: Path) -> None:
    places = a_device(tmp_path)
    a_boot_partition(places.boot)
    (tmp_path / "dev/vcio").touch()
    told: list[str] = []
    commands = Commands()
    slots = Slots(places, commands, lambda text: told.append(f"{len(commands.of('systemctl'))} {text}"))
    slots.prepare("b")
    slots.start_trial()
    assert told == ["0 next start tries b"]
    assert commands.of("systemctl") == [("systemctl", "reboot", "--reboot-argument=0 tryboot")]
