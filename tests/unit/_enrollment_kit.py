"""Enrollments played in frames and words, and what they hold on to."""

from __future__ import annotations

import gc
from types import FunctionType, MethodType, ModuleType

from kith.clock import Tick
from kith.enrollment.machine import Enrollment
from kith.enrollment.messages import EnrollmentCommand, EnrollmentEvent, Guide, PromptEnded, Saw, Say
from kith.types import Embedding, Sighting
from tests.unit._machine_kit import ms

FRAME_MS = 100
SPEECH_MS = 1500


class Played:
    """An enrollment with somebody who says its prompts, each in `speech_ms` (None: word of their end is
    lost); every Tick that is due is given. Guide tones are kept apart: they come all along."""

    def __init__(self, machine: Enrollment, speech_ms: int | None = SPEECH_MS) -> None:
        self.machine = machine
        self.at_ms = 0
        self.speech_ms = speech_ms
        self.said_at_ms: int | None = None
        self.tones: list[tuple[int, Guide]] = []

    def send(self, event: EnrollmentEvent) -> list[EnrollmentCommand]:
        commands = self.machine.step(event, ms(self.at_ms))
        self.tones += [(self.at_ms, command) for command in commands if isinstance(command, Guide)]
        if any(isinstance(command, Say) for command in commands) and self.speech_ms is not None:
            self.said_at_ms = self.at_ms + self.speech_ms
        return [command for command in commands if not isinstance(command, Guide)]

    def frame(self, sighting: Sighting) -> list[EnrollmentCommand]:
        commands = self.wait(FRAME_MS - 1)
        self.at_ms += 1  # what waits goes before a Tick
        return commands + self.send(Saw(sighting=sighting))

    def frames(self, duration_ms: int, sighting: Sighting) -> list[EnrollmentCommand]:
        return [command for _ in range(duration_ms // FRAME_MS) for command in self.frame(sighting)]

    def wait(self, duration_ms: int) -> list[EnrollmentCommand]:
        """No frames at all."""
        end_ms = self.at_ms + duration_ms
        commands: list[EnrollmentCommand] = []
        while (due := self._next()) is not None and due[0] <= end_ms:
            self.at_ms, event = due
            if isinstance(event, PromptEnded):
                self.said_at_ms = None
            commands += self.send(event)
            if isinstance(event, Tick):
                deadline_ns = self.machine.next_deadline_ns
                assert deadline_ns is None or deadline_ns > ms(self.at_ms)
        self.at_ms = end_ms
        return commands

    def _next(self) -> tuple[int, PromptEnded | Tick] | None:
        due: list[tuple[int, PromptEnded | Tick]] = []
        if self.said_at_ms is not None:
            due.append((self.said_at_ms, PromptEnded(heard=True)))
        if self.machine.next_deadline_ns is not None:
            due.append((self.machine.next_deadline_ns // ms(1), Tick()))
        return min(due, key=lambda one: one[0], default=None)

    def cut_off(self) -> list[EnrollmentCommand]:
        assert self.said_at_ms is not None
        self.said_at_ms = None
        return self.send(PromptEnded(heard=False))


def embeddings_held(machine: Enrollment) -> list[Embedding]:
    """Every embedding that can be reached from the machine, however it is kept."""
    found: list[Embedding] = []
    seen: dict[int, object] = {}
    to_visit: list[object] = [machine]
    while to_visit:
        one = to_visit.pop()
        if id(one) in seen or isinstance(one, type | FunctionType | ModuleType):
            continue
        seen[id(one)] = one
        if isinstance(one, Embedding):
            found.append(one)
        to_visit += [one.__self__] if isinstance(one, MethodType) else gc.get_referents(one)
    return found
