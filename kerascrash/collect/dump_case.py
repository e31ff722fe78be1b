"""
Make a Case of a dump: its rings, events and blobs, its certificate, its children.

What a source cannot tell becomes Unavailable with the reason. Nothing is judged here.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from kerascrash.collect.conform import conform
from kerascrash.collect.dump_children import child_paths
from kerascrash.collect.dump_logs import logs_in_dump
from kerascrash.collect.exit_status import parse_exit_status
from kerascrash.collect.kmsg import with_live_kernel_log
from kerascrash.collect.log_files import given_logs, logs_beside
from kerascrash.collect.readings import read_marks, read_progress, read_series
from kerascrash.collect.same_boot import booted_since
from kerascrash.dump.contents import Dump
from kerascrash.dump.reader import read_dump
from kerascrash.errors import DumpError
from kerascrash.model.case import Case, ExitStatus, Log, Process, Recording
from kerascrash.model.evidence import Damage, Unavailable

_PLATFORMS = {"linux": "linux", "darwin": "macos", "win32": "windows"}
_DEEPEST = 2
_INITIAL_PID_NAMESPACE = 0xEFFFFFFC  # PROC_PID_INIT_INO of the kernel


def load_case(
    path: str | os.PathLike[str],
    *,
    kernel_logs: Sequence[str] = (),
    stderrs: Sequence[str] = (),
    logs: Sequence[str] = (),
    exit: str | None = None,  # noqa: A002 - named as on the command line
) -> Case:
    """
    Return the case of a dump with everything that lies beside it or was given.

    ``exit`` is a status in any spelling. Raises NotADump, VersionTooNew, SourceError,
    UsageError.
    """
    given = given_logs(kernel_logs, stderrs, logs)
    case = read_case(path, logs=(*given, *logs_beside(os.fspath(path))))
    if exit is not None:
        case = replace(case, exit=parse_exit_status(exit, case.platform))
    return with_live_kernel_log(case)


def read_case(
    path: str | os.PathLike[str], *, logs: tuple[Log, ...] = (), depth: int = 0
) -> Case:
    """
    Return the case of a dump alone (a ``.bin``, its ``.gz``, a bundle) and ``logs``.

    Raises NotADump and VersionTooNew.
    """
    name = os.fspath(path)
    dump = read_dump(name)
    certificate = read_certificate(dump)
    recording = read_recording(dump)
    death = _death(certificate, recording)
    children = read_children(name, dump, depth) if depth < _DEEPEST else ()
    same_boot = booted_since(dump.header.boot_id, recording, death)
    kept, missing = logs_in_dump(
        dump, certificate, recording, death if same_boot else None
    )
    process = read_process(dump, recording)
    return Case(
        platform=_platform(recording),
        exit=read_exit(recording, certificate),
        process=process,
        recording=recording,
        certificate=certificate,
        logs=(*kept, *logs),
        death=death,
        same_boot=same_boot,
        children=children,
        damage=tuple(
            Damage(note.where, note.text, note.offset if note.offset >= 0 else None)
            for note in dump.damage
        ),
        unavailable=_unavailable(certificate, missing, logs),
    )


def read_certificate(dump: Dump) -> dict[str, Any] | Unavailable:
    """Return the death certificate, or why there is none."""
    if dump.certificate is None:
        reason = "none was written: the watcher was off, or died with the process"
        return Unavailable("death certificate", reason)
    return conform(dump.certificate, "certificate")


def read_recording(dump: Dump) -> Recording:
    """Return what the recorder and the watcher measured."""
    series = read_series(dump)
    blobs = {name: conform(blob.data, name) for name, blob in _known_blobs(dump)}
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


def _known_blobs(dump: Dump) -> list[tuple[str, Any]]:
    names = ("inventory", "models", "stacks", "environment", "pipelines", "limits")
    return [(name, dump.blobs[name]) for name in names if name in dump.blobs]


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


def _death(certificate: object, recording: Recording) -> float | None:
    """Return when it died: as sealed, else the last sign of life."""
    row = certificate.get("death") if isinstance(certificate, dict) else None
    if row and row.get("realtime") is not None:
        return float(row["realtime"])
    signs = [recording.last_sample, recording.progress.get("time")]
    signs += [mark.time for mark in recording.marks[-1:]]
    return max((float(sign) for sign in signs if sign is not None), default=None)


def _platform(recording: Recording) -> str:
    name = str(recording.environment.get("platform") or "linux").lower()
    return next(
        (ours for key, ours in _PLATFORMS.items() if name.startswith(key)), name
    )


def _unavailable(
    certificate: object, missing: list[Unavailable], logs: tuple[Log, ...]
) -> tuple[Unavailable, ...]:
    """Return what could not be had, each source once; a log that was given is there."""
    rows = certificate.get("unavailable") if isinstance(certificate, dict) else None
    told = [
        Unavailable(str(row.get("what") or "?"), str(row.get("reason") or ""))
        for row in rows or ()
    ]
    given = {f"{log.kind} log" for log in logs}
    by_name = {one.what: one for one in (*missing, *told) if one.what not in given}
    return tuple(by_name.values())


def read_children(path: str, dump: Dump, depth: int) -> tuple[Case, ...]:
    """Return the cases of armed children whose dumps are still there."""
    cases = []
    for child in child_paths(path, dump):
        try:
            cases.append(read_case(child, depth=depth + 1))
        except DumpError:  # a child's unreadable ring costs the parent's report nothing
            continue
    return tuple(cases)
