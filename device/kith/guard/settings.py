"""The guard's settings: the table `guard` of the one settings file. Every number has its unit and its why.

A number marked † is ours and waits for trials with wearers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kith.config import GUARD_TABLE, ButtonSettings, bounded, build_settings, one_of, read_table
from kith.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorSettings:
    """One range sensor and where it is connected. Only what its kind needs is looked at."""

    kind: str = one_of("none", "hcsr04", "vl53l1x")
    trigger_gpio: int = bounded(23, 0, 27)
    echo_gpio: int = bounded(24, 0, 27)
    """Through a divider: the HC-SR04 answers with 5 V, a Pi's pin bears 3.3 V."""
    i2c_bus: int = bounded(1, 0, 20)
    i2c_address: int = bounded(0x29, 0x08, 0x77)
    """0x29 is what every VL53L1X begins with: two of them need two buses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterSettings:
    """What is believed of the readings."""

    least_mm: int = bounded(20, 0, 1000)
    """Nearer than an HC-SR04 can hear, and so a lone zero or worse; but see `covered_ms`."""
    most_mm: int = bounded(4000, 500, 10_000)
    """Farther than either sensor can be trusted: treated as no echo."""
    median_of: int = bounded(3, 3, 9)
    """Three readings drop a lone outlier at the price of one reading's delay."""
    covered_ms: int = bounded(60_000, 500, 3_600_000)
    """Numbers below `least_mm` that follow upon something in CONTACT are that thing upon the sensor, a hand
    or a coat. For so long: a sensor that gives nothing else is broken, and its tone would never end; †."""
    window_ms: int = bounded(400, 250, 2000)
    """Readings older than this say nothing about now; †. Two of the slowest sensor must fit in, 110 ms apart
    where two HC-SR04 take turns."""
    memory_ms: int = bounded(1200, 100, 5000)
    """A second distance that agrees may come so late: cloth that swallows 9 echoes of 10 gives one each
    0.6 s. With 400 ms a curtain before an HC-SR04 was missed in 55 of 100 approaches, with this in 27."""
    agree_mm: int = bounded(200, 20, 1000)
    """Two readings nearer to each other than this, and what can be walked between them, agree; †."""
    agree_ms: int = bounded(300, 0, 1000)
    """What can be walked in this time is the most that is allowed for; †. Without an end to it, any two
    readings on both sides of a gap would agree."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproachSettings:
    """How closing speed and time to contact are made."""

    window_ms: int = bounded(400, 100, 2000)
    """Who sets out towards a wall is warned after 0.28 s with 400 ms, 0.38 s with 600, 0.45 s with 800
    (median of simulated walks). With 600 a VL53L1X beside walls warns needlessly 3.8 instead of 4.2 times a
    minute; steady approaches are told equally soon."""
    least_ms: int = bounded(100, 20, 1000)
    """Readings over less time than this give no speed: three of
    one HC-SR04, two where two take turns; †."""
    ahead_ms: int = bounded(150, 0, 1000)
    """A distance is carried on at its closing speed for so long after its last reading: two missed readings
    of one HC-SR04, one where two take turns; †."""
    least_closing_mm_s: int = bounded(200, 20, 2000)
    """Slower is standing, swaying and noise; †."""
    most_closing_mm_s: int = bounded(4000, 1000, 20_000)
    """Two people walking briskly at each other. Faster is a jump from one thing to another; †."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneSettings:
    """When the wearer is warned, and how urgently. A zone is entered by time to contact or by distance."""

    far_contact_ms: int = bounded(1750, 200, 10_000)
    """†: a step to decide and two to stop in."""
    middle_contact_ms: int = bounded(1200, 100, 10_000)
    near_contact_ms: int = bounded(700, 50, 10_000)
    middle_mm: int = bounded(600, 100, 4000)
    """†: an arm's length."""
    near_mm: int = bounded(450, 50, 4000)
    contact_mm: int = bounded(350, 30, 2000)
    """†: continuous, as parking aids are from 200 to 300 mm on."""
    hysteresis_mm: int = bounded(150, 0, 1000)
    hold_ms: int = bounded(500, 0, 5000)
    """A warning whose cause is lost from sight goes on for so long; †."""
    steady_mm: int = bounded(200, 10, 1000)
    """A range that moves less than this is steady: who sits or stands sways by 75 mm to and fro, and there is
    noise; †. With 100 mm, at a table in an hour 459 warnings."""
    mute_after_ms: int = bounded(3000, 500, 60_000)
    """As parking aids do. Never in the innermost zone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthSettings:
    """When a sensor is not to be relied on."""

    start_within_ms: int = bounded(2000, 200, 60_000)
    """The first reading after the start may take so long: a VL53L1X is set up first."""
    silent_after_ms: int = bounded(500, 100, 10_000)
    """Eight readings of one HC-SR04, four where two take turns."""
    stuck_after_readings: int = bounded(100, 10, 10_000)
    """The same millimetre so often: both sensors' noise is several millimetres even before a wall; †."""
    unsure_after_ms: int = bounded(2000, 200, 60_000)
    """A sensor that says so long that it cannot measure is blind; †."""
    no_echo_after_ms: int = bounded(10_000, 1000, 600_000)
    """No echo at all for so long is told once, since silence would be taken for a clear way; †."""
    no_echo_repeat_ms: int = bounded(60_000, 5000, 3_600_000)
    """Told again after so long, then twice, four times as long, at most `no_echo_repeat_most_ms`; †."""
    no_echo_repeat_most_ms: int = bounded(300_000, 5000, 3_600_000)
    """Walking over open country there is nothing to echo for hours; †."""
    blind_repeat_ms: int = bounded(10_000, 1000, 600_000)
    """As above, at most `repeat_most_ms`; †."""
    dead_repeat_ms: int = bounded(10_000, 1000, 600_000)
    """As above, at most `repeat_most_ms`; †."""
    repeat_most_ms: int = bounded(60_000, 1000, 3_600_000)
    """Each 10 s it would be 360 tunes an hour, and who can no longer bear it takes the guard off; †."""
    well_after_ms: int = bounded(10_000, 0, 600_000)
    """Once it was well for so long a signal is told anew, and often at first. A flapping plug is not; †."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundSettings:
    """What a warning sounds like."""

    pulse_ms: int = bounded(80, 20, 500)
    far_gap_ms: int = bounded(500, 20, 2000)
    middle_gap_ms: int = bounded(250, 20, 2000)
    near_gap_ms: int = bounded(120, 20, 2000)
    """Shorter gaps are heard as more urgent (Haas and Edworthy 1996)."""
    head_hz: int = bounded(2400, 100, 8000)
    """Near the resonance of small piezo buzzers, where they are loudest."""
    knee_hz: int = bounded(1200, 100, 8000)
    """An octave lower: told apart by anybody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputSettings:
    """Buzzer and vibration motor."""

    buzzer: str = one_of("tone", "plain", "none")
    """tone: a passive buzzer, driven by PWM; plain: an active one with a pitch of its own."""
    buzzer_gpio: int = bounded(18, 0, 27)
    vibration: bool = False
    vibration_gpio: int = bounded(27, 0, 27)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkSettings:
    """What the main daemon is told."""

    beat_ms: int = bounded(200, 50, 1000)
    """At least so often, and at each change of level."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleSettings:
    """The guard's place among the processes."""

    realtime_priority: int = bounded(50, 0, 90)
    """SCHED_FIFO; 0: an ordinary process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardSettings:
    """All settings of the guard."""

    head: SensorSettings = field(default_factory=lambda: SensorSettings(kind="hcsr04"))
    knee: SensorSettings = field(default_factory=lambda: SensorSettings(trigger_gpio=5, echo_gpio=6))
    filter: FilterSettings = field(default_factory=FilterSettings)
    approach: ApproachSettings = field(default_factory=ApproachSettings)
    zones: ZoneSettings = field(default_factory=ZoneSettings)
    health: HealthSettings = field(default_factory=HealthSettings)
    sounds: SoundSettings = field(default_factory=SoundSettings)
    outputs: OutputSettings = field(default_factory=OutputSettings)
    link: LinkSettings = field(default_factory=LinkSettings)
    schedule: ScheduleSettings = field(default_factory=ScheduleSettings)


def load_guard_settings(path: Path | str) -> GuardSettings:
    """The table `guard` of a settings file; what it does not name keeps its default. Raises ConfigError, also
    for numbers that do not fit each other and for two parts on the same wires."""
    table = read_table(path).get(GUARD_TABLE, {})
    if not isinstance(table, dict):
        raise ConfigError(f"{path}: {GUARD_TABLE} must be a table")
    settings = build_settings(GuardSettings(), table, where=f"{path}: {GUARD_TABLE}")
    _check(settings, f"{path}: {GUARD_TABLE}")
    _refuse_shared_wires(settings, f"{path}: {GUARD_TABLE}")
    return settings


def part_on(settings: GuardSettings, gpio: int) -> str | None:
    """Which of the guard's parts is connected to a pin, by the name of its setting; None: the pin is free."""
    return next((part for part, pin in _pins(settings) if pin == gpio), None)


