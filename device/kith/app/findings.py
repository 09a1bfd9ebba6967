"""What a doctor says of a part."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """OK; MISSING: a part of the wearable that a desk does without; FAILED: something is wrong."""

    OK = "ok"
    MISSING = "missing"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One part and how it is."""

    part: str
    verdict: Verdict
    text: str
