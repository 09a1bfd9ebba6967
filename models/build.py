"""Build the networks' int8 files, or show that they are already built."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import get_args

from kith.errors import ModelError
from kith.vision.networks import Manifest, NetworkSpec, Role, check_file, read_manifest
from models import CACHE_DIR, MODELS_DIR, Report


class BuildMismatch(ModelError):
    """What was built is not what the manifest promises."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """One network's file; `fresh` when it was made just now, else it was there already."""

    role: Role
    path: Path
    sha256: str
    fresh: bool


def build_all(
    *,
    models_dir: Path = MODELS_DIR,
    cache_dir: Path = CACHE_DIR,
    force: bool = False,
    verify: bool = True,
    report: Report = lambda _: None,
) -> list[Built]:
    """Every network's file, made where it is missing or wrong (all of them with `force`).

    `report` gets one short line before each step. Without `verify` the result's hash may be any.
    FetchError, BuildMismatch, or another ModelError where it cannot be done.
    """
    manifest = read_manifest(models_dir)
    return [
        _build_one(manifest, role, models_dir, cache_dir, force, verify, report) for role in get_args(Role)
    ]


def update_manifest(built: list[Built], models_dir: Path = MODELS_DIR) -> None:
    """Write the hashes of what was built into the manifest."""
    path = models_dir / "manifest.toml"
    text = path.read_text(encoding="utf-8")
    for one in built:
        section = re.compile(rf'(\[networks\.{one.role}\].*?\nsha256 = ")[0-9a-f]*(")', re.DOTALL)
        text = section.sub(rf"\g<1>{one.sha256}\g<2>", text, count=1)
    path.write_text(text, encoding="utf-8")


def _build_one(
    manifest: Manifest,
    role: Role,
    models_dir: Path,
    cache_dir: Path,
    force: bool,
    verify: bool,
    report: Report,
) -> Built:
    spec = manifest.networks[role]
    path = spec.path(models_dir)
    if not force and _is_right(path, spec):
        return Built(role=role, path=path, sha256=spec.sha256, fresh=False)
    # Loading the tools takes longer than looking at files that are there already.
    from models import recipe

    content = recipe.int8_content(manifest, role, cache_dir, report)
    digest = hashlib.sha256(content).hexdigest()
    if verify and digest != spec.sha256:
        raise BuildMismatch(_mismatch(manifest, spec, digest))
    _write_whole(path, content)
    return Built(role=role, path=path, sha256=digest, fresh=True)


def _is_right(path: Path, spec: NetworkSpec) -> bool:
    try:
        check_file(path, spec)
    except ModelError:
        return False
    return True


def _mismatch(manifest: Manifest, spec: NetworkSpec, digest: str) -> str:
    here = {name: metadata.version(name) for name in manifest.tools}
    others = [
        f"{name} {here[name]} instead of {wanted}"
        for name, wanted in manifest.tools.items()
        if here[name] != wanted
    ]
    cause = (
        "this environment has " + ", ".join(others) if others else "the recipe or its figures were changed"
    )
    return (
        f"{spec.model_id} came out as {digest[:12]}…, not as {spec.sha256[:12]}… of models/manifest.toml:"
        f" {cause}."
        " `make setup` installs the right versions; after a wanted change of the recipe run"
        " `python -m models build --update-manifest`."
    )


def _write_whole(path: Path, content: bytes) -> None:
    """Write so that a reader sees the old file or the whole new one, whatever happens in between."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
