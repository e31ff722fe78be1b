"""What profiler traces and allocator dumps tell of device memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class LiveGroup:
    """
    Allocations alive at one moment that have the same op, shape and dtype.

    ``bytes`` are what the allocator gave (rounded up), ``requested_bytes`` what was
    asked for. ``region`` is TensorFlow's word: output, temp, persist, dynamic.
    """

    op: str
    shape: str
    dtype: str
    count: int
    bytes: int
    requested_bytes: int = 0
    region: str = ""


@dataclass(frozen=True, slots=True)
class GrowingGroup:
    """
    A group whose live count rose from step to step.

    ``counts`` are the counts at the step boundaries (every few steps of a long window).
    ``certain`` is False where no steps were marked and the window was cut into equal
    parts instead; ``bytes_per_step`` is then per part.
    """

    group: LiveGroup
    counts: tuple[int, ...]
    bytes_per_step: float
    certain: bool = True


@dataclass(frozen=True, slots=True)
class AllocatorMemory:
    """
    One allocator over the window of one trace; bytes, times in Unix seconds.

    ``peak_bytes`` is the true maximum of used + reserved in the window,
    ``lifetime_peak_bytes`` the highest peak the allocator itself reported.
    ``before_window_bytes`` were in use at the peak and allocated before the window, so
    no op is known for them. ``step_bytes`` were allocated within the step of the peak.
    ``steps`` are (begin, highest use in the step, use at its end), of a long window
    every few steps together. ``kept`` was allocated in the window and alive at its end.
    ``confidence`` is below 1 for what was salvaged from a damaged file.
    """

    name: str
    device: str
    peak_bytes: int
    capacity_bytes: int | None = None
    lifetime_peak_bytes: int | None = None
    fragmentation: float | None = None
    reserved_bytes: int = 0
    before_window_bytes: int = 0
    step_bytes: int | None = None
    peak_time: float | None = None
    live_count: int = 0
    live: tuple[LiveGroup, ...] = ()
    growing: tuple[GrowingGroup, ...] = ()
    kept: tuple[LiveGroup, ...] = ()
    timeline: tuple[tuple[float, int], ...] = ()
    steps: tuple[tuple[float, int, int], ...] = ()
    allocations: int = 0
    deallocations: int = 0
    unmatched_frees: int = 0
    final_bytes: int | None = None
    confidence: float = 1.0
    host: str = ""


@dataclass(frozen=True, slots=True)
class OpTime:
    """One row of the op table: how often an op ran and how long, on which plane."""

    name: str
    plane: str
    count: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the training in the window; Unix seconds, or from its begin."""

    name: str
    begin: float
    seconds: float


@dataclass(frozen=True, slots=True)
class PeakCheck:
    """An allocator's peak as the profiler's own tool tells it, and as read here."""

    allocator: str
    bytes: int
    bytes_here: int


@dataclass(frozen=True, slots=True)
class XlaBuffer:
    """A buffer at the peak of a compiled module; ``line`` is ``file:line`` or empty."""

    name: str
    shape: str
    op: str
    kind: str
    bytes: int
    line: str = ""


@dataclass(frozen=True, slots=True)
class XlaModule:
    """A compiled module: its peak as the compiler planned it, the biggest buffers."""

    name: str
    peak_bytes: int
    buffers: tuple[XlaBuffer, ...] = ()


@dataclass(frozen=True, slots=True)
class ProfilerTools:
    """
    What the profiler's own tools say of a trace.

    ``version`` names the library. ``ops`` are by their own time, without what they
    called. ``notes`` say which tool told nothing, and why.
    """

    version: str
    peaks: tuple[PeakCheck, ...] = ()
    ops: tuple[OpTime, ...] = ()
    modules: tuple[XlaModule, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Trace:
    """
    One trace file, decoded.

    ``status`` is ``ok``, ``truncated``, ``damaged``, ``empty`` or ``not a trace``;
    ``recovered`` and ``bad`` count events that were and were not read. ``begin`` and
    ``end`` are Unix seconds of the profiling session as the trace itself says.
    ``input_share`` is the part of the steps spent waiting for input.
    """

    path: str
    format: str
    status: str
    size: int
    host: str = ""
    begin: float | None = None
    end: float | None = None
    recovered: int = 0
    bad: int = 0
    planes: tuple[str, ...] = ()
    devices: Mapping[str, int] = field(default_factory=dict)
    allocators: tuple[AllocatorMemory, ...] = ()
    steps: tuple[Step, ...] = ()
    input_share: float | None = None
    ops: tuple[OpTime, ...] = ()
    notes: tuple[str, ...] = ()
    tools: ProfilerTools | None = None


@dataclass(frozen=True, slots=True)
class ChunkGroup:
    """Chunks of one size in an allocator's map."""

    size: int
    count: int
    bytes: int


@dataclass(frozen=True, slots=True)
class AllocatorMap:
    """
    A BFC allocator at a failed request: from its dump on stderr, the text of an error,
    or a MemoryDump file.

    ``free_bytes`` is free inside the pool, ``unreserved_bytes`` what it could still
    have taken from the device under its limit; None where the source does not say.
    ``requested_bytes`` is rounded up as the allocator does; None in a MemoryDump.
    ``op`` is a node's path in a graph (with ``/``) or the name of an eager op.
    ``count`` is how many failed requests of this allocator the source tells of.
    """

    allocator: str
    device: str
    source: str
    time: float | None = None
    line: int | None = None
    op: str = ""
    shape: str = ""
    dtype: str = ""
    requested_bytes: int | None = None
    limit_bytes: int | None = None
    in_use_bytes: int | None = None
    peak_bytes: int | None = None
    pool_bytes: int | None = None
    free_bytes: int | None = None
    unreserved_bytes: int | None = None
    largest_free_bytes: int | None = None
    chunks: int = 0
    chunks_in_use: int = 0
    by_size: tuple[ChunkGroup, ...] = ()
    fragmentation: float | None = None
    occupancy: str = ""
    count: int = 1
