"""
The kernel log of this machine, read live, for a death in this very boot.

Only where no certificate holds the lines already. The buffer is small: where it begins
after the death, that is said instead of taking its silence for an answer.
"""

from __future__ import annotations

import os
import time
from dataclasses import replace

from kerascrash.model.case import Case, Log, LogLine
from kerascrash.model.evidence import Unavailable

_DEVICE = "/dev/kmsg"
_BEFORE, _AFTER = 60.0, 15.0  # seconds around the death that are kept
_MOST_RECORDS = 200_000


def with_live_kernel_log(case: Case) -> Case:
    """Return the case with the kernel's lines around the death, or why not."""
    if case.same_boot is not True or case.death is None or case.platform != "linux":
        return case
    if any(log.kind == "kernel" for log in case.logs):
        return case
    others = tuple(one for one in case.unavailable if one.what != "kernel log")
    try:
        lines = _read_all()
    except OSError as error:
        missing = Unavailable("kernel log", f"{_DEVICE}: {error.strerror}")
        return replace(case, unavailable=(*others, missing))
    if not lines or (lines[0].time or 0) > case.death:
        missing = Unavailable("kernel log", "its buffer begins after the death")
        return replace(case, unavailable=(*others, missing))
    kept = tuple(
        line
        for line in lines
        if line.time is not None
        and case.death - _BEFORE <= line.time <= case.death + _AFTER
    )
    log = Log("kernel", _DEVICE, kept, total_lines=len(lines))
    return replace(case, logs=(*case.logs, log), unavailable=others)


def _read_all() -> list[LogLine]:
    """Return every record of the buffer; raises OSError where it may not be read."""
    to_unix = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
    lines: list[LogLine] = []
    fd = os.open(_DEVICE, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        for _ in range(_MOST_RECORDS):
            try:
                record = os.read(fd, 8192)
            except BlockingIOError:
                break
            except BrokenPipeError:  # overtaken by new lines: go on with the oldest
                continue
            line = _line(record, to_unix)
            if line is not None:
                lines.append(line)
    finally:
        os.close(fd)
    return lines


def _line(record: bytes, to_unix: float) -> LogLine | None:
    """Return a record ``priority,sequence,microseconds,flags;text`` as a line."""
    front, _, text = record.partition(b";")
    fields = front.split(b",")
    if len(fields) < 3 or not fields[1].isdigit() or not fields[2].isdigit():
        return None
    said = text.split(b"\n", 1)[0].decode("utf-8", "replace")
    return LogLine(int(fields[1]), said, int(fields[2]) / 1e6 + to_unix)
