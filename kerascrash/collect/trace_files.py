"""Find profiler traces and allocator maps in a folder: bounded, newest first."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from kerascrash.collect.bfc_map import looks_like_map
from kerascrash.dump.beside import PARTIAL

XPLANE, MEMORY_PROFILE, CHROME, MAP = "xplane", "memory_profile", "trace_events", "map"
PPROF, TORCH = "pprof", "torch_pools"
_SUFFIXES = {
    ".xplane.pb": XPLANE,
    ".xplane.pb.gz": XPLANE,
    ".memory_profile.json.gz": MEMORY_PROFILE,
    ".memory_profile.json": MEMORY_PROFILE,
    ".trace.json.gz": CHROME,
    ".trace.json": CHROME,
    ".prof": PPROF,
    ".torch_pools.json": TORCH,
}
_SESSION = re.compile(r"\d{4}_\d\d_\d\d_\d\d_\d\d_\d\d")
_MOST_FILES = 48
_MOST_MAPS = 64
_MOST_ENTRIES = 100_000
_DEEPEST = 12


@dataclass(frozen=True, slots=True)
class TraceFile:
    """A file that may be evidence, by its name; ``session`` is its folder's."""

    path: str
    kind: str
    session: str = ""


def kind_of(path: str) -> str:
    """Return what a file is by its name, nothing when it tells nothing."""
    name = os.path.basename(path)
    for suffix, kind in _SUFFIXES.items():
        if name.endswith(suffix):
            return kind
    return MAP if looks_like_map(name) else ""


def find_trace_files(root: str) -> tuple[list[TraceFile], int]:
    """
    Return the files under ``root``, newest session first, and how many were left out.

    A file named by the user is taken for what its name says, else for a trace.
    """
    if os.path.isfile(root):
        return [TraceFile(root, kind_of(root) or XPLANE)], 0
    found: list[TraceFile] = []
    seen, base = 0, root.rstrip(os.sep).count(os.sep)
    for folder, folders, names in os.walk(root):
        if folder.count(os.sep) - base >= _DEEPEST:
            folders.clear()
        if PARTIAL in folders:  # a window that the death cut short
            folders.remove(PARTIAL)
        seen += len(names)
        if seen > _MOST_ENTRIES:
            break
        found += [
            _make(folder, name, kind) for name in names if (kind := kind_of(name))
        ]
    found.sort(key=_age, reverse=True)
    found = _without_doubles(found)
    traces = [one for one in found if one.kind != MAP]
    maps = [one for one in found if one.kind == MAP]
    kept = traces[:_MOST_FILES] + maps[:_MOST_MAPS]
    return kept, len(found) - len(kept)


def _make(folder: str, name: str, kind: str) -> TraceFile:
    session = os.path.basename(folder)
    if not _SESSION.fullmatch(session):
        session = folder if kind != MAP else ""
    return TraceFile(os.path.join(folder, name), kind, session)


def _age(file: TraceFile) -> tuple[float, str]:
    """Sort by the file's date: only what is read first depends on it."""
    try:
        return os.stat(file.path).st_mtime, file.path
    except OSError:
        return 0.0, file.path


def _without_doubles(files: list[TraceFile]) -> list[TraceFile]:
    """Leave out side files of a host whose trace lies beside them: the same again."""
    whole = {(one.session, _host(one)) for one in files if one.kind == XPLANE}
    return [
        one
        for one in files
        if one.kind in (XPLANE, MAP, PPROF, TORCH)
        or (one.session, _host(one)) not in whole
    ]


def _host(file: TraceFile) -> str:
    name = os.path.basename(file.path)
    return next((name.removesuffix(s) for s in _SUFFIXES if name.endswith(s)), name)
