"""The enrollment of the walk, cut out of all that was heard: the press of the button to "is remembered"."""

from __future__ import annotations

import json
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kith.errors import InputError
from kith.types import I16, SAMPLE_RATE_HZ

Told = dict[str, Any]
"""One line of a file of events."""

_BEFORE_S = 0.9
"""The sounds of a double tap are heard before it is known to be one: its two presses, and the pause in which
a third might come."""
_LAST_WORDS_S = 4.0
_AFTER_S = 0.3
_AUDIBLE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """An enrollment: sound i16[n, 2] and its events, their times from the beginning of the sound."""

    sound: I16
    events: tuple[Told, ...]

    @property
    def length_s(self) -> float:
        """How long it is."""
        return len(self.sound) / SAMPLE_RATE_HZ

    def save(self, sound: Path, events: Path) -> None:
        """Write both. Raises InputError."""
        try:
            with wave.open(str(sound), "wb") as file:
                file.setnchannels(2)
                file.setsampwidth(2)
                file.setframerate(SAMPLE_RATE_HZ)
                file.writeframes(self.sound.tobytes())
            text = "".join(json.dumps(event, ensure_ascii=False) + "\n" for event in self.events)
            events.write_text(text, encoding="utf-8")
        except OSError as error:
            raise InputError(f"cannot write the enrollment's sound: {error}") from error


def read_sound(path: Path) -> I16:
    """i16[n, 2] of a sound that Kith wrote. Raises InputError."""
    try:
        with wave.open(str(path), "rb") as file:
            form = file.getnchannels(), file.getsampwidth(), file.getframerate()
            data = file.readframes(file.getnframes())
    except (OSError, EOFError, wave.Error) as error:
        raise InputError(f"{path} cannot be read as a sound: {error}") from error
    if form != (2, 2, SAMPLE_RATE_HZ):
        raise InputError(f"{path} is no sound of Kith's: it must be 16 bit stereo at {SAMPLE_RATE_HZ} Hz")
    return np.frombuffer(data, np.int16).reshape(-1, 2)


def read_events(path: Path) -> list[Told]:
    """What `kith simulate --events` wrote. Raises InputError."""
    try:
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read as events: {error}") from error


def cut_enrollment(sound: I16, events: list[Told]) -> Cut:
    """The first enrollment that came to its end. Raises InputError where there is none."""
    enrolled = next((event for event in events if event["event"] == "enrolled"), None)
    begun = [each for each in events if each["event"] == "enrolling" and enrolled is not None]
    begun = [each for each in begun if enrolled is not None and each["t_s"] <= enrolled["t_s"]]
    if enrolled is None or not begun:
        raise InputError("nobody was remembered: there is no enrollment to be heard")
    from_s = max(begun[-1]["t_s"] - _BEFORE_S, 0.0)
    to_s = _end_s(sound, events, enrolled["t_s"])
    within = [dict(event, t_s=round(event["t_s"] - from_s, 3)) for event in events]
    within = [event for event in within if 0 <= event["t_s"] <= to_s - from_s]
    return Cut(
        sound=sound[round(from_s * SAMPLE_RATE_HZ) : round(to_s * SAMPLE_RATE_HZ)], events=tuple(within)
    )


def _end_s(sound: I16, events: list[Told], enrolled_s: float) -> float:
    """Where the last words have been said, before anything else begins."""
    last = next(
        each["t_s"] for each in events if each["event"] == "announcement" and each["t_s"] >= enrolled_s
    )
    others = [event["t_s"] for event in events if event["event"] in ("announcement", "beep", "sound")]
    until_s = min([each for each in others if each > last] + [last + _LAST_WORDS_S])
    begin, end = round(last * SAMPLE_RATE_HZ), round(until_s * SAMPLE_RATE_HZ)
    loud = np.flatnonzero(np.abs(sound[begin:end].astype(np.int32)).max(axis=1, initial=0) > _AUDIBLE)
    said_s = (int(loud[-1]) + 1) / SAMPLE_RATE_HZ if len(loud) else 0.0
    return float(min(last + said_s + _AFTER_S, until_s))
