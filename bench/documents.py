"""Writes what a run found into a document, between its marks, so that no figure is copied by hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kith.errors import InputError


def replace_block(document: Path, name: str, lines: Sequence[str]) -> None:
    """Put `lines` between `<!-- bench NAME -->` and `<!-- end NAME -->`. Raises InputError where the document
    has not each mark once."""
    text = document.read_text(encoding="utf-8")
    begin, end = f"<!-- bench {name} -->", f"<!-- end {name} -->"
    if text.count(begin) != 1 or text.count(end) != 1 or text.index(begin) > text.index(end):
        raise InputError(f"{document} must hold {begin} and below it {end}, each once")
    before, _, rest = text.partition(begin)
    after = rest.partition(end)[2]
    document.write_text("\n".join([before + begin, "", *lines, "", end + after]), encoding="utf-8")
