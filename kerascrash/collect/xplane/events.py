"""Go through the events of a trace once: memory, steps, and sums for the op table."""

from __future__ import annotations

from kerascrash.collect.xplane.memory_events import MemoryDecoder
from kerascrash.collect.xplane.op_table import OpTable
from kerascrash.collect.xplane.plane_names import BY_DEVICE, NO_STEP, PlaneNames
from kerascrash.collect.xplane.steps import STEPS_LINE, StepFinder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kerascrash.collect.xplane.lines import Piece


class EventReader:
    """Is fed lines; keeps sums and the memory events, never the events themselves."""

    def __init__(self) -> None:
        self.memory = MemoryDecoder()
        self.steps = StepFinder()
        self.ops = OpTable()
        self.seen = 0
        self.bad = 0

    def read(self, names: PlaneNames, line: str, begin_ps: int, piece: Piece) -> None:
        """Read the events of a line or a piece of it."""
        memory, steps, sums = names.memory, self.steps, self.ops.sums_of(names, line)
        of_memory = []
        for at, event in enumerate(piece.events):
            kind = event.metadata_id
            row = sums.get(kind)
            if row is None:
                if kind in memory:
                    of_memory.append((at, event, memory[kind]))
                    continue
                row = sums[kind] = [0, 0, names.sign_of(kind, event)]
            duration = event.duration_ps
            row[0] += 1
            row[1] += duration
            if row[2] != NO_STEP:
                begin = begin_ps + event.offset_ps
                steps.add(row[2], names.events[kind], line, begin, duration)
        self.memory.add(piece, begin_ps, of_memory)
        self.seen += len(piece.events)
        self.bad += piece.bad
        if line == STEPS_LINE:
            where = f"{names.plane} {line}"  # every device counts its own
            for event in piece.events:
                begin = begin_ps + event.offset_ps
                steps.add(BY_DEVICE, "step", where, begin, event.duration_ps)
