"""The child process that speaks by pyttsx3; see `kith.drivers.pyttsx3_speech`.

Arguments: parent's pid, voice, words per minute. Each utterance is made in a fork of its own: an engine
that has once written a file goes on writing there, and one that hangs can only be killed. The file it
insists on is one in memory, so what was said is never on the disk.
"""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
import warnings
import wave
from collections.abc import Callable

from kith.drivers.speech_child import ChildEnd, Kind, die_with

RATE_HZ = 22_050
"""What pyttsx3 writes with espeak; a file of another rate is refused."""

MISSING = "pyttsx3 does not work here: pip install pyttsx3, and sudo apt-get install libespeak-ng1"

_POLL_S = 0.005
_FRAMES = 4096
_PRINTED_BYTES = 16_384


def main(arguments: list[str]) -> None:
    """Serve until the parent goes."""
    parent_pid, voice, words_per_minute = arguments
    end = ChildEnd(int(parent_pid))
    try:
        import pyttsx3  # noqa: F401  here once, so that the forks need not
    except ImportError:
        end.send(Kind.FAILED, 0, MISSING.encode())
        return
    settings = (voice, int(words_per_minute))
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123
        trouble = _in_fork(lambda: _write("a", nowhere.fileno(), *settings), lambda: True)
    if trouble is not None:
        end.send(Kind.FAILED, 0, f"{MISSING}; or it has no voice '{voice}'\n{trouble}".encode())
        return
    end.send(Kind.READY, 0, str(RATE_HZ).encode())
    while True:
        _say(end, settings)


def _say(end: ChildEnd, settings: tuple[str, int]) -> None:
    utterance, text = end.next_text()
    if not text.strip():
        # It asserts that there is a text.
        end.send(Kind.END, utterance)
        return
    file = os.memfd_create("utterance")
    try:
        trouble = _in_fork(lambda: _write(text, file, *settings), lambda: end.wanted(utterance))
        # What it printed may hold what was to be said, and that belongs in no log.
        reason = _stream(end, utterance, file) if trouble is None else "pyttsx3 failed"
    finally:
        os.close(file)
    if not end.wanted(utterance):
        return
    if reason:
        end.send(Kind.FAILED, utterance, reason.encode())
    else:
        end.send(Kind.END, utterance)


def _write(text: str, file: int, voice: str, words_per_minute: int) -> None:
    import pyttsx3

    engine = pyttsx3.init()
    finished: list[bool] = []
    errors: list[Exception] = []
    engine.connect("finished-utterance", lambda name, completed: finished.append(completed))
    engine.connect("error", lambda name, exception: errors.append(exception))
    engine.setProperty("voice", voice)
    engine.setProperty("rate", words_per_minute)
    engine.save_to_file(text, f"/proc/self/fd/{file}")
    engine.runAndWait()
    # runAndWait comes back while another thread still makes the sound.
    while not (finished or errors):
        time.sleep(_POLL_S)
    if errors:
        raise errors[0]


def _in_fork(job: Callable[[], object], wanted: Callable[[], bool]) -> str | None:
    """Run a job in a fork; killed when no longer wanted. None if it came to its end, else what it printed."""
    errors = os.memfd_create("errors")
    try:
        if _ended_well(job, wanted, errors):
            return None
        return os.pread(errors, _PRINTED_BYTES, 0).decode(errors="replace")
    finally:
        os.close(errors)


def _ended_well(job: Callable[[], object], wanted: Callable[[], bool], errors: int) -> bool:
    parent = os.getpid()
    with warnings.catch_warnings():
        # Python 3.12 and later warn of any fork beside a thread; ours only waits for the next text.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        status = 1
        try:
            os.dup2(errors, 2)
            die_with(parent)
            job()
            status = 0
        finally:
            # A fork must never return into its parent's code.
            if status:
                traceback.print_exc()
            os._exit(status)
    while True:
        done, result = os.waitpid(pid, os.WNOHANG)
        if done:
            return result == 0
        if not wanted():
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return False
        time.sleep(_POLL_S)


def _stream(end: ChildEnd, utterance: int, file: int) -> str:
    """Send the file's samples. Why not, or nothing."""
    try:
        with open(file, "rb", closefd=False) as stream, wave.open(stream) as sound:
            stream_format = (sound.getframerate(), sound.getnchannels(), sound.getsampwidth())
            if stream_format != (RATE_HZ, 1, 2):
                return "pyttsx3 wrote a file of another format"
            while end.wanted(utterance) and (samples := sound.readframes(_FRAMES)):
                end.send(Kind.SAMPLES, utterance, samples)
    except (OSError, EOFError, wave.Error) as error:
        return f"pyttsx3 wrote no sound: {error!r}"
    return ""


if __name__ == "__main__":
    main(sys.argv[1:])
