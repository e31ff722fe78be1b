"""A worker's loss is the cause, its report the consequence; and the near-misses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kerascrash.detect import observe
from kerascrash.diagnose import diagnose
from kerascrash.estimate.workers import lost_workers
from kerascrash.model.case import Case, ExitStatus, Process
from kerascrash.model.evidence import Unavailable
from tests.unit.conftest import START

GIB = 1 << 30
MIB = 1 << 20
WORKER = 4720
BROKEN = {
    "type": "concurrent.futures.process.BrokenProcessPool",
    "message": "A process in the process pool was terminated abruptly",
    "thread": "MainThread",
}
OOM_LINES = [
    f"oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),oom_memcg=/job,"
    f"task_memcg=/job,task=python,pid={WORKER},uid=0",
    f"Memory cgroup out of memory: Killed process {WORKER} (python) "
    "total-vm:1537552kB, anon-rss:1337000kB, file-rss:13264kB",
]


def names(case: Case) -> set[str]:
    observed = observe(case)
    assert observed.faults == ()
    return {finding.id for finding in observed.findings}


@pytest.fixture
def broken_pool(training: Any) -> Any:
    """A program that ended by the report of a lost worker, which SIGKILL had ended."""
    builder = training(exit=ExitStatus(code=1, known_by="pidfd"))
    builder.event(19.0, "exception", **BROKEN)
    killed = {"pid": WORKER, "comm": "python", "signal": 9, "status": 9}
    ended = {"pid": WORKER + 1, "comm": "python", "signal": 15, "status": 15}
    builder.certificate["children"] = [ended, killed]
    builder.certificate["kernel"] = {"readable": True, "lines": []}
    return builder


def test_a_worker_killed_by_hand(broken_pool: Any) -> None:
    row = {"path": "/job", "version": 2, "limit": GIB, "current": MIB,
           "before": {"oom": 0, "oom_kill": 0},
           "after": {"oom": 0, "oom_kill": 0}}  # fmt: skip
    verdict = diagnose(broken_pool.counters(cgroups=[row], kills=0).build()).verdict
    assert verdict.cause == "external_kill"
    assert verdict.summary.startswith(f"worker process {WORKER} was killed ")


def test_a_worker_killed_for_memory(broken_pool: Any) -> None:
    broken_pool.kernel_lines = OOM_LINES
    verdict = diagnose(broken_pool.dies_of_limit(version=2).build()).verdict
    assert (verdict.cause, verdict.factor) == ("host_oom_cgroup", "child_process")
    assert f"worker process {WORKER}" in verdict.summary


def test_a_worker_that_nobody_watched(broken_pool: Any) -> None:
    """Its ring stops; the kernel's log, read afterwards, tells whether it knows why."""
    broken_pool.certificate = None
    worker = broken_pool.build()
    ring = replace(worker, process=replace(worker.process, pid=WORKER), children=())
    elsewhere = ["usb 1-1: new device", "python[99]: segfault at 0 ip 0 sp 1 error 4"]
    for lines, seen in ((OOM_LINES, False), (elsewhere, True), ([], False)):
        broken_pool.kernel_lines = lines
        found = names(replace(broken_pool.build(), children=(ring,)))
        assert "worker_lost" in found
        assert ("worker_killed_outside" in found) is seen


def test_a_worker_that_crashed_itself(broken_pool: Any) -> None:
    broken_pool.certificate["children"] = [{"pid": WORKER, "signal": 11}]
    found = names(broken_pool.build())
    assert {"worker_lost", "worker_segfault"} <= found
    assert "worker_killed_outside" not in found


def test_workers_that_a_pool_ended_by_itself_were_not_lost(broken_pool: Any) -> None:
    broken_pool.certificate["children"] = [{"pid": WORKER, "signal": 15}]
    assert "worker_lost" not in names(broken_pool.build())


def test_a_worker_lost_long_ago_is_not_what_the_exception_reports(
    broken_pool: Any,
) -> None:
    early = broken_pool.marks[0].time - 600
    broken_pool.certificate["children"] = [{"pid": WORKER, "signal": 9, "time": early}]
    assert "worker_lost" not in names(broken_pool.build())


def test_an_exception_of_another_kind_stays_the_cause(training: Any) -> None:
    builder = training(exit=ExitStatus(code=1, known_by="pidfd"))
    raised = {"type": "ValueError", "message": "shapes differ", "thread": "MainThread"}
    builder.event(19.0, "exception", **raised)
    builder.certificate["children"] = [{"pid": WORKER, "signal": 9}]
    case = builder.build()
    assert "worker_lost" not in names(case)
    assert diagnose(case).verdict.cause == "python_exception"


