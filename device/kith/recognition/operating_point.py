"""The operating point: from which score on a face has a name, and how often that was wrong when measured."""

from __future__ import annotations

import dataclasses
import math
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_type_hints

from kith.errors import CalibrationMismatch

_RATES = (
    "fpir",
    "fpir_low",
    "fpir_high",
    "tpir",
    "tpir_low",
    "tpir_high",
    "fused_fpir",
    "fused_fpir_high",
    "fused_tpir",
    "fused_tpir_low",
)

FUSED_LOOKS = 3
"""From so many looks on a track is judged by `fused_threshold`; it was measured with three to five."""

FEWEST_PEOPLE = 10
"""Among fewer people the thresholds fall no further. In a gallery of one this names 0.03 % of strangers
instead of 0.27 %, and all the enrolled still (`make evaluate`, 60 galleries)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatingPoint:
    """threshold: least score for a name by one look, fused_threshold by FUSED_LOOKS or more, both in a
    gallery of gallery_people; they rise by `growth` for each e-fold of people. margin: least lead over the
    next person, else two are named; it grows for two who are alike, by `scatter`: the variance of one
    person's looks against that of people. centre: the network's mean face, f32[D].

    fpir: of strangers, the share that was given any name, one or two; tpir: of enrolled people's
    pictures, the share that was given their name alone; *_low and *_high: 95 % intervals over people;
    fused_*: the same of tracks of three to five looks. All for galleries of gallery_people with
    templates_per_person each, on people whom the point was not tuned on; measured_on: whom, in words.
    """

    model_id: str
    threshold: float
    fused_threshold: float
    growth: float
    margin: float
    scatter: float
    gallery_people: int
    templates_per_person: int
    fpir: float
    fpir_low: float
    fpir_high: float
    tpir: float
    tpir_low: float
    tpir_high: float
    fused_fpir: float
    fused_fpir_high: float
    fused_tpir: float
    fused_tpir_low: float
    measured_on: str
    measured_at: str
    centre: tuple[float, ...]

    def threshold_for(self, people: int, looks: int = 1) -> float:
        """The least score for a name among so many people: each further one is one more whom a stranger may
        resemble."""
        people = max(people, FEWEST_PEOPLE)
        least = self.fused_threshold if looks >= FUSED_LOOKS else self.threshold
        return least + self.growth * math.log(people / self.gallery_people)


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
        if not _fits(value, hints[name]):
            raise _mismatch(path, f"holds {value!r} as {name}")
    table = table | {"centre": tuple(table["centre"])}
    point = OperatingPoint(**table)
    _check_ranges(path, point)
    return point


def _fits(value: object, hint: object) -> bool:
    if hint == tuple[float, ...]:
        return isinstance(value, list) and all(type(each) is float for each in value)
    return type(value) is hint


def _check_ranges(path: Path, point: OperatingPoint) -> None:
    values = dataclasses.asdict(point)
    possible = {name: 0.0 <= values[name] <= 1.0 for name in _RATES}
    for name in ("threshold", "fused_threshold"):
        possible[name] = math.isfinite(values[name]) and 0.0 < values[name] < 1.0
    for name in ("margin", "growth", "scatter"):
        possible[name] = math.isfinite(values[name]) and 0.0 <= values[name] < 1.0
    possible["centre"] = bool(point.centre) and math.hypot(*point.centre) < 1.0
    possible["gallery_people"] = point.gallery_people > 0
    possible["templates_per_person"] = point.templates_per_person > 0
    for name, fine in possible.items():
        if not fine:
            raise _mismatch(path, f"holds {values[name]!r} as {name}, which is impossible")


def _mismatch(path: Path, what: str) -> CalibrationMismatch:
    return CalibrationMismatch(f"{path} {what}; run `make calibrate`")
