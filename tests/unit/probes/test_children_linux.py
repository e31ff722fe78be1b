"""Descendants: forked from any thread, at any depth."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from kerascrash.probes import children_linux
from kerascrash.probes.children_linux import Children, find_descendants

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def test_a_grandchild_and_a_threads_child_are_found() -> None:
    started: list[subprocess.Popen[str]] = []

    def start() -> None:
        command = ["sh", "-c", "sleep 30 & echo $!; wait"]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    shell = started[0]
    assert shell.stdout is not None
    sleeper = int(shell.stdout.readline())
    try:
        assert {shell.pid, sleeper} <= set(find_descendants(os.getpid()))
        assert {shell.pid, sleeper} <= set(children_linux._find_by_parent(os.getpid()))
        values: dict[str, int] = {}
        Children(os.getpid()).read(values)
        assert values["children"] >= 2
        assert values["children_rss"] > 0
    finally:
        os.kill(sleeper, 9)
        shell.kill()
        shell.communicate()


def test_a_process_that_is_gone_has_no_reading() -> None:
    values: dict[str, int] = {}
    Children(2**22 + 1).read(values)
    assert values == {}
