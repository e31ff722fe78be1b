"""
Where CPython keeps the stacks of this process: found by looking at known objects.

The watcher reads the main thread's stack from outside while a native call holds the
GIL (``probes/python_frames.py`` says what the layout holds). No offset is written down
here: each is the one place where a known value stands, in several objects, and in the
end this thread's own stack must come out right. What does not agree raises
``UnknownLayoutError``, and nothing is read from outside. No object of the user's is
touched; of the main thread only the code that it began with is looked up.
"""

from __future__ import annotations

import struct
import sys
import threading
from _thread import get_ident

from kerascrash.probes.foreign_memory import WORD, word_at
from kerascrash.probes.python_frames import DEEPEST, running_frame, tell, walk
from kerascrash.record.frame_fields import (
    OLD,
    WINDOW,
    find_code,
    find_frame,
    place_of,
)
from kerascrash.record.own_memory import (
    LOWEST_ADDRESS,
    OwnMemory,
    UnknownLayoutError,
    look,
    places_of,
    pointers_in,
    the_one,
)
from kerascrash.record.text_layout import find_bytes, find_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any

_INNER_WINDOW = 64
_THREADS, _TRIES = 64, 5


def describe_frames() -> dict[str, Any]:
    """Return the layout of the main thread; raises UnknownLayoutError, OSError."""
    if sys.implementation.name != "cpython" or "t" in getattr(sys, "abiflags", ""):
        raise UnknownLayoutError("no CPython with a GIL")
    memory = OwnMemory()
    try:
        own = memory.thread_state()
        layout = {**find_text(memory), **find_bytes(memory), "old_lines": OLD}
        layout |= find_code(memory)
        layout |= find_frame(memory)
        _check_own(memory, layout)
        layout["top"] = _find_top(memory, own)
        layout["thread"] = _find_main(memory, own)
        _check_main(memory, layout)
    finally:
        memory.close()
    return layout


def _find_top(memory: OwnMemory, thread: int) -> list[int]:
    """Return the offsets that lead from a thread's state to its running frame."""
    found = _tops(memory, thread)
    for nested in map(_tops, [memory], [thread]):  # called from C: another C frame
        found &= nested
    found = {path for path in found if len(path) == 1} or found
    if len(found) != 1:
        raise UnknownLayoutError(f"running frame: found at {len(found)} places")
    return list(found.pop())


def _tops(memory: OwnMemory, thread: int) -> set[tuple[int, ...]]:
    """Return the ways from a thread's state to the frame of this very function."""
    mine = place_of(memory, sys._getframe())  # noqa: SLF001
    wanted = mine.to_bytes(WORD, "little")
    pread, fd, buffer = memory.pread, memory.fd, memory.buffer
    view = memoryview(buffer)
    pread(fd, buffer, WINDOW, thread)
    words = struct.unpack_from(f"<{WINDOW // WORD}Q", view)
    found: set[tuple[int, ...]]
    found = {(at * WORD,) for at, word in enumerate(words) if word == mine}
    # From here on no function of Python's is called: it would be the running frame,
    # and what its call leaves on the stack names us too, unless it comes from C.
    next(map(_leave_nothing, (0,)))
    for at, word in enumerate(words):
        size = pread(fd, buffer, _INNER_WINDOW, word) if word > LOWEST_ADDRESS else 0
        inside = view[: max(size, 0)].tobytes().find(wanted)
        if inside >= 0 and not inside % WORD:
            found.add((at * WORD, inside))
    return found


def _leave_nothing(_: int) -> None:
    return


def _find_main(memory: OwnMemory, own: int) -> int:
    """Return the main thread's state: threads are linked with each other."""
    main = threading.main_thread().ident
    alive = set(sys._current_frames())  # noqa: SLF001
    ident_at = the_one(places_of(memory.read(own, WINDOW), get_ident()), "thread")
    seen, waiting = {own}, [own]
    while waiting and len(seen) < _THREADS:
        state = waiting.pop()
        window = memory.read(state, WINDOW)
        if word_at(window, ident_at) == main:
            return state
        for place in pointers_in(window):
            ident = word_at(look(memory, place, WINDOW), ident_at)
            if ident in alive and place not in seen:
                seen.add(place)
                waiting.append(place)
    raise UnknownLayoutError("the main thread is not to be found")


def _check_own(memory: OwnMemory, layout: dict[str, Any]) -> None:
    """Raise UnknownLayoutError unless this thread's stack is read as it is."""
    expected = []
    caller = sys._getframe(1)  # noqa: SLF001
    frame: FrameType | None = caller
    while frame is not None:
        code = frame.f_code
        expected.append((code.co_filename, frame.f_lineno, code.co_name))
        frame = frame.f_back
    found = tell(memory, layout, walk(memory, layout, place_of(memory, caller)))
    if found != expected[:DEEPEST]:
        raise UnknownLayoutError("the stack was read wrongly")


def _check_main(memory: OwnMemory, layout: dict[str, Any]) -> None:
    """Raise UnknownLayoutError unless the main thread's stack begins where it does."""
    for _ in range(_TRIES):  # it goes on meanwhile
        outermost = _outermost_code()
        try:
            codes = walk(memory, layout, running_frame(memory, layout))
        except OSError:
            continue
        if len(codes) == DEEPEST or any(code == outermost for code, _ in codes):
            return
    raise UnknownLayoutError("the main thread was read wrongly")


def _outermost_code() -> int:
    frame = sys._current_frames().get(threading.main_thread().ident or 0)  # noqa: SLF001
    while frame is not None and frame.f_back is not None:
        frame = frame.f_back
    return id(frame.f_code) if frame is not None else 0
