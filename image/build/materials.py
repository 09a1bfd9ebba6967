"""The bill of materials beside the image, in CycloneDX: Debian's packages, wheels, networks and Kith."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from image.build.debs import Deb
from image.build.networks import Carried
from image.build.python_parts import Wheel
from image.build.workshop import Source

_NAMESPACE = uuid.UUID("4b495448-0000-4000-8000-000000000007")
"""The document's number is derived from its content below this, so that the same build has the same."""


def materials_text(
    *,
    flavour: str,
    source: Source,
    debs: Sequence[Deb],
    wheels: Sequence[Wheel],
    networks: Sequence[Carried],
    licences: Path,
) -> str:
    """The bill as CycloneDX 1.6 in JSON. `licences`: the tree's folder of wheels, read for their licences."""
    parts = [*_debian(debs), *_wheels(wheels, licences), *_networks(networks)]
    number = uuid.uuid5(_NAMESPACE, json.dumps([source.commit, flavour, parts], sort_keys=True))
    content = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{number}",
        "version": 1,
        "metadata": {
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(source.epoch_s)),
            "component": _kith(flavour, source),
        },
        "components": parts,
    }
    return json.dumps(content, indent=1, sort_keys=True) + "\n"


def _kith(flavour: str, source: Source) -> dict[str, Any]:
    return {
        "type": "firmware",
        "bom-ref": "kith",
        "name": f"kith-{flavour}",
        "version": source.version,
        "licenses": [{"license": {"id": "Apache-2.0"}}],
    }


def _debian(debs: Iterable[Deb]) -> list[dict[str, Any]]:
    return [
        _part(
            "operating-system" if each.name == "base-files" else "library",
            each.name,
            each.version,
            each.sha256,
            f"pkg:deb/debian/{quote(each.name)}@{quote(each.version)}?arch={each.architecture}&distro=trixie",
        )
        for each in debs
    ]


def _wheels(wheels: Iterable[Wheel], folder: Path) -> list[dict[str, Any]]:
    found = []
    for each in wheels:
        name = each.name.lower().replace("_", "-")
        part = _part("library", each.name, each.version, each.sha256, f"pkg:pypi/{name}@{each.version}")
        told = _licence(folder, each)
        found.append({**part, "licenses": [{"license": {"name": told}}]} if told else part)
    return found


def _networks(networks: Iterable[Carried]) -> list[dict[str, Any]]:
    return [
        {
            "type": "machine-learning-model",
            "bom-ref": f"model:{each.name}",
            "name": each.name,
            "hashes": [{"alg": "SHA-256", "content": each.sha256}],
            "licenses": [{"license": {"id": each.licence}}],
        }
        for each in networks
    ]


def _part(kind: str, name: str, version: str, sha256: str, address: str) -> dict[str, Any]:
    return {
        "type": kind,
        "bom-ref": address,
        "name": name,
        "version": version,
        "purl": address,
        "hashes": [{"alg": "SHA-256", "content": sha256}],
    }


def _licence(folder: Path, wheel: Wheel) -> str | None:
    """What a wheel's own metadata says of its licence, where that is one line."""
    stem = wheel.name.replace("-", "_")
    for path in sorted(folder.glob(f"{stem}-*.dist-info/METADATA")):
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            key, _, value = line.partition(":")
            if key in ("License-Expression", "License") and 0 < len(value.strip()) < 80:
                return value.strip()
            if not line:
                break
    return None
