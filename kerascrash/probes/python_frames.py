"""
The Python stack of one thread of another process, read from that process's memory.

Where things lie is told by a layout, which the process has found out about itself (see
``record/frame_layout.py``): nothing of CPython's structures is written down here.
Keys, offsets in bytes: ``thread`` (address of the thread's state), ``top`` (offsets to
follow from there to the running frame), ``frame_code``, ``frame_back``, ``frame_last``,
``code_begin`` (0: ``frame_last`` is an index, else an address), ``type``, ``code_type``
(address), ``code_file``, ``code_name``, ``code_first``, ``code_lines``,
``text_length``, ``text_state``, ``text_mask``, ``text_kinds`` ([state, bytes per
character, begin of the text]), ``bytes_length``, ``bytes_data``, ``old_lines``.
"""

from __future__ import annotations

from kerascrash.probes.foreign_memory import WORD, word_at
from kerascrash.probes.line_table import find_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from kerascrash.probes.foreign_memory import ForeignMemory

DEEPEST = 100
"""Frames, counted from the innermost."""
_LONGEST_TEXT, _LONGEST_TABLE = 4096, 1 << 18
_CODECS = {1: "latin-1", 2: "utf-16-le", 4: "utf-32-le"}
_UNIT = 2
_SHIM = "<shim>"
"""Python 3.12's file of the code that stands between C and Python."""


class TornError(Exception):
    """The thread went on while it was read."""


def read_stack(
    memory: ForeignMemory, layout: Mapping[str, Any]
) -> list[tuple[str, int, str]]:
    """
    Return (file, line, function) from the innermost frame out.

    Raises TornError, OSError (something is not there), and KeyError, TypeError or
    ValueError for a layout that is none.
    """
    frames = walk(memory, layout, running_frame(memory, layout))
    places = tell(memory, layout, frames)
    if walk(memory, layout, running_frame(memory, layout)) != frames:
        raise TornError
    return places


def tell(
    memory: ForeignMemory, layout: Mapping[str, Any], frames: list[tuple[int, int]]
) -> list[tuple[str, int, str]]:
    """Return (file, line, function) of what ``walk`` has returned; raises OSError."""
    known = {code: _Code(memory, layout, code) for code, _ in frames}
    places = [known[code].place(last) for code, last in frames]
    return [place for place in places if place[0] != _SHIM]


def running_frame(memory: ForeignMemory, layout: Mapping[str, Any]) -> int:
    """Return the address of the thread's innermost frame, 0 where it runs none."""
    address: int = layout["thread"]
    for offset in layout["top"]:
        address = memory.read_word(address + offset)
    return address


def walk(
    memory: ForeignMemory, layout: Mapping[str, Any], address: int
) -> list[tuple[int, int]]:
    """
    Return (address of the code, byte of its running instruction) of each frame.

    From the one at ``address`` out; errors as in ``read_stack``.
    """
    code_at, back, last_at = (
        layout[f"frame_{part}"] for part in ("code", "back", "last")
    )
    size = max(code_at, back, last_at) + WORD
    found: list[tuple[int, int]] = []
    for _ in range(2 * DEEPEST):
        if not address or len(found) >= DEEPEST:
            break
        frame = memory.read(address, size)
        code = word_at(frame, code_at)
        # Between C and Python there may be a frame without code of its own.
        if _is_code(memory, layout, code):
            found.append((code, _last(frame, code, last_at, layout["code_begin"])))
        address = word_at(frame, back)
    return found


def _is_code(memory: ForeignMemory, layout: Mapping[str, Any], address: int) -> bool:
    kind = memory.read_word(address + layout["type"])
    return bool(kind == layout["code_type"])


def _last(frame: bytes, code: int, at: int, begin: int) -> int:
    if begin:
        return word_at(frame, at) - code - begin
    return int.from_bytes(frame[at : at + 4], "little", signed=True) * _UNIT


class _Code:
    """What is told by a code object."""

    def __init__(
        self, memory: ForeignMemory, layout: Mapping[str, Any], address: int
    ) -> None:
        at = {
            part: layout[f"code_{part}"] for part in ("file", "name", "first", "lines")
        }
        data = memory.read(address, max(at.values()) + WORD)
        self._first = word_at(data, at["first"], 4)
        self._file = _read_text(memory, layout, word_at(data, at["file"]))
        self._name = _read_text(memory, layout, word_at(data, at["name"]))
        self._table = _read_bytes(memory, layout, word_at(data, at["lines"]))
        self._old = bool(layout["old_lines"])

    def place(self, last: int) -> tuple[str, int, str]:
        line = find_line(self._table, self._first, last, old=self._old)
        return self._file, line, self._name


def _read_text(memory: ForeignMemory, layout: Mapping[str, Any], address: int) -> str:
    state = layout["text_state"]
    head = memory.read(address, max(state, layout["text_length"]) + WORD)
    length = _checked(word_at(head, layout["text_length"]), _LONGEST_TEXT)
    kind = head[state] & layout["text_mask"]
    for key, width, begin in layout["text_kinds"]:
        if key == kind:
            raw = memory.read(address + begin, length * width) if length else b""
            return raw.decode(_CODECS[width], "replace")
    raise OSError("no text")


def _read_bytes(
    memory: ForeignMemory, layout: Mapping[str, Any], address: int
) -> bytes:
    at = layout["bytes_length"]
    length = _checked(memory.read_word(address + at), _LONGEST_TABLE)
    return memory.read(address + layout["bytes_data"], length) if length else b""


def _checked(length: int, longest: int) -> int:
    if length > longest:
        raise OSError("no length")
    return length
