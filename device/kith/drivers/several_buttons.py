"""Several buttons as one: a button on the wearable and a remote."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

from kith.clock import NS_PER_S
from kith.errors import ButtonUnavailable
from kith.ports import Button
from kith.types import ButtonEdge

_LOG = logging.getLogger(__name__)
_STUCK_NS = 15 * NS_PER_S
"""No press that means something is longer than 10 s: that button is stuck, and the others serve."""


class SeveralButtons:
    """Down when the first goes down, up when the last comes up. One that is down for over 15 s counts no more
    until it came up. Edges of the one that is pressed pass as they are, bounces and lost releases too."""

    def __init__(
        self, buttons: Sequence[Button], on_missing: Callable[[ButtonUnavailable], None] = lambda _: None
    ) -> None:
        """on_missing: told of each that cannot be had while another can."""
        self._buttons, self._on_missing = tuple(buttons), on_missing
        self._lock = threading.Lock()
        self._down_ns: dict[int, int] = {}

    def start(self, on_edge: Callable[[ButtonEdge], None]) -> None:
        """See ports.Button. Starts those that can be had. Raises ButtonUnavailable only when none can."""
        self.close()
        missing: list[ButtonUnavailable] = []
        for index, button in enumerate(self._buttons):
            try:
                button.start(self._merged(index, on_edge))
            except ButtonUnavailable as error:
                missing.append(error)
        if len(missing) == len(self._buttons):
            raise ButtonUnavailable("; ".join(map(str, missing)) or "there is no button at all")
        for each in missing:
            _LOG.warning("one button is missing: %s", each)
            self._on_missing(each)

    def close(self) -> None:
        """See ports.Button."""
        for button in self._buttons:
            button.close()
        with self._lock:
            self._down_ns.clear()

    def _merged(self, index: int, on_edge: Callable[[ButtonEdge], None]) -> Callable[[ButtonEdge], None]:
        def take(edge: ButtonEdge) -> None:
            with self._lock:  # also over the call, so that edges stay in their order
                if edge.down:
                    self._down_ns[index] = edge.at_ns
                else:
                    self._down_ns.pop(index, None)
                if not self._another_is_down(index, edge.at_ns):
                    on_edge(edge)

        return take

    def _another_is_down(self, index: int, at_ns: int) -> bool:
        return any(other != index and at_ns - down_ns < _STUCK_NS for other, down_ns in self._down_ns.items())
