"""Every sound, to be learnt: none is left out, and each is what its table says."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import numpy as np
import pytest

from kith.announce import earcons
from kith.app.sounds import Sound, all_sounds, chosen, play
from kith.drivers.simulated_speech import SimulatedSpeech
from kith.errors import AudioFault, InputError
from kith.guard.ports import Level, Signal
from kith.guard.settings import SoundSettings
from kith.types import I16, SAMPLE_RATE_HZ, Earcon

DOC = (Path(__file__).parents[2] / "docs" / "spoken-interface.md").read_text(encoding="utf-8")
SETTINGS = SoundSettings()
SOUNDS = all_sounds(SETTINGS)


class Tape:
    """A sink that keeps all."""

    def __init__(self) -> None:
        self.blocks: list[I16] = []

    def write(self, block: I16) -> None:
        self.blocks.append(block)

    def close(self) -> None:
        pass


def sound(name: str, *, knee: bool = False) -> Sound:
    return [each for each in SOUNDS if each.name == name][knee]


def on_and_off_ms(samples: I16) -> list[tuple[float, float]]:
    """When it sounds, from and to."""
    loud = np.abs(samples[:, 0].astype(float)) > 300
    # Between two peaks of a wave it is silent for a moment.
    loud = np.convolve(loud, np.ones(45), mode="same") > 0
    edges = np.flatnonzero(np.diff(np.concatenate([[0], loud.astype(int), [0]]))) * 1000 / SAMPLE_RATE_HZ
    return [(float(on), float(off)) for on, off in zip(edges[::2], edges[1::2], strict=True)]


def pitch_hz(samples: I16, from_ms: float, to_ms: float) -> float:
    piece = samples[round(from_ms * 22.05) : round(to_ms * 22.05), 0].astype(float)
    spectrum = np.abs(np.fft.rfft(piece * np.hanning(len(piece)), 16 * len(piece)))
    return float(spectrum.argmax() * SAMPLE_RATE_HZ / (16 * len(piece)))


def test_no_sound_is_left_out() -> None:
    named = [each.name.replace("-", "_") for each in SOUNDS]
    assert set(named) == (
        {earcon.value for earcon in Earcon}
        | {level.name.lower() for level in Level if level}
        | {signal.value.replace("-", "_") for signal in Signal}
    )
    assert [named.count(level.name.lower()) for level in Level if level] == [2] * 4
    assert len({each.words for each in SOUNDS}) == len(SOUNDS)


def test_the_table_in_the_docs_is_what_is_played() -> None:
    table = DOC.partition("| sound | comes from | heard | said before it |\n")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| `(.+?)` \| (.+?) \| (.+?) \| (.+?) \|$", table, re.MULTILINE)
    assert rows == [(each.name, each.source, each.heard, each.words) for each in SOUNDS]


def test_the_earcons_are_described_as_where_they_are_made() -> None:
    for each in (each for each in SOUNDS if each.source == "speaker"):
        row = re.search(
            rf"^\| {each.name.replace('-', '_')} \| (.+?) \|", earcons.__doc__ or "", re.MULTILINE
        )
        assert row is not None
        assert row[1].startswith(each.heard.partition(",")[0]), each.name


def test_the_numbers_of_the_beeps_in_the_prose_are_the_settings() -> None:
    found = re.search(r"of (\d+) ms with gaps of (\d+), (\d+) and (\d+) ms, at (\d+) Hz .* and (\d+) Hz", DOC)
    assert found is not None
    assert [int(each) for each in found.groups()] == [
        SETTINGS.pulse_ms,
        SETTINGS.far_gap_ms,
        SETTINGS.middle_gap_ms,
        SETTINGS.near_gap_ms,
        SETTINGS.head_hz,
        SETTINGS.knee_hz,
    ]


@pytest.mark.parametrize("knee", [False, True])
@pytest.mark.parametrize(
    ("name", "gap_ms"),
    [("far", SETTINGS.far_gap_ms), ("middle", SETTINGS.middle_gap_ms), ("near", SETTINGS.near_gap_ms)],
)
def test_a_warning_is_pulses_of_its_pitch_with_its_gap(name: str, gap_ms: int, knee: bool) -> None:
    samples = sound(name, knee=knee).make()
    beeps = on_and_off_ms(samples)
    assert len(beeps) >= 4
    for (on, off), following in itertools.zip_longest(beeps, beeps[1:]):
        assert off - on == pytest.approx(SETTINGS.pulse_ms, abs=4)
        assert following is None or following[0] - off == pytest.approx(gap_ms, abs=4)
        expected = SETTINGS.knee_hz if knee else SETTINGS.head_hz
        assert pitch_hz(samples, on + 5, off - 5) == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize("knee", [False, True])
def test_contact_is_one_long_tone(knee: bool) -> None:
    samples = sound("contact", knee=knee).make()
    ((on, off),) = on_and_off_ms(samples)
    assert off - on == pytest.approx(1500, abs=5)
    assert pitch_hz(samples, on, off) == pytest.approx(
        SETTINGS.knee_hz if knee else SETTINGS.head_hz, rel=0.01
    )


def test_the_signals_differ_in_their_rhythm_from_each_other_and_from_the_warnings() -> None:
    def rhythm(name: str) -> tuple[int, ...]:
        return tuple(round((off - on) / 40) for on, off in on_and_off_ms(sound(name).make()))

    rhythms = {name: rhythm(name) for name in ("self-test", "blind", "dead")}
    assert rhythms == {"self-test": (2, 2, 8), "blind": (5, 2), "dead": (10, 10, 10)}


def test_changed_settings_are_heard() -> None:
    changed = all_sounds(SoundSettings(far_gap_ms=900, head_hz=3000))
    samples = changed[0].make()
    beeps = on_and_off_ms(samples)
    assert beeps[1][0] - beeps[0][1] == pytest.approx(900, abs=4)
    assert pitch_hz(samples, *beeps[0]) == pytest.approx(3000, rel=0.02)


def test_some_are_chosen_by_name_in_their_own_order() -> None:
    assert [each.name for each in chosen(SOUNDS, ["contact", "NEAR"])] == ["near", "contact"] * 2
    assert [each.name for each in chosen(SOUNDS, ["privacy_on", "privacy-off"])] == [
        "privacy-on",
        "privacy-off",
    ]
    assert chosen(SOUNDS, []) == SOUNDS
    with pytest.raises(InputError, match="there is no sound 'nearer'; there are: far, middle, near, contact"):
        chosen(SOUNDS, ["near", "nearer"])


def test_each_is_named_before_it_is_heard_and_scaled_by_the_volume() -> None:
    speech, tape, told = SimulatedSpeech(), Tape(), list[str]()
    two = (sound("far"), sound("press"))
    play(two, speech, tape, volume=0.5, tell=lambda each: told.append(each.name))
    assert told == ["far", "press"]
    assert speech.said == ["Obstacle, far.", "The press was felt."]
    assert max(len(block) for block in tape.blocks) <= SAMPLE_RATE_HZ // 100
    heard = np.concatenate(tape.blocks)
    beep = sound("far").make()
    quiet = np.rint(beep * 0.5).astype(np.int16)
    spoken_ms = on_and_off_ms(heard)[0][1]
    begin = round((spoken_ms + 250) * 22.05) - 60
    assert any((heard[begin + i : begin + i + len(quiet)] == quiet).all() for i in range(600))


def test_it_is_broken_off_within_a_block() -> None:
    class Impatient(Tape):
        def write(self, block: I16) -> None:
            super().write(block)
            if len(self.blocks) == 50:
                raise KeyboardInterrupt

    tape = Impatient()
    with pytest.raises(KeyboardInterrupt):
        play(SOUNDS, SimulatedSpeech(), tape, volume=1.0, tell=lambda each: None)
    assert len(tape.blocks) == 50


def test_a_voice_that_breaks_is_an_error_in_words() -> None:
    speech = SimulatedSpeech()
    speech.made = 3
    with pytest.raises(AudioFault, match="kith doctor"):
        play(SOUNDS, speech, Tape(), volume=1.0, tell=lambda each: None)
