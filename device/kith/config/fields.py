"""What a setting may be, told beside its default."""

from __future__ import annotations

from dataclasses import field
from typing import TypeVar

T = TypeVar("T")
Number = TypeVar("Number", int, float)


def bounded(default: Number, low: Number, high: Number) -> Number:
    """A number from low to high, both allowed."""
    return field(default=default, metadata={"low": low, "high": high})


def one_of(default: T, *others: T) -> T:
    """One of a few values."""
    return field(default=default, metadata={"allowed": (default, *others)})
