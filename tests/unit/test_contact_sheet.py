"""The contact sheet shows what happened: measured on its pixels."""

from __future__ import annotations

import os
import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from kith.errors import InputError
from kith.simulation.contact_sheet import COLUMNS, MOST_PICTURES, ContactSheet
from kith.simulation.lanes import EVENT_COLOURS, GUTTER_PX, Axis, Mark, speech_lane
from kith.simulation.lettering import Lettering
from kith.simulation.marking import KNOWN, REJECTED, UNKNOWN
from kith.simulation.moments import PICTURE_WIDTH_PX, Moments
from kith.simulation.snapshots import FaceMark, Snapshot
from kith.types import U8, BoxPx, Outcome, Rejection

BOX = BoxPx(x=160, y=120, w=100, h=120)


def known(name: str) -> FaceMark:
    return FaceMark(box=BOX, label=name, outcome=Outcome.KNOWN, rejection=None)


def snapshot(t_s: float, marks: tuple[FaceMark, ...] = (), grey: int | None = None) -> Snapshot:
    """A frame whose brightness tells its time: 2 levels a second."""
    level = round(t_s * 2) if grey is None else grey
    return Snapshot(t_s=t_s, rgb=np.full((480, 640, 3), level, np.uint8), marks=marks, captions=())


def share_of(picture: U8, colour: tuple[int, int, int]) -> float:
    return float((np.abs(picture.astype(int) - colour).max(axis=2) <= 6).mean())


