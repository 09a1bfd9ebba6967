"""gpiozero's pins, brought in at the least cost, and what can go wrong with them."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from types import ModuleType
from typing import Any

MISSING = "needs gpiozero and lgpio: run `sudo apt-get install python3-gpiozero python3-lgpio`"

_BACKPORT = "importlib_metadata"
"""Where gpiozero looks first for what reads the entry points of all that is installed."""
_FURNITURE = ("gpiozero.boards", "gpiozero.internal_devices")
"""Traffic lights, robots and the like, which gpiozero brings in with its first pin."""


def installed() -> bool:
    """Whether there are gpiozero and lgpio at all."""
    return all(importlib.util.find_spec(name) is not None for name in ("gpiozero", "lgpio"))


def load(*modules: str) -> ModuleType:
    """The module gpiozero, and what else of it is named. Raises ImportError.

    As it comes it takes a quarter of the guard's memory and half of its start for readers of mail headers and
    zip files, wanted only to choose pins by name, and for boards of lamps. Here those parts come when
    somebody asks for them; nothing else is another.
    """
    if "gpiozero" in sys.modules:
        for name in modules:
            importlib.import_module(name)
        return sys.modules["gpiozero"]
    stands_in = {_BACKPORT: _lazy_entry_points(), **{name: _Later(name) for name in _FURNITURE}}
    sys.modules.update(stands_in)
    try:
        gpiozero = importlib.import_module("gpiozero")
        for name in modules:
            importlib.import_module(name)
    finally:
        for name in stands_in:
            sys.modules.pop(name, None)
    _bring_later(gpiozero)
    return gpiozero


def lgpio_factory() -> Any:
    """Pins by lgpio. Named, not gpiozero's default, which falls back silently to factories unfit for a Pi 5.
    Raises ImportError, or what `pin_errors` names."""
    load()
    from gpiozero.pins.lgpio import LGPIOFactory

    return LGPIOFactory()


def pin_errors() -> tuple[type[Exception], ...]:
    """What gpiozero raises, and lgpio beneath it, whose error is not an OSError. Brings nothing in, so that
    it can be asked for amid a failure to do that: what is not there raises nothing."""
    known = (("gpiozero.exc", "GPIOZeroError"), ("lgpio", "error"))
    found = (getattr(sys.modules.get(module), name, None) for module, name in known)
    return (OSError, *(each for each in found if each is not None))


class _Later(ModuleType):
    """Stands in for a module while another takes names from it."""

    def __getattr__(self, name: str) -> _Later:
        if name.startswith("__"):
            raise AttributeError(name)
        return self


def _bring_later(gpiozero: ModuleType) -> None:
    """Each name that was taken from a stand-in is taken from the true module when it is first asked for."""
    names = {name: value.__name__ for name, value in vars(gpiozero).items() if isinstance(value, _Later)}
    for name in names:
        delattr(gpiozero, name)

    def bring(name: str) -> Any:
        if name not in names:
            raise AttributeError(f"module 'gpiozero' has no attribute '{name}'")
        return getattr(importlib.import_module(names[name]), name)

    gpiozero.__dict__["__getattr__"] = bring


def _lazy_entry_points() -> ModuleType:
    def entry_points(**wanted: Any) -> Any:
        from importlib.metadata import entry_points as read

        return read(**wanted)

    module = ModuleType(_BACKPORT)
    module.__dict__["entry_points"] = entry_points
    return module
