"""What the wearer must know of the part that looks for things: that it broke, and what it has to be taught
anew."""

from __future__ import annotations

from kith.announce.words import Phrasebook
from kith.app.known_things import KnownThings
from kith.app.reporter import Reporter
from kith.app.speaking import Speaking
from kith.app.surroundings import Surroundings
from kith.clock import NS_PER_S
from kith.types import Announcement

_FIRST_NS = 20 * NS_PER_S
"""Not in the greeting, nor to whoever stands there at the start."""
_AGAIN_NS = 3600 * NS_PER_S


class ThingNews:
    """Belongs to the core. things: None where none are kept."""

    def __init__(
        self,
        things: KnownThings | None,
        around: Surroundings,
        words: Phrasebook,
        speech: Speaking,
        report: Reporter,
        now_ns: int,
    ) -> None:
        self._things, self._around, self._words = things, around, words
        self._speech, self._report = speech, report
        self._due_ns: int | None = now_ns + _FIRST_NS
        self._telling: Announcement | None = None
        self._noted = self._told = False

    @property
    def next_deadline_ns(self) -> int | None:
        """When it wants a tick."""
        return self._due_ns

    def look(self, now_ns: int) -> None:
        """A frame was looked at. A part that broke stays so until Kith is started anew: it is said once, and
        only where something is to be told of unasked, since whoever asks is answered that it broke."""
        if not self._around.perception.things.broken or self._told:
            return
        if self._things is not None and self._things.announced:
            self._noted = self._told = True
            self._speech.fault("things.failed", "the part that knows things does not work", now_ns)
        elif not self._noted:
            self._noted = True
            self._speech.note_fault("things.failed", "the part that knows things does not work", now_ns)

    def tick(self, now_ns: int) -> None:
        """Time has passed. What is to be taught anew is told of once after each start."""
        if self._due_ns is None or now_ns < self._due_ns:
            return
        self._due_ns = None
        anew = () if self._things is None else tuple(self._things.to_teach_anew)
        if self._things is None or not anew:
            return
        self._report.tell("notice", now_ns, part="things", text=f"{len(anew)} to be taught anew")
        key = "things.anew_one" if len(anew) == 1 else "things.anew_many"
        name = self._things.voice_of(anew[0])
        self._telling = self._words.announcement(key, now_ns, name=name, count=len(anew))
        self._speech.submit(self._telling, now_ns)

    def ended(self, announcement: Announcement, *, heard: bool, now_ns: int) -> None:
        """An announcement is over. What was not heard is told of again within the hour."""
        if announcement is self._telling:
            self._telling = None
            self._due_ns = None if heard else now_ns + _AGAIN_NS
