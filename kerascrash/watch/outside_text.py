"""The stack read from outside as the certificate tells it, with source text."""

from __future__ import annotations

import os
import time

from kerascrash.dump.clock import now_ns
from kerascrash.probes.user_files import belongs_to_user

TYPE_CHECKING = False  # importing typing would cost the companion 1 MiB
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from kerascrash.watch.outside import Outside

_INNERMOST, _OUTERMOST, _SOURCED = 40, 10, 12
_AROUND, _LONGEST_LINE, _LARGEST = 5, 200, 512 << 10


def describe_stack(
    outside: Outside, environment: Mapping[str, Any], begun_ns: int
) -> dict[str, Any] | None:
    """
    Return ``time`` (Unix seconds), ``thread``, ``frames`` and ``excerpt``, or None.

    Frames and excerpt are as in the recorder's blob ``stacks``. Of a file that was
    changed after the process began (``begun_ns``, Unix) no text is shown.
    """
    if outside.newest is None:
        return None
    taken, places = outside.newest
    library, path = outside.about.get("library") or (), outside.about.get("path") or ()
    own = tuple(library)[:1]
    settings = environment.get("settings")
    wanted = not isinstance(settings, dict) or settings.get("source") is not False
    texts = _Texts(str(environment.get("cwd") or "/"), begun_ns if wanted else 0)
    rows: list[dict[str, Any]] = []
    excerpt: list[list[Any]] = []
    sourced = 0
    for file, line, function in places:
        if file.startswith(own):
            continue
        user = belongs_to_user(file, library, path)
        row = {"file": file, "line": line, "function": function, "user": user}
        lines = texts.around(file, line) if user and sourced < _SOURCED else []
        sourced += user
        excerpt = excerpt if excerpt or sourced > 1 else lines
        row["source"] = next((t.strip() for n, t in lines if n == line), None)
        rows.append(row)
    if len(rows) > _INNERMOST + _OUTERMOST:
        rows = rows[:_INNERMOST] + rows[-_OUTERMOST:]
    when = time.time() - (now_ns() - taken) / 1e9
    return {"time": when, "thread": "main", "frames": rows, "excerpt": excerpt}


class _Texts:
    """Lines of source files that have not changed since; nothing where that is 0."""

    def __init__(self, folder: str, since_ns: int) -> None:
        self._folder = folder
        self._since_ns = since_ns
        self._read: dict[str, list[str]] = {}

    def around(self, file: str, line: int) -> list[list[Any]]:
        """Return ``[number, text]`` of the lines around one."""
        if file not in self._read:
            self._read[file] = self._lines(os.path.join(self._folder, file))
        lines = self._read[file]
        first, last = max(1, line - _AROUND), min(len(lines), line + _AROUND)
        return [[n, lines[n - 1][:_LONGEST_LINE]] for n in range(first, last + 1)]

    def _lines(self, file: str) -> list[str]:
        try:
            status = os.stat(file)
            if status.st_mtime_ns > self._since_ns or status.st_size > _LARGEST:
                return []
            with open(file, encoding="utf-8", errors="replace") as stream:
                return stream.read(_LARGEST).splitlines()
        except (OSError, ValueError):
            return []
