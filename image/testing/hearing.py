"""What a device said, where this machine can listen to it."""

from __future__ import annotations

from pathlib import Path

from image.testing.record import Row

LEAST_AUDIBLE_S = 1.0


def hear(sound: Path, row: Row, *texts: str) -> None:
    """Check that something was said; note how much of these lines is recognised. An emulated processor that
    others use, too, is now and then late with the sound, and a word with a gap in it is not recognised."""
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
    row.check(said.audible_s >= LEAST_AUDIBLE_S, f"{said.audible_s:.1f} s of sound were heard")
    for text in texts:
        row.note(f'of "{text}" {said.share_of(text):.0%} recognised')
