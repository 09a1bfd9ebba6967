"""Says what other programs of the system leave to be said."""

from __future__ import annotations

import logging

from kith.announce.words import LINES, Phrasebook
from kith.app.notices import Notices
from kith.app.reporter import Reporter
from kith.app.speaking import Speaking
from kith.clock import NS_PER_S
from kith.types import Announcement, Earcon

_LOG = logging.getLogger(__name__)
_LOOK_NS = NS_PER_S
_AGAIN_NS = 10 * NS_PER_S
"""After one that was not heard: a headset may be on its way."""
_TRIES = 6
"""A minute or two of a device without a sound. An update that was told of later would be told as new."""


class Noticing:
    """Belongs to the core. One at a time, the oldest first. Its file goes once it was heard to its end, so
    that a daemon that is killed amid it says it after its next start; or after six tries in vain."""

    def __init__(
        self, notices: Notices | None, words: Phrasebook, speech: Speaking, report: Reporter, now_ns: int
    ) -> None:
        """notices: None where nobody leaves any."""
        self._notices, self._words, self._speech, self._report = notices, words, speech, report
        self._saying: tuple[Announcement, str] | None = None
        self._tries: dict[str, int] = {}
        self._due_ns = now_ns

    @property
    def next_deadline_ns(self) -> int | None:
        """When it wants a tick."""
        return None if self._notices is None or self._saying else self._due_ns

    def tick(self, now_ns: int) -> None:
        """Time has passed."""
        if self._notices is None or self._saying or now_ns < self._due_ns:
            return
        self._due_ns = now_ns + _LOOK_NS
        key = self._notices.oldest()
        if key is None:
            return
        announcement = self._words.announcement(key, now_ns)
        self._saying = announcement, key
        if key not in self._tries:
            kind = "fault" if LINES[key].sound is Earcon.FAULT else "notice"
            self._report.tell(kind, now_ns, part=key.partition(".")[0], text=LINES[key].text)
        self._speech.submit(announcement, now_ns)

    def ended(self, announcement: Announcement, heard: bool, now_ns: int) -> None:
        """An announcement is over."""
        if self._notices is None or self._saying is None or self._saying[0] is not announcement:
            return
        _, key = self._saying
        self._saying = None
        tries = self._tries.get(key, 0) + 1
        if heard or tries == _TRIES:
            if not heard:
                _LOG.error("%s was not heard in %d tries and is given up", key, tries)
            self._tries.pop(key, None)
            self._notices.remove(key)
        else:
            self._tries[key] = tries
            self._due_ns = now_ns + _AGAIN_NS
