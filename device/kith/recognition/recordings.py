"""The wearer's recordings of names: WAV files in `recordings/` beside the gallery's file, for their owner
alone. A file is there before the row that names it, so what no row names is what a change that was cut short
left behind."""

from __future__ import annotations

import io
import secrets
import wave
from collections.abc import Collection
from pathlib import Path

from kith.errors import InputError
from kith.recognition.files import make_private_folder, sync_folder, write_private
from kith.types import I16
from kith.wav_file import wav_bytes

FOLDER = "recordings"

LONGEST_BYTES = 4 * 1024 * 1024
"""Of one recording that comes from elsewhere; ten seconds take a tenth of it."""


def as_wav(samples: I16) -> bytes:
    """i16[n] mono at SAMPLE_RATE_HZ as a WAV file. Raises InputError for what is no sound."""
    if not samples.size:
        raise InputError("a recording of a name must hold some sound")
    try:
        return wav_bytes(samples)
    except ValueError as error:
        raise InputError(str(error)) from error


def check(wav: bytes) -> None:
    """Raises InputError for what is no WAV file that could be played, or too long for a name."""
    try:
        with wave.open(io.BytesIO(wav), "rb") as file:
            sound = file.getnframes() > 0
    except (wave.Error, EOFError):
        sound = False
    if not sound or len(wav) > LONGEST_BYTES:
        raise InputError("a recording of a name is not a WAV file, holds no sound or is too long")


def write(folder: Path, wav: bytes) -> str:
    """Keep a recording and see it onto the disk; its path relative to `folder`, the gallery's. Raises
    OSError; half a file may then be left, for `sweep`."""
    name = f"{secrets.token_hex(16)}.wav"
    make_private_folder(folder / FOLDER)
    write_private(folder / FOLDER / name, wav)
    sync_folder(folder / FOLDER)
    return f"{FOLDER}/{name}"


def read(folder: Path, relative: str) -> bytes | None:
    """A recording as it was written; None where it is gone."""
    try:
        return (folder / relative).read_bytes()
    except FileNotFoundError:
        return None


def sweep(folder: Path, named: Collection[str]) -> None:
    """Remove what is not among `named`, paths relative to the gallery's folder. Raises OSError."""
    here = folder / FOLDER
    if not here.is_dir():
        return
    files = [file for file in here.iterdir() if not file.is_dir()]
    strays = [file for file in files if f"{FOLDER}/{file.name}" not in named]
    for file in strays:
        file.unlink(missing_ok=True)
    if strays:
        sync_folder(here)
