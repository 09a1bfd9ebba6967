"""The tables of the settings file that every device uses."""

from __future__ import annotations

from dataclasses import dataclass

from kith.config.fields import bounded, one_of


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraSettings:
    """The camera."""

    kind: str = one_of("auto", "picamera2", "v4l2")
    """auto: the Pi's own where it has one, else one at USB."""
    name: str = ""
    """Part of the model of the Pi's own camera, or its number from 0, where a board has two; empty: the
    first."""
    v4l2_name: str = ""
    """Part of the name of the USB camera, which is found by it wherever it is plugged in; empty: any."""
    v4l2_device: str = ""
    """A device such as /dev/video0 to take instead, whatever its name; empty: found by name."""
    width_px: int = bounded(640, 160, 4608)
    height_px: int = bounded(480, 120, 3456)
    rotation_deg: int = one_of(0, 90, 180, 270)
    horizontal_fov_deg: float = bounded(62.2, 10.0, 170.0)
    """Of the Pi's Camera Module 2; distances are computed from it."""
    look_interval_ms: int = bounded(100, 20, 2000)
    """One frame in this time is looked at; the rest are dropped."""
    silent_after_ms: int = bounded(2000, 200, 60_000)
    """No frame for so long, and for three looks, is a fault that is spoken."""
    covered_after_ms: int = bounded(3000, 500, 600_000)
    """Nothing to be seen for so long is told; †: a hand or a scarf passes sooner."""
    uncovered_after_ms: int = bounded(1000, 0, 60_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class VisionSettings:
    """From a frame to embeddings."""

    threads: int = bounded(1, 1, 16)
    detector_score: float = bounded(0.6, 0.2, 0.95)
    """A face below this detector score (0..1) does not exist."""
    min_inter_eye_px: float = bounded(8.0, 4.0, 400.0)
    """4.2 m with the usual camera. By the landmarks of a second look the development faces, made so small,
    have their own name in nine of ten single looks, and strangers are named no oftener than near by
    (docs/distance.md); below 7 px in two of three. By the first look alone 12 px are needed: see
    `kith.vision.second_look`."""
    min_luma: float = bounded(25.0, 0.0, 255.0)
    max_luma: float = bounded(240.0, 0.0, 255.0)
    min_sharpness: float = bounded(4.0, 0.0, 1000.0)
    """Of 51 spoilt development looks below it none was recognised, of 56 with 4 to 6 one in nine; the softest
    of the clips, 7 to 8, all were. Strangers' scores do not rise with blur."""
    max_yaw_deg: float = bounded(75.0, 5.0, 90.0)
    """All 12 pictures of enrolled people between 55 and 70 degrees in the development faces were recognised;
    of 33 strangers' pictures turned so far, 0.5 % were given a name, a small sample."""
    max_pitch_deg: float = bounded(45.0, 5.0, 90.0)
    facing_yaw_deg: float = bounded(25.0, 0.0, 90.0)
    embed_interval_ms: int = bounded(200, 0, 10_000)
    """How often a track is embedded while it is not sure who it is."""
    embed_sure_interval_ms: int = bounded(1000, 0, 60_000)
    """How often once it is."""
    track_lost_after_ms: int = bounded(700, 100, 10_000)
    second_looks: bool = one_of(True, False)
    """Look again, more finely, where a small face is. It costs a run of the detector in about every second
    frame with somebody far off in it."""
    sweep_interval_ms: int = bounded(200, 0, 60_000)
    """How often one more part of the frame is looked at finely for faces too far off to be found otherwise;
    0: never. It needs `second_looks`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PresenceSettings:
    """When someone is there and when they are gone."""

    votes: int = bounded(3, 1, 20)
    vote_window_ms: int = bounded(1500, 100, 30_000)
    left_after_ms: int = bounded(3000, 100, 600_000)
    cooldown_ms: int = bounded(60_000, 0, 86_400_000)
    stranger_within_mm: int = bounded(3000, 500, 100_000)
    """A face farther off is nobody's yet, but not a stranger's either: of the enrolled, one in twelve would
    be told as a stranger at 4 m, one in three at 6.5 m with 1280 px (docs/distance.md); †."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnounceSettings:
    """Voice and sounds."""

    voice: str = "en"
    words_per_minute: int = bounded(175, 80, 450)
    volume: float = bounded(0.8, 0.0, 1.0)
    """Of speech and earcons, 0..1 of full scale."""
    duck_db: float = bounded(12.0, 0.0, 60.0)
    """So much quieter is everything while the guard's buzzer warns of what is near; †: a quarter of the
    amplitude, still to be understood, and the buzzer is heard over it."""
    hush_at_most_ms: int = bounded(20_000, 5000, 3_600_000)
    """So long the buzzer's inner zones hold back names and notices; †. Who is in them for longer sits at a
    table or talks to somebody, has long been warned, and must not go without names and faults."""
    hush_rest_ms: int = bounded(1000, 0, 10_000)
    """Names and notices wait until the buzzer has been out of its inner zones for so long: a name is said in
    that time, so that a level that flutters does not cut it off again and again; †."""
    sound_device: str = ""
    """Part of the name of the device to play on; empty: the default, but USB before what is built in."""
    ambient_max_age_ms: int = bounded(2000, 100, 60_000)
    notice_max_age_ms: int = bounded(15_000, 100, 600_000)
    response_max_age_ms: int = bounded(5000, 100, 60_000)
    """Also how long an answer whose playing failed is worth a second try."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrollmentSettings:
    """Learning a person by the button."""

    front_views: int = bounded(3, 1, 20)
    side_views: int = bounded(1, 0, 10)
    """To each side; 0: the head need not be turned."""
    min_view_gap_ms: int = bounded(150, 0, 5000)
    timeout_ms: int = bounded(20_000, 1000, 300_000)
    """For the views; a question that is asked meanwhile does not count."""
    side_timeout_ms: int = bounded(4000, 500, 60_000)
    """So long a half-profile is waited for after it was asked for; then it goes on without; †."""
    min_inter_eye_px: float = bounded(24.0, 4.0, 400.0)
    front_yaw_deg: float = bounded(15.0, 3.0, 60.0)
    """A front view is turned by no more, a half-profile by more."""
    max_yaw_deg: float = bounded(45.0, 5.0, 90.0)
    min_agreement: float = bounded(0.45, 0.0, 0.95)
    """Least cosine between two front views of one enrollment."""
    min_side_agreement: float = bounded(0.3, 0.0, 0.95)
    """Least cosine between a half-profile and every front view. Of 3,284 pairs of a front view (up to 15
    degrees) and a half-profile (up to 45) of one of 561 people in the development faces, pictures from the
    news and not of one sitting, 99.7 % have it; of 4.9 million such pairs of two people 1.1 %. With three
    front views it passes 99.1 % of 548 half-profiles of the same person, 0.15 % of those of another."""
    hint_interval_ms: int = bounded(2500, 500, 60_000)
    lost_after_ms: int = bounded(1500, 100, 60_000)
    """The face being learnt was not seen for so long: it starts again from the first view."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionSettings:
    """How long an answer by the button is waited for."""

    repeat_after_ms: int = bounded(6000, 1000, 60_000)
    """After the end of a question that nobody answered it is asked once more; †."""
    give_up_after_ms: int = bounded(6000, 1000, 60_000)
    """After the end of that; †."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NamingSettings:
    """A name that is said and recorded."""

    settle_ms: int = bounded(250, 0, 2000)
    """What is heard so soon after the tone may be the tone itself, from a wireless headset; †."""
    wait_ms: int = bounded(4000, 500, 20_000)
    """So long somebody may take to begin."""
    silence_ms: int = bounded(700, 200, 3000)
    """The name is over after so much silence."""
    longest_ms: int = bounded(4000, 500, 9000)
    attempts: int = bounded(2, 1, 5)
    """Where nothing was heard it is asked for again, so often in all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MicrophoneSettings:
    """What a name is said to."""

    alsa_device: str = "default"
    """As `arecord -L` names it; empty: there is none, and people get a number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionSettings:
    """Names that the wearer marked as wrong."""

    within_ms: int = bounded(30_000, 1000, 300_000)
    """So long after a name it can be marked; †."""
    max_marks: int = bounded(5, 1, 50)
    """Counter-examples kept of one person; the oldest goes."""
    anew_after: int = bounded(2, 1, 20)
    """Marked so often, a name asks for a new enrollment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpirySettings:
    """People who were not met for long."""

    after_days: int = bounded(1095, 0, 36_500)
    """Not named for so long: the wearer is told, and may keep or forget them; 0: never."""
    forget: bool = False
    """Forget them by itself, where they were neither met nor kept for `grace_days` after that."""
    grace_days: int = bounded(30, 1, 3650)
    """A clock that jumped must not cost anybody: it would have to jump twice, so far apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LearningSettings:
    """Whether and when the device takes a further template of someone it knows, by itself. The scores were
    tried by `python -m calibration.learning`; see docs/learning.md."""

    enabled: bool = False
    min_lead: float = bounded(0.1, 0.05, 0.5)
    """How far above the threshold of a name, that of a whole track, every one of the looks must score."""
    min_margin: float = bounded(0.2, 0.05, 1.0)
    """Their least lead over everybody else enrolled."""
    min_looks: int = bounded(6, 3, 30)
    """So many looks on end of one track, all of them so."""
    min_track_ms: int = bounded(4000, 1000, 60_000)
    """Over so long a time at least; †: who passes by is not learnt."""
    hold_back_ms: int = bounded(30_000, 1000, 300_000)
    """Kept only this long after the face has gone: so long a name can be marked as wrong; †."""
    again_after_ms: int = bounded(3_600_000, 0, 86_400_000)
    """At most one template of a person in this time: looks of one hour are much alike; †."""
    max_likeness: float = bounded(0.9, 0.5, 1.0)
    """A look whose cosine with a template that is there already exceeds this adds nothing."""
    max_templates: int = bounded(5, 1, 50)
    """Of one person; the oldest goes. As many as an enrollment by the button has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ButtonSettings:
    """The one button and how presses are told apart."""

    gpio: int = bounded(17, 0, 27)
    remote: str = ""
    """Part of the name of a Bluetooth remote or keyboard that serves as a second button; empty: none."""
    remote_key: str = ""
    """Which of its keys, as KEY_ENTER; empty: any."""
    debounce_ms: int = bounded(25, 0, 200)
    double_gap_ms: int = bounded(350, 100, 2000)
    hold_ms: int = bounded(1000, 200, 60_000)
    privacy_hold_ms: int = bounded(4000, 200, 60_000)
    power_warning_ms: int = bounded(8000, 200, 60_000)
    power_hold_ms: int = bounded(10_000, 200, 60_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardWatchSettings:
    """What the main daemon makes of the guard's messages. How the guard itself warns is in the table
    `guard`, which belongs to its own process."""

    expected: bool = True
    """That nothing is heard of the guard is a fault. False for a wearable that has none."""
    stale_after_ms: int = bounded(1500, 1500, 2500)
    """A level so old says nothing about now. More than the longest beat that the guard may be set to, 1 s."""
    silent_after_ms: int = bounded(3000, 2500, 60_000)
    """No word of the guard for so long is a fault that is spoken; longer than its supervisor takes to start
    it anew, and never before its level is stale."""
    start_within_ms: int = bounded(10_000, 1000, 300_000)
    """It was never heard so long after the start. Both services start together, and a Pi is slow then."""
    steady_after_ms: int = bounded(3000, 1000, 60_000)
    """A sensor, a buzzer or the guard itself works again once it has for so long: a loose wire, or a guard
    that ends soon after each start, is told of once; †."""
    obstacle_again_ms: int = bounded(2000, 1000, 10_000)
    """Where no buzzer works the voice warns at most so often: "Obstacle." takes half a second, and something
    else must be heard between two; †."""
    repeat_ms: int = bounded(60_000, 5000, 3_600_000)
    """While the guard is silent or cannot be heard nothing else tells the wearer that there is no warning, so
    it is said again; †."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardSettings:
    """The board and what it runs on."""

    profile: str = one_of("auto", "zero2w", "pi4", "pi5", "none")
    """Whose defaults the other tables have (docs/boards.md); auto: those of the board that this is."""
    check_interval_ms: int = bounded(5000, 1000, 60_000)
    """How often temperature, supply and battery are read; the kernel itself asks every 2 s."""
    lasting_ms: int = bounded(4000, 0, 60_000)
    """Heat and a weak supply are told of when they were there for so long, at two readings at least; †."""
    steady_after_ms: int = bounded(60_000, 1000, 3_600_000)
    """They are over when they were away for so long, and longer each time they come back; †."""
    hot_from_deg: float = bounded(80.0, 50.0, 110.0)
    """Degrees Celsius. From 80 on a Pi's firmware slows it down."""
    cooled_by_deg: float = bounded(8.0, 1.0, 40.0)
    """So much cooler it must be again; one that is throttled swings by a few degrees."""
    battery_low_percent: int = bounded(15, 1, 50)
    """Told of once; †."""
    battery_very_low_percent: int = bounded(5, 0, 50)
    """Told of once more; †."""
    battery_well_percent: int = bounded(25, 2, 100)
    """Above this, and above low, it is well again; †: a gauge swings by several percent with the load."""
