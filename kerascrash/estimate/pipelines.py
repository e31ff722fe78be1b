"""
What the buffers of the input pipelines hold: as computed, and as far as memory shows.

A buffer fills with the time and its bytes are native, so no name holds them: what an op
holds is at most what it would hold when full, and at most what is left unexplained.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kerascrash.estimate.children import shared_unmapped
from kerascrash.estimate.limits import cgroup_limit
from kerascrash.estimate.places import read_place
from kerascrash.estimate.resident import last_reading
from kerascrash.estimate.rise import rise_of
from kerascrash.estimate.timeline import recording_of
from kerascrash.estimate.unheld import unheld_bytes
from kerascrash.model.case import Case, Recording
from kerascrash.model.evidence import Place

_HOLDING = frozenset({"shuffle", "cache", "prefetch", "PyDataset", "DataLoader"})
_QUEUES = frozenset({"PyDataset", "DataLoader"})
_SMALL = 16 << 20
_USABLE = 0.8
_LONG = 64
"""Elements from which a buffer of elements of unknown size is no usual one."""


@dataclass(frozen=True, slots=True)
class PipelineOp:
    """One op; ``full`` is its bytes once filled, None where a size is not known."""

    op: str
    full: int | None
    buffer: int | None
    count: int | None
    element: int | None
    place: Place | None
    workers: int = 0
    processes: bool = False
    pinned: bool = False
    work: str = ""
    """The method that its workers run, as ``Pictures.__getitem__``."""
    work_place: Place | None = None

    @property
    def may_hold(self) -> bool:
        """It can hold more than a trifle; a short queue of unknown batches does not."""
        if self.op not in _HOLDING:
            return False
        if self.full is not None:
            return self.full >= _SMALL
        return self.op in ("cache", "shuffle") or self.is_long

    @property
    def is_queue(self) -> bool:
        """A queue of batches that workers fill."""
        return self.op in _QUEUES

    @property
    def is_long(self) -> bool:
        """Its size in elements is beyond what is usual."""
        return self.buffer is not None and self.buffer >= _LONG

    @property
    def text(self) -> str:
        """The op as one would write it."""
        known = self.buffer is not None and self.buffer >= 0
        return f"{self.op}({self.buffer if known else ''})"


@dataclass(frozen=True, slots=True)
class Buffer:
    """The op whose buffer explains most: ``bytes`` at death, ``share`` of the rise."""

    op: PipelineOp
    bytes: int
    share: float
    from_generator: bool


def pipeline_ops(recording: Recording | None) -> tuple[tuple[PipelineOp, ...], ...]:
    """Return the ops of each recorded pipeline, from the source on."""
    rows = recording.pipelines.get("pipelines") if recording else None
    return tuple(
        tuple(_read(op) for op in row.get("ops") or () if isinstance(op, Mapping))
        for row in rows or ()
        if isinstance(row, Mapping) and isinstance(row.get("ops") or (), (list, tuple))
    )


def holds_elements(ops: tuple[PipelineOp, ...]) -> bool:
    """Tell whether a pipeline can hold more than a trifle."""
    return any(op.may_hold for op in ops)


def fullest_buffer(case: Case) -> Buffer | None:
    """Return the op that can hold most of what nothing else explains."""
    recording, rise = recording_of(case), rise_of(case)
    if recording is None or rise is None or rise.total <= 0:
        return None
    native = unheld_bytes(case)
    shared = shared_unmapped(case)
    best: tuple[int, int, Buffer] | None = None
    for ops in pipeline_ops(recording):
        generated = any(op.op == "from_generator" for op in ops)
        for op in ops:
            if not op.may_hold:
                continue
            # Batches of worker processes may wait in memory that no process maps.
            queued = shared if op.is_queue and op.processes else 0
            most, total = native + queued, rise.total + queued
            held = most if op.full is None else min(op.full, most)
            buffer = Buffer(op, held, min(held / total, 1.0), generated)
            # Of two that could hold all of it, the one whose size is known and larger.
            rank = (held if op.full is not None else held // 2, op.full or 0)
            if best is None or rank > best[:2]:
                best = (*rank, buffer)
    return best[2] if best else None


def elements_that_fit(case: Case, buffer: Buffer) -> int | None:
    """
    Return how many elements a full buffer may have under the limit that killed.

    A fifth of the limit stays free; None where element or limit is unknown, or where
    what is beside the buffer leaves no room.
    """
    element = buffer.op.element
    limit = cgroup_limit(case) or last_reading(case, "host_total")
    rise = rise_of(case)
    if not element or limit is None or rise is None:
        return None
    room = int(limit * _USABLE) - (rise.final - buffer.bytes)
    fitting = room // element
    if fitting < 1 or (buffer.op.buffer or 0) <= fitting:
        return None
    digits: int = 10 ** max(len(str(fitting)) - 2, 0)
    return fitting // digits * digits


def _read(raw: Mapping[str, Any]) -> PipelineOp:
    work = raw.get("work")
    work = work if isinstance(work, Mapping) else {}
    return PipelineOp(
        op=str(raw.get("op") or "?"),
        full=_whole(raw.get("bytes")),
        buffer=_whole(raw.get("buffer")),
        count=_whole(raw.get("count")),
        element=_whole(raw.get("element_bytes")),
        place=read_place(raw.get("place")),
        workers=_whole(raw.get("workers")) or 0,
        processes=raw.get("processes") is True,
        pinned=raw.get("pinned") is True,
        work=str(work.get("owner") or ""),
        work_place=read_place(work.get("place")),
    )


def _whole(raw: object) -> int | None:
    return raw if isinstance(raw, int) and not isinstance(raw, bool) else None
