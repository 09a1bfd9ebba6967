"""How long what nobody asked for is held back on account of the guard's buzzer. Pure."""

from __future__ import annotations

from enum import IntEnum

from kith.clock import NS_PER_MS
from kith.config import AnnounceSettings


class Hazard(IntEnum):
    """What the guard's buzzer says meanwhile, as far as it concerns speech."""

    NONE = 0
    """Nothing, or no more than that something is ahead; or nobody knows, or the buzzer does not work."""
    NEAR = 1
    CONTACT = 2


class Hush:
    """Begins with a hazard and ends when there has been none for `hush_rest_ms`, so that a level that
    flutters is one hush. Tell it of time with `passes` before anything else.

    It holds speech back for `hush_at_most_ms`; what outlasts that, as a table does that one sits at, lets
    speech through. CONTACT that begins then holds it back once more, for `hush_rest_ms`.
    """

    def __init__(self, settings: AnnounceSettings) -> None:
        self._most_ns = settings.hush_at_most_ms * NS_PER_MS
        self._rest_ns = settings.hush_rest_ms * NS_PER_MS
        self.hazard = Hazard.NONE
        self._on = False
        self._over_ns: int | None = None
        self._held_until_ns: int | None = None

    @property
    def holds(self) -> bool:
        """Whether what nobody asked for has to wait."""
        return self._held_until_ns is not None

    @property
    def next_deadline_ns(self) -> int | None:
        """When `passes` may change something."""
        times = (self._over_ns, self._held_until_ns)
        return min((at_ns for at_ns in times if at_ns is not None), default=None)

    def heed(self, hazard: Hazard, now_ns: int) -> None:
        """The buzzer sounds more or less urgently."""
        was, self.hazard = self.hazard, hazard
        if not hazard:
            self._over_ns = now_ns + self._rest_ns if was else self._over_ns
            return
        self._over_ns = None
        if not self._on:
            self._on, self._held_until_ns = True, now_ns + self._most_ns
        elif hazard > was and hazard is Hazard.CONTACT:
            self._held_until_ns = max(self._held_until_ns or 0, now_ns + self._rest_ns)

    def passes(self, now_ns: int) -> bool:
        """Time has passed; whether what waited may now be heard."""
        held = self.holds
        if self._over_ns is not None and now_ns >= self._over_ns:
            self._on, self._over_ns, self._held_until_ns = False, None, None
        if self._held_until_ns is not None and now_ns >= self._held_until_ns:
            self._held_until_ns = None
        return held and not self.holds
