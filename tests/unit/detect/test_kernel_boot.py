"""Boot lines in a kernel log: the end of the machine, or the beginning of the log."""

from __future__ import annotations

import pytest

from kerascrash.collect.log_text import make_logs
from kerascrash.detect.kernel_boot import detect
from kerascrash.model.case import Case, ExitStatus, Log, LogLine
from kerascrash.model.evidence import Unavailable

NONE = Unavailable("dump", "nothing was armed")
UNSEEN = Unavailable("exit status", "nobody saw it")
BOOT = "[    0.000000] Linux version 6.1.0 (gcc 12) #1 SMP"
DISK = "[    2.100000] EXT4-fs (sda1): recovery complete"
USUAL = "[  812.000000] wlan0: associated"
KILL = "[   17.031129] Out of memory: Killed process 127 (python3) total-vm:288980kB"


def strengths(*lines: str, exit_status=UNSEEN) -> list[float]:
    logs = tuple(make_logs(list(lines), "kernel", "dmesg"))
    case = Case("linux", exit_status, NONE, NONE, NONE, logs)
    return [finding.strength for finding in detect(case)]


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ((USUAL, BOOT), [1.0]),
        ((BOOT, USUAL), [0.7]),
        ((BOOT, DISK, USUAL), [1.0]),
        ((BOOT, USUAL, KILL), []),
        ((BOOT, DISK, KILL), []),
        ((USUAL, KILL), []),
        ((USUAL, KILL, BOOT), [1.0]),
        (("[ 1.0] random: module compiled for Linux",), []),
    ],
)
def test_a_boot_before_the_death_tells_nothing(lines, found) -> None:
    assert strengths(*lines) == found


def test_a_status_that_was_seen_outlived_the_process() -> None:
    assert strengths(BOOT, USUAL, exit_status=ExitStatus(signal=9)) == []


@pytest.mark.parametrize(("booted", "found"), [(50.0, 0), (150.0, 1)])
def test_times_decide_where_they_are_known(booted: float, found: int) -> None:
    rows = (LogLine(1, "kernel: Linux version 6.1.0", booted),)
    case = Case(
        "linux", UNSEEN, NONE, NONE, NONE, (Log("kernel", "j", rows),), death=100.0
    )
    assert len(list(detect(case))) == found
