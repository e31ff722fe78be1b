"""Where the parts of code objects and frames lie, by looking at some of our own."""

from __future__ import annotations

import sys

from kerascrash.probes.foreign_memory import WORD, ForeignMemory, word_at
from kerascrash.record.own_memory import (
    OwnMemory,
    UnknownLayoutError,
    in_all,
    look,
    places_of,
    pointers_in,
    the_one,
)
from kerascrash.record.text_layout import find_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType, FrameType

WINDOW = 256
_FRAME_WINDOW, _INNER_WINDOW = 112, 64
_FRAMES = 4
_UNIT = 2
OLD = sys.version_info < (3, 11)
"""Frames are objects, and instructions are counted."""


def find_code(memory: OwnMemory) -> dict[str, int]:
    """Return the layout of code objects; raises UnknownLayoutError."""
    codes: list[CodeType] = [
        OwnMemory.read.__code__,  # a method: its name is not its qualified name
        ForeignMemory.close.__code__,
        OwnMemory.thread_state.__code__,
        find_text.__code__,
    ]
    heads = [(memory.read(id(code), WINDOW), code) for code in codes]

    def where(name: str) -> int:
        found = [places_of(head, id(getattr(code, name))) for head, code in heads]
        return in_all(found, name)

    first = [places_of(head, code.co_firstlineno, 4) for head, code in heads]
    kind = type(codes[0])
    return {
        "code_type": id(kind),
        "type": in_all([places_of(head[:32], id(kind)) for head, _ in heads], "type"),
        "code_file": where("co_filename"),
        "code_name": where("co_name"),
        "code_lines": where("co_linetable"),
        "code_first": in_all(first, "co_firstlineno"),
    }


def find_frame(memory: OwnMemory) -> dict[str, int]:
    """
    Return the layout of frames; raises UnknownLayoutError.

    By frames that called each other directly: between those that C called, Python 3.12
    and later put one that is nobody's.
    """
    return _called_by(memory, _FRAMES - 1)


def _called_by(memory: OwnMemory, more: int) -> dict[str, int]:
    if more > 1:
        return _called_by(memory, more - 1)
    return _by_frames(memory, sys._getframe())  # noqa: SLF001


def _by_frames(memory: OwnMemory, frame: FrameType) -> dict[str, int]:
    """Return the layout by ``frame`` and its callers: they wait, nothing changes."""
    frames: list[FrameType] = []
    outer: FrameType | None = frame
    while outer is not None and len(frames) < _FRAMES:
        frames.append(outer)
        outer = outer.f_back
    places = [place_of(memory, each) for each in frames]
    rows = [memory.read(place, _FRAME_WINDOW) for place in places]
    pairs = list(zip(rows, frames, strict=True))
    backs = [places_of(a, b) for a, b in zip(rows, places[1:], strict=False)]
    found = {
        "frame_code": in_all([places_of(r, id(f.f_code)) for r, f in pairs], "f_code"),
        "frame_back": in_all(backs, "f_back"),
    }
    if OLD:
        lasts = [places_of(row, each.f_lasti // _UNIT, 4) for row, each in pairs]
        return {**found, "frame_last": in_all(lasts, "f_lasti"), "code_begin": 0}
    return {**found, **_find_last(pairs)}


def place_of(memory: OwnMemory, frame: FrameType) -> int:
    """Return where the interpreter keeps a frame: in 3.10 the frame object itself."""
    if OLD:
        return id(frame)
    names = {id(frame), id(frame.f_code)}
    found = []
    for place in pointers_in(memory.read(id(frame), _INNER_WINDOW)):
        inside = look(memory, place, _FRAME_WINDOW)
        if all(places_of(inside, name) for name in names):
            found.append(place)
    return the_one(found, "frame")


def _find_last(pairs: list[tuple[bytes, FrameType]]) -> dict[str, int]:
    """Return where the running instruction stands, and what it counts from."""
    found: list[set[tuple[int, int]]] = []
    for row, frame in pairs:
        base = id(frame.f_code) + frame.f_lasti
        differences = ((at, word_at(row, at) - base) for at in range(0, len(row), WORD))
        found.append({pair for pair in differences if 0 < pair[1] < WINDOW})
    common = set.intersection(*found)
    if len(common) != 1:
        raise UnknownLayoutError(f"instruction: found at {len(common)} places")
    at, begin = common.pop()
    return {"frame_last": at, "code_begin": begin}
