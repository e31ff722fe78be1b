"""Where a device's bytes were at the peak of its pool: one ledger per pool."""

from __future__ import annotations

from kerascrash.estimate.device_memory import Pool, pools_of
from kerascrash.model.case import Case
from kerascrash.model.trace import LiveGroup
from kerascrash.model.verdict import Ledger, LedgerLine
from kerascrash.units import format_bytes

_MOST_LINES = 8
_MOST_LEDGERS = 8
_LEAST_SHARE = 0.02


def device_ledgers(case: Case) -> tuple[Ledger, ...]:
    """Return the ledgers of devices' pools, those that failed first."""
    built = [_ledger(pool) for pool in pools_of(case) if pool.is_device]
    return tuple(ledger for ledger in built if ledger is not None)[:_MOST_LEDGERS]


def _ledger(pool: Pool) -> Ledger | None:
    if pool.memory is not None and pool.memory.live:
        return _from_trace(pool)
    return _from_map(pool)


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
    return Ledger(pool.label, memory.peak_bytes, tuple(lines), memory.peak_time)


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
        pool.label, sum(line.bytes for line in lines), tuple(lines), chart.time
    )
