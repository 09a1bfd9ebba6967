"""The child process that loads libespeak-ng and streams what it says; see `kith.drivers.espeak`.

Arguments: parent's pid, voice, words per minute, then pairs of a library and its data folder ("" for the
library's own). Standard library only.
"""

from __future__ import annotations

import ctypes
import sys

from kith.drivers.speech_child import ChildEnd, Kind

MISSING = "libespeak-ng is missing: sudo apt-get install libespeak-ng1 (a desk: pip install espeakng-loader)"

_SYNCHRONOUS = 2
_BUFFER_MS = 20
_DONT_EXIT = 0x8000
_RATE = 1
_POS_CHARACTER = 1
_CHARS_UTF8 = 1
_SLOWEST_WPM, _FASTEST_WPM = 80, 450

_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)


class _Voice(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_char_p),
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("xx1", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    )


class _VoiceError(Exception):
    pass


def main(arguments: list[str]) -> None:
    """Serve until the parent goes."""
    parent_pid, voice, words_per_minute, *paths = arguments
    end = ChildEnd(int(parent_pid))
    try:
        library, rate_hz = _load(list(zip(paths[::2], paths[1::2], strict=True)))
        _choose(library, voice, int(words_per_minute))
    except _VoiceError as error:
        end.send(Kind.FAILED, 0, str(error).encode())
        return
    end.send(Kind.READY, 0, str(rate_hz).encode())
    while True:
        utterance, text = end.next_text()
        _say(library, end, utterance, text)


def _load(candidates: list[tuple[str, str]]) -> tuple[ctypes.CDLL, int]:
    reasons = []
    for path, data in candidates:
        try:
            library = ctypes.CDLL(path)
        except OSError as error:
            reasons.append(str(error))
            continue
        library.espeak_Initialize.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_char_p, ctypes.c_int]
        folder = data.encode() if data else None
        rate_hz = library.espeak_Initialize(_SYNCHRONOUS, _BUFFER_MS, folder, _DONT_EXIT)
        if rate_hz > 0:
            return library, rate_hz
        reasons.append(f"{path} does not start; its data is missing: sudo apt-get install espeak-ng-data")
    raise _VoiceError(f"{MISSING}. Tried: {'; '.join(reasons) or 'nothing'}")


def _choose(library: ctypes.CDLL, voice: str, words_per_minute: int) -> None:
    wanted = voice.encode()
    by_language = _Voice(languages=wanted)
    if library.espeak_SetVoiceByName(wanted) and library.espeak_SetVoiceByProperties(
        ctypes.byref(by_language)
    ):
        raise _VoiceError(
            f"espeak-ng has no voice '{voice}': set announce.voice to a language it speaks, such as en"
        )
    speed = min(max(words_per_minute, _SLOWEST_WPM), _FASTEST_WPM)
    library.espeak_SetParameter(_RATE, speed, 0)


def _say(library: ctypes.CDLL, end: ChildEnd, utterance: int, text: str) -> None:
    def hand_on(samples: int | None, count: int, _events: int | None) -> int:
        if not end.wanted(utterance):
            return 1
        if samples and count > 0:
            end.send(Kind.SAMPLES, utterance, ctypes.string_at(samples, 2 * count))
        return 0

    callback = _Callback(hand_on)
    library.espeak_SetSynthCallback(callback)
    words = text.replace("\0", " ").encode() + b"\0"
    status = library.espeak_Synth(
        words, ctypes.c_size_t(len(words)), 0, _POS_CHARACTER, 0, _CHARS_UTF8, None, None
    )
    if not end.wanted(utterance):
        return
    if status:
        end.send(Kind.FAILED, utterance, f"espeak-ng refused the text (error {status})".encode())
    else:
        end.send(Kind.END, utterance)


if __name__ == "__main__":
    main(sys.argv[1:])
