"""`python -m demo.heard SOUND.wav EVENTS.jsonl`: is what should be heard in the sound, and is it clean?

An enrollment as `make demo` leaves it: levels, the viewfinder's tones, the words by a speech recogniser, and
the recorded name where it is played. Ends with 1 where something is wrong.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from demo.cutting import Told, read_events, read_sound
from demo.levels import (
    Heard,
    clipped_in,
    dbfs,
    first_like,
    likeness,
    likest_part,
    mono_of,
    peak_of,
    rms_of_speech,
    tones_from_a_side,
    without_tones,
)
from demo.recognised import Recogniser, Words, all_lines, found_of, words_of
from kith.announce.earcons import EarconBank
from kith.errors import KithError
from kith.types import I16, SAMPLE_RATE_HZ, Earcon

LEAST_FOUND, MOST_OF_A_WRONG_ONE = 0.75, 0.4
"""Share of the words that must be recognised, and that may be of a transcript that was not said."""
LEAST_TOLD_APART = 0.8
SPEECH_DBFS = (-30.0, -10.0)
MOST_SPREAD_DB = 8.0
LEAST_LIKE, MOST_LIKE = 0.95, 0.8
"""Correlation of the name with the sound where it is played, and of a part of it with the prompt."""
_PART_S = 0.1
_LONGEST_LINE_S = 6.0
_ROUNDED_S = 0.001
"""Events are told to the millisecond: a sound may begin some samples before."""
_LISTEN_S = 0.2
_SILENT = 10
_LIKE_A_PRESS = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Something that was said: its words, and what was recognised of it."""

    from_s: float
    to_s: float
    said: Words
    heard: Words
    rms: float

    @property
    def found(self) -> int:
        """How many of its words were recognised."""
        return found_of(self.said, self.heard)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was measured. wrong_share: what was found of words that were not said. listening_peak: the
    loudest sample while a name was waited for. played, prompted: how like the name is to the sound where it
    is played, and to the prompt; None without a name."""

    length_s: float
    peak: int
    clipped: int
    lines: tuple[Line, ...]
    tones: tuple[Heard, ...]
    wrong_share: float
    listening_peak: int
    played: tuple[float, ...] | None = None
    prompted: float | None = None

    @property
    def share(self) -> float:
        """Of the words that were said, how many were recognised."""
        return sum(line.found for line in self.lines) / max(sum(len(line.said) for line in self.lines), 1)

    @property
    def told_apart(self) -> float:
        """How many of the lines were recognised whole, among all that Kith may say."""
        return sum(line.heard == line.said for line in self.lines) / max(len(self.lines), 1)

    @property
    def speech_dbfs(self) -> tuple[float, float]:
        """The quietest and the loudest line."""
        levels = [dbfs(line.rms) for line in self.lines] or [dbfs(0)]
        return min(levels), max(levels)


def examine(sound: I16, events: Sequence[Told], names: Sequence[str], name: I16 | None = None) -> Report:
    """Measure an enrollment. names: what was said as names; name: the recording i16[n] that was kept.

    Raises NoRecogniser.
    """
    mono, recogniser = mono_of(sound), Recogniser(names)
    lines = _lines(sound, events, names, recogniser)
    return Report(
        length_s=len(sound) / SAMPLE_RATE_HZ,
        peak=peak_of(sound),
        clipped=clipped_in(sound),
        lines=lines,
        tones=tuple(tones_from_a_side(sound)),
        wrong_share=_wrong_share(lines, names),
        listening_peak=_listening_peak(sound, events),
        played=None if name is None else _played(mono, events, name),
        prompted=None if name is None else _prompted(mono, events, name),
    )


def problems(report: Report) -> list[str]:
    """What is wrong with it."""
    quietest, loudest = report.speech_dbfs
    checks = [
        (bool(report.lines), "nothing is said"),
        (report.clipped == 0, f"{report.clipped} samples are clipped"),
        (SPEECH_DBFS[0] <= quietest and loudest <= SPEECH_DBFS[1], "a line is too quiet or too loud"),
        (loudest - quietest <= MOST_SPREAD_DB, "the lines are not equally loud"),
        (report.listening_peak <= _SILENT, "it was not silent while the name was said"),
        (report.share >= LEAST_FOUND, "too few of the words were recognised"),
        (report.told_apart >= LEAST_TOLD_APART, "too many lines were taken for others"),
        (report.wrong_share <= MOST_OF_A_WRONG_ONE, "a transcript that was not said was found as well"),
        (bool(report.tones), "no tone of the viewfinder is heard from a side"),
    ]
    if report.played is not None and report.prompted is not None:
        checks += [
            (bool(report.played), "the name is never played"),
            (min(report.played, default=0.0) >= LEAST_LIKE, "the name is not in it where it is played"),
            (report.prompted <= MOST_LIKE, "something of the prompt is in the recorded name"),
        ]
    return [words for good, words in checks if not good]


def describe(report: Report) -> list[str]:
    """The figures, line by line."""
    quietest, loudest = report.speech_dbfs
    said = sum(len(line.said) for line in report.lines)
    apart = sum(line.heard == line.said for line in report.lines)
    text = [
        f"{report.length_s:.1f} s; peak {dbfs(report.peak):.1f} dBFS, {report.clipped} samples clipped",
        f"{len(report.lines)} lines of speech at {quietest:.1f} to {loudest:.1f} dBFS",
        f"while the name was said: at most {report.listening_peak} of 32768",
        f"recognised: {report.share:.0%} of {said} words, {apart} of {len(report.lines)} lines whole;"
        f" of a transcript that was not said {report.wrong_share:.0%}",
    ]
    if report.tones:
        left = sum(tone.side_db < 0 for tone in report.tones)
        low, high = (f(tone.pitch_hz for tone in report.tones) for f in (min, max))
        text.append(
            f"viewfinder: {left} tones from the left, {len(report.tones) - left} from the right,"
            f" {low:.0f} to {high:.0f} Hz, first {report.tones[0].side_db:+.1f} dB,"
            f" last {report.tones[-1].side_db:+.1f} dB to the right"
        )
    if report.played is not None and report.prompted is not None:
        played = ", ".join(f"{each:.2f}" for each in report.played)
        text.append(f"the recorded name, where it is played: {played}; its likest part in the prompt:"
                    f" {report.prompted:.2f}")  # fmt: skip
    for line in report.lines:
        text.append(f"  {line.from_s:5.1f} s  {' '.join(line.said)}  ->  {' '.join(line.heard) or '-'}")
    return text


def _lines(
    sound: I16, events: Sequence[Told], names: Sequence[str], recogniser: Recogniser
) -> tuple[Line, ...]:
    table, bank, voice = all_lines(names), EarconBank(), without_tones(sound)
    lines = []
    for event, to_s in _spoken(events):
        said = words_of(_as_said(event["text"], _made_up(events), names))
        earcon = table[said].sound if said in table else None
        # Its sound comes before the words.
        from_s = event["t_s"] + (len(bank.sound(earcon)) / SAMPLE_RATE_HZ if earcon else 0.0)
        words = _before_press(_between(voice, from_s, to_s), bank)
        rms = rms_of_speech(words)
        lines.append(Line(from_s=from_s, to_s=to_s, said=said, heard=recogniser.hear(words), rms=rms))
    return tuple(lines)


def _before_press(words: I16, bank: EarconBank) -> I16:
    """A press is told of when its meaning is known; its sound was heard before that."""
    return words[: first_like(bank.sound(Earcon.PRESS)[:, 0], words, _LIKE_A_PRESS)]


def _spoken(events: Sequence[Told]) -> list[tuple[Told, float]]:
    """Each announcement, and when the next sound or press follows."""
    ends = [each["t_s"] for each in events if each["event"] in ("announcement", "button", "sound")]
    spoken = [event for event in events if event["event"] == "announcement"]
    latest = [event["t_s"] + _LONGEST_LINE_S for event in spoken]
    return [
        (event, min([each for each in ends if each > event["t_s"]] + [last]))
        for event, last in zip(spoken, latest, strict=True)
    ]


def _made_up(events: Sequence[Told]) -> str:
    """The name that the device makes up and writes for the recorded one."""
    return next((event["person"] for event in events if event["event"] == "enrolled"), "")


def _as_said(text: str, made_up: str, names: Sequence[str]) -> str:
    """The text with the name that was heard in place of what is written for a recorded one."""
    name = " ".join(names)
    text = re.sub(r"^the name\b", name, text)
    return text.replace(made_up, name) if made_up else text


def _wrong_share(lines: Sequence[Line], names: Sequence[str]) -> float:
    """How much is found of words that were not said: in place of each line another of Kith's, as long."""
    said = {line.said for line in lines}
    others = [line for line in sorted(all_lines(names)) if line not in said]
    found = count = 0
    for place, line in enumerate(lines):
        # Those of about its length in turn, so that no one line decides.
        alike = sorted(others, key=lambda other: abs(len(other) - len(line.said)))[: 2 * len(lines)]
        other = alike[place % len(alike)]
        found, count = found + found_of(other, line.heard), count + len(other)
    return found / max(count, 1)


