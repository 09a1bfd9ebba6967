"""Switching the wearable off."""

from __future__ import annotations

import logging
import shutil
import subprocess

_LOG = logging.getLogger(__name__)
_ANSWER_S = 10.0


def switch_off() -> bool:
    """Ask systemd to switch the device off and wait for what it says to that; True when it does. It needs
    the rule that systemd/50-kith-poweroff.rules holds."""
    command = shutil.which("systemctl")
    if command is None:
        _LOG.error("cannot switch the device off: there is no systemctl here")
        return False
    try:
        done = subprocess.run(
            [command, "--no-ask-password", "poweroff"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_ANSWER_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        _LOG.error("cannot switch the device off: %s", error)
        return False
    if done.returncode != 0:
        _LOG.error(
            "cannot switch the device off: systemctl ended with %d: %s; is 50-kith-poweroff.rules installed?",
            done.returncode,
            done.stderr.strip(),
        )
    return done.returncode == 0
