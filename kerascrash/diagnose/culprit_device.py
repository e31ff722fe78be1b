"""Who filled a device's pool: op and shape, and the user's line where it is known."""

from __future__ import annotations

from kerascrash.diagnose.culprit_code import code_culprit
from kerascrash.estimate.device_memory import Pool, exhausted_pool, fit_of, main_growth
from kerascrash.estimate.traceback_text import user_place
from kerascrash.model.case import Case
from kerascrash.model.evidence import Place
from kerascrash.model.verdict import Culprit
from kerascrash.units import format_bytes


def device_culprit(case: Case, factor: str) -> Culprit | None:
    """Return the culprit as traces and allocator maps show it, None without them."""
    pool = exhausted_pool(case)
    if pool is None:
        return None
    named = {
        "tensor_leak": _kept,
        "batch_size": _refused,
        "tensor_ops": _refused,
        "model_size": _refused,
        "memory_fragmentation": _in_pieces,
    }.get(factor)
    return named(pool, _place(case)) if named else None


def _place(case: Case) -> Place | None:
    """Return the line that made the request: of the exception, else as printed."""
    raised = code_culprit(case, "gpu_oom")
    return raised.place if raised else user_place(case)


def _kept(pool: Pool, place: Place | None) -> Culprit | None:
    grown = main_growth(pool)
    if grown is not None:
        group = grown.group
        what = " ".join(part for part in (group.dtype, group.shape) if part)
        return Culprit(
            owner=group.op or "unnamed op",
            kind=f"{group.count:,} tensors {what} kept alive",
            bytes=group.bytes,
            growth_bytes_per_step=grown.bytes_per_step,
            place=place,
            note=f"on {pool.label}",
        )
    chart = pool.map
    if chart is None or not chart.by_size:
        return None
    top, asked = chart.by_size[0], pool.request
    same = asked is not None and asked.requested_bytes == top.size
    what = (
        f" {asked.shape} {asked.dtype}".rstrip() if asked is not None and same else ""
    )
    return Culprit(
        owner=(asked.op if asked is not None and same else "") or pool.name,
        kind=f"{top.count:,} tensors{what} of {format_bytes(top.size)} each",
        bytes=top.bytes,
        place=place,
        note=f"on {pool.label}",
    )


def _refused(pool: Pool, place: Place | None) -> Culprit | None:
    asked = pool.request
    if asked is None:
        return None
    what = " ".join(part for part in (asked.shape, asked.dtype) if part)
    limit = f" of {format_bytes(pool.limit)}" if pool.limit else ""
    return Culprit(
        owner=asked.op or "a tensor",
        kind=f"result {what}".rstrip() + " that did not fit",
        bytes=asked.requested_bytes,
        place=place,
        note=f"{format_bytes(pool.peak)}{limit} were in use on {pool.label}",
    )


def _in_pieces(pool: Pool, place: Place | None) -> Culprit | None:
    fit, asked = fit_of(pool), pool.request
    if fit is None or asked is None:
        return None
    what = " ".join(part for part in (asked.op, asked.shape) if part)
    return Culprit(
        owner=pool.name,
        kind=f"pool with {format_bytes(fit.free)} free in pieces of "
        f"{format_bytes(fit.largest)} at most",
        bytes=fit.free,
        place=place,
        note=f"refused: {format_bytes(fit.requested)} for {what}",
    )
