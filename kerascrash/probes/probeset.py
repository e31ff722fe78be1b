"""All probes of this platform as one: what the recorder and the watcher use."""

from __future__ import annotations

import os
import sys
from importlib import import_module

TYPE_CHECKING = False  # importing typing would cost every armed script 5 ms
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from kerascrash.probes.reader import ProbeReader

SUFFIX = "_linux" if sys.platform == "linux" else "_psutil"


class ProbeSet:
    """Readers of one process; use from one thread at a time."""

    def __init__(self, pid: int, readers: list[ProbeReader]) -> None:
        self._pid = pid
        self._readers = readers

    def read(self) -> dict[str, int]:
        """Return the present readings; names as in the dump's sample fields."""
        values: dict[str, int] = {}
        for reader in self._readers:
            try:
                reader.read(values)
            except Exception:
                continue
        return values

    def describe_limits(self) -> dict[str, Any]:
        """
        Return ``cgroup`` (version, path, levels with their limits), ``cgroup_limit``
        and ``pids_max`` (-1: none), as far as they exist here.
        """
        if sys.platform != "linux":
            return {}
        try:
            from kerascrash.probes.cgroup_limits import describe_limits

            return describe_limits(self._pid)
        except Exception:
            return {}

    def close(self) -> None:
        for reader in self._readers:
            try:
                reader.close()
            except Exception:
                continue
        self._readers = []


def open_probes(pid: int) -> ProbeSet:
    """Return a reader of everything this platform tells about ``pid``; never raises."""
    readers = []
    for make in find_probes():
        try:
            readers.append(make(pid))
        except Exception:
            continue
    return ProbeSet(pid, readers)


def find_probes() -> Iterator[Callable[[int], ProbeReader]]:
    """Walk this package for the probes of the platform (pkgutil costs 3 ms more)."""
    try:
        names = sorted(os.listdir(os.path.dirname(__file__)))
    except OSError:
        return
    for name in names:
        if name.endswith(SUFFIX + ".py"):
            try:
                yield import_module(f"kerascrash.probes.{name[:-3]}").PROBE
            except Exception:
                continue
