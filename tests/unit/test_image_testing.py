"""The parts of the image's tests that need no QEMU: firmware, writes, console, what a cut may leave."""

from __future__ import annotations

import io
import json
import os
import random
import socket
import struct
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from image import ImageError
from image.testing import guest as guest_module
from image.testing import writes
from image.testing.card import Card, Partition
from image.testing.console import Console, NotSeen
from image.testing.expecting import Expected
from image.testing.firmware import BootFiles, choose, with_console
from image.testing.guest import Guest, GuestGone, guest_arguments, slow_arguments
from image.testing.kith_user import as_kith, objects_of, program
from image.testing.machine import BOARDS, Extras, Kernel, qemu_arguments
from image.testing.record import Record, StepFailed
from image.tools_tree import ToolsTree

CONFIG = b"# a comment\narm_64bit=1\n[pi3]\nkernel=other\n[all]\nos_prefix=%s/\nkernel=vmlinuz\n"
CONFIG += b"initramfs initrd.img followkernel\n"
FILES = {
    "config.txt": CONFIG % b"a",
    "tryboot.txt": CONFIG % b"b",
    **{f"{slot}/{name}": b"x" for slot in "ab" for name in ("vmlinuz", "initrd.img", "other")},
    "a/cmdline.txt": b"console=tty1 rauc.slot=A\nnever read\n",
    "b/cmdline.txt": b"console=tty1 rauc.slot=B\n",
}


def test_the_firmware_starts_what_config_names_and_only_by_its_flag_what_tryboot_names() -> None:
    assert choose(FILES.get, tryboot=False) == BootFiles(
        config="config.txt",
        prefix="a/",
        kernel="a/vmlinuz",
        initrd="a/initrd.img",
        command_line="console=tty1 rauc.slot=A",
    )
    tried = choose(FILES.get, tryboot=True)
    assert (tried.prefix, tried.command_line) == ("b/", "console=tty1 rauc.slot=B")


def test_settings_of_another_board_do_not_count() -> None:
    assert choose(FILES.get, tryboot=False, filters=frozenset({"pi3"})).kernel == "a/vmlinuz"
    swapped = dict(FILES, **{"config.txt": CONFIG.replace(b"[all]\n", b"") % b"a"})
    assert choose(swapped.get, tryboot=False, filters=frozenset({"pi3"})).prefix == "a/"
    with pytest.raises(ImageError, match="not there"):
        choose(swapped.get, tryboot=False)


@pytest.mark.parametrize("missing", ["config.txt", "a/vmlinuz", "a/initrd.img", "a/cmdline.txt"])
def test_a_boot_partition_without_what_it_names_starts_nothing(missing: str) -> None:
    files = {name: content for name, content in FILES.items() if name != missing}
    with pytest.raises(ImageError):
        choose(files.get, tryboot=False)


def test_the_console_takes_the_place_of_those_of_the_card() -> None:
    line = with_console("console=tty1 kith.root=x console=serial0,115200 panic=10", "ttyAMA0")
    assert line == "kith.root=x panic=10 console=ttyAMA0"


