"""The guard's datagrams: what goes in comes out, and nothing else is taken for one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kith.guard.messages import LARGEST_BYTES, ProximityLevel, SensorReport, decode, encode
from kith.guard.ports import Fault, Health, Level, Position

_few = st.none() | st.integers(0, 0xFFFE)
_reports = st.builds(
    SensorReport,
    position=st.sampled_from(Position),
    health=st.sampled_from(Health),
    last_fault=st.sampled_from(Fault),
    level=st.sampled_from(Level),
    distance_mm=_few,
    age_ms=_few,
    interval_ms=_few,
    jitter_ms=_few,
)
_messages = st.builds(
    ProximityLevel,
    epoch=st.integers(0, 2**32 - 1),
    sequence=st.integers(0, 2**32 - 1),
    at_ns=st.integers(0, 2**64 - 1),
    level=st.sampled_from(Level),
    position=st.none() | st.sampled_from(Position),
    sensors=st.lists(_reports, max_size=2).map(tuple),
    muffled=st.booleans(),
    misconfigured=st.booleans(),
    ordinary=st.booleans(),
)


@given(_messages)
def test_what_goes_in_comes_out(message: ProximityLevel) -> None:
    data = encode(message)
    assert len(data) <= LARGEST_BYTES
    assert decode(data) == message


@given(_messages, st.data())
def test_a_torn_datagram_is_none(message: ProximityLevel, data: st.DataObject) -> None:
    whole = encode(message)
    assert decode(whole[: data.draw(st.integers(0, len(whole) - 1))]) is None
    assert decode(whole + b"\0") is None


@given(st.binary(max_size=LARGEST_BYTES + 8))
def test_noise_is_refused_and_never_raises(data: bytes) -> None:
    message = decode(data)
    assert message is None or encode(message) == data


def test_numbers_too_large_for_the_wire_are_the_largest_there_are() -> None:
    report = SensorReport(
        position=Position.HEAD,
        health=Health.SEES,
        last_fault=Fault.NONE,
        level=Level.QUIET,
        distance_mm=70_000,
        age_ms=-3,
        interval_ms=None,
        jitter_ms=0,
    )
    message = ProximityLevel(
        epoch=1, sequence=1, at_ns=1, level=Level.QUIET, position=None, sensors=(report,)
    )
    decoded = decode(encode(message))
    assert decoded is not None
    assert (decoded.sensors[0].distance_mm, decoded.sensors[0].age_ms) == (0xFFFE, 0)
