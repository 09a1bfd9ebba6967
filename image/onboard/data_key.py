"""What opens the data partition: a random key on the boot partition, mixed with the board's where it has one.

It guards a data partition that comes into other hands without its boot partition, or after `kith-data erase`.
Not a card that somebody takes whole; unless the board has a key in its one-time memory, without which a card
is dead.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace

from .device import OnboardError, Places

KEY_BYTES = 64
"""As the file holds them; far more than can be guessed, so the passphrase need not be stretched."""
FILE_NAME = "kith.key"
BOARD_KEY = "sys/bus/nvmem/devices/nvmem_priv*/nvmem"
"""Where Raspberry Pi's kernel shows the device's private key; Debian's does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataKey:
    """The file `kith.key`.

    `with_board`: the board's own key was mixed in when the partition was made, and so it must be always.
    `complete`: the partition was once finished with this key, and is never made anew by itself.
    """

    secret: bytes
    with_board: bool
    complete: bool

    def text(self) -> str:
        """The file's content."""
        return (
            "# Opens the data partition of this card, and only of this one. Without it all people are lost.\n"
            f"key {self.secret.hex()}\n"
            f"board {'yes' if self.with_board else 'no'}\n"
            f"complete {'yes' if self.complete else 'no'}\n"
        )

    def passphrase(self, places: Places) -> bytes:
        """What LUKS is given. Raises OnboardError where the board's key is wanted and cannot be read."""
        if not self.with_board:
            return self.secret
        board = board_key(places)
        if not board:
            raise OnboardError("the board's own key cannot be read, which the data partition was made with")
        import hashlib
        import hmac

        return hmac.digest(board, self.secret, hashlib.sha256)


def completed(key: DataKey) -> DataKey:
    """The same key, of a partition that is finished."""
    return replace(key, complete=True)


def new_key(places: Places) -> DataKey:
    """A fresh key, for the board that this is."""
    return DataKey(secret=os.urandom(KEY_BYTES), with_board=bool(board_key(places)), complete=False)


def read_key(places: Places) -> DataKey | None:
    """The key on the boot partition; None where there is none, or none that makes sense."""
    found = {}
    for line in places.text("boot/firmware/" + FILE_NAME).splitlines():
        name, _, value = line.partition(" ")
        found[name] = value.strip()
    try:
        secret = bytes.fromhex(found.get("key", ""))
    except ValueError:
        return None
    if len(secret) != KEY_BYTES or found.get("board") not in ("yes", "no"):
        return None
    return DataKey(secret=secret, with_board=found["board"] == "yes", complete=found.get("complete") == "yes")


def board_key(places: Places) -> bytes:
    """The key in the board's one-time memory; empty where it has none or it cannot be read."""
    for path in sorted(places.root.glob(BOARD_KEY)):
        try:
            found = path.read_bytes()
        except OSError:
            continue
        # Never written: all zero.
        if any(found):
            return found
    return b""
