"""Who else was big: real processes, seen while they lived."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from kerascrash.dump.clock import now_ns
from kerascrash.watch.neighbours import Neighbours

BIG = 96 << 20
_SCRIPT = f"kept = bytearray({BIG}); print('ready', flush=True); input()"


@pytest.fixture
def neighbour() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", _SCRIPT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
        process.kill()


def _row(found: dict[str, list[dict[str, int]]], pid: int) -> dict[str, int] | None:
    return next((row for row in found["biggest"] if row["pid"] == pid), None)


def test_who_is_gone_at_the_certificate_was_seen_while_memory_was_short(
    neighbour,
) -> None:
    others = Neighbours(os.getpid())
    others.look(now_ns())
    neighbour.kill()
    neighbour.wait()
    row = _row(others.report(now_ns()), neighbour.pid)
    assert row is not None
    assert row["rss"] >= BIG
    assert row["same_cgroup"]


def test_who_left_long_before_is_not_named(neighbour) -> None:
    others = Neighbours(os.getpid())
    others.look(now_ns())
    neighbour.kill()
    neighbour.wait()
    later = now_ns() + 60_000_000_000
    assert _row(others.report(later), neighbour.pid) is None


def test_who_still_runs_is_named_once_with_its_size_now(neighbour) -> None:
    others = Neighbours(os.getpid())
    others.look(now_ns())
    found = others.report(now_ns())
    assert [row["pid"] for row in found["biggest"]].count(neighbour.pid) == 1
    sizes = [row["rss"] for row in found["biggest"]]
    assert sizes == sorted(sizes, reverse=True)


def test_looks_rest(neighbour) -> None:
    others = Neighbours(os.getpid())
    now = now_ns()
    others.look(now)
    neighbour.kill()
    neighbour.wait()
    others.look(now + 1)  # a look that was taken would have forgotten the neighbour
    assert _row(others.report(now_ns()), neighbour.pid) is not None
