"""What the core does about the guard: speech gives way to the buzzer, and what breaks is named."""

from __future__ import annotations

from kith.announce.hush import Hazard
from kith.app.guard_watch import GuardFault, GuardWatch, LevelChanged
from kith.app.reporter import Reporter
from kith.app.speaking import Speaking
from kith.clock import NS_PER_MS, Tick
from kith.config import GuardWatchSettings
from kith.guard.messages import ProximityLevel
from kith.guard.ports import Level

_HAZARDS = {Level.NEAR: Hazard.NEAR, Level.CONTACT: Hazard.CONTACT}
"""The two inner zones. In the others, and where nothing is known, Kith speaks as ever."""


class Heeding:
    """Belongs to the core. While no buzzer works it does not give way but warns in its place."""

    def __init__(
        self,
        settings: GuardWatchSettings,
        speech: Speaking,
        report: Reporter,
        now_ns: int,
        *,
        guarded: bool,
    ) -> None:
        """guarded: this is a device that has a guard."""
        self._watch = GuardWatch(settings, now_ns, expected=guarded and settings.expected)
        self._speech, self._report = speech, report
        self._again_ns = settings.obstacle_again_ms * NS_PER_MS
        self._hushing = self._voiced = Hazard.NONE
        self._owed = False
        """The voice has to warn."""
        self._may_warn_ns = now_ns

    @property
    def next_deadline_ns(self) -> int | None:
        """When it wants a Tick."""
        watch_ns = self._watch.next_deadline_ns
        if not self._owed:
            return watch_ns
        return self._may_warn_ns if watch_ns is None else min(watch_ns, self._may_warn_ns)

    def step(self, event: ProximityLevel | Tick, now_ns: int) -> None:
        """The guard has spoken, or time has passed."""
        news = self._watch.step(event, now_ns)
        for each in news:
            if isinstance(each, LevelChanged):
                self._tell(each, now_ns)
        self._heed(now_ns)
        for each in news:
            if isinstance(each, GuardFault):
                say = self._speech.fault if each.broke else self._speech.recovered
                say(each.key, each.text, now_ns)

    def _heed(self, now_ns: int) -> None:
        level = self._watch.level
        hazard = Hazard.NONE if level is None else _HAZARDS.get(level, Hazard.NONE)
        muffled = self._watch.muffled
        hushing = Hazard.NONE if muffled else hazard
        if hushing is not self._hushing:
            self._hushing = hushing
            self._speech.heed(hushing, now_ns)
        self._warn(hazard if muffled else Hazard.NONE, now_ns)

    def _warn(self, hazard: Hazard, now_ns: int) -> None:
        """By voice, when a hazard begins; one that begins too soon after the last is told of a little later,
        if it lasts."""
        was, self._voiced = self._voiced, hazard
        self._owed = bool(hazard) and (self._owed or hazard > was)
        if self._owed and now_ns >= self._may_warn_ns:
            self._owed, self._may_warn_ns = False, now_ns + self._again_ns
            self._speech.say("obstacle.near", now_ns)

    def _tell(self, news: LevelChanged, now_ns: int) -> None:
        self._report.tell(
            "proximity",
            now_ns,
            text=_in_words(news),
            level=None if news.level is None else int(news.level),
            position=None if news.position is None else news.position.value,
            distance_mm=news.distance_mm,
        )


def _in_words(news: LevelChanged) -> str:
    if news.level is None:
        return "unknown"
    word = news.level.name.lower()
    return word if not news.level or news.distance_mm is None else f"{word}, {news.distance_mm} mm"
