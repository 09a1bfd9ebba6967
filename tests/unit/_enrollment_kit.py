"""What an enrollment holds on to."""

from __future__ import annotations

import gc
from types import FunctionType, MethodType, ModuleType

from kith.enrollment.machine import Enrollment
from kith.types import Embedding


def embeddings_held(machine: Enrollment) -> list[Embedding]:
    """Every embedding that can be reached from the machine, however it is kept."""
    found: list[Embedding] = []
    seen: dict[int, object] = {}
    to_visit: list[object] = [machine]
    while to_visit:
        one = to_visit.pop()
        if id(one) in seen or isinstance(one, type | FunctionType | ModuleType):
            continue
        seen[id(one)] = one
        if isinstance(one, Embedding):
            found.append(one)
        to_visit += [one.__self__] if isinstance(one, MethodType) else gc.get_referents(one)
    return found
