"""Finding a name in what the microphone hears, and cutting it out. Pure.

A name is what stands out from the background in most of the bands of speech at once, for at least 60 ms. The
background of a band is a low percentile of its level over the whole capture, before and after the name, so
that hum, traffic and a steady level do not matter, nor a name that begins at once: each decision looks at all
that was heard so far, and may see a beginning that was not to be seen when it was heard. (Low percentiles as
noise floor: Stahl, Fischer and Bippus, ICASSP 2000; openings to drop what is short: Serra 1982.)
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from kith.clock import NS_PER_MS, NS_PER_S, Tick
from kith.config import NamingSettings
from kith.interaction.messages import Captured
from kith.types import F32, I16, SAMPLE_RATE_HZ, VoiceBlock

HOP = SAMPLE_RATE_HZ // 100
"""A frame begins every 10 ms and is twice as long."""
LOUDNESS_DB = -20.0
"""Of full scale, over the frames that sound: as loud as the synthetic voice (30 names: median -19.9, nine in
ten between -21.8 and -18.4), so that a recorded name is as loud as the words around it."""
PEAK_DB = -1.0
"""No sample of a take is beyond this, whatever its loudness."""

_FRAME = 2 * HOP
_TRANSFORM = 512
_BANDS_HZ = (150, 300, 500, 800, 1200, 1800, 2700, 4000, 6000, 9000)
_FLOOR_DB = -90.0
"""In one band; what is softer is the microphone's own."""
_FLOOR_PERCENTILE = 10
_MOST_EXCESS_DB = 25.0
"""Counted in a band: one loud band is no voice."""
_EXCESS_DB = 8.0
"""Mean over the bands that makes a voice. Noise alone, white, hum or swelling traffic, came to 7.8 at most in
1200 captures; of 160 names only 5 dB above white noise all but two came higher."""
_SHORTEST = 6
"""Frames. A click of the button is shorter, a vowel is longer."""
_BELOW_PEAK_DB = 12.0
"""So much softer than the loudest syllable is somebody else, farther off."""
_EDGE_BELOW_PEAK_DB = 40.0
_EDGE_EXCESS_DB, _EDGE_LEAD_DB = 3.5, 1.5
"""The soft sounds around the syllables have at least so much, and so much more than nine frames in ten of the
background."""
_BEFORE, _BEFORE_GAP = 25, 5
"""Frames: so long may a first consonant be, and so long a pause in it."""
_AFTER, _AFTER_GAP = 40, 12
"""A last one, with the silence before a final t or k."""
_FEWEST = 12
_LOOK_EVERY = 5
_MARGIN, _NOISY_MARGIN = 6, 15
"""Frames left on either side. In noise the softest sounds cannot be found, and are left in by a wider one."""
_NOISY_DB = 30.0
"""The background is not so much softer than the loudest syllable."""
_FADE = SAMPLE_RATE_HZ // 200
_LOUDEST_GAIN = 10 ** (30 / 20)
"""A microphone so soft is left softer: what else would be heard is its hiss."""
_SOUNDING = 1 / 30
"""Of the loudest frame: a softer one is a pause, and is not counted to the loudness."""
_SLACK_MS = 1000
"""Beyond all the times in the settings: then the blocks have ceased to come."""


class Stretch(NamedTuple):
    """Frames from first to last, both in it, and how many more are left around them."""

    first: int
    last: int
    margin: int = 0


