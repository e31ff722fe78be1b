"""What a dump tells by itself: recording, process, exit, time of death."""

from __future__ import annotations

from typing import Any

from kerascrash.collect.conform import conform
from kerascrash.collect.readings import read_marks, read_progress, read_series
from kerascrash.dump.contents import Dump
from kerascrash.dump.records import BLOB_NAMES
from kerascrash.model.case import ExitStatus, Process, Recording, Series
from kerascrash.model.evidence import Unavailable

_PLATFORMS = {"linux": "linux", "darwin": "macos", "win32": "windows"}
_INITIAL_PID_NAMESPACE = 0xEFFFFFFC  # PROC_PID_INIT_INO of the kernel
_ROOM = 1.5
"""An estimate may be so far above all that was ever resident."""


def read_certificate(dump: Dump) -> dict[str, Any] | Unavailable:
    """Return the death certificate, or why there is none."""
    if dump.certificate is None:
        reason = "none was written: the watcher was off, or died with the process"
        if any("certificate" in f"{one.where} {one.text}" for one in dump.damage):
            reason = "the dump is damaged where it would be"
        return Unavailable("death certificate", reason)
    return conform(dump.certificate, "certificate")


def read_recording(dump: Dump) -> Recording:
    """Return what the recorder and the watcher measured."""
    series = read_series(dump)
    blobs = {name: conform(blob.data, name) for name, blob in _known_blobs(dump)}
    if "environment" in blobs:
        blobs["environment"].pop("outside", None)  # addresses, for the watcher alone
    if "inventory" in blobs:
        blobs["inventory"] = _credible(blobs["inventory"], series)
    return Recording(
        source=dump.path,
        state=dump.header.state,
        series=series,
        marks=read_marks(dump),
        progress=read_progress(dump),
        blob_times={name: dump.to_unix(b.time_ns) for name, b in _known_blobs(dump)},
        last_sample=max((s.times[-1] for s in series if s.times), default=None),
        **blobs,
    )


def _credible(inventory: dict[str, Any], series: tuple[Series, ...]) -> dict[str, Any]:
    """
    Return the inventory without estimates that the process had no room for.

    A scan that was cut short may have taken one big array for the like of many.
    """
    room = [max(one.values, default=0) for one in series if one.name in ("rss", "swap")]
    if not room:
        return inventory
    kept, dropped = [], 0
    for entry in inventory.get("entries") or ():
        guessed = entry.get("estimated") and entry.get("device", "host") == "host"
        size = entry.get("bytes")
        if guessed and isinstance(size, int) and size > _ROOM * sum(room):
            dropped += size
        else:
            kept.append(entry)
    if not dropped:
        return inventory
    total = inventory.get("total_bytes")
    rest = max(total - dropped, 0) if isinstance(total, int) else total
    return {**inventory, "entries": kept, "total_bytes": rest, "complete": False}


def _known_blobs(dump: Dump) -> list[tuple[str, Any]]:
    return [(name, dump.blobs[name]) for name in BLOB_NAMES if name in dump.blobs]


def read_process(dump: Dump, recording: Recording) -> Process:
    """Return who died, as the header and the environment tell."""
    header, environment = dump.header, recording.environment
    outer = header.get("outer_pids")
    return Process(
        pid=header.pid,
        argv=tuple(environment.get("argv") or ()),
        comm=header.comm,
        start=header.realtime_ns / 1e9 if header.realtime_ns else None,
        boot_id=header.boot_id,
        outer_pids=tuple(n for n in outer if isinstance(n, int))
        if isinstance(outer, list)
        else (),
        script=header.script or str(environment.get("script") or ""),
        cwd=str(environment.get("cwd") or ""),
        is_main=not header.worker,
        pid_is_global=header.get("pid_namespace") == _INITIAL_PID_NAMESPACE
        if header.get("pid_namespace")
        else None,
    )


def read_exit(recording: Recording, certificate: object) -> ExitStatus | Unavailable:
    """Return the exit status: as the watcher saw it, else as the record implies."""
    row = certificate.get("exit") if isinstance(certificate, dict) else None
    if row and (row.get("code") is not None or row.get("signal") is not None):
        return ExitStatus(
            code=row.get("code"),
            signal=row.get("signal"),
            known_by=str(row.get("known_by") or "unknown"),
            core_dumped=bool(row.get("core")),
        )
    for mark in reversed(recording.marks):
        status = mark.data.get("status")
        if mark.kind == "exit" and isinstance(status, int):
            return ExitStatus(code=status & 0xFF, known_by="inferred")
    return Unavailable("exit status", "nobody saw how the process ended")


def time_of_death(certificate: object, recording: Recording) -> float | None:
    """Return when it died: as sealed, else the last sign of life."""
    row = certificate.get("death") if isinstance(certificate, dict) else None
    if row and row.get("realtime") is not None:
        return float(row["realtime"])
    signs = [recording.last_sample, recording.progress.get("time")]
    signs += [mark.time for mark in recording.marks[-1:]]
    signs += recording.blob_times.values()  # a starved sampler reads seldom
    return max((float(sign) for sign in signs if sign is not None), default=None)


def platform_of(recording: Recording) -> str:
    name = str(recording.environment.get("platform") or "linux").lower()
    return next(
        (ours for key, ours in _PLATFORMS.items() if name.startswith(key)), name
    )
