"""What the conversation knows of whoever gathers views: of a face (`kith.enrollment.views`) or of a thing
(`kith.enrollment.thing_views`). Another kind needs another gatherer and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from kith.clock import Tick
from kith.enrollment.messages import Cue, Ending, Guide, PromptEnded, Reason, Saw, Say
from kith.types import Embedding


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """All views are there. add_to: what they are to be added to, which was recognised and agreed on. extent:
    how large a thing looked (see `HeldThing`), None for a face."""

    views: tuple[Embedding, ...]
    add_to: int | None = None
    extent: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LooksLike:
    """Is this somebody, or a thing, that is enrolled already? It gathers nothing until `answered`."""

    person_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """There will be no views. ending: REFUSED or TIMED_OUT."""

    reason: Reason
    ending: Ending = Ending.REFUSED


Verdict = Gathered | LooksLike | Failed
Found = Say | Cue | Guide | Verdict
"""What is to be heard on the way, or a verdict, which is always the last of a list."""


class Gatherer(Protocol):
    """Gathers the views of one face or thing, once. Pure, and driven by a Tick when it is due."""

    @property
    def next_deadline_ns(self) -> int:
        """When it wants a Tick. Without meaning while a LooksLike waits for its answer."""

    def step(self, event: Saw | PromptEnded | Tick, now_ns: int) -> list[Found]:
        """Take one event; none after Gathered or Failed."""

    def answered(self, *, yes: bool, now_ns: int) -> list[Found]:
        """To the last LooksLike: yes, it is; no, it is somebody else. Its time stood still till now."""
