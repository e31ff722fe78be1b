"""Decode ``MemoryAllocation`` and ``MemoryDeallocation`` events into columns."""

from __future__ import annotations

from array import array
from collections import Counter

from kerascrash.collect.xplane.memory_layout import (
    exact_layout,
    exact_values,
    quick_layout,
)
from kerascrash.collect.xplane.planes import as_text
from kerascrash.collect.xplane.schema import message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from kerascrash.collect.xplane.lines import Piece
    from kerascrash.collect.xplane.memory_layout import Pick

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


class Column:
    """
    All memory events of one allocator.

    ``rows`` holds FIELDS numbers for each: time in ps from the decoder's base, group
    (-1: freed), used, reserved, available, peak, requested, allocated, address;
    ``fragmentation`` one.
    ``groups`` are (op, shape, dtype, region).
    """

    def __init__(self) -> None:
        self.rows: array[int] = array("q")
        self.fragmentation: array[float] = array("d")
        self.groups: list[tuple[str, str, str, str]] = []
        self.numbers: dict[tuple[str | int, ...], int] = {}
        self.guessed = False

    def __len__(self) -> int:
        return len(self.fragmentation)


class MemoryDecoder:
    """Collects memory events by allocator; one per trace."""

    def __init__(self) -> None:
        self.columns: dict[str, Column] = {}
        self.unreadable = 0
        self.base_ps: int | None = None  # the first line's begin; times count from it
        self.begin_plane({})

    def begin_plane(self, stat_names: Mapping[int, str]) -> None:
        """Say what the names of statistics are from now on: each plane has its own."""
        self._names = stat_names
        self._exact: dict[tuple[int, ...], tuple[Pick, bool] | None] = {}
        self._quick: dict[tuple[int, ...], Pick | None] = {}
        self._by_name: dict[Any, tuple[Column, dict[Any, int]]] = {}
        self._shapeless: set[Any] = {0, b""}
        self._texts: dict[int | bytes, str] = {0: ""}

    def add(
        self, piece: Piece, begin_ps: int, events: Sequence[tuple[int, Any, bool]]
    ) -> None:
        """
        Add events of a piece: its place there, the event, whether it frees.

        Without names their numbers are told by position.
        """
        if self.base_ps is None and events:
            self.base_ps = begin_ps
        begin = begin_ps - (self.base_ps or 0)
        for at, event, freed in events:
            time = begin + event.offset_ps
            values, guessed = self._read_columns(event.stats), False
            if values is None:
                values, guessed = self._read_exact(piece, at)
            if values is None or not -_SIGN <= time < _SIGN:
                self.unreadable += 1
            else:
                self._store(values, time, freed=freed, guessed=guessed)

    def _read_columns(self, stats: Any) -> tuple[Any, ...] | None:
        """Return what the ROLES are; None if the columns do not tell."""
        ids, whole, parts = (
            stats.metadata_id[:],
            stats.int64_value[:],
            stats.double_value[:],
        )
        references, texts = stats.ref_value[:], stats.str_value[:]
        key = (*ids, len(whole), len(parts), len(references), len(texts))
        try:
            pick = self._quick[key]
        except KeyError:
            pick = self._quick[key] = quick_layout(self._names, ids, key[len(ids) :])
        if pick is None or (parts and not 0.0 <= parts[0] <= 1.0):
            return None
        return pick((*whole, *parts, *references, *texts, 0))

    def _read_exact(self, piece: Piece, at: int) -> tuple[tuple[Any, ...] | None, bool]:
        """Return what the ROLES are (None without sizes), and if that is a guess."""
        events = piece.exact()
        stats = list(events[at].stats) if at < len(events) else []
        ids = tuple([stat.metadata_id for stat in stats])
        if ids not in self._exact:
            self._exact[ids] = exact_layout(self._names, ids)
        layout = self._exact[ids]
        if layout is None:
            return None, False
        pick, guessed = layout
        return exact_values(pick, [*stats, message("Stat")]), guessed

    def _store(
        self, values: tuple[Any, ...], time: int, *, freed: bool, guessed: bool
    ) -> None:
        (used, reserved, free, peak, asked, size, address, op, shape, region, name,
         index, part, dtype) = values  # fmt: skip
        called = name or -1 - max(index, 0)
        if called not in self._by_name:
            self._by_name[called] = (self._column(called), {})
        column, known = self._by_name[called]
        if guessed:
            column.guessed = True
        group = -1
        if not freed:
            key: tuple[Any, ...] = (op, shape, region, dtype)
            if shape in self._shapeless:  # its size tells it apart
                key = (*key, size)
            group = known.get(key, -1)
            if group < 0:
                group = self._group(column, known, key, size)
        column.rows.extend(
            (time, group, used, reserved, free, peak, asked, size, address)
        )
        column.fragmentation.append(part)

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

    def _word(self, given: int | bytes) -> str:
        """Return a text that tells something, else none; most come again."""
        text = self._texts.get(given)
        if text is None:
            text = self._text(given)
            text = self._texts[given] = "" if text in NO_NAMES else text
        return text

    def _group(
        self, column: Column, known: dict[Any, int], key: tuple[Any, ...], size: int
    ) -> int:
        """Return the group's number; where no shape tells them apart, sizes do."""
        op, shape, region = map(self._word, key[:3])
        group = (op, shape, _DTYPES.get(key[3], ""), region)
        by_name = group if shape else (*group, size)
        number = column.numbers.get(by_name)
        if number is None:
            number = column.numbers[by_name] = len(column.groups)
            column.groups.append(group)
        if shape or len(key) > len(group):
            known[key] = number
        else:
            self._shapeless.add(key[1])
        return number


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
