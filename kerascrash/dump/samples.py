"""Readings by name as 64-bit integers, and back."""

from __future__ import annotations

import math
import struct

from kerascrash.dump.records import ABSENT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_LARGEST = (1 << 63) - 1


class SamplePacker:
    """Packs the values of the given fields; what is missing becomes ``ABSENT``."""

    __slots__ = ("_absent", "_fields", "_struct")

    def __init__(self, fields: tuple[str, ...]) -> None:
        self._fields = fields
        self._struct = struct.Struct(f"<{len(fields)}q")
        self._absent = (ABSENT,) * len(fields)

    def pack(self, values: Mapping[str, int]) -> bytes:
        """Return the payload; a value that is no 64-bit integer counts as absent."""
        row = list(map(values.get, self._fields, self._absent))
        try:
            return self._struct.pack(*row)
        except struct.error:
            return self._struct.pack(*map(_whole, row))


def _whole(value: object) -> int:
    """A limit of "none" is a huge number on some systems: clamp, do not lose it."""
    if not isinstance(value, (int, float)) or not math.isfinite(value):
        return ABSENT
    return max(-_LARGEST, min(_LARGEST, int(value)))


class SampleUnpacker:
    """Unpacks a payload into the values that were present."""

    __slots__ = ("_fields", "_struct")

    def __init__(self, fields: tuple[str, ...]) -> None:
        self._fields = fields
        self._struct = struct.Struct(f"<{len(fields)}q")

    def unpack(self, payload: bytes) -> dict[str, int] | None:
        """Return values by name without the absent ones; None for a wrong length."""
        if len(payload) != self._struct.size:
            return None
        row = self._struct.unpack(payload)
        return {
            name: value
            for name, value in zip(self._fields, row, strict=True)
            if value != ABSENT
        }
