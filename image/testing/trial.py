"""What every step has at hand: the image, fresh cards, cards that were started once, and the log."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from image.testing.card import Card
from image.testing.console import ConsoleLine, NotSeen
from image.testing.device import Device
from image.testing.guest import GuestGone
from image.testing.machine import Board, Machine
from image.testing.record import Record, Row
from image.tools_tree import ToolsTree

READY = r"kith: ready"
GUARD_READY = r"kith-guard: ready"
LIMIT_S = 420.0
"""For a start, on a machine that others use too: a quiet one needs a tenth of it."""
COMMAND_LIMIT_S = 180.0
_NEVER = r"(?!)"
_SHOWN = ("kith", "panic", "rauc", "Failed", "emergency")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One run of steps. folder: within the repository."""

    tools: ToolsTree
    image: Path
    folder: Path
    record: Record
    board: Board
    tell: Callable[[str], None] = print

    def fresh(self, name: str) -> Device:
        """A card as it comes from the flashing program, in a device that was never on."""
        card = Card.of_image(self.image, self.folder / name / "card.img", self.tools)
        return self.device(name, card)

    def settled(self, name: str) -> Device:
        """A device that was on once: its data partition is made. The first time this starts it."""
        kept = self.folder / "settled.img"
        if not kept.exists():
            device = self.fresh("settled")
            row_of = self.record.row("settle", "the first start of the card that other steps copy")
            with row_of as row, device.power_on() as machine:
                ready(machine, row)
                switch_off(machine)
            device.card.path.rename(kept)
        return self.device(name, Card(kept, self.tools).copy(self.folder / name / "card.img"))

    def device(self, name: str, card: Card) -> Device:
        """A device with this card, whose consoles are kept under a name."""
        return Device(self.tools, self.board, card, self.folder / name, self.show)

    def show(self, line: ConsoleLine) -> None:
        """Tell of a line of the console that is of interest."""
        if any(each in line.text for each in _SHOWN):
            self.tell(f"        {line.at_s:7.1f} {line.text}")


def ready(machine: Machine, row: Row, *, limit_s: float = LIMIT_S) -> None:
    """Wait for both programs and for the port of commands; note when."""
    guard = machine.wait(GUARD_READY, limit_s)
    main = machine.wait(READY, limit_s)
    row.note(f"kith-guard ready at {guard.at_s:.0f} s, kith at {main.at_s:.0f} s")
    machine.guest.ready(LIMIT_S)


def switch_off(machine: Machine, limit_s: float = COMMAND_LIMIT_S) -> float:
    """Switch it off in an orderly way; the seconds that took."""
    begun_s = machine.console.now_s()
    with suppress(GuestGone):
        machine.guest.run("systemctl poweroff --no-block")
    machine.ended(limit_s)
    return machine.console.now_s() - begun_s


def settled_down(machine: Machine) -> str:
    """Wait until systemd has nothing left to start; "running" or "degraded"."""
    ask = "s=$(systemctl is-system-running); [ $s != starting ] && break; sleep 1"
    return machine.guest.run(f"for i in $(seq 150); do {ask}; done; echo $s", COMMAND_LIMIT_S).out.strip()


def pause(machine: Machine, seconds: float) -> None:
    """Let it run."""
    with suppress(NotSeen):
        machine.wait(_NEVER, seconds)
