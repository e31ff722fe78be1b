"""The main thread's stack as the watcher read it, newer than the recorder's look."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from kerascrash.model.case import Recording


def with_last_stack(recording: Recording, certificate: object) -> Recording:
    """
    Return the recording with the stack of the certificate, if that is the newer one.

    The other threads stay as the recorder saw them. The frames that an exception came
    through are never replaced: what runs after it is no news.
    """
    told = certificate.get("stack") if isinstance(certificate, dict) else None
    if not isinstance(told, dict) or not told.get("frames"):
        return recording
    when, recorded = told.get("time"), recording.stacks
    seen = recording.blob_times.get("stacks")
    if when is None or recorded.get("reason") == "exception":
        return recording
    if seen is not None and seen >= when:
        return recording
    threads: list[dict[str, Any]] = list(recorded.get("threads") or ())
    main = next((row for row in threads if row.get("main")), {"name": "MainThread"})
    newest = _named_alike(told, main)
    if newest is None:
        return recording
    others = [row for row in threads if row is not main]
    first = {**main, "main": True, **newest}
    stacks = {**recorded, "reason": "outside", "threads": [first, *others]}
    times = {**recording.blob_times, "stacks": float(when)}
    return replace(recording, stacks=stacks, blob_times=times)


def _named_alike(told: dict[str, Any], main: dict[str, Any]) -> dict[str, Any] | None:
    """
    Return frames and excerpt with a notebook's cells named as the recorder names them.

    None where that is not known: of a cell that the recorder has never seen running,
    the file name that the interpreter has says nothing to anybody.
    """
    cells = {
        str(row.get("code_file")): str(row.get("file"))
        for row in main.get("frames") or ()
        if row.get("code_file")
    }
    rows, excerpt = told["frames"], told.get("excerpt") or []
    inner = next((row for row in rows if row.get("user")), None)
    if not cells or inner is None:
        return {"frames": rows, "excerpt": excerpt}
    if inner.get("file") not in cells and not inner.get("source"):
        return None
    named = [{**r, "file": cells.get(str(r.get("file")), r.get("file"))} for r in rows]
    seen: dict[str, Any]
    seen = next((row for row in main["frames"] if row.get("user")), {})
    if not excerpt and seen.get("code_file") == inner.get("file"):
        excerpt = main.get("excerpt") or []
    return {"frames": named, "excerpt": excerpt}
