"""No pin for two parts: the button is the main daemon's, the rest is the guard's, in one settings file."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from kith.config import ButtonSettings
from kith.errors import ConfigError
from kith.guard.settings import GuardSettings, load_guard_settings, part_on, shared_pin


def check_button(button: ButtonSettings, config: Path | None) -> None:
    """Raises ConfigError where the button is on one of the guard's pins, by the settings file that both read;
    the guard, which begins first, has the pin."""
    settings = GuardSettings()
    if config is not None:
        with suppress(ConfigError):  # which the guard tells of, and uses these
            settings = load_guard_settings(config)
    part = part_on(settings, button.gpio)
    if part is not None:
        raise ConfigError(shared_pin(part, button.gpio))
