"""Text in a picture, line by line, read on the device itself: the child of `reading_narrator`. Its parent is
`drivers.narrator_process`."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import cv2
import numpy as np

from kith.drivers.narrator_child import NarratorEnd
from kith.errors import ModelError
from kith.ports import NarrationEnd
from kith.runtime.memory import let_go_of_heap
from kith.vision.page_reader import read_page
from kith.vision.text_finder import TextFinder, well_lit
from kith.vision.text_reader import TextReader


def main(parent_pid: str) -> None:
    """Answer one request, as `reading_narrator` makes it."""
    end = NarratorEnd(int(parent_pid))
    began_s = time.monotonic()
    header, picture = end.request()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    cv2.setNumThreads(header["threads"])
    rgb = well_lit(np.frombuffer(picture, np.uint8).reshape(header["height_px"], header["width_px"], 3))
    try:
        # One network after the other: together they would take half of a small board's memory.
        lines = TextFinder(Path(header["finder"]), header["longer_side_px"]).find(rgb)
        let_go_of_heap()
        reader = TextReader(Path(header["reader"]))
    except ModelError as error:
        end.fault(str(error))
        end.end(NarrationEnd.MISSING)
        return
    told = False
    for piece in read_page(rgb, lines, reader):
        if time.monotonic() - began_s > header["longest_s"]:
            end.end(NarrationEnd.TOO_SLOW)
            return
        end.text(piece)
        told = True
    end.end(NarrationEnd.DONE if told else NarrationEnd.NOTHING)


if __name__ == "__main__":
    main(sys.argv[1])
