"""The mixing engine: announcements, cues and tones into blocks of samples."""

from __future__ import annotations

import collections
import logging
import queue
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kith.announce.earcons import EarconBank
from kith.announce.fader import Fader
from kith.announce.recording import read_recording
from kith.announce.sources import FADE_SAMPLES, ArraySource, Source, VoiceSource, fade_out
from kith.clock import NS_PER_S
from kith.errors import InputError
from kith.ports import Speech, UtteranceState
from kith.types import (
    I16,
    SAMPLE_RATE_HZ,
    Announcement,
    Earcon,
    Playback,
    PlaybackResult,
    Recorded,
    Spoken,
    Take,
    Tone,
)

_log = logging.getLogger(__name__)

MOST_OVERLAYS = 8
"""Cues and tones that sound at once; the oldest is dropped for one more."""

_LOUDEST = 32767


@dataclass(frozen=True, slots=True)
class _Play:
    play_id: int
    sources: list[Source]


@dataclass(frozen=True, slots=True)
class _Stop:
    play_id: int


@dataclass(frozen=True, slots=True)
class _Overlay:
    sound: I16


@dataclass(frozen=True, slots=True)
class _Duck:
    gain: float


_Command = _Play | _Stop | _Overlay | _Duck


class Player:
    """Plays one announcement at a time, and cues and tones over it.

    `play`, `stop`, `cue`, `tone` and `duck` may be called from any thread and return at once; the other
    methods belong to one thread, which calls `render` for each block. The sound that a command asks for
    begins or ends with the next block.
    """

    def __init__(self, speech: Speech, earcons: EarconBank, *, volume: float, wait_for_speech: bool) -> None:
        """volume: 0..1 of all that is heard. wait_for_speech: `render` blocks until the voice has made the
        samples, as virtual time needs; else what is not there yet is silence."""
        self._speech = speech
        self._earcons = earcons
        self._volume = volume
        self._wait = wait_for_speech
        self._fader = Fader()
        self._commands: queue.SimpleQueue[_Command] = queue.SimpleQueue()
        self._current: _Playing | None = None
        self._overlays: collections.deque[ArraySource] = collections.deque(maxlen=MOST_OVERLAYS)
        self._reports: list[Playback] = []

    def play(self, play_id: int, announcement: Announcement) -> None:
        """Play the earcon, then the phrase's parts in order; ends in one report. What plays now is stopped.

        Recordings are read here, in the caller's thread; one that cannot be read is spoken instead.
        """
        sources: list[Source] = []
        if announcement.earcon:
            sources.append(ArraySource(self._earcons.sound(announcement.earcon)))
        if announcement.phrase:
            sources += [self._source(part) for part in announcement.phrase.parts if part.text.strip()]
        self._commands.put(_Play(play_id, sources))

    def stop(self, play_id: int) -> None:
        """Fade it out within 5 ms; nothing if it does not play (any more)."""
        self._commands.put(_Stop(play_id))

    def cue(self, earcon: Earcon) -> None:
        """Let a short sound be heard now, over whatever plays."""
        self._commands.put(_Overlay(self._earcons.sound(earcon)))

    def tone(self, tone: Tone) -> None:
        """Let a tone be heard now, over whatever plays."""
        self._commands.put(_Overlay(self._earcons.tone(tone)))

    def duck(self, gain: float) -> None:
        """Let all that is heard, cues and tones too, be so loud from now on: 0..1 of the volume. It gets
        there smoothly, within 30 ms."""
        self._commands.put(_Duck(gain))

    def render(self, count: int, now_ns: int) -> I16:
        """The next block, i16[count, 2]; its first sample is taken to be heard at now_ns."""
        for command in self._drain():
            self._obey(command, now_ns)
        mix = np.zeros((count, 2), np.int32)
        if self._current:
            self._mix_current(self._current, mix, now_ns)
        for overlay in self._overlays:
            block = overlay.read(count)
            mix[: len(block)] += block
        going_on = (overlay for overlay in self._overlays if overlay.state is UtteranceState.SPEAKING)
        self._overlays = collections.deque(going_on, maxlen=MOST_OVERLAYS)
        heard: I16 = np.clip(mix * (self._volume * self._fader.next(count)), -_LOUDEST, _LOUDEST).astype(
            np.int16
        )
        return heard

    def fail_all(self, now_ns: int) -> None:
        """Nothing can be heard: report what plays and what was asked for since as FAILED, drop the rest."""
        if self._current:
            self._end(PlaybackResult.FAILED, now_ns)
        self._overlays.clear()
        for command in self._drain():
            if isinstance(command, _Play):
                self._current = _Playing(command.play_id, [])
                self._end(PlaybackResult.FAILED, now_ns)
            elif isinstance(command, _Duck):
                self._fader.to(command.gain)

    def take_reports(self) -> list[Playback]:
        """The announcements that ended since the last call."""
        reports, self._reports = self._reports, []
        return reports

    # --- inside ------------------------------------------------------------------------------------

    def _source(self, part: Spoken | Recorded | Take) -> Source:
        if isinstance(part, Take):
            return ArraySource(np.column_stack([part.samples, part.samples]))
        if isinstance(part, Recorded):
            try:
                return ArraySource(read_recording(part.path))
            except InputError as error:
                _log.warning("%s; it is spoken instead", error)
        return VoiceSource(self._speech, part.text, wait=self._wait)

    def _drain(self) -> list[_Command]:
        return [self._commands.get() for _ in range(self._commands.qsize())]

    def _obey(self, command: _Command, now_ns: int) -> None:
        if isinstance(command, _Overlay):
            self._overlays.append(ArraySource(command.sound))
            return
        if isinstance(command, _Duck):
            self._fader.to(command.gain)
            return
        current = self._current
        if current and (isinstance(command, _Play) or current.play_id == command.play_id):
            # The fade is played over what comes next, so the voice may begin on that at once.
            fade = current.read(FADE_SAMPLES)
            self._overlays.append(ArraySource(fade_out(fade)))
            self._end(PlaybackResult.INTERRUPTED, now_ns + _duration_ns(len(fade)))
        if isinstance(command, _Play):
            self._current = _Playing(command.play_id, command.sources)

    def _mix_current(self, current: _Playing, mix: NDArray[np.int32], now_ns: int) -> None:
        block = current.read(len(mix))
        mix[: len(block)] = block
        if current.first_sample_ns is None and len(block):
            current.first_sample_ns = now_ns
        if current.state is not UtteranceState.SPEAKING:
            done = current.state is UtteranceState.DONE
            result = PlaybackResult.COMPLETED if done else PlaybackResult.FAILED
            self._end(result, now_ns + _duration_ns(len(block)))

    def _end(self, result: PlaybackResult, at_ns: int) -> None:
        if not self._current:
            return
        self._current.cancel()
        playback = Playback(
            play_id=self._current.play_id,
            result=result,
            first_sample_ns=self._current.first_sample_ns,
            ended_ns=at_ns,
        )
        self._reports.append(playback)
        self._current = None


