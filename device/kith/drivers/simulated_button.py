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
_HOLD_MS = 1300
_SCRIPTED = {
    "tap": (_TAP_MS,),
    "double": (_TAP_MS, _TAP_MS),
    "triple": (_TAP_MS, _TAP_MS, _TAP_MS),
    "hold": (_HOLD_MS,),
    "taphold": (_TAP_MS, _HOLD_MS),
    "doublehold": (_TAP_MS, _TAP_MS, _HOLD_MS),
    "triplehold": (_TAP_MS, _TAP_MS, _TAP_MS, _HOLD_MS),
    "hold4": (4300,),
    "hold10": (10_300,),
}
"""How long the button is down, in ms, press after press."""
_GAP_MS = 120
_NAMES = tuple(_SCRIPTED)
_GRAMMAR = (
    f"write seconds and {', '.join(_NAMES[:-1])} or {_NAMES[-1]}, one after the other,"
    ' for instance "12.5 double; 30 tap"'
)
_PRESS = re.compile(rf"(?P<at>\d+(?:\.\d+)?)\s+(?P<what>{'|'.join(_NAMES)})")


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
    edges: list[ButtonEdge] = []
    for length_ms in _SCRIPTED[what]:
        up_ns = at_ns + length_ms * NS_PER_MS
        edges += [ButtonEdge(down=True, at_ns=at_ns), ButtonEdge(down=False, at_ns=up_ns)]
        at_ns = up_ns + _GAP_MS * NS_PER_MS
    return edges


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
