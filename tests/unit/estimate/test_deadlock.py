"""Threads that wait for each other's locks, and what only looks like it."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from kerascrash.diagnose import diagnose
from kerascrash.estimate.deadlock import find_deadlock
from kerascrash.model.case import Case

Thread = dict[str, Any]


def standing(name: str, source: str, *, inner: str = "", first: int = 10) -> Thread:
    """Return a thread at the line that ends with ``# here``."""
    lines = textwrap.dedent(source).strip("\n").splitlines()
    at = next(n for n, line in enumerate(lines) if line.endswith("# here"))
    lines[at] = lines[at].removesuffix("# here").rstrip()
    frames = [
        {"file": "/srv/train.py", "line": first + at, "function": "f", "user": True}
    ]
    if inner:
        library = {"file": "/usr/lib/python3.11/threading.py", "line": 271}
        frames.insert(0, {**library, "function": inner, "user": False})
    excerpt = [[first + n, line] for n, line in enumerate(lines)]
    main = name == "MainThread"
    return {"name": name, "main": main, "frames": frames, "excerpt": excerpt}


ONE_WAY = """
    def publish(self):
        with weights_lock:
            copy()
            with log_lock:  # here
                pass
"""
OTHER_WAY = """
    def write(self):
        while True:
            with log_lock:
                sleep(1)
                with weights_lock:  # here
                    pass
"""
ACQUIRED = """
    def write(self):
        log_lock.acquire()
        write()
        weights_lock.acquire()  # here
"""
RELEASED = """
    def write(self):
        log_lock.acquire()
        write()
        log_lock.release()
        weights_lock.acquire()  # here
"""
SAME_WAY = """
    def write(self):
        with weights_lock:  # here
            with log_lock:
                pass
"""
AT_WORK = """
    def write(self):
        with log_lock:
            with weights_lock:
                sleep(1)  # here
"""
CLOSED_BLOCK = """
    def write(self):
        with log_lock:
            write()
        with weights_lock:  # here
            pass
"""
IMPATIENT = """
    def write(self):
        with log_lock:
            weights_lock.acquire(timeout=1)  # here
"""
TWICE = """
    def write(self):
        with self._lock:
            flush()
            with self._lock:  # here
                pass
"""
A_FILE = """
    def write(self):
        with open("a") as log_lock:
            with weights_lock:  # here
                pass
"""
ELSEWHERE = """
    def held(self):
        with log_lock:
            pass

    def write(self):
        with weights_lock:  # here
            pass
"""


@pytest.fixture
def stuck(training: Callable[..., Any]) -> Callable[..., Case]:
    """Return a case whose newest stacks are those of the threads given."""

    def make(*threads: Thread, stood: float = 80.0) -> Case:
        builder = training(seconds=120.0, certificate=None).runs(30, step=24)
        builder.stacks_at = 119.0
        builder.progress["time"] = builder.progress["time"] - stood
        case: Case = builder.build()
        stacks = {"reason": "hang", "threads": list(threads)}
        return replace(case, recording=replace(case.recording, stacks=stacks))

    return make


@pytest.mark.parametrize("other", [OTHER_WAY, ACQUIRED])
def test_two_that_wait_for_each_other(stuck: Any, other: str) -> None:
    case = stuck(standing("writer", other), standing("MainThread", ONE_WAY))
    first, second = find_deadlock(case)
    assert (first.thread, first.waits_for, first.holds) == (
        "MainThread",
        "log_lock",
        ("weights_lock",),
    )
    assert (second.thread, second.waits_for) == ("writer", "weights_lock")
    assert first.place.line == 13
    diagnosis = diagnose(case)
    assert diagnosis.verdict.cause == "hang"
    assert "deadlock" in diagnosis.verdict.summary
    advice = diagnosis.verdict.advice[0].action
    assert "`weights_lock` and `log_lock` in the same order" in advice
    assert not any("py-spy" in one.action for one in diagnosis.verdict.advice)


def test_a_lock_written_in_python_is_seen_too(stuck: Any) -> None:
    case = stuck(
        standing("MainThread", ONE_WAY, inner="__enter__"),
        standing("writer", OTHER_WAY),
    )
    assert len(find_deadlock(case)) == 2


def test_a_circle_of_three(stuck: Any) -> None:
    rows = [
        standing(name, f"with {held}:\n    with {wanted}:  # here\n        pass")
        for name, held, wanted in (("a", "x", "y"), ("b", "y", "z"), ("c", "z", "x"))
    ]
    assert [one.thread for one in find_deadlock(stuck(*rows))] == ["a", "b", "c"]
    assert find_deadlock(stuck(*rows[:2])) == ()


def test_a_lock_taken_twice(stuck: Any) -> None:
    case = stuck(standing("MainThread", TWICE))
    assert [one.waits_for for one in find_deadlock(case)] == ["self._lock"]
    assert "RLock" in diagnose(case).verdict.advice[0].action


@pytest.mark.parametrize(
    "other",
    [RELEASED, SAME_WAY, AT_WORK, CLOSED_BLOCK, IMPATIENT, A_FILE, ELSEWHERE],
    ids=["let go", "same", "works", "closed", "impatient", "file", "elsewhere"],
)
def test_what_waits_in_no_circle(stuck: Any, other: str) -> None:
    case = stuck(standing("MainThread", ONE_WAY), standing("writer", other))
    assert find_deadlock(case) == ()
    assert "deadlock" not in diagnose(case).verdict.summary


def test_nonsense_for_a_stack_is_no_failure(stuck: Any) -> None:
    odd: Thread = {"frames": [{"user": True}], "excerpt": [[1], [0, "with ("]]}
    assert find_deadlock(stuck(odd, {}, {"frames": [], "excerpt": []})) == ()


def test_a_step_that_ended_after_the_look_was_no_standstill(stuck: Any) -> None:
    threads = standing("MainThread", ONE_WAY), standing("writer", OTHER_WAY)
    assert len(find_deadlock(stuck(*threads))) == 2
    assert find_deadlock(stuck(*threads, stood=0.0)) == ()


def test_two_hundred_threads_before_one_another_take_no_time(stuck: Any) -> None:
    """A dump may be hostile: each of them holds what all others wait for."""
    rows = [standing("MainThread", "x.acquire()  # here")]
    for number in range(200):
        mine, other = f"y{number % 2}", f"y{1 - number % 2}"
        source = f"with x:\n  with {mine}:\n    with {other}:  # here\n      pass"
        rows.append(standing(f"t{number}", source))
    began = time.monotonic()
    assert len(find_deadlock(stuck(*rows))) >= 1
    assert time.monotonic() - began < 5
