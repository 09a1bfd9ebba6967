"""The whole device: a card, a board, and a firmware that starts what the card's boot partition says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from image import ImageError
from image.testing import firmware
from image.testing.card import Card
from image.testing.console import ConsoleLine
from image.testing.guest import guest_arguments, slow_arguments
from image.testing.machine import Board, Extras, Kernel, Machine
from image.tools_tree import ToolsTree


class Device:
    """folder: its own, within the repository; gets the card's files and, numbered, each start's console."""

    def __init__(
        self,
        tools: ToolsTree,
        board: Board,
        card: Card,
        folder: Path,
        tell: Callable[[ConsoleLine], None] = lambda line: None,
    ) -> None:
        self.card, self.folder = card, folder
        self._tools, self._board, self._tell = tools, board, tell
        self._starts = 0
        self._tryboot = False
        self.tried = False
        """Whether the last start was by the firmware's one-time flag."""
        folder.mkdir(parents=True, exist_ok=True)

    def power_on(self, extras: Extras | None = None, arguments: str = "") -> Machine:
        """Start what the firmware would start; its one-time flag is used up. arguments: for the kernel,
        beside those of the card. Raises ImageError where a Pi would start nothing."""
        flag, self._tryboot = self._tryboot, False
        self.tried = flag
        files = firmware.choose(self.card.read, tryboot=flag, filters=self._board.filters)
        self._starts += 1
        line = firmware.with_console(files.command_line, self._board.console)
        line = f"{line} {slow_arguments()}"
        if self._board.guest:
            line = f"{line} {guest_arguments()}"
        return Machine(
            self._tools,
            self._board,
            self.card,
            Kernel(
                kernel=self._taken("kernel", files.kernel),
                initrd=self._taken("initrd", files.initrd) if files.initrd else None,
                command_line=f"{line} {arguments}".strip(),
                device_tree=self._device_tree(files.prefix),
            ),
            self.folder / f"console-{self._starts:02d}.txt",
            extras,
            self._tell,
        )

    def restarted(
        self, machine: Machine, limit_s: float, extras: Extras | None = None, arguments: str = ""
    ) -> Machine:
        """Wait until it restarts by itself, then start as the firmware does. Raises ImageError where it
        switched itself off instead."""
        if machine.ended(limit_s) != "reset":
            raise ImageError("the device switched itself off instead of starting again")
        self._tryboot = bool(machine.console.find(firmware.NEXT_TRIES.pattern))
        machine.cut()
        return self.power_on(extras, arguments)

    def _taken(self, name: str, source: str) -> Path:
        content = self.card.read(source)
        if content is None:
            raise ImageError(f"the boot partition has no {source}")
        target = self.folder / name
        target.write_bytes(content)
        return target

    def _device_tree(self, prefix: str) -> Path | None:
        if self._board.device_tree is None:
            return None
        return self._taken("board.dtb", prefix + self._board.device_tree)
