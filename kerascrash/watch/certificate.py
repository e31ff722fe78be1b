"""The death certificate: what only somebody who was there can testify."""

from __future__ import annotations

import time

from kerascrash.dump.clock import now_ns
from kerascrash.probes.host_memory_linux import HostMemory
from kerascrash.watch.core_file import find_core
from kerascrash.watch.observer import merge_counters
from kerascrash.watch.outside_text import describe_stack

TYPE_CHECKING = False  # importing typing would cost the companion 1 MiB
if TYPE_CHECKING:
    from typing import Any

    from kerascrash.watch.exit_status import ExitStatus
    from kerascrash.watch.observer import Observer

VERSION = 1
_LEVEL_KEYS = ("path", "version", "limit", "current", "peak")


def build_certificate(
    observer: Observer, status: ExitStatus, death_ns: int
) -> dict[str, Any]:
    """
    Return the certificate of a death noticed at ``death_ns`` (the dump's clock).

    Keys: version, sealed, death, exit, recorder_state, oom, kernel, last_sample,
    biggest, host, daemons, core_file, children, workers, stack, unavailable; bytes and
    Unix seconds.
    """
    unavailable: list[dict[str, str]] = []
    realtime = time.time() - (now_ns() - death_ns) / 1e9
    exit_row = status.describe()
    if status.raw is None:
        unavailable.append({"what": "exit status", "reason": status.reason})
    kernel = observer.kernel.report(death_ns)
    if not kernel["readable"]:
        unavailable.append({"what": "kernel log", "reason": kernel["reason"]})
    if observer.sync.problem:
        unavailable.append({"what": "copy on disk", "reason": observer.sync.problem})
    if observer.devices.problem:
        reason = observer.devices.problem
        unavailable.append({"what": "NVIDIA devices", "reason": reason})
    if observer.outside.problem:
        reason = observer.outside.problem
        unavailable.append({"what": "stack from outside", "reason": reason})
    begun_ns = int(observer.writer.header().get("realtime_ns") or 0)
    return {
        "version": VERSION,
        "death": {"realtime": realtime, "boottime_ns": death_ns},
        "exit": exit_row,
        "recorder_state": observer.writer.state(),
        "oom": _oom_rows(observer),
        "kernel": kernel,
        "last_sample": _last_sample(observer, death_ns),
        **observer.neighbours.report(death_ns),
        "host": _host(),
        "core_file": _core(observer, exit_row, realtime, unavailable),
        "children": _children(observer),
        "stack": describe_stack(observer.outside, observer.environment(), begun_ns),
        "unavailable": unavailable,
    }


def _oom_rows(observer: Observer) -> dict[str, Any]:
    before = observer.counters_before
    after = merge_counters(observer.counters_last, observer.counters.read())
    rows = []
    for old, new in zip(before["cgroups"], after["cgroups"], strict=False):
        row = {key: new[key] for key in _LEVEL_KEYS}
        row |= {"before": old["counters"], "after": new["counters"]}
        rows.append(row)
    kills = {"before": before["vmstat_oom_kill"], "after": after["vmstat_oom_kill"]}
    return {"cgroups": rows, "vmstat_oom_kill": kills}


def _last_sample(observer: Observer, death_ns: int) -> dict[str, Any] | None:
    if observer.last_sample is None:
        return None
    taken, values = observer.last_sample
    died = min(observer.dying_since or death_ns, death_ns)
    return {"values": values, "age_ms": round((died - taken) / 1e6, 3)}


def _host() -> dict[str, int]:
    values: dict[str, int] = {}
    probe = HostMemory(0)
    probe.read(values)
    probe.close()
    names = {
        "mem_total": "host_total",
        "mem_available": "host_available",
        "swap_free": "swap_free",
    }
    return {ours: values[theirs] for ours, theirs in names.items() if theirs in values}


def _core(
    observer: Observer,
    exit_row: dict[str, Any],
    realtime: float,
    unavailable: list[dict[str, str]],
) -> str | None:
    if not exit_row["core"]:
        return None
    folder = str(observer.environment().get("cwd") or "")
    path, reason = find_core(observer.target.pid, folder, realtime)
    if path is None:
        unavailable.append({"what": "core file", "reason": reason})
    return path


def _children(observer: Observer) -> list[dict[str, Any]]:
    """Return the children that ended badly, with their rings where they had one."""
    observer.descendants.collect()
    rows = {row["pid"]: row for row in observer.descendants.deaths}
    for worker in observer.workers.finish(parent_ended_well=False):
        row = rows.setdefault(worker["pid"], {"pid": worker["pid"]})
        row["dump"] = worker["dump"]
        if worker["exit"] and row.get("status") is None:
            row |= worker["exit"]
    return list(rows.values())