class NameCapture:
    """From `begin` on takes blocks until a name was said, and gives it once.

    Time is counted in samples, so that it does not matter how late a block comes; only what is left out at
    the beginning goes by the clock.
    """

    def __init__(self, settings: NamingSettings) -> None:
        self._settle_ns = settings.settle_ms * NS_PER_MS
        self._wait, self._silence, self._longest = (
            ms // 10 for ms in (settings.wait_ms, settings.silence_ms, settings.longest_ms)
        )
        whole_ms = settings.settle_ms + settings.wait_ms + settings.longest_ms + settings.silence_ms
        self._whole_ns = (whole_ms + _SLACK_MS) * NS_PER_MS
        self._from_ns: int | None = None
        self._ends_ns = 0
        self._sound: list[I16] = []
        self._rest: I16 = np.zeros(0, np.int16)
        self._levels: F32 = np.zeros((0, len(_BANDS_HZ) - 1), np.float32)
        self._looked_at = 0

    @property
    def next_deadline_ns(self) -> int | None:
        """When it wants a Tick; None while it does not listen."""
        return None if self._from_ns is None else self._ends_ns

    def begin(self, now_ns: int) -> None:
        """Listen from now on; what was heard before is forgotten."""
        self._forget()
        self._from_ns, self._ends_ns = now_ns + self._settle_ns, now_ns + self._whole_ns

    def step(self, event: VoiceBlock | Tick, now_ns: int) -> Captured | None:
        """Take one event. Captured ends it: a take trimmed to the name, levelled, read-only; or None where
        nobody began within `wait_ms`."""
        if self._from_ns is None:
            return None
        if isinstance(event, Tick):
            return self._finish(self._found()) if now_ns >= self._ends_ns else None
        if event.at_ns - len(event.samples) * NS_PER_S // SAMPLE_RATE_HZ < self._from_ns:
            return None
        self._add(event.samples)
        return self._look() if len(self._levels) >= self._looked_at + _LOOK_EVERY else None

    def finish(self) -> Captured:
        """What was said so far, where that stands out already. It listens on where nothing does."""
        found = self._found()
        return Captured(recording=None) if found is None else self._finish(found)

    def _add(self, samples: I16) -> None:
        self._sound.append(samples)
        self._rest = np.concatenate([self._rest, samples])
        count = (len(self._rest) - _FRAME) // HOP + 1
        if count >= _LOOK_EVERY:
            self._levels = np.concatenate([self._levels, band_levels(self._rest)])
            self._rest = self._rest[count * HOP :]

    def _look(self) -> Captured | None:
        now = self._looked_at = len(self._levels)
        found = self._found()
        if found is None:
            # A name that has just begun is seen once its first vowel has lasted.
            return self._finish(None) if now >= self._wait + _BEFORE else None
        if now - found.last > self._silence or now - found.first >= self._longest:
            return self._finish(found)
        return None

    def _found(self) -> Stretch | None:
        return find_name(self._levels)

    def _finish(self, found: Stretch | None) -> Captured:
        sound = np.concatenate([np.zeros(0, np.int16), *self._sound])
        self._forget()
        if found is None:
            return Captured(recording=None)
        last = min(found.last, found.first + self._longest)
        return Captured(recording=cut_out(sound, found._replace(last=last)))

    def _forget(self) -> None:
        self._from_ns, self._looked_at = None, 0
        self._sound, self._rest, self._levels = [], self._rest[:0], self._levels[:0]


def band_levels(samples: I16) -> F32:
    """f32[frames, bands] in dB of full scale, for every whole frame of i16[n]."""
    frames = sliding_window_view(samples.astype(np.float32) / 32_768, _FRAME)[::HOP]
    window = np.hanning(_FRAME).astype(np.float32)
    spectrum = np.abs(np.fft.rfft(frames * window, _TRANSFORM, axis=1) * (2 / window.sum())) ** 2
    edges = np.ceil(np.array(_BANDS_HZ) * _TRANSFORM / SAMPLE_RATE_HZ).astype(int)
    power = np.add.reduceat(spectrum[:, : edges[-1]], edges[:-1], axis=1)
    return (10 * np.log10(power + 10 ** (_FLOOR_DB / 10))).astype(np.float32)


