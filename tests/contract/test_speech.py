"""One contract for all voices: espeak-ng's two libraries, pyttsx3 and the simulated twin; and what a voice
in a child process owes when that dies or hangs."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from kith.config import AnnounceSettings
from kith.drivers import speech as speech_choice
from kith.drivers import speech_process
from kith.drivers.espeak import SYSTEM_LIBRARY, EspeakLibrary, EspeakSpeech, find_libraries
from kith.drivers.pyttsx3_speech import Pyttsx3Speech
from kith.drivers.simulated_speech import SimulatedSpeech
from kith.drivers.speech import open_speech
from kith.drivers.speech_child import MAX_TEXT_BYTES
from kith.drivers.speech_process import DEATHS_ALLOWED, SpeechProcess
from kith.errors import AudioFault, AudioUnavailable
from kith.ports import Speech, UtteranceState
from kith.types import I16, SAMPLE_RATE_HZ

SETTINGS = AnnounceSettings()
WHOLE = 10**9
PATIENCE_S = 20.0


def espeak_system() -> Speech:
    return EspeakSpeech(SETTINGS, [SYSTEM_LIBRARY])


def espeak_wheel() -> Speech:
    return EspeakSpeech(SETTINGS, [library for library in find_libraries() if library != SYSTEM_LIBRARY])


def pyttsx3() -> Speech:
    return Pyttsx3Speech(SETTINGS)


CHILDREN = [espeak_system, espeak_wheel, pyttsx3]


@contextlib.contextmanager
def opened(make: Callable[[], Speech]) -> Iterator[Speech]:
    try:
        voice = make()
    except AudioUnavailable as error:
        pytest.skip(str(error))
    try:
        yield voice
    finally:
        voice.close()


@pytest.fixture(params=[*CHILDREN, SimulatedSpeech], ids=lambda make: make.__name__)
def speech(request: pytest.FixtureRequest) -> Iterator[Speech]:
    with opened(request.param) as voice:
        yield voice


@pytest.fixture(params=CHILDREN, ids=lambda make: make.__name__)
def child(request: pytest.FixtureRequest) -> Iterator[SpeechProcess]:
    with opened(request.param) as voice:
        assert isinstance(voice, SpeechProcess)
        yield voice


# --- every voice ------------------------------------------------------------------------------------


def test_a_text_becomes_sound_of_its_length_and_ends(speech: Speech) -> None:
    utterance = speech.say("Anna, left, two metres.")
    states = [utterance.state]
    sound = utterance.read(WHOLE, wait=True)
    assert sound.dtype == np.int16
    assert sound.ndim == 1
    assert 0.8 < len(sound) / SAMPLE_RATE_HZ < 4.0
    assert rms(sound) > 1000
    states.append(utterance.state)
    assert states == [UtteranceState.SPEAKING, UtteranceState.DONE]
    assert len(utterance.read(10, wait=True)) == 0
    assert len(utterance.read(10, wait=False)) == 0


def test_longer_texts_are_longer(speech: Speech) -> None:
    short = len(speech.say("Ben.").read(WHOLE, wait=True))
    long = len(speech.say("Ben, right, one metre, and one other.").read(WHOLE, wait=True))
    assert long > 2 * short


def test_waiting_gives_whole_blocks_until_the_end(speech: Speech) -> None:
    utterance = speech.say("Nobody I know.")
    lengths = []
    while utterance.state is UtteranceState.SPEAKING:
        lengths.append(len(utterance.read(220, wait=True)))
    assert set(lengths[:-1]) == {220}
    assert sum(lengths) > SAMPLE_RATE_HZ // 3


def test_without_waiting_it_gives_what_is_there(speech: Speech) -> None:
    utterance = speech.say("Nobody I know.")
    total, end_s = 0, time.monotonic() + PATIENCE_S
    while utterance.state is UtteranceState.SPEAKING and time.monotonic() < end_s:
        block = utterance.read(220, wait=False)
        assert len(block) <= 220
        total += len(block)
    assert utterance.state is UtteranceState.DONE
    assert total > SAMPLE_RATE_HZ // 3


def test_a_new_text_cancels_the_last(speech: Speech) -> None:
    first = speech.say("This is never heard to its end. " * 20)
    first.read(1, wait=True)
    second = speech.say("Ben.")
    assert len(first.read(WHOLE, wait=False)) == 0
    assert first.state is UtteranceState.DONE
    sound = second.read(WHOLE, wait=True)
    assert 0.1 < len(sound) / SAMPLE_RATE_HZ < 1.5
    assert second.state is UtteranceState.DONE


def test_cancel_forgets_the_rest_and_can_be_repeated(speech: Speech) -> None:
    utterance = speech.say("This is never heard to its end. " * 20)
    utterance.read(1, wait=True)
    for _ in range(2):
        utterance.cancel()
        assert len(utterance.read(WHOLE, wait=True)) == 0
        assert utterance.state is UtteranceState.DONE
    assert rms(speech.say("Ben.").read(WHOLE, wait=True)) > 1000
    utterance.cancel()


def test_odd_texts_end_without_harm(speech: Speech) -> None:
    for text in ("", "   ", "\0", "a\0b", "<b>&amp;</b> [[x]]", "Žofie 张伟 🙂", "\ud800", "-v de"):
        utterance = speech.say(text)
        utterance.read(WHOLE, wait=True)
        assert utterance.state is UtteranceState.DONE, text
    assert rms(speech.say("Ben.").read(WHOLE, wait=True)) > 1000


def test_a_closed_voice_says_nothing_more(speech: Speech) -> None:
    utterance = speech.say("Anna")
    speech.close()
    speech.close()
    assert len(utterance.read(WHOLE, wait=True)) == 0
    with pytest.raises(AudioFault):
        speech.say("Ben")


# --- voices in a child process ------------------------------------------------------------------------


def test_a_killed_child_is_replaced(child: SpeechProcess) -> None:
    first = pid_of(child)
    os.kill(first, signal.SIGKILL)
    await_other_pid(child, first)
    utterance = child.say("Ben.")
    assert rms(utterance.read(WHOLE, wait=True)) > 1000
    assert utterance.state is UtteranceState.DONE


def test_what_was_not_begun_when_the_child_died_is_said_by_the_next(child: SpeechProcess) -> None:
    first = pid_of(child)
    os.kill(first, signal.SIGSTOP)
    utterance = child.say("Ben.")
    os.kill(first, signal.SIGKILL)
    assert rms(utterance.read(WHOLE, wait=True)) > 1000
    assert utterance.state is UtteranceState.DONE
    assert pid_of(child) != first


def test_a_stopped_child_ends_in_failed_and_is_replaced(
    child: SpeechProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speech_process, "HANG_TIMEOUT_S", 0.3)
    first = pid_of(child)
    os.kill(first, signal.SIGSTOP)
    utterance = child.say("Ben.")
    assert len(utterance.read(WHOLE, wait=True)) == 0
    assert utterance.state is UtteranceState.FAILED
    monkeypatch.setattr(speech_process, "HANG_TIMEOUT_S", PATIENCE_S)
    await_other_pid(child, first)
    assert rms(child.say("Ben.").read(WHOLE, wait=True)) > 1000


def test_two_crashes_on_end_are_two_deaths(child: SpeechProcess) -> None:
    assert child.crash(within_s=PATIENCE_S)
    assert child.crash(within_s=PATIENCE_S)
    assert len(child._deaths) == 2
    assert rms(child.say("Ben.").read(WHOLE, wait=True)) > 1000
    child.close()
    assert not child.crash(within_s=PATIENCE_S)


def test_close_also_ends_a_stopped_child(child: SpeechProcess) -> None:
    pid = pid_of(child)
    os.kill(pid, signal.SIGSTOP)
    child.close()
    await_gone(pid)


@pytest.mark.parametrize("stopped", [False, True])
def test_the_child_dies_with_its_parent(stopped: bool) -> None:
    program = (
        "import time; from kith.config import AnnounceSettings as Settings; "
        "from kith.drivers.espeak import EspeakSpeech; "
        "print(EspeakSpeech(Settings()).pid, flush=True); time.sleep(60)"
    )
    with opened(lambda: EspeakSpeech(SETTINGS)):
        pass
    parent = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, env=environment()
    )
    assert parent.stdout
    pid = int(parent.stdout.readline())
    if stopped:
        os.kill(pid, signal.SIGSTOP)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    await_gone(pid)


def test_too_long_a_text_is_cut() -> None:
    with opened(lambda: EspeakSpeech(SETTINGS)) as voice:
        utterance = voice.say("žž " * MAX_TEXT_BYTES)
        assert rms(utterance.read(SAMPLE_RATE_HZ, wait=True)) > 1000
        utterance.cancel()
        assert rms(voice.say("Ben.").read(WHOLE, wait=True)) > 1000


def test_killed_in_the_middle_it_failed_and_the_next_is_said() -> None:
    with opened(lambda: EspeakSpeech(SETTINGS)) as voice:
        assert isinstance(voice, EspeakSpeech)
        utterance = voice.say("This takes much longer to make than it takes to kill. " * 70)
        assert len(utterance.read(100, wait=True)) == 100
        os.kill(pid_of(voice), signal.SIGKILL)
        utterance.read(WHOLE, wait=True)
        assert utterance.state is UtteranceState.FAILED
        assert rms(voice.say("Ben.").read(WHOLE, wait=True)) > 1000


def test_the_children_load_nothing_heavy() -> None:
    program = (
        "import sys; import kith.drivers.espeak_child, kith.drivers.pyttsx3_child; "
        "heavy = {'numpy', 'cv2', 'pyttsx3', 'dataclasses', 'logging'}; print(*heavy & set(sys.modules))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], env=environment(), capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == ""


# --- start -------------------------------------------------------------------------------------------


def test_without_a_library_it_says_how_to_get_one() -> None:
    with pytest.raises(AudioUnavailable, match="sudo apt-get install libespeak-ng1"):
        EspeakSpeech(SETTINGS, [EspeakLibrary(path="libnone.so.1")])


def test_a_library_without_its_data_says_so(tmp_path: Path) -> None:
    with opened(lambda: EspeakSpeech(SETTINGS, [SYSTEM_LIBRARY])):
        pass
    with pytest.raises(AudioUnavailable, match="sudo apt-get install espeak-ng-data"):
        EspeakSpeech(SETTINGS, [EspeakLibrary(path=SYSTEM_LIBRARY.path, data=tmp_path)])


def test_the_next_library_serves_when_the_first_does_not() -> None:
    with opened(
        lambda: EspeakSpeech(SETTINGS, [EspeakLibrary(path="libnone.so.1"), *find_libraries()])
    ) as voice:
        assert rms(voice.say("Ben.").read(WHOLE, wait=True)) > 1000


@pytest.mark.parametrize("make", [EspeakSpeech, Pyttsx3Speech])
def test_an_unknown_voice_is_refused_by_name(make: type[SpeechProcess]) -> None:
    with opened(lambda: make(SETTINGS)):  # type: ignore[call-arg, arg-type]
        pass
    with pytest.raises(AudioUnavailable, match="xx-none"):
        make(AnnounceSettings(voice="xx-none"))  # type: ignore[call-arg, arg-type]


def test_what_pyttsx3_prints_when_it_fails_stays_off_the_terminal(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("pyttsx3")
    caplog.set_level("DEBUG")
    with pytest.raises(AudioUnavailable) as told:
        Pyttsx3Speech(AnnounceSettings(voice="xx-none"))
    assert "\n" not in str(told.value)
    assert "Traceback" in caplog.text
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("voice", ["en-gb", "de", "English (America)"])
def test_voices_are_found_by_language_and_by_name(voice: str) -> None:
    with opened(lambda: EspeakSpeech(SETTINGS)):
        pass
    with opened(lambda: EspeakSpeech(AnnounceSettings(voice=voice))) as speech:
        assert rms(speech.say("Ben.").read(WHOLE, wait=True)) > 1000


def test_more_words_a_minute_are_spoken_faster() -> None:
    lengths = []
    for speed in (90, 175, 350):
        with opened(lambda: EspeakSpeech(AnnounceSettings(words_per_minute=speed))) as speech:  # noqa: B023
            lengths.append(len(speech.say("Anna, left, two metres.").read(WHOLE, wait=True)))
    assert lengths[0] > 1.4 * lengths[1] > 1.4 * 1.4 * lengths[2]


def test_espeak_is_chosen_first_then_pyttsx3_then_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(lambda: open_speech(SETTINGS)) as voice:
        assert isinstance(voice, EspeakSpeech)

    def missing(settings: AnnounceSettings) -> EspeakSpeech:
        return EspeakSpeech(settings, [])

    monkeypatch.setattr(speech_choice, "EspeakSpeech", missing)
    with opened(pyttsx3), opened(lambda: open_speech(SETTINGS)) as voice:
        assert isinstance(voice, Pyttsx3Speech)
    with pytest.raises(AudioUnavailable, match="libespeak-ng is missing"):
        open_speech(AnnounceSettings(voice="xx-none"))


# --- children that go wrong on purpose ------------------------------------------------------------------


@pytest.fixture
def troubled(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], SpeechProcess]]:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    voices = []

    def make(trouble: str) -> SpeechProcess:
        voices.append(SpeechProcess("voice_children", [trouble], remedy="mend it", site=False))
        return voices[-1]

    yield make
    for voice in voices:
        voice.close()


def test_death_after_the_first_samples_is_failed_and_not_said_again(
    troubled: Callable[[str], SpeechProcess],
) -> None:
    voice = troubled("dies")
    utterance = voice.say("ill")
    utterance.read(WHOLE, wait=True)
    assert utterance.state is UtteranceState.FAILED
    assert len(voice.say("well").read(WHOLE, wait=True)) == 500


def test_a_text_that_kills_every_child_is_tried_twice_only(troubled: Callable[[str], SpeechProcess]) -> None:
    voice = troubled("silent")
    utterance = voice.say("poison")
    assert len(utterance.read(WHOLE, wait=True)) == 0
    assert utterance.state is UtteranceState.FAILED
    assert len(voice._deaths) == 2


@pytest.mark.parametrize("trouble", ["hangs", "babbles"])
def test_a_child_that_hangs_or_babbles_after_the_first_samples(
    troubled: Callable[[str], SpeechProcess], monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    monkeypatch.setattr(speech_process, "HANG_TIMEOUT_S", 0.3)
    voice = troubled(trouble)
    utterance = voice.say("ill")
    assert len(utterance.read(500, wait=True)) == 500
    assert len(utterance.read(500, wait=True)) == 0
    assert utterance.state is UtteranceState.FAILED
    monkeypatch.setattr(speech_process, "HANG_TIMEOUT_S", PATIENCE_S)
    assert len(voice.say("well").read(WHOLE, wait=True)) == 500


def test_frames_of_a_cancelled_utterance_are_dropped(troubled: Callable[[str], SpeechProcess]) -> None:
    voice = troubled("late")
    for _ in range(5):
        utterance = voice.say("well")
        assert len(utterance.read(WHOLE, wait=True)) == 500
        assert utterance.state is UtteranceState.DONE


def test_a_refused_text_is_failed_and_the_child_lives(troubled: Callable[[str], SpeechProcess]) -> None:
    voice = troubled("well")
    before = pid_of(voice)
    utterance = voice.say("refuse")
    utterance.read(WHOLE, wait=True)
    assert utterance.state is UtteranceState.FAILED
    assert len(voice.say("well").read(WHOLE, wait=True)) == 500
    assert pid_of(voice) == before


def test_a_voice_that_keeps_dying_is_a_fault_until_the_minute_is_over(
    troubled: Callable[[str], SpeechProcess], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speech_process, "DEATHS_WINDOW_S", 3.0)
    voice = troubled("well")
    pid = 0
    for number in range(DEATHS_ALLOWED):
        pid = await_other_pid(voice, pid)
        os.kill(pid, signal.SIGKILL)
        until(lambda expected=number + 1: len(voice._deaths) == expected)  # type: ignore[misc]
    with pytest.raises(AudioFault, match="mend it"):
        voice.say("well")
    await_other_pid(voice, pid)
    assert len(voice.say("well").read(WHOLE, wait=True)) == 500


def test_a_voice_that_never_gets_ready_is_unavailable(
    troubled: Callable[[str], SpeechProcess], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speech_process, "START_TIMEOUT_S", 0.5)
    with pytest.raises(AudioUnavailable, match="said nothing"):
        troubled("never-ready")


def test_a_child_that_cannot_be_run_is_unavailable() -> None:
    with pytest.raises(AudioUnavailable, match="exit status 1"):
        SpeechProcess("kith.drivers.no_such_child", [], remedy="", site=False)


# --- helpers -----------------------------------------------------------------------------------------------


def rms(sound: I16) -> float:
    return float(np.sqrt((sound.astype(float) ** 2).mean())) if len(sound) else 0.0


def environment() -> dict[str, str]:
    root = str(Path(speech_process.__file__).parents[2])
    return os.environ | {"PYTHONPATH": root}


def until(true: Callable[[], object]) -> None:
    end_s = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end_s, "waited in vain"
        time.sleep(0.01)


def pid_of(voice: SpeechProcess) -> int:
    until(lambda: voice.pid)
    return voice.pid or 0


def await_other_pid(voice: SpeechProcess, before: int) -> int:
    until(lambda: voice.pid not in (None, before))
    return voice.pid or 0


def await_gone(pid: int) -> None:
    def gone() -> bool:
        status = Path(f"/proc/{pid}/stat")
        return not status.exists() or status.read_text().rpartition(")")[2].split()[0] == "Z"

    until(gone)
