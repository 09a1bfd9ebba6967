"""Learning in use: what the learner finds fit is checked against what was enrolled, and kept; or taken back
when the wearer says that a name was wrong. Off unless the settings say otherwise."""

from __future__ import annotations

import logging

from kith.announce.words import Phrasebook
from kith.app.known_people import KnownPeople
from kith.app.reporter import Reporter
from kith.clock import NS_PER_MS, Tick
from kith.config import LearningSettings
from kith.errors import GalleryError
from kith.recognition.learning import Learner, Learnt, MarkedWrong
from kith.recognition.votes import Ids
from kith.types import Announcement, Sighting

_LOG = logging.getLogger(__name__)


class Learning:
    """Belongs to the core's thread."""

    def __init__(
        self, settings: LearningSettings, people: KnownPeople, words: Phrasebook, report: Reporter
    ) -> None:
        self._settings, self._people, self._words, self._report = settings, people, words, report
        self._learner = Learner(settings, lambda: people.track_threshold)
        self._named_ns: dict[int, int] = {}

    @property
    def next_deadline_ns(self) -> int | None:
        """When it wants a tick."""
        return self._learner.next_deadline_ns

    def saw(self, event: Sighting | Tick, now_ns: int) -> None:
        """Show it what was seen, or that time has passed."""
        if self._settings.enabled:
            for learnt in self._learner.step(event, now_ns):
                self._keep(learnt, now_ns)

    def named(self, identities: tuple[Ids, ...], now_ns: int) -> None:
        """These names were said, to the end or not. "Anna or Beth" says neither."""
        self._named_ns.update({ids[0]: now_ns for ids in identities if len(ids) == 1})

    def mark_wrong(self, now_ns: int) -> list[Announcement]:
        """The names said lately were wrong, and those under which a look is held back: nothing is learnt of
        them from now on, and what was learnt goes. What is to be announced; nothing where there are none, or
        nothing is ever learnt."""
        since_ns = now_ns - self._settings.hold_back_ms * NS_PER_MS
        lately = {person_id for person_id, at_ns in self._named_ns.items() if at_ns >= since_ns}
        self._named_ns.clear()
        person_ids = tuple(sorted(lately | self._learner.held))
        if not (self._settings.enabled and person_ids):
            return []
        for learnt in self._learner.step(MarkedWrong(person_ids=person_ids), now_ns):
            self._keep(learnt, now_ns)
        try:
            for person_id in person_ids:
                self._people.unlearn(person_id)
        except GalleryError as error:
            _LOG.error("what was learnt could not be taken back: %s", type(error).__name__)
            return [self._words.announcement("undo.failed", now_ns)]
        return [self._words.announcement("undo.unlearnt", now_ns)]

    def forget(self) -> None:
        """The camera was closed: no look is held back any longer."""
        self._learner.forget()

    def _keep(self, learnt: Learnt, now_ns: int) -> None:
        try:
            # By the enrolled templates alone: what was learnt must never decide what is learnt next, or a
            # person becomes, step by step, somebody else.
            if not self._people.vouches_for(learnt.person_id, learnt.embedding, self._settings):
                return
            self._people.learn(learnt.person_id, learnt.embedding, self._settings.max_templates)
        except GalleryError as error:
            # Nothing is lost that anybody was told of; the next long meeting is another chance.
            _LOG.warning("a template could not be learnt: %s", type(error).__name__)
            return
        self._report.tell("learnt", now_ns, person=self._people.name_of(learnt.person_id))
