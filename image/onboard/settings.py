"""`kith-settings`: the table `[device]` of kith.toml, and a maintainer's door where there is a key for it.

Without `authorized_keys` on the boot partition no network is set up and nothing listens. With it: wired
network by DHCP, and SSH for root, by these keys only.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Callable, Sequence

from .device import OnboardError, Places, Run, run, teller

HOST_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
"""What every network takes as a name."""
DEFAULT_HOST_NAME = "kith"
TABLE = "device"
SETTINGS = "run/kith-settings/kith.toml"
"""Where the initrd put them."""
KEYS_FILE = "authorized_keys"
MAINTAINER_FOLDER = "run/kith-ssh"
LARGEST_KEYS_BYTES = 65536
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
"""Some editors begin a file with it; TOML does not know it."""


def device_table(places: Places, tell: Callable[[str], None]) -> dict[str, object]:
    """The table; empty where there is none, or the file makes no sense, which Kith itself says."""
    try:
        text = (places.root / SETTINGS).read_bytes().removeprefix(_BYTE_ORDER_MARK).decode()
        found = tomllib.loads(text).get(TABLE, {})
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError):
        tell("kith.toml cannot be read; the defaults hold")
        return {}
    if not isinstance(found, dict):
        tell("[device] in kith.toml is not a table; the defaults hold")
        return {}
    return found


def host_name(table: dict[str, object], tell: Callable[[str], None]) -> str:
    """The host name of the table, `kith` where it has none or a bad one."""
    for unknown in sorted(table.keys() - {"hostname"}):
        tell(f"[device] {unknown} in kith.toml is not known, and passed over")
    wanted = table.get("hostname", DEFAULT_HOST_NAME)
    if isinstance(wanted, str) and HOST_NAME.fullmatch(wanted):
        return wanted
    tell(f"[device] hostname in kith.toml must be a-z, 0-9 and - only; it is {DEFAULT_HOST_NAME}")
    return DEFAULT_HOST_NAME


def maintainers_keys(places: Places) -> bytes:
    """The public keys on the boot partition, as sshd reads them; empty where there are none."""
    try:
        with (places.boot / KEYS_FILE).open("rb") as file:
            content = file.read(LARGEST_KEYS_BYTES)
    except OSError:
        return b""
    # Written by an editor of another system.
    lines = content.removeprefix(_BYTE_ORDER_MARK).replace(b"\r", b"\n").splitlines()
    kept = [line.strip() for line in lines if line.strip() and not line.strip().startswith(b"#")]
    return b"".join(line + b"\n" for line in kept)


def open_door(places: Places, execute: Run, keys: bytes, data_is_mounted: bool) -> None:
    """Network and SSH, for who has one of these keys. Raises OnboardError where it cannot be."""
    folder = places.root / MAINTAINER_FOLDER
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    (folder / KEYS_FILE).write_bytes(keys)
    # The host's key stays the same from start to start where it can be kept.
    kept = places.data / "ssh" if data_is_mounted else folder
    host_key = kept / "ssh_host_ed25519_key"
    if not host_key.exists():
        made = execute(
            ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "kith", "-f", str(host_key)), b""
        )
        if made.status:
            raise OnboardError(f"no host key can be made: {made.output}")
    (folder / "host_key").unlink(missing_ok=True)
    (folder / "host_key").symlink_to(host_key)
    units = ("systemd-networkd.service", "kith-ssh.service")
    started = execute(("systemctl", "start", "--no-block", *units), b"")
    if started.status:
        raise OnboardError(f"network and SSH cannot be started: {started.output}")


def main(arguments: Sequence[str]) -> int:
    """`kith-settings`, once at each start."""
    places = Places()
    tell = teller("kith-settings", places)
    try:
        name = host_name(device_table(places, tell), tell)
        (places.root / "proc/sys/kernel/hostname").write_text(name, encoding="ascii")
        if keys := maintainers_keys(places):
            open_door(places, run, keys, data_is_mounted=places.data.is_mount())
            tell("there is a maintainer's key: network and SSH are on")
    except (OnboardError, OSError) as problem:
        tell(str(problem))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
