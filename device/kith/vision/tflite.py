"""One TFLite interpreter and the tensors it must have."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kith.errors import ModelContractMismatch, ModelError, ModelMissing
from kith.types import F32, U8

_SIGN_BIT = 0x80


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorSpec:
    """What a tensor must be: its name in the model's signature, shape and stored type."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    meaning: str


class TfliteModel:
    """A network with one picture in and float tensors out. Belongs to the thread that uses it.

    The picture goes in as int8, grey value less 128, which is what the networks of the manifest take.
    """

    def __init__(
        self,
        path: Path,
        *,
        expected_input: TensorSpec,
        expected_outputs: Sequence[TensorSpec],
        threads: int = 1,
    ) -> None:
        """Open `path`; ModelMissing without a runtime, ModelContractMismatch with other tensors."""
        interpreter_class = _interpreter_class()
        try:
            with _silent_stderr():
                self._interpreter = interpreter_class(model_path=str(path), num_threads=threads)
                self._interpreter.allocate_tensors()
            signature = self._interpreter.get_signature_runner()
        except (ValueError, RuntimeError) as error:
            raise ModelContractMismatch(
                f"{path} is not a network this runtime can run: run `make models`"
            ) from error
        inputs, outputs = signature.get_input_details(), signature.get_output_details()
        self._path = path
        self._input_index = _index_of(expected_input, inputs, path)
        self._input_shape = expected_input.shape[1:]
        self._output_indices = [_index_of(expected, outputs, path) for expected in expected_outputs]

    def run(self, picture: U8) -> tuple[F32, ...]:
        """Outputs in the order of `expected_outputs`, as arrays of the caller's own.

        `picture` is u8 of the input's shape without its first axis, which is 1; ValueError otherwise.
        Raises ModelError where the network cannot be run after all.
        """
        if picture.shape != self._input_shape or picture.dtype != np.uint8:
            raise ValueError(
                f"the network takes u8{list(self._input_shape)}, not {picture.dtype}{list(picture.shape)}"
            )
        self._fill(picture)
        try:
            self._interpreter.invoke()
            return tuple(self._interpreter.get_tensor(index) for index in self._output_indices)
        except (ValueError, RuntimeError) as error:
            raise ModelError(f"{self._path} fails where it is run: run `make models`") from error

    def _fill(self, picture: U8) -> None:
        # The view of the interpreter's memory must be gone before it runs, so it stays in this method.
        stored = self._interpreter.tensor(self._input_index)()[0].view(np.uint8)
        # Flipping the top bit of a byte takes 128 from it when it is then read as signed.
        np.bitwise_xor(picture, _SIGN_BIT, out=stored)


def _interpreter_class() -> Any:
    """LiteRT's interpreter, or that of the older tflite_runtime where it is what is installed."""
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        try:
            from tflite_runtime.interpreter import Interpreter
        except ImportError as error:
            raise ModelMissing("no TFLite runtime is installed: run `pip install ai-edge-litert`") from error
    return Interpreter


def _index_of(expected: TensorSpec, details: Mapping[str, Mapping[str, Any]], path: Path) -> int:
    found = details.get(expected.name)
    if found is None:
        raise ModelContractMismatch(f"{path} has no tensor {expected.name!r}: run `make models`")
    shape, dtype = tuple(int(n) for n in found["shape"]), np.dtype(found["dtype"]).name
    if shape != expected.shape or dtype != expected.dtype:
        raise ModelContractMismatch(
            f"tensor {expected.name!r} of {path} is {dtype}{list(shape)}"
            f" instead of {expected.dtype}{list(expected.shape)}: run `make models`"
        )
    return int(found["index"])


@contextmanager
def _silent_stderr() -> Iterator[None]:
    # TensorFlow Lite greets on descriptor 2, past Python, and no setting stops it. Errors are exceptions.
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