@pytest.mark.parametrize(
    ("limit", "used", "signal", "address", "seen"),
    [
        ("RLIMIT_DATA", 1.8, 11, 0x60, True),
        ("RLIMIT_AS", 1.95, 11, 0x60, True),
        ("RLIMIT_DATA", 1.0, 11, 0x60, False),
        ("RLIMIT_AS", 1.7, 11, 0x60, False),
        ("RLIMIT_DATA", 1.9, 9, 0x60, False),
        # The address is an offset into the block of 384 MiB that was refused.
        ("RLIMIT_AS", 1.7, 11, 0x18000018, True),
        ("RLIMIT_AS", 1.0, 11, 0x18000018, False),
        ("RLIMIT_AS", 1.7, 11, 0x7F52D9B00000, False),
    ],
)
def test_a_crash_at_the_limit_of_memory_is_an_allocation_that_failed(
    training: Any, limit: str, used: float, signal: int, address: int, seen: bool
) -> None:
    builder = training(exit=ExitStatus(signal=signal, known_by="pidfd"))
    builder.limits = {"rlimits": {limit: [2 * GIB, 2 * GIB]}}
    series = "anon" if limit == "RLIMIT_DATA" else "vms"
    builder.extra[series] = int(used * GIB)
    builder.kernel_lines = [
        f"python[4711]: segfault at {address:x} ip 00007f sp 00007ffd error 4 in "
        "lib.so[7f+1]"
    ]
    case = builder.build()
    assert ("allocation_unchecked" in names(case)) is seen
    if seen:
        assert diagnose(case).verdict.cause == "alloc_failure"


@pytest.mark.parametrize("thread", [4711, 4799])
def test_so_is_one_that_nobody_saw_and_the_kernel_told_of_a_thread(
    training: Any, thread: int
) -> None:
    unseen = Unavailable("exit status", "nobody saw how the process ended")
    builder = training(exit=unseen, certificate=None)
    builder.limits = {"rlimits": {"RLIMIT_AS": [4 * GIB, 4 * GIB]}}
    builder.extra["vms"] = int(3.5 * GIB)
    builder.kernel_lines = [
        f"python[{thread}]: segfault at 18000018 ip 7f sp 7ffd error 6 in lib.so[7f+1]"
    ]
    case = builder.build()
    assert "allocation_unchecked" in names(case)
    assert diagnose(case).verdict.cause == "alloc_failure"


@pytest.fixture
def waiting_pool(training: Any) -> Any:
    """A program that went on after SIGKILL had ended a worker, stopped later."""
    builder = training(exit=ExitStatus(signal=15, known_by="pidfd")).runs(8, step=90)
    row = {"pid": WORKER, "comm": "python", "signal": 9, "status": 9,
           "time": START + 6}  # fmt: skip
    builder.certificate["children"] = [row]
    builder.certificate["kernel"] = {"readable": True, "lines": []}
    return builder


def test_workers_killed_for_memory_while_the_program_waits(waiting_pool: Any) -> None:
    waiting_pool.kernel_lines = OOM_LINES
    verdict = diagnose(waiting_pool.build()).verdict
    assert (verdict.cause, verdict.factor) == ("termination_signal", "child_process")


@pytest.mark.parametrize(
    ("death", "stepped", "told"),
    [
        (20, 19, "never came, and training went on without"),
        (20, 5, "never came, and no step of training was made since"),
        (20, 7, "never came."),  # one step was under way
        (10, 9, "never came."),  # too short a time to tell
    ],
)
def test_what_the_program_did_without_its_workers(
    waiting_pool: Any, death: float, stepped: float, told: str
) -> None:
    waiting_pool.kernel_lines = OOM_LINES
    waiting_pool.seconds = death
    waiting_pool.progress["time"] = START + stepped
    assert told in diagnose(waiting_pool.build()).verdict.summary


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (("python", "-c", "from multiprocessing.spawn import spawn_main"), False),
        (("python", "train.py"), True),
        ((), True),
    ],
    ids=["spawned", "forked", "not recorded"],
)
def test_a_start_method_is_advised_where_the_workers_have_another(
    waiting_pool: Any, argv: tuple[str, ...], told: bool
) -> None:
    waiting_pool.kernel_lines = OOM_LINES
    case = waiting_pool.build()
    if argv:
        worker = replace(case, process=Process(WORKER, argv, "python", START))
        case = replace(case, children=(worker,))
    actions = [one.action for one in diagnose(case).verdict.advice]
    assert any("`spawn`" in one for one in actions) is told
    assert not any("more time" in one for one in actions)
    measures = {one.id: one.helps for one in diagnose(case).remedies}
    assert measures["fewer_workers"] == "yes"
    assert measures["bigger_limit"] == "cannot tell"
    assert measures["smaller_batch"] == "no"


