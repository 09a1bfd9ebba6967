"""The guard's place in the machine: real-time priority, memory that stays, a collector that waits."""

from __future__ import annotations

import ctypes
import gc
import os
import sys
import threading

_SWITCH_INTERVAL_S = 0.001
"""Python's 5 ms let a sensor's thread keep an edge waiting for as long."""
_STACK_BYTES = 256 * 1024
_ONE_ARENA = (-8, 1)
"""M_ARENA_MAX of malloc.h: else every thread takes memory of its own, and keeps it."""
_LOCK_TOUCHED = 1 | 2 | 4
"""MCL_CURRENT, MCL_FUTURE, MCL_ONFAULT of sys/mman.h: what is touched stays; the rest is not fetched."""
_GARBAGE_ALLOWED = 2000
_GARBAGE_UNBEARABLE = 50_000


def be_small() -> None:
    """To be called before the first thread is begun: small stacks, one heap, quick turns between threads."""
    threading.stack_size(_STACK_BYTES)
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    ctypes.CDLL(None).mallopt(*_ONE_ARENA)


def take_priority(priority: int) -> str | None:
    """SCHED_FIFO for this thread and all it begins; 0: an ordinary process. None when it was given, else why
    it was not.

    All threads of the guard have it, also those that only write: one that is put aside while it holds
    Python's lock holds up the rest.
    """
    policy = os.SCHED_FIFO if priority else os.SCHED_OTHER
    try:
        os.sched_setscheduler(0, policy, os.sched_param(priority))
    except OSError as error:
        return error.strerror or str(error)
    return None if priority else "the settings ask for none"


def lock_memory() -> str | None:
    """Give free memory back and keep the rest from being swapped out. None, or why it cannot be kept."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.malloc_trim(0)
    if libc.mlockall(_LOCK_TOUCHED) == 0:
        return None
    return os.strerror(ctypes.get_errno())


def settle() -> None:
    """To be called once everything is made: what there is now is never looked at again for garbage, and no
    collection comes by itself."""
    gc.collect()
    gc.freeze()
    gc.disable()


def collect_garbage(quiet: bool) -> None:
    """Collect, while nothing is to be heard, what has come together since; without quiet only when it is
    very much. Below a millisecond, since what was there at the start is frozen."""
    if gc.get_count()[0] >= (_GARBAGE_ALLOWED if quiet else _GARBAGE_UNBEARABLE):
        gc.collect()