def _listening_peak(sound: I16, events: Sequence[Told]) -> int:
    """The loudest that was played between the tone for the name and the next words."""
    peaks = [0]
    for event in events:
        if event["event"] == "sound" and event["text"] == "listen":
            after = [each["t_s"] for each in events if each["t_s"] > event["t_s"]]
            to_s = min(after, default=len(sound) / SAMPLE_RATE_HZ)
            peaks.append(peak_of(_between(sound, event["t_s"] + _LISTEN_S, to_s - 0.02)))
    return max(peaks)


def _played(mono: I16, events: Sequence[Told], name: I16) -> tuple[float, ...]:
    """How like it is to the sound wherever a line has it."""
    made_up = _made_up(events)
    lines = [(event, to_s) for event, to_s in _spoken(events) if event["text"].startswith("the name.")]
    lines += [(event, to_s) for event, to_s in _spoken(events) if made_up and made_up in event["text"]]
    return tuple(likeness(name, _between(mono, event["t_s"] - _ROUNDED_S, to_s)) for event, to_s in lines)


def _prompted(mono: I16, events: Sequence[Told], name: I16) -> float:
    """How like any part of it is to what was played before it was said, the tone with it."""
    tones = [event["t_s"] for event in events if event["event"] == "sound" and event["text"] == "listen"]
    if not tones:
        return 0.0
    return likest_part(name, _between(mono, tones[-1] - 2.0, tones[-1] + _LISTEN_S), _PART_S)


def _between(sound: I16, from_s: float, to_s: float) -> I16:
    return sound[round(max(from_s, 0.0) * SAMPLE_RATE_HZ) : round(to_s * SAMPLE_RATE_HZ)]


@click.command(help=__doc__)
@click.argument("sound", type=click.Path(path_type=Path, dir_okay=False))
@click.argument("events", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--name", type=click.Path(path_type=Path, dir_okay=False), help="The recording that was kept.")
@click.option("--said", multiple=True, help="What was said as a name.")
def main(sound: Path, events: Path, name: Path | None, said: tuple[str, ...]) -> None:
    """The command."""
    from kith.announce.recording import read_recording

    try:
        kept = None if name is None else mono_of(read_recording(name))
        report = examine(read_sound(sound), read_events(events), said, kept)
    except KithError as error:
        raise click.ClickException(str(error)) from error
    for line in describe(report):
        click.echo(line)
    wrong = problems(report)
    for words in wrong:
        click.echo(f"WRONG: {words}")
    if wrong:
        sys.exit(1)


if __name__ == "__main__":
    main(prog_name="python -m demo.heard")
