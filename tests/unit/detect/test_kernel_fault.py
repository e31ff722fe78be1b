"""Faults in the kernel log: what kind, in which library, of whom."""

from __future__ import annotations

import pytest

from kerascrash.collect.log_text import make_logs
from kerascrash.detect.kernel_fault import detect
from kerascrash.model.case import Case, Log, LogLine, Process, Recording
from kerascrash.model.evidence import Finding, Unavailable

NONE = Unavailable("dump", "nothing was armed")


def observe(line: str, process: Process | None = None, threads: tuple = ()) -> Finding:
    recording = Recording("d", "DEAD", stacks={"threads": list(threads)})
    logs = tuple(make_logs([line], "kernel", "dmesg"))
    held = recording if threads else NONE
    (finding,) = detect(Case("linux", NONE, process or NONE, held, NONE, logs))
    return finding


@pytest.mark.parametrize(
    ("line", "finding", "text"),
    [
        (
            "[1.1] python[9]: segfault at 0 ip 00007f6e3c585ad8 sp 00007ffcd4294f08 "
            "error 4 in libc.so.6[7f6e3c444000+156000]",
            "kernel_segfault",
            "invalid read at 0x0 (a null pointer) in libc.so.6",
        ),
        (
            "6,425,741836856,-;traps: python[9] general protection fault "
            "ip:7f3c7ab85ad8 sp:7fffc41a10d8 error:0 in libfoo.so[7f3c7aa44000+156000]",
            "kernel_segfault",
            "in libfoo.so",
        ),
        (
            "[1.1] python[9]: segfault at 7fffeb977ff8 ip 00007f058ae4eb02 "
            "sp 00007fffeb978000 error 6 in libpython3.11.so.1.0[7f058acf5000+23c000]",
            "kernel_stack_overflow",
            "stack pointer",
        ),
        (
            "Jan  1 00:00:00 box kernel: [9.9] traps: python[9] trap invalid opcode "
            "ip:7fed09ea0000 sp:7ffe5ec79b78 error:0",
            "kernel_invalid_opcode",
            "illegal instruction",
        ),
        (
            "[1.1] traps: python3[9] trap divide error ip:7f4302885009 "
            "sp:7fff2a8e78b8 error:0 in libbar.so[7f4302885000+1000]",
            "kernel_divide_error",
            "division by zero in libbar.so",
        ),
        (
            "[1.1] python[9]: unhandled level 1 translation fault (11) at "
            "0xffff00000000, esr 0x92000005, in libbaz.so[ffff8000+1000]",
            "kernel_segfault",
            "in libbaz.so",
        ),
    ],
)
def test_kinds_of_fault(line: str, finding: str, text: str) -> None:
    found = observe(line)
    assert found.id == finding
    assert text in found.text


def test_the_thread_id_of_a_known_process_is_its_own() -> None:
    line = "[1.1] loader-7[812]: segfault at 8 ip 00007f1 sp 00007ffe1000 error 4"
    thread = {"name": "loader-7", "native_id": 812}
    mine = observe(line, Process(pid=800, comm="python"), (thread,))
    assert mine.id == "kernel_segfault"
    assert observe(line, Process(pid=800, comm="python")).id == "kernel_fault_other"


OURS = "[ 100.7] python[9]: segfault at 0 ip 7f6e sp 7ffc error 6 in libc.so.6[1+2]"
THEIRS = (
    "[ 100.0] python[5]: segfault at 7ffff8 ip 00007f05 sp 800000 error 6 in x.so[1+2]"
)
KILLED = "[ 100.9] Memory cgroup out of memory: Killed process 9 (python) total-vm:1kB"


def of_many(*lines: str, pid: int, is_global: bool | None) -> list[str]:
    rows = tuple(
        LogLine(number, line, float(line[1:7])) for number, line in enumerate(lines, 1)
    )
    process = Process(pid, ("python",), "python", pid_is_global=is_global)
    logs = (Log("kernel", "kmsg", rows),)
    case = Case("linux", NONE, process, NONE, NONE, logs, death=100.8)
    return [finding.id for finding in detect(case)]


@pytest.mark.parametrize("is_global", [True, None])
def test_namesakes_that_fault_at_the_same_moment_are_others(is_global) -> None:
    found = of_many(THEIRS, OURS, pid=9, is_global=is_global)
    assert found == ["kernel_fault_other", "kernel_segfault"]


def test_in_a_nested_namespace_the_nearest_fault_is_ours() -> None:
    found = of_many(THEIRS, OURS, pid=3, is_global=False)
    assert found == ["kernel_fault_other", "kernel_segfault"]


def test_what_the_oom_killer_named_did_not_fault() -> None:
    assert of_many(THEIRS, KILLED, pid=9, is_global=True) == ["kernel_fault_other"]


def test_a_thread_of_native_code_that_nobody_noted() -> None:
    assert of_many(OURS, pid=4, is_global=True) == ["kernel_segfault"]
