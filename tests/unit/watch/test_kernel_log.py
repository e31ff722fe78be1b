"""Kernel lines: which of them are kept, and what is said when none can be read."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from kerascrash.watch import kernel_log
from kerascrash.watch.kernel_log import KernelLog

SECOND_NS = 10**9


def follow(records: list[bytes | int], monkeypatch: pytest.MonkeyPatch) -> KernelLog:
    """Return a log that has read these records (a number is an errno)."""
    log = KernelLog()
    log.close()
    log.reason = ""
    log._fd = os.open(os.devnull, os.O_RDONLY)

    def read(fd: int, size: int) -> bytes:
        if not records:
            raise BlockingIOError
        record = records.pop(0)
        if isinstance(record, int):
            raise OSError(record, os.strerror(record))
        return record

    monkeypatch.setattr(kernel_log.os, "read", read)
    return log


def record(seconds: float, text: str) -> bytes:
    return f"6,1234,{int(seconds * 1e6)},-;{text}\n SUBSYSTEM=memory\n".encode()


def texts(report: dict[str, Any]) -> list[str]:
    return [row["text"] for row in report["lines"]]


def test_the_window_is_kept_whole_and_of_earlier_only_what_tells(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines = [
        record(100, "usb 1-1: new device"),
        record(101, "NVRM: Xid (PCI:0000:01:00): 79, pid=1"),
        record(995, "eth0: link up"),
        record(1000, "oom-kill:constraint=CONSTRAINT_MEMCG"),
    ]
    report = follow([*lines], monkeypatch).report(1000 * SECOND_NS)
    assert texts(report) == [
        "NVRM: Xid (PCI:0000:01:00): 79, pid=1",
        "eth0: link up",
        "oom-kill:constraint=CONSTRAINT_MEMCG",
    ]
    assert (report["readable"], report["reason"]) == (True, "")


def test_a_reader_that_was_overtaken_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    records: list[bytes | int] = [errno.EPIPE, record(5, "traps: python[7] trap int3")]
    report = follow(records, monkeypatch).report(5 * SECOND_NS)
    assert texts(report) == ["traps: python[7] trap int3"]


def test_odd_records_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    log = follow([b"nonsense", b"6,x,y,-;text\n", b"", record(1, "ok")], monkeypatch)
    assert texts(log.report(SECOND_NS)) == ["ok"]


def test_what_may_not_be_read_has_a_reason(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(kernel_log, "_DEVICE", str(tmp_path / "kmsg"))
    monkeypatch.setenv("PATH", str(tmp_path))
    report = KernelLog().report(SECOND_NS)
    assert report["readable"] is False
    assert "No such file" in report["reason"]
    assert report["lines"] == []


def test_the_journal_helps_where_the_device_does_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(kernel_log, "_DEVICE", str(tmp_path / "kmsg"))
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    program = tmp_path / "journalctl"
    program.write_text(
        '#!/bin/sh\necho "$(date +%s.000000) host kernel: python[7]: segfault at 0"\n'
    )
    program.chmod(0o755)
    import time

    now = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    report = KernelLog().report(now)
    assert (report["readable"], report["source"]) == (True, "journalctl -k")
    assert texts(report) == ["python[7]: segfault at 0"]


def test_an_empty_journal_is_no_silence_of_the_kernel(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Seen on Debian 12: no right, or no journald, and journalctl ends with 0."""
    monkeypatch.setattr(kernel_log, "_DEVICE", str(tmp_path / "kmsg"))
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    program = tmp_path / "journalctl"
    program.write_text("#!/bin/sh\nexit 0\n")
    program.chmod(0o755)
    report = KernelLog().report(0)
    assert (report["readable"], report["source"]) == (False, "")
    assert "kmsg" in report["reason"]
