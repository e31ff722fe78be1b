"""
Python stacks of all threads.

Writes the ``stacks`` blob: {time_ns, reason, threads [{name, ident, native_id, main,
frames [{file, line, function, user, source | null}] (innermost first; of a notebook's
cell also code_file, its made-up name), excerpt [[number, text]] around the innermost
user frame}], omitted (threads left out)}.
Source text only of the user's files. The recorder's own frames and thread are left out.
"""

from __future__ import annotations

import sys
import threading
import time

from kerascrash.record.cells import shown_file
from kerascrash.record.places import is_user_file
from kerascrash.record.safe import attribute
from kerascrash.record.sources import excerpt, source_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import FrameType
    from typing import Any

THREADS, INNERMOST, OUTERMOST, DEEPEST = 64, 40, 10, 2000
SOURCED_FRAMES = 12
_CLOCK = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", 0))
_OWN = __file__.rpartition("record")[0]


def capture(
    reason: str, frames: Mapping[int, FrameType] | None = None
) -> dict[str, Any]:
    """
    Return the stacks blob; never raises.

    ``frames`` (thread → innermost frame) stand in for what runs, after an exception.
    """
    blob: dict[str, Any] = {
        "time_ns": time.clock_gettime_ns(_CLOCK),
        "reason": reason,
        "threads": [],
        "omitted": 0,
    }
    try:
        raw = _read(frames)
        blob["omitted"] = max(0, len(raw) - THREADS)
        raw.sort(key=lambda thread: (not thread["main"], not _has_user(thread)))
        blob["threads"] = [_describe(thread) for thread in raw[:THREADS]]
    except Exception as error:
        blob["error"] = repr(error)[:300]
    return blob


def _read(frames: Mapping[int, FrameType] | None) -> list[dict[str, Any]]:
    """
    Copy places of all threads as plain numbers and text, and let go of the frames.

    A frame held while its function returns would keep the function's locals alive.
    """
    running: Any = frames if frames is not None else sys._current_frames()  # noqa: SLF001
    main = threading.main_thread().ident
    threads = []
    for ident in list(running):
        places = _places(running[ident])
        own = not places or (ident != main and places[-1][0].startswith(_OWN))
        places = [place for place in places if not place[0].startswith(_OWN)]
        if not own and places:
            threads.append({"ident": ident, "main": ident == main, "places": places})
    del running  # it holds this very frame: a circle that would keep all frames alive
    return threads


def _places(top: FrameType) -> list[tuple[str, int, str]]:
    """Return file, line and function from the innermost frame out."""
    found: list[tuple[str, int, str]] = []
    frame: FrameType | None = top
    while frame is not None and len(found) < DEEPEST:
        code = frame.f_code
        found.append((code.co_filename, frame.f_lineno or 0, code.co_name))
        frame = frame.f_back
    return found


def _has_user(thread: dict[str, Any]) -> bool:
    return any(is_user_file(file) for file, _, _ in thread["places"][:INNERMOST])


def _describe(thread: dict[str, Any]) -> dict[str, Any]:
    places = thread["places"]
    if len(places) > INNERMOST + OUTERMOST:
        places = places[:INNERMOST] + places[-OUTERMOST:]
    # one lookup: the lock of threading.enumerate() may be held by a thread that waits
    known = threading._active.get(thread["ident"])  # type: ignore[attr-defined]  # noqa: SLF001
    name, native_id = attribute(known, "_name"), attribute(known, "_native_id")
    sourced = 0
    frames = []
    for file, line, function in places:
        user = is_user_file(file)
        sourced += user
        text = source_line(file, line) if user and sourced <= SOURCED_FRAMES else None
        row = {
            "file": shown_file(file),
            "line": line,
            "function": function,
            "user": user,
            "source": text,
        }
        if row["file"] != file:
            row["code_file"] = file  # as the watcher sees it
        frames.append(row)
    inner = next((frame for frame in frames if frame["user"]), None)
    return {
        "name": name if type(name) is str else f"thread {thread['ident']}",
        "ident": thread["ident"],
        "native_id": native_id if type(native_id) is int else None,
        "main": thread["main"],
        "frames": frames,
        "excerpt": excerpt(inner["file"], inner["line"]) if inner else [],
    }
