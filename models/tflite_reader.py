"""Read and change a TFLite model in the form of the schema's object tree, `schema.ModelT`."""

from __future__ import annotations

from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

_KINDS = {code: name for name, code in vars(schema.BuiltinOperator).items() if isinstance(code, int)}


def kind_of(model: Any, operator: Any) -> str:
    """What an operator is, as "CONV_2D"."""
    code = model.operatorCodes[operator.opcodeIndex]
    # Old files fill only the first field, which holds no more than 127; the quantiser reads the second.
    code.builtinCode = max(code.builtinCode, code.deprecatedBuiltinCode)
    return str(_KINDS[code.builtinCode])


def values(model: Any, tensor: Any) -> NDArray[np.float32]:
    """What a float32 constant holds, in its shape; not to be written to."""
    stored: NDArray[np.float32] = model.buffers[tensor.buffer].data.view("<f4")
    return stored.reshape([int(n) for n in tensor.shape])


def store(model: Any, tensor: Any, content: NDArray[Any]) -> None:
    """Let a constant hold `content`, as float32, in a buffer of its own."""
    tensor.buffer = add_buffer(model, np.ascontiguousarray(content, "<f4"))
    tensor.shape, tensor.type = list(content.shape), schema.TensorType.FLOAT32


def add_buffer(model: Any, content: NDArray[Any]) -> int:
    """Put `content`, contiguous and little-endian, into a new buffer of the model, and give its place."""
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(content.tobytes(), np.uint8)
    model.buffers.append(buffer)
    return len(model.buffers) - 1