def clash_with_button(settings: GuardSettings, path: Path | str) -> str | None:
    """What is wrong where the main daemon's button is said to be on one of the guard's pins in the same
    settings file, in a sentence; None where nothing is, and for a button that its own daemon refuses."""
    button = read_table(path).get("button", {})
    gpio: object = button.get("gpio", ButtonSettings().gpio) if isinstance(button, dict) else None
    if not isinstance(gpio, int) or isinstance(gpio, bool):
        return None
    part = part_on(settings, gpio)
    return None if part is None else f"{path}: {shared_pin(part, gpio)}"


def shared_pin(part: str, gpio: int) -> str:
    """What is wrong where one of the guard's parts and the button are on one pin."""
    return f"{GUARD_TABLE}.{part} and button.gpio are both on GPIO {gpio}: give each its own"


_ORDERED = (
    ("filter.least_mm", "zones.contact_mm", "a thing so near would be no distance, and never be warned of"),
    ("zones.contact_mm", "zones.near_mm", "zones lie in each other"),
    ("zones.near_mm", "zones.middle_mm", "zones lie in each other"),
    ("zones.middle_mm", "filter.most_mm", "farther is no echo"),
    ("zones.near_contact_ms", "zones.middle_contact_ms", "zones lie in each other"),
    ("zones.middle_contact_ms", "zones.far_contact_ms", "zones lie in each other"),
    ("approach.least_ms", "approach.window_ms", "there would never be a closing speed"),
    ("sounds.near_gap_ms", "sounds.middle_gap_ms", "the nearer, the shorter is the gap"),
    ("sounds.middle_gap_ms", "sounds.far_gap_ms", "the nearer, the shorter is the gap"),
    ("health.blind_repeat_ms", "health.repeat_most_ms", "it is the most"),
    ("health.dead_repeat_ms", "health.repeat_most_ms", "it is the most"),
    ("health.no_echo_repeat_ms", "health.no_echo_repeat_most_ms", "it is the most"),
)


