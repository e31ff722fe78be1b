"""Stacks of all threads, with the user's lines and nobody else's."""

from __future__ import annotations

import gc
import sys
import threading
import weakref

import pytest

from kerascrash.record.sources import excerpt, read_source
from kerascrash.record.stacks import capture


def test_every_thread_is_there_innermost_frame_first() -> None:
    stop, ready = threading.Event(), threading.Event()

    def waiting_worker() -> None:
        ready.set()
        stop.wait()

    thread = threading.Thread(target=waiting_worker, name="loader-7")
    thread.start()
    ready.wait()
    try:
        blob = capture("periodic")
    finally:
        stop.set()
        thread.join()
    main, *others = blob["threads"]
    assert main["main"]
    assert main["frames"][0]["function"] == (
        "test_every_thread_is_there_innermost_frame_first"
    )
    assert main["frames"][0]["source"] == 'blob = capture("periodic")'
    assert 'blob = capture("periodic")' in [text.strip() for _, text in main["excerpt"]]
    worker = next(each for each in others if each["name"] == "loader-7")
    assert worker["native_id"] == thread.native_id
    functions = [frame["function"] for frame in worker["frames"]]
    assert functions.index("wait") < functions.index("waiting_worker")
    library = next(f for f in worker["frames"] if f["function"] == "wait")
    assert not library["user"]
    assert library["source"] is None


def test_the_frames_of_an_exception_stand_in_for_what_runs() -> None:
    def fail() -> None:
        raise ValueError

    try:
        fail()
    except ValueError as error:
        trace = error.__traceback__
        assert trace is not None
        assert trace.tb_next is not None
        frames = {threading.get_ident(): trace.tb_next.tb_frame}
        blob = capture("exception", frames)
    assert blob["threads"][0]["frames"][0]["function"] == "fail"


def test_without_the_garbage_collector_no_local_is_kept() -> None:
    class Big:
        pass

    def user() -> weakref.ref[Big]:
        big = Big()
        capture("periodic")
        return weakref.ref(big)

    gc.collect()
    gc.disable()
    try:
        assert user()() is None
    finally:
        gc.enable()


def test_a_deep_recursion_is_cut_in_the_middle() -> None:
    def recurse(depth: int) -> dict[str, object]:
        return capture("periodic") if depth == 0 else recurse(depth - 1)

    before = sys.getrecursionlimit()
    sys.setrecursionlimit(5000)
    try:
        blob = recurse(1500)
    finally:
        sys.setrecursionlimit(before)
    assert len(blob["threads"][0]["frames"]) <= 50  # type: ignore[index]


def test_source_can_be_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERASCRASH_SOURCE", "0")
    blob = capture("periodic")
    assert blob["threads"][0]["excerpt"] == []
    assert all(f["source"] is None for t in blob["threads"] for f in t["frames"])


def test_a_file_that_was_edited_meanwhile_is_not_shown(tmp_path: object) -> None:
    file = f"{tmp_path}/big.py"
    with open(file, "w") as stream:
        stream.write("x = 1\ny = 2\n")
    assert [text for _, text in excerpt(file, 1)] == ["x = 1", "y = 2"]
    with open(file, "w") as stream:
        stream.write("something else\n")
    assert read_source(file).startswith("x = 1")


@pytest.mark.parametrize("file", ["/nowhere/at/all.py", "<string>", "", "\0"])
def test_what_cannot_be_read_has_no_excerpt(file: str) -> None:
    assert excerpt(file, 3) == []
