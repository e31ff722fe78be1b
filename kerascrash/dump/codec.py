"""
Framing: a slot, a superblock, a JSON record, as bytes and back.

Decoding returns None for whatever does not check out: a slot with a bad checksum
never existed.
"""

from __future__ import annotations

import json
import zlib
from struct import error as struct_error

from kerascrash.dump.layout import (
    FORMAT_VERSION,
    MAGIC,
    MAX_JSON,
    SLOT_HEADER,
    SUPERBLOCK,
    SUPERBLOCK_SIZE,
    SectionEntry,
)

TYPE_CHECKING = False  # typing costs 7 ms of the user's start
if TYPE_CHECKING:
    import mmap
    from collections.abc import Callable
    from typing import Any

    Buffer = bytes | bytearray | memoryview | mmap.mmap

_pack = SLOT_HEADER.pack
_crc32 = zlib.crc32
_HEADER_SIZE = SLOT_HEADER.size


class Slot:
    """A slot whose checksum held: one record or a part of one."""

    __slots__ = ("flags", "kind", "payload", "sequence", "time_ns")

    def __init__(
        self, sequence: int, time_ns: int, kind: int, flags: int, payload: bytes
    ) -> None:
        self.sequence = sequence
        self.time_ns = time_ns
        self.kind = kind
        self.flags = flags
        self.payload = payload


def frame(sequence: int, time_ns: int, kind: int, flags: int, payload: bytes) -> bytes:
    """Return the bytes of a slot, to be stored by one slice assignment."""
    size = len(payload)
    crc = _crc32(payload, _crc32(_pack(sequence, time_ns, kind, flags, size, 0, 0)))
    return _pack(sequence, time_ns, kind, flags, size, crc, 0) + payload


def unframe(buffer: Buffer, offset: int, slot_size: int) -> Slot | None:
    """Return the slot at ``offset``, None when its checksum does not hold."""
    try:
        sequence, time_ns, kind, flags, size, crc, reserved = SLOT_HEADER.unpack_from(
            buffer, offset
        )
    except struct_error:
        return None
    if not sequence or reserved or size > slot_size - _HEADER_SIZE:
        return None
    begin = offset + _HEADER_SIZE
    payload = bytes(buffer[begin : begin + size])
    head = _pack(sequence, time_ns, kind, flags, size, 0, 0)
    if len(payload) != size or _crc32(payload, _crc32(head)) != crc:
        return None
    return Slot(sequence, time_ns, kind, flags, payload)


def peek_sequence(buffer: Buffer, entry: SectionEntry, index: int) -> int:
    """Return the sequence number that slot ``index`` claims, unchecked."""
    offset = entry.offset + index * entry.slot_size
    return int.from_bytes(buffer[offset : offset + 8], "little")


def _stand_in(value: object) -> str:
    """Name the type: neither str() nor repr() of a user's object is ever called."""
    return f"<{type(value).__name__}>"


_encoder = json.JSONEncoder(
    ensure_ascii=True, separators=(",", ":"), default=_stand_in, check_circular=False
)


def _make_encode() -> Callable[[Any], str]:
    """
    Return the encoder that ``JSONEncoder.encode`` makes anew for every call.

    Made once, an event costs half. Without it, or with another signature than that
    of CPython 3.10 to 3.13, the public way is taken.
    """
    make: Any = getattr(json.encoder, "c_make_encoder", None)
    try:
        text = json.encoder.encode_basestring_ascii
        options = (_stand_in, text, None, ":", ",", False, False, True)
        encode = make(None, *options)
        join = "".join
        if join(encode({"a": [1]}, 0)) != '{"a":[1]}':
            return _encoder.encode
    except Exception:
        return _encoder.encode
    return lambda value: join(encode(value, 0))


_encode = _make_encode()


def encode_json(value: object) -> bytes:
    """Return compact ASCII JSON; raises ValueError, TypeError or RecursionError."""
    return _encode(value).encode("ascii")


def compress_json(value: object, room: int) -> bytes | None:
    """Return zlib-compressed JSON of at most ``room`` bytes, None when too big."""
    text = encode_json(value)
    if len(text) > MAX_JSON:
        return None
    packed = zlib.compress(text, 1)
    return packed if len(packed) <= room else None


def encode_superblock(generation: int, header: dict[str, Any]) -> bytes:
    """Return a superblock; raises ValueError when the header does not fit."""
    text = encode_json(header)
    if len(text) > SUPERBLOCK_SIZE - SUPERBLOCK.size:
        raise ValueError("the header does not fit in a superblock")
    fixed = (MAGIC, FORMAT_VERSION, 1, len(text), generation)
    crc = _crc32(text, _crc32(SUPERBLOCK.pack(*fixed, 0)))
    return SUPERBLOCK.pack(*fixed, crc) + text


class Superblock:
    """A superblock as found: ``text`` is None when its checksum does not hold."""

    __slots__ = ("generation", "oldest_reader", "text", "version")

    def __init__(
        self, version: int, oldest_reader: int, generation: int, text: bytes | None
    ) -> None:
        self.version = version
        self.oldest_reader = oldest_reader
        self.generation = generation
        self.text = text


def decode_superblock(buffer: Buffer, index: int) -> Superblock | None:
    """Return superblock ``index`` (0 or 1), None without the magic of a dump."""
    offset = index * SUPERBLOCK_SIZE
    try:
        fixed = SUPERBLOCK.unpack_from(buffer, offset)
    except struct_error:
        return None
    magic, version, oldest_reader, size, generation, crc = fixed
    if magic != MAGIC:
        return None
    begin = offset + SUPERBLOCK.size
    text: bytes | None = bytes(buffer[begin : begin + min(size, SUPERBLOCK_SIZE)])
    head = SUPERBLOCK.pack(*fixed[:-1], 0)
    if (
        text is None
        or size > SUPERBLOCK_SIZE - SUPERBLOCK.size
        or _crc32(text, _crc32(head)) != crc
    ):
        text = None
    return Superblock(version, oldest_reader, generation, text)
