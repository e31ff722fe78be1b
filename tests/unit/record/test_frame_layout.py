"""The layout of this interpreter's frames, used from outside on a process that sits."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

from kerascrash.probes.foreign_memory import ForeignMemory
from kerascrash.probes.line_table import find_line
from kerascrash.probes.python_frames import DEEPEST, TornError, read_stack
from kerascrash.record import frame_layout
from kerascrash.record.own_memory import UnknownLayoutError

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/PID/mem")
ROOT = Path(__file__).resolve().parents[3]
BEGIN = """
import json, sys, threading, time
from kerascrash.record.frame_layout import describe_frames

def calibrate():
    layouts = map(lambda call: call(), [describe_frames])  # as a job is run: from C
    print(json.dumps(next(layouts)), flush=True)

thread = threading.Thread(target=calibrate)
thread.start()
thread.join()

def tell(frame):
    rows = []
    while frame is not None:
        rows.append((frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name))
        frame = frame.f_back
    print(json.dumps(rows), flush=True)
"""
SITS = {
    "asleep": "time.sleep(60)",
    "holding the GIL": "sum(range(1 << 50))",
}
CALLS = {
    "nested": """
def inner(a, b=2):
    local = [a, b]

    tell(sys._getframe()); SIT
def outer():
    return inner(
        1,
        b=3,
    )
outer()
""",
    "through C": """
class Größe𠀀:
    def innerł(self, _):
        for each in (1,): tell(sys._getframe()); SIT
    def größe(self):
        return list(map(self.innerł, [1]))
Größe𠀀().größe()
""",
    "in a generator": """
def größeł():
    try:
        1 / 0
    except ZeroDivisionError:
        yield [(tell(sys._getframe()), SIT) for _ in (1,)]
max(x for x in größeł())
""",
}


@contextmanager
def sitting(folder: Path, body: str) -> Iterator[tuple[int, Any, Any]]:
    """Yield pid, layout and what the child says of its stack just before it sits."""
    script = folder / "tränïng😀.py"
    script.write_text(BEGIN + body, encoding="utf-8")
    child = subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
    )
    try:
        assert child.stdout is not None
        yield child.pid, *(json.loads(child.stdout.readline()) for _ in range(2))
    finally:
        child.kill()
        child.communicate()


def read_until_still(pid: int, layout: Any, expected: Any) -> Any:
    """Read until the child has gone from telling to sitting; return the last stack."""
    give_up = time.monotonic() + 20.0
    stack: list[Any] = []
    memory = ForeignMemory(pid)
    while stack != expected and time.monotonic() < give_up:
        try:
            stack = [list(row) for row in read_stack(memory, layout)]
        except (OSError, TornError):
            continue
    memory.close()
    return stack


@pytest.mark.parametrize("sit", SITS.values(), ids=list(SITS))
@pytest.mark.parametrize("call", CALLS.values(), ids=list(CALLS))
def test_a_process_that_sits_is_read_as_it_is(
    tmp_path: Path, call: str, sit: str
) -> None:
    with sitting(tmp_path, call.replace("SIT", sit)) as (pid, layout, expected):
        assert read_until_still(pid, layout, expected) == expected
        assert expected[0][0].endswith("tränïng😀.py")


def test_of_a_deep_stack_the_innermost_frames_are_read(tmp_path: Path) -> None:
    body = """
def deep(n):
    if n: deep(n - 1)
    else: tell(sys._getframe()); time.sleep(60)
deep(300)
"""
    with sitting(tmp_path, body) as (pid, layout, expected):
        found = read_until_still(pid, layout, expected[:DEEPEST])
        assert found == expected[:DEEPEST]


def test_one_that_runs_on_gives_a_stack_of_its_own_or_none(tmp_path: Path) -> None:
    body = """
def grow(n, kind):
    return kind if n == 0 else grow(n - 1, kind)
tell(sys._getframe())
while True:
    grow(30, "a"); [grow(3, each) for each in "bc"]
"""
    with sitting(tmp_path, body) as (pid, layout, _):
        memory = ForeignMemory(pid)
        for _ in range(300):
            try:
                stack = read_stack(memory, layout)
            except (OSError, TornError):
                continue
            assert {row[2] for row in stack} <= {
                "<module>",
                "grow",
                "tell",
                "<listcomp>",
            }
        memory.close()


def in_a_thread(function: Any) -> list[Any]:
    """Return what a thread other than the main one returned or raised."""
    told: list[Any] = []

    def run() -> None:
        try:
            told.append(function())
        except (UnknownLayoutError, OSError) as error:
            told.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return told


def test_a_wrong_offset_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    (right,) = in_a_thread(frame_layout.describe_frames)
    assert right["thread"] > 0
    for name in ("code_first", "code_name", "code_file"):
        wrong = {key: right[key] for key in right if key.startswith(("code", "type"))}
        wrong[name] += 8
        monkeypatch.setattr(frame_layout, "find_code", lambda _, wrong=wrong: wrong)
        (refused,) = in_a_thread(frame_layout.describe_frames)
        assert isinstance(refused, (UnknownLayoutError, OSError))


def test_a_descriptor_that_the_user_has_taken_over_is_left_alone(
    tmp_path: Path,
) -> None:
    memory = ForeignMemory(os.getpid())
    number = memory.fd
    with (tmp_path / "own").open("w") as own:
        os.dup2(own.fileno(), number)
        memory.close()
        os.fstat(number)  # still open: it is not ours any more
        os.close(number)
    memory = ForeignMemory(os.getpid())
    number = memory.fd
    memory.close()
    with pytest.raises(OSError, match="Bad file"):
        os.fstat(number)


def test_lines_are_those_that_python_tells() -> None:
    codes = [
        read_stack.__code__,
        json.dumps.__code__,
        subprocess.Popen.__init__.__code__,
    ]
    for code in codes:
        codes += [one for one in code.co_consts if isinstance(one, CodeType)]
        for begin, end, line in code.co_lines():
            for last in {begin, end - 2}:
                old = sys.version_info < (3, 11)
                table = code.co_linetable
                found = find_line(table, code.co_firstlineno, last, old=old)
                assert found == (line or 0)
