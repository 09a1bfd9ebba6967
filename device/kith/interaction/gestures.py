"""The one button: raw edges become gestures. Pure; see `docs/spoken-interface.md` for what they mean."""

from __future__ import annotations

from dataclasses import dataclass

from kith.clock import NS_PER_MS, Tick
from kith.config import ButtonSettings
from kith.errors import ConfigError
from kith.types import ButtonEdge, Gesture


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressed:
    """The button went down: to be answered with the press sound at once. One for each press."""

    at_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """The hold is now long enough: letting go makes this gesture (HOLD_1S, what it is after short presses, or
    HOLD_4S). For a sound."""

    gesture: Gesture
    at_ns: int


GestureCommand = Pressed | Reached | Gesture

_SHORT = {1: Gesture.TAP, 2: Gesture.DOUBLE, 3: Gesture.TRIPLE}
"""What so many short presses make."""
_HELD = {0: Gesture.HOLD_1S, 1: Gesture.TAP_HOLD, 2: Gesture.DOUBLE_HOLD, 3: Gesture.TRIPLE_HOLD}
"""What a hold makes after so many short presses."""


class Gestures:
    """Short presses are counted: TAP, DOUBLE or TRIPLE comes once no further press followed, nothing where
    there were more. Holds come when the button is let go, POWER_WARNING and HOLD_10S while it is still held.

    A hold after one, two or three short presses makes TAP_HOLD, DOUBLE_HOLD or TRIPLE_HOLD in the place of
    HOLD_1S, after more nothing; held for longer it is what it would be alone. Either way the short presses
    before it make nothing of their own.

    Let go after the warning and before HOLD_10S: nothing, the wearer thought better of it. A button that is
    stuck down makes nothing more after HOLD_10S until it came up. Raises ConfigError if the holds of the
    settings do not grow.
    """

    def __init__(self, settings: ButtonSettings) -> None:
        holds = (
            settings.hold_ms,
            settings.privacy_hold_ms,
            settings.power_warning_ms,
            settings.power_hold_ms,
        )
        if any(later <= earlier for earlier, later in zip((0, *holds), holds, strict=False)):
            raise ConfigError(
                "the holds of the button must grow: 0 < hold_ms < privacy_hold_ms < power_warning_ms < "
                f"power_hold_ms, but they are {', '.join(map(str, holds))}"
            )
        self._holds_ns = tuple(hold * NS_PER_MS for hold in holds)
        self._debounce_ns = settings.debounce_ms * NS_PER_MS
        self._double_gap_ns = settings.double_gap_ms * NS_PER_MS
        self._edge_ns = 0
        self._down_ns: int | None = None
        self._down_edge_ns = 0
        self._up_ns: int | None = None  # a release that may yet prove to be a bounce
        self._holds_reached = 0
        self._taps = 0  # short presses in a row, to which a further one may yet be added
        self._tap_ns = 0  # the end of the last of them

    @property
    def next_deadline_ns(self) -> int | None:
        """When it wants a Tick."""
        if self._up_ns is not None:
            return self._up_ns + self._debounce_ns
        if self._down_ns is not None:
            if self._holds_reached == len(self._holds_ns):
                return None
            return self._down_ns + self._holds_ns[self._holds_reached]
        return self._tap_ns + self._double_gap_ns if self._taps else None

    def step(self, event: ButtonEdge | Tick, now_ns: int) -> list[GestureCommand]:
        """Take one event; edges count by their own time, so a late one is measured rightly."""
        if isinstance(event, Tick):
            return self._advance(now_ns)
        at_ns = self._edge_ns = max(event.at_ns, self._edge_ns)
        return self._advance(at_ns) + (self._went_down(at_ns) if event.down else self._went_up(at_ns))

    def _advance(self, to_ns: int) -> list[GestureCommand]:
        commands: list[GestureCommand] = []
        while (deadline_ns := self.next_deadline_ns) is not None and deadline_ns <= to_ns:
            commands += self._due(deadline_ns)
        return commands

    def _due(self, at_ns: int) -> list[GestureCommand]:
        if self._up_ns is not None:
            return self._let_go(self._up_ns)
        if self._down_ns is not None:
            return self._hold_reached(at_ns)
        gesture, self._taps = _SHORT.get(self._taps), 0
        return [] if gesture is None else [gesture]

    def _went_down(self, at_ns: int) -> list[GestureCommand]:
        commands: list[GestureCommand] = []
        if self._down_ns is not None:
            bounce = self._up_ns is not None or at_ns - self._down_edge_ns < self._debounce_ns
            self._down_edge_ns = at_ns
            self._up_ns = None
            if bounce:
                return []
            commands = self._release_was_lost(self._down_ns, at_ns)
        self._down_ns = self._down_edge_ns = at_ns
        self._holds_reached = 0
        return [*commands, Pressed(at_ns=at_ns)]

    def _went_up(self, at_ns: int) -> list[GestureCommand]:
        if self._down_ns is not None and self._up_ns is None:
            self._up_ns = at_ns
        return []

    def _release_was_lost(self, down_ns: int, at_ns: int) -> list[GestureCommand]:
        # Shorter than the first hold, the press before was a tap whenever it ended. A longer one may have
        # been anything: rather nothing than the wrong thing.
        self._down_ns = None
        if self._holds_reached:
            self._taps = 0
            return []
        self._tapped(min(down_ns + self._debounce_ns, at_ns))
        return self._advance(at_ns)

    def _let_go(self, at_ns: int) -> list[GestureCommand]:
        self._down_ns = self._up_ns = None
        if self._holds_reached == 0:
            self._tapped(at_ns)
            return []
        gesture, self._taps = self._held(), 0
        return [] if gesture is None else [gesture]

    def _held(self) -> Gesture | None:
        """What letting go would make now, after a hold."""
        if self._holds_reached == 1:
            return _HELD.get(self._taps)
        return Gesture.HOLD_4S if self._holds_reached == 2 else None

    def _tapped(self, at_ns: int) -> None:
        self._taps, self._tap_ns = self._taps + 1, at_ns

    def _hold_reached(self, at_ns: int) -> list[GestureCommand]:
        self._holds_reached += 1
        if self._holds_reached > 2:
            return [Gesture.POWER_WARNING if self._holds_reached == 3 else Gesture.HOLD_10S]
        gesture = self._held()
        return [] if gesture is None else [Reached(gesture=gesture, at_ns=at_ns)]
