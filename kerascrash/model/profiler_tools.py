"""What the profiler's own tools say of a trace: the second opinion."""

from __future__ import annotations

from dataclasses import dataclass

from kerascrash.model.trace import OpTime


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
