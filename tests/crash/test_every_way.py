"""
Deaths of limits and native code: watched, unwatched, and not armed at all.

Each really dies three times: with the watcher, with the dump alone (read without and
with the exit status that the shell showed), and unarmed with only the output, the exit
status and (as root) the kernel's lines of that time left. The whole campaign prints the
share that was named right, for each of the four:

    python -m pytest -m slow tests/crash/test_every_way.py
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import harness
import pytest

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "sample_dumps"
SCRIPTS = Path(__file__).resolve().parent / "scripts"
MODES = ("watched", "unwatched", "told", "unarmed")
"""``told``: the dump of the unwatched death, and its exit status."""
SETTINGS = {
    "watched": {},
    "unwatched": {"KERASCRASH_WATCHER": "0"},
    "unarmed": {"KERASCRASH": "0"},
}
USERS = ("root", "nobody")
GIB = 1 << 30
LONGEST_SECONDS = 600.0
Verdicts = Callable[[str, str, str], dict[str, Any]]

pytestmark = [
    pytest.mark.crash,
    pytest.mark.skipif(
        sys.platform != "linux" or os.geteuid() != 0,
        reason="cgroups, tmpfs and another user need Linux and root",
    ),
]


@dataclass(frozen=True)
class Way:
    """One way to die; ``without_log``: what else is right where no kernel log is."""

    name: str
    cause: str
    make: Callable[[Any], Any] | None = None
    without_log: tuple[str, ...] = ()
    unarmed: tuple[str, ...] = ()


def script(name: str, **options: Any) -> Callable[[Any], Any]:
    return lambda recording: recording(SCRIPTS, script=name, **options)


WAYS = (
    Way("stack_overflow", "stack_overflow", None, ("native_segfault",)),
    Way("tf_check", "native_abort_check"),
    Way("fd_limit", "fd_limit"),
    Way("thread_or_process_limit", "thread_or_process_limit"),
    Way("disk_full", "disk_full"),
    # Of a deadlock that somebody ended no log tells more than the signal.
    Way("hang", "hang", unarmed=("termination_signal",)),
    Way("alloc_failure", "alloc_failure"),
    Way("null_dereference", "native_segfault"),
    Way("illegal_instruction", "illegal_instruction"),
    Way("integer_division", "fpe"),
    Way("bus_error_shm", "bus_error_shm"),
    Way("glibc_abort", "native_abort_check"),
    Way(
        "nested_walk", "stack_overflow", script("nested_walk.py"), ("native_segfault",)
    ),
    Way(
        "table_at_limit",
        "alloc_failure",
        script("growing_table.py", rlimits={resource.RLIMIT_DATA: 2 * GIB}),
        # Of an allocation that went unchecked, no log tells more than the crash.
        unarmed=("native_segfault",),
    ),
    Way(
        "null_and_offset",
        "alloc_failure",
        script("written_images.py", rlimits={resource.RLIMIT_AS: 4 * GIB}),
        without_log=("native_segfault",),
        unarmed=("native_segfault",),
    ),
    Way(
        "bad_alloc",
        "alloc_failure",
        script("counted_ids.py", rlimits={resource.RLIMIT_AS: 4 * GIB}),
    ),
    Way(
        "resource_exhausted",
        "alloc_failure",
        script("large_product.py", rlimits={resource.RLIMIT_DATA: 3 * GIB}),
    ),
    Way(
        "worker_oom",
        "host_oom_cgroup",
        script("lost_worker.py", limit=GIB * 3 // 2, environment={"KILL_BY": "memory"}),
        unarmed=("host_oom_global",),
    ),
    Way(
        "worker_kill_9",
        "external_kill",
        script("lost_worker.py", environment={"KILL_BY": "sigkill"}),
        # The log shows a lost worker, and nothing of who ended it.
        without_log=("host_oom_cgroup", "host_oom_global"),
        unarmed=("host_oom_cgroup", "host_oom_global"),
    ),
)
BY_NAME = {way.name: way for way in WAYS}
BY_SIGNAL = frozenset({
    "stack_overflow", "null_dereference", "illegal_instruction", "integer_division",
    "nested_walk", "table_at_limit", "worker_oom", "worker_kill_9", "null_and_offset",
})  # fmt: skip
IN_CI = {
    ("fd_limit", "unarmed", "nobody"),
    ("worker_oom", "watched", "root"),
    ("nested_walk", "unwatched", "root"),
}


@pytest.fixture(scope="session")
def recordings() -> Any:
    sys.path.insert(0, str(SAMPLES))
    try:
        import recording
    finally:
        sys.path.remove(str(SAMPLES))
    return recording


@pytest.fixture(scope="session")
def verdict_of(
    recordings: Any,
    as_nobody: tuple[str, ...],
    tmp_path_factory: pytest.TempPathFactory,
) -> Verdicts:
    """Return a report by way, mode and user; each death happens once a session."""
    known: dict[tuple[str, str, str], dict[str, Any]] = {}

    def find(name: str, mode: str, user: str) -> dict[str, Any]:
        if (name, mode, user) not in known:
            died = "unwatched" if mode == "told" else mode
            place = tmp_path_factory.mktemp(f"{name}-{died}-{user}")
            wrap = as_nobody if user == "nobody" else ()
            reports = let_die(recordings, BY_NAME[name], died, place, wrap)
            known.update({(name, each, user): r for each, r in reports.items()})
        return known[name, mode, user]

    return find


def let_die(
    recordings: Any, way: Way, mode: str, place: Path, wrap: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Let it die; return, by mode, what a user of the same rights would be told."""
    place.chmod(0o777)
    made = (
        way.make(recordings.Recording)
        if way.make
        else recordings.load_recording(SAMPLES / way.name / "make.py")
    )
    made = replace(made, seconds=LONGEST_SECONDS)  # else a slow machine kills it
    began = time.clock_gettime(time.CLOCK_BOOTTIME)
    left = made.run(place, wrap=wrap, PYTHONPATH=str(ROOT), **SETTINGS[mode])
    if mode != "unarmed":
        assert left.dump is not None, left.err.read_text(errors="replace")[-2000:]
        reports = {mode: harness.report_on(left.dump, wrap=wrap)}
        if mode == "unwatched":
            status = f"--exit={left.status}"
            reports["told"] = harness.report_on(left.dump, status, wrap=wrap)
        return reports
    assert left.dump is None
    logs = ["--stderr", str(left.err)]
    if not wrap:
        lines = place / "kernel.log"
        lines.write_text(kernel_lines_since(began), encoding="utf-8")
        logs += ["--kernel-log", str(lines)]
    return {mode: harness.ask("explain", f"--exit={left.status}", *logs, wrap=wrap)}


