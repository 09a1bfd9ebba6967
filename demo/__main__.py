"""`python -m demo build` and `python -m demo run`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from demo.build import BUILD_DIR, CACHE_DIR, build_walk
from demo.run import run_walk
from kith.errors import KithError

_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.group()
def main() -> None:
    """The demo walk: photos to enrol, a video and what must come of it."""


@main.command()
@click.option("--out", type=_FOLDER, default=BUILD_DIR, help="Folder to write to.")
@click.option("--cache", type=_FOLDER, default=CACHE_DIR, help="Folder for the pinned packages.")
@click.option("--force", is_flag=True, help="Make it anew even if nothing changed.")
@click.option("--quiet-if-done", is_flag=True, help="Say nothing when it is already made.")
def build(out: Path, cache: Path, force: bool, quiet_if_done: bool) -> None:
    """Make the walk, or show that it is already made."""
    try:
        built = build_walk(out=out, cache=cache, force=force, progress=_Progress(), report=_say)
    except KithError as error:
        raise click.ClickException(str(error)) from error
    if built.fresh or not quiet_if_done:
        click.echo(f"The walk is {'made' if built.fresh else 'already made'}: {built.video}")


@main.command()
def run() -> None:
    """Let the whole device see and hear the walk."""
    try:
        run_walk()
    except KithError as error:
        raise click.ClickException(str(error)) from error


def _say(line: str) -> None:
    click.echo(line, err=True)


class _Progress:
    """A line that counts on a terminal; elsewhere one line for every fifth part."""

    def __init__(self) -> None:
        self._fifth = 0

    def __call__(self, done: int, total: int) -> None:
        if sys.stderr.isatty():
            click.echo(f"\rdrawing the walk: {done * 100 // total} %", err=True, nl=done == total)
        elif done * 5 // total > self._fifth:
            self._fifth = done * 5 // total
            _say(f"drawing the walk: {self._fifth * 20} %")


if __name__ == "__main__":
    main(prog_name="python -m demo")
