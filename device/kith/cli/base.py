"""What all commands share: errors in one line, the common options, the settings."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar

import click

from kith.errors import KithError

if TYPE_CHECKING:
    from kith.config import Settings
    from kith.guard.settings import GuardSettings

F = TypeVar("F", bound=Callable[..., Any])
_LOG_FORMAT = "kith: %(message)s"


class _Refused(click.ClickException):
    """An error of Kith as one line, without a traceback."""

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(f"kith: {self.message}", file=file, err=file is None)


class _Commands(click.Group):
    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KithError as error:
            raise _Refused(str(error)) from error


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    envvar="KITH_CONFIG",
    help="Settings in a TOML file. Else the file that $KITH_CONFIG names, else /etc/kith/kith.toml, if there"
    " is one. What it leaves out keeps its default.",
)
@click.version_option(package_name="kith")
@click.pass_context
def main(ctx: click.Context, config: Path | None) -> None:
    """Tells a blind wearer who is in front of them. Nothing leaves the device unasked.

    \b
    To begin:
      kith people add Anna anna-1.jpg anna-2.jpg anna-3.jpg
      kith identify holiday/*.jpg
      kith simulate --video hall.mp4
    """
    from kith.config import usual_settings_file

    logging.basicConfig(level=logging.WARNING, format=_LOG_FORMAT)
    if config is None and (usual := usual_settings_file()) is not None:
        config = Path(usual)
    ctx.obj = config


def data_option(command: F) -> F:
    """--data, the folder of the gallery."""
    return click.option(
        "--data",
        type=click.Path(path_type=Path, file_okay=False),
        help="Folder of the gallery. Else $KITH_STATE_DIR, /var/lib/kith or ~/.local/share/kith.",
    )(command)


def models_option(command: F) -> F:
    """--models, the folder of the networks."""
    return click.option(
        "--models",
        type=click.Path(path_type=Path, file_okay=False),
        help="Folder of the networks and their manifest. Else the one that belongs to Kith.",
    )(command)


def log_on_a_copy_of_stderr(level: int) -> None:
    """PortAudio and the networks' library are kept quiet by turning descriptor 2 away for a moment; what
    another thread logs in that moment must not be lost with it."""
    stream = os.fdopen(os.dup(2), "w", buffering=1)
    logging.basicConfig(level=level, format=_LOG_FORMAT, stream=stream, force=True)


def settings_of(ctx: click.Context) -> Settings:
    """The settings of the file that --config names, or of the usual one, beside the defaults of this board.
    Raises ConfigError."""
    from kith.app.boards import settings_of_file

    config: Path | None = ctx.find_root().obj
    return settings_of_file(config)


def guard_settings_of(ctx: click.Context) -> GuardSettings:
    """The guard's settings in the same file. Raises ConfigError."""
    from kith.guard.settings import GuardSettings, load_guard_settings

    config: Path | None = ctx.find_root().obj
    return GuardSettings() if config is None else load_guard_settings(config)


def state_of(data: Path | None) -> Path:
    """The folder that --data or the surroundings name."""
    from kith.app.paths import state_dir

    return state_dir(data)


def echo_json(value: object) -> None:
    """One JSON value on one line."""
    click.echo(json.dumps(value, ensure_ascii=False))
