"""The guard's whole mind and voice: readings in, edges of the outputs out. Pure.

Driven alike by the real loop, by the lockstep of the simulation and by the statistics.
"""

from __future__ import annotations

from kith.clock import Tick
from kith.guard.policy import Policy
from kith.guard.ports import OutputEdge, Position, RangeReading, SensorState, Signal, Warned
from kith.guard.settings import GuardSettings
from kith.guard.sounder import Sounder


class GuardMachine:
    """Policy and sounder as one machine; after a `step` its deadline lies in the future. Edges are in order
    of time, each differs from the one before."""

    def __init__(self, settings: GuardSettings, positions: tuple[Position, ...], now_ns: int) -> None:
        self._policy = Policy(settings, positions, now_ns)
        self._sounder = Sounder(settings.sounds, now_ns)

    @property
    def warned(self) -> Warned:
        """What the wearer is being warned of."""
        return self._policy.warned

    @property
    def sensors(self) -> tuple[SensorState, ...]:
        """Each sensor as it was judged last."""
        return self._policy.sensors

    @property
    def next_deadline_ns(self) -> int:
        """When it wants a Tick."""
        sounder_ns = self._sounder.next_deadline_ns
        policy_ns = self._policy.next_deadline_ns
        return policy_ns if sounder_ns is None else min(policy_ns, sounder_ns)

    def self_test(self, now_ns: int) -> list[OutputEdge]:
        """Begin the sound by which the wearer knows that the guard has begun and can be heard."""
        return self.signal(Signal.SELF_TEST, now_ns)

    def signal(self, signal: Signal, now_ns: int) -> list[OutputEdge]:
        """Give a signal that is not the policy's own; what it begins with, the rest comes with time."""
        return self._sounder.step(signal, now_ns)

    def step(self, event: RangeReading | Tick, now_ns: int) -> list[OutputEdge]:
        """Take a reading, or let time pass."""
        edges: list[OutputEdge] = []
        for command in self._policy.step(event, now_ns):
            edges += self._sounder.step(command, now_ns)
        return edges + self._sounder.step(Tick(), now_ns)
