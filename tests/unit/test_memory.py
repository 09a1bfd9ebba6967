"""What a process that runs all day gives back, and what it may load."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from kith.app.paths import models_dir
from kith.recognition.gallery import Gallery
from kith.runtime.memory import droppable
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


def test_code_and_models_can_be_dropped() -> None:
    lines = [*mapping("/usr/lib/libx.so.1"), *mapping("/opt/a b/net.tflite", perms="r--s", rss_kb=12)]
    assert droppable(lines) == [(0x1000, 0x4000, 8192), (0x1000, 0x4000, 12288)]


@pytest.mark.parametrize(
    "entry",
    [
        mapping("/usr/lib/libx.so.1", perms="rw-p"),
        mapping("/usr/lib/libx.so.1", perms="r--p", anonymous_kb=4),  # addresses that the linker filled in
        mapping("/usr/lib/libx.so.1", perms="r--p", swap_kb=4),  # the same, swapped out
        mapping("", perms="r--p"),
        mapping("[vdso]"),
        mapping("/usr/lib/libx.so.1", rss_kb=0),
        mapping("/dev/shm/x", perms="rw-s"),
    ],
)
def test_what_the_process_could_lose_is_kept(entry: list[str]) -> None:
    assert droppable([*entry, *mapping("/usr/lib/liby.so.1")]) == [(0x1000, 0x4000, 8192)]


DROPS_A_FILE = """
import mmap, sys
from pathlib import Path
from kith.runtime.memory import let_go_of_start, start_small

def rss():
    return sum(int(line.split()[1]) for line in Path("/proc/self/smaps").read_text().splitlines()
               if line.startswith("Rss:")) // 1024

start_small()
with open(sys.argv[1], "rb") as file:
    weights = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
total = sum(weights[::4096])
before = rss()
given_back = let_go_of_start()
after = rss()
assert sum(weights[::4096]) == total
print(before - after, given_back >> 20)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the pages are counted by Linux")
def test_a_process_shrinks_and_still_reads_the_same(tmp_path: Path) -> None:
    weights = tmp_path / "weights"
    weights.write_bytes(bytes(range(256)) * (16 << 12))
    done = subprocess.run(
        [sys.executable, "-c", DROPS_A_FILE, str(weights)],
        env={"PYTHONPATH": str(DEVICE)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    shrunk_mib, given_back_mib = (int(word) for word in done.stdout.split())
    assert shrunk_mib >= 16
    assert given_back_mib >= 16


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
