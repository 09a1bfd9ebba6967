"""How soon the wearer hears something: a press its tick, a decision its first word, an interruption silence.

The whole daemon runs in a process of its own, its camera showing somebody, and plays into a PulseAudio null
sink; this process listens at the sink's other end. So PulseAudio and the recorder are in the figures, and
the last bit of a card's own buffer is not.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.frames import WALK
from kith.announce.earcons import EarconBank
from kith.config import AnnounceSettings
from kith.errors import InputError, KithError
from kith.types import I16, SAMPLE_RATE_HZ, Earcon
from tests.e2e.pulse import pulse, why_not

COUNT = 1000
LIMITS_MS = {"press to its sound": 50.0, "decision to first word": 200.0, "interruption to silence": 60.0}
_LEVEL = 300
"""What is louder is heard: -41 dBFS."""
_SOMEBODY_AT = 0.2
"""Where in the walk somebody stands before the camera."""
_WITHIN_S, _ANSWER_WITHIN_S = 0.3, 1.0
_NEAR_NS = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Responses:
    """What was heard, ms each; a press is one that is answered or one that cuts the answer off. unheard:
    presses and answers that were not found. in_pauses: interruptions between two words, where there was
    nothing to end. underruns: how often the sound device ran dry."""

    presses_ms: NDArray[np.float64]
    answers_ms: NDArray[np.float64]
    silences_ms: NDArray[np.float64]
    unheard: int
    in_pauses: int
    underruns: int

    @property
    def measured(self) -> dict[str, NDArray[np.float64]]:
        """By the words of LIMITS_MS."""
        return dict(zip(LIMITS_MS, (self.presses_ms, self.answers_ms, self.silences_ms), strict=True))


def measure(video: Path = WALK, count: int = COUNT) -> Responses:
    """Press 2 * count times. Raises KithError where there is no sound device to listen to."""
    if reason := why_not():
        raise KithError(f"no sound device to listen to: {reason}")
    with tempfile.TemporaryDirectory(prefix="kith-") as name:
        folder = Path(name)
        picture, out, state = folder / "somebody.png", folder / "out.json", folder / "state"
        server = folder / "pulse"
        state.mkdir()
        server.mkdir()
        _save_somebody(video, picture)
        with pulse(server) as running, running.listen() as monitor:
            child = [sys.executable, "-m", "bench.response_child"]
            done = subprocess.run([*child, *map(str, (picture, state, count, out))], check=False)
            if done.returncode != 0:
                raise KithError("the daemon that was to be measured ended early; the reason stands above")
            found = json.loads(out.read_text(encoding="utf-8"))
            return responses(Recording(monitor.pieces()), found["rounds"], found["underruns"], count)


class Recording:
    """What a monitor heard, by time. pieces: stereo samples, and when the last of each was there."""

    def __init__(self, pieces: Sequence[tuple[int, bytes]]) -> None:
        self._sound = np.frombuffer(b"".join(data for _, data in pieces), np.int16)[::2]
        self._arrived_ns = np.array([at_ns for at_ns, _ in pieces], np.int64)
        self._ends = np.cumsum([len(data) for _, data in pieces]) // 4

    def between(self, from_ns: int, to_ns: int) -> tuple[I16, int]:
        """The left side's samples i16[n] that were heard then, and when the first of them was."""
        zero_ns = self._zero_ns(from_ns)
        first, last = (round((at_ns - zero_ns) * SAMPLE_RATE_HZ / 1e9) for at_ns in (from_ns, to_ns))
        first = max(first, 0)
        return self._sound[first:last], zero_ns + round(first * 1e9 / SAMPLE_RATE_HZ)

    def _zero_ns(self, at_ns: int) -> int:
        """When sample 0 would have been heard, by the piece around then that arrived with the least delay:
        the others waited for the recorder or this process to be woken."""
        near = np.abs(self._arrived_ns - at_ns) < _NEAR_NS
        if not near.any():
            raise InputError("the recorder heard nothing for two seconds")
        return int((self._arrived_ns[near] - self._ends[near] * 1e9 / SAMPLE_RATE_HZ).min())


