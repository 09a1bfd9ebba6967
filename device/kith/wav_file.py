"""A recording as the bytes of a WAV file. Pure: who plays recordings and who keeps them do not know each
other, and both may know this."""

from __future__ import annotations

import io
import wave

from kith.types import I16, SAMPLE_RATE_HZ


def wav_bytes(samples: I16) -> bytes:
    """samples: i16[n] mono at SAMPLE_RATE_HZ. A whole file: 16 bits, one channel."""
    if samples.ndim != 1 or samples.dtype.kind != "i" or samples.dtype.itemsize != 2:
        raise ValueError(f"a recording is i16[n], not {samples.dtype}{list(samples.shape)}")
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes(samples.astype("<i2", copy=False).tobytes())
    return buffer.getvalue()
