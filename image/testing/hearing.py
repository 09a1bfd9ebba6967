"""What a device said, where this machine can listen to it."""

from __future__ import annotations

from pathlib import Path

from image.testing.record import Row


def hear(sound: Path, row: Row, *texts: str) -> None:
    """Note what is recognised in a recording, and check that all these lines are in it."""
    try:
        from demo.recognised import NoRecogniser
        from image.testing.sound import listen
    except ImportError as error:
        row.note(f"not listened to ({error}): make setup installs what hears")
        return
    try:
        said = listen(sound)
    except NoRecogniser as error:
        row.note(f"not listened to: {error}")
        return
    row.note(str(said))
    for text in texts:
        row.check(said.share_of(text) == 1.0, f'"{text}" {said.share_of(text):.0%} recognised')
