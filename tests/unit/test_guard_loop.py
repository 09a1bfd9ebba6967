"""The guard's loop with its real threads, and sensors and outputs that do what they are told."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from kith.clock import NS_PER_MS, NS_PER_S, MonotonicClock
from kith.errors import OutputFault, OutputUnavailable, RangeFinderFault, RangeFinderUnavailable
from kith.guard import loop as loop_module
from kith.guard.link import LinkSender
from kith.guard.loop import Condition, GuardLoop
from kith.guard.machine import GuardMachine
from kith.guard.messages import ProximityLevel
from kith.guard.outputs import Outputs
from kith.guard.ports import (
    Fault,
    Health,
    Level,
    OutputEdge,
    Position,
    RangeReading,
    RangeStatus,
    Signal,
    Warned,
)
from kith.guard.ranging import Ranging
from kith.guard.settings import GuardSettings

CLOCK = MonotonicClock()
PATIENCE_S = 15.0


def still(age_s: float) -> int:
    """Before a wall, with the noise of a sensor."""
    return 300 + round(age_s * 997) % 7


class StubSensor:
    """Answers every 20 ms what `answer` says of its age; that may raise, or hang until `go_on`."""

    def __init__(self, position: Position, answer: Callable[[float], int | None] = still) -> None:
        self.position = position
        self.answer = answer
        self.there = True
        self.go_on = threading.Event()
        self.starts: list[float] = []
        self.threads: set[int] = set()
        self._born_s = time.monotonic()

    def start(self) -> None:
        self.starts.append(time.monotonic())
        self.threads.add(threading.get_ident())
        if not self.there:
            raise RangeFinderUnavailable("there is no sensor: plug it in")

    def read(self) -> RangeReading:
        time.sleep(0.02)
        self.threads.add(threading.get_ident())
        age_s = time.monotonic() - self._born_s
        distance_mm = self.answer(age_s) if self.there else None
        status = RangeStatus.OK if distance_mm is not None else RangeStatus.FAULT
        return RangeReading(
            position=self.position, status=status, distance_mm=distance_mm, at_ns=CLOCK.now_ns()
        )

    def close(self) -> None:
        pass


class StubOutput:
    """Notes what it is set to; works while `works`."""

    def __init__(self) -> None:
        self.works = True
        self.pitches: list[int] = []
        self.starts = 0

    def start(self) -> None:
        self.starts += 1
        if not self.works:
            raise OutputUnavailable("there is no buzzer: connect it")

    def set(self, pitch_hz: int) -> None:
        if not self.works:
            raise OutputFault("the buzzer is gone: connect it")
        self.pitches.append(pitch_hz)

    def close(self) -> None:
        self.pitches.append(0)


class StubSender(LinkSender):
    """Keeps the messages."""

    def __init__(self) -> None:
        super().__init__(())
        self.sent: list[ProximityLevel] = []

    def send(self, message: ProximityLevel) -> int:
        self.sent.append(message)
        return 1


class Levels:
    """Sees what is warned of, and when."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, Level]] = []

    def begin(self, now_ns: int, sounds: Sequence[Signal]) -> None:
        pass

    def reading(self, reading: RangeReading, now_ns: int) -> None:
        pass

    def tick(self, due_ns: int, now_ns: int) -> None:
        pass

    def level(self, warned: Warned, distance_mm: int | None, now_ns: int) -> None:
        self.seen.append((now_ns, warned.level))

    def edge(self, edge: OutputEdge, applied_ns: int) -> None:
        pass

    def muffled(self, muffled: bool, now_ns: int) -> None:
        pass


@pytest.fixture
def supervisor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """systemd, which would wait 200 ms for the watchdog."""
    path = str(tmp_path / "notify")
    monkeypatch.setenv("NOTIFY_SOCKET", path)
    monkeypatch.setenv("WATCHDOG_USEC", "200000")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as made:
        made.bind(path)
        yield made


class Listening:
    """Hears all that the supervisor is told within the block; the kernel keeps but ten messages."""

    def __init__(self, supervisor: socket.socket) -> None:
        self.said: list[str] = []
        self._socket = supervisor
        self._thread = threading.Thread(target=self._listen)

    def __enter__(self) -> list[str]:
        self._thread.start()
        return self.said

    def __exit__(self, *error: object) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
            end.sendto(b"", self._socket.getsockname())
        self._thread.join()

    def _listen(self) -> None:
        while heard := self._socket.recv(4096):
            self.said.append(heard.decode())


