"""What the carer does to people and things alike."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from kith.cli.base import state_of

if TYPE_CHECKING:
    from kith.config import AnnounceSettings

WhichKind = Literal["person", "thing"]
"""`kith.types.Kind`, whose module is too heavy for asking for help."""

_COMMANDS = {"person": "people", "thing": "things"}
"""The group of each kind."""


def rename_entry(kind: WhichKind, old: str, new: str, *, drop_recording: bool, data: Path | None) -> None:
    """Rename, and tell what became of a recording. Raises PersonNotFound, DuplicatePerson, InputError."""
    from kith.app.opening import open_people
    from kith.recognition.names import normal_name
    from kith.types import Kind

    normal_name(new)
    with open_people(state_of(data)) as gallery:
        before = gallery.one_of(Kind(kind), old)
        renamed = gallery.rename(old, new, Kind(kind))
        if drop_recording:
            gallery.set_recording(renamed.person_id, None)
    click.echo(f"{old.strip()} is now {renamed.name}.")
    if renamed.name_recording is None:
        return
    if drop_recording:
        click.echo("The recording of the old name is deleted.")
    elif not before.generated:
        record = f"`kith {_COMMANDS[kind]} record`"
        click.echo(f"The recording still says the old name; {record} gives a new one.")


def record_entry(kind: WhichKind, name: str, file: Path, *, data: Path | None) -> None:
    """Let a recording say the name. Raises PersonNotFound, InputError."""
    from kith.app.name_recordings import record
    from kith.app.opening import open_people
    from kith.types import Kind

    with open_people(state_of(data)) as gallery:
        entry = gallery.one_of(Kind(kind), name)
        seconds = record(gallery, entry, file)
    click.echo(f"{entry.name} is said by this recording from now on, {seconds:.1f} s long.")


def unrecord_entry(kind: WhichKind, name: str, *, data: Path | None) -> None:
    """Delete the recording of the name, if there is one. Raises PersonNotFound."""
    from kith.app.opening import open_people
    from kith.types import Kind

    with open_people(state_of(data)) as gallery:
        entry = gallery.one_of(Kind(kind), name)
        if entry.name_recording is not None:
            gallery.set_recording(entry.person_id, None)
    if entry.name_recording is None:
        click.echo(f"There was no recording of {entry.name}.")
    else:
        click.echo(f"The recording of {entry.name} is deleted; the synthetic voice says the name.")


def hear_entry(
    kind: WhichKind, name: str, announce: AnnounceSettings, *, sound: Path | None, data: Path | None
) -> None:
    """Play the name as the wearer hears it, or write that as a WAV file. Raises PersonNotFound,
    AudioUnavailable, AudioFault."""
    from kith.app.name_recordings import play
    from kith.app.opening import open_people
    from kith.drivers.speaker import SpeakerSink
    from kith.drivers.speech import open_speech
    from kith.drivers.wav import WavSink
    from kith.types import Kind

    with open_people(state_of(data)) as gallery:
        entry = gallery.one_of(Kind(kind), name)
        sink = SpeakerSink(announce.sound_device) if sound is None else WavSink(sound)
        try:
            recorded = play(entry, lambda: open_speech(announce), sink, volume=announce.volume)
        finally:
            sink.close()
    click.echo(f"{entry.name}: {'the recording' if recorded else 'the synthetic voice'}.")


def forget_entry(kind: WhichKind, name: str, *, yes: bool, data: Path | None) -> None:
    """Forget for good, unless asked and denied. Raises PersonNotFound, InputError."""
    from kith.app.opening import open_people
    from kith.types import Kind

    with open_people(state_of(data)) as gallery:
        entry = gallery.one_of(Kind(kind), name)
        if not yes:
            of_them = "them" if kind == "person" else "it"
            click.confirm(f"Forget {entry.name} and all that is kept of {of_them} for good?", abort=True)
        gallery.forget(name, Kind(kind))
    click.echo(f"{entry.name} is forgotten.")
