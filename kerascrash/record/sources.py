"""
Source text of the user's files: read once, kept small, never what was edited later.

A file that has changed since it was first read here is no longer what is running; its
first text is used if it was kept, else none. ``KERASCRASH_SOURCE=0``: no text leaves.
"""

from __future__ import annotations

import linecache
import os
import zlib

from kerascrash.record.cells import hidden_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LARGEST = 512 << 10
KEPT = 512 << 10
"""Compressed bytes of source text kept in all."""
AROUND = 5
LONGEST_LINE = 200

_kept: dict[str, bytes] = {}
_stamps: dict[str, tuple[int, int]] = {}


def source_is_wanted() -> bool:
    """Return whether the user lets source lines into the dump."""
    return os.environ.get("KERASCRASH_SOURCE", "1").strip().lower() not in {
        "0", "false", "no", "off", "",
    }  # fmt: skip


def read_source(file: str) -> str:
    """Return the text of a source file as it was when first read; empty if unknown."""
    file = hidden_file(file)
    if file.startswith("<") or not os.path.isabs(file):
        return _from_linecache(file)
    if file in _kept:
        return zlib.decompress(_kept[file]).decode("utf-8", "replace")
    try:
        status = os.stat(file)
        stamp = (status.st_mtime_ns, status.st_size)
        if status.st_size > LARGEST or _stamps.setdefault(file, stamp) != stamp:
            return ""
        with open(file, "rb") as stream:
            raw = stream.read(LARGEST)
    except (OSError, ValueError):
        return _from_linecache(file)
    packed = zlib.compress(raw, 1)
    if sum(map(len, _kept.values())) + len(packed) <= KEPT:
        _kept[file] = packed
    return raw.decode("utf-8", "replace")


def _from_linecache(file: str) -> str:
    """Return text that lives in no file: notebook cells, ``python -c``."""
    lines = linecache.cache.get(file)
    if lines is None or len(lines) < 3:
        path = os.path.abspath(file)
        return read_source(path) if path != file and os.path.isfile(path) else ""
    return "".join(str(line) for line in lines[2])


def excerpt(file: str, line: int) -> list[list[Any]]:
    """Return ``[number, text]`` of the lines around ``line``, if they can be had."""
    if not source_is_wanted() or line < 1:
        return []
    try:
        lines = read_source(file).splitlines()
    except Exception:
        return []
    first, last = max(1, line - AROUND), min(len(lines), line + AROUND)
    return [[n, lines[n - 1][:LONGEST_LINE]] for n in range(first, last + 1)]


def source_line(file: str, line: int) -> str | None:
    """Return one line, stripped; None if it is not to be had."""
    for number, text in excerpt(file, line):
        if number == line:
            return str(text).strip()
    return None
