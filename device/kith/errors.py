"""Everything that can go wrong, as one family.

An expected outcome (too dark, nobody matched) is a value, never an exception.
Each message says what is wrong and what to do about it, in one sentence a
carer can read; none holds a person's name or a vector.
"""

from __future__ import annotations


class KithError(Exception):
    """Root of every error that Kith raises on purpose."""


class ConfigError(KithError, ValueError):
    """A setting is unknown, of the wrong type or out of range."""


class InputError(KithError, ValueError):
    """A file that the user handed over cannot be used as it is."""


class HardwareError(KithError, OSError):
    """A part of the device is missing or stopped working."""


class CameraUnavailable(HardwareError):
    """No camera at start."""


class CameraFault(HardwareError):
    """The camera stopped delivering frames."""


class AudioUnavailable(HardwareError):
    """No way to make a sound at start."""


class AudioFault(HardwareError):
    """The sound device or the speech process stopped working."""


class MicrophoneUnavailable(HardwareError):
    """No microphone to say a name to."""


class MicrophoneFault(HardwareError):
    """The microphone stopped working."""


class ButtonUnavailable(HardwareError):
    """No button at start."""


class RangeFinderUnavailable(HardwareError):
    """No range sensor at start."""


class RangeFinderFault(HardwareError):
    """A range sensor hangs."""


class OutputUnavailable(HardwareError):
    """No buzzer or vibration motor at start."""


class OutputFault(HardwareError):
    """The buzzer or vibration motor stopped working."""


class ModelError(KithError):
    """A network's file cannot be used."""


class ModelMissing(ModelError, FileNotFoundError):
    """The file of a network is not there."""


class ModelChecksumMismatch(ModelError):
    """The file of a network is not the one that the manifest names."""


class ModelContractMismatch(ModelError):
    """A network's tensors are not those that the manifest promises."""


class CalibrationMismatch(ModelError):
    """A calibration figure was measured for another network or is unreadable."""


class GalleryError(KithError):
    """The gallery cannot be opened, read or written."""


class GalleryCorrupt(GalleryError):
    """The database file is damaged or not a gallery."""


class GallerySchemaTooNew(GalleryError):
    """The database was written by a newer Kith."""


class GalleryModelMismatch(GalleryError):
    """Templates of another embedder were offered or found."""


class GalleryFull(GalleryError):
    """The disk is full; nothing was changed."""


class DuplicatePerson(GalleryError, ValueError):
    """There is already a person of that name."""


class PersonNotFound(GalleryError, LookupError):
    """There is no person of that name."""
