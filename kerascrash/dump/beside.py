"""
What lies beside a dump: profile windows and allocator maps, in ``<dump>.traces``.

The folder belongs to its dump: it is moved with it, counted with it and removed with
it. Laid out as TensorBoard expects a log directory.
"""

from __future__ import annotations

import contextlib
import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

TRACES_SUFFIX = ".traces"
WINDOWS = os.path.join("plugins", "profile")
"""Where TensorBoard looks for profiling sessions, one folder each."""
PROFILES = "memory"
"""What JAX tells of its live buffers, one file each time."""
PARTIAL = "window.partial"
"""Where a window is written; it is moved to its place when it is complete."""
MAPS = "maps"
MAP_PREFIX = "map"
MOST_MAP_BYTES = 64 << 20
_DEEPEST = 6


def traces_folder(dump: str) -> str:
    """Return the folder of a dump (a ``.bin`` or the ``.gz`` of one)."""
    return dump.removesuffix(".gz") + TRACES_SUFFIX


def remove_traces(dump: str) -> None:
    """Delete the folder of a dump with all that is in it; never raises."""
    remove_tree(traces_folder(dump))


def remove_tree(folder: str) -> None:
    """Delete a folder of ours; links in it are not followed. Never raises."""
    _remove(folder, _DEEPEST)


def _remove(folder: str, depth: int) -> None:
    with contextlib.suppress(OSError):
        if stat.S_ISDIR(os.lstat(folder).st_mode) and depth:
            for name in os.listdir(folder):
                _remove(os.path.join(folder, name), depth - 1)
            os.rmdir(folder)
        else:
            os.unlink(folder)


def size_of_traces(dump: str) -> int:
    """Return the bytes of the files in a dump's folder, 0 where there is none."""
    return sum(size for _, size in _files(traces_folder(dump), _DEEPEST))


def _files(folder: str, depth: int) -> Iterator[tuple[str, int]]:
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):
            path = os.path.join(folder, name)
            facts = os.lstat(path)
            if stat.S_ISREG(facts.st_mode):
                yield path, facts.st_size
            elif stat.S_ISDIR(facts.st_mode) and depth:
                yield from _files(path, depth - 1)


def thin_out_maps(dump: str) -> None:
    """
    Keep of each allocator's maps the first and the last; never raises.

    TensorFlow writes one at each attempt of a request that fails, for 10 s or more, and
    names it ``<prefix>_<allocator>.<microseconds>``. Where two are too much for
    MOST_MAP_BYTES the last one stays.
    """
    maps: dict[str, list[tuple[str, int]]] = {}
    for path, size in _files(os.path.join(traces_folder(dump), MAPS), 0):
        allocator, _, stamp = path.rpartition(".")
        if stamp.isdigit():
            maps.setdefault(allocator, []).append((path, size))
    for found in maps.values():
        found.sort(key=lambda one: int(one[0].rpartition(".")[2]))
        spared = found[:1] + found[-1:]
        if sum(size for _, size in spared) > MOST_MAP_BYTES:
            spared = found[-1:]
        for path, _ in found:
            if path not in (spared[0][0], spared[-1][0]):
                with contextlib.suppress(OSError):
                    os.unlink(path)


def tidy_traces(dump: str) -> None:
    """Leave of a dead process's folder what is complete; never raises."""
    thin_out_maps(dump)
    folder = traces_folder(dump)
    remove_tree(os.path.join(folder, PARTIAL))
    for empty in (os.path.join(folder, MAPS), folder):
        with contextlib.suppress(OSError):
            os.rmdir(empty)


def move_traces(dump: str, final: str) -> None:
    """Move the folder of a dump that is moved, also to another disk; never raises."""
    import shutil

    source, target = traces_folder(dump), traces_folder(final)
    if os.path.isdir(source):
        with contextlib.suppress(OSError, shutil.Error):
            shutil.move(source, target)
