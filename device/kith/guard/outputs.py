"""Buzzer and vibration motor: one that fails is told once and opened anew, at once and then again and again;
and the rest goes on."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from kith.clock import NS_PER_MS, NS_PER_S
from kith.errors import OutputFault, OutputUnavailable
from kith.guard.ports import Output

_LOG = logging.getLogger(__name__)
_RETRY_NS = NS_PER_S
_FIRST_RETRY_NS = 50 * NS_PER_MS
"""After a fault; then twice as long each time. A CONTACT is one long tone: nothing else begins it anew."""


class Outputs:
    """All outputs as one. Called from the loop's thread alone."""

    def __init__(self, outputs: Sequence[Output]) -> None:
        self._outputs = tuple(outputs)
        self._working: list[Output] = []
        self._told: set[Output] = set()
        self._hiccuped: set[Output] = set()
        self._pitch_hz = 0
        self._retry_ns = 0
        self._pause_ns = _RETRY_NS

    @property
    def muffled(self) -> bool:
        """Nothing can be heard or felt."""
        return not self._working

    @property
    def failing(self) -> int:
        """How many do not work."""
        return len(self._outputs) - len(self._working)

    def set(self, pitch_hz: int) -> None:
        """Sound on all that work; 0: be silent."""
        self._pitch_hz = pitch_hz
        for output in tuple(self._working):
            try:
                output.set(pitch_hz)
            except OutputFault as error:
                # At once: a warning may be due, or a tone may not have ended.
                self._working.remove(output)
                output.close()
                if not self._open(output, error):
                    self._retry_ns, self._pause_ns = 0, _FIRST_RETRY_NS

    def upkeep(self, now_ns: int) -> None:
        """To be called often: it opens what does not work, the first time at once, in the end each second."""
        if now_ns < self._retry_ns:
            return
        self._retry_ns = now_ns + self._pause_ns
        self._pause_ns = min(2 * self._pause_ns, _RETRY_NS)
        for output in self._outputs:
            if output not in self._working:
                self._open(output)

    def close(self) -> None:
        """Be silent and let them go."""
        self._working.clear()
        for output in self._outputs:
            output.close()

    def _open(self, output: Output, fault: OutputFault | None = None) -> bool:
        """Whether it works. fault: for which it is opened anew."""
        try:
            output.start()
            if self._pitch_hz:
                output.set(self._pitch_hz)
        except (OutputUnavailable, OutputFault) as error:
            self._tell(output, fault or error)
            return False
        self._working.append(output)
        if fault is not None:
            self._tell_of_hiccup(output, fault)
        elif output in self._told:
            self._told.remove(output)
            _LOG.warning("an output works again")
        return True

    def _tell(self, output: Output, error: Exception) -> None:
        if output not in self._told:
            self._told.add(output)
            _LOG.error("%s", error)

    def _tell_of_hiccup(self, output: Output, fault: OutputFault) -> None:
        if output not in self._hiccuped:
            self._hiccuped.add(output)
            _LOG.warning("%s; opened anew, it works: check its wires", fault)
