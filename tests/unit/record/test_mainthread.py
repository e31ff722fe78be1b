"""Running on the user's main thread: late, refused, interrupted, and never lost."""

from __future__ import annotations

import _thread
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from types import FrameType

import pytest

from kerascrash.record.mainthread import DONE, LATE, REFUSED, MainThread

ROOT = Path(__file__).resolve().parents[3]


def in_thread(function: object) -> threading.Thread:
    """Start a thread."""
    thread = threading.Thread(target=function)  # type: ignore[arg-type]
    thread.start()
    return thread


def spin_until_dead(thread: threading.Thread) -> None:
    """Run bytecodes on the main thread while the other one lives."""
    while thread.is_alive():
        pass


def test_it_runs_on_the_main_thread() -> None:
    main, seen, outcomes = MainThread(), [], []
    thread = in_thread(
        lambda: outcomes.append(main.call(lambda: seen.append(_thread.get_ident()), 5))
    )
    spin_until_dead(thread)
    assert outcomes == [DONE]
    assert seen == [threading.main_thread().ident]


def test_a_request_that_came_too_late_does_nothing_later() -> None:
    main, seen, outcomes = MainThread(), [], []

    def ask() -> None:
        time.sleep(0.3)  # until the main thread is inside native code
        outcomes.append(main.call(lambda: seen.append(1), 0.05))

    in_thread(ask).join()
    for _ in range(1000):
        time.sleep(0)
    assert outcomes == [LATE]
    assert seen == []


def test_one_long_native_call_fills_no_queue() -> None:
    """CPython takes 32 calls that wait, for everybody: extensions use them too."""
    main, seen, outcomes = MainThread(), [], []

    def ask() -> None:
        time.sleep(0.3)  # until the main thread is inside native code
        outcomes.extend(main.call(lambda: seen.append(1), 0.001) for _ in range(40))

    in_thread(ask).join()
    assert set(outcomes) == {LATE}
    after = in_thread(lambda: outcomes.append(main.call(lambda: seen.append(2), 5)))
    spin_until_dead(after)
    assert outcomes[-1] == DONE
    assert seen == [2]


def test_a_traced_main_thread_is_left_alone() -> None:
    main, seen, outcomes = MainThread(), [], []
    before = sys.getprofile()
    sys.setprofile(lambda *_: None)
    try:
        thread = in_thread(
            lambda: outcomes.append(main.call(lambda: seen.append(1), 5))
        )
        spin_until_dead(thread)
    finally:
        sys.setprofile(before)
    assert outcomes == [REFUSED]
    assert seen == []
    assert main.traced


@pytest.mark.parametrize("tool", ["settrace", "setprofile"])
def test_a_debugger_or_profiler_meets_our_code_once_at_most(tool: str) -> None:
    main, met = MainThread(), []

    def look(frame: FrameType, event: str, _: object) -> object:
        if event == "call" and frame.f_code.co_filename.endswith("mainthread.py"):
            met.append(frame.f_code.co_name)
        return look

    def ask() -> None:
        for _ in range(5):
            main.call(lambda: None, 0.2)

    def work(thread: threading.Thread) -> None:
        while thread.is_alive():
            pass

    before = getattr(sys, tool.replace("set", "get"))()
    thread = threading.Thread(target=ask)
    getattr(sys, tool)(look)
    try:
        thread.start()
        work(thread)
    finally:
        getattr(sys, tool)(before)
    assert met.count("_answer") <= (tool == "setprofile")


def test_an_error_of_ours_stays_with_us() -> None:
    main, outcomes = MainThread(), []

    def fail() -> None:
        raise LookupError

    thread = in_thread(lambda: outcomes.append(main.call(fail, 5)))
    spin_until_dead(thread)
    assert outcomes == [LATE]


class TimeIsUpError(Exception):
    """What the user's signal handler raises."""


@pytest.mark.parametrize("raised", [KeyboardInterrupt, TimeIsUpError])
def test_what_a_signal_handler_raises_meanwhile_reaches_the_user(
    raised: type[BaseException],
) -> None:
    main = MainThread()

    def handler(*_: object) -> None:
        raise raised

    def interrupted() -> None:
        os.kill(os.getpid(), signal.SIGUSR1)
        end = time.monotonic() + 5
        while time.monotonic() < end:
            pass

    before = signal.signal(signal.SIGUSR1, handler)
    try:
        with pytest.raises(raised):  # noqa: PT012 - it comes at any bytecode
            thread = in_thread(lambda: main.call(interrupted, 5))
            spin_until_dead(thread)
            for _ in range(100_000):
                time.sleep(0)
        thread.join()
    finally:
        signal.signal(signal.SIGUSR1, before)


@pytest.mark.parametrize("ending", ["pass", "sys.exit(3)", "os._exit(3)", "1 / 0"])
def test_the_interpreter_ends_as_it_would_without_us(ending: str) -> None:
    script = textwrap.dedent(
        f"""
        import os, sys, threading
        sys.path.insert(0, {str(ROOT)!r})
        from kerascrash.record.mainthread import MainThread
        main = MainThread()

        def ask():
            while True:
                main.call(lambda: None, 0.01)

        for _ in range(2):
            threading.Thread(target=ask, daemon=True).start()
        for _ in range(20000):
            x = [n for n in range(10)]
        {ending}
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60
    )
    expected = {"pass": 0, "1 / 0": 1}.get(ending, 3)
    assert done.returncode == expected, done.stderr
    assert done.stdout == ""
    assert ("ZeroDivisionError" in done.stderr) == (ending == "1 / 0")
    assert "ctypes" not in done.stderr


def test_a_forked_child_runs_nothing_of_its_parents() -> None:
    main, seen = MainThread(), []
    assert main.prepare()
    go = threading.Event()

    def ask() -> None:
        go.wait()
        main.call(lambda: seen.append(os.getpid()), 0.5)

    thread = in_thread(ask)
    go.set()
    child = os.fork()
    if child == 0:
        for _ in range(1000):
            time.sleep(0)
        os._exit(1 if seen and seen != [os.getppid()] else 0)
    _, status = os.waitpid(child, 0)
    thread.join()
    assert os.waitstatus_to_exitcode(status) == 0
