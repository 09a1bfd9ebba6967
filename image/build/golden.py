"""The finished tree's own Python, emulated: does it see what this machine sees?

Two seconds, and it finds a wheel for another processor, a library that is missing, a network that differs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from image import REPOSITORY, ImageError
from image.build.python_parts import HOME, LIB, PYTHON
from image.build.workshop import Workshop

_MOST_APART = 1e-4
"""The networks count in integers; only the last step's floats may differ, by rounding."""
_LOOK = """
import json, sys
from pathlib import Path
import numpy as np
from kith.vision.networks import has_network, load_network, read_manifest
found, models = {}, Path(sys.argv[1])
for role in read_manifest(models).networks:
    if not has_network(role, models):
        continue  # optional, and not built
    network = load_network(role, models)
    height, width = network.spec.input_height_px, network.spec.input_width_px
    rows, columns = np.mgrid[0:height, 0:width]
    picture = np.stack([(rows * 3 + columns * k) % 256 for k in (1, 2, 5)], axis=-1).astype(np.uint8)
    found[role] = [[float(v) for v in each.ravel()[::97]] for each in network.run(picture)]
print(json.dumps(found))
"""
_PARTS = """
import ctypes, gpiozero, smbus2, click, sqlite_utils, lgpio, cv2
from gpiozero.pins.lgpio import LGPIOFactory
import kith.cli, kith.guardd, kith.app
for name in ("libportaudio.so.2", "libespeak-ng.so.1", "libasound.so.2"):
    ctypes.CDLL(name)
print(lgpio.LGPIO_PY_VERSION)
"""


def check_inference(shop: Workshop) -> float:
    """The greatest difference between the networks' outputs there and here; ImageError where it is more than
    rounding, or where a part of Kith cannot be loaded."""
    emulate(shop, _PARTS)
    there = json.loads(emulate(shop, _LOOK, str(shop.inside(HOME) / "models")))
    apart = difference(there, json.loads(_here()))
    if apart > _MOST_APART:
        raise ImageError(f"the networks see something else in the image: outputs differ by {apart:.2g}")
    return apart


def difference(one: dict[str, list[list[float]]], other: dict[str, list[list[float]]]) -> float:
    """The greatest distance between two numbers in the same place; infinite where the shapes differ."""
    ones = [value for role in sorted(one) for output in one[role] for value in output]
    others = [value for role in sorted(other) for output in other[role] for value in output]
    if sorted(one) != sorted(other) or len(ones) != len(others) or not ones:
        return float("inf")
    return max(abs(a - b) for a, b in zip(ones, others, strict=True))


def emulate(shop: Workshop, program: str, *arguments: str) -> str:
    """What a Python program prints that runs in the tree on an emulated processor of a Pi 4."""
    root = shop.root
    env = {
        "PYTHONHOME": f"{root}/usr",
        "PYTHONPATH": f"{root}{LIB}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "LD_LIBRARY_PATH": f"{root}/usr/lib/aarch64-linux-gnu",
        # Where lgpio writes a file when it is imported.
        "LG_WD": "/tmp",
    }
    named = [word for name, value in env.items() for word in ("-E", f"{name}={value}")]
    python = f"{root}/usr/bin/python{PYTHON}"
    start = ["qemu-aarch64", "-cpu", "cortex-a72", "-L", str(root), *named, python, "-S"]
    return shop.tools.run([*start, "-c", program, *arguments], cwd="/tmp", timeout_s=300)


def _here() -> str:
    env = {**os.environ, "PYTHONPATH": str(REPOSITORY / "device")}
    command = [sys.executable, "-c", _LOOK, str(Path(REPOSITORY, "models"))]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ImageError(f"the networks do not run here: {done.stderr.strip()[-500:]}; type: make setup")
    return done.stdout
