"""
Where a device's bytes were at the peak of its pool: by operation, and by purpose.

By operation (or by size of the pieces) is what traces and allocator maps measured; by
purpose is what the recorded model needs of it, with what is left over as it is.
"""

from __future__ import annotations

from kerascrash.estimate.device_memory import Pool, pools_of
from kerascrash.estimate.holdings import Holding, holdings_of
from kerascrash.estimate.layer_outputs import whole
from kerascrash.estimate.ledger import REMAINDER
from kerascrash.estimate.model_arithmetic import ModelBytes, models_of
from kerascrash.estimate.step_bytes import trained_of
from kerascrash.estimate.step_needs import step_lines
from kerascrash.estimate.timeline import recording_of
from kerascrash.model.case import Case, Recording
from kerascrash.model.trace import LiveGroup
from kerascrash.model.verdict import Ledger, LedgerLine
from kerascrash.units import count_of, format_bytes

_MOST_LINES = 8
_MOST_LEDGERS = 8
_LEAST_SHARE = 0.02


def device_ledgers(case: Case) -> tuple[Ledger, ...]:
    """Return the ledgers of devices' pools, those that failed first."""
    built = [_ledger(pool) for pool in pools_of(case) if pool.is_device]
    ledgers = [ledger for ledger in built if ledger is not None][:_MOST_LEDGERS]
    return (*ledgers, *_by_purpose(case)[:_MOST_LEDGERS])


def _ledger(pool: Pool) -> Ledger | None:
    if pool.memory is not None and pool.memory.live:
        return _from_trace(pool)
    return _from_map(pool)


def _by_purpose(case: Case) -> list[Ledger]:
    """Return a ledger of the model's needs for each device that is known to be used."""
    recording = recording_of(case)
    models = models_of(recording)
    if recording is None or not models:
        return []
    used = {pool.label: (pool.peak, _free_in(pool)) for pool in pools_of(case)
            if pool.is_device and pool.peak}  # fmt: skip
    if not used:  # no trace and no map: the frameworks' own counters
        used = {
            str(row.get("device")): (whole(row.get("peak") or row.get("in_use")), 0)
            for row in recording.allocators.get("devices") or ()
            if row.get("device") not in (None, "host")
        }
    return [
        _purposes(recording, models, label, size, free)
        for label, (size, free) in used.items()
        if size
    ]


def _free_in(pool: Pool) -> int:
    return (pool.map.free_bytes or 0) if pool.map else 0


def _is_on(one: Holding, label: str) -> bool:
    """Tell a tensor on the device that is no weight of a model."""
    variable = "Variable" in one.type or "Variable" in one.element_type
    return one.device != "host" and label.startswith(one.device) and not variable


def _purposes(
    recording: Recording,
    models: tuple[ModelBytes, ...],
    label: str,
    size: int,
    free: int,
) -> Ledger:
    own, weights = trained_of(models), sum(model.weights for model in models)
    kept = sum(one.bytes for one in holdings_of(recording) if _is_on(one, label))
    lines = [
        LedgerLine("weights", weights, "measured", count_of(len(models), "model")),
        LedgerLine("tensors held by Python", kept, "measured"),
        *(step_lines(recording, own, size - weights - kept) if own else ()),
        LedgerLine("allocator slack", free, "measured", "free inside the pool"),
    ]
    known = tuple(line for line in lines if line.bytes)
    rest = size + free - sum(line.bytes for line in known)
    known += (LedgerLine(REMAINDER, rest, "inferred"),)
    return Ledger(label, size + free, known, at="peak")


def _from_trace(pool: Pool) -> Ledger | None:
    memory = pool.memory
    if memory is None:
        return None
    known_by = "measured" if memory.confidence == 1.0 else "inferred"
    least = _LEAST_SHARE * memory.peak_bytes
    shown = [one for one in memory.live if one.bytes >= least][:_MOST_LINES]
    lines = [LedgerLine(_name(one), one.bytes, known_by, _detail(one)) for one in shown]
    lines += [
        LedgerLine("allocated before the window", memory.before_window_bytes, known_by),
        LedgerLine("reserved (stack)", memory.reserved_bytes, known_by),
    ]
    lines = [line for line in lines if line.bytes]
    rest = memory.peak_bytes - sum(line.bytes for line in lines)
    if rest:
        count = max(memory.live_count - sum(one.count for one in shown), 0)
        lines.append(
            LedgerLine("smaller tensors", rest, known_by, f"{count:,} of them")
        )
    return Ledger(
        pool.label, memory.peak_bytes, tuple(lines), memory.peak_time,
        at="peak", view="operation",
    )  # fmt: skip


def _name(one: LiveGroup) -> str:
    return one.op or "op not named"


def _detail(one: LiveGroup) -> str:
    what = " ".join(part for part in (one.dtype, one.shape) if part)
    if what:
        return f"{one.count:,} × {what}"
    return f"{one.count:,} tensor{'' if one.count == 1 else 's'}"


def _from_map(pool: Pool) -> Ledger | None:
    chart = pool.map
    if chart is None or not chart.in_use_bytes:
        return None
    lines = [
        LedgerLine(
            f"pieces of {format_bytes(group.size)}",
            group.bytes,
            "measured",
            f"{group.count:,}",
        )
        for group in chart.by_size[:_MOST_LINES]
    ]
    rest = chart.in_use_bytes - sum(line.bytes for line in lines)
    if rest > 0:
        lines.append(LedgerLine("other pieces", rest, "measured"))
    if chart.free_bytes:
        largest = chart.largest_free_bytes
        piece = f"largest piece {format_bytes(largest)}" if largest is not None else ""
        lines.append(
            LedgerLine("free inside the pool", chart.free_bytes, "measured", piece)
        )
    return Ledger(
        pool.label, sum(line.bytes for line in lines), tuple(lines), chart.time,
        at="peak", view="operation",
    )  # fmt: skip
