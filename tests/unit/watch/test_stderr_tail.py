"""The tail of a stderr that is a regular file."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kerascrash.watch.stderr_tail import TAIL_BYTES, StderrTail

Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def sleeper() -> Iterator[Start]:
    """Start a process whose fd 2 is given."""
    started: list[subprocess.Popen[bytes]] = []

    def start(stderr: object) -> subprocess.Popen[bytes]:
        started.append(subprocess.Popen(["sleep", "60"], stderr=stderr))  # type: ignore[call-overload]
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_only_what_was_appended_since_is_read(tmp_path: Path, sleeper: Start) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"before\n")
    with path.open("ab", buffering=0) as log:
        tail = StderrTail(sleeper(log).pid)
        log.write(b"after\n")
        assert tail.read() == b"after\n"
        tail.note({"path": str(path), "offset": 3})
        assert tail.read() == b"ore\nafter\n"
        tail.note({"path": "/another", "offset": 0})
        assert tail.read() == b"ore\nafter\n"
    tail.close()


def test_a_deleted_a_truncated_and_a_huge_file(tmp_path: Path, sleeper: Start) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"x" * 1000)
    with path.open("ab", buffering=0) as log:
        tail = StderrTail(sleeper(log).pid)
        path.unlink()
        os.ftruncate(log.fileno(), 0)
        log.write(b"new\n")
        assert tail.read() == b"new\n"
        log.write(b"y" * 2 * TAIL_BYTES)
        assert tail.read() == b"y" * TAIL_BYTES
    tail.close()


def test_a_pipe_is_left_alone(sleeper: Start) -> None:
    tail = StderrTail(sleeper(subprocess.PIPE).pid)
    assert (tail.path, tail.read()) == ("", b"")
    tail.close()
