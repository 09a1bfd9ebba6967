"""Names in noise: real ones of the synthetic voice, at known places."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from numpy.typing import NDArray

from kith.clock import NS_PER_MS, NS_PER_S, Tick
from kith.config import AnnounceSettings, NamingSettings
from kith.drivers.espeak import EspeakSpeech
from kith.errors import AudioUnavailable
from kith.interaction.messages import Captured
from kith.interaction.name_capture import LOUDNESS_DB, PEAK_DB, NameCapture, loudness_db
from kith.types import I16, SAMPLE_RATE_HZ, VoiceBlock

SETTINGS = NamingSettings()
BLOCK = 441
NAMES = ("Anna.", "Ben.", "Sophie.", "Kit.", "Christopher Smith.", "Hugh.", "Max.", "Frances.")
VOICES = ("en", "en-us", "de", "en+f3")
AT = round(0.9 * SAMPLE_RATE_HZ)
Sound = NDArray[np.float64]


@pytest.fixture(scope="module")
def voices() -> dict[tuple[str, str], I16]:
    """Every name in every voice, without the silence around it."""
    said: dict[tuple[str, str], I16] = {}
    for voice in VOICES:
        try:
            speech = EspeakSpeech(AnnounceSettings(voice=voice))
        except AudioUnavailable as error:
            pytest.skip(str(error))
        for name in NAMES:
            sound = speech.say(name).read(10**9, wait=True)
            loud = np.flatnonzero(np.abs(sound) > np.abs(sound).max() * 0.01)
            said[voice, name] = sound[loud[0] : loud[-1] + 1]
        speech.close()
    return said


def white(count: int, chance: np.random.Generator) -> Sound:
    return chance.normal(size=count)


def hum(count: int, chance: np.random.Generator) -> Sound:
    seconds = np.arange(count) / SAMPLE_RATE_HZ
    tones = sum(np.sin(2 * np.pi * 50 * order * seconds + order) / order for order in (1, 2, 3, 5, 9))
    return np.asarray(tones) + 0.02 * white(count, chance)


def traffic(count: int, chance: np.random.Generator) -> Sound:
    """Brown noise that swells by 6 dB in three seconds."""
    brown = np.cumsum(white(count + SAMPLE_RATE_HZ, chance))
    brown = (brown - np.convolve(brown, np.full(2205, 1 / 2205), "same"))[SAMPLE_RATE_HZ // 2 :][:count]
    swell = 10 ** (0.15 * np.sin(2 * np.pi * 0.3 * np.arange(count) / SAMPLE_RATE_HZ))
    return np.asarray((brown / brown.std() + 0.05 * white(count, chance)) * swell)


Noise = Callable[[int, np.random.Generator], Sound]
NOISES: list[tuple[Noise, float]] = [(white, 20), (hum, 0), (traffic, 5)]


def room(count: int, seed: int) -> Sound:
    """A quiet one, and a microphone with direct current."""
    return np.random.default_rng(seed).normal(0.0, 8.0, count) + 200.0


def scene(
    name: I16, *, noise: Noise | None = None, snr_db: float = 0.0, level_db: float = -26.0, seed: int = 1
) -> Sound:
    """A name at AT."""
    said = name * 10 ** ((level_db - loudness_db(name.astype(float))) / 20)
    sound = room(AT + len(name) + SAMPLE_RATE_HZ, seed)
    sound[AT : AT + len(name)] += said
    if noise is not None:
        steady = noise(len(sound), np.random.default_rng(seed))
        sound += steady / steady.std() * 32_768 * 10 ** ((level_db - snr_db) / 20)
    return sound


def click(sound: Sound, at: int) -> None:
    """The button, close to the microphone: 10 ms, louder than any name."""
    burst = np.random.default_rng(at).normal(size=220) * np.exp(-np.arange(220) / 40)
    sound[at : at + 220] += 32_768 * 0.3 * burst


def samples(sound: Sound) -> I16:
    return np.clip(np.rint(sound), -32_768, 32_767).astype(np.int16)


def listen(
    sound: I16, *, from_ms: float = SETTINGS.settle_ms, settings: NamingSettings = SETTINGS
) -> tuple[Captured | None, float]:
    """What a capture from 0 ms on makes of a sound that begins at from_ms, and how many ms it heard."""
    capture = NameCapture(settings)
    capture.begin(0)
    for end in range(BLOCK, len(sound) + 1, BLOCK):
        at_ns = round(from_ms * NS_PER_MS) + end * NS_PER_S // SAMPLE_RATE_HZ + 1
        captured = capture.step(VoiceBlock(samples=sound[end - BLOCK : end], at_ns=at_ns), at_ns)
        if captured is not None:
            assert capture.next_deadline_ns is None
            return captured, 1000 * end / SAMPLE_RATE_HZ
    return None, 0.0


def take_of(sound: Sound) -> I16:
    captured, _ = listen(samples(sound))
    assert captured is not None
    assert captured.recording is not None
    return captured.recording


def place_ms(take: I16, name: I16) -> tuple[float, float]:
    """How much of the take is before the name and after it; negative where a part of the name is missing."""
    padded = np.concatenate([np.zeros(len(name)), take, np.zeros(len(name))])
    size = 1 << (len(padded) + len(name)).bit_length()
    likeness = np.fft.irfft(np.fft.rfft(padded, size) * np.conj(np.fft.rfft(name.astype(float), size)))
    before = int(np.argmax(likeness[: len(padded) - len(name)])) - len(name)
    return 1000 * before / SAMPLE_RATE_HZ, 1000 * (len(take) - before - len(name)) / SAMPLE_RATE_HZ


def test_a_name_is_cut_out_whole_with_a_little_around_it(voices: dict[tuple[str, str], I16]) -> None:
    for name in voices.values():
        before_ms, after_ms = place_ms(take_of(scene(name)), name)
        assert 40 < before_ms < 120
        assert 40 < after_ms < 120


@pytest.mark.parametrize(("noise", "snr_db"), NOISES, ids=lambda value: getattr(value, "__name__", ""))
def test_in_noise_no_name_is_cut_off_by_more_than_its_softest_sounds(
    voices: dict[tuple[str, str], I16], noise: Noise, snr_db: float
) -> None:
    places = np.array(
        [
            place_ms(take_of(scene(name, noise=noise, snr_db=snr_db, seed=seed)), name)
            for seed, name in enumerate(voices.values())
        ]
    )
    assert places.min() > -30
    assert np.percentile(places, 95) < 500


def test_somebody_farther_off_is_not_taken_for_a_part_of_the_name(
    voices: dict[tuple[str, str], I16],
) -> None:
    babble = np.concatenate([voices["en-us", each].astype(float) for each in NAMES])
    for index, each in enumerate(NAMES):
        name = voices["de", each]
        around = np.roll(np.resize(babble, AT + len(name) + SAMPLE_RATE_HZ), 5000 * index)
        sound = scene(name) + around * 10 ** ((-26 - 20 - loudness_db(babble)) / 20)
        before_ms, after_ms = place_ms(take_of(sound), name)
        assert min(before_ms, after_ms) > -30
        assert max(before_ms, after_ms) < 500


def test_clicks_before_and_after_are_no_part_of_it(voices: dict[tuple[str, str], I16]) -> None:
    name = voices["en", "Anna."]
    sound = scene(name)
    for at in (500, AT - 4410, AT + len(name) + 5000):
        click(sound, at)
    before_ms, after_ms = place_ms(take_of(sound), name)
    assert 40 < before_ms < 120
    assert 40 < after_ms < 120


@pytest.mark.parametrize("noise", [None, white, hum, traffic])
@pytest.mark.parametrize("level_db", [-50.0, -20.0])
def test_silence_noise_and_clicks_are_no_name(noise: Noise | None, level_db: float) -> None:
    for seed in range(4):
        sound = room(6 * SAMPLE_RATE_HZ, seed)
        if noise is not None:
            steady = noise(len(sound), np.random.default_rng(seed))
            sound += steady / steady.std() * 32_768 * 10 ** (level_db / 20)
        for at in (4000, 30_000, 33_000, 60_000):
            click(sound, at)
        captured, heard_ms = listen(samples(sound))
        assert captured == Captured(recording=None)
        assert heard_ms == pytest.approx(SETTINGS.wait_ms, abs=400)
    assert listen(np.zeros(6 * SAMPLE_RATE_HZ, np.int16))[0] == Captured(recording=None)


def test_it_is_over_a_moment_of_silence_after_the_name(voices: dict[tuple[str, str], I16]) -> None:
    name = voices["en", "Christopher Smith."]
    _, heard_ms = listen(samples(scene(name)))
    end_ms = 1000 * (AT + len(name)) / SAMPLE_RATE_HZ
    assert end_ms + SETTINGS.silence_ms < heard_ms < end_ms + SETTINGS.silence_ms + 120


def test_what_has_no_end_is_cut_at_the_longest(voices: dict[tuple[str, str], I16]) -> None:
    name = voices["en", "Anna."]
    sound = room(8 * SAMPLE_RATE_HZ, 1)
    for at in range(AT, 7 * SAMPLE_RATE_HZ, len(name) + 4000):
        sound[at : at + len(name)] += name
    captured, heard_ms = listen(samples(sound))
    assert captured is not None
    assert captured.recording is not None
    assert len(captured.recording) / SAMPLE_RATE_HZ == pytest.approx(SETTINGS.longest_ms / 1000, abs=0.2)
    assert heard_ms == pytest.approx(900 + SETTINGS.longest_ms, abs=120)


def test_the_tone_on_its_way_is_no_name_and_a_name_right_after_it_is_whole(
    voices: dict[tuple[str, str], I16],
) -> None:
    name = voices["en", "Ben."]
    tone = 8000 * np.sin(2 * np.pi * 880 * np.arange(round(0.24 * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ)
    sound = room(2 * SAMPLE_RATE_HZ, 1)
    sound[: len(tone)] += tone
    at = round(0.35 * SAMPLE_RATE_HZ)
    sound[at : at + len(name)] += name
    captured, _ = listen(samples(sound), from_ms=0)
    assert captured is not None
    assert captured.recording is not None
    before_ms, after_ms = place_ms(captured.recording, name)
    assert 40 < before_ms < 110
    assert 40 < after_ms < 120


@pytest.mark.parametrize("level_db", [-45.0, -26.0, -12.0])
def test_a_take_is_as_loud_as_the_voice_whatever_it_was(
    voices: dict[tuple[str, str], I16], level_db: float
) -> None:
    for name in voices.values():
        take = take_of(scene(name, level_db=level_db)).astype(float)
        peak_db = 20 * np.log10(np.abs(take).max() / 32_768)
        assert peak_db < PEAK_DB + 0.1
        assert loudness_db(take) == pytest.approx(LOUDNESS_DB, abs=1.0) or peak_db > PEAK_DB - 0.1
        assert abs(take.mean()) < 30


def test_the_voice_itself_is_as_loud_as_that(voices: dict[tuple[str, str], I16]) -> None:
    levels = [loudness_db(sound.astype(float)) for (voice, _), sound in voices.items() if voice == "en"]
    assert np.median(levels) == pytest.approx(LOUDNESS_DB, abs=1.0)


def test_what_was_clipped_is_kept_and_not_made_louder(voices: dict[tuple[str, str], I16]) -> None:
    name = voices["en", "Anna."]
    loud = scene(name, level_db=0.0)
    assert (np.abs(loud) > 32_768).mean() > 0.02
    assert np.abs(take_of(loud).astype(int)).max() <= 32_768 * 10 ** (PEAK_DB / 20) + 1


def test_a_take_begins_and_ends_in_silence_and_is_read_only(voices: dict[tuple[str, str], I16]) -> None:
    for noise in (None, white):
        take = take_of(scene(voices["en", "Kit."], noise=noise, snr_db=10))
        assert np.abs(take[[0, -1]]).max() == 0
        assert not take.flags.writeable


def test_the_size_of_the_blocks_does_not_matter(voices: dict[tuple[str, str], I16]) -> None:
    sound = samples(scene(voices["en", "Anna."]))
    takes: list[I16] = []
    for size in (220, 441, 1100):
        capture = NameCapture(SETTINGS)
        capture.begin(0)
        for at in range(0, len(sound) - size, size):
            at_ns = NS_PER_S + (at + size) * NS_PER_S // SAMPLE_RATE_HZ
            captured = capture.step(VoiceBlock(samples=sound[at : at + size], at_ns=at_ns), at_ns)
            if captured is not None:
                assert captured.recording is not None
                takes.append(captured.recording)
                break
    assert len(takes) == 3
    for take in takes:
        assert abs(len(take) - len(takes[1])) <= SAMPLE_RATE_HZ // 50


def test_without_blocks_the_clock_ends_it_with_what_there_is(voices: dict[tuple[str, str], I16]) -> None:
    name = voices["en", "Anna."]
    sound = samples(scene(name))[: AT + len(name) + 4000]
    for part, there in ((sound[:AT], False), (sound, True)):
        capture = NameCapture(SETTINGS)
        assert capture.next_deadline_ns is None
        capture.begin(0)
        for at in range(0, len(part) - BLOCK, BLOCK):
            at_ns = NS_PER_S + at * NS_PER_S // SAMPLE_RATE_HZ
            assert capture.step(VoiceBlock(samples=part[at : at + BLOCK], at_ns=at_ns), at_ns) is None
        deadline_ns = capture.next_deadline_ns
        assert deadline_ns is not None
        assert capture.step(Tick(), deadline_ns - 1) is None
        captured = capture.step(Tick(), deadline_ns)
        assert captured is not None
        assert (captured.recording is not None) == there
        assert capture.step(Tick(), deadline_ns) is None


def test_a_second_capture_knows_nothing_of_the_first(voices: dict[tuple[str, str], I16]) -> None:
    capture = NameCapture(SETTINGS)
    sound = samples(scene(voices["en", "Anna."]))
    quiet = samples(room(5 * SAMPLE_RATE_HZ, 3))
    feed = partial(_feed, capture)
    capture.begin(0)
    assert feed(sound[: AT + 5000], 0) is None
    capture.begin(NS_PER_S * 10)
    assert feed(quiet, NS_PER_S * 11) == Captured(recording=None)
    assert feed(sound, NS_PER_S * 30) is None


def _feed(capture: NameCapture, sound: I16, from_ns: int) -> Captured | None:
    for at in range(0, len(sound) - BLOCK, BLOCK):
        at_ns = from_ns + NS_PER_S + at * NS_PER_S // SAMPLE_RATE_HZ
        captured = capture.step(VoiceBlock(samples=sound[at : at + BLOCK], at_ns=at_ns), at_ns)
        if captured is not None:
            return captured
    return None
