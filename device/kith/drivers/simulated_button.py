"""A button that a script presses: "12.5 double; 30 tap; 40 hold"."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from itertools import pairwise

from kith.clock import NS_PER_MS, NS_PER_S, Clock
from kith.errors import InputError
from kith.types import ButtonEdge

_TAP_MS = 120
_HOLD_MS = {"hold": 1300, "taphold": 1300, "hold4": 4300, "hold10": 10_300}
_GRAMMAR = (
    "write seconds and tap, double, taphold, hold, hold4 or hold10, one after the other,"
    ' for instance "12.5 double; 30 tap"'
)
_PRESS = re.compile(r"(?P<at>\d+(?:\.\d+)?)\s+(?P<what>tap|double|taphold|hold|hold4|hold10)")


def parse_presses(script: str) -> tuple[ButtonEdge, ...]:
    """The edges of a script, times in seconds from the start. Raises InputError that shows the grammar, also
    for a press that begins while another lasts: there is one button."""
    presses: list[tuple[str, list[ButtonEdge]]] = []
    for part in filter(None, (piece.strip() for piece in script.split(";"))):
        found = _PRESS.fullmatch(part)
        if found is None:
            raise InputError(f"'{part}' is no button press; {_GRAMMAR}")
        presses.append((part, _edges(round(float(found["at"]) * NS_PER_S), found["what"])))
    presses.sort(key=lambda press: press[1][0].at_ns)
    for (first, before), (second, after) in pairwise(presses):
        if after[0].at_ns <= before[-1].at_ns:
            raise InputError(f"'{second}' begins before the end of '{first}'; {_GRAMMAR}")
    return tuple(edge for _, edges in presses for edge in edges)


def _edges(at_ns: int, what: str) -> list[ButtonEdge]:
    last_ms = _HOLD_MS.get(what, _TAP_MS)
    if what not in ("double", "taphold"):
        return _press(at_ns, last_ms)
    return _press(at_ns, _TAP_MS) + _press(at_ns + 2 * _TAP_MS * NS_PER_MS, last_ms)


def _press(at_ns: int, length_ms: int) -> list[ButtonEdge]:
    up_ns = at_ns + length_ms * NS_PER_MS
    return [ButtonEdge(down=True, at_ns=at_ns), ButtonEdge(down=False, at_ns=up_ns)]


class ScriptedButton:
    """Presses itself in real time, from `start` on; and does other things at their time."""

    def __init__(
        self,
        edges: tuple[ButtonEdge, ...],
        actions: tuple[tuple[int, Callable[[], None]], ...],
        clock: Clock,
    ) -> None:
        self._edges, self._actions, self._clock = edges, actions, clock
        self._closing = threading.Event()

    def start(self, on_edge: Callable[[ButtonEdge], None]) -> None:
        """See ports.Button."""
        self.close()
        start_ns = self._clock.now_ns()
        closing = self._closing = threading.Event()

        def press(down: bool) -> Callable[[], None]:
            return lambda: on_edge(ButtonEdge(down=down, at_ns=self._clock.now_ns()))

        timed = [(edge.at_ns, press(edge.down)) for edge in self._edges] + list(self._actions)

        def run() -> None:
            for at_ns, act in sorted(timed, key=lambda each: each[0]):
                wait_s = (start_ns + at_ns - self._clock.now_ns()) / NS_PER_S
                if closing.wait(max(0.0, wait_s)):
                    return
                act()

        threading.Thread(target=run, name="kith-script", daemon=True).start()

    def close(self) -> None:
        """See ports.Button."""
        self._closing.set()
