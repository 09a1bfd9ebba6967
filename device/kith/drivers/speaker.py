"""The sound device, by PortAudio."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from kith.drivers.sound_cards import ASOUND, Card, best_first, cards, somebody_mixes
from kith.errors import AudioFault, AudioUnavailable
from kith.types import I16, SAMPLE_RATE_HZ

_log = logging.getLogger(__name__)

LATENCY_S = 0.03
"""Sound that is handed over and not yet heard. Less is heard sooner and cut sooner, but a busy processor
then tears holes into it; see docs/decisions/speech.md."""


_LOOK_AGAIN = 100
"""Blocks of silence, a second, between two looks whether the chosen device is back."""
_LONGEST_WAIT = 64
"""Looks. A device that is listed and yet did not open, as before udev has given it to its group, is tried
again after two looks, then after twice as many each time: each try is a gap in the silence."""
_CARD_NUMBER = re.compile(r"\(hw:(\d+),\d+\)")


class SpeakerSink:
    """`ports.AudioSink` on a sound device: `write` waits until there is room for the block.

    Where the chosen device is not there another is taken, a voice from the wrong place being better than
    none, and as soon as nothing is being said the chosen one is taken back when it is there again.
    """

    def __init__(self, device: str = "", *, latency_s: float = LATENCY_S, asound: Path = ASOUND) -> None:
        """device: part of its name or its card's, upper or lower case; empty for the system's default, or,
        where that is built in, for what is plugged in at USB. asound: where the kernel lists the cards.
        Raises AudioUnavailable."""
        self._device, self._latency_s, self._asound = device, latency_s, asound
        if not cards(asound) and not somebody_mixes():
            # PortAudio leaks a little at each look in vain, and this is asked every second.
            raise AudioUnavailable("there is no sound card: plug in a headset or a loudspeaker")
        self._sounddevice = _sounddevice()
        self._underruns = self._quiet = 0
        self._stream: Any = None
        self._stands_in = self._is_listed = self._is_second_best = False
        self._looks, self._wait = 0, 2
        self._card: int | None = None
        self._cards = cards(asound)
        self._open_best()

    @property
    def underruns(self) -> int:
        """How often the device ran dry since it was opened: each is a hole in the sound."""
        return self._underruns

    @property
    def stands_in(self) -> bool:
        """It is another than the one that was chosen, which is not there."""
        return self._stands_in

    @property
    def card(self) -> int | None:
        """The number of the card that plays; None where the system chose the device."""
        return self._card

    def write(self, block: I16) -> None:
        """See `ports.AudioSink.write`."""
        if self._stands_in or self._is_second_best:
            self._take_back(block)
        if self._stream is None:
            raise AudioFault("the sound device is closed")
        try:
            self._underruns += bool(self._stream.write(block.tobytes()))
        except self._sounddevice.PortAudioError as error:
            raise AudioFault(f"the sound device stopped working: {error}; is it still plugged in?") from error

    def close(self) -> None:
        """Drop what is not heard yet and let the device go; may be called twice."""
        stream, self._stream = self._stream, None
        if stream is None:
            return
        if self._underruns:
            _log.info("the sound device ran dry %d times", self._underruns)
        try:
            stream.abort()
            stream.close()
        except self._sounddevice.PortAudioError as error:
            _log.debug("the sound device did not close: %s", error)

    def _take_back(self, block: I16) -> None:
        self._quiet = 0 if block.any() else self._quiet + 1
        if self._quiet < _LOOK_AGAIN:
            return
        self._quiet = 0
        self._looks += 1
        there = cards(self._asound)
        same = there == self._cards
        if same and not (self._is_listed and self._looks >= self._wait):
            return
        self._looks, self._wait = 0, min(2 * self._wait, _LONGEST_WAIT) if same else 2
        self._cards = there
        self.close()
        try:
            self._open_best()
        except AudioUnavailable as error:
            raise AudioFault(str(error)) from error

    def _open_best(self) -> None:
        # PortAudio looks for devices only when it starts, and opens another by a number of then.
        if not self._is_stale():
            with suppress(AudioUnavailable):
                self._open_one(self._candidates()[0])
                self._stands_in = self._is_listed = False
                return
        self._restart()
        chosen, others = self._candidates()
        try:
            self._open_one(chosen)
            self._stands_in = self._is_listed = False
        except AudioUnavailable as error:
            try:
                self._open_one(others)
            except AudioUnavailable:
                raise error from None
            self._stands_in, self._is_listed = True, self._are_listed(chosen)
            _log.warning("the sound device of the settings is not there: another stands in")

    def _restart(self) -> None:
        """One plugged in since is found by a second start. Nothing else in Kith has a stream open, which this
        would end."""
        error_type = self._sounddevice.PortAudioError
        try:
            # It refuses to end when its last start failed, and must be started all the same.
            with suppress(error_type):
                self._sounddevice._terminate()
            self._sounddevice._initialize()
        except error_type as error:
            raise _unavailable(self._device, error) from error

    def _is_stale(self) -> bool:
        """Whether PortAudio knows another set of cards than the kernel."""
        try:
            names = [device["name"] for device in self._sounddevice.query_devices()]
        except self._sounddevice.PortAudioError:
            return True
        known = {int(match[1]): name for name in names if (match := _CARD_NUMBER.search(name))}
        there = {card.number: card.name for card in self._cards if card.plays}
        gone = any(number not in {card.number for card in self._cards} for number in known)
        return gone or any(not known.get(number, "").startswith(name) for number, name in there.items())

    def _open_one(self, indices: list[int | None]) -> None:
        """The first of them that opens. Raises AudioUnavailable with what the first said."""
        errors = []
        for index in indices:
            try:
                self._stream = self._open(index)
                self._card = next((card for card, each in self._by_card().items() if each == index), None)
                self._is_second_best = self._is_built_in(self._card)
            except AudioUnavailable as error:
                errors.append(error)
            else:
                return
        raise errors[0] if errors else AudioUnavailable(self._not_called_so())

    def _candidates(self) -> tuple[list[int | None], list[int | None]]:
        """PortAudio's numbers of the chosen devices, best first, and of those that may stand in; None: the
        system's default."""
        by_card = self._by_card()
        plugged: list[int | None]
        plugged = [by_card[card.number] for card in best_first(self._cards) if card.number in by_card]
        if not self._device:
            return (plugged or [None], [None]) if self._has_better_than_default() else ([None], plugged)
        # A card by its own name first: as a part of a name it may be in another's, too.
        called = [by_card[card.number] for card in self._cards_called() if card.number in by_card]
        named = [index for index, name in self._playing() if self._device.lower() in name.lower()]
        chosen: list[int | None] = list(dict.fromkeys([*called, *named]))
        return chosen, [index for index in [*plugged, None] if index not in chosen]

    def _are_listed(self, indices: list[int | None]) -> bool:
        """Whether any of these devices is there, though it does not open; the default one is card 0."""
        first = any(card.number == 0 and card.plays for card in self._cards)
        return any(first if index is None else True for index in indices)

    def _is_built_in(self, number: int | None) -> bool:
        """Taken unasked, so that a headset that is plugged in now would be better. None: the default, which
        is card 0."""
        wanted = 0 if number is None else number
        built_in = any(card.number == wanted and not card.usb for card in self._cards)
        return not self._device and built_in and not somebody_mixes()

    def _cards_called(self) -> list[Card]:
        return [card for card in self._cards if card.called(self._device)]

    def _has_better_than_default(self) -> bool:
        """Whether card 0, which is whatever came first, is a screen, or is built in while a headset is
        plugged in: a socket with nothing in it opens, too."""
        playing = best_first(card for card in self._cards if card.plays)
        first = next((card for card in playing if card.number == 0), None)
        return first is not None and (first.hdmi or playing[0] is not first) and not somebody_mixes()

    def _by_card(self) -> dict[int, int]:
        numbers: dict[int, int] = {}
        for index, name in self._playing():
            if match := _CARD_NUMBER.search(name):
                numbers.setdefault(int(match[1]), index)
        return numbers

    def _playing(self) -> list[tuple[int, str]]:
        try:
            devices = self._sounddevice.query_devices()
        except self._sounddevice.PortAudioError as error:
            raise _unavailable(self._device, error) from error
        return [(int(each["index"]), each["name"]) for each in devices if each["max_output_channels"] > 0]

    def _not_called_so(self) -> str:
        names = ", ".join(name for _, name in self._playing()) or "none"
        return f"no sound device is called '{self._device}'; there are: {names}"

    def _open(self, index: int | None) -> Any:
        stream: Any = None
        try:
            with _stderr_turned_away():
                stream = self._sounddevice.RawOutputStream(
                    samplerate=SAMPLE_RATE_HZ,
                    channels=2,
                    dtype="int16",
                    latency=self._latency_s,
                    device=index,
                )
                stream.start()
        except self._sounddevice.PortAudioError as error:
            if stream is not None:
                stream.close(ignore_errors=True)
            raise _unavailable(self._device, error) from error
        return stream


def _unavailable(device: str, error: Exception) -> AudioUnavailable:
    return AudioUnavailable(
        f"cannot open the sound device '{device or 'default'}': {error}; `aplay -l` lists them"
    )


@contextmanager
def _stderr_turned_away() -> Iterator[None]:
    """ALSA and PortAudio say several lines of each device that does not open, which is tried every second;
    the error that is raised says it once. sounddevice does the same while it starts PortAudio."""
    try:
        kept = os.dup(2)
    except OSError:  # it is closed, and nothing is printed
        yield
        return
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2)
        os.close(nowhere)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _sounddevice() -> Any:
    # A card is opened by its name in ALSA: most have no 22,050 Hz of their own, and ALSA makes it for them.
    os.environ.setdefault("PA_ALSA_PLUGHW", "1")
    try:
        import sounddevice
    except ImportError as error:
        raise AudioUnavailable("sounddevice is not installed: pip install sounddevice") from error
    except OSError as error:
        raise AudioUnavailable("PortAudio is not installed: sudo apt-get install libportaudio2") from error
    return sounddevice
