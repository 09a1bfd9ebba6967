"""Who says a name in a simulation when Kith asks for one: another voice, as somebody else's would be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kith.app.events import Event
from kith.clock import Clock
from kith.config import AnnounceSettings
from kith.drivers.simulated_microphone import SimulatedMicrophone
from kith.drivers.speech import open_speech
from kith.errors import AudioFault, InputError
from kith.ports import Speech, UtteranceState
from kith.types import I16, SAMPLE_RATE_HZ, Earcon

_LONGEST = 5 * SAMPLE_RATE_HZ


def parse_names(script: str) -> tuple[str, ...]:
    """ "Grace; Ben": what is said, one after the other. Raises InputError when it names nobody."""
    names = tuple(name for piece in script.split(";") if (name := piece.strip()))
    if script and not names:
        raise InputError('there is no name in that; write for instance "Grace; Ben"')
    return names


def open_microphone(
    settings: AnnounceSettings, names: Sequence[str], clock: Clock, *, paced: bool
) -> SimulatedMicrophone:
    """A microphone that hears these names in turn, each after Kith's tone. Raises AudioUnavailable."""
    voice = open_speech(replace(settings, voice=f"{settings.voice}+f3"))
    try:
        return SimulatedMicrophone(tuple(_said(voice, name) for name in names), clock, paced=paced)
    finally:
        voice.close()


class Answering:
    """Looks on, and has the next name said when Kith's tone asks for it."""

    def __init__(self, microphone: SimulatedMicrophone) -> None:
        self._microphone = microphone

    def __call__(self, event: Event) -> None:
        """See `events.Observer`."""
        if event.kind == "sound" and event.text == Earcon.LISTEN.value:
            self._microphone.answer()


def _said(voice: Speech, name: str) -> I16:
    utterance = voice.say(name)
    samples = utterance.read(_LONGEST, wait=True)
    if utterance.state is UtteranceState.FAILED:
        raise AudioFault("the voice that says the names broke; `kith doctor` says how it is")
    return samples
