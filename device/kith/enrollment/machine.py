"""Remembering a person by one button. Pure: sightings in, sounds and at last the views to store out."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from kith.clock import NS_PER_MS
from kith.config import EnrollmentSettings
from kith.enrollment import looks
from kith.enrollment.messages import (
    Attend,
    Begin,
    Cancel,
    Cue,
    Ending,
    EnrollmentCommand,
    EnrollmentEvent,
    Finished,
    Guide,
    Prompt,
    Reason,
    Saw,
    Say,
    Store,
    Stored,
    StoreFailed,
)
from kith.types import Earcon, Embedding, SeenFace, Sighting

GUIDE_INTERVAL_NS = 250 * NS_PER_MS
KNOWN_LOOKS = 2
"""So many looks that know the face already end an enrollment."""


@dataclass(slots=True, kw_only=True)
class _OneFace:
    """What was gathered of the one face. track_id None: none chosen yet, and nothing gathered."""

    track_id: int | None = None
    seen_ns: int = 0
    views: list[Embedding] = field(default_factory=list)
    view_ns: int | None = None
    looked_like: Counter[int] = field(default_factory=Counter)


@dataclass(slots=True, kw_only=True)
class _Watch:
    """An enrollment that is looking."""

    name: str | None
    ends_ns: int
    spoke_ns: int
    guided_ns: int | None = None
    reasons: Counter[Reason] = field(default_factory=Counter)
    face: _OneFace = field(default_factory=_OneFace)


class Enrollment:
    """Takes `views` good views of one track that agree with each other, and has them stored.

    The track is the one of the first good view. If it is lost for `lost_after_ms`, what was gathered is
    thrown away and it starts again, within the same `timeout_ms`. It refuses at once: a second face at least
    half as large, a view that is not of the same face, a face that two looks know already. Every enrollment
    ends with Finished; no embedding is kept after its Store or its end.
    """

    def __init__(self, settings: EnrollmentSettings) -> None:
        self._settings = settings
        self._hint_interval_ns = settings.hint_interval_ms * NS_PER_MS
        self._view_gap_ns = settings.min_view_gap_ms * NS_PER_MS
        self._lost_after_ns = settings.lost_after_ms * NS_PER_MS
        self._watch: _Watch | None = None
        self._storing = False

    @property
    def active(self) -> bool:
        """From Begin to Finished."""
        return self._watch is not None or self._storing

    @property
    def next_deadline_ns(self) -> int | None:
        """When it wants a Tick. None while it waits for the answer to Store."""
        if self._watch is None:
            return None
        face = self._watch.face
        if face.track_id is None:
            return self._watch.ends_ns
        return min(self._watch.ends_ns, face.seen_ns + self._lost_after_ns)

    def step(self, event: EnrollmentEvent, now_ns: int) -> list[EnrollmentCommand]:
        """Take one event."""
        if self._storing:
            return self._answer_of_the_store(event)
        if self._watch is None:
            return self._begin(event.name, now_ns) if isinstance(event, Begin) else []
        if isinstance(event, Cancel):
            return self._end(Ending.CANCELLED, Say(prompt=Prompt.CANCELLED))
        if not isinstance(event, Saw):
            return self._overdue(self._watch, now_ns)
        if looks.shows(event.sighting, self._watch.face.track_id):
            self._watch.face.seen_ns = now_ns  # before it is held to be lost, should this sighting be late
        commands = self._overdue(self._watch, now_ns)
        return commands + (self._saw(self._watch, event.sighting, now_ns) if self._watch else [])

    def _begin(self, name: str | None, now_ns: int) -> list[EnrollmentCommand]:
        ends_ns = now_ns + self._settings.timeout_ms * NS_PER_MS
        self._watch = _Watch(name=name, ends_ns=ends_ns, spoke_ns=now_ns)
        return [Attend(on=True), Say(prompt=Prompt.LOOKING)]

    def _answer_of_the_store(self, event: EnrollmentEvent) -> list[EnrollmentCommand]:
        match event:
            case Stored():
                self._storing = False
                return [Say(prompt=Prompt.DONE, name=event.name), Finished(ending=Ending.ENROLLED)]
            case StoreFailed():
                self._storing = False
                return [
                    Say(prompt=Prompt.REFUSED, reason=event.reason),
                    Finished(ending=Ending.REFUSED, reason=event.reason),
                ]
            case _:
                return []

    def _overdue(self, watch: _Watch, now_ns: int) -> list[EnrollmentCommand]:
        if now_ns >= watch.ends_ns:
            reasons = watch.reasons.most_common(1)
            reason = reasons[0][0] if reasons else Reason.TOOK_TOO_LONG
            return self._refuse(reason, ending=Ending.TIMED_OUT)
        if watch.face.track_id is not None and now_ns >= watch.face.seen_ns + self._lost_after_ns:
            watch.face = _OneFace()
            watch.spoke_ns = now_ns
            return [Say(prompt=Prompt.AGAIN)]
        return []

    def _saw(self, watch: _Watch, sighting: Sighting, now_ns: int) -> list[EnrollmentCommand]:
        main = looks.main_face(sighting, watch.face.track_id)
        if main is None:
            return self._hint(watch, looks.no_face(sighting.view), now_ns)
        if looks.has_rival(sighting, main):
            return self._refuse(Reason.TWO_FACES)
        commands = self._guide(watch, main, sighting, now_ns)
        if watch.face.track_id not in (None, main.tracked.track_id):
            return commands + self._hint(watch, Reason.NO_FACE, now_ns)
        fault = looks.fault_of(main, self._settings)
        if fault is not None:
            return commands + self._hint(watch, fault, now_ns)
        return commands + self._good_look(watch, main, now_ns)

    def _good_look(self, watch: _Watch, face: SeenFace, now_ns: int) -> list[EnrollmentCommand]:
        embedding = face.tracked.embedding
        if embedding is None:
            return []
        one = watch.face
        one.track_id, one.seen_ns = face.tracked.track_id, now_ns
        known = self._known_already(one, face)
        if known is not None:
            return self._refuse(Reason.KNOWN, person_id=known)
        if one.view_ns is not None and now_ns - one.view_ns < self._view_gap_ns:
            return []
        if not looks.agrees(embedding, one.views, self._settings.min_agreement):
            return self._refuse(Reason.NOT_THE_SAME)
        one.views.append(embedding)
        one.view_ns = watch.spoke_ns = now_ns  # a shutter sound says enough: no hint beside it
        shutter = Cue(earcon=Earcon.SHUTTER)
        return [shutter] if len(one.views) < self._settings.views else [shutter, *self._store(watch)]

    def _known_already(self, one: _OneFace, face: SeenFace) -> int | None:
        """The person whom enough looks know. A look torn between two counts for the better one."""
        identification = face.identification
        if identification is None or identification.person_id is None:
            return None
        one.looked_like[identification.person_id] += 1
        enough = one.looked_like[identification.person_id] >= min(KNOWN_LOOKS, self._settings.views)
        return identification.person_id if enough else None

    def _store(self, watch: _Watch) -> list[EnrollmentCommand]:
        self._watch = None
        self._storing = True
        return [Attend(on=False), Store(name=watch.name, embeddings=tuple(watch.face.views))]

    def _hint(self, watch: _Watch, reason: Reason, now_ns: int) -> list[EnrollmentCommand]:
        watch.reasons[reason] += 1
        if now_ns - watch.spoke_ns < self._hint_interval_ns:
            return []
        watch.spoke_ns = now_ns
        return [Say(prompt=Prompt.HINT, reason=reason)]

    def _guide(
        self, watch: _Watch, face: SeenFace, sighting: Sighting, now_ns: int
    ) -> list[EnrollmentCommand]:
        if watch.guided_ns is not None and now_ns - watch.guided_ns < GUIDE_INTERVAL_NS:
            return []
        watch.guided_ns = now_ns
        box = face.tracked.face.box
        return [Guide(tone=looks.viewfinder_tone(box, sighting.width_px, sighting.height_px))]

    def _refuse(
        self, reason: Reason, *, ending: Ending = Ending.REFUSED, person_id: int | None = None
    ) -> list[EnrollmentCommand]:
        return self._end(ending, Say(prompt=Prompt.REFUSED, reason=reason, person_id=person_id), reason)

    def _end(self, ending: Ending, say: Say, reason: Reason | None = None) -> list[EnrollmentCommand]:
        self._watch = None
        return [Attend(on=False), say, Finished(ending=ending, reason=reason)]
