"""Whatever a board says: nothing is told twice without its end between, and every figure is the newest."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from kith.announce.words import LINES
from kith.app.board_watch import BoardNews, BoardReading, BoardWatch
from kith.clock import Tick
from kith.config import BoardSettings
from kith.ports import BoardHealth, Charge
from tests.unit._machine_kit import ms

some = st.none() | st.booleans()
percents = st.none() | st.integers(0, 100) | st.sampled_from([4, 5, 6, 14, 15, 16, 24, 25, 26])
readings = st.builds(
    BoardReading,
    health=st.builds(
        BoardHealth,
        temperature_c=st.none() | st.sampled_from([40.0, 71.9, 72.0, 79.9, 80.0, 90.0]),
        under_voltage=some,
        too_hot=some,
    ),
    charge=st.builds(Charge, percent=percents, on_mains=some),
)
happenings = st.tuples(st.sampled_from([0, 1000, 5000, 61_000, 1_000_000]), readings | st.just(Tick()))
OPPOSITE = {"battery.low": "battery.well", "heat.hot": "heat.cooled", "supply.weak": "supply.well"}


class Account:
    """An own account of what may be said."""

    def __init__(self) -> None:
        self.held: dict[str, int] = {}

    def check(self, news: BoardNews, reading: BoardReading) -> None:
        assert ("{count}" in LINES[news.key].text) == (news.count is not None)
        assert news.broke == (news.key in OPPOSITE)
        topic = news.key.partition(".")[0]
        if not news.broke:
            assert self.held.pop(topic, 0), "it had not broken"
            return
        times = self.held[topic] = self.held.get(topic, 0) + 1
        if topic == "battery":
            assert times <= 2
            assert news.count is not None
            assert news.count == reading.charge.percent
            assert news.count <= (15 if times == 1 else 5)
            assert not reading.charge.on_mains
        else:
            assert times == 1, "said twice"


@settings(max_examples=300)
@given(st.lists(happenings, max_size=40), st.sampled_from([0, 4000]))
def test_nothing_is_said_twice_without_its_end_between(
    script: list[tuple[int, BoardReading | Tick]], lasting_ms: int
) -> None:
    watch, account, now_ms = BoardWatch(BoardSettings(lasting_ms=lasting_ms)), Account(), 0
    for wait_ms, event in script:
        now_ms += wait_ms
        while (due := watch.next_deadline_ns) is not None and due <= ms(now_ms):
            assert watch.step(Tick(), due) == []
        for news in watch.step(event, ms(now_ms)):
            assert isinstance(event, BoardReading), "time alone is no news"
            account.check(news, event)
        if isinstance(event, BoardReading):
            assert watch.percent == event.charge.percent
        due = watch.next_deadline_ns
        assert due is None or due > ms(now_ms)
