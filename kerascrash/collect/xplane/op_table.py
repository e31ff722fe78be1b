"""Which operations took longest: sums per kind of event, named only at the end."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from heapq import nlargest

from kerascrash.collect.xplane.plane_names import PlaneNames
from kerascrash.collect.xplane.steps import STEPS_LINE
from kerascrash.model.trace import OpTime

_MOST = 40
_SKIPPED = ("ThreadpoolListener::", "MemoryAllocation", "MemoryDeallocation", "$")
_OP_LINES = ("TensorFlow Ops", "XLA Ops")
_OTHER_LINES = ("XLA Modules", "TensorFlow Name Scope", "Source code", STEPS_LINE)
# On the host, ops are the events named like "conv2d/Relu:Relu".
_HOST_OP = r"[^:$ ]+:[A-Z_]\w*$"
_HOST, _KERNEL, _DEVICE_OP = range(3)
_PS = 1e12
Sums = dict[int, list[int]]
"""Of each metadata id: how many events, their duration in ps, which sign of a step."""
_Row = tuple[str, str, int, int]
"""Name, plane, count, duration in ps."""


class OpTable:
    """Sums for each plane and rank of line."""

    def __init__(self) -> None:
        self._sums: dict[tuple[int, int], tuple[PlaneNames, Sums]] = {}

    def sums_of(self, names: PlaneNames, line: str) -> Sums:
        """Return the sums to add a line's events to; of lines of no op a spare one."""
        if line in _OTHER_LINES:
            return {}
        rank = _HOST
        if names.plane.startswith("/device:"):
            rank = _DEVICE_OP if line in _OP_LINES else _KERNEL
        return self._sums.setdefault((rank, id(names)), (names, {}))[1]

    def input_ps(self) -> int:
        """Return how long the host waited for its input pipeline."""
        return sum(
            sums[kind][1]
            for (rank, _), (names, sums) in self._sums.items()
            if rank == _HOST
            for kind in names.input & sums.keys()
        )

    def rows(self) -> tuple[OpTime, ...]:
        """Return what took longest, of the best source that there is."""
        for rank in (_DEVICE_OP, _KERNEL):
            if found := _add_up(self._named(rank)):
                return found
        is_op = re.compile(_HOST_OP).match
        ops = [row for row in self._named(_HOST) if is_op(row[0])]
        return _add_up(ops) or _add_up(self._named(_HOST))

    def _named(self, rank: int) -> Iterator[_Row]:
        for (one, _), (names, sums) in self._sums.items():
            if one != rank:
                continue
            for kind, (count, duration, _) in sums.items():
                name = names.events.get(kind, "")
                if duration and name and not name.startswith(_SKIPPED):
                    yield name, names.plane, count, duration


def _add_up(rows: Iterable[_Row]) -> tuple[OpTime, ...]:
    """Join rows of one name and plane; longest first."""
    times: dict[tuple[str, str], tuple[int, int]] = {}
    for name, plane, count, duration in rows:
        more, longer = times.get((name, plane), (0, 0))
        times[name, plane] = (count + more, duration + longer)
    best = nlargest(_MOST, times.items(), key=lambda item: item[1][1])
    return tuple(OpTime(*key, count, ps / _PS) for key, (count, ps) in best)
