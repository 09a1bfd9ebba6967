"""What a conversation says: one thing at a time, and word of its end."""

from __future__ import annotations

from collections.abc import Callable

from kith.announce.phrasing import Piece
from kith.announce.words import Phrasebook
from kith.types import Announcement

Submit = Callable[[Announcement, int], None]
"""Has something heard, as `Speaking.submit` does."""


class Prompts:
    """Of one conversation. Only the newest counts: what it replaced ends without a word."""

    def __init__(self, words: Phrasebook, submit: Submit) -> None:
        self._words, self._submit = words, submit
        self._newest: Announcement | None = None

    def say(
        self,
        key: str,
        now_ns: int,
        *,
        name: Piece | None = None,
        count: int | None = None,
        reason: str | None = None,
    ) -> str:
        """A fixed line; its words."""
        return self.tell(self._words.announcement(key, now_ns, name=name, count=count, reason=reason), now_ns)

    def tell(self, announcement: Announcement, now_ns: int) -> str:
        """Something made elsewhere; its words."""
        self._newest = announcement
        self._submit(announcement, now_ns)
        return announcement.phrase.text if announcement.phrase else ""

    def says(self, announcement: Announcement) -> bool:
        """Whether this is the newest of this conversation."""
        return self._newest is announcement

    def ended(self, announcement: Announcement) -> bool:
        """An announcement is over; whether it was the newest of this conversation."""
        if self._newest is not announcement:
            return False
        self._newest = None
        return True
