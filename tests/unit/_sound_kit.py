"""Sound cards that a test plugs in: the kernel's list of them, as files."""

from __future__ import annotations

import shutil
from pathlib import Path

HDMI, JACK, HEADSET = "vc4-hdmi-0", "bcm2835 Headphones", "USB Audio Device"


class Sockets:
    """What a card is plugged into. root: stands for /proc/asound."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "asound"
        self.root.mkdir()
        self._cards: dict[int, tuple[str, str]] = {}
        self._tell()

    def plug(self, number: int, short: str, name: str, pcm: str = "pcm0p") -> None:
        """pcm: its parts with a space between, "pcm0p pcm0c" for one that plays and hears."""
        self._cards[number] = (short, name)
        for part in pcm.split():
            (self.root / f"card{number}" / part).mkdir(parents=True)
        self._tell()

    def pull(self, number: int) -> None:
        del self._cards[number]
        shutil.rmtree(self.root / f"card{number}")
        self._tell()

    def playing(self) -> dict[int, str]:
        """The names of those that play, as PortAudio calls them."""
        return {
            number: f"{name}: - (hw:{number},0)"
            for number, (_, name) in sorted(self._cards.items())
            if (self.root / f"card{number}" / "pcm0p").exists()
        }

    def _tell(self) -> None:
        lines = [
            f"{number:2} [{short:<15}]: {name.split()[0]} - {name}\n"
            f"                      {name} at usb-0000:01:00.0-1.3, full speed\n"
            for number, (short, name) in sorted(self._cards.items())
        ]
        (self.root / "cards").write_text("".join(lines) or "--- no soundcards ---\n")
