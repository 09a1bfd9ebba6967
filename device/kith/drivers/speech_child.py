"""What the two ends of a voice in a child process share: the frames on the pipes and the child's end.

Standard library only, so that a child starts in a moment and stays small. A frame is a header (kind u8,
utterance u32, length u32, little-endian) and so many bytes.
"""

from __future__ import annotations

import ctypes
import os
import signal
import struct
import threading
from enum import IntEnum
from typing import BinaryIO, NamedTuple

MAX_TEXT_BYTES = 4000
"""Of one utterance, about five minutes of speech. With its header it stays under PIPE_BUF (4096), so a
write to a pipe that does not block is either whole or refused."""

_HEADER = struct.Struct("<BII")
_LARGEST_PAYLOAD = 1 << 20
_PR_SET_PDEATHSIG = 1


class Kind(IntEnum):
    """What a frame says. The first four go to the parent, the last two to the child."""

    READY = 1
    """The voice is loaded; payload: its sample rate in Hz, as decimal digits."""
    SAMPLES = 2
    """Mono i16, little-endian."""
    END = 3
    """All samples of this utterance were sent."""
    FAILED = 4
    """This utterance (0: the voice itself) cannot be had; payload: why and what to do, UTF-8; what follows
    a line break is for those who look for the fault."""
    SAY = 5
    """Payload: the text, UTF-8. What was said before is forgotten."""
    CANCEL = 6


_KINDS = frozenset(kind.value for kind in Kind)


class Frame(NamedTuple):
    """One message on a pipe."""

    kind: Kind
    utterance: int
    payload: bytes


def pack(kind: Kind, utterance: int, payload: bytes = b"") -> bytes:
    """The bytes of a frame."""
    return _HEADER.pack(kind, utterance, len(payload)) + payload


def read_frame(stream: BinaryIO) -> Frame | None:
    """Wait for the next frame; None at the end of the stream, also in the middle of a frame, and where
    something else than a frame comes."""
    header = stream.read(_HEADER.size)
    if len(header) < _HEADER.size:
        return None
    kind, utterance, length = _HEADER.unpack(header)
    if kind not in _KINDS or length > _LARGEST_PAYLOAD:
        return None
    payload = stream.read(length) if length else b""
    if len(payload) < length:
        return None
    return Frame(Kind(kind), utterance, payload)


def die_with(parent_pid: int) -> None:
    """Have the kernel kill this process when its parent dies, also while it is stopped."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:
        # It died before the line above.
        os._exit(0)


class ChildEnd:
    """The child's end of the pipes: the newest text that was asked for, and frames back.

    Takes over the standard streams; the process ends when its input does, or with its parent.
    """

    def __init__(self, parent_pid: int) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        die_with(parent_pid)
        self._out = os.fdopen(os.dup(1), "wb", buffering=0)
        # What a library prints must not fall among the frames.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.close(nowhere)
        self._changed = threading.Condition()
        self._wanted = 0
        self._text: str | None = None
        threading.Thread(target=self._listen, daemon=True).start()

    def next_text(self) -> tuple[int, str]:
        """Wait for the next utterance: its number and text."""
        with self._changed:
            while self._text is None:
                self._changed.wait()
            text, self._text = self._text, None
            return self._wanted, text

    def wanted(self, utterance: int) -> bool:
        """Whether anybody still wants to hear it."""
        return self._wanted == utterance

    def send(self, kind: Kind, utterance: int, payload: bytes = b"") -> None:
        """Send a frame; ends the process when nobody reads any more."""
        left = memoryview(pack(kind, utterance, payload))
        try:
            while left:
                left = left[self._out.write(left) :]
        except OSError:
            os._exit(0)

    def _listen(self) -> None:
        with open(0, "rb", closefd=False) as stream:
            while (frame := read_frame(stream)) is not None:
                with self._changed:
                    if frame.kind is Kind.SAY:
                        self._wanted, self._text = frame.utterance, frame.payload.decode(errors="replace")
                    elif frame.utterance == self._wanted:
                        self._wanted, self._text = 0, None
                    self._changed.notify()
        os._exit(0)
