"""A writer killed anywhere leaves a readable dump and no half record."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kerascrash.dump.reader import read_dump
from kerascrash.dump.writer import create_dump
from kerascrash.errors import NotADump

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("seed", "rounds"), [(1, 25), pytest.param(2, 2000, marks=[pytest.mark.slow])]
)
@pytest.mark.timeout(1800)
def test_all_killed_writers_leave_whole_records(
    tmp_path: Path, seed: int, rounds: int
) -> None:
    script = Path(__file__).with_name("kills.py")
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path), str(seed), str(rounds)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["rounds"] == rounds
    assert result["wrong"] == []
    assert result["with_events"] >= rounds * 0.4, "the writers had time to write"


def test_a_process_killed_while_it_makes_its_dump_leaves_one_or_none(
    tmp_path: Path,
) -> None:
    for n in range(10):
        path = tmp_path / f"{n}.bin"
        pid = os.fork()
        if not pid:
            create_dump(path)
            time.sleep(60)
        deadline = time.monotonic() + 10
        while not path.exists() and time.monotonic() < deadline:
            time.sleep(0)
        time.sleep(n * 0.0003)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        try:
            assert read_dump(path).header.state == "recording"
        except NotADump:
            assert not any(path.read_bytes()[:64])
