"""Which operations took longest: sums per kind of event, named only at the end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from kerascrash.collect.xplane.plane_names import PlaneNames
from kerascrash.collect.xplane.steps import STEPS_LINE, is_input
from kerascrash.model.trace import OpTime

_MOST = 40
_SKIPPED = ("ThreadpoolListener::", "MemoryAllocation", "MemoryDeallocation", "$")
_OP_LINES = ("TensorFlow Ops", "XLA Ops")
_OTHER_LINES = ("XLA Modules", "TensorFlow Name Scope", "Source code", STEPS_LINE)
# On the host, ops are the events named like "conv2d/Relu:Relu".
_HOST_OP = re.compile(r"[^:$ ]+:[A-Z_]\w*$")
_HOST, _KERNEL, _DEVICE_OP = range(3)
_PS = 1e12
Sums = dict[int, list[int]]


@dataclass(slots=True)
class OpTable:
    """Counts and durations (ps) by metadata id, for each plane and rank of line."""

    _sums: dict[tuple[int, int], tuple[PlaneNames, Sums]] = field(default_factory=dict)

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
            duration
            for (rank, _), (names, sums) in self._sums.items()
            for kind, (_, duration) in sums.items()
            if rank == _HOST and is_input(names.events.get(kind, ""))
        )

    def rows(self) -> tuple[OpTime, ...]:
        """Return what took longest, of the best source that there is."""
        for rank in (_DEVICE_OP, _KERNEL):
            if found := _add_up(self._named(rank)):
                return found
        ops = [row for row in self._named(_HOST) if _HOST_OP.match(row.name)]
        return _add_up(iter(ops)) or _add_up(self._named(_HOST))

    def _named(self, rank: int) -> Iterator[OpTime]:
        for (one, _), (names, sums) in self._sums.items():
            if one != rank:
                continue
            for kind, (count, duration) in sums.items():
                name = names.events.get(kind, "")
                if duration and name and not name.startswith(_SKIPPED):
                    yield OpTime(name, names.plane, count, duration / _PS)


def _add_up(rows: Iterator[OpTime]) -> tuple[OpTime, ...]:
    """Join rows of one name and plane; longest first."""
    times: dict[tuple[str, str], tuple[int, float]] = {}
    for row in rows:
        count, seconds = times.get((row.name, row.plane), (0, 0.0))
        times[row.name, row.plane] = (count + row.count, seconds + row.seconds)
    best = sorted(times.items(), key=lambda item: -item[1][1])[:_MOST]
    return tuple(OpTime(*key, *value) for key, value in best)