def loop_of(
    sensors: list[StubSensor], *, sender: StubSender | None = None, buzzer: StubOutput | None = None
) -> GuardLoop:
    """The loop, with a beat so slow that there is but one."""
    positions = tuple(sensor.position for sensor in sensors)
    return GuardLoop(
        lambda now_ns: GuardMachine(GuardSettings(), positions, now_ns),
        sensors,
        Outputs([buzzer or StubOutput()]),
        sender or StubSender(),
        CLOCK,
        beat_ms=100_000,
        condition=Condition(),
    )


def run(
    sensors: list[StubSensor], outputs: list[StubOutput], seconds: float, *, misconfigured: bool = False
) -> StubSender:
    """The loop, for so long."""
    sender = StubSender()
    positions = tuple(sensor.position for sensor in sensors)
    loop = GuardLoop(
        lambda now_ns: GuardMachine(GuardSettings(), positions, now_ns),
        sensors,
        Outputs(outputs),
        sender,
        CLOCK,
        beat_ms=50,
        condition=Condition(misconfigured=misconfigured),
    )
    loop.run(CLOCK.now_ns() + round(seconds * NS_PER_S))
    return sender


def near(age_s: float) -> int:
    """Nearer and nearer, then there."""
    return max(still(age_s), round(1500 - 1500 * age_s))


def far(age_s: float) -> int:
    """Nothing to warn of."""
    return 3200 + still(age_s)


def last_of(sender: StubSender, position: Position) -> tuple[Health, Fault]:
    report = next(each for each in sender.sent[-1].sensors if each.position is position)
    return report.health, report.last_fault


def hang(sensor: StubSensor) -> Callable[[float], int | None]:
    def answer(age_s: float) -> int | None:
        sensor.go_on.wait(PATIENCE_S)
        return None

    return answer


def test_a_sensor_that_hangs_is_told_and_the_other_warns() -> None:
    hung, well, buzzer = StubSensor(Position.HEAD), StubSensor(Position.KNEE, near), StubOutput()
    hung.answer = hang(hung)
    sender = run([hung, well], [buzzer], 2.5)
    hung.go_on.set()
    assert last_of(sender, Position.HEAD) == (Health.DEAD, Fault.SILENT)
    assert sender.sent[-1].level is Level.CONTACT
    assert sender.sent[-1].position is Position.KNEE
    assert buzzer.pitches[-2:] == [1200, 0]  # sounding to the last, then closed
    assert hung.threads.isdisjoint(well.threads)
    assert threading.get_ident() not in hung.threads | well.threads


def test_a_sensor_that_raises_what_it_must_not_is_started_again_and_again() -> None:
    def broken(age_s: float) -> int | None:
        raise ZeroDivisionError

    bad, well = StubSensor(Position.HEAD, broken), StubSensor(Position.KNEE, near)
    sender = run([bad, well], [StubOutput()], 2.5)
    assert len(bad.starts) >= 3
    assert sender.sent[-1].level is Level.CONTACT
    assert last_of(sender, Position.HEAD)[0] is Health.DEAD


