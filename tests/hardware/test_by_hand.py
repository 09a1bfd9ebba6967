"""What only somebody beside the device can tell: a press, a sound, a hand before a sensor, a plug pulled out.

Runs on a wearable alone, each part on its own: `make hardware-test KITH_PARTS=button`. See
docs/hardware-checklist.md.
"""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from kith.announce.earcons import EarconBank
from kith.clock import MonotonicClock
from kith.drivers.alsa_microphone import AlsaMicrophone
from kith.drivers.battery import SysBattery
from kith.drivers.evdev_button import EvdevButton
from kith.drivers.gpio_button import GpioButton
from kith.drivers.gpio_output import GpioPlainOutput, GpioToneOutput
from kith.drivers.hcsr04 import HcSr04
from kith.drivers.mixer import muted
from kith.drivers.sound_cards import cards
from kith.drivers.speaker import SpeakerSink
from kith.drivers.vl53l1x import Vl53l1x
from kith.errors import AudioFault, AudioUnavailable, HardwareError
from kith.guard.ports import Position, RangeFinder
from kith.guard.settings import SensorSettings
from kith.ports import Button
from kith.types import ButtonEdge, Earcon, VoiceBlock
from tests.hardware.parts import ask, guard_settings, is_so, needs, settings, within

pytestmark = pytest.mark.timeout(300)
CLOCK = MonotonicClock()
BACK_WITHIN_S = 10.0
"""A headset that is plugged in again; the kernel takes a second or two itself."""


def _gpio() -> Button:
    return GpioButton(settings().button.gpio, CLOCK)


def _remote() -> Button:
    chosen = settings().button
    if not chosen.remote:
        pytest.skip("the settings name no remote: [button] remote")
    return EvdevButton(chosen.remote, chosen.remote_key, CLOCK)


@pytest.fixture(
    params=[
        pytest.param(_gpio, marks=needs("button"), id="button"),
        pytest.param(_remote, marks=needs("remote"), id="remote"),
    ]
)
def button(request: pytest.FixtureRequest) -> Iterator[Button]:
    made: Button = request.param()
    yield made
    made.close()


def test_a_press_is_felt_once_and_its_release(button: Button) -> None:
    edges: list[ButtonEdge] = []
    button.start(edges.append)
    ask("Press the button for a second, three times.")
    debounce_ns = settings().button.debounce_ms * 1_000_000

    def presses() -> list[float]:
        """How long each was down, in seconds; contacts that bounce are one."""
        kept: list[ButtonEdge] = []
        for edge in list(edges):
            if kept and edge.at_ns - kept[-1].at_ns < debounce_ns:
                kept.pop()
            else:
                kept.append(edge)
        return [
            (up.at_ns - down.at_ns) / 1e9
            for down, up in itertools.pairwise(kept)
            if down.down and not up.down
        ]

    within(lambda: len(presses()) >= 3, "three presses and releases")
    time.sleep(1.0)
    held_s = presses()
    print(f"{len(edges)} edges; held for {', '.join(f'{each:.2f}' for each in held_s)} s")
    assert len(held_s) == 3
    assert all(0.1 < each < 5.0 for each in held_s)


@pytest.mark.parametrize(
    ("what", "make"),
    [
        pytest.param(
            "the buzzer beep high, then low",
            lambda: GpioToneOutput(guard_settings().outputs.buzzer_gpio),
            marks=needs("buzzer"),
            id="buzzer",
        ),
        pytest.param(
            "the motor shake twice",
            lambda: GpioPlainOutput(guard_settings().outputs.vibration_gpio, what="vibration motor"),
            marks=needs("motor"),
            id="motor",
        ),
    ],
)
def test_a_warning_is_felt_and_ends(what: str, make: Callable[[], GpioPlainOutput]) -> None:
    output = make()
    output.start()
    try:
        for pitch_hz in (2400, 0, 1200, 0):
            output.set(pitch_hz)
            time.sleep(0.5)
    finally:
        output.close()
    assert is_so(f"Did {what}, and is it silent now?")


def _sensor(kind: str, make: Callable[[Position, SensorSettings], RangeFinder]) -> RangeFinder:
    """The one of that kind in the settings, else on the usual pins."""
    chosen = {Position.HEAD: guard_settings().head, Position.KNEE: guard_settings().knee}
    for position, each in chosen.items():
        if each.kind == kind:
            return make(position, each)
    return make(Position.HEAD, SensorSettings(kind=kind))