def tiles(sheet: U8) -> list[U8]:
    """The pictures of a sheet, found where they must lie."""
    found, top = [], 104
    row_height = PICTURE_WIDTH_PX * 3 // 4 + 56 + 16
    while top + row_height < sheet.shape[0] - 100:
        for column in range(COLUMNS):
            left = 32 + column * (PICTURE_WIDTH_PX + 16)
            found.append(sheet[top : top + PICTURE_WIDTH_PX * 3 // 4, left : left + PICTURE_WIDTH_PX])
        top += row_height
    return found


def walk(seconds: int, marks: tuple[FaceMark, ...] = ()) -> ContactSheet:
    sheet = ContactSheet()
    for tenth in range(seconds * 10):
        sheet.add(snapshot(tenth / 10, marks))
    return sheet


def test_a_picture_is_kept_for_every_telling_event_at_its_time() -> None:
    moments = Moments()
    for tenth in range(1000):
        if tenth in (123, 456, 457, 900):
            moments.expect(f"event {tenth}")
        moments.add(snapshot(tenth / 10))
    chosen = moments.chosen(8)
    assert len(chosen) == 8
    told = {round(moment.t_s, 1): moment.words for moment in chosen if moment.words}
    assert told == {12.3: ("event 123",), 45.7: ("event 456", "event 457"), 90.0: ("event 900",)}
    for moment in chosen:
        assert abs(float(moment.picture().mean()) - round(moment.t_s * 2)) <= 2


def test_pictures_between_events_are_spread_over_the_run() -> None:
    moments = Moments()
    for tenth in range(1000):
        moments.add(snapshot(tenth / 10))
    times = [moment.t_s for moment in moments.chosen(10)]
    assert times == sorted(times)
    assert max(np.diff([0.0, *times, 100.0])) < 20


def test_an_event_after_the_last_frame_gets_the_last_picture() -> None:
    moments = Moments()
    moments.add(snapshot(1.0))
    moments.add(snapshot(1.1))
    moments.expect("the end")
    assert [(moment.t_s, moment.words) for moment in moments.chosen(5)][-1] == (1.1, ("the end",))


def test_an_hour_costs_no_more_than_a_few_hundred_small_pictures() -> None:
    moments = Moments()
    for second in range(0, 3600, 6):
        moments.expect("said something")
        moments.add(snapshot(second, grey=second % 250))
        moments.add(snapshot(second + 3.0, grey=second % 250))
    kept = moments.chosen(10_000)
    assert len(kept) <= 241
    assert sum(len(moment.jpeg) for moment in kept) < 241 * 60_000
    assert kept[0].t_s < 100
    assert kept[-1].t_s > 3500


def test_the_sheet_has_the_size_of_its_pictures_and_lanes() -> None:
    sheet = walk(40, (known("Anna"),)).draw()
    assert sheet.shape[1] == 2 * 32 + COLUMNS * PICTURE_WIDTH_PX + (COLUMNS - 1) * 16
    shown = tiles(sheet)
    assert len(shown) == MOST_PICTURES
    # Frames of 640 x 480 grow lighter with time, two levels a second: so must the pictures, in reading order.
    levels = [float(np.median(tile)) for tile in shown]
    assert levels == sorted(levels)
    assert levels[0] < 6
    assert levels[-1] > 70


@pytest.mark.parametrize(
    ("mark", "colour"),
    [
        (known("Anna"), KNOWN),
        (FaceMark(box=BOX, label="", outcome=Outcome.UNKNOWN, rejection=None), UNKNOWN),
        (FaceMark(box=BOX, label="", outcome=None, rejection=Rejection.TOO_DARK), REJECTED),
    ],
)
def test_a_face_is_framed_where_it_is_and_named(mark: FaceMark, colour: tuple[int, int, int]) -> None:
    tile = tiles(walk(5, (mark,)).draw())[0]
    scale = PICTURE_WIDTH_PX / 640
    left, top = round(BOX.x * scale), round(BOX.y * scale)
    bottom = round((BOX.y + BOX.h) * scale)
    assert share_of(tile[top + 6 : bottom - 4, left - 2 : left + 3], colour) > 0.15
    tag = tile[top - 24 : top, left : left + 30]
    assert share_of(tag, colour) > 0.3, "the name's plate lies above the box"
    assert int(tag.max()) > 230, "and has white letters on it"
    assert share_of(tile[:, : left - 4], colour) == 0.0


def lane_rows(sheet: U8, colour: tuple[int, int, int], first_row: int) -> list[tuple[int, int]]:
    """Left and right end of what has a colour in the time line, for each row of pixels that has it."""
    hits = np.abs(sheet[first_row:].astype(int) - colour).max(axis=2) <= 3
    return [
        (int(np.flatnonzero(row)[0]), int(np.flatnonzero(row)[-1]))
        for row in hits
        if np.count_nonzero(row) > 4
    ]


def test_the_time_line_shows_when_somebody_was_in_view() -> None:
    sheet = ContactSheet()
    for tenth in range(1001):
        t_s = tenth / 10
        sheet.add(snapshot(t_s, (known("Anna"),) if 20 <= t_s <= 45 else (), grey=0))
    drawn = sheet.draw()
    axis = Axis(end_s=100.0, width_px=drawn.shape[1] - 64)
    first_row = 104 + 5 * (PICTURE_WIDTH_PX * 3 // 4 + 72)
    bars = lane_rows(drawn, KNOWN, first_row)
    assert len(bars) >= 10
    assert {left for left, _ in bars} == {32 + axis.x(20.0)}
    assert {right for _, right in bars} == {32 + axis.x(45.0)}


@pytest.mark.parametrize("kind", ["fault", "rejected", "enrolled"])
def test_an_event_has_a_badge_at_its_time(kind: str) -> None:
    sheet = walk(100)
    sheet.event(60.0, kind, "camera")
    drawn = sheet.draw()
    axis = Axis(end_s=99.9, width_px=drawn.shape[1] - 64)
    badge = lane_rows(drawn, EVENT_COLOURS[kind], 104 + 5 * (PICTURE_WIDTH_PX * 3 // 4 + 72))
    assert len(badge) > 10
    assert min(left for left, _ in badge) == 32 + axis.x(60.0)


def test_words_and_presses_change_their_lanes_only() -> None:
    def time_line(*events: tuple[float, str, str]) -> U8:
        sheet = walk(30)
        for t_s, kind, text in events:
            sheet.event(t_s, kind, text)
        return sheet.draw()[104 + 5 * (PICTURE_WIDTH_PX * 3 // 4 + 72) :]

    def changed(before: U8, after: U8) -> tuple[int, int]:
        rows = np.flatnonzero((before != after).any(axis=(1, 2)))
        return int(rows[0]), int(rows[-1])

    nothing = time_line((10.0, "appeared", "Anna"))
    pressed = changed(nothing, time_line((10.0, "button", "tap")))
    happened = changed(nothing, time_line((10.0, "undone", "Anna")))
    # An announcement also chooses a picture, whose number stands above the lanes: look below those.
    said = changed(nothing[40:], time_line((10.0, "announcement", "Anna, left, two metres."))[40:])
    assert said[1] + 40 < pressed[0] <= pressed[1] < nothing.shape[0]
    assert pressed[1] < happened[1]


def test_six_long_texts_one_after_the_other_are_all_written() -> None:
    axis, letters = Axis(end_s=60.0, width_px=1400), Lettering()
    words = "Anna, left, two metres. Ben, right, three metres."

    def ink(count: int) -> int:
        said = [Mark(t_s=10.0 + second, kind="announcement", text=words) for second in range(count)]
        lane = speech_lane(said, letters)
        part = np.full((lane.height_px, axis.width_px, 3), 255, np.uint8)
        lane.paint(part, axis)
        return int(np.count_nonzero(part[:, GUTTER_PX:].max(axis=2) < 128))

    assert ink(6) == pytest.approx(6 * ink(1), rel=0.05)
    assert ink(7) < 6.2 * ink(1)  # there is no room for a seventh


def test_a_caption_tells_what_was_said() -> None:
    def captions(words: str) -> U8:
        sheet = ContactSheet()
        for second in range(4):
            if second == 2:
                sheet.event(2.0, "announcement", words)
            sheet.add(snapshot(second, grey=200))
        height = PICTURE_WIDTH_PX * 3 // 4
        return sheet.draw()[104 + height : 104 + height + 56]

    def ink(part: U8) -> int:
        return int((part < 128).all(axis=2).sum())

    third = slice(32 + 2 * (PICTURE_WIDTH_PX + 16), 32 + 3 * (PICTURE_WIDTH_PX + 16))
    shorter, longer = captions("Anna."), captions("Anna, left, two metres.")
    assert ink(longer[:, third]) > 2 * ink(shorter[:, third]) - ink(captions("")[:, third])
    assert np.array_equal(shorter[:, : third.start], longer[:, : third.start])
    assert np.array_equal(shorter[:, third.stop :], longer[:, third.stop :])


def test_a_run_without_frames_still_gives_a_sheet() -> None:
    sheet = ContactSheet()
    sheet.event(0.0, "fault", "the camera has stopped")
    drawn = sheet.draw()
    assert share_of(drawn, EVENT_COLOURS["fault"]) > 0


def test_frames_of_other_shapes_keep_their_shape() -> None:
    sheet = ContactSheet()
    sheet.add(Snapshot(t_s=0.0, rgb=np.full((1280, 720, 3), 90, np.uint8), marks=(), captions=()))
    drawn = sheet.draw()
    column = drawn[104:, 32 + 200]
    assert int((np.abs(column.astype(int) - 90).max(axis=1) <= 2).sum()) == round(
        1280 * PICTURE_WIDTH_PX / 720
    )


def test_it_saves_what_it_draws(tmp_path: Path) -> None:
    sheet = walk(3, (known("Zoë"),))
    sheet.save(tmp_path / "sheet.png")
    assert np.array_equal(np.asarray(cv2.imread(str(tmp_path / "sheet.png"))), sheet.draw())


@pytest.mark.parametrize("name", ["missing/sheet.png", "sheet.bmpx", "folder.png"])
def test_a_bad_path_is_an_input_error_that_names_it(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(InputError, match=re.escape(name)):
        walk(1).save(tmp_path / name)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, a device that is always full")
def test_a_full_disk_is_an_input_error(tmp_path: Path) -> None:
    path = tmp_path / "sheet.png"
    path.symlink_to("/dev/full")
    with pytest.raises(InputError, match="No space left"):
        walk(1).save(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_is_an_input_error(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="permission denied"):
        walk(1).save(tmp_path / "sheet.png")


def test_long_words_are_cut_to_fit() -> None:
    letters = Lettering()
    long = "Anna, left, two metres. " * 20
    assert letters.width(letters.fitted(long, 16, 300), 16) <= 300
    assert letters.fitted("Anna", 16, 300) == "Anna"
    lines = letters.wrapped(long, 16, 300, 2)
    assert len(lines) == 2
    assert all(letters.width(line, 16) <= 300 for line in lines)
    assert lines[1].endswith("…")
    assert letters.wrapped("", 16, 300, 2) == []