def test_its_budget_used_up_another_worker_follows() -> None:
    sensor = StubSensor(Position.HEAD, lambda age_s: 1 // 0)
    ranging = Ranging(sensor, CLOCK, lambda reading: None)
    ranging.start()
    end_s = time.monotonic() + PATIENCE_S
    while not ranging._given_up.is_set():
        assert time.monotonic() < end_s
        time.sleep(0.05)
    crashes = len(sensor.starts)
    sensor.answer = near
    ranging.upkeep()
    while len(sensor.starts) == crashes:
        assert time.monotonic() < end_s
        time.sleep(0.01)
    ranging.stop(1.0)


# --- one that hangs -----------------------------------------------------------------------------------------


class Slow(StubSensor):
    """Waits in the way it is told, and lets it be known that it does."""

    def __init__(self, where: str) -> None:
        super().__init__(Position.HEAD)
        self.where = where
        self.waiting = threading.Event()

    def wait(self, where: str) -> None:
        if where == self.where:
            self.waiting.set()
            self.go_on.wait(PATIENCE_S)

    def start(self) -> None:
        super().start()
        self.wait("start")

    def read(self) -> RangeReading:
        self.wait("read")
        if self.where == "close":
            raise ZeroDivisionError
        if self.where == "exit":
            self.waiting.set()
            raise SystemExit
        return super().read()

    def close(self) -> None:
        self.wait("close")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("where", ["start", "read", "close", "exit"])
def test_a_thread_that_hands_on_nothing_any_more_is_told(where: str) -> None:
    sensor = Slow(where)
    ranging = Ranging(sensor, CLOCK, lambda reading: None)
    ranging.start()
    assert sensor.waiting.wait(PATIENCE_S)
    found = []
    for _ in range(4):
        ranging.upkeep()
        found.append(ranging.hung)
    assert found == [False, False, True, True]
    sensor.go_on.set()
    ranging.stop(1.0)


def test_one_that_hands_on_again_hangs_no_more() -> None:
    sensor, heard = Slow("read"), threading.Event()
    ranging = Ranging(sensor, CLOCK, lambda reading: heard.set())
    ranging.start()
    assert sensor.waiting.wait(PATIENCE_S)
    for _ in range(3):
        ranging.upkeep()
    assert ranging.hung
    sensor.go_on.set()
    assert heard.wait(PATIENCE_S)
    assert not ranging.hung
    ranging.stop(1.0)


def test_a_worker_s_pause_after_a_crash_is_no_hang() -> None:
    told = threading.Event()
    readings: list[RangeReading] = []

    def hear(reading: RangeReading) -> None:
        readings.append(reading)
        told.set()

    ranging = Ranging(StubSensor(Position.KNEE, lambda age_s: 1 // 0), CLOCK, hear)
    ranging.start()
    assert told.wait(PATIENCE_S)
    for _ in range(5):
        ranging.upkeep()
    assert not ranging.hung
    ranging.stop(1.0)
    assert readings[0].status is RangeStatus.FAULT
    assert (readings[0].position, readings[0].distance_mm) == (Position.KNEE, None)


def test_where_one_hangs_the_loop_ends_once_no_other_warns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop_module, "_LEAST_LIFE_NS", 0)
    monkeypatch.setattr(loop_module, "_UPKEEP_NS", NS_PER_S // 10)

    def leaving(age_s: float) -> int:
        return still(age_s) if age_s < 2.0 else far(age_s)

    hung = StubSensor(Position.HEAD)
    hung.answer = hang(hung)
    loop = loop_of([hung, StubSensor(Position.KNEE, leaving)])
    began_s = time.monotonic()
    with pytest.raises(RangeFinderFault, match=r"\(head\) hangs"):
        loop.run(CLOCK.now_ns() + round(PATIENCE_S * NS_PER_S))
    hung.go_on.set()
    assert 2.0 < time.monotonic() - began_s < 5.0


def test_in_its_first_half_minute_it_does_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """So a sensor that hangs at each start costs a second of each half minute, and not all of them."""
    assert loop_module._LEAST_LIFE_NS == 30 * NS_PER_S
    monkeypatch.setattr(loop_module, "_LEAST_LIFE_NS", 2 * NS_PER_S)
    monkeypatch.setattr(loop_module, "_UPKEEP_NS", NS_PER_S // 10)
    hung = StubSensor(Position.HEAD)
    hung.answer = hang(hung)
    loop, began_s = loop_of([hung]), time.monotonic()
    with pytest.raises(RangeFinderFault):
        loop.run(CLOCK.now_ns() + round(PATIENCE_S * NS_PER_S))
    hung.go_on.set()
    assert 2.0 < time.monotonic() - began_s < 4.0


# --- one that is not there ----------------------------------------------------------------------------------


def test_one_that_is_not_there_is_looked_for_each_second_and_found(caplog: pytest.LogCaptureFixture) -> None:
    sensor = StubSensor(Position.HEAD)
    sensor.there = False
    # Dead after 2 s, and so not to be found just then.
    threading.Timer(2.5, lambda: setattr(sensor, "there", True)).start()
    with caplog.at_level(logging.WARNING):
        sender = run([sensor], [StubOutput()], 4.2)
    assert [0.9 < b - a < 1.3 for a, b in pairwise(sensor.starts)] == [True, True, True]
    assert [record.message for record in caplog.records] == [
        "there is no sensor: plug it in",
        "the range sensor (head) answers again",
    ]
    dead = [message for message in sender.sent if message.sensors[0].health is Health.DEAD]
    assert {message.sensors[0].last_fault for message in dead} == {Fault.NO_ANSWER}
    assert sender.sent[-1].sensors[0].health is Health.SEES
    assert sender.sent[-1].level is Level.CONTACT


def test_one_that_stops_answering_is_opened_again(caplog: pytest.LogCaptureFixture) -> None:
    sensor = StubSensor(Position.HEAD, lambda age_s: None if age_s < 2.5 else still(age_s))
    with caplog.at_level(logging.WARNING):
        sender = run([sensor], [StubOutput()], 3.0)
    assert len(sensor.starts) == 3
    assert sum("does not answer" in record.message for record in caplog.records) == 1
    assert sender.sent[-1].sensors[0].health is Health.SEES


def test_an_output_that_fails_is_told_once_and_tried_again_and_the_other_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bad, well = StubOutput(), StubOutput()
    bad.works = False
    threading.Timer(2.5, lambda: setattr(bad, "works", True)).start()
    with caplog.at_level(logging.WARNING):
        sender = run([StubSensor(Position.HEAD)], [bad, well], 3.5)
    assert [record.message for record in caplog.records] == [
        "there is no buzzer: connect it",
        "an output works again",
    ]
    assert 3 <= bad.starts <= 5
    assert bad.pitches[0] == 2400  # it was to sound just then
    assert 2400 in well.pitches
    assert not any(message.muffled for message in sender.sent)


def test_the_supervisor_is_told_how_many_outputs_do_not_work(supervisor: socket.socket) -> None:
    bad, well = StubOutput(), StubOutput()
    bad.works = False
    threading.Timer(0.5, lambda: setattr(bad, "works", True)).start()
    with Listening(supervisor) as said:
        run([StubSensor(Position.HEAD, far)], [bad, well], 2.5)
    assert [text for text in said if text.startswith("STATUS")] == [
        "STATUS=with real-time priority; outputs that do not work: 1",
        "STATUS=with real-time priority",
    ]


def test_without_any_output_that_is_told_over_the_link() -> None:
    buzzer = StubOutput()
    threading.Timer(0.5, lambda: setattr(buzzer, "works", False)).start()
    sender = run([StubSensor(Position.HEAD, lambda age_s: 500 + round(age_s * 50))], [buzzer], 1.5)
    assert [sender.sent[0].muffled, sender.sent[-1].muffled] == [False, True]
    assert run([StubSensor(Position.HEAD)], [], 0.3).sent[-1].muffled


def test_refused_settings_are_heard() -> None:
    buzzer = StubOutput()
    sender = run([StubSensor(Position.HEAD, far)], [buzzer], 2.5, misconfigured=True)
    assert sender.sent[0].misconfigured
    on = [pitch for pitch in buzzer.pitches if pitch]
    assert on == [1200, 1200, 2400] + [1200] * 3  # self-test, then dead


def test_the_watchdog_is_petted_in_time(supervisor: socket.socket) -> None:
    with Listening(supervisor) as said:
        run([StubSensor(Position.HEAD, far)], [StubOutput()], 1.0)
    assert said[0] == "READY=1"
    assert said[-1] == "STOPPING=1"
    assert 6 <= said.count("WATCHDOG=1") <= 12  # each 100 ms, half of what systemd waits for


def test_each_change_of_the_warning_is_told_at_once() -> None:
    sender, levels = StubSender(), Levels()
    loop = loop_of([StubSensor(Position.HEAD, near)], sender=sender)
    loop.observers.append(levels)
    loop.run(CLOCK.now_ns() + round(1.8 * NS_PER_S))
    assert levels.seen[-1][1] is Level.CONTACT
    assert len(levels.seen) >= 2
    assert [message.level for message in sender.sent[1:]] == [level for _, level in levels.seen]
    late_ns = [
        message.at_ns - at_ns for message, (at_ns, _) in zip(sender.sent[1:], levels.seen, strict=True)
    ]
    assert max(late_ns) < 100 * NS_PER_MS


def test_it_can_be_stopped_from_a_signal_s_handler_and_is_silent_then() -> None:
    buzzer = StubOutput()
    loop = GuardLoop(
        lambda now_ns: GuardMachine(GuardSettings(), (Position.HEAD,), now_ns),
        [StubSensor(Position.HEAD)],
        Outputs([buzzer]),
        StubSender(),
        CLOCK,
        beat_ms=200,
        condition=Condition(),
    )
    threading.Timer(0.3, loop.stop).start()
    began_ns = CLOCK.now_ns()
    loop.run()
    assert CLOCK.now_ns() - began_ns < 1000 * NS_PER_MS
    assert buzzer.pitches[-2:] == [2400, 0]


def test_an_error_of_the_machine_s_ends_it_in_silence() -> None:
    class Broken(GuardMachine):
        def step(self, event: object, now_ns: int) -> list[object]:  # type: ignore[override]
            raise ZeroDivisionError

    buzzer = StubOutput()
    loop = GuardLoop(
        lambda now_ns: Broken(GuardSettings(), (Position.HEAD,), now_ns),
        [StubSensor(Position.HEAD)],
        Outputs([buzzer]),
        StubSender(),
        CLOCK,
        beat_ms=200,
        condition=Condition(),
    )
    with pytest.raises(ZeroDivisionError):
        loop.run()
    assert buzzer.pitches[-1] == 0
