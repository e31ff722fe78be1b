"""
Decode ``MemoryAllocation`` and ``MemoryDeallocation`` events into columns.

TensorFlow writes (tensorflow/core/framework/... and tsl BFC): allocator_name,
bytes_reserved, bytes_allocated, bytes_available, fragmentation, peak_bytes_in_use,
requested_bytes, allocation_bytes, addr, then tf_op, id, region_type, data_type, shape.
TPU runtimes write index_on_host for the name, and no sizes with a deallocation. A
number may be signed, unsigned or a double by its value, a text given or referred to.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kerascrash.collect.xplane.planes import as_text
from kerascrash.collect.xplane.schema import message

ALLOCATION, DEALLOCATION = "MemoryAllocation", "MemoryDeallocation"
_TEXTS = ("tf_op", "shape", "region_type")
_NUMBERS = (
    "bytes_allocated",
    "bytes_reserved",
    "bytes_available",
    "peak_bytes_in_use",
    "requested_bytes",
    "allocation_bytes",
    "addr",
)
_OTHERS = ("allocator_name", "index_on_host", "fragmentation", "data_type")
ROLES = (*_NUMBERS, *_TEXTS, *_OTHERS)
BY_POSITION = (
    "allocator_name",
    "bytes_reserved",
    "bytes_allocated",
    "bytes_available",
    "fragmentation",
    "peak_bytes_in_use",
    "requested_bytes",
    "allocation_bytes",
    "addr",
)
"""The order in which every known writer puts them, for files that lost their names."""
_USUAL = len(BY_POSITION)
_POSITIONS = {_USUAL: BY_POSITION, 7: ("index_on_host", *BY_POSITION[1:6], "addr")}
NO_NAMES = ("(null)", "null", "unknown")
FIELDS = 9  # whole numbers per event in Column.rows
_SIGN = 1 << 63
# tensorflow/core/framework/types.proto, by number from 1
_DTYPES = dict(
    enumerate(
        (
            *("float32", "float64", "int32", "uint8", "int16", "int8", "string"),
            *("complex64", "int64", "bool", "qint8", "quint8", "qint32", "bfloat16"),
            *("qint16", "quint16", "uint16", "complex128", "float16", "resource"),
            *("variant", "uint32", "uint64", "float8_e5m2", "float8_e4m3fn"),
        ),
        1,
    )
)


@dataclass(slots=True)
class Column:
    """
    All memory events of one allocator.

    ``rows`` holds FIELDS numbers for each: time in ps, group (-1: freed), used,
    reserved, available, peak, requested, allocated, address; ``fragmentation`` one.
    ``groups`` are (op, shape, dtype, region).
    """

    rows: array[int] = field(default_factory=lambda: array("q"))
    fragmentation: array[float] = field(default_factory=lambda: array("d"))
    groups: list[tuple[str, str, str, str]] = field(default_factory=list)
    known: dict[Any, int] = field(default_factory=dict)
    guessed: bool = False

    def __len__(self) -> int:
        return len(self.fragmentation)


class MemoryDecoder:
    """Collects memory events by allocator; one per trace."""

    def __init__(self) -> None:
        self.columns: dict[str, Column] = {}
        self.unreadable = 0
        self._zero = message("Stat")
        self._plans: dict[tuple[int, ...], Sequence[int]] = {}
        self._names: Mapping[int, str] = {}
        self._guesses: set[tuple[int, ...]] = set()

    def begin_plane(self, stat_names: Mapping[int, str]) -> None:
        """Say what the names of statistics are from now on: each plane has its own."""
        self._names, self._plans, self._guesses = stat_names, {}, set()

    def add(self, event: Any, begin_ps: int, *, freed: bool) -> None:
        """Add one event; without names its numbers are told by their position."""
        stats = list(event.stats)
        ids = tuple([stat.metadata_id for stat in stats])
        plan = self._plans.get(ids)
        if plan is None:
            plan = self._plans[ids] = self._plan(ids)
        if not plan:
            self.unreadable += 1
            return
        stats.append(self._zero)  # position -1: what the writer left out
        (used, reserved, free, peak, asked, size, addr, op, shape, region, name, index,
         part, dtype) = [stats[position] for position in plan]  # fmt: skip
        column = self._column(name, index, plan[10] >= 0)
        column.guessed = column.guessed or ids in self._guesses
        group = -1
        if not freed:
            key = (
                op.ref_value, op.str_value, shape.ref_value, shape.str_value,
                region.ref_value, region.str_value, dtype.int64_value,
            )  # fmt: skip
            group = column.known.get(key, -1)
            if group < 0:
                group = self._group(column, key, size.int64_value)
        address = addr.int64_value or addr.uint64_value
        column.rows.extend((
            begin_ps + event.offset_ps,
            group,
            used.int64_value,
            reserved.int64_value,
            free.int64_value,
            peak.int64_value,
            asked.int64_value,
            size.int64_value,
            address if address < _SIGN else address - 2 * _SIGN,
        ))  # fmt: skip
        column.fragmentation.append(part.double_value or part.int64_value)

    def _plan(self, ids: tuple[int, ...]) -> Sequence[int]:
        """Return the position of every role, -1 where the event lacks it."""
        names = [self._names.get(one, "") for one in ids]
        if not all(names) and (positions := _POSITIONS.get(min(len(ids), _USUAL))):
            known = dict(enumerate(positions))
            names = [name or known.get(at, "") for at, name in enumerate(names)]
            self._guesses.add(ids)
        if "bytes_allocated" not in names:
            return ()
        return [names.index(role) if role in names else -1 for role in ROLES]

    def _column(self, name: Any, index: Any, named: bool) -> Column:
        if named:
            key = self._text(name.ref_value, name.str_value)
        else:
            key = str(index.int64_value)
        column = self.columns.get(key)
        if column is None:
            column = self.columns[key] = Column()
        return column

    def _text(self, ref: int, raw: bytes) -> str:
        if raw or not ref:
            return as_text(raw)
        return self._names.get(ref, f"#{ref}")

    def _group(self, column: Column, key: tuple[Any, ...], size: int) -> int:
        """Return the group's number; where no shape tells them apart, sizes do."""
        texts = [self._text(key[i], key[i + 1]) for i in (0, 2, 4)]
        op, shape, region = ("" if text in NO_NAMES else text for text in texts)
        if not shape:
            key = (*key, size)
        if key not in column.known:
            column.known[key] = len(column.groups)
            column.groups.append((op, shape, _DTYPES.get(key[6], ""), region))
        return column.known[key]
