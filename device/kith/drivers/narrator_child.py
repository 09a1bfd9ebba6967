"""The child's end of a narration: one request in, news out, and then it is over.

Standard library only, so that a child starts in a moment. The standard input is a line of JSON and then the
picture's bytes. To the parent go lines of JSON: {"text": "..."}, {"fault": "..."} for the log, and last
{"end": "..."} with a value of `ports.NarrationEnd`.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

from kith.drivers.speech_child import die_with


class NarratorEnd:
    """What a narrator's child says to its parent. Takes over the standard streams; the process dies with its
    parent."""

    def __init__(self, parent_pid: int) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        die_with(parent_pid)
        # The picture must not reach the disk as a core dump, nor the daemon be killed first when memory runs
        # out. A service may forbid both.
        with contextlib.suppress(OSError):
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with contextlib.suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
        self._out = os.dup(1)
        # What a library prints must not fall among the lines, nor text that was read into a log.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        os.close(nowhere)
        sys.excepthook = self._broke_down

    def request(self) -> tuple[dict[str, Any], bytes]:
        """What is asked for, and the picture; once."""
        with open(0, "rb", closefd=False) as stream:
            header = json.loads(stream.readline())
            return header, stream.read()

    def text(self, text: str) -> None:
        """Send further words."""
        self._send({"text": text})

    def fault(self, reason: str) -> None:
        """Send what a maintainer should read in the log. It may not quote what is in the picture."""
        self._send({"fault": reason})

    def end(self, end: str) -> None:
        """Say how it ended: a value of `ports.NarrationEnd`. Nothing may follow."""
        self._send({"end": end})

    def _send(self, news: dict[str, str]) -> None:
        left = memoryview(json.dumps(news).encode() + b"\n")
        try:
            while left:
                left = left[os.write(self._out, left) :]
        except OSError:
            # Nobody reads any more.
            os._exit(0)

    def _broke_down(
        self, kind: type[BaseException], _error: BaseException, trace: TracebackType | None
    ) -> None:
        """Tell the place only: an error's message may quote what is in the picture."""
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        place = f" at {trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else ""
        self.fault(f"{kind.__name__}{place}")
        os._exit(1)
