"""Telling the wearer that Kith cannot start. A log helps nobody who cannot see."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

from kith.announce.earcons import EarconBank
from kith.announce.player import Player
from kith.announce.player_thread import PlayerThread
from kith.clock import NS_PER_S, Clock
from kith.config import AnnounceSettings
from kith.errors import (
    CalibrationMismatch,
    ConfigError,
    GalleryError,
    GalleryFull,
    GalleryModelMismatch,
    GallerySchemaTooNew,
    HardwareError,
    KithError,
    ModelError,
    ModelMissing,
)
from kith.ports import AudioSink, Speech
from kith.types import Announcement, Band, Earcon, Phrase

_LOG = logging.getLogger(__name__)

REASONS: Final[tuple[tuple[type[KithError], str], ...]] = (
    (ModelMissing, "the networks are missing"),
    (CalibrationMismatch, "its figures do not fit its networks"),
    (ModelError, "the networks are damaged"),
    (GallerySchemaTooNew, "the gallery is of a newer Kith"),
    (GalleryModelMismatch, "the gallery is of another network"),
    (GalleryFull, "the disk is full"),
    (GalleryError, "the gallery cannot be opened"),
    (ConfigError, "a setting is wrong"),
    (KithError, "a part does not work"),
)
"""The first that fits is said. Fixed words: an error's own may hold what others nearby need not hear."""

_LIMIT_S = 5.0
_TAIL_S = 0.2
"""What the sound device holds when the last block was handed over."""


def sentence(error: KithError) -> str:
    """What is said of an error."""
    return f"Kith cannot start: {next(words for kind, words in REASONS if isinstance(error, kind))}."


def tell_refusal(
    error: KithError,
    speech: Speech,
    open_sink: Callable[[], AudioSink],
    settings: AnnounceSettings,
    clock: Clock,
) -> None:
    """Sound the fault and say why, as far as speaker and voice can be had; returns after five seconds at
    the latest, and the time that a device which hangs takes to be given up."""
    try:
        sink = open_sink()
    except HardwareError as mute:
        _LOG.info("nobody can be told: %s", mute)
        return
    ended = threading.Event()
    player = Player(speech, EarconBank(), volume=settings.volume, wait_for_speech=False)
    thread = PlayerThread(
        player,
        lambda: sink,
        clock,
        on_playback=lambda _: ended.set(),
        on_fault=lambda _: None,  # the announcement that fails ends it
        on_restored=lambda: None,
        on_exhausted=ended.set,
    )
    announcement = Announcement(
        key="kith",
        phrase=Phrase.of(sentence(error)),
        earcon=Earcon.FAULT,
        band=Band.NOTICE,
        expires_ns=clock.now_ns() + round(_LIMIT_S * NS_PER_S),
    )
    player.play(0, announcement)
    thread.start()
    ended.wait(_LIMIT_S)
    time.sleep(_TAIL_S)
    thread.close()
