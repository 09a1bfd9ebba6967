"""`kith-health`: is the system that is tried good? If so it stays, else the earlier one comes back.

At a start that is no trial it returns at once, or tells of a trial that failed.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence

from .device import OnboardError, Places, Run, run, teller
from .notices import Notices
from .slots import EXPECTS_DATA, Slots

UNITS = ("kith-guard.service", "kith.service")
LIMIT_S = 300
"""So long a new system may take to prove good: an emulated Pi needs two minutes; †."""
LOOK_EVERY_S = 5
LOOKS = 4
"""So many looks one after the other must find the same two programs at work: what fails at once is started
again every other second, and would now and then look well."""

Clock = Callable[[], float]


class Health:
    """Looks at the device until it is sure."""

    def __init__(
        self,
        places: Places,
        execute: Run,
        *,
        clock_s: Clock = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._places = places
        self._execute = execute
        self._clock_s = clock_s
        self._sleep = sleep

    def missing(self, slot: str) -> str:
        """Waits until nothing is missing any more; what still is, where that lasts too long, else empty."""
        until_s = self._clock_s() + LIMIT_S
        same, before = 0, ""
        while True:
            wrong, programs = self._look(slot)
            same = same + 1 if not wrong and programs == before else 0
            before = programs
            if same >= LOOKS - 1:
                return ""
            if self._clock_s() >= until_s:
                return wrong or "its programs do not stay up"
            self._sleep(LOOK_EVERY_S)

    def _look(self, slot: str) -> tuple[str, str]:
        """What is wrong now, and which processes run."""
        if (self._places.boot / slot / EXPECTS_DATA).exists() and not self._places.data.is_mount():
            return "the data partition is not mounted", ""
        processes = []
        for unit in UNITS:
            words = ("systemctl", "show", "--property=ActiveState,MainPID", unit)
            found = dict(
                line.split("=", 1) for line in self._execute(words, b"").output.splitlines() if "=" in line
            )
            if found.get("ActiveState") != "active":
                return f"{unit} is {found.get('ActiveState', 'unknown')}", ""
            processes.append(found.get("MainPID", "0"))
        return "", " ".join(processes)


def judge(slots: Slots, health: Health, notices: Notices, tell: Callable[[str], None]) -> None:
    """What is to be done at this start. Raises OnboardError, OSError."""
    if slots.failed:
        tell(f"slot {slots.tried} did not prove good, {slots.booted} is back")
        slots.forget()
        notices.leave("update.back", wait_s=LIMIT_S)
    elif slots.on_trial:
        slot = slots.booted
        tell(f"slot {slot} is on trial")
        if wrong := health.missing(slot):
            tell(f"slot {slot} is not good: {wrong}")
            slots.back()
        else:
            slots.commit()
            tell(f"slot {slot} is good")
            notices.leave("update.done")


def main(arguments: Sequence[str]) -> int:
    """`kith-health`, once at each start."""
    places = Places()
    tell = teller("kith-health", places)
    slots = Slots(places, run, teller("kith-slot", places))
    try:
        judge(slots, Health(places, run), Notices(places=places), tell)
    except (OnboardError, OSError) as problem:
        tell(f"failed: {problem}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
