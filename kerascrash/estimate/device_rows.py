"""What is known of each pool of device memory, as data: rows of the JSON report."""

from __future__ import annotations

from typing import Any

from kerascrash.estimate.device_memory import Pool, pools_of
from kerascrash.model.case import Case

_MOST_STEPS = 400


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
            for one in pool.growing
        ],
        "timeline": [list(point) for point in memory.timeline] if memory else [],
        "steps": [list(step) for one in pool.windows for step in one.steps][
            -_MOST_STEPS:
        ],
        "windows": len(pool.windows),
        "window_begins": [one.steps[0][0] for one in pool.windows if one.steps],
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


def _steps(pool: Pool) -> list[list[float]]:
    """Return begin, highest use and use at the end of each step of all windows."""
    return [list(step) for one in pool.windows for step in one.steps][-_MOST_STEPS:]
