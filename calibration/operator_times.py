"""Where the time of the networks goes: CPU time of each operator, run alone.

    python -m calibration.operator_times [--each]

Each operator of the built files is made a network of its own and run many times on one thread; the least
time counts. An operator alone may use the faster cache more than it does among the others, and the runtime
joins some (a PAD with the convolution after it), so that the sum is not quite the time of the whole, which
is printed beside it.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

from kith.vision.networks import REQUIRED, has_network, read_manifest
from models import MODELS_DIR

_RUNS = 40
_NAMES = {value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}
_MOVES_NOTHING = frozenset({"RESHAPE"})


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorTime:
    """One operator, or a few that the runtime joins: its kind, the shape it makes, cost and work."""

    kind: str
    shape: tuple[int, ...]
    cpu_ms: float
    mega_macs: float


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--each", action="store_true", help="print every operator, not only the kinds")
    each = parser.parse_args().each
    manifest = read_manifest(MODELS_DIR)
    for role, spec in manifest.networks.items():
        if role not in REQUIRED and not has_network(role, MODELS_DIR):
            continue
        content = spec.path(MODELS_DIR).read_bytes()
        rows = operator_times(content)
        total = sum(row.cpu_ms for row in rows)
        print(f"\n{role}: whole {least_cpu_ms(content):.2f} ms, sum of its operators {total:.2f} ms\n")
        print_rows(rows) if each else print_kinds(rows)


def operator_times(content: bytes) -> list[OperatorTime]:
    """The operators of a TFLite model in order, each with its least CPU time."""
    graph = _read(content).subgraphs[0]
    return [_time(content, first, last) for first, last in _groups(_read(content), graph.operators)]


def least_cpu_ms(content: bytes) -> float:
    """Least CPU time of a run of the whole model on one thread."""
    interpreter = Interpreter(model_content=content, num_threads=1)
    interpreter.allocate_tensors()
    rng = np.random.default_rng(0)
    for detail in interpreter.get_input_details():
        values = rng.uniform(-100, 100, detail["shape"]).astype(detail["dtype"])
        interpreter.set_tensor(detail["index"], values)
    least = float("inf")
    for _ in range(_RUNS):
        start = time.thread_time_ns()
        interpreter.invoke()
        least = min(least, (time.thread_time_ns() - start) / 1e6)
    return least


def print_rows(rows: Sequence[OperatorTime]) -> None:
    """Every operator in a Markdown table."""
    print("| operator | makes | CPU ms | GMAC/s |\n| --- | --- | --- | --- |")
    for row in rows:
        shape = "x".join(map(str, row.shape[1:]))
        print(f"| {row.kind} | {shape} | {row.cpu_ms:.3f} | {row.mega_macs / row.cpu_ms:.0f} |")


def print_kinds(rows: Sequence[OperatorTime]) -> None:
    """The kinds of operators in a Markdown table, the dearest first."""
    by_kind: dict[str, list[OperatorTime]] = defaultdict(list)
    for row in rows:
        by_kind[row.kind].append(row)
    print("| operators | how many | CPU ms | million MAC | GMAC/s |\n| --- | --- | --- | --- | --- |")
    for kind, same in sorted(by_kind.items(), key=lambda item: -sum(row.cpu_ms for row in item[1])):
        cpu_ms, macs = sum(row.cpu_ms for row in same), sum(row.mega_macs for row in same)
        print(f"| {kind} | {len(same)} | {cpu_ms:.2f} | {macs:.1f} | {macs / cpu_ms:.0f} |")


def _groups(model: Any, operators: Sequence[Any]) -> list[tuple[int, int]]:
    """First and one past the last of what is timed together: a PAD goes with what reads it."""
    groups, first = [], 0
    for place, operator in enumerate(operators):
        name = _name(model, operator)
        if name != "PAD" and name not in _MOVES_NOTHING:
            groups.append((first, place + 1))
        if name != "PAD":
            first = place + 1
    return groups


def _time(content: bytes, first: int, last: int) -> OperatorTime:
    model = _read(content)
    graph = model.subgraphs[0]
    operator = graph.operators[last - 1]
    made = graph.tensors[operator.outputs[0]]
    kind, macs = _name(model, operator), 0.0
    if kind in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"):
        weight = [int(n) for n in graph.tensors[operator.inputs[1]].shape]
        macs = float(np.prod(made.shape)) * np.prod(weight[:3] if kind[0] == "D" else weight[1:]) / 1e6
        kind += f" {weight[1]}x{weight[2]}" if len(weight) == 4 else ""
    number = "float" if made.type == schema.TensorType.FLOAT32 else "int8"
    return OperatorTime(
        kind=f"{kind.lower().replace('_2d', '').replace('_', ' ')}, {number}",
        shape=tuple(int(n) for n in made.shape),
        cpu_ms=least_cpu_ms(_cut(model, first, last)),
        mega_macs=float(macs),
    )


def _cut(model: Any, first: int, last: int) -> bytes:
    """A model of some of the operators alone. `model` is used up."""
    graph = model.subgraphs[0]
    operators = graph.operators[first:last]
    made = [int(o.outputs[0]) for o in operators]
    read = [int(index) for o in operators for index in o.inputs if index >= 0]
    kept = sorted({*made, *read})
    place = {index: number for number, index in enumerate(kept)}
    constants = {index for index in read if model.buffers[graph.tensors[index].buffer].data is not None}
    graph.inputs = [place[index] for index in sorted(set(read) - set(made) - constants)]
    graph.outputs = [place[index] for index in made if index not in read]
    graph.tensors = [graph.tensors[index] for index in kept]
    for operator in operators:
        operator.inputs = [place[int(index)] for index in operator.inputs]
        operator.outputs = [place[int(index)] for index in operator.outputs]
    graph.operators, model.signatureDefs, model.metadata = operators, [], None
    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _read(content: bytes) -> Any:
    """The model; weights that lie behind the flatbuffer, as the quantiser leaves them, are put into it."""
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    for buffer in model.buffers:
        if buffer.offset > 1:
            buffer.data = np.frombuffer(content, np.uint8, buffer.size, buffer.offset)
            buffer.offset = buffer.size = 0
    return model


def _name(model: Any, operator: Any) -> str:
    return str(_NAMES[model.operatorCodes[operator.opcodeIndex].builtinCode])


if __name__ == "__main__":
    main()