class _Playing:
    """One announcement: its sources one after the other."""

    def __init__(self, play_id: int, sources: list[Source]) -> None:
        self.play_id = play_id
        self.first_sample_ns: int | None = None
        self._sources = collections.deque(sources)
        self._prepare()

    @property
    def state(self) -> UtteranceState:
        return self._sources[0].state if self._sources else UtteranceState.DONE

    def read(self, count: int) -> I16:
        """Fewer than count only when the voice cannot keep up, broke, or all was read."""
        blocks: list[I16] = []
        while count and self._sources:
            block = self._sources[0].read(count)
            blocks.append(block)
            count -= len(block)
            if self._sources[0].state is UtteranceState.DONE:
                self._sources.popleft()
                self._prepare()
            elif count:
                break
        return np.concatenate(blocks) if blocks else np.zeros((0, 2), np.int16)

    def cancel(self) -> None:
        for source in self._sources:
            source.cancel()

    def _prepare(self) -> None:
        """Have the voice begin on its next text while other things are still heard. It makes one at a time,
        so only the first one may begin."""
        voice = next((source for source in self._sources if isinstance(source, VoiceSource)), None)
        if voice:
            voice.begin()


def _duration_ns(samples: int) -> int:
    return samples * NS_PER_S // SAMPLE_RATE_HZ
