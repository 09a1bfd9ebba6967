"""`kith sounds`: what the wearer will hear, to be learnt."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kith.cli.base import guard_settings_of, settings_of

if TYPE_CHECKING:
    from kith.app.sounds import Sound


@click.command()
@click.argument("names", nargs=-1)
@click.option("--list", "only_listed", is_flag=True, help="Print the table of all sounds and play none.")
@click.option(
    "--sound",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write what would be heard as a WAV file instead.",
)
@click.pass_context
def sounds(ctx: click.Context, names: tuple[str, ...], only_listed: bool, file: Path | None) -> None:
    """Play and name each sound of Kith and of its guard, so that they can be learnt.

    With NAMES only those. The guard's beeps come from the speaker here, made by the guard's own rules and
    settings; on the way it is the buzzer that makes them. Ctrl-C ends it at once.

    \b
    Examples:
      kith sounds
      kith sounds near contact
      kith sounds --sound sounds.wav
    """
    from kith.app.sounds import all_sounds, chosen

    settings = settings_of(ctx)
    asked = chosen(all_sounds(guard_settings_of(ctx).sounds), names)
    if only_listed:
        for each in asked:
            _tell(each)
        return
    from kith.app.sounds import play
    from kith.drivers.speaker import SpeakerSink
    from kith.drivers.speech import open_speech
    from kith.drivers.wav import WavSink

    speech = open_speech(settings.announce)
    try:
        sink = SpeakerSink(settings.announce.sound_device) if file is None else WavSink(file)
        try:
            play(asked, speech, sink, volume=settings.announce.volume, tell=_tell)
        finally:
            sink.close()
    finally:
        speech.close()


def _tell(sound: Sound) -> None:
    click.echo(f"{sound.name:<13} {sound.source:<8} {sound.heard:<37} {sound.words}")
