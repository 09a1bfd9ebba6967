"""Telling systemd how we are (sd_notify(3)): one datagram, no library."""

from __future__ import annotations

import os
import socket

from kith.clock import NS_PER_MS


class Notifier:
    """Sends to the socket that the environment names; where there is none, nothing happens."""

    def __init__(self, environment: dict[str, str] | None = None) -> None:
        env = dict(os.environ) if environment is None else environment
        self._address = env.get("NOTIFY_SOCKET", "")
        watchdog_us = env.get("WATCHDOG_USEC", "")
        half_ms = int(watchdog_us) // 2000 if watchdog_us.isdigit() else 0
        self.watchdog_interval_ns: int | None = half_ms * NS_PER_MS or None
        """How often `watchdog` must be called; None when systemd does not ask for it."""

    def ready(self) -> None:
        """Start-up is over."""
        self._send("READY=1")

    def stopping(self) -> None:
        """We are going down on purpose."""
        self._send("STOPPING=1")

    def watchdog(self) -> None:
        """Still alive."""
        self._send("WATCHDOG=1")

    def status(self, text: str) -> None:
        """One line for `systemctl status`."""
        self._send(f"STATUS={text}")

    def _send(self, message: str) -> None:
        if not self._address:
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        # A supervisor that does not read must not hold up who tells it: the guard has warnings to give.
        kind = socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
        try:
            with socket.socket(socket.AF_UNIX, kind) as channel:
                channel.sendto(message.encode(), address)
        except OSError:
            # A supervisor that is gone cannot be told; the next start will be noticed by it anyway.
            return
