"""An update from the card or a stick: installed once, tried once, told by ear; and the judgement on it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from image.onboard.boot_partition import put
from image.onboard.device import OnboardError, Places, Result
from image.onboard.health import LIMIT_S, LOOK_EVERY_S, Health, judge
from image.onboard.notices import Notices
from image.onboard.slot_files import command_line, fill
from image.onboard.slots import Slots
from image.onboard.update import Updater
from tests.unit._onboard_kit import Commands, a_boot_partition, a_device, a_disk

LINE = "panic=10 kith.root=PARTUUID=4b495448-02 rauc.slot=A systemd.volatile=state\n"


@pytest.fixture
def places(tmp_path: Path) -> Places:
    found = a_device(tmp_path)
    a_boot_partition(found.boot)
    return found


def a_root(folder: Path) -> None:
    """What a new system's root holds for its slot's folder."""
    files = folder / "usr/lib/kith/boot"
    (files / "overlays").mkdir(parents=True, exist_ok=True)
    (files / "vmlinuz").write_bytes(b"kernel" * 1000)
    (files / "overlays/x.dtbo").write_bytes(b"overlay")
    (files / "cmdline.txt").write_text(LINE)


class Rauc(Commands):
    """Mounts that show a new root or a stick; everything said at once."""

    def __init__(self, places: Places, stick: dict[str, bytes] | None = None) -> None:
        super().__init__()
        self.places = places
        self.stick = stick or {}
        self.answers.append(self._mount)

    def _mount(self, words: Sequence[str], given: bytes) -> Result | None:
        if tuple(words[:3]) == ("mount", "-t", "squashfs"):
            a_root(Path(words[-1]))
        elif tuple(words[:3]) == ("mount", "-t", "vfat,exfat"):
            for name, content in self.stick.items():
                (Path(words[-1]) / name).write_bytes(content)
        elif words[0] == "umount":
            for path in Path(words[-1]).glob("*.raucb"):
                path.unlink()
        return None


def look(places: Places, commands: Commands) -> tuple[bool, list[str]]:
    told: list[str] = []

    def hear(seconds: float) -> None:
        for path in (places.root / "run/kith/notices").iterdir():
            told.append(f"aloud: {path.name}")
            path.unlink()

    slots = Slots(places, commands, lambda text: told.append(f"slot: {text}"))
    notices = Notices(places=places, sleep=hear)
    found = Updater(places, commands, told.append, slots, notices).look()
    hear(0)
    return found, told


def test_without_an_update_nothing_happens(places: Places) -> None:
    commands = Commands()
    assert look(places, commands) == (False, [])
    assert commands.ran == []


def test_an_update_is_installed_told_and_tried(places: Places) -> None:
    bundle = places.boot / "kith-update.raucb"
    bundle.write_bytes(b"signed")
    commands = Rauc(places)
    restarts, told = look(places, commands)
    assert restarts
    assert commands.of("rauc") == [("rauc", "install", str(bundle))]
    assert not bundle.exists()
    assert told == [
        "installs the boot partition's update into b",
        "installed into b",
        "aloud: update.installing",
        "aloud: update.restarting",
        "slot: next start is b, and goes back by itself unless it proves good",
    ]
    assert commands.ran[-1] == ("systemctl", "reboot")
    written = (places.boot / "b/cmdline.txt").read_text()
    assert written == "panic=10 kith.root=PARTUUID=4b495448-03 systemd.volatile=state rauc.slot=B\n"
    assert (places.boot / "b/overlays/x.dtbo").read_bytes() == b"overlay"
    assert (places.boot / "a/cmdline.txt").read_text() == "x\n"


@pytest.mark.parametrize("name", ["mount", "rauc"])
def test_what_fails_is_refused_once_and_nothing_else_changes(places: Places, name: str) -> None:
    (places.boot / "kith-update.raucb").write_bytes(b"not signed")
    commands = Rauc(places)
    commands.fail(
        *(("mount", "-t", "squashfs") if name == "mount" else ("rauc",)), output="no\nbad signature\n"
    )
    restarts, told = look(places, commands)
    assert not restarts
    assert "refused: " in told[1]
    assert told[1].endswith("bad signature" if name == "rauc" else "bad signature\n")
    assert told[-2:] == ["aloud: update.installing", "aloud: update.refused"]
    assert (places.boot / "kith-update.refused").read_bytes() == b"not signed"
    assert not commands.of("systemctl")
    assert b"os_prefix=a/" in (places.boot / "tryboot.txt").read_bytes()
    assert look(places, commands) == (False, [])


def test_while_a_system_is_on_trial_nothing_is_installed(tmp_path: Path) -> None:
    places = a_device(tmp_path, slot="b")
    a_boot_partition(places.boot)
    (places.boot / "kith-update.raucb").write_bytes(b"signed")
    commands = Commands()
    assert look(places, commands) == (False, [])
    assert (places.boot / "kith-update.raucb").exists()


def with_stick(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    a_disk(places.root, "sda", 7, ["sda1", "sda2"])
    (places.data / "device").mkdir(exist_ok=True)
    monkeypatch.setattr(Path, "is_mount", lambda self: self == places.data)


def test_an_update_on_a_stick_is_installed_once_and_the_stick_is_not_written_to(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_stick(places, monkeypatch)
    commands = Rauc(places, {"kith-update.raucb": b"signed"})
    assert look(places, commands)[0]
    mounts = commands.of("mount", "-t", "vfat,exfat")
    assert [(words[4].split(",")[0], words[5]) for words in mounts] == [("ro", str(places.root / "dev/sda1"))]
    assert len(commands.of("umount")) == 2
    Slots(places, commands, lambda text: None).forget()
    for name in ("config.txt", "tryboot.txt"):
        path = places.boot / name
        path.write_bytes(path.read_bytes().replace(b"=b/", b"=a/"))
    assert not look(places, commands)[0]
    assert len(commands.of("rauc")) == 1
    commands.stick = {"kith-update.raucb": b"the next one"}
    assert look(places, commands)[0]


def test_a_stick_is_not_looked_at_where_nothing_can_be_kept_in_mind(places: Places) -> None:
    a_disk(places.root, "sda", 7, ["sda1"])
    commands = Rauc(places, {"kith-update.raucb": b"signed"})
    assert look(places, commands) == (False, [])


def test_a_command_line_is_made_the_slots_own() -> None:
    assert command_line(LINE, "b").split().count("rauc.slot=B") == 1
    assert "kith.root=PARTUUID=4b495448-03" in command_line(LINE, "b").split()
    assert sorted(command_line(LINE, "a").split()) == sorted(LINE.split())
    with pytest.raises(OnboardError, match="names no root"):
        command_line("rauc.slot=A", "b")


def test_a_slots_folder_is_complete_only_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a_root(tmp_path / "root")
    boot = tmp_path / "boot"
    (boot / "b").mkdir(parents=True)
    (boot / "b/old.dtb").write_text("old")
    seen: list[set[str]] = []
    monkeypatch.setattr("os.sync", lambda: seen.append({path.name for path in (boot / "b").rglob("*")}))
    fill(tmp_path / "root", boot, "b", expects_data=True)
    assert seen == [{"vmlinuz", "overlays", "x.dtbo", "expects-data"}]
    assert {path.name for path in (boot / "b").iterdir()} == {
        "vmlinuz",
        "overlays",
        "cmdline.txt",
        "expects-data",
    }
    fill(tmp_path / "root", boot, "b", expects_data=False)
    assert not (boot / "b/expects-data").exists()


def test_a_file_is_put_without_touching_what_a_cut_left(tmp_path: Path) -> None:
    path = tmp_path / "kith.key"
    (tmp_path / "kith.key.0").write_text("left over")
    put(path, b"new")
    assert path.read_bytes() == b"new"
    assert (tmp_path / "kith.key.0").read_text() == "left over"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["kith.key", "kith.key.0"]


class Units(Commands):
    """Units whose state follows a plan, a look each; the last goes on."""

    def __init__(self, plan: Sequence[str]) -> None:
        super().__init__()
        self.plan = list(plan)
        self.now_s = 0.0
        self.answers.append(self._show)

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds
        if len(self.plan) > 1:
            self.plan.pop(0)

    def _show(self, words: Sequence[str], given: bytes) -> Result | None:
        if words[0] != "systemctl" or words[1] != "show":
            return None
        state, pid = self.plan[0].split()
        if words[-1] == "kith-guard.service":
            state, pid = "active", "7"
        return Result(status=0, output=f"MainPID={pid}\nActiveState={state}")

    def health(self, places: Places) -> Health:
        return Health(places, self, clock_s=lambda: self.now_s, sleep=self.sleep)


@pytest.mark.parametrize(
    ("plan", "wrong", "after_s"),
    [
        (["active 9"], "", 3 * LOOK_EVERY_S),
        (["activating 9", "activating 9", "active 9"], "", 6 * LOOK_EVERY_S - LOOK_EVERY_S),
        (["failed 0"], "kith.service is failed", LIMIT_S),
        # It comes up each time, and falls again.
        ([f"active {pid}" for pid in range(100)], "its programs do not stay up", LIMIT_S),
        (["active 9", "failed 0"] * 100, "kith.service is active", LIMIT_S),
    ],
)
def test_only_what_stays_up_is_good(places: Places, plan: list[str], wrong: str, after_s: int) -> None:
    units = Units(plan)
    found = units.health(places).missing("a")
    assert (found == "") == (wrong == "")
    if "active" not in wrong:
        assert found == wrong
    assert units.now_s == after_s


def test_the_data_partition_must_be_there_where_it_was_before(places: Places) -> None:
    (places.boot / "a/expects-data").touch()
    units = Units(["active 9"])
    assert units.health(places).missing("a") == "the data partition is not mounted"
    (places.boot / "a/expects-data").unlink()
    assert Units(["active 9"]).health(places).missing("a") == ""


def judged(places: Places, plan: Sequence[str]) -> tuple[list[str], list[str], Units]:
    units = Units(plan)
    told: list[str] = []
    slots = Slots(places, units, lambda text: told.append(f"slot: {text}"))
    judge(slots, units.health(places), Notices(places=places), told.append)
    return told, sorted(path.name for path in (places.root / "run/kith/notices").iterdir()), units


def test_at_an_ordinary_start_nothing_is_judged(places: Places) -> None:
    told, notices, units = judged(places, ["failed 0"])
    assert (told, notices, units.ran) == ([], [], [])


def test_a_good_one_stays_and_is_told(tmp_path: Path) -> None:
    places = a_device(tmp_path, slot="b")
    a_boot_partition(places.boot)
    (places.boot / "tryboot.txt").write_bytes(b"os_prefix=b/\n")
    told, notices, _ = judged(places, ["active 9"])
    assert told == ["slot b is on trial", "slot b is good"]
    assert notices == ["update.done"]
    assert b"os_prefix=b/" in (places.boot / "config.txt").read_bytes()


def test_a_bad_one_goes_back_and_the_earlier_one_tells_it_once(tmp_path: Path) -> None:
    places = a_device(tmp_path, slot="b")
    a_boot_partition(places.boot)
    (places.boot / "tryboot.txt").write_bytes(b"os_prefix=b/\n")
    told, notices, units = judged(places, ["failed 0"])
    assert told[1:] == ["slot b is not good: kith.service is failed", "slot: goes back to a"]
    assert notices == []
    assert units.ran[-1] == ("systemctl", "reboot")
    assert b"os_prefix=a/" in (places.boot / "config.txt").read_bytes()
    a_device(tmp_path, slot="a")
    told, notices, _ = judged(places, ["active 9"])
    assert told == ["slot b did not prove good, a is back"]
    assert notices == ["update.back"]
    assert judged(places, ["active 9"])[0] == []


def test_a_notice_waits_for_kith_to_begin(tmp_path: Path) -> None:
    places = Places(root=tmp_path)
    waited: list[float] = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 3:
            (tmp_path / "run/kith/notices").mkdir(parents=True)

    notices = Notices(places=places, sleep=sleep)
    assert notices.leave("update.done")
    assert len(waited) == 3
    assert not notices.said("update.done", wait_s=2)
    (tmp_path / "run/kith/notices/update.done").unlink()
    assert notices.said("update.done", wait_s=2)
    assert not Notices(places=Places(root=tmp_path / "none"), sleep=sleep).leave("update.done", wait_s=2)


def test_a_notice_follows_no_link_out_of_the_folder(tmp_path: Path) -> None:
    places = Places(root=tmp_path)
    folder = tmp_path / "run/kith/notices"
    folder.mkdir(parents=True)
    (folder / "update.done").symlink_to(tmp_path / "etc-passwd")
    assert not Notices(places=places, sleep=lambda _: None).leave("update.done", wait_s=1)
    assert not (tmp_path / "etc-passwd").exists()
    assert Notices(places=places).leave("update.back")
    assert (folder / "update.back").read_bytes() == b""
