"""What profiler traces tell of device memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

TYPE_CHECKING = False
if TYPE_CHECKING:  # few traces have been asked for a second opinion
    from kerascrash.model.profiler_tools import ProfilerTools


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
