"""The values that pass between the parts of Kith.

All are frozen, slotted and keyword-only; arrays in them are read-only. Units are
in the names. Times named `_ns` are monotonic nanoseconds (see `kith.clock`).
Pixel coordinates have their origin at the top left corner of the picture.
"""

from kith.types.button import ButtonEdge, Gesture
from kith.types.faces import AlignedFace, Embedding, Face, FaceQuality, Rejection, TrackedFace
from kith.types.people import (
    Appeared,
    Companion,
    Company,
    Identification,
    Kind,
    Left,
    Outcome,
    Person,
    Place,
    PresenceEvent,
    SeenFace,
    Sighting,
    StrangerAppeared,
    View,
)
from kith.types.pictures import F32, I16, U8, BoxPx, Frame
from kith.types.sound import (
    SAMPLE_RATE_HZ,
    Announcement,
    Band,
    Earcon,
    Phrase,
    Playback,
    PlaybackResult,
    Recorded,
    Spoken,
    Take,
    Tone,
    VoiceBlock,
)
from kith.types.things import HeldFault, HeldThing, Picture, PictureFace, SeenObject, SeenThing, Survey, Want

__all__ = [
    "F32",
    "I16",
    "SAMPLE_RATE_HZ",
    "U8",
    "AlignedFace",
    "Announcement",
    "Appeared",
    "Band",
    "BoxPx",
    "ButtonEdge",
    "Companion",
    "Company",
    "Earcon",
    "Embedding",
    "Face",
    "FaceQuality",
    "Frame",
    "Gesture",
    "HeldFault",
    "HeldThing",
    "Identification",
    "Kind",
    "Left",
    "Outcome",
    "Person",
    "Phrase",
    "Picture",
    "PictureFace",
    "Place",
    "Playback",
    "PlaybackResult",
    "PresenceEvent",
    "Recorded",
    "Rejection",
    "SeenFace",
    "SeenObject",
    "SeenThing",
    "Sighting",
    "Spoken",
    "StrangerAppeared",
    "Survey",
    "Take",
    "Tone",
    "TrackedFace",
    "View",
    "VoiceBlock",
    "Want",
]
