"""What is heard next. Pure: one announcement at a time, by band; see `docs/spoken-interface.md`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

from kith.announce.hush import Hazard, Hush
from kith.clock import NS_PER_MS, NS_PER_S, Tick
from kith.config import AnnounceSettings
from kith.types import Announcement, Band, Playback, PlaybackResult

MAX_WAITING = 8
LONGEST_PLAY_NS = 30 * NS_PER_S
"""Nothing that Kith says takes so long: the player is held to have failed."""


class AmbientSource(Protocol):
    """Makes ambient announcements when there is a moment for one."""

    def next_ambient(self, now_ns: int) -> Announcement | None:
        """What is worth saying now, taken from the source; None for nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submit:
    """Something to be heard: RESPONSE or above at once, the rest in its turn."""

    announcement: Announcement


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybackEnded:
    """The player's report."""

    playback: Playback


@dataclass(frozen=True, slots=True)
class StopSpeaking:
    """The wearer wants quiet."""


@dataclass(frozen=True, slots=True)
class KeepStill:
    """Somebody is being listened to, or is not any more."""

    on: bool


@dataclass(frozen=True, slots=True)
class HazardChanged:
    """The buzzer sounds more or less urgently."""

    hazard: Hazard


ArbiterEvent = Submit | PlaybackEnded | StopSpeaking | KeepStill | HazardChanged | Tick


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """To the player: play this. Sent while another still fades out, after its Stop."""

    play_id: int
    announcement: Announcement


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """To the player: fade this out and forget it."""

    play_id: int


@dataclass(frozen=True, slots=True)
class Duck:
    """To the player: from now on all that is heard is quiet, or as loud as ever."""

    on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """The announcement was played to its end."""

    announcement: Announcement


@dataclass(frozen=True, slots=True, kw_only=True)
class Unheard:
    """The announcement was not heard to its end, and is given up. result: None if it never began (it expired,
    was replaced, cleared or crowded out)."""

    announcement: Announcement
    result: PlaybackResult | None


ArbiterCommand = Play | Stop | Duck | Heard | Unheard


@dataclass(frozen=True, slots=True, kw_only=True)
class _Turn:
    announcement: Announcement
    expires_ns: int
    play_id: int = 0
    until_ns: int = 0
    retried: bool = False


