"""What a process that runs all day gives back, and what it may load."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from kith.app.paths import models_dir
from kith.recognition.gallery import Gallery
from kith.runtime.memory import Mapping, droppable
from kith.vision.networks import read_manifest
from tests.unit.test_layers_budget import loaded_by

DEVICE = Path(__file__).parents[2] / "device"


def mapping(
    name: str, *, perms: str = "r-xp", rss_kb: int = 8, anonymous_kb: int = 0, swap_kb: int = 0
) -> list[str]:
    """One entry of smaps, of 16 KiB at 0x1000."""
    return [
        f"00001000-00005000 {perms} 00000000 fe:00 5343346                    {name}",
        "Size:                 16 kB",
        f"Rss:                {rss_kb:4d} kB",
        f"Anonymous:          {anonymous_kb:4d} kB",
        f"Swap:               {swap_kb:4d} kB",
        "VmFlags: rd ex mr mw me sd",
    ]


LIBRARY, WEIGHTS = "/usr/lib/libx.so.1", "/opt/a b/net.tflite"
FILES = {LIBRARY, WEIGHTS}


def test_code_and_weights_can_be_dropped() -> None:
    lines = [*mapping(LIBRARY), *mapping(WEIGHTS, perms="r--s", rss_kb=12)]
    assert droppable(lines, FILES) == [
        Mapping(file=LIBRARY, start=0x1000, length=0x4000, resident=8192),
        Mapping(file=WEIGHTS, start=0x1000, length=0x4000, resident=12288),
    ]


@pytest.mark.parametrize(
    "entry",
    [
        mapping(LIBRARY, perms="rw-p"),
        mapping(LIBRARY, perms="r--p", anonymous_kb=4),  # addresses that the linker filled in
        mapping(LIBRARY, perms="r--p", swap_kb=4),  # the same, swapped out
        mapping(LIBRARY, rss_kb=0),
        mapping("/usr/lib/unloaded.so"),
        mapping("", perms="r--p"),
        mapping("[vdso]"),
    ],
)
def test_what_the_process_could_lose_is_kept(entry: list[str]) -> None:
    found = droppable([*entry, *mapping(WEIGHTS, perms="r--s")], FILES)
    assert [each.file for each in found] == [WEIGHTS]


RSS = """
import mmap, sys
from pathlib import Path
from kith.runtime.memory import let_go_of_files, let_go_of_start, start_small

def rss_kb(name):
    lines, found, total = Path("/proc/self/smaps").read_text().splitlines(), False, 0
    for line in lines:
        if "-" in line.split(" ")[0]:
            found = name in line
        elif found and line.startswith("Rss:"):
            total += int(line.split()[1])
    return total

start_small()
"""
DROPS_A_FILE = f"""{RSS}
with open(sys.argv[1], "rb") as file:
    weights = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
total = sum(weights[::4096])
assert rss_kb("weights") == 16 << 10
let_go_of_start()
assert rss_kb("weights") == 16 << 10, "no library"
let_go_of_files([Path(sys.argv[1])])
assert rss_kb("weights") == 0
assert sum(weights[::4096]) == total
"""
DROPS_CODE = f"""{RSS}
import numpy
before = rss_kb("_multiarray_umath"), rss_kb("libc.so")
let_go_of_start()
after = rss_kb("_multiarray_umath"), rss_kb("libc.so")
assert after[0] < before[0] * 0.6, (before, after)
assert 0 < after[1] < before[1], (before, after)
assert numpy.linalg.inv(numpy.eye(50)).sum() == 50
"""
UNLOADS_MEANWHILE = """
import ctypes, importlib.util, sys, threading, time
from kith.runtime.memory import let_go_of_start

libc = ctypes.CDLL(None)
libc.mallopt(-3, 65536)  # every buffer of its own mapping, where a library may just have lain
libc.dlopen.restype, libc.dlclose.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
names = ("_decimal", "unicodedata", "_elementtree", "_curses", "_lzma", "_sqlite3", "_asyncio", "mmap")
specs = [importlib.util.find_spec(name) for name in names]  # a Debian's Python has some of them built in
libraries = [each.origin.encode() for each in specs if each and each.origin.endswith(".so")][:3]
assert libraries
ends_s = time.monotonic() + 6.0
wrong = []

def unload():
    while time.monotonic() < ends_s:
        handles = [libc.dlopen(library, 1) for library in libraries]
        assert all(handles)
        for handle in handles:
            libc.dlclose(handle)

def keep(mark):
    while time.monotonic() < ends_s:
        buffers = [bytes([mark]) * size for size in (100_000, 300_000, 900_000)]
        time.sleep(0.001)
        wrong.extend(buffer for buffer in buffers if buffer.count(mark) != len(buffer))

threads = [threading.Thread(target=unload), *(threading.Thread(target=keep, args=(mark,)) for mark in (1, 2))]
for thread in threads:
    thread.start()
while time.monotonic() < ends_s:
    let_go_of_start()
for thread in threads:
    thread.join()
assert not wrong
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the pages are those of Linux")
@pytest.mark.parametrize(
    "program", [DROPS_A_FILE, DROPS_CODE, UNLOADS_MEANWHILE], ids=["weights", "code", "unloading"]
)
def test_a_process_shrinks_and_loses_nothing(program: str, tmp_path: Path) -> None:
    weights = tmp_path / "weights"
    weights.write_bytes(bytes(range(256)) * (16 << 12))
    done = subprocess.run(
        [sys.executable, "-c", program, str(weights)],
        env={"PYTHONPATH": str(DEVICE)},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert (done.returncode, done.stderr) == (0, "")


A_LOOK_AND_A_WORD = """
import sys
from pathlib import Path
from kith.runtime.memory import start_small
start_small()
import kith.cli.device, kith.app.run
import numpy as np
from kith.app.wiring import assemble
from kith.clock import VirtualClock
from kith.config import Settings
from kith.drivers.simulated_speech import SimulatedSpeech
from kith.types import Announcement, Band, Earcon, Frame, Phrase
voice, clock = SimulatedSpeech(), VirtualClock()
device = assemble(Settings(), Path({file!r}), voice, clock, lambda event: None, virtual_time=True)
device.perception.look(Frame(seq=0, captured_ns=0, rgb=np.zeros((480, 640, 3), np.uint8)))
for number, earcon in enumerate(Earcon):
    sound = Announcement(key="k", phrase=Phrase.of("Anna"), earcon=earcon, band=Band.NOTICE, expires_ns=0)
    device.player.play(number, sound)
    device.player.render(22050, 0)
device.close()
assert "numpy.random" not in sys.modules
"""


def test_the_daemon_loads_nothing_that_it_can_do_without(tmp_path: Path) -> None:
    """Each of these costs a megabyte or more for good. The gallery is there already, as on all days but one:
    a new one needs sqlite_utils."""
    file = tmp_path / "kith.db"
    Gallery.open(file, read_manifest(models_dir()).networks["embedder"].model_id).close()
    loaded = loaded_by(A_LOOK_AND_A_WORD.format(file=str(file)))
    assert {"numpy", "cv2", "kith.app.daemon"} <= loaded
    unwanted = {
        "sqlite_utils",
        "matplotlib",
        "asyncio",
        "unittest",
        "email",
        "multiprocessing",
        "xml",
        "http",
    }
    assert not loaded & unwanted
    assert not {name for name in loaded if name.startswith("kith.simulation")}
