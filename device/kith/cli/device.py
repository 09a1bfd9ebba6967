"""The device's own commands: simulate, run, doctor."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kith.cli.base import (
    data_option,
    echo_json,
    guard_settings_of,
    log_on_a_copy_of_stderr,
    settings_of,
    state_of,
)
from kith.cli.sounds import sounds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kith.app.findings import Finding
    from kith.app.scrubbing import Scrubber
    from kith.config import Settings
    from kith.types import Announcement

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.option("--video", type=_FILE, help="What the camera sees: any video that OpenCV reads.")
@click.option("--photos", type=click.Path(path_type=Path, file_okay=False), help="Or a folder of photos.")
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the gallery to use and to enrol into. Else an empty one, thrown away afterwards.",
)
@click.option(
    "--button",
    default="",
    help="Presses: seconds and tap, double, triple, hold, taphold, doublehold, triplehold, hold4 or hold10;"
    ' "12.5 double; 30 tap".',
)
@click.option(
    "--names",
    default="",
    help='What somebody says when Kith asks for a name, one after the other: "Grace; Ben". Without it there'
    " is no microphone.",
)
@click.option(
    "--scene",
    type=_FILE,
    help="What the range sensors meet, as a TOML file: with it the guard takes part. The demo walk has one.",
)
@click.option(
    "--faults",
    default="",
    help='What breaks: "12 freeze 5; 30 unplug 4; 40 kill-voice", and of the range sensor at the head (or'
    ' "knee"): "20 range-unplug 4; 30 range-stuck 3 knee", also range-silent, range-zeros, range-sun;'
    ' of the board: "12 battery 9" (percent, from then on), "30 hot 20", "60 weak-supply 20".',
)
@click.option("--events", type=_FILE, help="Write what happens as JSON lines, one an event.")
@click.option("--sound", type=_FILE, help="Write what the wearer hears as a WAV file.")
@click.option("--picture", type=_FILE, help="Write a contact sheet as a PNG file.")
@click.option(
    "--video-out",
    type=_FILE,
    help="Write the video with boxes and names; the name ends in .avi, .mkv or .mp4.",
)
@click.option(
    "--sent",
    type=_FILE,
    help="Write the picture that leaves the device for a description (doublehold, with [scene] in --config).",
)
@click.option(
    "--realtime",
    is_flag=True,
    help="With the wearable's threads and clock, and aloud if there is a speaker; the guard is then a process"
    " of its own, and its beeps are mixed into the sound 50 ms late.",
)
@click.option(
    "--latency",
    is_flag=True,
    help="Run as with --realtime, then print how long each stage took from the shutter to the first sound.",
)
@click.option("--quiet", is_flag=True, help="No timeline on the terminal.")
@click.pass_context
def simulate(ctx: click.Context, /, **given: object) -> None:
    """Run the whole device on a desk, on a video, on photos or on the demo walk.

    The wiring is the wearable's; camera, button and range sensors are simulated, everything else is real:
    networks, gallery, speech, and the guard, where there is a scene for it. It runs as fast as it can in a
    time of its own, unless --realtime is given.

    \b
    Examples:
      kith simulate                                  the demo walk (after `make demo`)
      kith simulate --video hall.mp4 --sound hall.wav --picture hall.png
      kith simulate --video anna.mkv --data home --names Anna \\
          --button "0.5 double; 14 double; 21 double"    enrol who is in it: yes to consent, yes to the name
      kith simulate --video anna.mkv --data home     and see them named
      kith simulate --video hall.mp4 --scene hall.toml --sound hall.wav    and hear the guard
    """
    from kith.runtime.memory import start_small

    start_small()
    from kith.app.recorder import Outputs
    from kith.app.simulate import Request, simulate

    paths = {key: value for key, value in given.items() if isinstance(value, Path)}
    request = Request(
        video=paths.get("video"),
        photos=paths.get("photos"),
        scene=paths.get("scene"),
        guard=guard_settings_of(ctx),
        data=paths.get("data"),
        button=str(given["button"]),
        names=str(given["names"]),
        faults=str(given["faults"]),
        sound=paths.get("sound"),
        outputs=Outputs(
            events=paths.get("events"),
            picture=paths.get("picture"),
            video=paths.get("video_out"),
            sent=paths.get("sent"),
        ),
        realtime=bool(given["realtime"]),
        latency=bool(given["latency"]),
        quiet=bool(given["quiet"]),
    )
    summary = simulate(settings_of(ctx), request)
    spoke = "once" if summary.spoken == 1 else f"{summary.spoken} times"
    click.echo(f"{summary.simulated_s:.1f} s simulated in {summary.took_s:.1f} s; Kith spoke {spoke}.")
    late = (("button press", "es", summary.late_presses), ("fault", "s", summary.late_faults))
    for what, plural, count in late:
        if count:
            click.echo(f"Not made, since it had ended: {count} {what}{plural if count > 1 else ''}.")
    for line in summary.latency:
        click.echo(line)
    for what, path in paths.items():
        if what in ("events", "sound", "picture", "video_out", "sent"):
            click.echo(f"  {what.replace('_', ' ')}: {path}")


@click.command()
@data_option
@click.option("--verbose", is_flag=True, help="Log what happens, not only what goes wrong. Never names.")
@click.pass_context
def run(ctx: click.Context, data: Path | None, verbose: bool) -> None:
    """The daemon on the wearable: look, tell, listen to the button, until it is stopped.

    systemd starts it (systemd/kith.service). It ends with status 1 when a part failed again and again, so
    that systemd starts it anew.
    """
    import logging

    from kith.runtime.memory import start_small

    start_small()
    from kith.app.run import run

    log_on_a_copy_of_stderr(logging.INFO if verbose else logging.WARNING)
    config: Path | None = ctx.find_root().obj
    if not run(_settings_or_refusal(ctx), state_of(data), config):
        ctx.exit(1)


def _settings_or_refusal(ctx: click.Context) -> Settings:
    """The settings; a mistake in them is told aloud, too, since a log helps nobody who cannot see. Raises
    ConfigError."""
    from kith.app.run import refuse
    from kith.config import Settings
    from kith.errors import ConfigError

    try:
        return settings_of(ctx)
    except ConfigError as error:
        refuse(error, Settings())
        raise


@click.command()
@data_option
@click.option("--wearable", is_flag=True, help="No part may be missing, as on a Raspberry Pi anyway.")
@click.option("--sounds", "with_sounds", is_flag=True, help="Then play every sound, as `kith sounds` does.")
@click.option(
    "--aloud", is_flag=True, help="Say the result, too, in Kith's voice: as on the first day of a device."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead, without any name.")
@click.pass_context
def doctor(
    ctx: click.Context, data: Path | None, wearable: bool, with_sounds: bool, aloud: bool, as_json: bool
) -> None:
    """Check every part and say in words how it is. Nothing is changed.

    "missing" is a part that is not there, as camera, button, speaker and guard on a desk, where it does no
    harm. On a Raspberry Pi it FAILED; stop the device first (sudo systemctl stop kith), since it holds these
    parts, but leave the guard running (kith-guard): it is asked how it and its sensors are.
    The exit status is 1 when anything FAILED.

    \b
    With --json the object has these fields:
      version   of Kith, as text
      when      it was asked, in UTC: "2026-03-01T12:00:00Z"
      board     the machine's model, or null where it says none
      overall   "ok" or "failed", as the exit status
      findings  a list in the order above, each with
                part, as "camera" ("scene" only where descriptions are on);
                verdict, "ok", "missing" or "failed"; text, in words
    """
    from kith.app.doctor import examine, on_a_pi
    from kith.app.doctor_report import scrubber_of
    from kith.app.findings import Verdict

    if as_json and with_sounds:
        raise click.UsageError("--json leaves nothing else on the output: leave out --sounds")
    config: Path | None = ctx.find_root().obj
    settings, state = settings_of(ctx), state_of(data)
    if aloud:
        _tell_begin(settings)
    examined = examine(settings, state, wearable=wearable or on_a_pi(), config=config)
    findings = [_noted(finding, shown=not as_json) for finding in examined]
    if as_json:
        _print_json(findings, scrubber_of(settings, state, config))
    if aloud:
        _tell_outcome(findings, settings)
    if with_sounds:
        ctx.invoke(sounds)
    if any(finding.verdict is Verdict.FAILED for finding in findings):
        ctx.exit(1)


def _print_json(findings: Sequence[Finding], scrubber: Scrubber) -> None:
    from datetime import UTC, datetime

    from kith.app.doctor_report import report

    echo_json(report(findings, scrubber, when=datetime.now(UTC)))


def _noted(finding: Finding, *, shown: bool) -> Finding:
    from kith.app.findings import Verdict

    if not shown:
        return finding
    colour = {Verdict.OK: "green", Verdict.MISSING: "yellow", Verdict.FAILED: "red"}[finding.verdict]
    click.echo(f"{finding.part:<10} {click.style(f'{finding.verdict.value:<8}', fg=colour)} {finding.text}")
    return finding


def _tell_begin(settings: Settings) -> None:
    from kith.app.doctor_aloud import begin

    _tell_aloud(begin(settings.announce), settings)


def _tell_outcome(findings: Sequence[Finding], settings: Settings) -> None:
    from kith.app.doctor_aloud import outcome

    if why := _tell_aloud(outcome(findings, settings.announce), settings):
        click.echo(f"kith: nobody could be told aloud: {why}", err=True)


def _tell_aloud(announcements: Sequence[Announcement], settings: Settings) -> str:
    """Why they were not heard; empty when they were. The sound device is free again afterwards."""
    from kith.app.doctor_aloud import tell
    from kith.drivers.speaker import SpeakerSink
    from kith.drivers.speech import open_speech
    from kith.errors import HardwareError

    try:
        speech = open_speech(settings.announce)
        try:
            sink = SpeakerSink(settings.announce.sound_device)
            try:
                tell(announcements, speech, sink, settings.announce.volume)
            finally:
                sink.close()
        finally:
            speech.close()
    except HardwareError as error:
        return str(error)
    return ""
