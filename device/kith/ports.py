"""What Kith asks of the parts that touch the world. Each has a real driver and a simulated twin,
and one contract suite (`tests/contract`) that both pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from kith.errors import HardwareError
from kith.types import I16, U8, BoxPx, ButtonEdge, Frame, VoiceBlock


class Camera(Protocol):
    """A source of frames."""

    def start(self) -> None:
        """Open the camera. Raises CameraUnavailable."""

    def read(self) -> Frame | None:
        """Wait for the next frame; None when the source has ended. Raises CameraFault."""

    def close(self) -> None:
        """Let the camera go; may be called twice, and before start."""


class UtteranceState(StrEnum):
    """Where an utterance is. SPEAKING: more samples may come."""

    SPEAKING = "speaking"
    DONE = "done"
    FAILED = "failed"


class Utterance(Protocol):
    """One text on its way to sound: mono i16 at `SAMPLE_RATE_HZ`."""

    @property
    def state(self) -> UtteranceState:
        """SPEAKING until the last sample was read, then DONE; FAILED when the voice broke."""

    def read(self, count: int, *, wait: bool) -> I16:
        """At most `count` samples. Fewer, even none, when more are not there yet (`wait` False) or the
        text has ended. With `wait` True only the end gives fewer. Never raises: see `state`."""

    def cancel(self) -> None:
        """Forget the rest. Returns at once."""


class Speech(Protocol):
    """A synthetic voice."""

    def say(self, text: str) -> Utterance:
        """Begin to make the sound of a text; returns at once. One utterance at a time: a new one cancels
        the last. Raises AudioFault only if the voice cannot be had any more."""

    def close(self) -> None:
        """Let the voice go."""


class AudioSink(Protocol):
    """Where sound goes: blocks of i16[n, 2] at `SAMPLE_RATE_HZ`."""

    def write(self, block: I16) -> None:
        """Hand over one block; a real device blocks until there is room. Raises AudioFault."""

    def close(self) -> None:
        """Let the device go; a file is completed."""


class Button(Protocol):
    """The one button."""

    def start(self, on_edge: Callable[[ButtonEdge], None]) -> None:
        """Report raw edges from a thread of its own. Raises ButtonUnavailable."""

    def close(self) -> None:
        """Let the pin go."""


class Microphone(Protocol):
    """What hears a name. It is open only while a name is being said."""

    def start(
        self, on_block: Callable[[VoiceBlock], None], on_fault: Callable[[HardwareError], None]
    ) -> None:
        """Report what is heard, in blocks of 10 to 50 ms from a thread of its own, until `stop`. Returns at
        once, and raises nothing. A fault, told from that thread too, ends it: MicrophoneUnavailable when
        there is none to be had, MicrophoneFault when it stopped working after its first block."""

    def stop(self) -> None:
        """Hear nothing any more; may be called twice, and before start. Neither a block nor a fault comes
        after it returns; `start` may follow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """percent: 0..100. on_mains: whether it is being charged, or need not be. None: not known."""

    percent: int | None = None
    on_mains: bool | None = None


class Battery(Protocol):
    """What the device runs on."""

    def charge(self) -> Charge:
        """As it is now. Never raises, but a gauge that hangs may block for seconds: not for the core."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardHealth:
    """temperature_c: of the processor. capped, throttled: its clock is held back. too_hot: because of heat.
    under_voltage: now or in the last 2 s. None: not known."""

    temperature_c: float | None = None
    under_voltage: bool | None = None
    capped: bool | None = None
    throttled: bool | None = None
    too_hot: bool | None = None


class Board(Protocol):
    """The board itself."""

    def health(self) -> BoardHealth:
        """As it is now. Never raises, but may block as `Battery.charge` does."""


class NarrationEnd(StrEnum):
    """How a narration ended. DONE: all was told; else the value is the key of the reason's words."""

    DONE = "done"
    NOTHING = "nothing"
    MISSING = "missing"
    UNREACHABLE = "unreachable"
    INSECURE = "insecure"
    DENIED = "denied"
    BUSY = "busy"
    NO_PICTURES = "no_pictures"
    NONSENSE = "nonsense"
    TOO_SLOW = "took_too_long"
    CUT_SHORT = "cut_short"
    FAILED = "narrator_failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is to be put into words: rgb u8[H, W, 3]. hide: faces that nobody else may see; None
    where none were searched for, and then it may not leave the device. known: where
    people stand whose names the narrator is not told, each by a mark of its own, which it may use in their
    place: (mark, box)."""

    rgb: U8
    hide: tuple[BoxPx, ...] | None = None
    known: tuple[tuple[str, BoxPx], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Narration:
    """News of one narration, by its number. text: further words, plain, any length, to be joined to what came
    before; end: it is over, always the last news and exactly once."""

    number: int
    text: str = ""
    end: NarrationEnd | None = None


class Narrator(Protocol):
    """Puts a picture into words, in a process of its own that lives only as long as it takes."""

    def begin(self, number: int, subject: Subject, on_news: Callable[[Narration], None]) -> None:
        """Begin a narration; returns at once and raises nothing. One at a time: a new one cancels the last.
        News comes from a thread of its own."""

    def cancel(self) -> None:
        """Forget the narration that is under way; no news of it comes after this returns. May be called
        twice, and before begin."""
