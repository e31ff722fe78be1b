"""Logs that come with a dump: the certificate's kernel lines and the native stderr."""

from __future__ import annotations

import os
from typing import Any

from kerascrash.dump.contents import Dump
from kerascrash.model.case import Log, LogLine, Recording
from kerascrash.model.evidence import Unavailable

_TAIL = 256 << 10
_WRITTEN_AFTER_SECONDS = 10.0


def logs_in_dump(
    dump: Dump,
    certificate: dict[str, Any] | Unavailable,
    recording: Recording,
    death_here: float | None,
) -> tuple[list[Log], list[Unavailable]]:
    """
    Return the logs and what could not be had.

    ``death_here`` is Unix seconds of a death in this very boot of this machine, None
    otherwise: a dump from elsewhere must not make the report quote files of this one.
    """
    logs: list[Log] = []
    missing: list[Unavailable] = []
    kernel = certificate.get("kernel") if isinstance(certificate, dict) else None
    if kernel and kernel.get("readable"):
        logs.append(_kernel_log(kernel))
    else:
        reason = (kernel or {}).get("reason") or "no certificate was written"
        missing.append(Unavailable("kernel log", str(reason)))
    text = dump.stderr or _read_stderr_file(certificate, recording, death_here)
    if text:
        logs.append(Log("stderr", "dump:stderr", split_lines(text)))
    else:
        missing.append(Unavailable("stderr log", _why_no_stderr(recording)))
    return logs, missing


def _kernel_log(kernel: dict[str, Any]) -> Log:
    rows = kernel.get("lines") or []
    lines = tuple(
        LogLine(number, str(row.get("text") or ""), row.get("time"))
        for number, row in enumerate(rows, 1)
    )
    return Log("kernel", "dump:certificate", lines, total_lines=len(lines))


def split_lines(text: bytes) -> tuple[LogLine, ...]:
    """Return lines of output; a carriage return begins a line anew."""
    decoded = text.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    rows = (row.rstrip("\x08 ") for row in decoded.split("\n"))
    return tuple(
        LogLine(number, row) for number, row in enumerate(rows, 1) if row.strip()
    )


def _why_no_stderr(recording: Recording) -> str:
    kind = (recording.environment.get("stderr") or {}).get("kind")
    return {
        "tty": "it went to a terminal, which keeps nothing",
        "pipe": "it went into a pipe and was not captured",
        "null": "it was thrown away",
        "file": "its file is gone, has changed since, or holds nothing of this run",
    }.get(str(kind), "it was not captured")


def _read_stderr_file(
    certificate: dict[str, Any] | Unavailable,
    recording: Recording,
    death: float | None,
) -> bytes:
    """
    Return the end of the regular file that fd 2 was, if it is still that run's.

    A later run may have written over it: then it is shorter than where this run began,
    or was changed well after the death.
    """
    sealed = certificate.get("stderr") if isinstance(certificate, dict) else None
    where = sealed or recording.environment.get("stderr") or {}
    path, offset = where.get("path"), where.get("offset") or 0
    if where.get("how", where.get("kind")) != "file" or not path or death is None:
        return b""
    try:
        if not os.path.isfile(path):
            return b""
        with open(path, "rb") as file:
            facts = os.fstat(file.fileno())
            size = int(where.get("bytes", facts.st_size - offset))
            late = facts.st_mtime > death + _WRITTEN_AFTER_SECONDS
            if facts.st_size < offset or size <= 0 or late:
                return b""
            begin = max(offset, offset + size - _TAIL)
            file.seek(begin)
            return file.read(offset + size - begin)
    except (OSError, ValueError):
        return b""
