"""A thread that is restarted when its work fails, within a budget."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable

from kith.clock import NS_PER_S, Clock

_LOG = logging.getLogger(__name__)
_BUDGET = 5
_BUDGET_WINDOW_NS = 60 * NS_PER_S


class Worker:
    """Runs `work(stop)` in a thread until it returns or is stopped.

    An exception is logged by its type, counted, told to `on_crash`, and the work begins anew after a
    growing pause; after five within a minute `on_exhausted` is called and the thread ends, so that the
    supervisor of the whole process can act.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[threading.Event], None],
        *,
        clock: Clock,
        on_crash: Callable[[BaseException], None],
        on_exhausted: Callable[[], None],
    ) -> None:
        self._work, self._clock = work, clock
        self._on_crash, self._on_exhausted = on_crash, on_exhausted
        self._stop = threading.Event()
        self._crashes: deque[int] = deque(maxlen=_BUDGET)
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.crashes = 0

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, timeout_s: float = 3.0) -> bool:
        """Ask the work to end and wait; False when it did not in time."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._work(self._stop)
            except Exception as error:  # noqa: BLE001
                # The only broad handler in Kith: whatever it is, the wearer must not be left with silence.
                _LOG.error("%s failed: %s", self._thread.name, _describe(error))
                self._on_crash(error)
            else:
                return
            if not self._may_restart():
                self._on_exhausted()
                return
            self._stop.wait(min(0.1 * 2 ** len(self._crashes), 5.0))

    def _may_restart(self) -> bool:
        now_ns = self._clock.now_ns()
        self.crashes += 1
        self._crashes.append(now_ns)
        return len(self._crashes) < _BUDGET or now_ns - self._crashes[0] > _BUDGET_WINDOW_NS


def _describe(error: BaseException) -> str:
    """Type and place of an error. Its message may quote a name, so it is left out."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return type(error).__name__
    return f"{type(error).__name__} at {trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
