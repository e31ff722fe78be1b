"""Deaths inside a native call that holds the GIL: the recorder cannot look, we can."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest
from harness import Death, Running, let_die

from kerascrash.dump.reader import read_dump

pytestmark = pytest.mark.crash
SCRIPT = "holds_the_gil.py"
LIMIT = 250
TOO_MANY = str(200_000_000)
"""Numbers of eight bytes: four times the limit, and seconds of work."""


def place_of(death: Death) -> tuple[str, int]:
    culprit = death.culprit
    return str(culprit["file"]).rsplit("/", 1)[-1], int(culprit["line"])


def kill_later(running: Running) -> None:
    running.wait_for("READY")
    time.sleep(2.0)
    running.process.send_signal(signal.SIGKILL)


def test_the_line_that_ran_out_of_memory_is_named(tmp_path: Path) -> None:
    death = let_die(SCRIPT, tmp_path, limit_mib=LIMIT, COUNT=TOO_MANY)
    assert death.status == -signal.SIGKILL
    assert death.verdict["cause"] == "host_oom_cgroup"
    assert place_of(death) == (SCRIPT, death.line(SCRIPT, "# the call"))
    main = next(row for row in death.report["stacks"] if row["main"])
    assert [row["function"] for row in main["frames"]] == ["widen", "load", "<module>"]
    assert main["frames"][1]["source"] == "rows = widen(COUNT)"


def test_a_call_that_does_not_end_is_seen(tmp_path: Path) -> None:
    death = let_die(SCRIPT, tmp_path, act=kill_later, COUNT=str(1 << 50), HANG="1")
    assert death.dump is not None
    certificate = read_dump(death.dump).certificate or {}
    stack = certificate["stack"]
    lines = [row["line"] for row in stack["frames"]]
    assert lines[0] == death.line(SCRIPT, "# the call")
    # the newest of several readings: one a second
    assert certificate["death"]["realtime"] - stack["time"] < 2.0
    assert not [row for row in certificate["unavailable"] if "outside" in row["what"]]
