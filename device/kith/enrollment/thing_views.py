"""Gathering the views of one thing that is held up and turned. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median

from kith.clock import NS_PER_MS, NS_PER_S, Tick
from kith.config import EnrollmentSettings, ThingsSettings
from kith.enrollment import looks
from kith.enrollment.gathering import Failed, Found, Gathered, LooksLike
from kith.enrollment.likeness import KNOWN_LOOKS, Likeness
from kith.enrollment.looks import Turn
from kith.enrollment.messages import Cue, Ending, Prompt, PromptEnded, Reason, Saw, Say
from kith.enrollment.telling import Telling
from kith.types import BoxPx, Earcon, Embedding, HeldThing, Sighting, View

FEWEST_VIEWS = 2
"""With so many it is remembered, should there be no time for more."""
FACE_STAYS_NS = 700 * NS_PER_MS
"""A face in view for so long, before there is a view, is meant; †: who walks past the thing is not."""
FIRST_WORDS_NS = 6 * NS_PER_S
"""The first words take no longer, should word of their end be lost."""

_TURN = Say(prompt=Prompt.THING_TURN)


@dataclass(slots=True, kw_only=True)
class _OneThing:
    """What was gathered of the one thing. since_ns: of the last view or, if later, of the first words that
    asked to turn it."""

    seen_ns: int = 0
    views: list[Embedding] = field(default_factory=list)
    extents: list[float] = field(default_factory=list)
    turn_was_said: bool = False
    since_ns: int = 0


class ThingViews:
    """Takes good views that differ from each other, and yet agree with one of the others.

    After the first view the wearer is asked to turn the thing, and time is given for it before each further
    one. A look that shows nothing new asks again; where the thing goes on looking the same for
    `alike_after_ms`, a view is taken all the same. A look that agrees with none of the views is of
    something else. Where the thing was not seen for `lost_after_ms`, what was gathered is thrown away and it
    starts again, within the same `teach_timeout_ms`. When these are over FEWEST_VIEWS do.

    A face that could be learnt and stays in view before the first view is what the wearer means: that fails.
    No look is a view that shows such a face before the first view, or that shows any face as large where the
    thing is: nobody is learnt as a thing, who would have had to agree.

    Two looks that name a thing ask whether it is that (see `Likeness`).
    """

    def __init__(self, settings: ThingsSettings, people: EnrollmentSettings, now_ns: int) -> None:
        """people: what a face is that could be learnt, and the times that hold for faces and things alike."""
        self._settings, self._people = settings, people
        self._lost_after_ns = people.lost_after_ms * NS_PER_MS
        self._ends_ns = now_ns + settings.teach_timeout_ms * NS_PER_MS
        self._telling = Telling(people.hint_interval_ms, now_ns)
        self._words_end_ns = now_ns + FIRST_WORDS_NS
        self._telling.heard(self._words_end_ns)
        self._likeness = Likeness(KNOWN_LOOKS)
        self._thing = _OneThing()
        self._face_since_ns: int | None = None
        self._asked: tuple[int, int] | None = None  # about what, and when: nothing is gathered meanwhile

    @property
    def next_deadline_ns(self) -> int:
        """When it wants a Tick."""
        if not self._thing.views:
            return self._ends_ns
        return min(self._ends_ns, self._thing.seen_ns + self._lost_after_ns)

    def step(self, event: Saw | PromptEnded | Tick, now_ns: int) -> list[Found]:
        """Take one event."""
        if isinstance(event, Saw) and self._shows_it(event.sighting.held):
            self._thing.seen_ns = now_ns  # before it is held to be lost, should this sighting be late
        if self._asked is not None:
            return []
        if isinstance(event, PromptEnded):
            self._words_end_ns = min(self._words_end_ns, now_ns)
            self._telling.heard(now_ns)
            return []
        found = self._overdue(now_ns)
        if not isinstance(event, Saw) or (found and isinstance(found[-1], Gathered | Failed)):
            return found
        return found + self._saw(event.sighting, now_ns)

    def answered(self, *, yes: bool, now_ns: int) -> list[Found]:
        """To the last LooksLike."""
        if self._asked is None:
            return []
        thing_id, asked_ns = self._asked
        self._asked = None
        self._likeness.answered(thing_id, yes=yes)
        self._ends_ns += now_ns - asked_ns
        self._words_end_ns = self._thing.since_ns = now_ns
        self._telling.heard(now_ns)
        return self._again(now_ns) if self._lost(now_ns) else []

    def _overdue(self, now_ns: int) -> list[Found]:
        if now_ns >= self._ends_ns:
            if len(self._thing.views) >= FEWEST_VIEWS:
                return [self._gathered()]
            return [Failed(reason=self._telling.met_most, ending=Ending.TIMED_OUT)]
        return self._again(now_ns) if self._lost(now_ns) else []

    def _lost(self, now_ns: int) -> bool:
        return bool(self._thing.views) and now_ns >= self._thing.seen_ns + self._lost_after_ns

    def _again(self, now_ns: int) -> list[Found]:
        self._thing = _OneThing()
        self._likeness.anew()
        self._telling.heard(now_ns)
        return [Say(prompt=Prompt.THING_AGAIN)]

    def _shows_it(self, held: HeldThing | None) -> bool:
        """Whether something is there, and it does not look like another thing."""
        if held is None or held.box is None:
            return False
        return held.embedding is None or self._agrees(held.embedding)

    def _agrees(self, embedding: Embedding) -> bool:
        views = self._thing.views
        return not views or looks.agrees_with_any(embedding, views, self._settings.min_agreement)

    def _saw(self, sighting: Sighting, now_ns: int) -> list[Found]:
        if not self._thing.views and self._face_stays(sighting, now_ns):
            return [Failed(reason=Reason.FACE_IN_VIEW)]
        somebody = not self._thing.views and self._face_since_ns is not None
        held = sighting.held
        if held is None or held.box is None:
            return self._nothing_held(sighting, now_ns)
        found = self._telling.guide(held.box, sighting, now_ns)
        if somebody or self._is_face(held.box, sighting):
            return found + self._telling.hint(Reason.FACE_IN_VIEW, now_ns)
        if held.fault is not None:
            return found + self._telling.hint(Reason(held.fault.value), now_ns)
        return found if held.embedding is None else found + self._good_look(held, held.embedding, now_ns)

    def _nothing_held(self, sighting: Sighting, now_ns: int) -> list[Found]:
        if sighting.view is not View.NORMAL:
            return self._telling.hint(looks.no_face(sighting.view), now_ns)
        if sighting.held is None:
            return []  # it was not looked for yet
        return self._telling.hint(Reason(sighting.held.fault or Reason.NO_THING), now_ns)

    def _face_stays(self, sighting: Sighting, now_ns: int) -> bool:
        """A small face, such as one on a poster behind the thing, is too far off to be learnt."""
        if all(looks.fault_of(face, Turn.FRONT, self._people) for face in sighting.faces):
            self._face_since_ns = None
            return False
        if self._face_since_ns is None:
            self._face_since_ns = now_ns
        return now_ns - self._face_since_ns >= FACE_STAYS_NS

    def _is_face(self, box: BoxPx, sighting: Sighting) -> bool:
        """Whether it is somebody's face that is there, turned away or blurred though it may be."""
        return any(
            box.holds(face.tracked.face.box.center_x, face.tracked.face.box.center_y)
            and face.tracked.quality.inter_eye_px >= self._people.min_inter_eye_px
            for face in sighting.faces
        )

    def _good_look(self, held: HeldThing, embedding: Embedding, now_ns: int) -> list[Found]:
        one = self._thing
        if not self._agrees(embedding):
            return self._telling.hint(Reason.NOT_THE_SAME_THING, now_ns)
        one.seen_ns = now_ns
        known = self._likeness.look(held.looks_like)
        if known is not None:
            self._asked = (known, now_ns)
            return [LooksLike(person_id=known)]
        if one.views and not one.turn_was_said:
            return self._ask_to_turn(now_ns)
        waited_ns = now_ns - one.since_ns
        if one.views and waited_ns < self._settings.min_view_gap_ms * NS_PER_MS:
            return []
        alike = looks.agrees_with_any(embedding, one.views, self._settings.max_view_likeness)
        if alike and waited_ns < self._settings.alike_after_ms * NS_PER_MS:
            return self._telling.remind(_TURN, now_ns)
        return self._view(held, embedding, now_ns)

    def _ask_to_turn(self, now_ns: int) -> list[Found]:
        """Once, but not over the words before. How looks differ does not tell whether the thing
        was turned: held still, it looks as different from one moment to the next."""
        if now_ns < self._words_end_ns:
            return []
        self._thing.turn_was_said, self._thing.since_ns = True, now_ns
        self._telling.heard(now_ns)
        return [_TURN]

    def _view(self, held: HeldThing, embedding: Embedding, now_ns: int) -> list[Found]:
        one = self._thing
        one.views.append(embedding)
        one.extents.append(held.extent)
        one.since_ns = now_ns
        self._telling.heard(max(now_ns, self._words_end_ns))  # a shutter sound says enough
        shutter = Cue(earcon=Earcon.SHUTTER)
        return [shutter] if len(one.views) < self._settings.views else [shutter, self._gathered()]

    def _gathered(self) -> Gathered:
        one = self._thing
        return Gathered(
            views=tuple(one.views), add_to=self._likeness.add_to, extent=float(median(one.extents))
        )
