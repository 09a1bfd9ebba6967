"""Learning in use: what the learner finds fit is checked against what was enrolled, and kept; or taken back
when the wearer says that a name was wrong. Off unless the settings say otherwise."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from kith.app.known_people import KnownPeople
from kith.app.reporter import Reporter
from kith.clock import Tick
from kith.config import LearningSettings
from kith.errors import GalleryError
from kith.recognition.learning import Learner, Learnt, MarkedWrong
from kith.types import Sighting

_LOG = logging.getLogger(__name__)


class Learning:
    """Belongs to the core's thread."""

    def __init__(self, settings: LearningSettings, people: KnownPeople, report: Reporter) -> None:
        self._settings, self._people, self._report = settings, people, report
        self._learner = Learner(settings, lambda: people.track_threshold)

    @property
    def next_deadline_ns(self) -> int | None:
        """When it wants a tick."""
        return self._learner.next_deadline_ns

    def saw(self, event: Sighting | Tick, now_ns: int) -> None:
        """Show it what was seen, or that time has passed."""
        if self._settings.enabled:
            for learnt in self._learner.step(event, now_ns):
                self._keep(learnt, now_ns)

    @property
    def held(self) -> frozenset[int]:
        """Of whom looks are held back; of nobody where nothing is ever learnt."""
        return self._learner.held if self._settings.enabled else frozenset()

    def mark_wrong(self, person_ids: Iterable[int], now_ns: int) -> bool:
        """These names were wrong: nothing is learnt of them from now on, and what was learnt goes. False
        where that could not be."""
        if not self._settings.enabled:
            return True
        wrong = tuple(sorted(set(person_ids)))
        for learnt in self._learner.step(MarkedWrong(person_ids=wrong), now_ns):
            self._keep(learnt, now_ns)
        try:
            for person_id in wrong:
                self._people.unlearn(person_id)
        except GalleryError as error:
            _LOG.error("what was learnt could not be taken back: %s", type(error).__name__)
            return False
        return True

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
