"""
Observe uncaught exceptions that the recorder saw, and which resource they name.

Only what ended the program is recorded, so there is no need to tell caught ones apart.
An exception of a worker thread does not end the process; it is weighed less.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kerascrash.detect._facts import note
from kerascrash.estimate.timeline import recording_of
from kerascrash.model.case import Case, Mark
from kerascrash.model.evidence import Finding
from kerascrash.model.rules import Detector

_SOURCE = "dump:events"
_OTHER_THREAD = 0.4
# (finding, type pattern, message pattern): what an exception says beyond its end.
_MEANINGS = (
    ("raised_keyboard_interrupt", r"^KeyboardInterrupt$", r""),
    ("raised_memory_error", r"MemoryError$", r""),
    ("raised_memory_error", r"", r"std::bad_alloc|Cannot allocate memory|\[Errno 12\]"),
    (
        "raised_device_exhausted",
        r"ResourceExhausted|OutOfMemory|(?:Xla|Jax)RuntimeError|InternalError",
        r"GPU:\d|gpu|CUDA|device memory|by allocator \w*bfc",
    ),
    (
        "raised_host_exhausted",
        r"ResourceExhausted",
        r"by allocator (?:cpu|mklcpu)\b|failed to allocate"
        r"|CPU:\d(?!.* by allocator \w*bfc)|OOM(?!.* by allocator \w*bfc)",
    ),
    ("raised_no_space", r"", r"\[Errno 28\]|No space left on device|[Qq]uota exceeded"),
    ("raised_too_many_files", r"", r"\[Errno 2[34]\]|Too many open files"),
    (
        "raised_no_more_threads",
        r"",
        r"can't start new thread|\[Errno 11\] Resource temporarily|pthread_create",
    ),
    ("recursion_limit_raised", r"RecursionError$", r""),
    ("raised_import_error", r"(?:Import|ModuleNotFound)Error$", r""),
)


def detect(case: Case) -> Iterator[Finding]:
    """Yield each uncaught exception with what it tells."""
    recording = recording_of(case)
    for mark in recording.marks if recording else ():
        if mark.kind == "exception":
            yield from _read(mark)


def _read(mark: Mark) -> Iterator[Finding]:
    type_name = str(mark.data.get("type") or "Exception").rsplit(".", 1)[-1]
    message = str(mark.data.get("message") or "")
    thread = str(mark.data.get("thread") or "MainThread")
    strength = 1.0 if thread in ("", "MainThread", "main") else _OTHER_THREAD
    first_line = message.strip().splitlines()[0][:300] if message.strip() else ""
    said = f"{type_name}: {first_line}" if first_line else type_name
    known = {"type": type_name, "message": message[:2000], "thread": thread}
    seen: set[str] = set()
    for finding, type_pattern, message_pattern in _MEANINGS:
        if finding in seen or not re.search(type_pattern, type_name):
            continue
        if re.search(message_pattern, message):
            seen.add(finding)
            yield note(finding, _SOURCE, f"raised {said}", strength, mark.time, **known)
    if "raised_keyboard_interrupt" not in seen:
        text = f"an exception that nobody caught ended it: {said}"
        yield note("exception_recorded", _SOURCE, text, strength, mark.time, **known)


DETECTOR = Detector(
    id="uncaught",
    finds=(*dict.fromkeys(row[0] for row in _MEANINGS), "exception_recorded"),
    detect=detect,
    needs=("recording",),
)
