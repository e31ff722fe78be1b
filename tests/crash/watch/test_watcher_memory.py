"""Out of memory: counters, kernel lines and the last sample from outside."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kerascrash.dump.reader import read_dump

pytestmark = pytest.mark.crash
LIMIT = 256 << 20


def test_an_oom_kill_in_a_cgroup_is_proven(
    watched: Any, memory_cgroup: Callable[[int], Path]
) -> None:
    group = memory_cgroup(LIMIT)
    body = (
        "held = []\n"
        "for _ in range(400): held.append(bytearray(1 << 20)); time.sleep(0.002)"
    )

    def enter() -> None:
        (group / "cgroup.procs").write_text(str(os.getpid()))

    process = watched.start(body, preexec_fn=enter)
    pid = process.pid
    process.communicate(timeout=60)
    certificate = watched.certificate()
    assert certificate["exit"]["signal"] == 9
    (level,) = [r for r in certificate["oom"]["cgroups"] if r["limit"] == LIMIT]
    assert level["after"]["oom_kill"] - level["before"]["oom_kill"] == 1
    assert level["peak"] == pytest.approx(LIMIT, rel=0.02)
    values = certificate["last_sample"]["values"]
    assert values["cgroup_limit"] == LIMIT
    assert values["cgroup_headroom"] < 0.3 * LIMIT
    kernel = certificate["kernel"]
    if kernel["readable"]:
        assert any(f"Killed process {pid}" in row["text"] for row in kernel["lines"])
    intervals = [s.values["interval_us"] for s in read_dump(str(watched.dump)).watch]
    assert min(intervals) <= 10_000 < max(intervals)
    watched.wait_for_silence()


def test_a_kill_in_calm_shows_no_oom(
    watched: Any, memory_cgroup: Callable[[int], Path]
) -> None:
    group = memory_cgroup(LIMIT)

    def enter() -> None:
        (group / "cgroup.procs").write_text(str(os.getpid()))

    watched.run("time.sleep(0.3); os.kill(os.getpid(), 9)", preexec_fn=enter)
    certificate = watched.certificate()
    (level,) = [r for r in certificate["oom"]["cgroups"] if r["limit"] == LIMIT]
    assert level["after"]["oom_kill"] == level["before"]["oom_kill"]
    assert certificate["last_sample"]["values"]["cgroup_headroom"] > 0.5 * LIMIT
