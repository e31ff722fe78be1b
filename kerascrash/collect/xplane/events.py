"""Go through the events of a trace once: memory, steps, and sums for the op table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from kerascrash.collect.xplane.memory_events import MemoryDecoder
from kerascrash.collect.xplane.op_table import OpTable
from kerascrash.collect.xplane.plane_names import PlaneNames
from kerascrash.collect.xplane.steps import (
    DEVICE_STEP,
    STEPS_LINE,
    UNKNOWN,
    StepFinder,
)


@dataclass(slots=True)
class EventReader:
    """Is fed lines; keeps sums and the memory events, never the events themselves."""

    memory: MemoryDecoder = field(default_factory=MemoryDecoder)
    steps: StepFinder = field(default_factory=StepFinder)
    ops: OpTable = field(default_factory=OpTable)
    seen: int = 0
    bad: int = 0

    def read(
        self, names: PlaneNames, line: str, begin_ps: int, events: Sequence[Any]
    ) -> None:
        """Read the events of a line or a piece of it."""
        add, memory, signs = self.memory.add, names.memory, names.signs
        sums = self.ops.sums_of(names, line)
        for event in events:
            kind = event.metadata_id
            row = sums.get(kind)
            if row is None:
                if kind in memory:
                    add(event, begin_ps, freed=memory[kind])
                    continue
                row = sums[kind] = [0, 0]
            duration = event.duration_ps
            row[0] += 1
            row[1] += duration
            if signs.get(kind, UNKNOWN) is not None:
                self.steps.take(names, line, begin_ps, event)
        self.seen += len(events)
        if line == STEPS_LINE:
            where = f"{names.plane} {line}"  # every device counts its own
            for event in events:
                begin = begin_ps + event.offset_ps
                self.steps.add(DEVICE_STEP, "step", where, begin, event.duration_ps)
