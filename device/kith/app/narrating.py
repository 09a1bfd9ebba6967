"""A picture put into words aloud, when asked for: what is in front, or what is written there."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

from kith.announce.callouts import NoView
from kith.announce.phrasing import Piece
from kith.announce.sentences import Sentences
from kith.app.prompts import Prompts
from kith.app.reporter import Reporter
from kith.app.surroundings import Surroundings
from kith.clock import NS_PER_MS, NS_PER_S
from kith.ports import Narration, NarrationEnd, Narrator, Subject
from kith.types import (
    Announcement,
    Band,
    Earcon,
    Gesture,
    Phrase,
    PlaybackResult,
    Sighting,
    Spoken,
    View,
    Want,
)

WORKING_NS = 2 * NS_PER_S
"""So long after the last sound it sounds that it is still at work; †."""
PICTURE_NS = 5 * NS_PER_S
"""A camera that gives no picture for so long gives none; a slow board takes a second or two for one."""
LATE_NS = 10 * NS_PER_S
"""A narrator that has not ended so long after its own time is given up. The process that it runs in is killed
sooner than that."""
_RESPONSE_NS = 5 * NS_PER_S

_UNSEEN: dict[View | NoView, str] = {
    NoView.PAUSED: "paused",
    NoView.NO_CAMERA: "no_camera",
    View.COVERED: "covered",
    View.DARK: "too_dark",
}
"""The key of the reason why there is nothing to put into words. Text is looked for in the dark all the same:
it is read in a twentieth of the light."""

NarrationKind = Literal["scene", "read"]


class NarratingSettings(Protocol):
    """What `SceneSettings` and `ReadingSettings` have in common."""

    @property
    def enabled(self) -> bool:
        """Whether it may be asked for."""

    @property
    def longest_ms(self) -> int:
        """What the narrator is given."""

    @property
    def most_words(self) -> int:
        """That are said."""


class Ear(Protocol):
    """What `Speaking` tells of itself."""

    @property
    def playing(self) -> Announcement | None:
        """The words that are being played."""

    @property
    def contact_ns(self) -> int | None:
        """When `CONTACT` last began, None for never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A picture as it is shown to a narrator. named: the pieces of one of its sentences, with names where it
    uses a mark."""

    subject: Subject
    named: Callable[[str], tuple[Piece, ...]] = lambda sentence: (Spoken(text=sentence),)


@dataclass(frozen=True, slots=True, kw_only=True)
class NarratingParts:
    """What a `Narrating` is made of. narrator: None where it is not installed. want: of perception. show:
    makes the subject of what was seen, None where what was wanted is not in it. known: what Kith itself can
    say at once of who is here, None for nothing. numbers: of narrations, shared by all who narrate."""

    narrator: Narrator | None
    around: Surroundings
    ear: Ear
    prompts: Prompts
    report: Reporter
    numbers: Iterator[int]
    want: Want
    show: Callable[[Sighting], Shown | None]
    known: Callable[[int], Announcement | None] = lambda now_ns: None


@dataclass(slots=True, kw_only=True)
class _Under:
    """One narration that is under way, since begun_ns. shown: None until there is a picture. number: None
    while no narrator is at work. end: None until it has told all."""

    sentences: Sentences
    known: Announcement | None
    begun_ns: int
    waits_ns: int
    quiet_ns: int
    dark: bool = False
    number: int | None = None
    shown: Shown | None = None
    end: NarrationEnd | None = None
    told: bool = False


class Narrating:
    """Belongs to the core. One narration at a time; whatever cuts it off ends it, and nothing is resumed."""

    def __init__(self, kind: NarrationKind, settings: NarratingSettings, parts: NarratingParts) -> None:
        self._kind, self._settings, self._parts = kind, settings, parts
        self._prompts, self._around, self._report = parts.prompts, parts.around, parts.report
        self._under: _Under | None = None
        self._lines: deque[str] = deque()

    @property
    def active(self) -> bool:
        """Whether a narration is under way."""
        return self._under is not None

    @property
    def waits(self) -> bool:
        """Whether a narrator is at work, whose news come in their own time."""
        return self._under is not None and self._under.number is not None and self._under.end is None

    @property
    def next_deadline_ns(self) -> int | None:
        """When it wants a tick."""
        under = self._under
        if under is None:
            return None
        if under.end is not None:
            return None  # it waits for the end of what is being said
        return min(under.waits_ns, under.quiet_ns + WORKING_NS) if self._silent else under.waits_ns

    def begin(self, view: View | NoView, now_ns: int) -> None:
        """Take a picture and put it into words; or say why that cannot be. view: what is seen now."""
        self.cancel(now_ns)
        self._report.tell("narration", now_ns, text=self._kind)
        if not self._settings.enabled:
            self._prompts.say(f"{self._kind}.off", now_ns)
        elif (reason := self._obstacle(view)) is not None:
            self._refuse(reason, now_ns)
        else:
            self._under = _Under(
                sentences=Sentences(self._settings.most_words),
                known=self._parts.known(now_ns),
                begun_ns=now_ns,
                waits_ns=now_ns + PICTURE_NS,
                quiet_ns=now_ns,
                dark=view is View.DARK,
            )
            self._want_picture(True)
            self._prompts.say(f"{self._kind}.begin", now_ns)

    def saw(self, sighting: Sighting, now_ns: int) -> None:
        """Show it what was seen: the first picture that was taken since the press is put into words."""
        under = self._under
        if under is None or under.shown is not None:
            return
        if sighting.captured_ns < under.begun_ns:
            return  # one that an earlier press had asked for
        shown = self._parts.show(sighting)
        if shown is None:
            return
        narrator, runner = self._parts.narrator, self._around.runner
        assert narrator is not None  # else it would not have begun
        assert runner is not None
        self._want_picture(False)
        under.shown, under.number = shown, next(self._parts.numbers)
        under.waits_ns = now_ns + self._settings.longest_ms * NS_PER_MS + LATE_NS
        narrator.begin(under.number, under.shown.subject, runner.post)

    def told(self, news: Narration, now_ns: int) -> None:
        """News of a narrator; of one that was given up it means nothing."""
        under = self._under
        if under is None or news.number != under.number or under.end is not None:
            return
        if self._warned_since(under):
            self.cancel(now_ns)
            return
        sentences = under.sentences.more(news.text)
        if news.end is not None:
            # Only what was told to its end has no half word at its own.
            sentences += under.sentences.end(whole=news.end is NarrationEnd.DONE)
            under.end = news.end
        elif under.sentences.full:
            self._forget_narrator()
            under.end = NarrationEnd.DONE
        self._lines.extend(sentences)
        self._go_on(now_ns)

    def says(self, announcement: Announcement) -> bool:
        """Whether this is what it says now."""
        return self._prompts.says(announcement)

    def ended(self, announcement: Announcement, result: PlaybackResult | None, now_ns: int) -> None:
        """An announcement is over. One of its own that was cut off, or could not be said, is the last; so is
        it when the wearer, or a hazard, cuts off what another part says meanwhile."""
        ours = self._prompts.ended(announcement)
        if self._under is None:
            return
        self._under.quiet_ns = now_ns
        playing = self._parts.ear.playing
        by_itself = playing is not None and self._prompts.says(playing)
        cut_off = result is PlaybackResult.INTERRUPTED and not by_itself
        if cut_off or (ours and result is not PlaybackResult.COMPLETED):
            self.cancel(now_ns)
        else:
            self._go_on(now_ns)

    def gesture(self, gesture: Gesture, now_ns: int) -> bool:
        """Any press ends it. A press that cut its words off has done that already, and never comes here."""
        if gesture not in (Gesture.TAP, Gesture.DOUBLE, Gesture.HOLD_1S):
            return False
        self.cancel(now_ns)
        self._prompts.say(f"{self._kind}.stopped", now_ns)
        return True

    def cancel(self, now_ns: int) -> None:
        """End it without a word, if it is under way."""
        if self._under is None:
            return
        self._want_picture(False)
        self._forget_narrator()
        self._under = None
        self._lines.clear()

    def tick(self, now_ns: int) -> None:
        """Time has passed."""
        under = self._under
        if under is None or under.end is not None:
            return
        if self._warned_since(under):
            self.cancel(now_ns)
        elif now_ns >= under.waits_ns:
            self._give_up(under, now_ns)
        elif self._silent and now_ns >= under.quiet_ns + WORKING_NS:
            under.quiet_ns = now_ns
            self._around.player.cue(Earcon.WORKING)

    @property
    def _silent(self) -> bool:
        return self._under is not None and self._parts.ear.playing is None and not self._lines

    def _warned_since(self, under: _Under) -> bool:
        """`CONTACT` ends it also where no words were there to be cut off; one that lasts since before the
        press, as before a shelf, does not."""
        contact_ns = self._parts.ear.contact_ns
        return contact_ns is not None and contact_ns > under.begun_ns

    def _obstacle(self, view: View | NoView) -> str | None:
        """The key of the reason why there is nothing to put into words, or nobody to do it."""
        if self._parts.narrator is None:
            return NarrationEnd.MISSING.value
        return None if view is View.DARK and self._kind == "read" else _UNSEEN.get(view)

    def _want_picture(self, wanted: bool) -> None:
        wants = self._around.perception.wants - {self._parts.want}
        self._around.perception.wants = wants | {self._parts.want} if wanted else wants

    def _forget_narrator(self) -> None:
        if self._parts.narrator is not None and self.waits:
            self._parts.narrator.cancel()

    def _give_up(self, under: _Under, now_ns: int) -> None:
        if under.shown is None:
            self._refuse("no_camera", now_ns)
            return
        self._forget_narrator()
        under.end = NarrationEnd.TOO_SLOW
        self._lines.extend(under.sentences.end(whole=False))
        self._go_on(now_ns)

    def _refuse(self, reason: str, now_ns: int) -> None:
        self.cancel(now_ns)
        self._prompts.say(f"{self._kind}.refused", now_ns, reason=reason)

    def _go_on(self, now_ns: int) -> None:
        """Say what is next, once nothing else is being said: a fault of the device is heard to its end."""
        under = self._under
        if under is None or self._parts.ear.playing is not None:
            return
        if under.known is not None:
            # Perception knew them at the press, the narrator needs seconds: they come first.
            known, under.known = under.known, None
            self._prompts.tell(known, now_ns)
        elif self._lines:
            under.told = True
            self._prompts.tell(self._sentence(self._lines.popleft(), now_ns), now_ns)
        elif under.end is not None:
            self._close(under, under.end, now_ns)

    def _sentence(self, sentence: str, now_ns: int) -> Announcement:
        shown = self._under.shown if self._under else None
        pieces = shown.named(sentence) if shown else (Spoken(text=sentence),)
        return Announcement(
            key=self._kind,
            phrase=Phrase(parts=pieces),
            earcon=None,
            band=Band.RESPONSE,
            expires_ns=now_ns + _RESPONSE_NS,
        )

    def _close(self, under: _Under, end: NarrationEnd, now_ns: int) -> None:
        """The last word: why it ends, unless all was told."""
        self.cancel(now_ns)
        empty = end in (NarrationEnd.DONE, NarrationEnd.NOTHING)
        if empty and under.told:
            if under.sentences.full and self._kind == "read":
                self._prompts.say("read.more", now_ns)
        elif empty and self._kind == "read" and not under.dark:
            self._prompts.say("read.nothing", now_ns)
        else:
            reason = NarrationEnd.NOTHING if empty else end
            because = _UNSEEN[View.DARK] if empty and under.dark else reason.value
            line = "broke_off" if under.told else "refused"
            self._prompts.say(f"{self._kind}.{line}", now_ns, reason=because)
