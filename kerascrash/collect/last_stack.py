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
    newest = {
        **main,
        "main": True,
        "frames": told["frames"],
        "excerpt": told.get("excerpt") or [],
    }
    others = [row for row in threads if row is not main]
    stacks = {**recorded, "reason": "outside", "threads": [newest, *others]}
    times = {**recording.blob_times, "stacks": float(when)}
    return replace(recording, stacks=stacks, blob_times=times)
