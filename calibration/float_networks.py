"""The networks in float, as they are before quantisation: what ranges and sizes are measured with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from numpy.typing import NDArray

from kith.types import F32, U8
from kith.vision.detector import Detector
from kith.vision.networks import Network, NetworkSpec, Role, read_manifest
from kith.vision.tflite import TensorSpec
from models import MODELS_DIR, recipe


class FloatModel:
    """One float model. With `keep_all`, every tensor can be read after a run."""

    def __init__(self, content: bytes, *, centre: float = 0.0, keep_all: bool = False) -> None:
        # The fast kernels keep nothing in between, so those of plain TFLite run where all is to be seen.
        resolver = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES if keep_all else OpResolverType.AUTO
        self._interpreter = Interpreter(
            model_content=content,
            num_threads=1,
            experimental_preserve_all_tensors=keep_all,
            experimental_op_resolver_type=resolver,
        )
        self._interpreter.allocate_tensors()
        self._centre = np.float32(centre)
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._outputs = [d["index"] for d in self._interpreter.get_output_details()]
        self._activations = self._list_activations()

    def run(self, picture: U8) -> tuple[F32, ...]:
        """As `kith.vision.tflite.TfliteModel.run`."""
        self._interpreter.set_tensor(self._input, picture[np.newaxis].astype(np.float32) - self._centre)
        self._interpreter.invoke()
        return tuple(self._interpreter.get_tensor(index) for index in self._outputs)

    def activations(self) -> Mapping[str, NDArray[np.float32]]:
        """Every activation of the last run, by name."""
        return {name: self._interpreter.get_tensor(index) for name, index in self._activations.items()}

    def _list_activations(self) -> dict[str, int]:
        """All but weights and the runtime's own scratch tensors, which have no name."""
        weights = re.compile(r"/(weight|bias|slopes|size|shape|by)$")
        return {
            detail["name"]: detail["index"]
            for detail in self._interpreter.get_tensor_details()
            if detail["name"] and not weights.search(detail["name"])
        }


def float_detector(width: int, height: int, *, min_score: float) -> Detector:
    """Kith's detector on the float network, for an input of this size."""
    spec = resized(read_manifest(MODELS_DIR).networks["detector"], width, height)
    return Detector(Network(spec=spec, model=FloatModel(recipe.float_detector(height, width))), min_score)


def float_network(role: Role, *, keep_all: bool = False) -> FloatModel:
    """The network of this role in float, for pictures as the built one takes them."""
    source = recipe.float_model(role)
    return FloatModel(source.content, centre=source.centre, keep_all=keep_all)


def resized(spec: NetworkSpec, width: int, height: int) -> NetworkSpec:
    """The detector's entry of the manifest as it would read for another input size."""

    def output(tensor: TensorSpec) -> TensorSpec:
        stride = int(tensor.name.rpartition("/")[2])
        return replace(tensor, shape=(1, height // stride, width // stride, tensor.shape[3]))

    return replace(
        spec,
        input=replace(spec.input, shape=(1, height, width, 3)),
        outputs=tuple(output(tensor) for tensor in spec.outputs),
    )
