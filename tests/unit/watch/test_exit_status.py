"""Exit statuses told to somebody who is not the parent."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from kerascrash.watch import exit_status
from kerascrash.watch.exit_status import ExitStatus, read_exit_status, read_start_ticks

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="pidfd is Linux")


class Zombie:
    """A child that has ended and is not reaped yet."""

    def __init__(self, script: str) -> None:
        self.process = subprocess.Popen(["sh", "-c", f"read x; {script}"], stdin=-1)
        self.pid = self.process.pid
        self.ticks = read_start_ticks(self.pid) or 0
        self.pidfd = os.pidfd_open(self.pid)
        assert self.process.stdin is not None
        self.process.stdin.close()
        poll = select.poll()
        poll.register(self.pidfd, select.POLLIN)
        assert poll.poll(10_000)

    def reap(self) -> None:
        self.process.wait()


@pytest.fixture(params=["exit 7", "kill -9 $$"])
def zombie(request: Any) -> Iterator[Zombie]:
    found = Zombie(request.param)
    yield found
    found.reap()
    os.close(found.pidfd)


def expected(zombie: Zombie) -> int:
    zombie.reap()
    code = zombie.process.returncode
    return -code if code < 0 else code << 8


def test_a_zombie_tells_by_its_stat(zombie: Zombie) -> None:
    found = read_exit_status(zombie.pidfd, zombie.pid, zombie.ticks)
    assert (found.raw, found.known_by) == (expected(zombie), "zombie")


def test_a_reaped_process_tells_by_pidfd_or_is_unknown(zombie: Zombie) -> None:
    raw = expected(zombie)
    found = read_exit_status(zombie.pidfd, zombie.pid, zombie.ticks)
    if found.known_by == "pidfd":
        assert found.raw == raw
    else:  # older than 6.15
        assert (found.raw, found.known_by) == (None, "unknown")
        assert found.reason


def test_without_the_ioctl_a_reaped_process_is_unknown(
    zombie: Zombie, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exit_status, "ask_pidfd", lambda pidfd: None)
    zombie.reap()
    found = read_exit_status(zombie.pidfd, zombie.pid, zombie.ticks)
    assert (found.raw, found.known_by) == (None, "unknown")


def test_another_process_with_the_same_number_does_not_testify(zombie: Zombie) -> None:
    assert exit_status.read_zombie(zombie.pid, zombie.ticks + 1) is None
    assert exit_status.read_zombie(zombie.pid, zombie.ticks) is not None


@pytest.mark.parametrize(
    ("raw", "code", "signal", "core"),
    [
        (0, 0, None, False),
        (1792, 7, None, False),
        (9, None, 9, False),
        (139, None, 11, True),
        (None, None, None, False),
    ],
)
def test_the_certificates_row(
    raw: int | None, code: int | None, signal: int | None, core: bool
) -> None:
    row = ExitStatus(raw, "parent").describe()
    assert row == {
        "status": raw,
        "code": code,
        "signal": signal,
        "core": core,
        "known_by": "parent",
    }
