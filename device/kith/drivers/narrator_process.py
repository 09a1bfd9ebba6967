"""A narrator in a child process, started when asked and gone with its answer: the parent's end."""

from __future__ import annotations

import functools
import json
import logging
import os
import select
import subprocess
import sys
import threading
import time
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kith.ports import Narration, NarrationEnd, Subject

_LOG = logging.getLogger(__name__)

_NICE = 10
"""Beside it a thread of usual priority gets nine tenths of a core: perception and sound go on."""
_GRACE_S = 5.0
"""So much later than the child's own deadline it is killed. A slow board takes seconds to start one."""
_LONGEST_LINE = 1 << 16
_LONGEST_ANSWER = 1 << 20
"""Bytes of lines. A child that sends more than any text to be read aloud has gone wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a child is handed. header: values that JSON has; picture: as the two ends agree."""

    header: Mapping[str, Any]
    picture: bytes


class NarratorProcess:
    """`ports.Narrator` by a module that is run as a child, whose end is `narrator_child.NarratorEnd`.

    A child that dies before its end, or sends what is no news, ends in FAILED; one that is there after its
    deadline in TOO_SLOW. Between narrations there is no child and no thread.
    """

    def __init__(
        self,
        module: str,
        prepare: Callable[[Subject], Request | NarrationEnd],
        *,
        longest_s: float,
        site: bool,
    ) -> None:
        """module: run with this process's pid. prepare: makes the request, in a thread of its own, or says
        why there is none. longest_s: the child's own deadline. site: the child needs installed packages."""
        isolation = ["-P"] if site else ["-P", "-S"]
        self._command = [sys.executable, *isolation, "-m", module, str(os.getpid())]
        self._prepare, self._longest_s = prepare, longest_s
        self._running: _Running | None = None
        self._lock = threading.Lock()

    @property
    def pid(self) -> int | None:
        """Of the child that is at work; None while there is none."""
        running = self._running
        return running.pid if running else None

    def begin(self, number: int, subject: Subject, on_news: Callable[[Narration], None]) -> None:
        """See `ports.Narrator.begin`."""
        running = _Running(number, on_news)
        self._replace(running)
        # The child dies with the thread that started it (PR_SET_PDEATHSIG), so that thread waits for it.
        work = functools.partial(self._narrate, running, subject)
        threading.Thread(target=work, name="kith-narrator", daemon=True).start()

    def cancel(self) -> None:
        """See `ports.Narrator.cancel`. The child is killed at once, also while it is being started."""
        self._replace(None)

    def _replace(self, running: _Running | None) -> None:
        with self._lock:
            last, self._running = self._running, running
        if last:
            last.forget()

    def _narrate(self, running: _Running, subject: Subject) -> None:
        end = NarrationEnd.FAILED
        try:
            request = self._prepare(subject)
            if isinstance(request, NarrationEnd):
                end = request
            else:
                end = running.run(self._command, request, self._longest_s + _GRACE_S)
        finally:
            running.finish(end)


class _Running:
    """One narration: its child, and whether anybody still wants to hear of it."""

    def __init__(self, number: int, on_news: Callable[[Narration], None]) -> None:
        self._number, self._on_news = number, on_news
        # Whoever is told may cancel from within the news.
        self._lock = threading.RLock()
        self._wanted = True
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Of the child, until it was reaped."""
        with self._lock:
            return self._child.pid if self._child and self._child.returncode is None else None

    def forget(self) -> None:
        """No news after this, and the child is killed."""
        with self._lock:
            self._wanted = False
            if self._child:
                self._child.kill()

    def finish(self, end: NarrationEnd) -> None:
        """Tell the end; the child has gone then, or is about to."""
        with self._lock:
            if self._child:
                self._child.kill()
        self._tell(Narration(number=self._number, end=end))
        if self._child:
            self._child.wait()

    def run(self, command: list[str], request: Request, longest_s: float) -> NarrationEnd:
        """Have a child answer a request, and tell its words; how it ended."""
        deadline_s = time.monotonic() + longest_s
        news, theirs = os.pipe()
        try:
            try:
                started = self._start(command, request, theirs)
            finally:
                os.close(theirs)
            return self._listen(news, deadline_s) if started else NarrationEnd.FAILED
        finally:
            os.close(news)

    def _start(self, command: list[str], request: Request, out: int) -> bool:
        with self._lock:
            if not self._wanted:
                return False
        roots = [str(Path(__file__).parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])]
        asked = _in_memory(request)
        try:
            child = subprocess.Popen(
                command,
                stdin=asked,
                stdout=out,
                env=os.environ | {"PYTHONPATH": os.pathsep.join(roots)},
                # Ctrl-C is not for it. No session of its own: there the kernel could take its niceness to be
                # measured against nothing but itself (sched(7), autogroup).
                process_group=0,
            )
        except OSError as error:
            _LOG.error("a narrator cannot be started: %s", error.strerror)
            return False
        finally:
            os.close(asked)
        with self._lock:
            self._child = child
            if not self._wanted:
                child.kill()
        _step_back(child.pid)
        return True

    def _listen(self, news: int, deadline_s: float) -> NarrationEnd:
        poll = select.poll()
        poll.register(news, select.POLLIN)
        rest, heard = b"", 0
        while (left_s := deadline_s - time.monotonic()) > 0:
            if not poll.poll(1000 * left_s):
                break
            data = os.read(news, _LONGEST_LINE)
            heard += len(data)
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                if (end := self._take(line)) is not None:
                    return end
            if not data or len(rest) > _LONGEST_LINE or heard > _LONGEST_ANSWER:
                return NarrationEnd.FAILED
        _LOG.error("a narrator was there after its deadline, and was killed")
        return NarrationEnd.TOO_SLOW

    def _take(self, line: bytes) -> NarrationEnd | None:
        """Tell what a line says; the end where it says it, and FAILED where it makes no sense."""
        try:
            (kind, value), *others = json.loads(line).items()
            if others or not isinstance(value, str):
                return NarrationEnd.FAILED
            if kind == "end":
                return NarrationEnd(value)
        except (ValueError, AttributeError):
            # Neither JSON of such a shape nor an end that there is. It is not logged: it may hold the text.
            return NarrationEnd.FAILED
        if kind == "text":
            self._tell(Narration(number=self._number, text=_plain(value)))
        elif kind == "fault":
            _LOG.error("a narrator failed: %s", _plain(value))
        else:
            return NarrationEnd.FAILED
        return None

    def _tell(self, news: Narration) -> None:
        with self._lock:
            if self._wanted:
                self._on_news(news)


def _in_memory(request: Request) -> int:
    """A file in memory that holds the request. Unlike a pipe it never blocks who writes to it."""
    file = os.memfd_create("kith-request")
    with os.fdopen(os.dup(file), "wb") as stream:
        stream.write(json.dumps(dict(request.header)).encode() + b"\n")
        stream.write(request.picture)
    os.lseek(file, 0, os.SEEK_SET)
    return file


def _step_back(pid: int) -> None:
    try:
        os.setpriority(os.PRIO_PROCESS, pid, _NICE)
    except PermissionError:
        # A service may forbid the call.
        _LOG.warning("a narrator is as important as the daemon: setpriority is forbidden")


def _plain(text: str) -> str:
    """Without what no voice can say: control characters become spaces, halves of characters are left out."""
    kinds = ((each, unicodedata.category(each)) for each in text)
    return "".join(" " if kind == "Cc" and each != "\n" else each for each, kind in kinds if kind != "Cs")
