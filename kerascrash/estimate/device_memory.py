"""Which pool of device memory failed, and what traces and maps together say of it."""

from __future__ import annotations

from dataclasses import dataclass

from kerascrash.estimate.device_windows import begin_of, growing_over
from kerascrash.model.allocator_map import AllocatorMap
from kerascrash.model.case import Case
from kerascrash.model.trace import AllocatorMemory, GrowingGroup, Trace

_FULL = 0.95


@dataclass(frozen=True, slots=True)
class Pool:
    """
    One allocator of one host.

    ``request`` is the last request known to have failed, ``map`` the last map with
    chunks (maybe the same), ``memory`` what the fullest trace says of it, ``windows``
    what all its traces say, in order of time.
    """

    name: str
    device: str
    host: str = ""
    request: AllocatorMap | None = None
    map: AllocatorMap | None = None
    memory: AllocatorMemory | None = None
    trace: Trace | None = None
    windows: tuple[AllocatorMemory, ...] = ()

    @property
    def growing(self) -> tuple[GrowingGroup, ...]:
        """What grew from step to step: within a window, else from window to window."""
        within = self.memory.growing if self.memory else ()
        return within or growing_over(self.windows)

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
    traced: dict[_Key, list[tuple[AllocatorMemory, Trace]]] = {}
    for one in case.traces:
        if isinstance(one, AllocatorMap):
            maps.setdefault(one.allocator, []).append(one)
        elif isinstance(one, Trace):
            for memory in one.allocators:
                traced.setdefault((memory.name, memory.host), []).append((memory, one))
    fullest = {key: max(rows, key=_fullness) for key, rows in traced.items()}
    owners = _owners(fullest)
    pools = [
        _pool(
            name,
            host,
            maps.get(name, []) if owners[name] == host else [],
            *fullest[name, host],
            tuple(
                memory for memory, _ in sorted(rows, key=lambda row: begin_of(row[0]))
            ),
        )
        for (name, host), rows in traced.items()
    ]
    pools += [
        _pool(name, "", rows, None, None)
        for name, rows in maps.items()
        if name not in owners
    ]
    return tuple(
        sorted(pools, key=lambda pool: (not pool.failed, -_fill(pool), pool.name))
    )


_Key = tuple[str, str]


def _fullness(row: tuple[AllocatorMemory, Trace]) -> tuple[int, float]:
    """The fuller window counts; of equals the later one."""
    return row[0].peak_bytes, row[1].begin or 0.0


def _owners(fullest: dict[_Key, tuple[AllocatorMemory, Trace]]) -> dict[str, str]:
    """
    Return for each allocator the host that its maps are taken to be of.

    A map does not say: of several hosts with that allocator it is of the fullest.
    """
    owners: dict[str, str] = {}
    for (name, host), (memory, _) in fullest.items():
        rival = fullest.get((name, owners.get(name, host)))
        if rival is None or memory.peak_bytes >= rival[0].peak_bytes:
            owners[name] = host
    return owners


def _pool(
    name: str,
    host: str,
    maps: list[AllocatorMap],
    memory: AllocatorMemory | None,
    trace: Trace | None,
    windows: tuple[AllocatorMemory, ...] = (),
) -> Pool:
    asked = [one for one in maps if one.requested_bytes is not None]
    drawn = [one for one in maps if one.chunks]
    request = asked[-1] if asked else None
    chart = request if request is not None and request.chunks else None
    chart = chart or (max(drawn, key=lambda one: one.time or 0) if drawn else None)
    device = memory.device if memory else maps[-1].device
    return Pool(name, device, host, request, chart, memory, trace, windows)


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
    return max(pool.growing, key=lambda one: one.group.bytes, default=None)


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
