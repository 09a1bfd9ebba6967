"""A guard that hangs or dies is noticed, and another is ready within a second."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kith.clock import NS_PER_S
from tests.e2e._guard_kit import Supervisor, pacing_scene

LONGEST_NS = NS_PER_S
TIMES = 5

Supervise = Callable[..., Supervisor]


@pytest.fixture
def supervise(tmp_path: Path) -> Iterator[Supervise]:
    made: list[Supervisor] = []

    def make(*words: object) -> Supervisor:
        made.append(Supervisor(tmp_path, "--simulate", pacing_scene(tmp_path, for_s=60), *words))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.mark.parametrize("how", [signal.SIGSTOP, signal.SIGKILL, signal.SIGSEGV], ids=lambda how: how.name)
def test_one_that_hangs_or_dies_is_replaced_in_a_second(supervise: Supervise, how: signal.Signals) -> None:
    supervisor = supervise()
    dice = random.Random(4)
    for trial in range(1, TIMES + 1):
        supervisor.await_ready(trial)
        time.sleep(dice.uniform(0.0, 0.5))
        hit_ns = time.monotonic_ns()
        os.kill(supervisor.guard.pid, how)
        assert supervisor.await_ready(trial + 1) - hit_ns < LONGEST_NS
    assert supervisor.killed == (TIMES if how is signal.SIGSTOP else 0)


def test_an_output_that_never_returns_is_a_hang_too(supervise: Supervise) -> None:
    """The self-test's last edge, 0.64 s after the beginning, is the first after second 0.5."""
    supervisor = supervise("--faults", "0.5 hang 1000")
    for trial in (1, 2, 3):
        hung_ns = supervisor.await_ready(trial) + round(0.64 * NS_PER_S)
        assert supervisor.await_ready(trial + 1) - hung_ns < LONGEST_NS
    assert supervisor.killed == 3


def test_one_that_is_well_is_left_alone(supervise: Supervise) -> None:
    supervisor = supervise()
    supervisor.await_ready(1)
    time.sleep(3)
    assert (len(supervisor.ready_ns), supervisor.killed) == (1, 0)
    assert supervisor.said[0] in ("STATUS=with real-time priority", "STATUS=without real-time priority")
