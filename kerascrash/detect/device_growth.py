"""
Observe what filled a device's pool: tensors kept over the steps, or one step alone.

A trace shows it by address and op. Without one, the map of the chunks hints at it: very
many of one size are tensors kept, unless the step itself makes many of that size.
"""

from __future__ import annotations

from collections.abc import Iterator

from kerascrash.detect._facts import note
from kerascrash.estimate.device_memory import Pool, exhausted_pool, main_growth
from kerascrash.estimate.device_request import request_of
from kerascrash.estimate.log_progress import counted_steps
from kerascrash.estimate.traceback_text import user_place
from kerascrash.model.case import Case
from kerascrash.model.evidence import Finding
from kerascrash.model.rules import Detector
from kerascrash.units import format_bytes

_LEAST_SHARE = 0.15
_MOST_SURE_SHARE = 0.5
_UNCERTAIN = 0.5
_STEP_FILLS = 0.4
_MANY = 8
_SAME_SHARE = 0.5
_SMALL_REQUEST = 0.15
_FEWEST_STEPS = 3


def detect(case: Case) -> Iterator[Finding]:
    """Yield what filled the pool that failed."""
    pool = exhausted_pool(case)
    if pool is None:
        return
    if pool.memory is not None:
        yield from _traced(pool)
    if pool.failed:
        yield from _told_by_sizes(case, pool)
        yield from _steps_done(case)


def _traced(pool: Pool) -> Iterator[Finding]:
    memory, grown = pool.memory, main_growth(pool)
    if memory is None or memory.peak_bytes <= 0:
        return
    source = pool.trace.path if pool.trace else "trace"
    if grown is not None:
        group = grown.group
        share = min(
            sum(one.group.bytes for one in pool.growing) / memory.peak_bytes, 1.0
        )
        if share >= _LEAST_SHARE:
            kind = " ".join(part for part in (group.dtype, group.shape) if part)
            text = (
                f"{group.count:,} tensors {kind} made by {group.op or 'an unnamed op'} "
                f"stay alive on {pool.label}: {format_bytes(group.bytes)}, "
                f"{format_bytes(grown.bytes_per_step)} more each step"
            )
            strength = min(share / _MOST_SURE_SHARE, 1.0) * memory.confidence
            yield note(
                "device_tensors_kept",
                source,
                text,
                strength * (1.0 if grown.certain else _UNCERTAIN),
                memory.peak_time,
                op=group.op,
                shape=group.shape,
                dtype=group.dtype,
                count=group.count,
                bytes=group.bytes,
            )
    step = memory.step_bytes
    if step is not None and step / memory.peak_bytes >= _STEP_FILLS:
        share = step / memory.peak_bytes
        text = f"{share:.0%} of the peak on {pool.label} were allocated within one step"
        yield note(
            "device_step_fills", source, text, share, memory.peak_time, bytes=step
        )


def _told_by_sizes(case: Case, pool: Pool) -> Iterator[Finding]:
    chart, request = pool.map, request_of(case, pool)
    if chart is None or not chart.by_size or not chart.in_use_bytes:
        return
    top = chart.by_size[0]
    share = top.bytes / chart.in_use_bytes
    small = request is None or (request.share or 0) <= _SMALL_REQUEST
    if top.count < _MANY or share < _SAME_SHARE or not small:
        return
    # A step that fails while making one more of the same made the others too.
    same = request is not None and request.in_model and request.bytes == top.size
    text = (
        f"{top.count:,} pieces of {format_bytes(top.size)} each fill {share:.0%} of "
        f"{pool.label}"
    )
    finding = "device_step_of_equals" if same else "device_equals_kept"
    yield note(finding, chart.source, text, share, chart.time, size=top.size)


def _steps_done(case: Case) -> Iterator[Finding]:
    """A step that fitted before fits again, unless something was kept."""
    end = user_place(case)
    for log in case.logs:
        if log.kind == "kernel":
            continue
        numbers = list(counted_steps(log))
        if len(numbers) >= _FEWEST_STEPS and max(numbers) >= _FEWEST_STEPS:
            where = f" ({end.file}:{end.line})" if end else ""
            text = f"{max(numbers):,} steps had fitted before the request failed{where}"
            yield note("device_steps_fitted", log.source, text, 1.0)
            return


DETECTOR = Detector(
    id="device_growth",
    finds=(
        "device_tensors_kept",
        "device_step_fills",
        "device_equals_kept",
        "device_step_of_equals",
        "device_steps_fitted",
    ),
    detect=detect,
    needs=("trace",),
)
