"""Keeps a process that runs all day small. Linux with glibc; elsewhere nothing is done."""

from __future__ import annotations

import ctypes
import logging
import mmap
import os
from collections.abc import Container, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_LOG = logging.getLogger(__name__)

_M_ARENA_MAX = -8
"""glibc's number for `mallopt`."""

_SMAPS = Path("/proc/self/smaps")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """Pages of a file in memory: addresses and lengths in bytes."""

    file: str
    start: int
    length: int
    resident: int


def start_small() -> None:
    """Call before NumPy or OpenCV are imported and before the first thread starts.

    One heap for all threads: with one each, every thread keeps the largest frames it ever let go. And no
    threads for linear algebra: the gallery's one product a look is over before they would have woken up.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)


def let_go_of_files(files: Iterable[Path]) -> None:
    """Hand back the pages of files that were mapped to be read and will hardly be read again. Nothing may
    unmap them meanwhile: something else could come to lie there, and be lost."""
    _drop({str(file.resolve()) for file in files})


def let_go_of_start() -> None:
    """Hand back, once everything has run, the code that only the start needed, and what the allocator holds
    free. It takes 0.1 s; from any thread.

    Code is pages of files that are merely read. One that is needed again is found in the page cache.
    """
    with _held_libraries() as held:
        _drop(held)
    let_go_of_heap()


def let_go_of_heap() -> None:
    """Hand back what the allocator holds free."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def droppable(smaps: Iterable[str], files: Container[str]) -> list[Mapping]:
    """The mappings of these files that cannot be written to and of which no page is the process's own, as the
    linker's are once it has filled in addresses. smaps: lines of proc(5)."""
    found: list[Mapping] = []
    file, start, length, resident = "", 0, 0, 0
    for line in smaps:
        key, _, rest = line.partition(" ")
        if not key.endswith(":"):
            fields = line.split(maxsplit=5)
            first, last = (int(address, 16) for address in key.split("-"))
            start, length, resident = first, last - first, 0
            file = fields[5] if len(fields) > 5 and "w" not in fields[1] and fields[5] in files else ""
        elif key == "Rss:":
            resident = int(rest.split()[0]) * 1024
        elif key in ("Anonymous:", "Swap:") and int(rest.split()[0]):
            file = ""
        elif key == "VmFlags:" and file and resident:
            found.append(Mapping(file=file, start=start, length=length, resident=resident))
    return found


def _drop(files: Container[str]) -> None:
    if not _SMAPS.exists():
        return
    libc = ctypes.CDLL(None)
    dropped = 0
    for each in droppable(_SMAPS.read_text(encoding="utf-8").splitlines(), files):
        failed = libc.madvise(ctypes.c_void_p(each.start), ctypes.c_size_t(each.length), mmap.MADV_DONTNEED)
        dropped += 0 if failed else each.resident
    _LOG.debug("%d MiB of files are given back", dropped >> 20)


@contextmanager
def _held_libraries() -> Iterator[set[str]]:
    """The program and the libraries that are loaded, none of which can be unloaded for so long: PortAudio
    unloads ALSA's plugins whenever it looks for a device."""
    libc = ctypes.CDLL(None)
    if not _SMAPS.exists() or not hasattr(libc, "dlopen"):
        yield set()
        return
    libc.dlopen.restype, libc.dlopen.argtypes = ctypes.c_void_p, [ctypes.c_char_p, ctypes.c_int]
    libc.dlclose.argtypes = [ctypes.c_void_p]
    mode = os.RTLD_LAZY | os.RTLD_NOLOAD
    handles = {file: libc.dlopen(os.fsencode(file), mode) for file in _mapped_libraries()}
    held = {file: handle for file, handle in handles.items() if handle is not None}
    try:
        yield {*held, os.path.realpath("/proc/self/exe")}
    finally:
        for handle in held.values():
            libc.dlclose(handle)


def _mapped_libraries() -> set[str]:
    lines = (line.split(maxsplit=5) for line in Path("/proc/self/maps").read_text("utf-8").splitlines())
    return {fields[5] for fields in lines if len(fields) > 5 and ".so" in fields[5]}
