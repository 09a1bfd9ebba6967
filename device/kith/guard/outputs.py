"""Buzzer and vibration motor: one that fails is told once and tried again for ever, and the rest goes on."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from kith.clock import NS_PER_S
from kith.errors import OutputFault, OutputUnavailable
from kith.guard.ports import Output

_LOG = logging.getLogger(__name__)
_RETRY_NS = NS_PER_S


class Outputs:
    """All outputs as one. Called from the loop's thread alone."""

    def __init__(self, outputs: Sequence[Output]) -> None:
        self._outputs = tuple(outputs)
        self._working: list[Output] = []
        self._told: set[Output] = set()
        self._pitch_hz = 0
        self._retry_ns = 0

    @property
    def muffled(self) -> bool:
        """Nothing can be heard or felt."""
        return not self._working

    def set(self, pitch_hz: int) -> None:
        """Sound on all that work; 0: be silent."""
        self._pitch_hz = pitch_hz
        for output in tuple(self._working):
            try:
                output.set(pitch_hz)
            except OutputFault as error:
                self._working.remove(output)
                self._tell(output, error)

    def upkeep(self, now_ns: int) -> None:
        """To be called often: once a second it opens what does not work, the first time at once."""
        if now_ns < self._retry_ns:
            return
        self._retry_ns = now_ns + _RETRY_NS
        for output in self._outputs:
            if output not in self._working:
                self._open(output)

    def close(self) -> None:
        """Be silent and let them go."""
        self._working.clear()
        for output in self._outputs:
            output.close()

    def _open(self, output: Output) -> None:
        try:
            output.start()
            if self._pitch_hz:
                output.set(self._pitch_hz)
        except (OutputUnavailable, OutputFault) as error:
            self._tell(output, error)
        else:
            self._working.append(output)
            if output in self._told:
                self._told.remove(output)
                _LOG.warning("an output works again")

    def _tell(self, output: Output, error: Exception) -> None:
        if output not in self._told:
            self._told.add(output)
            _LOG.error("%s", error)
