"""What is heard: between the arbiter and the player, and what becomes of a name that was not heard."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial

from kith.announce.arbiter import (
    AmbientSource,
    Arbiter,
    ArbiterCommand,
    Duck,
    HazardChanged,
    Heard,
    KeepStill,
    Play,
    PlaybackEnded,
    Stop,
    StopSpeaking,
    Submit,
    Unheard,
)
from kith.announce.callouts import Callouts
from kith.announce.hush import Hazard
from kith.announce.phrasing import Piece
from kith.announce.player import Player
from kith.announce.words import Phrasebook
from kith.app.reporter import Reporter
from kith.clock import NS_PER_S, Tick
from kith.config import AnnounceSettings
from kith.types import Announcement, Band, Playback, PlaybackResult

_VOICE_FAULT_QUIET_NS = 10 * NS_PER_S

_PASSING = frozenset(
    ("voice.failed", "recognition.restarted", "gallery.restored", "gallery.lost", "power.failed")
)
"""Faults that are over when they are told of."""


class Speaking:
    """Belongs to the core. on_begin: an announcement begins to be played; on_end: it is over, and how; None:
    it never began."""

    def __init__(
        self,
        settings: AnnounceSettings,
        ambient: AmbientSource,
        callouts: Callouts,
        player: Player,
        report: Reporter,
        on_begin: Callable[[Announcement, int], None],
        on_end: Callable[[Announcement, PlaybackResult | None, int], None],
    ) -> None:
        self._arbiter = Arbiter(settings, ambient)
        self._ducked_gain = 10 ** (-settings.duck_db / 20)
        self._words = Phrasebook(settings)
        self._callouts, self._player, self._report = callouts, player, report
        self._on_begin, self._on_end = on_begin, on_end
        self.contact_ns: int | None = None
        """When the buzzer last began to warn of something about to be touched."""
        self._voice_fault_ns: int | None = None
        self._unheard: set[int] = set()
        self._faults: dict[str, str] = {}
        self._news: deque[Callable[[], None]] = deque()
        self._telling = False

    @property
    def active(self) -> bool:
        """Whether words are being played."""
        return self._arbiter.speaking

    @property
    def playing(self) -> Announcement | None:
        """The words that are being played."""
        return self._arbiter.playing if self._arbiter.speaking else None

    @property
    def faults(self) -> tuple[str, ...]:
        """The keys of the lines of what is broken now, in the order in which it broke."""
        return tuple(self._faults.values())

    @property
    def next_deadline_ns(self) -> int | None:
        """When it wants a tick."""
        return self._arbiter.next_deadline_ns

    def submit(self, announcement: Announcement, now_ns: int) -> None:
        """Something is to be heard."""
        commands = self._arbiter.step(Submit(announcement=announcement), now_ns)
        self._carry_out(commands, now_ns)
        if announcement.band is Band.HAZARD:
            self._tell_cut_again(commands)

    def say(self, key: str, now_ns: int, *, name: Piece | None = None, count: int | None = None) -> None:
        """A fixed line of the wording."""
        self.submit(self._words.announcement(key, now_ns, name=name, count=count), now_ns)

    def fault(self, key: str, text: str, now_ns: int, *, count: int | None = None) -> None:
        """A fixed line of the wording for something that broke."""
        self.note_fault(key, text, now_ns)
        self.say(key, now_ns, count=count)

    def note_fault(self, key: str, text: str, now_ns: int) -> None:
        """As `fault`, where the wearer was told of it in other words."""
        self._report.tell("fault", now_ns, part=key.partition(".")[0], text=text)
        if key not in _PASSING:
            self._faults[key.partition(".")[0]] = key

    def recovered(self, key: str, text: str, now_ns: int) -> None:
        """A fixed line of the wording for something that works again."""
        self._faults.pop(key.partition(".")[0], None)
        self._report.tell("recovered", now_ns, part=key.partition(".")[0], text=text)
        self.say(key, now_ns)

    def no_fault(self, topic: str) -> None:
        """What was broken of this is not known any more."""
        self._faults.pop(topic, None)

    def heed(self, hazard: Hazard, now_ns: int) -> None:
        """The guard's buzzer warns more or less urgently. Whoever's name it cut off is to be told again once
        it lets that be, if they are still here: nobody asked for this quiet."""
        if hazard is Hazard.CONTACT:
            self.contact_ns = now_ns
        commands = self._arbiter.step(HazardChanged(hazard), now_ns)
        self._carry_out(commands, now_ns)
        self._tell_cut_again(commands)

    def tick(self, now_ns: int) -> None:
        """Time has passed, or there may be news to tell."""
        self._carry_out(self._arbiter.step(Tick(), now_ns), now_ns)

    def keep_still(self, on: bool, now_ns: int) -> None:
        """Somebody is being listened to: nothing is said unasked."""
        self._carry_out(self._arbiter.step(KeepStill(on), now_ns), now_ns)

    def stop(self, now_ns: int) -> None:
        """The wearer wants quiet."""
        self._carry_out(self._arbiter.step(StopSpeaking(), now_ns), now_ns)

    def played(self, playback: Playback, now_ns: int) -> None:
        """The player's report."""
        self._carry_out(self._arbiter.step(PlaybackEnded(playback=playback), now_ns), now_ns)
        if playback.result is PlaybackResult.FAILED and not self._failed_lately(now_ns):
            self._voice_fault_ns = now_ns
            self.fault("voice.failed", "speech failed", now_ns)

    def tell_unheard_again(self) -> None:
        """Offer again the names of those who are still here and whose announcement broke."""
        self._tell_again(tuple(self._unheard))
        self._unheard.clear()

    def _tell_cut_again(self, commands: list[ArbiterCommand]) -> None:
        for command in commands:
            if isinstance(command, Unheard) and command.announcement.band is Band.AMBIENT:
                self._tell_again(command.announcement.person_ids)

    def _tell_again(self, person_ids: tuple[int, ...]) -> None:
        for appeared in self._report.still_here(person_ids):
            self._callouts.note(appeared)

    def _carry_out(self, commands: list[ArbiterCommand], now_ns: int) -> None:
        for command in commands:
            match command:
                case Play():
                    self._report.playing(command.play_id, command.announcement, now_ns)
                    self._player.play(command.play_id, command.announcement)
                    self._news.append(partial(self._on_begin, command.announcement, now_ns))
                case Stop():
                    self._player.stop(command.play_id)
                case Duck():
                    self._player.duck(self._ducked_gain if command.on else 1.0)
                case Heard():
                    self._heard(command.announcement, now_ns)
                case Unheard():
                    self._not_heard(command, now_ns)
        self._tell_news()

    def _tell_news(self) -> None:
        """Only once all commands are carried out: who is told of a beginning or an end may have more to say,
        and that must not come before what was to be played already."""
        if self._telling:
            return
        self._telling = True
        try:
            while self._news:
                self._news.popleft()()
        finally:
            self._telling = False

    def _heard(self, announcement: Announcement, now_ns: int) -> None:
        self._news.append(partial(self._on_end, announcement, PlaybackResult.COMPLETED, now_ns))
        self._unheard.difference_update(announcement.person_ids)
        if announcement.phrase is not None:
            self.tell_unheard_again()

    def _not_heard(self, command: Unheard, now_ns: int) -> None:
        """A name whose playing broke is still to be told if its bearer is still here: at once, and if it
        breaks again, when something else was heard."""
        if command.result is PlaybackResult.FAILED:
            self._unheard.update(command.announcement.person_ids)
            if not self._failed_lately(now_ns):
                self.tell_unheard_again()
        self._news.append(partial(self._on_end, command.announcement, command.result, now_ns))

    def _failed_lately(self, now_ns: int) -> bool:
        last_ns = self._voice_fault_ns
        return last_ns is not None and now_ns - last_ns < _VOICE_FAULT_QUIET_NS
