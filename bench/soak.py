"""`make soak`: does the device grow? Hours of its life without waiting, on a walk that is looped.

Everything is the wearable's but camera, button and loudspeaker: networks, tracks, gallery, presence, what is
said, the voice's process and the mixing of the sound. Time is virtual: an hour of people who come and
go lasts as long as the looks in it do, of which there is one for three frames of the camera, as always.
"""

from __future__ import annotations

import argparse
import itertools
import math
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from bench.frames import WALK
from kith.app.demo_walk import enrol_cast, load_walk
from kith.app.events import Event
from kith.app.lockstep import Lockstep
from kith.app.paths import gallery_file
from kith.app.wiring import assemble, quieten_opencv
from kith.clock import VirtualClock
from kith.config import Settings
from kith.drivers.simulated_button import parse_presses
from kith.drivers.simulated_camera import FrameSource, SimulatedCamera, video_source
from kith.drivers.speech import open_speech
from kith.errors import InputError
from kith.ports import Speech
from kith.runtime.memory import start_small
from kith.types import U8, Frame, Sighting

FRAMES = 100_000
PER_FRAMES = 10_000
LIMIT_MIB = 0.1
"""Growth allowed in 10,000 frames. A day of 16 hours at thirty frames a second has 1.7 million: at the limit
a device would be 17 MiB larger in the evening, and a night on the charger begins it anew."""
WARM_UP = 0.1
"""Share of the run that is not judged: caches fill, and the heap finds its size."""

_FPS = 30.0
_SHOWN = 3
"""Frames of the camera for one picture of the walk: it is looked at once."""
_EVERY_OTHER = 2
_TAP_S = 30
_JPEG_QUALITY = 92
_CONFIDENT = 1.96


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What the process weighs after so many frames. own: pages that are its own, as the heap's are; the rest
    are files', and the system takes them back as it likes."""

    frames: int
    resident_mib: float
    own_mib: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """Growth of the process's own pages in MiB a 10,000 frames: least squares, and the 95 % interval."""

    slope: float
    low: float
    high: float

    @property
    def verdict(self) -> str:
        """In words, at the limit."""
        if self.high <= LIMIT_MIB:
            return "it does not grow"
        return "it GROWS" if self.low > LIMIT_MIB else "not decided: run longer"


