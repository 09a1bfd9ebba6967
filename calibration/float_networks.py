"""The two networks in float, as they are before quantisation: what ranges and sizes are measured with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from numpy.typing import NDArray

from models import yunet

# Where eyes, nose and mouth corners lie in the 112x112 picture that SFace was trained on.
_TEMPLATE = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]],
    np.float32,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A face in pixels of the picture looked at: box [x, y, w, h], landmarks [5, 2], score 0..1."""

    box: NDArray[np.float32]
    landmarks: NDArray[np.float32]
    score: float

    def scaled(self, by: float) -> Found:
        """The same face in a picture `by` times as large."""
        factor = np.float32(by)
        return Found(box=self.box * factor, landmarks=self.landmarks * factor, score=self.score)


class FloatModel:
    """One float model. With `keep_all`, every tensor can be read after a run."""

    def __init__(self, content: bytes, *, threads: int = 1, keep_all: bool = False) -> None:
        # With every tensor kept, the reference kernels must run: the fast ones keep nothing in between.
        resolver = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES if keep_all else OpResolverType.AUTO
        self._interpreter = Interpreter(
            model_content=content,
            num_threads=threads,
            experimental_preserve_all_tensors=keep_all,
            experimental_op_resolver_type=resolver,
        )
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._outputs = [d["index"] for d in self._interpreter.get_output_details()]
        self._activations = self._list_activations()

    def run(self, picture: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """`picture` is [h, w, 3] in the model's own input range; gives its outputs."""
        self._interpreter.set_tensor(self._input, picture[None])
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(index) for index in self._outputs]

    def activations(self) -> Mapping[str, NDArray[np.float32]]:
        """Every activation of the last run, by name."""
        return {name: self._interpreter.get_tensor(index) for name, index in self._activations.items()}

    def _list_activations(self) -> dict[str, int]:
        made = {int(i) for op in self._interpreter._get_ops_details() for i in op["outputs"]}
        made.add(self._input)
        return {d["name"]: d["index"] for d in self._interpreter.get_tensor_details() if d["index"] in made}


def decode(
    outputs: list[NDArray[np.float32]], *, min_score: float, max_overlap: float = 0.3
) -> list[Found]:
    """YuNet's maps as faces, best first, in pixels of the network's input; overlapping ones dropped."""
    boxes, landmarks, scores = [], [], []
    for stride, level in zip(yunet.STRIDES, outputs, strict=True):
        rows, columns = level.shape[1:3]
        cells = level.reshape(-1, 16)
        score = np.sqrt(_sigmoid(cells[:, 0]) * _sigmoid(cells[:, 1]))
        keep = np.flatnonzero(score >= min_score)
        corner = np.stack([keep % columns, keep // columns], axis=1).astype(np.float32)
        cells = cells[keep]
        size = np.exp(cells[:, 4:6]) * stride
        centre = (corner + cells[:, 2:4]) * stride
        boxes.append(np.concatenate([centre - size / 2, size], axis=1))
        landmarks.append((corner[:, None] + cells[:, 6:16].reshape(-1, 5, 2)) * stride)
        scores.append(score[keep])
    box, points, score = np.concatenate(boxes), np.concatenate(landmarks), np.concatenate(scores)
    chosen = cv2.dnn.NMSBoxes(box.tolist(), score.tolist(), min_score, max_overlap)
    return [
        Found(box=box[i], landmarks=points[i], score=float(score[i])) for i in np.asarray(chosen, int).ravel()
    ]


def align(rgb: NDArray[np.uint8], landmarks: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The face with these landmarks as the 112x112 RGB picture that the embedder takes."""
    matrix = _similarity(landmarks.astype(np.float64), _TEMPLATE.astype(np.float64))
    aligned = cv2.warpAffine(rgb, matrix, (112, 112), flags=cv2.INTER_LINEAR)
    return np.asarray(aligned, np.uint8)


def _similarity(source: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """Least-squares turn, scale and shift [2, 3] from `source` to `target` (Umeyama, without mirroring)."""
    a, b = source - source.mean(0), target - target.mean(0)
    power = float((a**2).sum())
    real, imaginary = float((a * b).sum()) / power, float((a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum()) / power
    turn = np.array([[real, -imaginary], [imaginary, real]])
    return np.concatenate([turn, (target.mean(0) - turn @ source.mean(0))[:, None]], axis=1)


def _sigmoid(x: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(1 / (1 + np.exp(-x)), np.float32)
