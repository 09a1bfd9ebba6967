"""`kith doctor`: every part checked, in words."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from kith.app.boards import MODEL_FILE, board_model, chosen_profile
from kith.app.ear_doctor import charge, hear, speak
from kith.app.findings import Finding, Verdict
from kith.app.guard_doctor import examine_guard
from kith.app.guard_link import doctor_socket
from kith.app.opening import none_yet
from kith.app.paths import calibration_dir, gallery_file, models_dir
from kith.app.pins import check_button
from kith.app.run import open_camera
from kith.app.scene_doctor import check_scene
from kith.app.storage import check_storage, data_mount
from kith.app.thing_doctor import check_things
from kith.clock import MonotonicClock
from kith.config import Settings
from kith.drivers.evdev_button import EvdevButton
from kith.drivers.gpio_button import GpioButton
from kith.drivers.speech import open_speech
from kith.errors import CameraUnavailable, HardwareError, KithError, ModelError
from kith.recognition.gallery import Gallery
from kith.recognition.operating_point import load_operating_point
from kith.types import SAMPLE_RATE_HZ
from kith.vision.imaging import judge_view
from kith.vision.networks import load_network
from kith.vision.pipeline import open_analyzer


def on_a_pi(model: Path = MODEL_FILE) -> bool:
    """Whether this machine says that it is a Raspberry Pi."""
    return "Raspberry" in (board_model(model) or "")


def examine(
    settings: Settings, state: Path, *, wearable: bool, config: Path | None = None
) -> Iterator[Finding]:
    """Check every part in turn; never raises KithError. The gallery is not changed. wearable: a camera,
    button, speaker or guard that is not there is FAILED, as everywhere a voice is; microphone and battery
    may be missing. config: the file that
    the guard's settings are in, too."""
    missing = Verdict.FAILED if wearable else Verdict.MISSING
    checks: tuple[tuple[str, Callable[[], str], Verdict], ...] = (
        ("system", lambda: _system(settings), Verdict.FAILED),
        ("networks", lambda: _networks(settings), Verdict.FAILED),
        ("figures", _figures, Verdict.FAILED),
        ("gallery", lambda: _gallery(state), Verdict.FAILED),
        ("things", lambda: check_things(settings.things, state), Verdict.FAILED),
        *([("storage", lambda: check_storage(state), Verdict.FAILED)] if data_mount() else []),
        ("voice", lambda: _voice(settings), Verdict.FAILED),
        ("speaker", lambda: speak(settings.announce.sound_device), missing),
        ("camera", lambda: _camera(settings), missing),
        ("button", lambda: _button(settings, config), missing),
        *([("remote", lambda: _remote(settings), missing)] if settings.button.remote else []),
        ("microphone", lambda: hear(settings.microphone), Verdict.MISSING),
        ("battery", charge, Verdict.MISSING),
        *([("scene", lambda: check_scene(settings.scene), Verdict.FAILED)] if settings.scene.enabled else []),
    )
    for part, check, when_missing in checks:
        try:
            yield Finding(part=part, verdict=Verdict.OK, text=check())
        except HardwareError as error:
            yield Finding(part=part, verdict=when_missing, text=str(error))
        except KithError as error:
            yield Finding(part=part, verdict=Verdict.FAILED, text=str(error))
    yield from examine_guard(config, doctor_socket(), wearable=wearable)


def _system(settings: Settings) -> str:
    python = f"Python {platform.python_version()} on {platform.machine()}, {platform.system()}"
    model = board_model() or "no board that tells its name"
    return f"{python}; {model}; profile {chosen_profile(settings.board)}"


def _networks(settings: Settings) -> str:
    analyzer = open_analyzer(models_dir(), settings.vision)
    picture = np.full((settings.camera.height_px, settings.camera.width_px, 3), 127, np.uint8)
    analyzer.detect(picture)
    began_s = time.perf_counter()
    analyzer.detect(picture)
    return (
        f"both whole and runnable; a look without a face takes {(time.perf_counter() - began_s) * 1e3:.0f} ms"
    )


def _figures() -> str:
    model_id = load_network("embedder", models_dir()).model_id
    point = load_operating_point(calibration_dir() / "operating_point.toml", model_id)
    return (
        f"a name from a score of {point.threshold:.3f} on; measured for {point.gallery_people} people: "
        f"{point.fpir:.2%} of strangers named, {point.tpir:.2%} of the enrolled named rightly"
    )


def _gallery(state: Path) -> str:
    file = gallery_file(state)
    if none_yet(state):
        return f"none yet in {state}; it is made when the first person is enrolled"
    try:
        model_id = load_network("embedder", models_dir()).model_id
    except ModelError:  # told of the networks; the gallery may be sound all the same
        model_id = None
    with Gallery.looked_at(file, model_id) as gallery:
        if gallery.obstacle is not None:
            raise gallery.obstacle
        people, things = len(gallery.people()), len(gallery.things())
        known = f"{people} {'person' if people == 1 else 'people'}"
        known += f" and {things} {'thing' if things == 1 else 'things'}" if things else ""
        return f"sound, {known} known, in {state}"


def _voice(settings: Settings) -> str:
    speech = open_speech(settings.announce)
    try:
        began_s = time.perf_counter()
        utterance = speech.say("Kith is well.")
        samples = utterance.read(SAMPLE_RATE_HZ // 100, wait=True)
        took_ms = (time.perf_counter() - began_s) * 1e3
        if not len(samples):
            raise HardwareError("the voice makes no sound")
        return f"{type(speech).__name__}, first sound after {took_ms:.0f} ms"
    finally:
        speech.close()


def _camera(settings: Settings) -> str:
    camera = open_camera(settings.camera, MonotonicClock())
    camera.start()
    try:
        frame = camera.read()
    finally:
        camera.close()
    if frame is None:
        raise CameraUnavailable("the camera gives no picture")
    height_px, width_px = frame.rgb.shape[:2]
    return f"{width_px} by {height_px} pixels, the view is {judge_view(frame.rgb).value}"


def _button(settings: Settings, config: Path | None) -> str:
    check_button(settings.button, config)
    button = GpioButton(settings.button.gpio, MonotonicClock())
    button.start(lambda edge: None)
    button.close()
    return f"GPIO {settings.button.gpio} answers"


def _remote(settings: Settings) -> str:
    button = EvdevButton(settings.button.remote, settings.button.remote_key, MonotonicClock())
    button.start(lambda edge: None)
    button.close()
    return f"'{settings.button.remote}' is there"