@pytest.mark.parametrize(
    "finder",
    [
        pytest.param(
            lambda: _sensor("hcsr04", lambda at, how: HcSr04(at, how, CLOCK)),
            marks=needs("hcsr04"),
            id="hcsr04",
        ),
        pytest.param(
            lambda: _sensor("vl53l1x", lambda at, how: Vl53l1x(at, how, CLOCK)),
            marks=needs("vl53l1x"),
            id="vl53l1x",
        ),
    ],
)
def test_a_book_at_half_a_metre_and_at_one_is_measured(finder: Callable[[], RangeFinder]) -> None:
    sensor = finder()
    sensor.start()
    try:
        for distance_mm in (500, 1000):
            ask(f"Hold a large book {distance_mm // 10} centimetres before the sensor, and keep it there.")
            seen: list[int] = []

            def steady(distance_mm: int = distance_mm, seen: list[int] = seen) -> bool:
                measured = sensor.read().distance_mm
                seen.extend([] if measured is None else [measured])
                newest = seen[-15:]
                right = len(newest) == 15 and abs(statistics.median(newest) - distance_mm) < 100
                return right and statistics.pstdev(newest) < 60

            within(steady, f"{distance_mm} mm, give or take 100, that stay within 60")
            newest = seen[-15:]
            spread_mm = statistics.pstdev(newest)
            print(f"{statistics.median(newest):.0f} mm, standard deviation {spread_mm:.0f} mm of 15")
    finally:
        sensor.close()


@needs("speaker")
def test_a_sound_is_heard_at_a_level_that_can_be_borne() -> None:
    bank, volume = EarconBank(), settings().announce.volume
    sounds = [(bank.sound(each) * volume).astype(np.int16) for each in (Earcon.READY, Earcon.FAULT)]
    sink = SpeakerSink(settings().announce.sound_device)
    print(f"card {sink.card}, stands in: {sink.stands_in}, muted: {muted(sink.card) or 'nothing'}")
    for sound in sounds:
        sink.write(sound)
    sink.write(np.zeros((22_050, 2), np.int16))
    sink.close()
    # It may run dry before the first sound, which nobody hears.
    assert sink.underruns <= 1
    assert not sink.stands_in
    assert is_so("Were three bells and three low notes heard, whole and without crackling?")


@needs("speaker")
def test_a_headset_pulled_out_and_plugged_in_again_plays_without_a_restart() -> None:
    name = settings().announce.sound_device
    sink = SpeakerSink(name)
    before = {card.short: card.number for card in cards()}
    if sink.card is None or not is_so("Is the headset at USB, so that it can be pulled out?"):
        pytest.skip("what plays cannot be pulled out")
    quiet = np.zeros((220, 2), np.int16)

    def fails() -> bool:
        try:
            sink.write(quiet)
        except AudioFault:
            return True
        return False

    ask("Pull the headset out now.", aloud=False)
    within(fails, "a fault of the sound device")
    sink.close()
    ask("Wait for five seconds, and plug it in again, into another socket if there is one.", aloud=False)
    within(lambda: before.keys() <= {card.short for card in cards()}, "the card", 30.0)
    began_s = time.monotonic()
    opened: list[SpeakerSink] = []

    def plays() -> bool:
        try:
            opened.append(SpeakerSink(name))
        except AudioUnavailable:
            time.sleep(1.0)
            return False
        return not opened[-1].stands_in

    within(plays, "the headset", BACK_WITHIN_S)
    print(f"plays again after {time.monotonic() - began_s:.1f} s; cards {before}, now {cards()}")
    opened[-1].write((EarconBank().sound(Earcon.READY) * 0.8).astype(np.int16))
    opened[-1].write(np.zeros((22_050, 2), np.int16))
    opened[-1].close()
    assert is_so("Were three bells heard in the headset?")


@needs("microphone")
def test_a_voice_is_louder_than_the_room() -> None:
    device = settings().microphone.alsa_device
    if not device:
        pytest.skip("the settings have no microphone")
    blocks: list[VoiceBlock] = []
    faults: list[HardwareError] = []
    microphone = AlsaMicrophone(device, CLOCK)
    microphone.start(blocks.append, faults.append)
    try:
        within(lambda: faults or len(blocks) > 50, "a second of sound")
        assert faults == []
        room = _loudness(blocks[-40:])
        ask("Say your name now, from half a metre.", aloud=False)
        within(lambda: faults or _loudness(blocks[-40:]) > 4 * room, "a voice 12 dB above the room")
    finally:
        microphone.stop()
    levels = [20 * np.log10(each / 32_768) for each in (room, _loudness(blocks[-40:]))]
    print(f"room {levels[0]:.0f} dBFS, voice {levels[1]:.0f}")
    assert faults == []


def _loudness(blocks: list[VoiceBlock]) -> float:
    sound = np.concatenate([block.samples for block in blocks]).astype(np.float64)
    return float(np.sqrt(np.mean(sound**2))) + 1.0


@needs("battery")
def test_the_battery_says_how_full_it_is() -> None:
    percent = SysBattery().charge().percent
    assert percent is not None
    assert is_so(f"Is it about {percent} per cent full?")
