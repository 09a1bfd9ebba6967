"""The host's side of a peer: its process, started, asked and ended."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
ANSWER_WITHIN_S = 600.0
"""The longest question, 25 photos at half a second each, takes a fiftieth of it, and ten times as long where
ten others want the processor too."""
_ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OPENCV_FOR_THREADS_NUM"), "1"
)


class PeerFailed(Exception):
    """A peer could not be opened, or ended or fell silent while it was asked; one line says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerSpec:
    """How a peer is run. module: has `open_peer(config)`; path: folders for its imports beside its own;
    judged: False where its accuracy is that of another."""

    key: str
    label: str
    interpreter: Path
    module: str
    config: Mapping[str, Any]
    path: tuple[Path, ...] = (ROOT,)
    judged: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """What a peer says of itself once it is open."""

    versions: str
    metric: str
    usual_score: float
    resident_mib: float


class Child:
    """A peer's process. A context manager: leaving it ends the process."""

    def __init__(self, spec: PeerSpec) -> None:
        """Start and open it. Raises PeerFailed."""
        self.spec = spec
        self._errors = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
        self._began_s = time.monotonic()
        try:
            self._process = subprocess.Popen(
                [
                    str(spec.interpreter),
                    "-m",
                    "bench.peers.child",
                    spec.module,
                    json.dumps(dict(spec.config)),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                env=_environment(spec),
                text=True,
            )
        except OSError as error:
            self._errors.close()
            raise PeerFailed(f"{spec.interpreter} cannot be run: {error.strerror}") from error
        ready = self._answer()["ready"]
        self.ready = Ready(
            versions=ready["versions"],
            metric=ready["metric"],
            usual_score=ready["usual_score"],
            resident_mib=ready["resident_mib"],
        )

    @property
    def running_s(self) -> float:
        """On the wall, since its process was started."""
        return time.monotonic() - self._began_s

    def ask(self, **question: Any) -> dict[str, Any]:
        """The answer to a question of `bench.peers.wire`. Raises PeerFailed."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise PeerFailed(self._last_words()) from None
        return self._answer()

    def close(self) -> None:
        """End it. Harmless when it has ended."""
        self._process.kill()
        self._process.communicate()
        self._errors.close()

    def __enter__(self) -> Child:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        # Who hangs is killed, and the pipe is then at its end.
        alarm = threading.Timer(ANSWER_WITHIN_S, self._process.kill)
        alarm.start()
        try:
            line = self._process.stdout.readline()
            if not line:
                hung = not alarm.is_alive()
                words = f"no answer within {ANSWER_WITHIN_S:.0f} s" if hung else self._last_words()
                self.close()
                raise PeerFailed(words)
        finally:
            alarm.cancel()
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _last_words(self) -> str:
        code = self._process.wait()
        self._errors.seek(0)
        lines = [line.strip() for line in self._errors if line.strip()]
        return lines[-1] if lines else f"its process ended with {code}"


def _environment(spec: PeerSpec) -> dict[str, str]:
    path = os.pathsep.join(str(folder) for folder in spec.path)
    quiet = {"PYTHONWARNINGS": "ignore", "TF_CPP_MIN_LOG_LEVEL": "3"}
    return os.environ | _ONE_THREAD | quiet | {"PYTHONPATH": path}
