"""Channels that never change go, what is computed stays, and int8 keeps the bias of those that must stay."""

from __future__ import annotations

from collections.abc import Mapping

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from models.pruning import lift_faint, prune
from models.quantise import quantise
from models.tflite_reader import kind_of, values
from models.tflite_writer import GraphWriter, Layer

RNG_SEED = 7
RELU6 = schema.ActivationFunctionType.RELU6


def block(
    *, dead_before: tuple[int, ...], dead_within: tuple[int, ...], side: bool = False, output: bool = False
) -> schema.ModelT:
    """Convolution, depthwise, point-wise, with weights of zero for the dead channels of the first two.

    `side`: another point-wise convolution reads the first map; `output`: the second map is given out too.
    """
    rng = np.random.default_rng(RNG_SEED)

    def layer(shape: tuple[int, ...], dead: tuple[int, ...], axis: int) -> Layer:
        weight = rng.normal(0, 0.4, shape)
        np.moveaxis(weight, axis, 0)[list(dead)] = 0
        return Layer(weight=weight, bias=rng.uniform(0.5, 9, shape[axis]), activation="relu")

    writer = GraphWriter("a block")
    x = writer.add_input("x", (1, 6, 6, 3))
    before = writer.conv(x, layer((8, 3, 3, 3), dead_before, 0), "before")
    within = writer.depthwise_conv(before, layer((1, 3, 3, 8), dead_within, 3), "within")
    outputs = [writer.conv(within, layer((4, 1, 1, 8), (), 0), "after")]
    if side:
        outputs.append(writer.conv(before, layer((2, 1, 1, 8), (), 0), "side"))
    if output:
        outputs.append(writer.max_pool_2x2(within, "pool"))
    model = schema.ModelT.InitFromPackedBuf(writer.finish(outputs), 0)
    for operator in model.subgraphs[0].operators:
        if kind_of(model, operator) != "MAX_POOL_2D":
            operator.builtinOptions.fusedActivationFunction = RELU6
    return model


def content(model: schema.ModelT) -> bytes:
    builder = flatbuffers.Builder(1 << 16)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def run(network: bytes, picture: NDArray[np.float32]) -> Mapping[str, NDArray[np.float32]]:
    interpreter = Interpreter(model_content=network)
    interpreter.allocate_tensors()
    given: Mapping[str, NDArray[np.float32]] = interpreter.get_signature_runner()(x=picture)
    return given


def channels(model: schema.ModelT, name: str) -> int:
    return next(int(each.shape[3]) for each in model.subgraphs[0].tensors if each.name.decode() == name)


def picture(seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=(1, 6, 6, 3)).astype(np.float32)


@pytest.mark.parametrize(
    ("dead_before", "dead_within", "side", "left"),
    [
        ((), (), False, 8),
        ((), (1, 4), False, 6),
        # With zeros all round it is not the same at the border as elsewhere.
        ((2,), (1, 4), False, 6),
        ((1, 4), (1, 4), True, 6),
        ((1,), (1, 4), True, 7),
        ((), (1, 4), True, 8),
    ],
    ids=["none", "within", "before only", "both, read twice", "one of two, read twice", "needed elsewhere"],
)
def test_constant_channels_go_and_nothing_else_changes(
    dead_before: tuple[int, ...], dead_within: tuple[int, ...], side: bool, left: int
) -> None:
    model = block(dead_before=dead_before, dead_within=dead_within, side=side)
    wanted = run(content(model), picture())

    prune(model)

    assert channels(model, "before") == channels(model, "within") == left
    for name, got in run(content(model), picture()).items():
        np.testing.assert_allclose(got, wanted[name], atol=1e-5)


def test_channels_that_others_than_pointwise_layers_read_stay() -> None:
    model = block(dead_before=(), dead_within=(1, 4), output=True)
    prune(model)
    assert channels(model, "within") == 8


def test_int8_keeps_the_bias_of_a_constant_channel_once_it_is_lifted() -> None:
    ranges = dict.fromkeys(("x", "before", "within", "after", "pool"), (-4.0, 6.0))
    model = block(dead_before=(2,), dead_within=(1, 4), output=True)
    exact = run(content(model), picture())["pool"]
    bare = run_int8(quantise(content(model), ranges))

    lift_faint(model)

    lifted = run_int8(quantise(content(model), ranges))
    np.testing.assert_allclose(run(content(model), picture())["pool"], exact, atol=1e-3)
    np.testing.assert_allclose(lifted, exact, atol=0.3)
    # What this guards against: without it the constant is lost, and with it the network's accuracy.
    assert np.abs(bare - exact)[..., [1, 4]].min() > 0.4


def run_int8(network: bytes) -> NDArray[np.float32]:
    interpreter = Interpreter(model_content=network)
    interpreter.allocate_tensors()
    detail = interpreter.get_input_details()[0]
    scale, zero = detail["quantization"]
    stored = (picture() / scale + zero).round().clip(-128, 127).astype(detail["dtype"])
    return np.asarray(interpreter.get_signature_runner()(x=stored)["pool"])


def test_lifting_leaves_live_channels_alone() -> None:
    model = block(dead_before=(2,), dead_within=())
    before = values(model, weight_of(model, "before")).copy()
    lift_faint(model)
    after = values(model, weight_of(model, "before"))
    live = [channel for channel in range(8) if channel != 2]
    np.testing.assert_array_equal(after[live], before[live])
    assert np.count_nonzero(after[2]) == 1


def weight_of(model: schema.ModelT, layer: str) -> schema.TensorT:
    return next(each for each in model.subgraphs[0].tensors if str(each.name, "ascii") == f"{layer}/weight")
