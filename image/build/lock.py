"""What a build was made of, to make the same again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from image import ImageError
from image.build.debs import Deb
from image.build.python_parts import Wheel
from image.build.workshop import Source

_FORMAT = 1


def lock_text(
    *, flavour: str, source: Source, debs: Sequence[Deb], wheels: Sequence[Wheel], authority: Path
) -> str:
    """The lock file: every package and wheel, the source's state, whose updates the image takes; the same
    build gives the same text."""
    content = {
        "format": _FORMAT,
        "flavour": flavour,
        "source": asdict(source),
        "debs": [asdict(each) for each in debs],
        "update_authority_sha256": hashlib.sha256(authority.read_bytes()).hexdigest(),
        "wheels": [asdict(each) for each in wheels],
    }
    return json.dumps(content, indent=1, sort_keys=True) + "\n"


def read_debs(path: Path, flavour: str) -> list[Deb]:
    """The packages that a lock file names; ImageError where it is none, or another image's."""
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != _FORMAT or content["flavour"] != flavour:
            raise ImageError(f"{path} is a lock of {content['flavour']}, format {content['format']}")
        return [Deb(**each) for each in content["debs"]]
    except FileNotFoundError:
        raise ImageError(f"there is no {path}") from None
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise ImageError(f"{path} is no lock file of an image: {error}") from error
