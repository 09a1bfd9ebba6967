"""Shows what of the scripted hour is heard otherwise than it was accepted; `--accept` accepts it."""

from __future__ import annotations

import difflib
import sys
import tempfile
from pathlib import Path

from tests.replay.hour import TRANSCRIPT, hour


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        heard = hour(Path(folder)).transcript
    accepted = TRANSCRIPT.read_text(encoding="utf-8") if TRANSCRIPT.exists() else ""
    changed = list(
        difflib.unified_diff(accepted.splitlines(), heard.splitlines(), "accepted", "heard now", lineterm="")
    )
    print(*changed or ["nothing has changed"], sep="\n")
    if "--accept" in sys.argv[1:]:
        TRANSCRIPT.write_text(heard, encoding="utf-8")
        return 0
    return 1 if changed else 0


if __name__ == "__main__":
    sys.exit(main())
