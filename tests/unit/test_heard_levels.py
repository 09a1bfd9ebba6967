"""What the check of a recorded enrollment measures, on sounds made here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from demo import levels
from demo.cutting import Told, cut_enrollment, read_events, read_sound
from demo.heard import Line, Report, describe, problems
from demo.levels import Heard
from demo.recognised import all_lines, found_of, words_of
from kith.announce.earcons import EarconBank
from kith.errors import InputError
from kith.types import I16, SAMPLE_RATE_HZ, Earcon, Tone

SECOND = SAMPLE_RATE_HZ


def noise(length: int, level: float = 2000, seed: int = 0) -> I16:
    """Alike on both sides, as a voice is: i16[n, 2]."""
    mono = np.random.default_rng(seed).normal(0, level, length).clip(-30_000, 30_000).astype(np.int16)
    return np.column_stack([mono, mono])


def with_tones(sound: I16, pans: tuple[float, ...], pitch_hz: float = 600.0) -> I16:
    """Four a second, as the viewfinder has them."""
    mix = sound.astype(np.int32)
    for number, pan in enumerate(pans):
        tone = EarconBank().tone(Tone(pitch_hz=pitch_hz, pan=pan, duration_ms=60))
        at = SECOND // 10 + number * SECOND // 4
        mix[at : at + len(tone)] += tone
    return np.clip(mix, -32768, 32767).astype(np.int16)


def test_tones_are_found_by_side_and_pitch_beneath_a_voice() -> None:
    found = levels.tones_from_a_side(with_tones(noise(2 * SECOND), (-0.5, -0.2, 0.3, 0.9)))
    assert [round(tone.at_s, 1) for tone in found] == [0.1, 0.3, 0.6, 0.8]
    assert [tone.side_db < 0 for tone in found] == [True, True, False, False]
    assert found[0].side_db < found[1].side_db < found[2].side_db < found[3].side_db
    assert all(abs(tone.pitch_hz - 600) < 10 for tone in found)


def test_without_tones_there_are_none_and_a_voice_is_left_as_it_was() -> None:
    voice = noise(2 * SECOND)
    assert levels.tones_from_a_side(voice) == []
    assert np.array_equal(levels.without_tones(voice), voice[:, 0])


def test_tones_are_taken_away_from_a_voice() -> None:
    voice = noise(2 * SECOND)
    both = with_tones(voice, (-0.5, 0.02, 0.3, 0.9))
    left_over = levels.without_tones(both).astype(float) - voice[:, 0]
    before = levels.mono_of(both).astype(float) - voice[:, 0]
    assert np.sqrt((left_over**2).mean()) < 0.1 * np.sqrt((before**2).mean())


def test_a_piece_is_like_itself_however_loud_and_not_like_another() -> None:
    sound, other = noise(SECOND)[:, 0], noise(SECOND, seed=1)[:, 0]
    piece = (sound[5000:9000] // 3).astype(np.int16)
    assert levels.likeness(piece, sound) > 0.999
    assert levels.likeness(piece, other) < 0.1
    assert levels.likeness(sound, piece) == 0.0
    assert levels.first_like(piece, sound, 0.9) == 5000
    assert levels.first_like(piece, other, 0.9) is None


def test_a_part_of_the_prompt_in_a_name_is_found() -> None:
    prompt, name = noise(SECOND)[:, 0], noise(SECOND // 2, seed=1)[:, 0]
    part_s = 0.1
    assert levels.likest_part(name, prompt, part_s) < 0.2
    spoilt = np.concatenate([prompt[-SECOND // 4 :], name])
    assert levels.likest_part(spoilt, prompt, part_s) > 0.99


def test_loudness_leaves_the_pauses_out() -> None:
    voice = noise(SECOND)[:, 0]
    pause = np.zeros(3 * SECOND, np.int16)
    assert levels.rms_of_speech(np.concatenate([pause, voice, pause])) == pytest.approx(2000, rel=0.05)
    assert levels.rms_of_speech(pause) == 0.0
    assert levels.dbfs(32768) == 0.0
    loud = np.array([[32767, -32768], [5, 32766]], np.int16)
    assert levels.clipped_in(loud) == 2
    assert levels.peak_of(loud) == 32768


def told(t_s: float, event: str, text: str = "", **fields: object) -> Told:
    return {"t_s": t_s, "event": event, "text": text, **fields}


EVENTS = [
    told(0.5, "announcement", "Kith is ready. Nobody known yet."),
    told(2.0, "button", "double"),
    told(2.0, "enrolling"),
    told(2.0, "announcement", "Looking for a face to remember."),
    told(5.0, "enrolled", person="person 1"),
    told(5.0, "announcement", "person 1 is remembered."),
    told(7.0, "announcement", "Nobody I know."),
]


def test_an_enrollment_is_cut_from_its_press_to_its_last_word(tmp_path: Path) -> None:
    sound = np.zeros((9 * SECOND, 2), np.int16)
    sound[5 * SECOND : 6 * SECOND] = 3000
    sound[7 * SECOND :] = 3000
    cut = cut_enrollment(sound, EVENTS)
    assert cut.length_s == pytest.approx(6.3 - 1.1, abs=0.01)
    assert [(event["t_s"], event["event"]) for event in cut.events] == [
        (0.9, "button"),
        (0.9, "enrolling"),
        (0.9, "announcement"),
        (3.9, "enrolled"),
        (3.9, "announcement"),
    ]
    assert levels.peak_of(cut.sound[: round(3.8 * SECOND)]) == 0
    cut.save(tmp_path / "a.wav", tmp_path / "a.jsonl")
    assert np.array_equal(read_sound(tmp_path / "a.wav"), cut.sound)
    assert read_events(tmp_path / "a.jsonl") == list(cut.events)


def test_where_nobody_was_remembered_there_is_nothing_to_cut(tmp_path: Path) -> None:
    sound = np.zeros((9 * SECOND, 2), np.int16)
    with pytest.raises(InputError, match="nobody was remembered"):
        cut_enrollment(sound, [event for event in EVENTS if event["event"] != "enrolled"])
    (tmp_path / "torn.wav").write_bytes(b"RIFF")
    with pytest.raises(InputError, match=r"torn\.wav"):
        read_sound(tmp_path / "torn.wav")
    with pytest.raises(InputError, match=r"torn\.wav"):
        read_events(tmp_path / "torn.wav" / "no-folder")


SAID = ("and", "to", "your", "right")
GOOD = Report(
    length_s=19.0,
    peak=20_000,
    clipped=0,
    lines=(Line(from_s=0.5, to_s=2.0, said=SAID, heard=SAID, rms=2500.0),),
    tones=(Heard(at_s=0.6, pitch_hz=500.0, side_db=-5.0),),
    wrong_share=0.0,
    listening_peak=0,
    played=(1.0, 0.99),
    prompted=0.3,
)
LOUD = replace(GOOD.lines[0], rms=20_000.0)
MISTAKEN = replace(GOOD.lines[0], heard=("obstacle",))
PARTLY = replace(GOOD.lines[0], heard=SAID[:3])
SPOILS: list[tuple[Callable[[Report], Report], str]] = [
    (lambda report: replace(report, lines=()), "nothing is said"),
    (lambda report: replace(report, clipped=3), "3 samples are clipped"),
    (lambda report: replace(report, lines=(*report.lines, LOUD)), "not equally loud"),
    (lambda report: replace(report, lines=(LOUD,)), "too quiet or too loud"),
    (lambda report: replace(report, listening_peak=500), "not silent while the name was said"),
    (lambda report: replace(report, lines=(*report.lines, MISTAKEN)), "too few of the words"),
    (lambda report: replace(report, lines=(*report.lines, PARTLY)), "taken for others"),
    (lambda report: replace(report, wrong_share=0.6), "not said was found"),
    (lambda report: replace(report, tones=()), "no tone of the viewfinder"),
    (lambda report: replace(report, played=()), "never played"),
    (lambda report: replace(report, played=(1.0, 0.2)), "not in it where it is played"),
    (lambda report: replace(report, prompted=0.9), "something of the prompt"),
]


def test_a_good_recording_has_no_problem_and_is_described() -> None:
    assert problems(GOOD) == []
    text = "\n".join(describe(GOOD))
    assert "100% of 4 words, 1 of 1 lines whole" in text
    assert "1 tones from the left, 0 from the right, 500 to 500 Hz" in text


@pytest.mark.parametrize(("spoil", "words"), SPOILS, ids=[words for _, words in SPOILS])
def test_each_problem_is_told(spoil: Callable[[Report], Report], words: str) -> None:
    assert any(words in problem for problem in problems(spoil(GOOD)))


def test_words_are_counted_in_their_order() -> None:
    said = words_of("Double tap: yes. Tap: no.")
    assert said == ("double", "tap", "yes", "tap", "no")
    assert found_of(said, said) == 5
    assert found_of(said, ("tap", "no", "double")) == 2
    assert found_of(said, ()) == 0


def test_every_line_of_kith_is_among_those_that_may_be_heard() -> None:
    lines = all_lines(["Grace"])
    assert words_of("May I remember this face? Double tap: yes. Tap: no.") in lines
    assert lines[words_of("Grace is remembered.")].sound is Earcon.SUCCESS
    assert words_of("Too dark to see.") in lines
    assert len(lines) > 60
