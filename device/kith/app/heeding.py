"""What the core does about the guard: speech gives way to the buzzer, and what breaks is named."""

from __future__ import annotations

from kith.announce.hush import Hazard
from kith.app.guard_watch import GuardFault, GuardWatch, LevelChanged
from kith.app.reporter import Reporter
from kith.app.speaking import Speaking
from kith.clock import Tick
from kith.config import GuardWatchSettings
from kith.guard.messages import ProximityLevel
from kith.guard.ports import Level

_HAZARDS = {Level.NEAR: Hazard.NEAR, Level.CONTACT: Hazard.CONTACT}
"""The two inner zones. In the others, and where nothing is known, Kith speaks as ever."""


class Heeding:
    """Belongs to the core."""

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

    @property
    def next_deadline_ns(self) -> int | None:
        """When it wants a Tick."""
        return self._watch.next_deadline_ns

    def step(self, event: ProximityLevel | Tick, now_ns: int) -> None:
        """The guard has spoken, or time has passed."""
        for news in self._watch.step(event, now_ns):
            match news:
                case LevelChanged():
                    self._level(news, now_ns)
                case GuardFault() if news.broke:
                    self._speech.fault(news.key, news.text, now_ns)
                case GuardFault():
                    self._speech.recovered(news.key, news.text, now_ns)

    def _level(self, news: LevelChanged, now_ns: int) -> None:
        self._report.tell(
            "proximity",
            now_ns,
            text=_in_words(news),
            level=None if news.level is None else int(news.level),
            position=None if news.position is None else news.position.value,
            distance_mm=news.distance_mm,
        )
        hazard = Hazard.NONE if news.level is None else _HAZARDS.get(news.level, Hazard.NONE)
        self._speech.heed(hazard, now_ns)


def _in_words(news: LevelChanged) -> str:
    if news.level is None:
        return "unknown"
    word = news.level.name.lower()
    return word if not news.level or news.distance_mm is None else f"{word}, {news.distance_mm} mm"