class Arbiter:
    """RESPONSE and above cut off what is not more urgent and clear waiting responses; NOTICE waits for its
    turn; AMBIENT is pulled from its source when nothing else is there (give a Tick when there may be news).
    What yields, as the greeting does, is cut off by any of them.

    Everything submitted or pulled ends in exactly one Heard or Unheard. A RESPONSE or NOTICE whose playing
    failed is tried once more. After StopSpeaking notices and ambient speech keep quiet for
    `ambient_max_age_ms`.

    While it keeps still only RESPONSE and above are played; notices do not grow old.

    While there is a Hazard all is played quietly. As long as a Hush holds, only RESPONSE and above are
    played; notices do not grow old. Its beginning cuts off what is AMBIENT, and CONTACT whatever plays.
    """

    def __init__(self, settings: AnnounceSettings, ambient: AmbientSource) -> None:
        self._quiet_ns = settings.ambient_max_age_ms * NS_PER_MS
        self._notice_max_age_ns = settings.notice_max_age_ms * NS_PER_MS
        self._hush = Hush(settings)
        self._ambient = ambient
        self._waiting: list[_Turn] = []  # by band, then by age
        self._current: _Turn | None = None
        self._quiet_until_ns: int | None = None
        self._still = False
        self._last_play_id = 0

    @property
    def speaking(self) -> bool:
        """Whether words are being played; a sound alone is nothing to stop."""
        return self._current is not None and self._current.announcement.phrase is not None

    @property
    def playing(self) -> Announcement | None:
        """What is being played, words or a sound."""
        return None if self._current is None else self._current.announcement

    @property
    def next_deadline_ns(self) -> int | None:
        """When it wants a Tick."""
        ends_ns = self._current.until_ns if self._current else None
        deadlines = [self._quiet_until_ns, self._hush.next_deadline_ns, ends_ns]
        return min((at_ns for at_ns in deadlines if at_ns is not None), default=None)

    def step(self, event: ArbiterEvent, now_ns: int) -> list[ArbiterCommand]:
        """Take one event."""
        self._pass_time(now_ns)
        match event:
            case Submit():
                commands = self._submit(event.announcement)
            case PlaybackEnded():
                commands = self._ended(event.playback.play_id, event.playback.result)
            case StopSpeaking():
                self._quiet_until_ns = now_ns + self._quiet_ns
                commands = self._clear_responses() + self._interrupt()
            case KeepStill():
                commands = self._keep_still(event.on, now_ns)
            case HazardChanged():
                commands = self._heed(event.hazard, now_ns)
            case Tick():
                commands = self._give_up_overdue(now_ns)
        return commands + self._next(now_ns)

    def _pass_time(self, now_ns: int) -> None:
        if self._quiet_until_ns is not None and now_ns >= self._quiet_until_ns:
            self._quiet_until_ns = None
        if self._hush.passes(now_ns):
            self._renew_notices(now_ns)

    def _submit(self, announcement: Announcement) -> list[ArbiterCommand]:
        commands: list[ArbiterCommand] = []
        if announcement.band <= Band.RESPONSE:
            commands += self._clear_responses()
            if self._current is not None and self._current.announcement.band >= announcement.band:
                commands += self._interrupt()
        return commands + self._wait(_Turn(announcement=announcement, expires_ns=announcement.expires_ns))

    def _ended(self, play_id: int, result: PlaybackResult) -> list[ArbiterCommand]:
        turn = self._current
        if turn is None or turn.play_id != play_id:
            return []  # of one that was stopped: reported then
        self._current = None
        announcement = turn.announcement
        if result is PlaybackResult.COMPLETED:
            return [Heard(announcement=announcement)]
        if result is PlaybackResult.FAILED and announcement.band < Band.AMBIENT and not turn.retried:
            if any(waiting.announcement.key == announcement.key for waiting in self._waiting):
                return [Unheard(announcement=announcement, result=result)]  # there is newer word of it
            return self._wait(replace(turn, retried=True), first=True)
        return [Unheard(announcement=announcement, result=result)]

    def _heed(self, hazard: Hazard, now_ns: int) -> list[ArbiterCommand]:
        was = self._hush.hazard
        self._hush.heed(hazard, now_ns)
        commands: list[ArbiterCommand] = []
        if hazard > was and self._hush.holds and self._current is not None:
            # Never what is of the buzzer's own band.
            least_urgent = Band.RESPONSE if hazard is Hazard.CONTACT else Band.AMBIENT
            if self._current.announcement.band >= least_urgent:
                commands += self._interrupt()
        if bool(hazard) is not bool(was):
            commands.append(Duck(on=bool(hazard)))
        return commands

    def _keep_still(self, on: bool, now_ns: int) -> list[ArbiterCommand]:
        was, self._still = self._still, on
        if was and not on:
            self._renew_notices(now_ns)
        unasked = self._current is not None and self._current.announcement.band > Band.RESPONSE
        return self._interrupt() if on and unasked else []

    def _renew_notices(self, now_ns: int) -> None:
        """What had to wait begins its life anew: a fault must not be lost to a wall, nor to a name."""
        until_ns = now_ns + self._notice_max_age_ns
        self._waiting = [
            replace(turn, expires_ns=max(turn.expires_ns, until_ns)) if _is_notice(turn) else turn
            for turn in self._waiting
        ]

    def _interrupt(self) -> list[ArbiterCommand]:
        turn, self._current = self._current, None
        if turn is None:
            return []
        return [
            Stop(play_id=turn.play_id),
            Unheard(announcement=turn.announcement, result=PlaybackResult.INTERRUPTED),
        ]

    def _clear_responses(self) -> list[ArbiterCommand]:
        return self._drop([turn for turn in self._waiting if turn.announcement.band == Band.RESPONSE])

    def _give_up_overdue(self, now_ns: int) -> list[ArbiterCommand]:
        turn = self._current
        if turn is None or now_ns < turn.until_ns:
            return []
        return [Stop(play_id=turn.play_id), *self._ended(turn.play_id, PlaybackResult.FAILED)]

    def _wait(self, turn: _Turn, *, first: bool = False) -> list[ArbiterCommand]:
        """Queue by band; one of the same key gives up its place to the newer."""
        band = turn.announcement.band
        same = [i for i, waiting in enumerate(self._waiting) if _replaces(turn, waiting)]
        dropped = [self._waiting[i] for i in same]
        if same:
            self._waiting.insert(same[0], turn)
        else:
            ahead = (
                w.announcement.band < band if first else w.announcement.band <= band for w in self._waiting
            )
            self._waiting.insert(sum(ahead), turn)
        if len(self._waiting) - len(dropped) > MAX_WAITING:
            worst = self._waiting[-1].announcement.band
            dropped += [next(waiting for waiting in self._waiting if waiting.announcement.band == worst)]
        return self._drop(dropped)

    def _drop(self, turns: list[_Turn]) -> list[ArbiterCommand]:
        self._waiting = [turn for turn in self._waiting if not any(turn is gone for gone in turns)]
        return [Unheard(announcement=turn.announcement, result=None) for turn in turns]

    def _next(self, now_ns: int) -> list[ArbiterCommand]:
        commands: list[ArbiterCommand] = []
        if self._current is not None and self._current.announcement.yields:
            turn = self._take(now_ns)
            if turn is None:
                return []
            self._waiting.insert(0, turn)
            commands += self._interrupt()
        while self._current is None and (turn := self._take(now_ns)) is not None:
            if now_ns > turn.expires_ns:
                commands.append(Unheard(announcement=turn.announcement, result=None))
                continue
            self._last_play_id += 1
            self._current = replace(turn, play_id=self._last_play_id, until_ns=now_ns + LONGEST_PLAY_NS)
            commands.append(Play(play_id=self._last_play_id, announcement=turn.announcement))
        return commands

    def _take(self, now_ns: int) -> _Turn | None:
        hushed = self._still or self._quiet_until_ns is not None or self._hush.holds
        if self._waiting and (not hushed or self._waiting[0].announcement.band <= Band.RESPONSE):
            return self._waiting.pop(0)
        announcement = None if hushed else self._ambient.next_ambient(now_ns)
        if announcement is None:
            return None
        return _Turn(announcement=announcement, expires_ns=announcement.expires_ns)


def _replaces(turn: _Turn, waiting: _Turn) -> bool:
    newer, older = turn.announcement, waiting.announcement
    return (newer.key, newer.band) == (older.key, older.band)


def _is_notice(turn: _Turn) -> bool:
    return turn.announcement.band is Band.NOTICE
