"""
Find events in the bytes of a damaged trace: the structure is gone, its pieces are not.

An event, a name and the head of a line each have a shape on the wire that other bytes
hardly ever have. They are taken in the order of the file: the names that follow events
belong to them (a plane writes its lines first). What is found is a subset.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby, islice
from operator import itemgetter

from kerascrash.collect.xplane.planes import as_text
from kerascrash.collect.xplane.schema import parse
from kerascrash.collect.xplane.wire import LENGTH, VARINT, read_varint

_BATCH = 2000
_LATEST_PS = 1 << 62
_VARINT = rb"[\x80-\xff]{0,9}[\x00-\x7f]"
_TOKEN = re.compile(
    rb"[\x22\x2a](?:[\x02-\x7f]|[\x80-\xff][\x01-\x7f])\x08"
    rb"|\x1a[\x80-\xff]{0,4}[\x00-\x7f]\x08" + _VARINT + rb"\x12"
    rb"|\x0a[\x80-\xff]{1,4}[\x00-\x7f](?:\x08" + _VARINT + rb")?\x12",
    re.DOTALL,
)
_EVENT_TAG, _LINE_TAG, _PLANE_TAG, _ENTRY_TAGS = 0x22, 0x1A, 0x0A, (0x22, 0x2A)
_EVENT_KINDS = {1: VARINT, 2: VARINT, 3: VARINT, 4: LENGTH, 5: VARINT}
_ENTRY_KINDS = {1: VARINT, 2: LENGTH}
_PLANE_NAME = re.compile(rb"/(?:host|device)[:\w ]|Task Environment")
_LARGEST_EVENT = 16 << 10


@dataclass(slots=True)
class Section:
    """
    Events with the names that followed.

    ``spans`` has three numbers for each: its line's begin in ps, from, to.
    """

    events: dict[int, str] = field(default_factory=dict)
    stats: dict[int, str] = field(default_factory=dict)
    spans: array[int] = field(default_factory=lambda: array("q"))
    plane: str = ""

    def batches(self, data: bytes) -> Iterator[tuple[int, list[bytes]]]:
        """Yield (line's begin in ps, events of it as encoded), few at a time."""
        numbers = iter(self.spans)
        spans = zip(numbers, numbers, numbers, strict=True)
        for begin_ps, row in groupby(spans, key=itemgetter(0)):
            while batch := [data[start:end] for _, start, end in islice(row, _BATCH)]:
                yield begin_ps, batch


def find_sections(data: bytes, begin_ps: int = 0) -> Iterator[Section]:
    """
    Yield what can be recognised in ``data``, plane by plane.

    ``begin_ps`` is the begin of the line that the first events belong to.
    """
    section, at = Section(), 0
    while (token := _TOKEN.search(data, at)) is not None:
        at, first = token.start(), data[token.start()]
        if first == _LINE_TAG and (head := _line_head(data, token.end())):
            begin_ps, at = head
        elif first == _PLANE_TAG and (name := _plane_name(data, token.end())):
            if section.spans:
                yield section
            section, at = Section(plane=name), token.end()
        elif first in _ENTRY_TAGS and (span := _span(data, at)):
            is_event = first == _EVENT_TAG and _has_shape(data, *span, _EVENT_KINDS)
            if is_event:
                if section.events or section.stats:
                    yield section
                    section = Section(plane=section.plane)
                section.spans.extend((begin_ps, *span))
            known = is_event or _add_name(data, first, span, section)
            at = span[1] if known else at + 1
        else:
            at += 1
    if section.spans:
        yield section


def _span(data: bytes, at: int) -> tuple[int, int] | None:
    length, start = read_varint(data, at + 1)
    end = start + length
    return (start, end) if length <= _LARGEST_EVENT and end <= len(data) else None


def _has_shape(data: bytes, at: int, end: int, kinds: dict[int, int]) -> bool:
    """Tell whether the bytes are two or more fields of these kinds, to the very end."""
    count = 0
    try:
        while at < end:
            tag = data[at]
            kind = tag & 7
            if kinds.get(tag >> 3) != kind:
                return False
            value, at = read_varint(data, at + 1)
            if kind == LENGTH:
                at += value
            count += 1
    except (IndexError, ValueError):
        return False
    return at == end and count >= 2


def _add_name(data: bytes, tag: int, span: tuple[int, int], section: Section) -> bool:
    if not _has_shape(data, *span, _ENTRY_KINDS):
        return False
    entry = parse("Entry", data[span[0] : span[1]])
    if entry is None or entry.value.id not in (0, entry.key):
        return False
    names = section.events if tag == _EVENT_TAG else section.stats
    names[entry.key] = as_text(entry.value.name)
    return True


def _line_head(data: bytes, at: int) -> tuple[int, int] | None:
    """Return (begin in ps, position) of a line whose name's length is at ``at``."""
    try:
        length, at = read_varint(data, at)
        at += length
        if length > 512 or data[at] != 0x18:
            return None
        begin_ns, at = read_varint(data, at + 1)
    except (IndexError, ValueError):
        return None
    return (begin_ns * 1000, at) if begin_ns * 1000 < _LATEST_PS else None


def _plane_name(data: bytes, at: int) -> str | None:
    try:
        length, at = read_varint(data, at)
    except (IndexError, ValueError):
        return None
    name = data[at : at + length]
    return as_text(name) if length < 128 and _PLANE_NAME.match(name) else None
