"""What the main daemon makes of the guard, whatever the guard says and however late it is read."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from kith.announce.words import LINES
from kith.app.guard_watch import GuardFault, GuardWatch, LevelChanged
from kith.clock import Tick
from kith.config import GuardWatchSettings
from kith.guard.messages import ProximityLevel
from kith.guard.ports import Fault, Health, Level, Position
from tests.unit._guard_kit import message, sensor
from tests.unit._machine_kit import ms

SETTINGS = GuardWatchSettings()

states = st.tuples(st.sampled_from(Health), st.sampled_from(Fault))
happenings = st.tuples(
    st.sampled_from([0, 1, 200, 900, 1600, 4000, 70_000]),
    st.sampled_from([-5000, 0, 50, 1499, 1500, 60_000]),
    st.none()
    | st.tuples(
        st.sampled_from(Level),
        st.tuples(states, states),
        st.booleans(),
        st.booleans(),
    ),
    st.booleans(),
)
"""So many ms later; how old what is said is; what is said, None for nothing; whether Ticks come in time."""
Said = tuple[Level, tuple[tuple[Health, Fault], ...], bool, bool]


class Account:
    """A watch, and an own account of what it may say."""

    def __init__(self, *, expected: bool) -> None:
        self.watch = GuardWatch(SETTINGS, 0, expected=expected)
        self.expected = expected
        self.newest_ms: int | None = None
        self.level: Level | None = None
        self.failed: set[str] = set()

    def give(self, event: ProximityLevel | Tick, now_ms: int) -> None:
        for news in self.watch.step(event, ms(now_ms)):
            if isinstance(news, LevelChanged):
                assert news.level is not self.level, "no news"
                self.level = news.level
            else:
                self.check(news)
        assert self.watch.level is self.level
        due = self.watch.next_deadline_ns
        assert due is None or due > ms(now_ms)

    def check(self, news: GuardFault) -> None:
        assert news.key in LINES
        topic, what = news.key.split(".")
        if what in ("works", "back"):
            assert topic in self.failed, "it had not failed"
            self.failed.remove(topic)
        elif topic not in ("guard", "buzzer", "settings"):  # which are said again while they last
            assert topic not in self.failed, "said twice"
        if what in ("failed", "silent"):
            self.failed.add(topic)
        if what == "silent":
            assert self.expected or self.newest_ms is not None
            assert self.level is None


@settings(max_examples=300)
@given(st.lists(happenings, max_size=25), st.booleans(), st.sampled_from([(Position.KNEE,), tuple(Position)]))
def test_nothing_is_said_twice_and_no_level_outlives_its_time(
    script: list[tuple[int, int, Said | None, bool]], expected: bool, positions: tuple[Position, ...]
) -> None:
    account, now_ms = Account(expected=expected), 0
    for wait_ms, age_ms, said, in_time in script:
        now_ms += wait_ms
        while in_time and (due := account.watch.next_deadline_ns) is not None and due <= ms(now_ms):
            account.give(Tick(), due // ms(1))
        if said is None:
            account.give(Tick(), now_ms)
        else:
            level, states, muffled, misconfigured = said
            sensors = [
                sensor(position, health, distance_mm=None, last_fault=fault)
                for position, (health, fault) in zip(positions, states, strict=False)
            ]
            at_ms = max(now_ms - age_ms, 0)
            if now_ms - at_ms < SETTINGS.stale_after_ms:
                account.newest_ms = max(account.newest_ms or 0, min(at_ms, now_ms))
            account.give(
                message(at_ms, level, *sensors, muffled=muffled, misconfigured=misconfigured), now_ms
            )
        fresh = account.newest_ms is not None and now_ms - account.newest_ms < SETTINGS.stale_after_ms
        assert (account.level is not None) == fresh
