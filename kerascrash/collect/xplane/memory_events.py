"""
Decode ``MemoryAllocation`` and ``MemoryDeallocation`` events into columns.

TensorFlow writes (tensorflow/core/framework/... and tsl BFC): allocator_name,
bytes_reserved, bytes_allocated, bytes_available, fragmentation, peak_bytes_in_use,
requested_bytes, allocation_bytes, addr, then tf_op, id, region_type, data_type, shape.
TPU runtimes write index_on_host for the name, and no sizes with a deallocation. A
number may be signed, unsigned or a double by its value, a text given or referred to.
"""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
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
_ALSO_INDEX = "device_ordinal"  # other runtimes' word for index_on_host
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
_USUAL_SHARE = 0.5
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

    ``rows`` holds FIELDS numbers for each: time in ps from the decoder's base, group
    (-1: freed), used, reserved, available, peak, requested, allocated, address;
    ``fragmentation`` one.
    ``groups`` are (op, shape, dtype, region).
    """

    rows: array[int] = field(default_factory=lambda: array("q"))
    fragmentation: array[float] = field(default_factory=lambda: array("d"))
    groups: list[tuple[str, str, str, str]] = field(default_factory=list)
    numbers: dict[tuple[str | int, ...], int] = field(default_factory=dict)
    guessed: bool = False

    def __len__(self) -> int:
        return len(self.fragmentation)


@dataclass(frozen=True, slots=True)
class _Plan:
    """Where an event with these statistics has what; ``pick`` takes them in order."""

    pick: Callable[[Sequence[Any]], tuple[Any, ...]]
    guessed: bool


class MemoryDecoder:
    """Collects memory events by allocator; one per trace."""

    def __init__(self) -> None:
        self.columns: dict[str, Column] = {}
        self.unreadable = 0
        self.base_ps: int | None = None  # the first line's begin; times count from it
        self._zero = message("Stat")
        self.begin_plane({})

    def begin_plane(self, stat_names: Mapping[int, str]) -> None:
        """Say what the names of statistics are from now on: each plane has its own."""
        self._names = stat_names
        self._plans: dict[tuple[int, ...], _Plan | None] = {}
        self._by_name: dict[Any, tuple[Column, dict[Any, int]]] = {}
        self._shapeless: set[Any] = {0, b""}

    def add(self, event: Any, begin_ps: int, *, freed: bool) -> None:
        """Add one event; without names its numbers are told by their position."""
        if self.base_ps is None:
            self.base_ps = begin_ps
        time = begin_ps + event.offset_ps - self.base_ps
        stats = list(event.stats)
        ids = tuple([stat.metadata_id for stat in stats])
        if ids not in self._plans:
            self._plans[ids] = self._plan(ids)
        plan = self._plans[ids]
        if plan is None or not -_SIGN <= time < _SIGN:
            self.unreadable += 1
            return
        stats.append(self._zero)  # position -1: what the writer left out
        (used, reserved, free, peak, asked, size, addr, op, shape, region, name, index,
         part, dtype) = plan.pick(stats)  # fmt: skip
        called = name.ref_value or name.str_value
        if not called:
            called = -1 - max(_whole(index) or _whole(name), 0)
        if called not in self._by_name:
            self._by_name[called] = (self._column(called), {})
        column, known = self._by_name[called]
        if plan.guessed:
            column.guessed = True
        group = -1
        if not freed:
            key: tuple[Any, ...] = (
                op.ref_value or op.str_value,
                shape.ref_value or shape.str_value,
                region.ref_value or region.str_value,
                dtype.int64_value or dtype.uint64_value,
            )
            if key[1] in self._shapeless:  # its size tells it apart
                key = (*key, size.int64_value or size.uint64_value)
            group = known.get(key, -1)
            if group < 0:
                group = self._group(column, known, key, _whole(size))
        address = addr.int64_value or addr.uint64_value
        column.rows.extend((
            time,
            group,
            used.int64_value or _whole(used),
            reserved.int64_value or _whole(reserved),
            free.int64_value or _whole(free),
            peak.int64_value or _whole(peak),
            asked.int64_value or _whole(asked),
            size.int64_value or _whole(size),
            address if address < _SIGN else address - 2 * _SIGN,
        ))  # fmt: skip
        column.fragmentation.append(part.double_value or part.int64_value)

    def _plan(self, ids: tuple[int, ...]) -> _Plan | None:
        """Return where each role is, -1 if the event lacks it; None without sizes."""
        names = [self._names.get(one, "") for one in ids]
        positions = _POSITIONS.get(min(len(ids), _USUAL), ())
        guessed = bool(positions) and not all(names)
        if guessed:
            known = dict(enumerate(positions))
            names = [name or known.get(at, "") for at, name in enumerate(names)]
        if "index_on_host" not in names and _ALSO_INDEX in names:
            names[names.index(_ALSO_INDEX)] = "index_on_host"
        if "bytes_allocated" not in names:
            return None
        places = [names.index(role) if role in names else -1 for role in ROLES]
        return _Plan(itemgetter(*places), guessed)

    def _column(self, called: int | bytes) -> Column:
        """Return the column of an allocator by its name, or -1 - its number."""
        if isinstance(called, int) and called < 0:
            name = str(-1 - called)
        else:
            name = self._text(called)
        return self.columns.setdefault(name, Column())

    def _text(self, given: int | bytes) -> str:
        """Return a text that was given or referred to."""
        if isinstance(given, bytes):
            return as_text(given)
        return self._names.get(given, f"#{given}")

    def _group(
        self, column: Column, known: dict[Any, int], key: tuple[Any, ...], size: int
    ) -> int:
        """Return the group's number; where no shape tells them apart, sizes do."""
        texts = [self._text(given) for given in key[:3]]
        op, shape, region = ("" if text in NO_NAMES else text for text in texts)
        group = (op, shape, _DTYPES.get(key[3], ""), region)
        by_name = group if shape else (*group, size)
        if by_name not in column.numbers:
            column.numbers[by_name] = len(column.groups)
            column.groups.append(group)
        if shape or len(key) > len(group):
            known[key] = column.numbers[by_name]
        else:
            self._shapeless.add(key[1])
        return column.numbers[by_name]


def _whole(stat: Any) -> int:
    """Return a number however the writer stored it, 0 where it is none that fits."""
    value = stat.int64_value or stat.uint64_value
    if not value and math.isfinite(stat.double_value):
        value = int(stat.double_value)
    return value if -_SIGN <= value < _SIGN else 0


def drop_nonsense(column: Column) -> None:
    """
    Leave out events whose numbers do not add up, of a file with damage.

    What is in use, reserved and free makes up the same capacity in nearly all events.
    """
    rows = column.rows
    used, reserved, free = (rows[at::FIELDS] for at in (2, 3, 4))
    sums = [sum(three) for three in zip(used, reserved, free, strict=True)]
    (usual, votes), *_ = Counter(sums).most_common(1)
    if votes < _USUAL_SHARE * len(sums):
        return
    right = [
        index
        for index, total in enumerate(sums)
        if total == usual and used[index] >= 0 and free[index] >= 0
    ]
    column.rows = array("q")
    for index in right:
        column.rows.extend(rows[index * FIELDS : (index + 1) * FIELDS])
    column.fragmentation = array("d", [column.fragmentation[at] for at in right])
