"""
The run in Perfetto's own format (protobuf), for a file named ``*.pftrace``.

The same tracks as perfetto.py writes in JSON, with units. Fields by number:
``protos/perfetto/trace/`` of google/perfetto (trace_packet, track_event,
track_descriptor, counter_descriptor, debug_annotation). Times are nanoseconds since
1970 and no reading of a clock of the machine: a trace with one clock needs no other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kerascrash.model.case import Case
from kerascrash.report.export.perfetto import who
from kerascrash.report.export.tracks import (
    counters_of,
    instants_of,
    slices_of,
    unit_of,
)
from kerascrash.report.plain import plain

_BEGIN, _END, _INSTANT, _COUNTER = 1, 2, 3, 4
_UNITS = {"bytes": 3, "count": 2}  # CounterDescriptor.Unit; others by name
_PROCESS, _EVENTS, _FIRST = 1, 2, 3  # uuids of tracks
_SEQUENCE = 1
_STATE_CLEARED = 1
_NANO = 1_000_000_000
SUFFIXES = (".pftrace", ".perfetto-trace")


def render(case: Case) -> bytes:
    """Return the trace: packets in order of time, tracks first."""
    return b"".join(_field(1, packet) for packet in _packets(case))


def _packets(case: Case) -> Iterator[bytes]:
    pid, name = who(case)
    process = _number(1, pid) + _text(6, name)
    yield _packet(_track(_PROCESS, name) + _field(3, process), first=True)
    yield _packet(_track(_EVENTS, "events", _PROCESS))
    tracks: dict[tuple[str, str], int] = {}
    events: list[tuple[int, int, bytes]] = []
    for one in slices_of(case):
        key = ("slices", one.track)
        if key not in tracks:
            tracks[key] = _FIRST + len(tracks)
            yield _packet(_track(tracks[key], one.track, _PROCESS))
        begin = _nano(one.begin)
        end = max(_nano(one.end), begin + 1)
        told = _text(23, one.name) + _arguments(one.data)
        # At one moment ends come before begins, and what began last ends first.
        order = len(events) + 1
        events.append((begin, order, _event(begin, _BEGIN, tracks[key], told)))
        events.append((end, -order, _event(end, _END, tracks[key])))
    for mark in instants_of(case):
        told = _text(23, mark.kind) + _arguments(mark.data)
        when = _nano(mark.time)
        events.append((when, len(events) + 1, _event(when, _INSTANT, _EVENTS, told)))
    for counter, points in counters_of(case).items():
        key = ("counters", counter)
        tracks[key] = _FIRST + len(tracks)
        yield _packet(
            _track(tracks[key], counter, _PROCESS) + _field(8, _unit(counter))
        )
        for time, value in points:
            when = _nano(time)
            told = _event(when, _COUNTER, tracks[key], _number(30, value))
            events.append((when, len(events) + 1, told))
    events.sort(key=lambda event: event[:2])
    for _, _, packet in events:
        yield packet


def _packet(descriptor: bytes, *, first: bool = False) -> bytes:
    flags = _number(13, _STATE_CLEARED) if first else b""
    return _field(60, descriptor) + _number(10, _SEQUENCE) + flags


def _track(uuid: int, name: str, parent: int = 0) -> bytes:
    above = _number(5, parent) if parent else b""
    return _number(1, uuid) + _text(2, name) + above


def _unit(counter: str) -> bytes:
    unit = unit_of(counter)
    return _number(3, _UNITS[unit]) if unit in _UNITS else _text(6, unit)


def _event(when: int, kind: int, track: int, told: bytes = b"") -> bytes:
    event = _number(9, kind) + _number(11, track) + told
    return _number(8, when) + _number(10, _SEQUENCE) + _field(11, event)


def _arguments(data: Mapping[str, Any]) -> bytes:
    """Return what is told of an event as debug annotations."""
    return b"".join(
        _field(4, _text(10, key) + _value(plain(value))) for key, value in data.items()
    )


def _value(value: object) -> bytes:
    if isinstance(value, bool):
        return _number(2, int(value))
    if isinstance(value, int) and -(1 << 63) <= value < 1 << 63:
        return _number(4, value)
    return _text(6, str(value))


def _nano(time: float) -> int:
    return max(round(time * _NANO), 0)


def _number(number: int, value: int) -> bytes:
    """Return a field with a varint; negative ones in two's complement."""
    return _varint(number << 3) + _varint(value & (1 << 64) - 1)


def _text(number: int, value: object) -> bytes:
    return _field(number, str(plain(value)).encode("utf-8", "replace"))


def _field(number: int, data: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