def find_name(levels: F32) -> Stretch | None:
    """Where the name is in f32[frames, bands], its soft first and last sounds included; None where nothing
    sounds like a voice."""
    if len(levels) < _FEWEST:
        return None
    floor = np.percentile(levels, _FLOOR_PERCENTILE, axis=0)
    excess = np.clip(levels - floor, 0.0, _MOST_EXCESS_DB).mean(axis=1)
    loudness = 10 * np.log10((10 ** (levels / 10)).sum(axis=1))
    voiced = _opened(excess) > _EXCESS_DB
    if not voiced.any():
        return None
    lasting = _opened(loudness)
    peak_db = lasting[voiced].max()
    core = np.flatnonzero(voiced & (lasting > peak_db - _BELOW_PEAK_DB))
    stretch = Stretch(int(core[0]), int(core[-1]))
    noisy = np.median(_around(stretch, loudness)) > peak_db - _NOISY_DB
    near = loudness > peak_db - _EDGE_BELOW_PEAK_DB
    return _with_edges(stretch, excess, near)._replace(margin=_NOISY_MARGIN if noisy else _MARGIN)


def cut_out(sound: I16, name: Stretch) -> I16:
    """The name and a little around it, without its direct current, as loud as the synthetic voice, faded at
    both ends: i16[n], read-only."""
    first, last = max(0, name.first - name.margin), name.last + name.margin
    part = sound[first * HOP : last * HOP + _FRAME].astype(np.float64)
    part -= part.mean()
    part *= _gain(part)
    fade = min(_FADE, len(part) // 2)
    rise = 0.5 - 0.5 * np.cos(np.pi * np.arange(fade) / fade)
    part[:fade] *= rise
    part[len(part) - fade :] *= rise[::-1]
    take: I16 = np.rint(part).astype(np.int16)
    take.flags.writeable = False
    return take


def loudness_db(sound: NDArray[np.float64]) -> float:
    """RMS of full scale in dB over the frames of 10 ms that sound."""
    power = (sound[: len(sound) // HOP * HOP].reshape(-1, HOP) ** 2).mean(axis=1)
    sounding = power[power > power.max() * _SOUNDING**2]
    return float(10 * np.log10(sounding.mean() / 32_768**2)) if len(sounding) else -np.inf


def _gain(sound: NDArray[np.float64]) -> float:
    """What was clipped has a peak beyond PEAK_DB already, and is not made louder."""
    peak = float(np.abs(sound).max())
    wanted = 10 ** ((LOUDNESS_DB - loudness_db(sound)) / 20)
    return min(wanted, 32_768 * 10 ** (PEAK_DB / 20) / peak, _LOUDEST_GAIN)


def _opened(values: NDArray[np.floating]) -> NDArray[np.floating]:
    """Without what is higher for fewer than _SHORTEST frames."""
    lowest = sliding_window_view(values, _SHORTEST).min(axis=1)
    around = np.full(_SHORTEST - 1, -np.inf)
    opened: NDArray[np.floating] = sliding_window_view(
        np.concatenate([around, lowest, around]), _SHORTEST
    ).max(axis=1)
    return opened


def _with_edges(core: Stretch, excess: NDArray[np.floating], near: NDArray[np.bool_]) -> Stretch:
    """The core and the soft sounds next to it, as far as they stand out from the rest."""
    limit = max(_EDGE_EXCESS_DB, float(np.percentile(_around(core, excess), 90)) + _EDGE_LEAD_DB)
    sounds = (excess > limit) & near
    first = core.first - _reach(sounds[: core.first][::-1], _BEFORE, _BEFORE_GAP)
    return Stretch(first, core.last + _reach(sounds[core.last + 1 :], _AFTER, _AFTER_GAP))


def _around(core: Stretch, values: NDArray[np.floating]) -> NDArray[np.floating]:
    """What is of the background; the least of all where there is none yet."""
    rest = np.concatenate([values[: max(0, core.first - _BEFORE)], values[core.last + _AFTER :]])
    return rest if len(rest) >= _FEWEST else values.min(keepdims=True)


def _reach(sounds: NDArray[np.bool_], most: int, gap: int) -> int:
    """How many frames it goes on, with pauses of `gap` at most."""
    reach = 0
    for index in np.flatnonzero(sounds[:most]):
        if index - reach > gap:
            break
        reach = int(index) + 1
    return reach
