"""
Locals of running functions are read, and nothing of them stays behind.

PYTEST_DONT_REWRITE: rewritten assertions call ``locals()``, which the recorder respects
before 3.12.
"""

from __future__ import annotations

import gc
import sys
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import pytest

from kerascrash.record.frames import MISSING, FrameLocals, names_of, snapshot_is_ours
from kerascrash.record.inventory import Inventory
from kerascrash.record.stacks import capture

np = pytest.importorskip("numpy")


class Big:
    """Something with bytes, that tells where it dies."""

    deaths: ClassVar[list[int]] = []

    def __init__(self) -> None:
        self.payload = bytearray(2 << 20)

    def __del__(self) -> None:
        Big.deaths.append(threading.get_ident())


@contextmanager
def scanning_thread(inventory: Inventory) -> Iterator[list[dict[str, Any]]]:
    """Scan from another thread, again and again, as a recorder would at its fastest."""
    stop, blobs = threading.Event(), []

    def scan() -> None:
        while not stop.is_set():
            blobs.append(inventory.scan("periodic", -1, 2000))
            stop.wait(0.001)

    thread = threading.Thread(target=scan)
    thread.start()
    try:
        yield blobs
    finally:
        stop.set()
        thread.join()


def saw(blobs: list[dict[str, Any]], owner: str) -> bool:
    """Return whether a scan has found the owner; on a busy machine that takes many."""
    return any(e["owner"] == owner for blob in blobs for e in blob["entries"])


def read(frame: Any, name: str) -> Any:
    """Return one local variable the way the inventory does."""
    with FrameLocals(frame, traced=False) as variables:
        return variables.get(name)


def frame_of_caller() -> Any:
    """Return the frame of the function that calls this."""
    return sys._getframe(1)


def test_a_running_function_shows_locals_cells_and_what_is_not_bound() -> None:
    def running() -> list[Any]:
        plain, shared = [1], [2]

        def inner() -> list[int]:
            return shared

        frame = frame_of_caller()
        found = [read(frame, name) for name in ("plain", "shared", "later")]
        later = inner
        return [*found, later, plain]

    assert running()[:3] == [[1], [2], MISSING]


def test_memory_returns_after_del_when_the_scan_was_on_the_same_thread() -> None:
    def user() -> tuple[Any, Any]:
        big = Big()
        alive = weakref.ref(big)
        blobs = [inventory.scan("step", 1, 50_000)]
        while not saw(blobs, "Big.payload") and len(blobs) < 50:
            blobs.append(inventory.scan("step", 1, 50_000))
        del big
        return blobs, alive()

    inventory = Inventory()
    blobs, survivor = user()
    assert saw(blobs, "Big.payload")
    assert survivor is None


def test_memory_returns_after_del_when_the_scan_was_on_another_thread() -> None:
    def user(blobs: list[Any]) -> list[Any]:
        survivors = []
        give_up = time.monotonic() + 60
        while len(survivors) < 3 or not saw(blobs, "Big.payload"):
            big = Big()
            alive = weakref.ref(big)
            seen = len(blobs)
            while len(blobs) < seen + 3:
                pass
            del big
            survivors.append(alive())
            if time.monotonic() > give_up:
                break
        return survivors

    with scanning_thread(Inventory()) as blobs:
        assert set(user(blobs)) == {None}
    assert saw(blobs, "Big.payload")


def test_finalizers_run_in_the_thread_that_drops_the_object() -> None:
    Big.deaths.clear()

    def user(blobs: list[Any]) -> None:
        while len(blobs) < 60:
            big = Big()
            keep = [big, {"big": big}]
            del big, keep

    with scanning_thread(Inventory()) as blobs:
        user(blobs)
    assert len(Big.deaths) > 20
    assert set(Big.deaths) == {threading.get_ident()}


def test_a_loop_over_locals_never_raises() -> None:
    def user(blobs: list[Any]) -> int:
        first, second, third = [1], {"2": 2}, "3"
        count = 0
        while len(blobs) < 40:
            for name in locals():
                count += len(name)
        return count + len(first) + len(second) + len(third)

    with scanning_thread(Inventory()) as blobs:
        assert user(blobs) > 0


def test_an_array_that_is_scanned_can_be_resized() -> None:
    def user(blobs: list[Any]) -> None:
        array = np.zeros(1 << 18)
        size = 1 << 18
        give_up = time.monotonic() + 60
        while len(blobs) < 60 or not saw(blobs, "array"):
            if time.monotonic() > give_up:
                break
            size = (1 << 19) - size if size > 1 << 17 else 1 << 18
            array.resize(size)

    with scanning_thread(Inventory()) as blobs:
        user(blobs)
    assert saw(blobs, "array")


@pytest.mark.parametrize("reader", ["locals()", "vars()", "exec('1')", "dir()"])
def test_before_312_a_snapshot_that_may_be_the_users_is_left_alone(reader: str) -> None:
    space: dict[str, Any] = {"sys": sys}
    exec(f"def f(x):\n    {reader}\n    return sys._getframe()", space)
    assert not snapshot_is_ours(space["f"](1))


def test_a_plain_function_is_not_left_alone() -> None:
    space: dict[str, Any] = {}
    exec("def f(x):\n    yield x", space)
    generator = space["f"](1)
    next(generator)
    assert snapshot_is_ours(generator.gi_frame)
    assert "x" in names_of(generator.gi_frame)
    assert read(generator.gi_frame, "x") == 1


def test_a_modules_or_classs_frame_is_never_asked_for_its_namespace() -> None:
    frames: list[Any] = []
    exec("frames.append(sys._getframe())", {"sys": sys, "frames": frames})
    assert names_of(frames[0]) == []
    assert not snapshot_is_ours(frames[0])


def test_without_the_garbage_collector_no_frame_of_the_users_is_kept() -> None:
    ours = {"FrameLocals", "Locals", "Parameters", "Survey", "Walker", "Captured"}

    def user() -> weakref.ref[Any]:
        big = Big()
        inventory.scan("step", 1, 50_000)
        capture("periodic")
        return weakref.ref(big)

    inventory = Inventory()
    gc.collect()
    gc.disable()
    try:
        assert user()() is None
        left = [o for o in gc.get_objects() if type(o).__name__ in ours]
        assert [type(o).__name__ for o in left] == []
    finally:
        gc.enable()
