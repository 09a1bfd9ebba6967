"""What the recipe folds into weights must compute what was there before."""

from __future__ import annotations

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.folding import Affine, batch_norm, fold_after, fold_before
from models.onnx_reader import dequantize_blocks
from models.tflite_writer import GraphWriter, Layer

seeds = st.integers(0, 2**32 - 1)


@given(
    seed=seeds,
    rows=st.integers(1, 4),
    columns=st.integers(1, 12),
    block_size=st.integers(1, 5),
    axis=st.sampled_from([0, 1]),
)
def test_each_figure_is_scaled_by_the_pair_of_its_block(
    seed: int, rows: int, columns: int, block_size: int, axis: int
) -> None:
    rng = np.random.default_rng(seed)
    quantized = rng.integers(-128, 128, (rows, columns)).astype(np.int8)
    blocks = list(quantized.shape)
    blocks[axis] = -(-blocks[axis] // block_size)
    scales = rng.uniform(0.001, 2, blocks).astype(np.float32)
    zeros = rng.integers(-5, 6, blocks).astype(np.int8)

    folded = dequantize_blocks(quantized, scales, zeros, axis=axis, block_size=block_size)

    for row in range(rows):
        for column in range(columns):
            block = (row // block_size, column) if axis == 0 else (row, column // block_size)
            expected = (int(quantized[row, column]) - int(zeros[block])) * float(scales[block])
            assert folded[row, column] == pytest.approx(expected, rel=1e-12, abs=1e-12)


@given(seed=seeds, inputs=st.integers(1, 6), outputs=st.integers(1, 6))
def test_layer_with_folded_batch_norm_gives_what_layer_then_norm_gave(
    seed: int, inputs: int, outputs: int
) -> None:
    rng = np.random.default_rng(seed)
    weight, bias, x = rng.normal(size=(outputs, inputs)), rng.normal(size=outputs), rng.normal(size=inputs)
    gamma, beta, mean = rng.normal(size=(3, outputs))
    variance = rng.uniform(0, 4, outputs)
    normed = gamma * ((weight @ x + bias) - mean) / np.sqrt(variance + 1e-3) + beta

    new_weight, new_bias = fold_after(weight, bias, batch_norm(gamma, beta, mean, variance, 1e-3))

    np.testing.assert_allclose(new_weight @ x + new_bias, normed, rtol=1e-9, atol=1e-9)


@given(seed=seeds, inputs=st.integers(1, 6), outputs=st.integers(1, 6))
def test_layer_with_folded_input_scaling_gives_what_scaling_then_layer_gave(
    seed: int, inputs: int, outputs: int
) -> None:
    rng = np.random.default_rng(seed)
    weight, bias = rng.normal(size=(outputs, inputs, 3, 3)), rng.normal(size=outputs)
    x = rng.normal(size=(inputs, 3, 3))
    before = Affine(scale=rng.normal(size=inputs), shift=rng.normal(size=inputs))
    scaled = x * before.scale[:, None, None] + before.shift[:, None, None]
    expected = np.einsum("oihw,ihw->o", weight, scaled) + bias

    new_weight, new_bias = fold_before(weight, bias, before)

    result = np.einsum("oihw,ihw->o", new_weight, x) + new_bias
    np.testing.assert_allclose(result, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("stride", [1, 2])
def test_written_convolution_pads_as_the_networks_were_trained(stride: int) -> None:
    rng = np.random.default_rng(4)
    picture = rng.normal(size=(1, 8, 6, 3)).astype(np.float32)
    weight, bias = rng.normal(size=(5, 3, 3, 3)).astype(np.float32), rng.normal(size=5).astype(np.float32)
    writer = GraphWriter("one layer")
    x = writer.add_input("x", picture.shape)
    content = writer.finish(
        [writer.conv(x, Layer(weight=weight, bias=bias, stride=stride, activation="relu"), "y")]
    )

    result = run(content, picture)

    np.testing.assert_allclose(result, np.maximum(convolved(picture[0], weight, bias, stride), 0), atol=1e-5)


@pytest.mark.parametrize(("size", "kernel", "before"), [(8, 3, 0), (8, 5, 1), (7, 3, 1), (7, 5, 2)])
def test_written_convolution_pads_as_tensorflow_does_where_it_is_told_to(
    size: int, kernel: int, before: int
) -> None:
    rng = np.random.default_rng(6)
    picture = rng.normal(size=(1, size, size, 3)).astype(np.float32)
    weight = rng.normal(size=(5, kernel, kernel, 3)).astype(np.float32)
    layer = Layer(weight=weight, bias=np.full(5, 3.0), stride=2, padding="same", activation="relu6")
    writer = GraphWriter("one layer")
    made = writer.conv(writer.add_input("x", picture.shape), layer, "y")

    result = run(writer.finish([made]), picture)

    padded = np.pad(picture[0].astype(np.float64), ((before, kernel), (before, kernel), (0, 0)))
    expected = np.zeros((1, -(-size // 2), -(-size // 2), 5))
    for row, column in np.ndindex(expected.shape[1:3]):
        window = padded[2 * row : 2 * row + kernel, 2 * column : 2 * column + kernel]
        expected[0, row, column] = np.einsum("ohwi,hwi->o", weight, window) + 3
    assert made.shape == result.shape == expected.shape
    assert expected.min() < -1
    assert expected.max() > 7
    np.testing.assert_allclose(result, expected.clip(0, 6), atol=1e-5)


@pytest.mark.parametrize("stride", [1, 2])
def test_written_depthwise_convolution_keeps_channels_apart(stride: int) -> None:
    rng = np.random.default_rng(5)
    picture = rng.normal(size=(1, 6, 8, 4)).astype(np.float32)
    kernel, bias = rng.normal(size=(1, 3, 3, 4)).astype(np.float32), rng.normal(size=4).astype(np.float32)
    writer = GraphWriter("one layer")
    x = writer.add_input("x", picture.shape)
    content = writer.finish([writer.depthwise_conv(x, Layer(weight=kernel, bias=bias, stride=stride), "y")])
    apart = np.zeros((4, 3, 3, 4), np.float32)
    for channel in range(4):
        apart[channel, :, :, channel] = kernel[0, :, :, channel]

    result = run(content, picture)

    np.testing.assert_allclose(result, convolved(picture[0], apart, bias, stride), atol=1e-5)


def convolved(
    picture: NDArray[np.float32], weight: NDArray[np.float32], bias: NDArray[np.float32], stride: int
) -> NDArray[np.float64]:
    """A 3x3 convolution written out, with one zero all round."""
    height, width = picture.shape[0] // stride, picture.shape[1] // stride
    padded = np.pad(picture.astype(np.float64), ((1, 1), (1, 1), (0, 0)))
    result = np.zeros((1, height, width, len(weight)))
    for row in range(height):
        for column in range(width):
            window = padded[row * stride : row * stride + 3, column * stride : column * stride + 3]
            result[0, row, column] = np.einsum("ohwi,hwi->o", weight, window) + bias
    return result


def run(content: bytes, picture: NDArray[np.float32]) -> NDArray[np.float32]:
    interpreter = Interpreter(model_content=content)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], picture)
    interpreter.invoke()
    return np.asarray(interpreter.get_tensor(interpreter.get_output_details()[0]["index"]))
