"""Keeps a process that runs all day small. Linux with glibc; elsewhere nothing is done."""

from __future__ import annotations

import ctypes
import logging
import mmap
import os
from collections.abc import Iterable
from pathlib import Path

_LOG = logging.getLogger(__name__)

_M_ARENA_MAX = -8
"""glibc's number for `mallopt`."""

_MAPS = Path("/proc/self/smaps")


def start_small() -> None:
    """Call before NumPy or OpenCV are imported and before the first thread starts.

    One heap for all threads: with one each, every thread keeps the largest frames it ever let go. And no
    threads for linear algebra: the gallery's one product a look is over before they would have woken up.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)


def let_go_of_start() -> int:
    """Hand back what only the start needed, once everything has run; bytes that were resident before and may
    be gone now.

    These are pages that the process merely reads from files: code that ran once, and the networks' weights,
    of which the runtime has made copies in an order of its own. One that is needed again is found in the
    page cache. And what the allocator holds free.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    given_back = 0
    if _MAPS.exists():
        for start, length, resident in droppable(_MAPS.read_text(encoding="utf-8").splitlines()):
            if libc.madvise(ctypes.c_void_p(start), ctypes.c_size_t(length), mmap.MADV_DONTNEED) == 0:
                given_back += resident
    trim = getattr(libc, "malloc_trim", None)
    if trim is not None:
        trim(0)
    _LOG.debug("%d MiB that the start needed are given back", given_back >> 20)
    return given_back


def droppable(smaps: Iterable[str]) -> list[tuple[int, int, int]]:
    """Start, length and resident bytes of each mapping of a file that cannot be written to and of which no
    page is the process's own, as the linker's are once it has filled in addresses. smaps: lines of proc(5).
    """
    found: list[tuple[int, int, int]] = []
    start = length = resident = 0
    of_file = False
    for line in smaps:
        key, _, rest = line.partition(" ")
        if not key.endswith(":"):
            fields = line.split(maxsplit=5)
            first, last = (int(address, 16) for address in key.split("-"))
            start, length, of_file = first, last - first, len(fields) > 5 and fields[5].startswith("/")
            of_file = of_file and "w" not in fields[1]
            resident = 0
        elif key == "Rss:":
            resident = int(rest.split()[0]) * 1024
        elif key in ("Anonymous:", "Swap:") and int(rest.split()[0]):
            of_file = False
        elif key == "VmFlags:" and of_file and resident:
            found.append((start, length, resident))
    return found
