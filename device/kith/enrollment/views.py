"""Gathering the views of one face: front views, then a half-profile to each side. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from kith.clock import NS_PER_MS, Tick
from kith.config import EnrollmentSettings
from kith.enrollment import looks
from kith.enrollment.gathering import Failed, Found, Gathered, LooksLike
from kith.enrollment.likeness import KNOWN_LOOKS, Likeness
from kith.enrollment.looks import Turn
from kith.enrollment.messages import Cue, Ending, Prompt, PromptEnded, Reason, Saw, Say
from kith.enrollment.telling import Telling
from kith.types import Earcon, Embedding, SeenFace, Sighting

_PROMPTS = {Turn.LEFT: Prompt.TURN_LEFT, Turn.RIGHT: Prompt.TURN_RIGHT}


@dataclass(slots=True, kw_only=True)
class _OneFace:
    """What was gathered of the one face. track_id None: none chosen yet, and nothing gathered; turn: which
    views are asked for; side_ends_ns: till when, None for front views."""

    track_id: int | None = None
    seen_ns: int = 0
    turn: Turn = Turn.FRONT
    views: dict[Turn, list[Embedding]] = field(default_factory=lambda: {turn: [] for turn in Turn})
    view_ns: int | None = None
    side_ends_ns: int | None = None
    side_was_said: bool = False


class FaceViews:
    """Takes good views of one track that agree with each other.

    The track is the one of the first good view. If it is lost for `lost_after_ms`, what was gathered is
    thrown away and it starts again, within the same `timeout_ms`. A side is waited for `side_timeout_ms` from
    the end of its prompt, or twice that from its beginning, should word of its end be lost; then it goes on
    without, as it does where `timeout_ms` are over and only sides are missing. A second face at least half as
    large, or a view that is not of the same face, fails at once.

    Two looks that name somebody ask whether it is them (see `Likeness`).
    """

    def __init__(self, settings: EnrollmentSettings, now_ns: int) -> None:
        self._settings = settings
        self._view_gap_ns = settings.min_view_gap_ms * NS_PER_MS
        self._lost_after_ns = settings.lost_after_ms * NS_PER_MS
        self._side_ns = settings.side_timeout_ms * NS_PER_MS
        self._ends_ns = now_ns + settings.timeout_ms * NS_PER_MS
        self._telling = Telling(settings.hint_interval_ms, now_ns)
        self._likeness = Likeness(min(KNOWN_LOOKS, settings.front_views))
        self._face = _OneFace()
        self._asked: tuple[int, int] | None = None  # about whom, and when: nothing is gathered meanwhile

    @property
    def next_deadline_ns(self) -> int:
        """When it wants a Tick."""
        face, deadlines = self._face, [self._ends_ns]
        if face.track_id is not None:
            deadlines.append(face.seen_ns + self._lost_after_ns)
        if face.side_ends_ns is not None:
            deadlines.append(face.side_ends_ns)
        return min(deadlines)

    def step(self, event: Saw | PromptEnded | Tick, now_ns: int) -> list[Found]:
        """Take one event."""
        if isinstance(event, Saw) and looks.shows(event.sighting, self._face.track_id):
            self._face.seen_ns = now_ns  # before it is held to be lost, should this sighting be late
        if self._asked is not None:
            return []
        if isinstance(event, PromptEnded):
            self._prompt_ended(now_ns)
            return []
        found = self._overdue(now_ns)
        if not isinstance(event, Saw) or (found and isinstance(found[-1], Gathered | Failed)):
            return found
        return found + self._saw(event.sighting, now_ns)

    def answered(self, *, yes: bool, now_ns: int) -> list[Found]:
        """To the last LooksLike. A side that was waited for is asked for once more."""
        if self._asked is None:
            return []
        person_id, asked_ns = self._asked
        self._asked = None
        self._likeness.answered(person_id, yes=yes)
        self._ends_ns += now_ns - asked_ns
        self._telling.heard(now_ns)
        if self._lost(now_ns):
            return self._again(now_ns)
        return [] if self._face.turn is Turn.FRONT else self._ask_for(self._face.turn, now_ns)

    def _prompt_ended(self, now_ns: int) -> None:
        face = self._face
        if face.side_ends_ns is not None and not face.side_was_said:
            face.side_was_said = True
            face.side_ends_ns = now_ns + self._side_ns

    def _overdue(self, now_ns: int) -> list[Found]:
        if now_ns >= self._ends_ns:
            return [self._timed_out()]
        if self._lost(now_ns):
            return self._again(now_ns)
        if self._face.side_ends_ns is not None and now_ns >= self._face.side_ends_ns:
            return self._next_turn(now_ns)
        return []

    def _timed_out(self) -> Gathered | Failed:
        if self._face.turn is not Turn.FRONT:
            return self._gathered()
        return Failed(reason=self._telling.met_most, ending=Ending.TIMED_OUT)

    def _lost(self, now_ns: int) -> bool:
        return self._face.track_id is not None and now_ns >= self._face.seen_ns + self._lost_after_ns

    def _again(self, now_ns: int) -> list[Found]:
        self._face = _OneFace()
        self._likeness.anew()
        self._telling.heard(now_ns)
        return [Say(prompt=Prompt.AGAIN)]

    def _saw(self, sighting: Sighting, now_ns: int) -> list[Found]:
        one = self._face
        main = looks.main_face(sighting, one.track_id)
        if main is None:
            return self._telling.hint(looks.no_face(sighting.view), now_ns)
        if looks.has_rival(sighting, main):
            return [Failed(reason=Reason.TWO_FACES)]
        found = self._telling.guide(main.tracked.face.box, sighting, now_ns)
        if one.track_id not in (None, main.tracked.track_id):
            return found + self._telling.hint(Reason.NO_FACE, now_ns)
        fault = looks.fault_of(main, one.turn, self._settings)
        if fault is not None:
            return found + self._telling.hint(fault, now_ns)
        return found + self._good_look(main, now_ns)

    def _good_look(self, face: SeenFace, now_ns: int) -> list[Found]:
        embedding = face.tracked.embedding
        if embedding is None:
            return []
        one = self._face
        one.track_id, one.seen_ns = face.tracked.track_id, now_ns
        # A look torn between two counts for the better one.
        known = self._likeness.look(face.identification.person_id if face.identification else None)
        if known is not None:
            self._asked = (known, now_ns)
            return [LooksLike(person_id=known)]
        too_soon = one.view_ns is not None and now_ns - one.view_ns < self._view_gap_ns
        if too_soon or not looks.is_turned(face, one.turn, self._settings):
            return []
        return self._view(embedding, now_ns)

    def _view(self, embedding: Embedding, now_ns: int) -> list[Found]:
        one, settings = self._face, self._settings
        is_front = one.turn is Turn.FRONT
        least = settings.min_agreement if is_front else settings.min_side_agreement
        if not looks.agrees(embedding, one.views[Turn.FRONT], least):
            return [Failed(reason=Reason.NOT_THE_SAME)]
        views = one.views[one.turn]
        views.append(embedding)
        one.view_ns = now_ns
        self._telling.heard(now_ns)  # a shutter sound says enough
        shutter = Cue(earcon=Earcon.SHUTTER)
        wanted = settings.front_views if is_front else settings.side_views
        return [shutter] if len(views) < wanted else [shutter, *self._next_turn(now_ns)]

    def _next_turn(self, now_ns: int) -> list[Found]:
        if self._face.turn is Turn.RIGHT or self._settings.side_views == 0:
            return [self._gathered()]
        return self._ask_for(Turn.LEFT if self._face.turn is Turn.FRONT else Turn.RIGHT, now_ns)

    def _ask_for(self, turn: Turn, now_ns: int) -> list[Found]:
        self._face.turn = turn
        self._face.side_was_said = False
        self._face.side_ends_ns = now_ns + 2 * self._side_ns
        self._telling.heard(now_ns)
        return [Say(prompt=_PROMPTS[turn])]

    def _gathered(self) -> Gathered:
        one = self._face
        return Gathered(
            views=tuple(view for turn in Turn for view in one.views[turn]), add_to=self._likeness.add_to
        )