def responses(
    recording: Recording, rounds: Sequence[dict[str, int]], underruns: int, count: int
) -> Responses:
    """Find each press, answer and silence in what was heard."""
    tick = np.asarray(EarconBank().sound(Earcon.PRESS)[:, 0] * AnnounceSettings().volume, np.float64)
    presses, answers, silences, in_pauses = [], [], [], 0
    for each in rounds:
        asked, _ = _press(recording, each["asked_ns"], tick)
        cut, silence = _press(recording, each["cut_ns"], tick)
        presses += [asked, cut]
        answers.append(_answer(recording, each["decided_ns"]))
        silences.append(silence)
        in_pauses += cut is not None and silence is None
    heard = [[ms for ms in many if ms is not None] for many in (presses, answers, silences)]
    return Responses(
        presses_ms=np.array(heard[0]),
        answers_ms=np.array(heard[1]),
        silences_ms=np.array(heard[2]),
        unheard=3 * count - len(heard[0]) - len(heard[1]),
        in_pauses=in_pauses,
        underruns=underruns,
    )


def _press(recording: Recording, at_ns: int, tick: NDArray[np.float64]) -> tuple[float | None, float | None]:
    """ms from a press to the begin of its tick, and to the end of all else that was heard; None where there
    was no tick."""
    sound, from_ns = recording.between(at_ns, at_ns + round(_WITHIN_S * 1e9))
    heard = sound.astype(np.float64)
    if len(heard) < 2 * len(tick):
        return None, None
    likeness = np.correlate(heard, tick) / (tick @ tick)
    at = int(likeness.argmax())
    if not 0.8 < likeness[at] < 1.2:
        return None, None
    late_ms = (from_ns - at_ns) / 1e6
    heard[at : at + len(tick)] -= tick
    loud = np.flatnonzero(np.abs(heard) > _LEVEL)
    silence_ms = late_ms + (int(loud[-1]) + 1) * 1e3 / SAMPLE_RATE_HZ if len(loud) else None
    return late_ms + at * 1e3 / SAMPLE_RATE_HZ, silence_ms


def _answer(recording: Recording, decided_ns: int) -> float | None:
    """ms from a decision to the first of its words."""
    sound, from_ns = recording.between(decided_ns, decided_ns + round(_ANSWER_WITHIN_S * 1e9))
    loud = np.flatnonzero(np.abs(sound.astype(np.int32)) > _LEVEL)
    return (from_ns - decided_ns) / 1e6 + int(loud[0]) * 1e3 / SAMPLE_RATE_HZ if len(loud) else None


def lines(found: Responses) -> list[str]:
    """The table of docs/speed.md."""
    text = [
        "| ms | n | median | 95 % | 99 % | longest | limit for 99 % | |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for words, ms in found.measured.items():
        if len(ms):
            median, p95, p99 = (float(np.percentile(ms, share)) for share in (50, 95, 99))
            kept = "kept" if p99 < LIMITS_MS[words] else "**missed**"
            text.append(
                f"| {words} | {len(ms):,} | {median:.1f} | {p95:.1f} | {p99:.1f} | {ms.max():.1f} "
                f"| {LIMITS_MS[words]:.0f} | {kept} |"
            )
    rest = (
        f"Presses and answers that were not heard: {found.unheard}. Interruptions between two words, where"
        f" nothing was to end: {found.in_pauses}. The sound device ran dry {found.underruns} times."
    )
    return [*text, "", rest]


def _save_somebody(video: Path, picture: Path) -> None:
    capture = cv2.VideoCapture(str(video))
    capture.set(cv2.CAP_PROP_POS_FRAMES, round(capture.get(cv2.CAP_PROP_FRAME_COUNT) * _SOMEBODY_AT))
    good, bgr = capture.read()
    capture.release()
    if not good:
        raise InputError(f"{video} cannot be read: python -m demo build")
    cv2.imwrite(str(picture), bgr)
