"""Advice on a device's pool whose effect traces and allocator maps tell."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from kerascrash.estimate.device_memory import Pool, exhausted_pool, fit_of, main_growth
from kerascrash.estimate.model_arithmetic import batch_size_of
from kerascrash.estimate.pool_peak import device_fits, pool_need
from kerascrash.estimate.timeline import recording_of
from kerascrash.model.case import Case
from kerascrash.model.verdict import Advice, Culprit
from kerascrash.units import format_bytes

_HALVE = "Halve the batch until it fits."
_FILLED = 0.9
"""Where no shapes tell what a step needs in all, it should leave some of the pool."""


def device_advice(case: Case, factor: str, culprit: Culprit | None) -> list[Advice]:
    """Return what to do about the pool that ran out, nothing where no pool did."""
    pool = exhausted_pool(case)
    if pool is None or culprit is None:
        return []
    by_factor: dict[str, Callable[[Pool, Culprit], list[Advice]]] = {
        "tensor_leak": _kept,
        "batch_size": partial(_batch, case),
        "tensor_ops": _operation,
        "memory_fragmentation": _pieces,
    }
    make = by_factor.get(factor)
    found = make(pool, culprit) if make else []
    if found and pool.device == "host" and factor != "tensor_leak":
        raised = (
            "Raise the pool's limit: `TF_CPU_BFC_MEM_LIMIT_IN_MB`, or leave it off."
        )
        found.append(Advice(raised, "The host may have more memory than this pool."))
    return found


def _kept(pool: Pool, culprit: Culprit) -> list[Advice]:
    grown = main_growth(pool)
    if grown is None or grown.group.op != culprit.owner:
        return []
    group = grown.group
    what = " ".join(part for part in (group.dtype, group.shape) if part)
    return [
        Advice(
            f"Stop keeping the results of op `{group.op}` alive from step to step.",
            f"{group.count:,} tensors {what} are still referenced: keep a number "
            "(`float(x)`) or a NumPy copy of what is needed in their place.",
            group.bytes,
            culprit.place,
        )
    ]


def _batch(case: Case, pool: Pool, culprit: Culprit) -> list[Advice]:
    fit, recording = fit_of(pool), recording_of(case)
    batch = (batch_size_of(recording) if recording else None) or 0
    limit = fit.limit if fit else _recorded_limit(case, pool)
    if not limit:
        return []
    seen = (pool.map.in_use_bytes or 0) + fit.requested if pool.map and fit else 0
    need = pool_need(recording, batch, pool.device) if recording and batch else None
    if recording is None or need is None:
        return [_halved(batch, seen, limit, culprit)] if seen else []
    # What was in use and what was refused were needed at once, and maybe more.
    more = max((seen - need.fixed) / max(need.step, 1), 1.0)
    detail = (
        f"Of the pool's {format_bytes(limit)} about {format_bytes(need.fixed)} are "
        "needed whatever the batch (weights, slots, data), and "
        f"{format_bytes(more * need.step)} for a step of {batch:,}."
    )
    smaller = batch // 2
    while smaller:
        less = pool_need(recording, smaller, pool.device)
        if less and less.fixed + more * less.step <= limit:
            saves = int(more * (need.step - less.step))
            return [Advice(_use(smaller), detail, saves, culprit.place)]
        smaller //= 2
    return [Advice(_HALVE, detail, place=culprit.place)]


def _recorded_limit(case: Case, pool: Pool) -> int | None:
    """Return the pool's limit as the framework told it: its own text may be off."""
    rows = device_fits(case, None)
    return next((r["limit_bytes"] for r in rows if r["device"] == pool.device), None)


def _halved(batch: int, seen: int, limit: int, culprit: Culprit) -> Advice:
    """Return the advice where no shapes tell what is needed whatever the batch."""
    part = 2
    while seen > _FILLED * limit * part:
        part *= 2
    detail = f"The step needed at least {format_bytes(seen)}; "
    detail += f"the pool has {format_bytes(limit)}."
    action = _use(batch // part) if batch >= part else _HALVE
    return Advice(action, detail, seen - seen // part, culprit.place)


def _use(batch: int) -> str:
    return f"Use batch_size={batch}, and half of that if it does not fit."


def _operation(pool: Pool, culprit: Culprit) -> list[Advice]:
    asked = pool.request
    if asked is None:
        return []
    detail = f"Its result {asked.shape} {asked.dtype} alone takes that much; "
    detail += "reduce each chunk before the next is made."
    action = f"Compute `{asked.op or 'it'}` in chunks."
    return [Advice(action, detail, asked.requested_bytes, culprit.place)]


def _pieces(pool: Pool, culprit: Culprit) -> list[Advice]:
    fit = fit_of(pool)
    if fit is None:
        return []
    detail = (
        f"{format_bytes(fit.free)} were free, the largest piece had "
        f"{format_bytes(fit.largest)} of the {format_bytes(fit.requested)} asked for."
    )
    action = "Make what is largest first, and keep shapes the same from step to step."
    advice = [Advice(action, detail, place=culprit.place)]
    if pool.device.startswith("GPU"):
        advice.append(
            Advice(
                "Let CUDA join the pieces: `TF_GPU_ALLOCATOR=cuda_malloc_async`.",
                "It maps free pages together; TensorFlow's own pool cannot.",
            )
        )
    return advice
