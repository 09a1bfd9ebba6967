"""The soak sees a leak, is not fooled by a heap that comes and goes, and runs the real thing."""

from __future__ import annotations

import re

import numpy as np
import pytest

from bench import soak
from bench.soak import LIMIT_MIB, Sample, trend
from kith.drivers.simulated_speech import SimulatedSpeech
from kith.errors import InputError
from tests.e2e._commands import BUILT


def samples(slope_mib: float, noise_mib: np.ndarray) -> list[Sample]:
    """Taken every thousand frames; slope a 10,000 frames."""
    return [
        Sample(frames=1000 * at, resident_mib=90.0, own_mib=60.0 + slope_mib * at / 10 + float(noise))
        for at, noise in enumerate(noise_mib, start=1)
    ]


def walk(length: int, lasting: float) -> np.ndarray:
    """Noise each value of which keeps a part of the one before."""
    chance = np.random.default_rng(5)
    values = [0.0]
    for _ in range(length - 1):
        values.append(lasting * values[-1] + chance.normal(0, 0.3))
    return np.array(values)


def test_a_leak_is_found() -> None:
    found = trend(samples(1.0, walk(90, 0.2)))
    assert found.low < 1.0 < found.high
    assert found.low > LIMIT_MIB
    assert found.verdict == "it GROWS"


def test_a_heap_that_comes_and_goes_is_no_leak() -> None:
    found = trend(samples(0.0, walk(90, 0.2)))
    assert found.low < 0.0 < found.high
    assert found.verdict == "it does not grow"


def test_what_lasts_from_sample_to_sample_makes_it_less_sure() -> None:
    alone, lasting = trend(samples(0.0, walk(90, 0.0))), trend(samples(0.0, walk(90, 0.9)))
    assert lasting.high - lasting.low > 3 * (alone.high - alone.low)


def test_too_short_a_look_decides_nothing() -> None:
    assert trend(samples(0.0, walk(6, 0.2))).verdict == "not decided: run longer"
    with pytest.raises(InputError, match="too few"):
        trend(samples(0.0, np.zeros(2)))


def test_memory_that_stands_still_is_sure() -> None:
    found = trend(samples(0.0, np.zeros(10)))
    assert (found.slope, found.low, found.high) == pytest.approx((0.0, 0.0, 0.0), abs=1e-6)


@pytest.mark.skipif(not (BUILT / "walk.toml").is_file(), reason="the demo walk is not built: make demo")
def test_a_short_one_of_the_real_thing(capsys: pytest.CaptureFixture[str]) -> None:
    """A frame kept for each look would show as 0.9 MiB a look: 45 MiB in the second half."""
    soak.report(frames=300, every=30, speech=SimulatedSpeech())
    out = capsys.readouterr().out
    own_mib = [float(line.split()[2]) for line in out.splitlines() if re.fullmatch(r" +\d+ .* min", line)]
    assert len(own_mib) == 10
    assert own_mib[-1] - own_mib[4] < 10.0
    assert "appeared" in out
    assert "announcement" in out
