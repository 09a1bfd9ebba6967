"""`kith run`: the daemon on the wearable."""

from __future__ import annotations

import dataclasses
import logging
import signal
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

from kith.app.board_care import Asking
from kith.app.core import Trouble
from kith.app.daemon import Daemon, Message, Parts, Stop
from kith.app.events import Event
from kith.app.guard_link import guard_socket
from kith.app.notices import Notices, notices_folder
from kith.app.optional import open_describer, open_reader
from kith.app.paths import gallery_file, models_dir
from kith.app.pins import check_button
from kith.app.power import switch_off
from kith.app.refusal import tell_refusal
from kith.app.storage import storage_troubles
from kith.app.wiring import Fittings, assemble, quieten_opencv
from kith.clock import Clock, MonotonicClock
from kith.config import ButtonSettings, CameraSettings, MicrophoneSettings, Settings
from kith.drivers.alsa_microphone import AlsaMicrophone
from kith.drivers.battery import SysBattery
from kith.drivers.board_health import SysBoard
from kith.drivers.either_camera import EitherCamera
from kith.drivers.evdev_button import EvdevButton
from kith.drivers.gpio_button import GpioButton
from kith.drivers.opencv_camera import OpenCvCamera
from kith.drivers.picamera import PiCamera, is_installed
from kith.drivers.several_buttons import SeveralButtons
from kith.drivers.speaker import SpeakerSink
from kith.drivers.speech import open_speech
from kith.errors import ConfigError, KithError
from kith.ports import AudioSink, Button, Camera
from kith.runtime.inbox import Inbox

_LOG = logging.getLogger(__name__)


def run(settings: Settings, state: Path, config: Path | None = None) -> bool:
    """Run until SIGTERM or SIGINT; False when a part could not be kept alive. config: the settings file,
    which the guard's are in, too. Raises KithError."""
    quieten_opencv()
    clock = MonotonicClock()
    inbox: Inbox[Message] = Inbox(clock)
    with ExitStack() as stack:
        speech = open_speech(settings.announce)
        stack.callback(speech.close)

        def open_sink() -> AudioSink:
            return SpeakerSink(settings.announce.sound_device)

        microphone = _microphone(settings.microphone, clock)
        if microphone is not None:
            stack.callback(microphone.stop)
        try:
            check_button(settings.button, config)
            camera = open_camera(settings.camera, clock)
            device = assemble(
                settings,
                gallery_file(state),
                speech,
                clock,
                _log_event,
                virtual_time=False,
                fittings=Fittings(
                    guarded=True,
                    microphone=microphone,
                    notices=Notices(notices_folder()),
                    describer=open_describer(settings),
                    reader=open_reader(settings.reading, models_dir()),
                ),
            )
            device = dataclasses.replace(device, troubles=(*device.troubles, *storage_troubles(state)))
        except KithError as error:
            tell_refusal(error, speech, open_sink, settings.announce, clock)
            raise
        stack.callback(device.close)
        button = _button(settings.button, clock, inbox.put)
        parts = Parts(
            camera=camera,
            open_sink=open_sink,
            button=button,
            guard=guard_socket(),
            board=Asking(SysBoard(), SysBattery(), settings.board.check_interval_ms),
        )
        daemon = Daemon(device, parts, clock, inbox, settings=settings.camera, on_power_off=switch_off)

        def stop(number: int, frame: FrameType | None) -> None:
            inbox.put(Stop())

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        return daemon.run()


def refuse(error: KithError, settings: Settings) -> None:
    """Tell the wearer why Kith does not start, as far as voice and speaker can be had with these settings."""
    try:
        speech = open_speech(settings.announce)
    except KithError as mute:
        _LOG.info("nobody can be told: %s", mute)
        return
    try:
        sound_device = settings.announce.sound_device
        tell_refusal(error, speech, lambda: SpeakerSink(sound_device), settings.announce, MonotonicClock())
    finally:
        speech.close()


def _microphone(settings: MicrophoneSettings, clock: Clock) -> AlsaMicrophone | None:
    return AlsaMicrophone(settings.alsa_device, clock) if settings.alsa_device else None


def _button(settings: ButtonSettings, clock: Clock, tell: Callable[[Trouble], None]) -> Button:
    button = GpioButton(settings.gpio, clock)
    if not settings.remote:
        return button
    remote = EvdevButton(
        settings.remote,
        settings.remote_key,
        clock,
        on_lost=lambda: tell(Trouble(key="remote.lost", text="the remote button was not found")),
        on_back=lambda: tell(Trouble(key="remote.back", text="the remote button was found", over=True)),
    )
    return SeveralButtons(
        (button, remote), lambda error: tell(Trouble(key="button.missing", text=str(error)))
    )


def open_camera(settings: CameraSettings, clock: Clock) -> Camera:
    """The camera of the settings, not yet started. Raises ConfigError."""
    match settings.kind:
        case "picamera2":
            return PiCamera(settings, clock)
        case "v4l2":
            return OpenCvCamera(settings, clock)
        case "auto":
            usb = OpenCvCamera(settings, clock)
            return EitherCamera(PiCamera(settings, clock), usb) if is_installed() else usb
        case other:
            raise ConfigError(f"camera.kind must be auto, picamera2 or v4l2, not '{other}'")


def _log_event(event: Event) -> None:
    """What happened, without names: only faults say more than their kind."""
    if event.kind in ("fault", "recovered"):
        _LOG.warning("%s: %s", event.kind, event.text)
    else:
        _LOG.info("%s", event.kind)
