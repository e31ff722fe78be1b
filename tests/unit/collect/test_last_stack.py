"""Which stack of the main thread is the last: the recorder's or the watcher's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from kerascrash.collect.last_stack import with_last_stack
from kerascrash.estimate.stacks import innermost_user_place
from kerascrash.model.case import Mark, Recording


def frame(line: int, *, user: bool = True, file: str = "train.py") -> dict[str, Any]:
    text = f"line {line}"
    return {"file": file, "line": line, "function": "f", "user": user, "source": text}


RECORDED = Recording(
    source="x.bin",
    state="recording",
    stacks={
        "reason": "periodic",
        "threads": [
            {"name": "MainThread", "main": True, "frames": [frame(5)], "excerpt": []},
            {"name": "loader", "main": False, "frames": [frame(90)], "excerpt": []},
        ],
    },
    blob_times={"stacks": 100.0},
    marks=(
        Mark(99.0, "stage_begin", {"stage": "BUILD", "where": frame(5)}),
        Mark(99.5, "stage_begin", {"stage": "FIT", "where": frame(6)}),
    ),
)


def certificate(when: float, *frames: dict[str, Any]) -> dict[str, Any]:
    rows = list(frames)
    return {"stack": {"time": when, "thread": "main", "frames": rows, "excerpt": []}}


def test_the_newer_one_is_what_the_main_thread_did() -> None:
    library = frame(3, user=False, file="numpy/core.py")
    newest = with_last_stack(RECORDED, certificate(108.0, library, frame(7), frame(9)))
    place = innermost_user_place(newest)
    assert place is not None
    assert (place.line, place.excerpt) == (7, ((7, "line 7"),))
    assert newest.blob_times["stacks"] == 108.0
    assert [t["name"] for t in newest.stacks["threads"]] == ["MainThread", "loader"]


def test_an_older_one_or_none_changes_nothing() -> None:
    assert with_last_stack(RECORDED, certificate(99.0, frame(7))) is RECORDED
    assert with_last_stack(RECORDED, {"stack": None}) is RECORDED
    assert with_last_stack(RECORDED, certificate(108.0)) is RECORDED
    raised = replace(RECORDED, stacks={**RECORDED.stacks, "reason": "exception"})
    assert with_last_stack(raised, certificate(108.0, frame(7))) is raised


def test_where_the_recorder_has_seen_no_stack_it_is_the_only_one() -> None:
    bare = replace(RECORDED, stacks={}, blob_times={})
    newest = with_last_stack(bare, certificate(108.0, frame(7)))
    place = innermost_user_place(newest)
    assert place is not None
    assert place.line == 7


def test_a_cell_of_a_notebook_has_the_name_that_the_recorder_gave_it() -> None:
    seen = {**frame(2, file="In [7]"), "code_file": "/made-up/1.py"}
    text = ((1, "a = 1"), (2, "line 2"), (3, "b = a"))
    main = {"name": "MainThread", "main": True, "frames": [seen], "excerpt": text}
    notebook = replace(RECORDED, stacks={"reason": "periodic", "threads": [main]})

    def cell(line: int, file: str) -> dict[str, Any]:
        return {"file": file, "line": line, "function": "<module>", "user": True}

    newest = with_last_stack(notebook, certificate(108.0, cell(3, "/made-up/1.py")))
    place = innermost_user_place(newest)
    assert place is not None
    assert (place.file, place.line, place.excerpt) == ("In [7]", 3, text)
    # near misses: a cell that nobody has seen, and a file that lies on the disk
    unseen = certificate(108.0, cell(1, "/made-up/2.py"))
    assert with_last_stack(notebook, unseen) is notebook
    on_disk = with_last_stack(notebook, certificate(108.0, frame(4), seen))
    place = innermost_user_place(on_disk)
    assert place is not None
    assert (place.file, place.line) == ("train.py", 4)
