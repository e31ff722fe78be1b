"""JSON from a dump: bounded in text, in depth and in number of values."""

from __future__ import annotations

import json
import math
import zlib

from kerascrash.dump.codec import Slot
from kerascrash.dump.layout import FLAG_ZLIB, MAX_DEPTH, MAX_JSON

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_TEXT_BUDGET = 32 << 20
_VALUE_BUDGET = 1 << 20
_LONGEST_INT = 20


class BadRecordError(Exception):
    """A record whose checksum holds but that cannot be understood; says why."""


class JsonReader:
    """Reads the JSON records of one dump under one budget for all of them."""

    __slots__ = ("_text_left", "_values_left")

    def __init__(self) -> None:
        self._text_left = _TEXT_BUDGET
        self._values_left = _VALUE_BUDGET

    def read(self, slot: Slot) -> dict[str, Any]:
        """Return the object in a slot; raises BadRecordError."""
        text = slot.payload
        if slot.flags & FLAG_ZLIB:
            text = inflate(text, min(MAX_JSON, self._text_left))
        return self.parse(text)

    def parse(self, text: bytes) -> dict[str, Any]:
        """Return the object in ``text``; raises BadRecordError."""
        self._text_left -= len(text)
        self._values_left -= 1 + sum(map(text.count, (b",", b"[", b"{")))
        if len(text) > MAX_JSON or self._text_left < 0 or self._values_left < 0:
            raise BadRecordError("more JSON than a dump may hold")
        try:
            value = _decoder.decode(text.decode("ascii"))
        except (ValueError, RecursionError) as error:
            raise BadRecordError(f"no JSON: {type(error).__name__}") from None
        if not isinstance(value, dict):
            raise BadRecordError("the JSON is no object")
        if _is_deep(value):
            raise BadRecordError(f"JSON nested deeper than {MAX_DEPTH}")
        return _without_surrogates(value) if b"\\ud" in text.lower() else value


def _no_constant(_name: str) -> None:
    """NaN and the infinities are no JSON: they become null."""


def _small_int(text: str) -> int | None:
    return int(text) if len(text) <= _LONGEST_INT else None


def _finite(text: str) -> float | None:
    value = float(text)
    return value if math.isfinite(value) else None


_decoder = json.JSONDecoder(
    parse_constant=_no_constant, parse_int=_small_int, parse_float=_finite
)


def _without_surrogates(value: Any) -> Any:
    """Half a surrogate pair (bytes of a file name) could not be written anywhere."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, dict):
        pairs = value.items()
        return {_without_surrogates(k): _without_surrogates(v) for k, v in pairs}
    if isinstance(value, list):
        return [_without_surrogates(item) for item in value]
    return value


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for node in level
            for child in (node.values() if isinstance(node, dict) else node)
            if isinstance(child, (dict, list))
        ]
        if not level:
            return False
    return True


def inflate(packed: bytes, limit: int) -> bytes:
    """Return at most ``limit`` bytes from zlib data; raises BadRecordError beyond."""
    stream = zlib.decompressobj()
    try:
        text = stream.decompress(packed, max(1, limit))
    except zlib.error:
        raise BadRecordError("the compressed data is damaged") from None
    if not stream.eof:
        raise BadRecordError("the compressed data is cut short or too large")
    return text