def kernel_lines_since(boottime: float) -> str:
    done = subprocess.run(["dmesg"], capture_output=True, text=True, check=True)
    rows = [row for row in done.stdout.splitlines(keepends=True) if row.startswith("[")]
    return "".join(row for row in rows if float(row[1:].split("]")[0]) >= boottime)


def right_names(way: Way, mode: str, user: str) -> set[str]:
    names = {way.cause}
    if user == "nobody":
        names.update(way.without_log)
    if user == "nobody" and mode == "unwatched" and way.name in BY_SIGNAL:
        names.add("unknown")  # neither a status nor a line of the kernel's is left
    if mode == "unarmed":
        names.update(way.unarmed)
    return names


@pytest.mark.parametrize(
    ("name", "mode", "user"),
    [
        pytest.param(
            way.name, mode, user, marks=() if key in IN_CI else pytest.mark.slow
        )
        for way in WAYS
        for mode in MODES
        for user in USERS
        if (key := (way.name, mode, user))
    ],
)
def test_it_is_named(
    name: str,
    mode: str,
    user: str,
    verdict_of: Verdicts,
) -> None:
    way = BY_NAME[name]
    report = verdict_of(name, mode, user)
    verdict = report["verdict"]
    assert verdict["cause"] in right_names(way, mode, user), verdict["summary"]
    assert report["faults"] == []
    if verdict["cause"] == "unknown":
        assert "--exit STATUS" in verdict["advice"][0]["action"]
    if name == "worker_oom" and mode == "watched":
        assert verdict["factor"] == "child_process"
        assert verdict["summary"].startswith("worker process ")
        assert verdict["culprit"]["owner"] == "kept"


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("user", USERS)
def test_the_dump_alone_does_as_well_as_with_a_certificate(
    user: str, verdict_of: Verdicts, capsys: pytest.CaptureFixture[str]
) -> None:
    """Needs both of each death: those that no test before this one had die now."""
    right = dict.fromkeys(MODES, 0)
    with capsys.disabled():
        print(f"\nof {len(WAYS)} ways to die as {user} were named right")
        for mode in MODES:
            reports = {way: verdict_of(way.name, mode, user) for way in WAYS}
            said = {way.name: r["verdict"]["cause"] for way, r in reports.items()}
            ranked = sum(
                bool(
                    {row["id"] for row in report["hypotheses"][:3]}
                    & {way.cause, *way.without_log}
                )
                for way, report in reports.items()
            )
            wrong = {n: c for n, c in said.items() if c != BY_NAME[n].cause}
            right[mode] = len(WAYS) - len(wrong)
            others = "; but " + ", ".join(f"{n} {c}" for n, c in wrong.items())
            print(f"  {mode:10} {right[mode]}{others if wrong else ''}")
            print(f"  {'':10} {ranked} among the first three")
    # Without rights the kernel's log is closed, and a dump alone holds no signal.
    if user == "root":
        assert right["watched"] == len(WAYS)
        assert right["watched"] - right["unwatched"] <= 0.05 * len(WAYS), right