def report(
    video: Path | None = None, frames: int = FRAMES, every: int | None = None, speech: Speech | None = None
) -> Trend:
    """Run, print a line every so many frames and the verdict. video: None for the demo walk, with its people
    enrolled; with another nobody is. speech: None for the real voice. Raises KithError."""
    settings = Settings()
    quieten_opencv()
    walk = load_walk() if video is None or video == WALK else None
    pictures = _Loop(video or WALK, -(-frames // _SHOWN))
    meter = _Meter(frames, every or max(1, frames // 100))
    print(f"\n{frames} frames, {frames / _FPS / 60:.0f} minutes; {len(pictures)} pictures over and over")
    print("\n   frames   resident MiB   its own MiB   ms a frame   still to go")
    voice = speech or open_speech(settings.announce)
    clock = VirtualClock()
    with tempfile.TemporaryDirectory(prefix="kith-soak-") as folder:
        if walk is not None:
            enrol_cast(walk, settings, Path(folder))
        file = gallery_file(Path(folder))
        device = assemble(settings, file, voice, clock, meter.event, virtual_time=True)
        try:
            source = FrameSource(fps=_FPS, count=frames, frames=lambda: pictures.frames(frames))
            camera = SimulatedCamera(source, clock, paced=False)
            life = Lockstep(device, clock, camera, None, settings=settings.camera, watch=meter.frame)
            life.run(parse_presses(_taps(frames / _FPS)), ())
        except KeyboardInterrupt:
            print("broken off; what was seen so far:")
        finally:
            device.close()
    return _tell(meter)


def trend(samples: Sequence[Sample]) -> Trend:
    """The growth over evenly spaced samples, three at least. The interval allows for what lasts from one
    sample to the next: an error that is like the one before it counts for less than one sample."""
    x = np.array([sample.frames for sample in samples], float) / PER_FRAMES
    y = np.array([sample.own_mib for sample in samples])
    if len(x) < 3:
        raise InputError("there are too few samples to see a trend: run longer, or print more often")
    x = x - x.mean()
    slope = float(x @ y / (x @ x))
    errors = y - y.mean() - slope * x
    spread = float(errors @ errors)
    if spread < 1e-9:
        return Trend(slope=slope, low=slope, high=slope)
    lasting = min(max(float(errors[1:] @ errors[:-1]) / spread, 0.0), 0.99)
    independent = max(len(x) * (1 - lasting) / (1 + lasting), 3.0)
    error = math.sqrt(spread / (independent - 2) / (float(x @ x) * independent / len(x)))
    return Trend(slope=slope, low=slope - _CONFIDENT * error, high=slope + _CONFIDENT * error)


class _Loop:
    """Every other frame of a video, at most so many, kept as JPEG, so that memory holds a minute of it."""

    def __init__(self, video: Path, most: int) -> None:
        self._coded = [
            cv2.imencode(".jpg", rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])[1]
            for rgb in itertools.islice(video_source(video).frames(), 0, _EVERY_OTHER * most, _EVERY_OTHER)
        ]

    def __len__(self) -> int:
        return len(self._coded)

    def frames(self, count: int) -> Iterator[U8]:
        for number in range(0, count, _SHOWN):
            bgr = cv2.imdecode(self._coded[number // _SHOWN % len(self._coded)], cv2.IMREAD_COLOR)
            for _ in range(min(_SHOWN, count - number)):
                yield np.ascontiguousarray(np.asarray(bgr, np.uint8)[..., ::-1])


class _Meter:
    """Looks on, and weighs the process every so many frames."""

    def __init__(self, frames: int, every: int) -> None:
        self.samples: list[Sample] = []
        self.events: Counter[str] = Counter()
        self.faces = self.looks = 0
        self._all, self._every, self._frames, self._seen = frames, every, 0, -1
        self._began_s = time.monotonic()

    def event(self, event: Event) -> None:
        self.events[event.kind] += 1

    def frame(self, frame: Frame, sighting: Sighting | None, now_ns: int) -> None:
        self._frames += 1
        if sighting is not None and sighting.seq != self._seen:
            self._seen = sighting.seq
            self.looks += 1
            self.faces += len(sighting.faces)
        if self._frames == 1:
            self._began_s = time.monotonic()
        elif self._frames % self._every == 0:
            self._weigh()

    def _weigh(self) -> None:
        sizes = _sizes_mib()
        sample = Sample(frames=self._frames, resident_mib=sizes["Rss"], own_mib=sizes["Anonymous"])
        self.samples.append(sample)
        a_frame_s = (time.monotonic() - self._began_s) / self._frames
        left_min = (self._all - self._frames) * a_frame_s / 60
        print(
            f"{sample.frames:9d} {sample.resident_mib:14.1f} {sample.own_mib:13.1f} {a_frame_s * 1e3:12.1f}"
            f" {left_min:9.0f} min",
            flush=True,
        )


def _tell(meter: _Meter) -> Trend:
    judged = meter.samples[math.ceil(WARM_UP * len(meter.samples)) :]
    found = trend(judged)
    told = ", ".join(f"{count} {kind}" for kind, count in sorted(meter.events.items()))
    print(f"\nIt looked {meter.looks} times and saw {meter.faces} faces; {told}.")
    interval = f"95 %: {found.low:+.3f} .. {found.high:+.3f}; allowed {LIMIT_MIB}"
    print(
        f"From frame {judged[0].frames} on its own pages grow by {found.slope:+.3f} MiB"
        f" in {PER_FRAMES} frames ({interval}): {found.verdict}."
    )
    return found


def _taps(duration_s: float) -> str:
    return "; ".join(f"{at_s} tap" for at_s in range(_TAP_S, int(duration_s), _TAP_S))


def _sizes_mib() -> dict[str, float]:
    lines = Path("/proc/self/smaps_rollup").read_text(encoding="ascii").splitlines()[1:]
    return {line.split(":")[0]: int(line.split()[1]) / 1024 for line in lines}


def main() -> None:
    """As the options say; status 1 unless it does not grow."""
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--frames", type=int, default=FRAMES, help=f"default: {FRAMES}")
    parser.add_argument("--every", type=int, help="frames between two lines; default: a hundredth of all")
    parser.add_argument("--video", type=Path, help="default: the demo walk, with its people enrolled")
    chosen = parser.parse_args()
    start_small()
    found = report(chosen.video, chosen.frames, chosen.every)
    sys.exit(found.high > LIMIT_MIB)


if __name__ == "__main__":
    main()
