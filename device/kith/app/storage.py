"""Whether what the device learns is still there when it is switched on again."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from kith.app.core import Trouble
from kith.errors import HardwareError


def data_mount(environ: Mapping[str, str] = os.environ) -> str | None:
    """Where the surroundings say that what is learnt is kept ($KITH_DATA_MOUNT); None where they do not."""
    return environ.get("KITH_DATA_MOUNT") or None


def check_storage(state: Path, environ: Mapping[str, str] = os.environ) -> str:
    """Where the state folder is kept, in words. Raises HardwareError when nothing is mounted at the place
    that the surroundings name, or the folder is not on it: it is then in memory, or on a system that nothing
    may be written to."""
    mount = data_mount(environ)
    if mount is None:
        return f"{state} is wherever it is"
    try:
        # By the disk, not by the path: the folder may be bound to where the mount has it.
        kept = os.path.ismount(mount) and state.stat().st_dev == Path(mount).stat().st_dev
    except OSError:
        kept = False
    if not kept:
        raise HardwareError(
            f"{state} is not on a data partition mounted at {mount}: what is learnt now is lost when the"
            " device is switched off; write the card anew, or take another"
        )
    return f"{state} is on the data partition at {mount}"


def storage_troubles(state: Path, environ: Mapping[str, str] = os.environ) -> tuple[Trouble, ...]:
    """What the wearer is to be told of it at the start."""
    try:
        check_storage(state, environ)
    except HardwareError as error:
        return (Trouble(key="storage.missing", text=str(error)),)
    return ()
