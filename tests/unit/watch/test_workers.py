"""Rings of workers: removed after a good end, kept after a bad one."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from kerascrash.dump.layout import WORKER_SIZE
from kerascrash.dump.writer import create_dump
from kerascrash.watch.exit_status import read_start_ticks
from kerascrash.watch.workers import Workers


class Ring:
    """A worker: a shell that ends as it is told, and its ring."""

    def __init__(self, folder: Path, name: str, parent: str) -> None:
        self.process = subprocess.Popen(["sh", "-c", "read x; exit $x"], stdin=-1)
        pid = self.process.pid
        self.path = folder / name
        identity = {
            "pid": pid,
            "start_ticks": read_start_ticks(pid),
            "worker": True,
            "parent_dump": parent,
        }
        create_dump(self.path, size=WORKER_SIZE, identity=identity).close()

    def end(self, status: int) -> None:
        self.process.communicate(f"{status}\n".encode())


def test_the_good_go_the_bad_stay_and_strangers_are_left_alone(tmp_path: Path) -> None:
    parent = str(tmp_path / "main.bin")
    good, bad = Ring(tmp_path, "a.bin", parent), Ring(tmp_path, "b.bin", parent)
    stranger = Ring(tmp_path, "c.bin", "/another.bin")
    (tmp_path / "notes.bin").write_text("not a dump")
    workers = Workers(parent)
    workers.look()
    good.end(0)
    bad.end(5)
    stranger.end(0)
    workers.look()
    assert sorted(os.listdir(tmp_path)) == ["b.bin", "c.bin", "notes.bin"]
    (row,) = workers.finish(parent_ended_well=False)
    assert row["dump"] == str(bad.path)
    assert row["exit"]["code"] in (5, None)


def test_a_parent_that_ended_well_leaves_no_ring_of_a_pool(tmp_path: Path) -> None:
    """A pool's workers are terminated by SIGTERM at the end: no death to report."""
    parent = str(tmp_path / "main.bin")
    ring = Ring(tmp_path, "a.bin", parent)
    workers = Workers(parent)
    workers.look()
    ring.process.terminate()
    ring.process.communicate()
    assert workers.finish(parent_ended_well=True) == []
    assert os.listdir(tmp_path) == []
