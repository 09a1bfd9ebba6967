"""`kith sounds`: every sound that Kith and its guard make, each named before it is heard, to be learnt."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain

import numpy as np

from kith.announce.earcons import EarconBank
from kith.app import aloud
from kith.clock import NS_PER_S, Tick
from kith.drivers.buzzer_sound import BuzzerSound
from kith.errors import InputError
from kith.guard.ports import Level, OutputEdge, Position, Signal, Warned
from kith.guard.settings import SoundSettings
from kith.guard.sounder import Sounder
from kith.ports import AudioSink, Speech
from kith.types import I16, SAMPLE_RATE_HZ, Earcon

_DIES_AWAY = SAMPLE_RATE_HZ // 100
"""Samples after the last edge of the buzzer."""
_PAUSE_S, _REST_S = 0.25, 0.8
_LONGEST_S = 10.0

_EARCONS = (
    (Earcon.READY, "three bells rising", "Kith is on."),
    (Earcon.PRESS, "one dry tick", "The press was felt."),
    (Earcon.STRANGER, "one soft, low knock", "Somebody I don't know."),
    (Earcon.SHUTTER, "two puffs, click-clack", "A good view was taken."),
    (Earcon.SUCCESS, "two bells, a fourth up", "Done."),
    (Earcon.FAILURE, "two low notes, a third down", "Not done. The reason follows."),
    (Earcon.UNDONE, "a quick slide down, then a low bell", "Taken back."),
    (Earcon.FAULT, "three low reedy notes", "A part of the device is broken."),
    (Earcon.PRIVACY_ON, "a slide down", "The camera is closed."),
    (Earcon.PRIVACY_OFF, "a slide up", "The camera is open again."),
    (Earcon.ASK, "two soft notes, a fifth up", "A question follows."),
    (Earcon.LISTEN, "one clear tone", "Speak now."),
    (Earcon.WORKING, "two very soft taps", "I am still at it."),
    (Earcon.POWER_WARNING, "two notes to and fro, four times", "Hold on, and I switch off."),
)
_LEVELS = (
    (Level.FAR, "slow beeps", "far", 3.0),
    (Level.MIDDLE, "quicker beeps", "nearer", 2.5),
    (Level.NEAR, "quick beeps", "near", 2.0),
    (Level.CONTACT, "one long tone", "within reach", 1.5),
)
"""With how many seconds are enough to know them by."""
_HEIGHTS = ((Position.HEAD, "high", "Obstacle"), (Position.KNEE, "low", "Obstacle at knee height"))
_SIGNALS = (
    (Signal.SELF_TEST, "low low high, the last one long", "The guard has begun."),
    (Signal.BLIND, "high and long, low and short", "A sensor cannot tell what is ahead."),
    (Signal.DEAD, "three long low tones", "A sensor does not work."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """One sound. name: on the command line; source: "speaker" or "buzzer"; heard: what it is like; words:
    what is said before it. make: its samples i16[n, 2]."""

    name: str
    source: str
    heard: str
    words: str
    make: Callable[[], I16]


def all_sounds(settings: SoundSettings) -> tuple[Sound, ...]:
    """Every sound, in the order in which they are best learnt: the warnings first."""
    return (*_warnings(settings), *_signals(settings), *_earcons())


def chosen(sounds: Sequence[Sound], names: Sequence[str]) -> tuple[Sound, ...]:
    """Those of these names, in their own order, all without names. Raises InputError for a name that none
    has."""
    wanted = {_plain(name) for name in names}
    for name in names:
        if not any(sound.name == _plain(name) for sound in sounds):
            known = ", ".join(dict.fromkeys(sound.name for sound in sounds))
            raise InputError(f"there is no sound '{name}'; there are: {known}")
    return tuple(sound for sound in sounds if not wanted or sound.name in wanted)


def play(
    sounds: Sequence[Sound],
    speech: Speech,
    sink: AudioSink,
    *,
    volume: float,
    tell: Callable[[Sound], None],
) -> None:
    """Name each and let it be heard; what is broken off stops within a block of 10 ms. tell: it is this
    one's turn. Raises AudioFault."""
    for sound in sounds:
        tell(sound)
        what_follows = (_silence(_PAUSE_S), sound.make(), _silence(_REST_S))
        for block in chain(aloud.spoken(speech, sound.words, amid="named a sound"), what_follows):
            aloud.write(block, sink, volume)


def _warnings(settings: SoundSettings) -> Iterator[Sound]:
    for position, pitch, what in _HEIGHTS:
        for level, heard, where, seconds in _LEVELS:
            warned = Warned(level=level, position=position)
            yield Sound(
                name=level.name.lower(),
                source="buzzer",
                heard=f"{heard}, {pitch}",
                words=f"{what}, {where}.",
                make=partial(_beeps, settings, warned, seconds),
            )


def _signals(settings: SoundSettings) -> Iterator[Sound]:
    for signal, heard, words in _SIGNALS:
        yield Sound(
            name=signal.value,
            source="buzzer",
            heard=heard,
            words=words,
            make=partial(_beeps, settings, signal, _LONGEST_S),
        )


def _earcons() -> Iterator[Sound]:
    bank = EarconBank()
    for earcon, heard, words in _EARCONS:
        yield Sound(
            name=_plain(earcon.value),
            source="speaker",
            heard=heard,
            words=words,
            make=partial(bank.sound, earcon),
        )


def _beeps(settings: SoundSettings, what: Warned | Signal, seconds: float) -> I16:
    """The guard's own sounder, left alone with one warning or signal; a warning ends after so long."""
    sounder, buzzer = Sounder(settings, 0), BuzzerSound()
    end_ns = round(seconds * NS_PER_S)
    last = _run(sounder, sounder.step(what, 0), end_ns, buzzer)
    if isinstance(what, Warned):
        quiet = sounder.step(Warned(level=Level.QUIET), end_ns)
        last = max(last, _run(sounder, quiet, end_ns + round(_LONGEST_S * NS_PER_S), buzzer))
    return buzzer.render(last * SAMPLE_RATE_HZ // NS_PER_S + _DIES_AWAY, 0)


def _run(sounder: Sounder, edges: list[OutputEdge], end_ns: int, buzzer: BuzzerSound) -> int:
    """Let time pass for the sounder; the time of the last edge."""
    while (due_ns := sounder.next_deadline_ns) is not None and due_ns < end_ns:
        edges = [*edges, *sounder.step(Tick(), due_ns)]
    for edge in edges:
        buzzer.edge(edge)
    return edges[-1].at_ns if edges else 0


def _silence(seconds: float) -> I16:
    return np.zeros((round(seconds * SAMPLE_RATE_HZ), 2), np.int16)


def _plain(name: str) -> str:
    return name.strip().lower().replace("_", "-")
