"""
Observe that a pool of device memory ran out, and in which way.

A pool that is full and a pool in pieces fail with the same words. The map that the
allocator prints tells them apart: free memory in sum against the largest free piece.
A request that failed may have been caught; the logs say whether training went on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from kerascrash.detect._facts import note
from kerascrash.estimate.device_memory import Pool, exhausted_pool, fit_of
from kerascrash.estimate.device_request import request_of
from kerascrash.estimate.log_progress import went_on
from kerascrash.model.case import Case
from kerascrash.model.evidence import Finding
from kerascrash.model.rules import Detector
from kerascrash.units import format_bytes

_LEAST_FRAGMENTED = 0.1
_SURVIVED = 0.3  # of a failure after which the training went on
_LARGE = 0.3  # of the limit
_LARGE_BYTES = 256 << 20  # where no limit is known


def detect(case: Case) -> Iterator[Finding]:
    """Yield what is known of the pool that failed."""
    pool = exhausted_pool(case)
    if pool is None:
        return
    if not pool.failed:
        text = f"{pool.label} was full in the trace: {format_bytes(pool.peak)}"
        yield note(
            "device_pool_full",
            _source(pool),
            text,
            1.0,
            label=pool.label,
            limit=pool.limit,
        )
        return
    request = pool.request
    survived = request is not None and went_on(case, request.source, request.line)
    for found in (_failed(pool), *_pieces(pool), *_purpose(case, pool)):
        share = _SURVIVED if survived else 1.0
        yield replace(found, strength=found.strength * share)


def _failed(pool: Pool) -> Finding:
    asked = pool.request
    limit = f" of {format_bytes(pool.limit)}" if pool.limit else ""
    # The peak may be long ago, and what was in use then free again.
    used = (pool.map.in_use_bytes if pool.map else None) or pool.peak
    text = f"{pool.label}: {format_bytes(used)}{limit} were in use"
    time = asked.time if asked else pool.map.time if pool.map else None
    if asked is not None and asked.requested_bytes is not None:
        shape = f" {asked.shape} {asked.dtype}".rstrip()
        op = f" by op {asked.op}" if asked.op else ""
        size = format_bytes(asked.requested_bytes)
        text = f"{text}; {size} more were refused:{shape}{op}"
    return note(
        "device_request_failed",
        _source(pool),
        text,
        1.0,
        time,
        allocator=pool.name,
        device=pool.device,
        label=pool.label,
        limit=pool.limit,
        op=asked.op if asked else "",
        shape=asked.shape if asked else "",
        dtype=asked.dtype if asked else "",
        bytes=asked.requested_bytes if asked else None,
    )


def _pieces(pool: Pool) -> Iterator[Finding]:
    fit = fit_of(pool)
    if fit is None:
        return
    if fit.fragmentation >= _LEAST_FRAGMENTED:
        text = (
            f"{pool.label}: {format_bytes(fit.free)} were free, more than the "
            f"{format_bytes(fit.requested)} asked for, but the largest piece had only "
            f"{format_bytes(fit.largest)}: the pool was fragmented, not full"
        )
        yield note(
            "device_pool_fragmented",
            _source(pool),
            text,
            fit.fragmentation,
            free=fit.free,
            largest_free=fit.largest,
            requested=fit.requested,
        )
    elif fit.free < fit.requested:
        text = (
            f"{pool.label}: only {format_bytes(fit.free)} were free in all, less than "
            f"the {format_bytes(fit.requested)} asked for: full, not fragmented"
        )
        yield note(
            "device_pool_not_fragmented", _source(pool), text, 1.0, free=fit.free
        )


def _purpose(case: Case, pool: Pool) -> Iterator[Finding]:
    """Tell what the refused request was for; a small one is only the last straw."""
    asked, request = pool.request, request_of(case, pool)
    if asked is None or request is None:
        return
    what = " ".join(part for part in (asked.shape, asked.dtype) if part)
    by = f" by {asked.op}" if asked.op else ""
    text = f"refused: {format_bytes(request.bytes)}{by} {what}".rstrip()
    share = request.share
    if request.for_weights:
        yield note("device_weights_refused", _source(pool), f"{text}, for weights", 1.0)
        return
    size = share if share is not None else request.bytes / _LARGE_BYTES * _LARGE
    strength = min(size / _LARGE, 1.0)
    if request.in_model and not (request.pairs and size >= _LARGE):
        strength = max(strength, 0.6 if not request.has_batch else 0.8)
        text = f"{text}, within a step of a model"
        yield note("device_step_refused", _source(pool), text, strength)
    elif size >= _LARGE:
        part = f": {share:.0%} of the pool at once" if share is not None else ""
        yield note(
            "device_op_refused",
            _source(pool),
            f"one operation asked for too much, {text}{part}",
            strength,
            op=asked.op,
            shape=asked.shape,
            bytes=request.bytes,
        )


def _source(pool: Pool) -> str:
    chart = pool.request or pool.map
    if chart is not None:
        return chart.source
    return pool.trace.path if pool.trace else "trace"


DETECTOR = Detector(
    id="device_pool",
    finds=(
        "device_request_failed",
        "device_pool_full",
        "device_pool_fragmented",
        "device_pool_not_fragmented",
        "device_weights_refused",
        "device_step_refused",
        "device_op_refused",
    ),
    detect=detect,
    needs=("trace",),
)
