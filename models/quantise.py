"""Turn a float TFLite model into an int8 one: static, one scale a channel of each weight."""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
from ai_edge_quantizer import qtyping, quantizer

Ranges = Mapping[str, Sequence[float]]


def quantise(float_model: bytes, ranges: Ranges, *, keep_float: Sequence[str] = ()) -> bytes:
    """The int8 model. Its input is int8, its outputs stay float32.

    `ranges` gives (lowest, highest) of every activation by tensor name. Operators whose output's name
    matches one of the patterns `keep_float` stay float, as do PReLUs, for which no int8 kernel is fast.
    """
    statistics = {
        name: {"min": np.array([[low]], np.float32), "max": np.array([[high]], np.float32)}
        for name, (low, high) in sorted(ranges.items())
    }
    work = quantizer.Quantizer(bytearray(float_model))
    work.add_static_config(
        regex=".*",
        operation_name=qtyping.TFLOperationName.ALL_SUPPORTED,
        activation_num_bits=8,
        weight_num_bits=8,
    )
    for pattern in keep_float:
        _leave(work, pattern, qtyping.TFLOperationName.ALL_SUPPORTED)
    _leave(work, ".*", qtyping.TFLOperationName.OUTPUT)
    with _hushed():
        result = work.quantize(statistics, enable_progress_bar=False, enable_progress_report=False)
    if result.quantized_model is None:
        raise ValueError("the quantiser gave no model")
    return bytes(result.quantized_model)


def _leave(work: quantizer.Quantizer, pattern: str, operation: qtyping.TFLOperationName) -> None:
    work.update_quantization_recipe(
        regex=pattern, operation_name=operation, algorithm_key=quantizer.AlgorithmName.NO_QUANTIZE
    )


@contextmanager
def _hushed() -> Iterator[None]:
    """Nothing on the process's standard error: the quantiser and the runtime in it have no switch for that.

    What goes wrong in them is an exception all the same.
    """
    shown = os.dup(2)
    with tempfile.TemporaryFile() as unseen, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        os.dup2(unseen.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(shown, 2)
            os.close(shown)
