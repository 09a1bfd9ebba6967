"""From what a sensor sees to its level of warning: zones, hold and mute. Pure."""

from __future__ import annotations

from kith.clock import NS_PER_MS
from kith.guard.approach import Sight
from kith.guard.ports import Level
from kith.guard.settings import ApproachSettings, ZoneSettings


class Zones:
    """The level of one sensor.

    A zone is entered by time to contact or by distance and left only when the thing is farther than that by
    the hysteresis; CONTACT is by distance alone. Lost from sight, a warning goes on for `hold_ms`. A steady
    range is muted, except in CONTACT, until it comes nearer than that or into a zone farther in.
    """

    def __init__(self, settings: ZoneSettings, approach: ApproachSettings) -> None:
        self._settings = settings
        self._least_closing_mm_s = approach.least_closing_mm_s
        self._hold_ns = settings.hold_ms * NS_PER_MS
        self._mute_ns = settings.mute_after_ms * NS_PER_MS
        # Innermost first: the level, its distance, its time to contact.
        self._zones = (
            (Level.CONTACT, settings.contact_mm, 0),
            (Level.NEAR, settings.near_mm, settings.near_contact_ms),
            (Level.MIDDLE, settings.middle_mm, settings.middle_contact_ms),
            (Level.FAR, 0, settings.far_contact_ms),
        )
        self._level = Level.QUIET
        self._seen_ns = 0
        self._steady_mm = 0
        self._steady_ns = 0
        self._quiet_ns = 0
        self._innermost = Level.QUIET
        self.muted = False

    @property
    def level(self) -> Level:
        """What the wearer is to be told."""
        return Level.QUIET if self.muted and self._level < Level.CONTACT else self._level

    def of(self, sight: Sight) -> Level:
        """The zone that a thing is in, given the one that the sensor is in."""
        for level, distance_mm, contact_ms in self._zones:
            margin_mm = self._settings.hysteresis_mm if self._level >= level else 0
            if sight.distance_mm - margin_mm < distance_mm:
                return level
            reached_ms = sight.contact_ms(self._least_closing_mm_s, margin_mm)
            if reached_ms is not None and reached_ms < contact_ms:
                return level
        return Level.QUIET

    def see(self, sight: Sight, now_ns: int) -> None:
        """Something is in sight."""
        before, self._level = self._level, self.of(sight)
        self._seen_ns = sight.seen_ns
        if self._level is Level.QUIET:
            self._be_quiet(before, now_ns)
            self._steady_mm = max(self._steady_mm, sight.distance_mm)
        else:
            self._mute(sight, before, now_ns)

    def see_nothing(self, now_ns: int) -> Level:
        """Nothing is in sight; the warning that has ended by that just now."""
        if self._level is Level.QUIET or now_ns < self._seen_ns + self._hold_ns:
            return Level.QUIET
        lost = self.level
        before, self._level = self._level, Level.QUIET
        self._be_quiet(before, now_ns)
        return lost

    @property
    def deadlines_ns(self) -> tuple[int, ...]:
        """When time alone may change the level."""
        if self._level is Level.QUIET:
            return ()
        return (self._seen_ns + self._hold_ns, self._steady_ns + self._mute_ns)

    def crossing_ns(self, sight: Sight, now_ns: int) -> int | None:
        """When a thing that goes on closing enters the next zone, if it does."""
        closing = sight.closing_mm_s
        if closing is None or closing < self._least_closing_mm_s:
            return None
        reached_ms = sight.distance_mm * 1000 // closing
        waits_ms = [
            # FAR has no distance of its own: then the first is the sooner.
            min(max(reached_ms - contact_ms, 0), max(sight.distance_mm - distance_mm, 0) * 1000 // closing)
            for level, distance_mm, contact_ms in self._zones
            if level > self._level
        ]
        return now_ns + (min(waits_ms) + 1) * NS_PER_MS if waits_ms else None

    def _be_quiet(self, before: Level, now_ns: int) -> None:
        if before is not Level.QUIET:
            self._quiet_ns = now_ns

    def _mute(self, sight: Sight, before: Level, now_ns: int) -> None:
        if before is Level.QUIET and now_ns - self._quiet_ns >= self._mute_ns:
            # What was muted before was left long ago: it is told anew.
            self.muted = False
        closing = sight.closing_mm_s is not None and sight.closing_mm_s >= self._least_closing_mm_s
        nearer = sight.distance_mm < self._steady_mm - self._settings.steady_mm
        begins = before is Level.QUIET and not self.muted
        if closing or nearer or begins or self._level > self._innermost:
            self.muted = False
            self._steady_mm, self._steady_ns, self._innermost = sight.distance_mm, now_ns, self._level
        else:
            self._steady_mm = max(self._steady_mm, sight.distance_mm)
            self.muted = self.muted or now_ns - self._steady_ns >= self._mute_ns
