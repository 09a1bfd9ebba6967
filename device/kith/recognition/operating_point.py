"""The operating point: from which score on a face has a name, and how often that was wrong when measured."""

from __future__ import annotations

import dataclasses
import math
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_type_hints

from kith.errors import CalibrationMismatch

_RATES = ("fpir", "fpir_low", "fpir_high", "tpir", "tpir_low", "tpir_high")


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatingPoint:
    """threshold: least cosine for a name; margin: least lead over the next person, else two are named.

    fpir: of strangers, the share that was given any name, one or two; tpir: of enrolled people's
    pictures, the share that was given their name alone; *_low and *_high: 95 % intervals over people.
    All for galleries of gallery_people with templates_per_person each, on measured_on, in words.
    """

    model_id: str
    threshold: float
    margin: float
    gallery_people: int
    templates_per_person: int
    fpir: float
    fpir_low: float
    fpir_high: float
    tpir: float
    tpir_low: float
    tpir_high: float
    measured_on: str
    measured_at: str


def load_operating_point(path: Path, model_id: str) -> OperatingPoint:
    """Read the figures for one network. Raises CalibrationMismatch when they are unreadable, impossible or
    of another network."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise _mismatch(path, f"cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _mismatch(path, f"is not valid TOML: {error}") from error
    point = _built(path, table)
    if point.model_id != model_id:
        raise _mismatch(path, f"was measured for the network {point.model_id}, not for {model_id}")
    return point


def _built(path: Path, table: dict[str, Any]) -> OperatingPoint:
    hints = get_type_hints(OperatingPoint)
    if set(table) != set(hints):
        names = ", ".join(sorted(set(table) ^ set(hints)))
        raise _mismatch(path, f"does not hold the figures it should: {names}")
    for name, value in table.items():
        if type(value) is not hints[name]:
            raise _mismatch(path, f"holds {value!r} as {name}")
    point = OperatingPoint(**table)
    _check_ranges(path, point)
    return point


def _check_ranges(path: Path, point: OperatingPoint) -> None:
    values = dataclasses.asdict(point)
    possible = {name: 0.0 <= values[name] <= 1.0 for name in _RATES}
    possible["threshold"] = math.isfinite(point.threshold) and 0.0 < point.threshold < 1.0
    possible["margin"] = math.isfinite(point.margin) and 0.0 <= point.margin < 1.0
    possible["gallery_people"] = point.gallery_people > 0
    possible["templates_per_person"] = point.templates_per_person > 0
    for name, fine in possible.items():
        if not fine:
            raise _mismatch(path, f"holds {values[name]!r} as {name}, which is impossible")


def _mismatch(path: Path, what: str) -> CalibrationMismatch:
    return CalibrationMismatch(f"{path} {what}; run `make calibrate`")
