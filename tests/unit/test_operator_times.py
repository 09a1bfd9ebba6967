"""The table of operators: each is there once, with its work, and can be run alone."""

from __future__ import annotations

import numpy as np
import pytest

from calibration.operator_times import least_cpu_ms, operator_times, print_kinds
from models.quantise import quantise
from models.tflite_writer import GraphWriter, Layer


@pytest.fixture(scope="module")
def network() -> bytes:
    """Convolution of stride 2 (with its PAD), PReLU, depthwise convolution, one fully connected layer."""
    rng = np.random.default_rng(1)
    writer = GraphWriter("four layers")
    x = writer.add_input("x", (1, 16, 12, 3))
    x = writer.conv(x, Layer(weight=rng.normal(size=(8, 3, 3, 3)), bias=np.zeros(8), stride=2), "conv")
    x = writer.prelu(x, rng.uniform(0, 1, 8), "prelu")
    x = writer.depthwise_conv(x, Layer(weight=rng.normal(size=(1, 3, 3, 8)), bias=np.zeros(8)), "deep")
    x = writer.reshape(x, (1, 8 * 6 * 8), "flat")
    return writer.finish(
        [writer.fully_connected(x, Layer(weight=rng.normal(size=(5, 384)), bias=np.zeros(5)), "y")]
    )


def test_each_operator_is_timed_with_its_work(network: bytes) -> None:
    rows = operator_times(network)
    assert [row.kind for row in rows] == [
        "conv 3x3, float",
        "prelu, float",
        "depthwise conv 3x3, float",
        "fully connected, float",
    ]
    assert [row.shape for row in rows] == [(1, 8, 6, 8), (1, 8, 6, 8), (1, 8, 6, 8), (1, 5)]
    macs = [row.mega_macs * 1e6 for row in rows]
    assert macs == pytest.approx([8 * 6 * 8 * 27, 0, 8 * 6 * 8 * 9, 5 * 384])
    assert all(0 < row.cpu_ms < 100 for row in rows)
    assert 0 < least_cpu_ms(network) < 100


def test_int8_operators_are_told_from_float_ones(network: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    ranges = dict.fromkeys(("x", "conv/pad", "conv", "prelu", "deep", "flat", "y"), (-9.0, 9.0))
    rows = operator_times(quantise(network, ranges, keep_float=["^deep"]))
    kinds = {row.kind for row in rows}
    assert {"conv 3x3, int8", "prelu, float", "depthwise conv 3x3, float", "fully connected, int8"} <= kinds
    assert {"dequantize, float", "quantize, int8"} <= kinds
    print_kinds(rows)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 + len(kinds)
