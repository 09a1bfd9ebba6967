"""Turning a face upright: a least-squares similarity from its five landmarks to the usual template.

The template of five points in 112x112 px is the one that ArcFace (Deng et al., CVPR 2019) and SFace
were trained with; the closed form of the fit is Umeyama's (PAMI 1991), in two dimensions.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from kith.types import F32, U8, AlignedFace

SIDE_PX = 112
TEMPLATE: F32 = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]],
    np.float32,
)
TEMPLATE.setflags(write=False)


def align(rgb: U8, landmarks: F32) -> AlignedFace:
    """Cut the face with `landmarks` f32[5, 2] px out of rgb u8[H, W, 3]."""
    matrix = similarity(landmarks, TEMPLATE)
    # Grown by bilinear interpolation a far face is softer than it was: cubic raised the score of eyes 10 px
    # apart from 0.55 to 0.58, for 0.2 ms. Where the face is shrunk it changes nothing.
    grown = math.hypot(matrix[0, 0], matrix[1, 0]) > 1
    method = cv2.INTER_CUBIC if grown else cv2.INTER_LINEAR
    cut = cv2.warpAffine(rgb, matrix, (SIDE_PX, SIDE_PX), flags=method)
    face = np.asarray(cut, np.uint8)
    face.setflags(write=False)
    return AlignedFace(rgb=face)


def similarity(source: F32, target: F32) -> NDArray[np.float64]:
    """The 2x3 matrix (rotation, scale, shift; no mirror) that brings `source` f32[N, 2] nearest to
    `target` f32[N, 2] in the least-squares sense."""
    # In complex numbers a similarity is z -> a z + b, and the best `a` is one quotient.
    src = source[:, 0].astype(np.float64) + 1j * source[:, 1]
    dst = target[:, 0].astype(np.float64) + 1j * target[:, 1]
    src_mean, dst_mean = src.mean(), dst.mean()
    centred = src - src_mean
    spread = float(np.sum(np.abs(centred) ** 2))
    a = complex(np.sum(np.conj(centred) * (dst - dst_mean)) / spread) if spread > 0 else 1 + 0j
    b = complex(dst_mean - a * src_mean)
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]], np.float64)
