"""The things' network is written as it was trained, and no further than it is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from kith.errors import ModelError
from models import efficientnet
from models.tflite_reader import kind_of, values
from tests.unit._lite_kit import forward, random_weights


@pytest.fixture
def weights(monkeypatch: pytest.MonkeyPatch) -> dict[str, NDArray[np.float32]]:
    """A small network's, which the recipe is given for any source."""
    made = random_weights(1)
    monkeypatch.setattr(efficientnet, "read_weights", lambda _: made)
    return made


def run(content: bytes, picture: NDArray[Any]) -> Mapping[str, NDArray[np.float32]]:
    interpreter = Interpreter(model_content=content)
    given: Mapping[str, NDArray[np.float32]] = interpreter.get_signature_runner()(
        picture=picture[np.newaxis].astype(np.float32)
    )
    return given


def layers(content: bytes) -> list[tuple[str, str]]:
    """Kind and name of each operator."""
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    graph = model.subgraphs[0]
    return [(kind_of(model, each), graph.tensors[each.outputs[0]].name.decode()) for each in graph.operators]


@pytest.mark.parametrize("size", [64, 40, 47])
def test_every_layer_gives_what_it_gave_in_training(
    size: int, weights: dict[str, NDArray[np.float32]], monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = np.random.default_rng(2).integers(0, 256, (size, size, 3))
    wanted = forward(weights, (picture - 127) / 128)
    # Grey 127 is what the padding is then, as it was in training.
    monkeypatch.setattr(efficientnet, "CENTRE", 127.0)
    monkeypatch.setattr(efficientnet, "FEATURES", {f"out/{name}": name for name in wanted})

    got = run(efficientnet.build(b"", size=size), picture - 127)

    assert len(wanted) == 1 + 47 + 9 + 1
    for name, values_wanted in wanted.items():
        np.testing.assert_allclose(got[f"out/{name}"][0], values_wanted, atol=3e-4, err_msg=name)
    assert np.mean((wanted["head"] > 0) & (wanted["head"] < 6)) > 0.2


def test_a_grey_value_less_128_gives_the_same_but_at_the_padded_edges(
    weights: dict[str, NDArray[np.float32]], monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = np.random.default_rng(2).integers(0, 256, (64, 64, 3))
    wanted = forward(weights, (picture - 127) / 128)["stem"]
    monkeypatch.setattr(efficientnet, "FEATURES", {"features": "stem"})

    got = run(efficientnet.build(b"", size=64), picture - 128)["features"][0]

    np.testing.assert_allclose(got[:-1, :-1], wanted[:-1, :-1], atol=1e-4)
    assert 1e-4 < np.abs(got - wanted).max() < 0.1


def test_nothing_is_written_that_no_feature_needs(
    weights: dict[str, NDArray[np.float32]], monkeypatch: pytest.MonkeyPatch
) -> None:
    del weights
    monkeypatch.setattr(efficientnet, "FEATURES", {"one": "block_02/add", "other": "block_01/expand"})
    made = layers(efficientnet.build(b"", size=64))
    assert made == [
        ("CONV_2D", "stem"),
        ("DEPTHWISE_CONV_2D", "block_00/depthwise"),
        ("CONV_2D", "block_00/project"),
        ("CONV_2D", "block_01/expand"),
        ("DEPTHWISE_CONV_2D", "block_01/depthwise"),
        ("CONV_2D", "block_01/project"),
        ("CONV_2D", "block_02/expand"),
        ("DEPTHWISE_CONV_2D", "block_02/depthwise"),
        ("CONV_2D", "block_02/project"),
        ("ADD", "block_02/add"),
        ("RESHAPE", "one"),
        ("RESHAPE", "other"),
    ]


def test_a_channel_without_weights_keeps_one_so_that_int8_keeps_its_bias(
    weights: dict[str, NDArray[np.float32]], monkeypatch: pytest.MonkeyPatch
) -> None:
    weights["_conv_stem.weight"][3] = 0
    monkeypatch.setattr(efficientnet, "FEATURES", {"features": "stem"})
    model = schema.ModelT.InitFromPackedBuf(efficientnet.build(b"", size=32), 0)
    graph = model.subgraphs[0]
    weight, bias = (values(model, graph.tensors[index]) for index in graph.operators[0].inputs[1:3])
    assert np.abs(weight[3]).max() == pytest.approx(1e-5 * abs(float(bias[3])), rel=1e-4)


def test_a_checkpoint_that_is_none_is_one_clear_error() -> None:
    with pytest.raises(ModelError, match="no weights as older versions of PyTorch save them"):
        efficientnet.build(b"PK\3\4", size=64)