@pytest.mark.parametrize(
    "lines", [[], [line.replace("4720", "5720") for line in OOM_LINES]]
)
def test_a_worker_that_the_program_killed_itself(
    waiting_pool: Any, lines: list[str]
) -> None:
    waiting_pool.kernel_lines = lines
    assert "worker_killed_for_memory" not in names(waiting_pool.build())
    assert diagnose(waiting_pool.build()).verdict.factor == "none"


@pytest.mark.parametrize(
    ("file", "signal", "lost"),
    [
        ("/usr/lib/python3.11/multiprocessing/connection.py", 9, True),
        ("/usr/lib/python3.11/multiprocessing/connection.py", 15, False),
        ("/site-packages/requests/adapters.py", 9, False),
        ("/home/ada/train.py", 9, False),
    ],
)
def test_a_pipe_that_broke_reports_a_loss_if_a_worker_was_at_its_other_end(
    file: str, signal: int, lost: bool, training: Any
) -> None:
    builder = training(exit=ExitStatus(code=1, known_by="pidfd"))
    rows = [["/home/ada/train.py", 30, "train", "for x in loader:"]]
    rows.append([file, 395, "_recv", "chunk = read(handle, remaining)"])
    said = {"type": "ConnectionResetError", "message": "[Errno 104] Connection reset"}
    builder.event(19.0, "exception", **said, traceback=rows)
    assert "worker_lost" not in names(builder.build())
    builder.certificate["children"] = [{"pid": WORKER, "signal": signal}]
    assert ("worker_lost" in names(builder.build())) is lost


@pytest.mark.parametrize(
    ("said", "signal", "cause"),
    [
        ("(pid 4720) is killed by signal: Killed. ", 9, "external_kill"),
        ("(pid(s) 4720, 4721) exited unexpectedly", None, "external_kill"),
        ("(pid 4720) is killed by signal: Segmentation fault. ", 11, "native_segfault"),
        ("(pid 4720) is killed by signal: Terminated. ", None, None),
        ("timed out after 120 seconds", None, None),
    ],
)
def test_a_loaders_worker_that_only_the_exception_names(
    broken_pool: Any, training: Any, said: str, signal: int | None, cause: str | None
) -> None:
    """Nobody watched; the kernel's log can be read, and knows nothing of it."""
    message = f"DataLoader worker {said}"
    builder = training(exit=ExitStatus(code=1, known_by="given"), certificate=None)
    builder.event(19.0, "exception", **{**BROKEN, "message": message})
    builder.kernel_lines = ["usb 1-1: new device"]
    case = builder.build()
    lost = lost_workers(case)
    assert [worker.signal for worker in lost[:1]] == ([signal] if cause else [])
    if cause:
        assert lost[0].pid == WORKER
        assert diagnose(case).verdict.cause == cause
    builder.kernel_lines = OOM_LINES
    assert diagnose(builder.build()).verdict.cause != "external_kill"


@pytest.mark.parametrize(
    ("file", "watched", "seen"),
    [
        ("/usr/lib/python3.11/multiprocessing/connection.py", False, True),
        ("/usr/lib/python3.11/multiprocessing/connection.py", True, False),
        ("/usr/lib/python3.11/http/client.py", False, False),
    ],
)
def test_a_channel_that_broke_is_no_reason_by_itself(
    training: Any, file: str, watched: bool, seen: bool
) -> None:
    builder = training(exit=ExitStatus(code=1, known_by="given"))
    if not watched:
        builder.certificate = None
    builder.event(
        19.0, "exception", type="ConnectionResetError", thread="MainThread",
        message="[Errno 104] Connection reset by peer",
        traceback=[["train.py", 3, "train", ""], [file, 395, "_recv", ""]],
    )  # fmt: skip
    builder.kernel_lines = ["usb 1-1: new device"]
    case = builder.build()
    assert ("worker_channel_broke" in names(case)) is seen
    verdict = diagnose(case).verdict
    assert (verdict.cause == "python_exception") is not seen
    assert not seen or verdict.confidence < 0.95
