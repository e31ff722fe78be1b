"""Go through the events of a trace once: memory, steps, input and the op table."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kerascrash.collect.xplane.memory_events import (
    ALLOCATION,
    DEALLOCATION,
    MemoryDecoder,
)
from kerascrash.collect.xplane.schema import parse
from kerascrash.collect.xplane.steps import DEVICE_STEP, STEPS_LINE, StepFinder
from kerascrash.collect.xplane.unnamed import looks_like_memory, tell_frees
from kerascrash.model.trace import OpTime

_MOST_OPS = 40
_SKIPPED_OPS = ("ThreadpoolListener::", "MemoryAllocation", "MemoryDeallocation", "$")
_OP_LINES = ("TensorFlow Ops", "XLA Ops")
_OP_NAME = re.compile(r"[^:$ ]+:[A-Z_]\w*$")
_HOST, _HOST_OP, _KERNEL, _DEVICE_OP = range(4)
_NOT_AN_OP_LINE = ("XLA Modules", "TensorFlow Name Scope", "Source code", STEPS_LINE)
_PS = 1e12


@dataclass(slots=True)
class PlaneNames:
    """
    The names of one plane, and what they mean; built once for all its lines.

    ``memory`` maps metadata ids of memory events to whether they free, ``signs`` those
    of events that may be steps to their rank (None: looked at, and no sign).
    """

    plane: str
    events: Mapping[int, str]
    stats: Mapping[int, str]
    memory: dict[int, bool] = field(init=False)
    signs: dict[int, int | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.memory = {
            key: name == DEALLOCATION
            for key, name in self.events.items()
            if name in (ALLOCATION, DEALLOCATION)
        }


@dataclass(slots=True)
class EventReader:
    """Is fed lines; keeps sums and the memory events, never the events themselves."""

    memory: MemoryDecoder = field(default_factory=MemoryDecoder)
    steps: StepFinder = field(default_factory=StepFinder)
    times: dict[tuple[int, str, str], list[int]] = field(default_factory=dict)
    seen: int = 0
    bad: int = 0

    def read(
        self, names: PlaneNames, line: str, begin_ps: int, events: Sequence[Any]
    ) -> None:
        """Read the events of a line or a piece of it."""
        add, memory, signs = self.memory.add, names.memory, names.signs
        sums: dict[int, list[int]] = {}
        for event in events:
            kind = event.metadata_id
            if kind in memory:
                add(event, begin_ps, freed=memory[kind])
                continue
            duration = event.duration_ps
            row = sums.get(kind)
            if row is not None:
                row[0] += 1
                row[1] += duration
            else:
                sums[kind] = [1, duration]
                if kind not in signs:
                    name = names.events.get(kind, "")
                    signs[kind] = self.steps.sign_of(name, event, names.stats)
            if signs[kind] is not None:
                self._mark(names, kind, line, begin_ps + event.offset_ps, duration)
        self.seen += len(events)
        if line == STEPS_LINE:
            for event in events:
                self.steps.add(
                    DEVICE_STEP,
                    "step",
                    line,
                    begin_ps + event.offset_ps,
                    event.duration_ps,
                )
        self._note(names, line, sums)

    def _mark(
        self, names: PlaneNames, kind: int, line: str, begin: int, duration: int
    ) -> None:
        sign, name = names.signs[kind], names.events.get(kind, "")
        if sign is not None:
            self.steps.add(sign, name, line, begin, duration)

    def _note(self, names: PlaneNames, line: str, sums: dict[int, list[int]]) -> None:
        """Add up counts and durations per name."""
        if line in _NOT_AN_OP_LINE:
            return
        rank = _line_rank(names.plane, line)
        for kind, (count, duration) in sums.items():
            name = names.events.get(kind, "")
            if self.steps.is_input(name):
                self.steps.input_ps += duration
            if duration and name and not name.startswith(_SKIPPED_OPS):
                # On the host, ops are the events named like "conv2d/Relu:Relu".
                one = _HOST_OP if rank == _HOST and _OP_NAME.match(name) else rank
                row = self.times.setdefault((one, names.plane, name), [0, 0])
                row[0] += count
                row[1] += duration

    def read_unnamed(self, spans: list[tuple[int, int, int]], data: bytes) -> None:
        """Read memory events from (line's begin in ps, from, to) without any names."""
        found = []
        for begin_ps, start, end in spans:
            event = parse("Event", data[start:end])
            if event is None:
                self.bad += 1
            elif looks_like_memory(event):
                found.append((begin_ps + event.offset_ps, event))
        frees = tell_frees(found)
        for time, event in found:
            if event.metadata_id in frees:
                freed = frees[event.metadata_id]
                self.memory.add(event, time - event.offset_ps, freed=freed)
        self.seen += len(spans)

    def op_table(self) -> tuple[OpTime, ...]:
        """Return the ops that took longest, of the best source that there is."""
        best = max((rank for rank, _, _ in self.times), default=0)
        rows = [
            OpTime(name, plane, count, duration / _PS)
            for (rank, plane, name), (count, duration) in self.times.items()
            if rank == best
        ]
        return tuple(sorted(rows, key=lambda row: -row.seconds)[:_MOST_OPS])


def _line_rank(plane: str, line: str) -> int:
    if not plane.startswith("/device:"):
        return _HOST
    return _DEVICE_OP if line in _OP_LINES else _KERNEL
