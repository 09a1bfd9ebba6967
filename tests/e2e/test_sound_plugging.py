"""A headset pulled out and plugged in again while the device runs; sinks of a sound server stand for it."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kith.drivers.speaker import SpeakerSink
from kith.types import PlaybackResult
from tests.e2e.pulse import Pulse, _look_again, pulse, why_not
from tests.e2e.test_sound import LONG, WORDS, MakeRig, looks_like_speech, rig, until
from tests.unit._sound_kit import HEADSET, Sockets

__all__ = ["rig"]
WORKS_AGAIN_WITHIN_S = 5.0
"""After it was plugged in. Asked for every second; a machine that does other tests is slower."""
NAMED = """</usr/share/alsa/alsa.conf>
pcm.headset { type pulse device headset }
pcm.!default { type pulse }
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Pulse]:
    if reason := why_not():
        pytest.skip(reason)
    with pulse(tmp_path) as running:
        yield running


def test_a_headset_pulled_amid_words_and_plugged_in_again_speaks_without_a_restart(
    server: Pulse, rig: MakeRig
) -> None:
    device = rig(SpeakerSink)
    took_s = []
    for attempt in (1, 2, 3):
        device.play(attempt, LONG)
        until(lambda: device.thread.writing_since_ns)
        time.sleep(0.3)
        server.unplug()
        assert device.report(attempt).result is PlaybackResult.FAILED
        until(lambda attempt=attempt: len(device.faults) == attempt)  # type: ignore[misc]
        time.sleep(1.2)
        assert device.restored == attempt - 1
        server.plug()
        began_s = time.monotonic()
        until(lambda attempt=attempt: device.restored == attempt)  # type: ignore[misc]
        took_s.append(time.monotonic() - began_s)
    print(f"works again after {', '.join(f'{each:.2f}' for each in took_s)} s")
    assert max(took_s) < WORKS_AGAIN_WITHIN_S
    with server.listen() as monitor:
        device.play(9, WORDS)
        assert device.report(9).result is PlaybackResult.COMPLETED
        until(lambda: monitor.quiet_for_s() > 0.3)
        assert looks_like_speech(monitor.heard())
    assert len(device.faults) == 3


def test_another_device_speaks_meanwhile_and_the_chosen_one_again_when_it_is_back(
    server: Pulse, rig: MakeRig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sockets = Sockets(tmp_path)
    sinks: list[SpeakerSink] = []
    # ALSA takes a space in this path for the end of it.
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        (config := Path(folder, "asound.conf")).write_text(NAMED)
        monkeypatch.setenv("ALSA_CONFIG_PATH", str(config))
        _look_again()

        def open_sink() -> SpeakerSink:
            sinks.append(SpeakerSink("headset", asound=sockets.root))
            return sinks[-1]

        device = rig(open_sink)
        until(lambda: sinks)
        assert sinks[-1].stands_in
        with server.listen("kith") as builtin:
            device.play(1, WORDS)
            assert device.report(1).result is PlaybackResult.COMPLETED
            until(lambda: looks_like_speech(builtin.heard()))
        server.plug("headset")
        sockets.plug(2, "Headset", HEADSET, "")
        until(lambda: not sinks[-1].stands_in)
        with server.listen("headset") as headset:
            device.play(2, WORDS)
            assert device.report(2).result is PlaybackResult.COMPLETED
            until(lambda: looks_like_speech(headset.heard()))
        assert device.faults == []
        assert len(sinks) == 1
        device.close()
    monkeypatch.undo()
