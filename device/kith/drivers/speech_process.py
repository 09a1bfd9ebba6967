"""A voice in a child process that may crash or hang: the parent's end."""

from __future__ import annotations

import collections
import io
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from kith.drivers.remote_utterance import RateChange, RemoteUtterance
from kith.drivers.speech_child import MAX_TEXT_BYTES, Frame, Kind, pack, read_frame
from kith.errors import AudioFault, AudioUnavailable

_log = logging.getLogger(__name__)

START_TIMEOUT_S = 10.0
HANG_TIMEOUT_S = 3.0
DEATHS_ALLOWED = 5
DEATHS_WINDOW_S = 60.0
_CLOSE_TIMEOUT_S = 0.5


class SpeechProcess:
    """`ports.Speech` by a module run as a child that speaks the frames of `speech_child`.

    A child that dies is replaced at once. What it was saying is handed to the new child if nothing of it
    was heard yet, else it is FAILED. A child that sends nothing for 3 s while it should speak is killed.
    After 5 deaths within a minute `say` raises AudioFault until the minute is over.
    """

    def __init__(self, module: str, arguments: Sequence[str], *, remedy: str, site: bool) -> None:
        """module: run with this process's pid and the arguments. remedy: what to do if it keeps dying.
        site: the child needs installed packages. Waits for the voice; raises AudioUnavailable."""
        isolation = ["-P"] if site else ["-P", "-S"]
        self._command = [sys.executable, *isolation, "-m", module, str(os.getpid()), *arguments]
        self._remedy = remedy
        self._changed = threading.Condition()
        self._child: subprocess.Popen[bytes] | None = None
        self._rate: RateChange | None = None
        self._current: RemoteUtterance | None = None
        self._count = 0
        self._deaths: collections.deque[float] = collections.deque(maxlen=DEATHS_ALLOWED)
        self._served = False
        self._told = ""
        self._reason = ""
        self._closing = False
        # The child dies with the thread that started it (PR_SET_PDEATHSIG): one thread starts them all.
        self._thread = threading.Thread(target=self._supervise, name="kith-voice", daemon=True)
        self._thread.start()
        self._await_first()

    @property
    def pid(self) -> int | None:
        """Of the child that speaks now; None while there is none."""
        with self._changed:
            return self._child.pid if self._child and self._rate else None

    def say(self, text: str) -> RemoteUtterance:
        """See `ports.Speech.say`."""
        with self._changed:
            if self._closing:
                raise AudioFault("the voice was closed; nothing can be said any more")
            if self._exhausted():
                raise AudioFault(
                    f"the voice died {DEATHS_ALLOWED} times within a minute ({self._reason}); {self._remedy}"
                )
            if self._current:
                self._current.forget()
            self._count += 1
            self._current = RemoteUtterance(
                self._count,
                _encode(text),
                hang_timeout_s=HANG_TIMEOUT_S,
                on_cancel=self._cancel,
                on_hang=self._hung,
            )
            if self._rate:
                self._send(pack(Kind.SAY, self._count, self._current.text))
            return self._current

    def close(self) -> None:
        """Let the child go; may be called twice."""
        with self._changed:
            self._closing = True
            if self._current:
                self._current.forget()
            if self._child and self._child.stdin:
                self._child.stdin.close()
            self._changed.notify_all()
        self._thread.join(_CLOSE_TIMEOUT_S)
        if self._thread.is_alive():
            self._kill()
            self._thread.join(_CLOSE_TIMEOUT_S)

    def crash(self, *, within_s: float) -> bool:
        """For a simulation of that fault: kill the child that speaks and wait until that is noticed.

        One that is only just starting is waited for. False: within these seconds there was none.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._rate or self._closing or self._exhausted(), within_s)
            child = self._child
            if not self._rate or not child:
                return False
            child.kill()
            return self._changed.wait_for(lambda: self._child is not child, within_s)

    # --- the thread that owns the children ---------------------------------------------------------

    def _supervise(self) -> None:
        while self._room_for_another():
            self._told = ""
            try:
                child = self._start()
            except OSError as error:
                self._bury(f"it cannot be started: {error.strerror}")
            else:
                self._listen(child)
                try:
                    child.wait(_CLOSE_TIMEOUT_S)
                except subprocess.TimeoutExpired:
                    # It sent what is no frame, or closed its output and lives on.
                    child.kill()
                    child.wait()
                self._bury(self._told or f"exit status {child.returncode}")

    def _room_for_another(self) -> bool:
        with self._changed:
            while not self._closing and self._exhausted():
                self._changed.wait(self._deaths[0] + DEATHS_WINDOW_S - time.monotonic())
            # One that never worked would not work the next time either.
            return not self._closing and (self._served or not self._deaths)

    def _start(self) -> subprocess.Popen[bytes]:
        roots = [str(Path(__file__).parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])]
        child = subprocess.Popen(
            self._command,
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(roots)},
            start_new_session=True,
        )
        assert child.stdin
        os.set_blocking(child.stdin.fileno(), False)
        with self._changed:
            self._child = child
            if self._closing:
                child.kill()
        return child

    def _listen(self, child: subprocess.Popen[bytes]) -> None:
        assert isinstance(child.stdout, io.RawIOBase)
        with io.BufferedReader(child.stdout, 65536) as stream:
            while (frame := read_frame(stream)) is not None:
                self._take(frame)

    def _take(self, frame: Frame) -> None:
        with self._changed:
            current = self._current if self._current and self._current.number == frame.utterance else None
            if frame.kind is Kind.READY:
                self._served = True
                self._rate = RateChange(int(frame.payload))
                self._changed.notify_all()
                if self._current and not self._current.settled:
                    self._send(pack(Kind.SAY, self._current.number, self._current.text))
            elif frame.kind is Kind.FAILED:
                reason = _reason(frame.payload)
                if frame.utterance == 0:
                    self._told = reason
                elif current:
                    _log.error("an utterance failed: %s", reason)
                    current.fail()
            elif current and self._rate and frame.kind is Kind.SAMPLES:
                current.add(self._rate.convert(frame.payload))
            elif current and frame.kind is Kind.END:
                current.end()

    def _bury(self, reason: str) -> None:
        with self._changed:
            self._reason = reason
            if self._child and self._child.stdin:
                self._child.stdin.close()
            self._child = self._rate = None
            self._changed.notify_all()
            if self._closing:
                return
            self._deaths.append(time.monotonic())
            if self._served:
                _log.error("the voice died: %s", reason)
            if self._current and (self._exhausted() or not self._current.try_again()):
                self._current.fail()

    # --- from any thread ---------------------------------------------------------------------------

    def _await_first(self) -> None:
        with self._changed:
            ready = self._changed.wait_for(lambda: self._rate or self._deaths, START_TIMEOUT_S)
            if self._rate:
                return
            reason = self._reason if ready else f"it said nothing for {START_TIMEOUT_S:.0f} s"
        self.close()
        raise AudioUnavailable(f"no voice: {reason}")

    def _exhausted(self) -> bool:
        full = len(self._deaths) == DEATHS_ALLOWED
        return full and time.monotonic() - self._deaths[0] < DEATHS_WINDOW_S

    def _send(self, message: bytes) -> None:
        """Called with the lock held."""
        if not self._child or not self._child.stdin or self._child.stdin.closed:
            return
        try:
            os.write(self._child.stdin.fileno(), message)
        except BlockingIOError:
            # It has not read 64 KiB of messages: it hangs.
            self._child.kill()
        except BrokenPipeError:
            _log.debug("the voice died before it took a message")

    def _cancel(self, number: int) -> None:
        with self._changed:
            self._send(pack(Kind.CANCEL, number))

    def _hung(self) -> None:
        _log.error("the voice sent nothing for %.0f s", HANG_TIMEOUT_S)
        self._kill()

    def _kill(self) -> None:
        with self._changed:
            if self._child:
                self._child.kill()


def _reason(payload: bytes) -> str:
    reason, _, details = payload.decode(errors="replace").partition("\n")
    if details:
        _log.debug("%s", details)
    return reason


def _encode(text: str) -> bytes:
    encoded = text.encode(errors="replace")
    if len(encoded) <= MAX_TEXT_BYTES:
        return encoded
    _log.warning("a text of %d bytes is too long to say: cut to %d", len(encoded), MAX_TEXT_BYTES)
    return encoded[:MAX_TEXT_BYTES].decode(errors="ignore").encode()