def _check(settings: GuardSettings, where: str) -> None:
    for small, large, why in _ORDERED:
        lesser, most = _value(settings, small), _value(settings, large)
        # Equal is in order, but for what cuts off the innermost zone.
        if lesser > most or (lesser == most and small == "filter.least_mm"):
            than = "less than" if small == "filter.least_mm" else "at most"
            raise ConfigError(f"{where}: {small} ({lesser}) must be {than} {large} ({most}): {why}")


def _value(settings: GuardSettings, name: str) -> int:
    table, _, field_name = name.partition(".")
    return int(getattr(getattr(settings, table), field_name))


def _refuse_shared_wires(settings: GuardSettings, where: str) -> None:
    lasers = [each for each in (settings.head, settings.knee) if each.kind == "vl53l1x"]
    if len({(each.i2c_bus, each.i2c_address) for each in lasers}) < len(lasers):
        bus, address = lasers[0].i2c_bus, lasers[0].i2c_address
        raise ConfigError(
            f"{where}: both sensors are VL53L1X at 0x{address:02x} on I2C bus {bus}"
            " and would spoil each other's answers: connect one to another bus and set its i2c_bus"
        )
    users: dict[int, str] = {}
    for user, gpio in _pins(settings):
        if gpio in users:
            raise ConfigError(f"{where}: {users[gpio]} and {user} are both on GPIO {gpio}: give each its own")
        users[gpio] = user


_I2C_1_GPIOS = (2, 3)
"""Of every Pi; where another bus is, the Pi's own configuration says."""


def _pins(settings: GuardSettings) -> list[tuple[str, int]]:
    pins: list[tuple[str, int]] = []
    for name, sensor in (("head", settings.head), ("knee", settings.knee)):
        if sensor.kind == "hcsr04":
            pins += [(f"{name}.trigger_gpio", sensor.trigger_gpio), (f"{name}.echo_gpio", sensor.echo_gpio)]
    if any(each.kind == "vl53l1x" and each.i2c_bus == 1 for each in (settings.head, settings.knee)):
        pins += [("I2C bus 1", gpio) for gpio in _I2C_1_GPIOS]
    if settings.outputs.buzzer != "none":
        pins.append(("outputs.buzzer_gpio", settings.outputs.buzzer_gpio))
    if settings.outputs.vibration:
        pins.append(("outputs.vibration_gpio", settings.outputs.vibration_gpio))
    return pins
