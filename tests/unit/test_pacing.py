"""How many frames are looked at."""

import numpy as np
import pytest

from kith.app.pacing import LookPacer
from kith.clock import NS_PER_MS, NS_PER_S


@pytest.mark.parametrize(("fps", "looks"), [(10, 10), (20, 10), (30, 10), (60, 10), (5, 5)])
def test_one_look_in_a_tenth_of_a_second_whatever_the_rounding(fps: int, looks: int) -> None:
    pacer = LookPacer(100)
    period_ns = round(NS_PER_S / fps)  # 33_333_333: three of them are a hair less than a tenth
    assert sum(pacer.due(index * period_ns) for index in range(10 * fps)) == 10 * looks


def test_a_camera_that_comes_now_early_now_late_is_looked_at_as_often() -> None:
    pacer = LookPacer(100)
    shaken = np.random.default_rng(3).integers(-2 * NS_PER_MS, 2 * NS_PER_MS, 300)
    times = [index * NS_PER_S // 30 + int(shift) for index, shift in enumerate(shaken)]
    assert sum(map(pacer.due, times)) == 100


@pytest.mark.parametrize("interval_ms", [0, 3, 100])
def test_a_picture_that_is_repeated_is_looked_at_once(interval_ms: int) -> None:
    pacer = LookPacer(interval_ms)
    assert [pacer.due(7) for _ in range(3)] == [True, False, False]
