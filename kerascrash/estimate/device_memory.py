"""Which pool of device memory failed, and what traces and maps together say of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kerascrash.model.case import Case
from kerascrash.model.trace import AllocatorMap, AllocatorMemory, GrowingGroup, Trace

_FULL = 0.95


@dataclass(frozen=True, slots=True)
class Pool:
    """
    One allocator of one host.

    ``request`` is the last request known to have failed, ``map`` the last map with
    chunks (maybe the same), ``memory`` what the fullest trace says of it.
    """

    name: str
    device: str
    host: str = ""
    request: AllocatorMap | None = None
    map: AllocatorMap | None = None
    memory: AllocatorMemory | None = None
    trace: Trace | None = None

    @property
    def limit(self) -> int | None:
        """Bytes that the pool may hand out at most, None if nothing tells."""
        told = self.request.limit_bytes if self.request else None
        if told is None and self.map is not None:
            told = self.map.limit_bytes
        return told or (self.memory.capacity_bytes if self.memory else None)

    @property
    def peak(self) -> int:
        """The highest use that any source saw, in bytes."""
        seen = [self.memory.peak_bytes] if self.memory else []
        for chart in (self.map, self.request):
            if chart is not None:
                seen.append(chart.peak_bytes or 0)
                seen.append(chart.in_use_bytes or 0)
        return max(seen, default=0)

    @property
    def is_device(self) -> bool:
        """Whether it is limited like a device: a GPU's, TensorFlow's own on the CPU."""
        return self.device != "host" or "for_gpu" in self.name

    @property
    def label(self) -> str:
        """How people should read it: ``GPU:0 (GPU_0_bfc)``."""
        if self.device == "host":
            kind = (
                "TensorFlow's BFC pool on the CPU" if self.is_device else "host memory"
            )
            return f"{kind} ({self.name})"
        where = f" of {self.host}" if self.host else ""
        return f"{self.device} ({self.name}){where}"

    @property
    def failed(self) -> bool:
        """Whether a request is known to have failed: only then is a map written."""
        return self.request is not None or self.map is not None


def pools_of(case: Case) -> tuple[Pool, ...]:
    """Return every pool: those that failed first, then by how full they were."""
    maps: dict[str, list[AllocatorMap]] = {}
    traced: dict[tuple[str, str], tuple[AllocatorMemory, Trace]] = {}
    for one in case.traces:
        if isinstance(one, AllocatorMap):
            maps.setdefault(one.allocator, []).append(one)
        elif isinstance(one, Trace):
            for memory in one.allocators:
                key = (memory.name, memory.host)
                if key not in traced or _is_later(memory, one, *traced[key]):
                    traced[key] = (memory, one)
    pools = [
        _pool(name, host, maps.get(name, []), memory, trace)
        for (name, host), (memory, trace) in traced.items()
    ]
    known = {name for name, _ in traced}
    pools += [
        _pool(name, "", rows, None, None)
        for name, rows in maps.items()
        if name not in known
    ]
    return tuple(
        sorted(pools, key=lambda pool: (not pool.failed, -_fill(pool), pool.name))
    )


def _is_later(
    memory: AllocatorMemory, trace: Trace, old: AllocatorMemory, old_trace: Trace
) -> bool:
    """The fuller window counts; of equals the later one."""
    return (memory.peak_bytes, trace.begin or 0) > (
        old.peak_bytes,
        old_trace.begin or 0,
    )


def _pool(
    name: str,
    host: str,
    maps: list[AllocatorMap],
    memory: AllocatorMemory | None,
    trace: Trace | None,
) -> Pool:
    asked = [one for one in maps if one.requested_bytes is not None]
    drawn = [one for one in maps if one.chunks]
    request = asked[-1] if asked else None
    chart = request if request is not None and request.chunks else None
    chart = chart or (max(drawn, key=lambda one: one.time or 0) if drawn else None)
    device = memory.device if memory else maps[-1].device
    return Pool(name, device, host, request, chart, memory, trace)


def _fill(pool: Pool) -> float:
    return pool.peak / pool.limit if pool.limit else 0.0


def exhausted_pool(case: Case) -> Pool | None:
    """Return the pool that ran out: one that failed, else one that was full."""
    for pool in pools_of(case):
        if pool.is_device and (pool.failed or _fill(pool) >= _FULL):
            return pool
    return None


def main_growth(pool: Pool) -> GrowingGroup | None:
    """Return the group of allocations that grew most, None where none did."""
    grown = pool.memory.growing if pool.memory else ()
    return max(grown, key=lambda one: one.group.bytes, default=None)


@dataclass(frozen=True, slots=True)
class Fit:
    """A failed request against the free memory of its pool, in bytes."""

    requested: int
    free: int
    largest: int
    limit: int

    @property
    def fragmentation(self) -> float:
        """
        Return 0…1: how surely the pieces and not the sum were too small.

        Free memory must exceed the request clearly, and be no mere rest of a full pool.
        """
        if self.requested <= 0 or self.largest >= self.requested:
            return 0.0
        over = min(max(self.free / self.requested - 1, 0.0), 1.0)
        share = min(self.free / (0.15 * self.limit), 1.0) if self.limit else 0.0
        return over * share


def fit_of(pool: Pool) -> Fit | None:
    """Return how the request stood against what was free, None without the numbers."""
    chart, request = pool.map, pool.request
    if chart is None or request is None or request.requested_bytes is None:
        return None
    if chart.free_bytes is None or chart.largest_free_bytes is None:
        return None
    room = chart.unreserved_bytes or 0
    return Fit(
        requested=request.requested_bytes,
        free=chart.free_bytes + room,
        largest=max(chart.largest_free_bytes, room),
        limit=pool.limit or chart.pool_bytes or 0,
    )


def allocator_rows(case: Case) -> tuple[dict[str, Any], ...]:
    """Return the ``allocators`` of the JSON report: one row per pool and host."""
    return tuple(_row(pool) for pool in pools_of(case))


def _row(pool: Pool) -> dict[str, Any]:
    memory, request, chart = pool.memory, pool.request, pool.map
    fragmentation = memory.fragmentation if memory else None
    if fragmentation is None and chart is not None:
        fragmentation = chart.fragmentation
    row: dict[str, Any] = {
        "name": pool.name,
        # The trace's own maximum is exact; a map's may be rounded text.
        "peak_bytes": memory.peak_bytes if memory else pool.peak,
        "capacity_bytes": (memory.capacity_bytes if memory else None) or pool.limit,
        "fragmentation": fragmentation,
        "device": pool.device,
        "host": pool.host or None,
        "source": pool.trace.path if pool.trace else chart.source if chart else None,
        "lifetime_peak_bytes": memory.lifetime_peak_bytes if memory else None,
        "reserved_bytes": memory.reserved_bytes if memory else None,
        "before_window_bytes": memory.before_window_bytes if memory else None,
        "confidence": memory.confidence if memory else 1.0,
        "live_at_peak": [_group(one) for one in memory.live[:20]] if memory else [],
        "growing": [
            {
                **_group(one.group),
                "bytes_per_step": one.bytes_per_step,
                "counts": list(one.counts),
            }
            for one in (memory.growing if memory else ())
        ],
        "timeline": [list(point) for point in memory.timeline] if memory else [],
        "failed_request": None,
    }
    if request is not None:
        row["failed_request"] = {
            "requested_bytes": request.requested_bytes,
            "op": request.op or None,
            "shape": request.shape or None,
            "dtype": request.dtype or None,
            "free_bytes": request.free_bytes,
            "largest_free_bytes": request.largest_free_bytes,
            "time": request.time,
        }
    return row


def _group(one: Any) -> dict[str, Any]:
    return {
        "op": one.op or None,
        "shape": one.shape or None,
        "dtype": one.dtype or None,
        "count": one.count,
        "bytes": one.bytes,
    }
