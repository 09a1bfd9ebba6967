"""A TOML file read into frozen settings."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

from kith.errors import ConfigError

if TYPE_CHECKING:
    # Half a megabyte, which the guard has not to spare.
    from pathlib import Path

T = TypeVar("T")


def read_table(path: Path | str) -> dict[str, Any]:
    """A TOML file as it stands. Raises ConfigError."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            # Some editors begin a file with a mark that TOML does not know.
            return tomllib.loads(file.read().removeprefix(b"\xef\xbb\xbf").decode())
    except OSError as error:
        raise ConfigError(f"cannot read the settings in {path}: {error.strerror}") from error
    except ValueError as error:  # also bytes that are no text, and a number of thousands of digits
        raise ConfigError(f"{path} is not valid TOML: {error}") from error
    except RecursionError as error:
        raise ConfigError(f"{path} is nested too deeply") from error


def build_settings(defaults: T, table: dict[str, Any], where: str, others: tuple[str, ...] = ()) -> T:
    """Frozen settings with what a table names put in the place of their defaults; where: the name of its
    place, for errors; others: what that place may hold for somebody else. Raises ConfigError."""
    hints = get_type_hints(type(defaults))
    fields = {each.name: each for each in dataclasses.fields(defaults)}  # type: ignore[arg-type]
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in fields:
            known = ", ".join(sorted([*hints, *others]))
            raise ConfigError(f"{where}: there is no setting '{key}'; known are {known}")
        values[key] = _value(getattr(defaults, key), hints[key], value, f"{where}: {key}")
        _check_range(values[key], fields[key].metadata, f"{where}: {key}")
    return dataclasses.replace(defaults, **values)  # type: ignore[type-var]


def _value(default: Any, expected: Any, value: Any, where: str) -> Any:
    if dataclasses.is_dataclass(expected):
        if not isinstance(value, dict):
            raise ConfigError(f"{where} must be a table")
        return build_settings(default, value, where)
    if expected is float and isinstance(value, int) and not isinstance(value, bool):
        value = _to_float(value)
    if type(value) is not expected:
        raise ConfigError(f"{where} must be {expected.__name__}, not {_shown(value)}")
    return value


def _check_range(value: Any, limits: Mapping[str, Any], where: str) -> None:
    allowed = limits.get("allowed")
    if allowed is not None and value not in allowed:
        raise ConfigError(f"{where} must be one of {', '.join(map(str, allowed))}, not {_shown(value)}")
    # Put so that nan, which is neither below nor above anything, is refused.
    if "low" in limits and not limits["low"] <= value <= limits["high"]:
        raise ConfigError(f"{where} must be from {limits['low']} to {limits['high']}, not {_shown(value)}")


def _to_float(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf" if value > 0 else "-inf")  # which no range holds


def _shown(value: Any) -> str:
    try:
        return repr(value)
    except ValueError:
        return "a number of thousands of digits"