def _log(entries: list[tuple[int, bytes, int]], count: int | None = None) -> bytes:
    """A log as QEMU writes it: sector on the card, content, flags."""
    log = struct.pack("<QQQI", 0x6A736677736872, 1, len(entries) if count is None else count, 512)
    log = log.ljust(512, b"\0")
    for sector, content, flags in entries:
        log += struct.pack("<QQQQ", sector, len(content) // 512, flags, 0).ljust(512, b"\0")
        log += b"" if flags & 4 else content
    return log


def _sector(letter: bytes) -> bytes:
    return letter * 512


def _after_cut(folder: Path, log: bytes, seed: int) -> tuple[bytes, writes.Cut]:
    card, before, path = folder / "card", folder / "before", folder / "log"
    card.write_bytes(b"?" * 2048)
    before.write_bytes(b"." * 2048)
    path.write_bytes(log)
    cut = writes.lose(card, before, path, random.Random(seed))
    return card.read_bytes(), cut


def test_what_was_flushed_is_on_the_card_and_the_rest_by_chance(tmp_path: Path) -> None:
    log = _log([(0, _sector(b"a"), 0), (1, _sector(b"b"), 0), (0, b"", 1), (1, _sector(b"c"), 0),
                (2, _sector(b"d"), 2), (3, _sector(b"e"), 0)])  # fmt: skip
    seen = set()
    for seed in range(40):
        card, cut = _after_cut(tmp_path, log, seed)
        assert card[:512] == _sector(b"a")
        assert card[1024:1536] == _sector(b"d"), "a write that is to be kept at once is kept"
        assert (cut.writes, cut.unflushed) == (6, 3)
        seen.add((card[512:513], card[1536:1537], cut.lost))
    assert seen == {(b"b", b".", 2), (b"c", b".", 1), (b"b", b"e", 1), (b"c", b"e", 0)}


def test_discards_have_no_content_in_the_log(tmp_path: Path) -> None:
    log = _log([(0, b"z" * 1024, 4), (3, _sector(b"a"), 0), (0, b"", 1)])
    assert _after_cut(tmp_path, log, 0)[0] == b"." * 1536 + _sector(b"a")


def test_a_log_that_ends_before_its_last_flush_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(_log([(0, _sector(b"a"), 0)], count=2))
    with pytest.raises(ImageError, match="after 1 of 2"):
        writes.entries(path)
    path.write_bytes(b"")
    assert writes.entries(path) == []


def test_a_gallery_may_hold_a_change_that_was_not_confirmed_but_must_hold_all_that_were() -> None:
    expected = Expected(people={"A": "1"})
    for said in (
        {"will": "add", "name": "B", "new": None, "trace": None},
        {"did": "add", "name": "B", "new": None, "trace": "2"},
        {"will": "rename", "name": "A", "new": "C", "trace": "1"},
    ):
        expected.take(said)
    assert expected.confirmed == 1
    assert expected.problems({"A": "1", "B": "2"}) == expected.problems({"C": "1", "B": "2"}) == []
    assert expected.problems({"A": "1"}) == ["B was confirmed and is gone"]
    assert expected.problems({"A": "1", "B": "3"}) == ["B is there with other content"]
    assert expected.problems({"B": "2"}) == ["A was confirmed and is gone"]
    assert expected.problems({"A": "1", "C": "1", "B": "2"}) == ["C is there and should not be"]


def test_who_was_being_added_or_forgotten_may_be_there_or_not() -> None:
    expected = Expected(people={"A": "1"})
    expected.take({"will": "add", "name": "B", "new": None, "trace": None})
    assert expected.problems({"A": "1"}) == expected.problems({"A": "1", "B": "9"}) == []
    expected.take({"did": "add", "name": "B", "new": None, "trace": "9"})
    expected.take({"will": "forget", "name": "A", "new": None, "trace": "1"})
    assert expected.problems({"A": "1", "B": "9"}) == expected.problems({"B": "9"}) == []
    expected.take({"did": "forget", "name": "A", "new": None, "trace": "1"})
    assert expected.problems({"A": "1", "B": "9"}) == ["A is there and should not be"]


def _console(tmp_path: Path, content: bytes) -> Console:
    console = Console(io.BytesIO(content), tmp_path / "console.txt")
    console.join(5)
    return console


def test_a_line_of_the_console_is_found_by_what_is_in_it(tmp_path: Path) -> None:
    console = _console(tmp_path, b"\x1b[32m[ 1.0]\x1b[0m start\r\nkith: ready\r\nkith: ready\n")
    assert console.wait("kith: ready", 1).text == "kith: ready"
    assert console.lines[0].text == "[ 1.0] start"
    assert len(console.find("ready")) == 2
    assert (tmp_path / "console.txt").read_text(encoding="utf-8").splitlines()[1].endswith("kith: ready")


def test_a_machine_that_ends_is_not_waited_for_to_the_end(tmp_path: Path) -> None:
    with pytest.raises(NotSeen, match=r"the machine ended\n.*last words"):
        _console(tmp_path, b"last words\n").wait("never", 1000)


def test_a_line_that_was_there_before_is_not_new(tmp_path: Path) -> None:
    with pytest.raises(NotSeen):
        _console(tmp_path, b"kith: ready\n").wait("kith: ready", 1, after=1)


def test_a_line_that_does_not_come_is_waited_for_so_long_only(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as source, os.fdopen(writing, "wb", 0):
        console = Console(source, tmp_path / "console.txt")
        with pytest.raises(NotSeen, match="0 s were over"):
            console.wait("never", 0.05)


def _agent(port: socket.socket, tmp_path: Path) -> subprocess.Popen[bytes]:
    """The machine's side: the unit's own words, on a socket in place of the port."""
    unit = guest_module._UNIT.replace("\\\n", "")
    words = unit.split('-c "')[1].split('"')[0]
    # A socket of Python's has no file in /dev.
    opened = f"p=open({port.fileno()},'rb+',0)"
    code = words.replace("p=open(glob.glob('/dev/vport*')[0],'rb+',0)", opened)
    assert opened in code
    return subprocess.Popen([sys.executable, "-c", code], pass_fds=[port.fileno()], cwd=tmp_path)


def test_commands_run_in_the_machine_and_their_lines_come_as_they_are_said(tmp_path: Path) -> None:
    ours, theirs = socket.socketpair()
    guest = Guest(ours)
    with _agent(theirs, tmp_path) as agent:
        theirs.close()
        guest.ready(20)
        ran = guest.run("echo one; echo two >&2; exit 3", 20)
        assert (ran.status, ran.out) == (3, "one\ntwo")
        with pytest.raises(ImageError, match="status 3"):
            guest.output("exit 3", 20)
        lines = guest.follow("echo begun; exec sleep 60", 20)
        assert next(lines) == "begun"
        agent.kill()
        with pytest.raises(GuestGone, match="ended"):
            next(lines)


def test_a_machine_that_does_not_answer_is_not_waited_for_for_ever() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.raises(GuestGone, match="did not answer"):
        Guest(ours).ready(0.05)


def test_the_test_unit_fits_on_a_command_line() -> None:
    # arm64 has 2048 bytes for all of it.
    assert len(guest_arguments() + slow_arguments()) < 1200


def test_programs_are_sent_as_text_and_only_json_is_listened_to() -> None:
    script = program("gallery", "write", "7")
    assert "/usr/bin/python3 -B - write 7 <<'KITH-END'" in script
    assert script.count("KITH-END") == 2
    assert "</dev/null" in as_kith("true")
    assert objects_of('warning\n{"did": "add"}\n3\n') == [{"did": "add"}]


def _card(tmp_path: Path, content: bytes) -> Card:
    path = tmp_path / "card.img"
    path.write_bytes(content)
    return Card(path, ToolsTree(tmp_path))


def test_a_cards_table_is_read_and_changed(tmp_path: Path) -> None:
    table = struct.pack("<B3sB3sII", 0, b"", 0x0C, b"", 2048, 4096)
    card = _card(tmp_path, b"\0" * 446 + table.ljust(64, b"\0") + b"\x55\xaa")
    assert card.partitions()[0] == Partition(start=2048 * 512, size=4096 * 512)
    card.set_entry(1, b"")
    assert card.partitions()[0] == Partition(start=0, size=0)


def test_a_marker_is_found_across_the_parts_that_a_partition_is_read_in(tmp_path: Path) -> None:
    part = 4 * 1024**2
    card = _card(tmp_path, b"MARK" + b"." * (part - 6) + b"MARKER" + b"." * 100)
    whole = Partition(start=0, size=part + 104)
    assert card.finds(b"MARKER", whole)
    assert not card.finds(b"MARKER", Partition(start=0, size=part))
    assert not card.finds(b"MAKRER", whole)


def test_a_copied_card_is_as_big_as_a_bigger_card(tmp_path: Path) -> None:
    copy = _card(tmp_path, b"image").copy(tmp_path / "deep" / "copy.img")
    assert copy.path.stat().st_size == 4 * 1024**3
    assert copy.head(Partition(start=0, size=512), 6) == b"image\0"


def test_qemu_is_given_what_is_plugged_in() -> None:
    kernel = Kernel(kernel=Path("k"), initrd=Path("i"), command_line="a b")
    plain = qemu_arguments(BOARDS["virt"], Path("card"), kernel, Extras())
    assert "file=card,if=virtio,format=raw" in plain
    assert not any("virtio-net" in each or "sound" in each for each in plain)
    full = qemu_arguments(
        BOARDS["virt"], Path("card"), kernel, Extras(sound=Path("s.wav"), ssh_port=2222, writes=Path("w"))
    )
    assert "driver=blklogwrites,node-name=disk,file=card,log=writes" in full
    assert any("127.0.0.1:2222-:22" in each for each in full)
    assert "wav,id=sound,path=s.wav,out.frequency=22050" in full


def test_a_log_has_a_row_for_each_thing_done_and_says_what_was_wrong(tmp_path: Path) -> None:
    times = iter(float(each) for each in range(100))
    record = Record(tmp_path / "log.md", "an image", tell=lambda line: None, clock=lambda: next(times))
    assert not record.good
    with record.row("boot", "started") as row:
        row.check(True, "ready at 3 s")
    assert record.good
    with pytest.raises(StepFailed), record.row("boot", "asked"):
        raise ImageError("no answer | at all\nand a long tail")
    assert not record.good
    log = (tmp_path / "log.md").read_text(encoding="utf-8")
    assert "| boot | started | ready at 3 s | 1 | ok |" in log
    assert "**WRONG: no answer \\| at all** |" in log
    assert "2 rows, 1 wrong" in log


def test_what_is_said_of_a_wrong_check_does_not_look_right(tmp_path: Path) -> None:
    record = Record(tmp_path / "log.md", "an image", tell=lambda line: None)
    with record.row("boot", "asked") as row:
        row.check(False, "nothing listens")
    assert not record.good
    assert "**WRONG: nothing listens**" in row.as_table_row()


def test_the_sound_of_a_pulled_plug_is_read_and_parted_at_long_pauses(tmp_path: Path) -> None:
    np = pytest.importorskip("numpy")
    from image.testing.sound import read, stretches_of

    mono = np.zeros(22_050 * 4, np.int16)
    for since_s, to_s in ((0.5, 1.0), (1.3, 1.5), (2.8, 3.0)):
        mono[int(since_s * 22_050) : int(to_s * 22_050)] = 5000
    path = tmp_path / "sound.wav"
    # The header says that there is nothing: QEMU writes the length at its end.
    path.write_bytes(b"\0" * 44 + np.repeat(mono[:, None], 2, 1).tobytes() + b"\1")
    assert read(path).shape == (22_050 * 4, 2)
    found = [(since / 22_050, to / 22_050) for since, to in stretches_of(read(path)[:, 0])]
    assert [pytest.approx(each, abs=0.01) for each in found] == [(0.5, 1.5), (2.8, 3.0)]
    path.write_bytes(b"\0" * 44)
    with pytest.raises(ImageError, match="nothing was played"):
        read(path)


def test_the_programs_for_the_machine_are_whole() -> None:
    for path in sorted((Path(guest_module.__file__).parent / "inside").glob("*.py")):
        compile(path.read_text(encoding="utf-8"), path.name, "exec")
    compile(textwrap.dedent(json.loads(json.dumps(guest_module._AGENT))), "agent", "exec")


def test_a_hole_that_reaches_beyond_a_partition_ends_the_search(tmp_path: Path) -> None:
    file = tmp_path / "card.img"
    with file.open("wb") as card:
        card.seek(8 << 20)
        card.write(b"MARKER" * 1000)
    found = Card(file, ToolsTree(tmp_path))
    assert not found.finds(b"MARKER", Partition(start=1 << 20, size=1 << 20))
    assert found.finds(b"MARKER", Partition(start=1 << 20, size=8 << 20))
