"""OOM blocks of real kernels, and whose they are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kerascrash.collect.log_text import make_logs, read_log_file
from kerascrash.detect.kernel_oom import detect, find_kills
from kerascrash.model.case import Case, ExitStatus, Process
from kerascrash.model.evidence import Unavailable

NONE = Unavailable("dump", "nothing was armed")
LOGS = Path(__file__).parents[4] / "shared" / "kernel-logs"
KILL = (
    "[  100.5] Out of memory: Killed process {pid} ({comm}) total-vm:900000kB, "
    "anon-rss:700000kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:9kB oom_score_adj:0"
)


def make_case(
    *lines: str, process: Process | None = None, death: float | None = None
) -> Case:
    logs = tuple(make_logs(lines, "kernel", "dmesg"))
    return Case("linux", NONE, process or NONE, NONE, NONE, logs, death)


@pytest.mark.parametrize(
    ("name", "finding", "comm"),
    [
        ("host_v1_memcg_oom.kmsg.log", "kernel_oom_cgroup", "python"),
        ("host_v1_memcg_oom.dmesg.log", "kernel_oom_cgroup", "python"),
        ("vm_v2_memcg_oom.dmesg.log", "kernel_oom_cgroup", "python3"),
        ("vm_v2_memcg_oom_group.dmesg.log", "kernel_oom_cgroup", "python3"),
        ("vm_global_oom.dmesg.log", "kernel_oom_global", "python3"),
        ("host_oom_pidns.txt", "kernel_oom_cgroup", "python"),
        ("host_oom_thread.txt", "kernel_oom_cgroup", "python"),
    ],
)
def test_blocks_of_real_kernels(name: str, finding: str, comm: str) -> None:
    path = LOGS / name
    if not path.exists():
        pytest.skip("the shared kernel logs are not in this checkout")
    logs = tuple(read_log_file(path, "stderr"))
    case = Case("linux", NONE, NONE, NONE, NONE, logs)
    found = [f for f in detect(case) if f.data["comm"] == comm]
    assert found[0].id == finding
    assert found[0].strength == 1.0


def test_the_two_lines_of_a_kill_are_one_kill() -> None:
    case = make_case(
        "[7.1] python invoked oom-killer: gfp_mask=0x201da, order=0",
        "[7.2] Out of memory: Kill process 31 (python) score 933 or sacrifice child",
        "[7.3] Killed process 31 (python) total-vm:9kB, anon-rss:2048kB, file-rss:0kB",
    )
    (kill,) = find_kills(case)
    assert (kill.pid, kill.scope, kill.rss) == (31, "global", 2048 * 1024)


def test_a_name_with_spaces_and_brackets_is_read() -> None:
    (kill,) = find_kills(make_case(KILL.format(pid=5, comm="my (odd) app")))
    assert (kill.pid, kill.comm) == (5, "my (odd) app")


def test_a_block_cut_off_before_the_victim_is_weak() -> None:
    (finding,) = detect(
        make_case("[7.1] python invoked oom-killer: order=0", "[7.2] Mem-Info:")
    )
    assert finding.id == "kernel_oom_global"
    assert finding.strength < 1.0


def test_a_kill_of_another_process_decides_nothing() -> None:
    process = Process(pid=4711, comm="python")
    other = make_case(KILL.format(pid=99, comm="chrome"), process=process)
    own = make_case(KILL.format(pid=4711, comm="python"), process=process)
    assert [f.id for f in detect(other)] == ["kernel_oom_other"]
    assert [f.id for f in detect(own)] == ["kernel_oom_global"]


def test_the_pid_of_another_namespace_is_matched_by_name_and_moment() -> None:
    process = Process(pid=1, comm="python")
    line = "2024-01-01T10:00:00+00:00 box kernel: " + KILL.format(pid=99, comm="python")
    moment = 1704103200.0
    near = make_case(line, process=process, death=moment + 1)
    late = make_case(line, process=process, death=moment + 30)
    assert [f.id for f in detect(near)] == ["kernel_oom_global"]
    assert [f.id for f in detect(late)] == ["kernel_oom_other"]


@pytest.mark.parametrize(
    ("pid", "signal", "finding"),
    [
        (99, 9, "kernel_oom_global"),
        (99, None, "kernel_oom_global"),
        (99, 11, "kernel_oom_other"),
        (1, 11, "kernel_oom_global"),  # its own process id is believed
    ],
)
def test_who_ended_by_another_signal_was_not_the_one_of_its_name_that_was_killed(
    pid: int, signal: int | None, finding: str
) -> None:
    line = "2024-01-01T10:00:00+00:00 box kernel: " + KILL.format(
        pid=pid, comm="python"
    )
    case = make_case(line, process=Process(pid=1, comm="python"), death=1704103201.0)
    if signal is not None:
        case = replace(case, exit=ExitStatus(signal=signal, known_by="pidfd"))
    assert [f.id for f in detect(case)] == [finding]


def test_a_reused_pid_long_before_the_death_is_another_process() -> None:
    process = Process(pid=4711, comm="python")
    line = "2024-01-01T10:00:00Z box kernel: " + KILL.format(pid=4711, comm="python")
    case = make_case(line, process=process, death=1704103200.0 + 3600)
    assert [f.id for f in detect(case)] == ["kernel_oom_other"]
