"""All probes of this platform as one: what the recorder and the watcher use."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SUFFIX = "_linux" if sys.platform == "linux" else "_psutil"


class ProbeReader(Protocol):
    """What a module's ``PROBE(pid)`` returns."""

    def read(self, values: dict[str, int]) -> None:
        """Add the readings that can be taken now; bytes unless the name says else."""

    def describe_limits(self) -> dict[str, Any]:
        """Return what this probe knows of limits, for the environment's record."""

    def close(self) -> None:
        """Give the descriptors back."""


class ProbeSet:
    """Readers of one process; use from one thread at a time."""

    def __init__(self, readers: list[ProbeReader]) -> None:
        self._readers = readers

    def read(self) -> dict[str, int]:
        """Return the present readings; names as in the dump's sample fields."""
        values: dict[str, int] = {}
        for reader in self._readers:
            try:
                reader.read(values)
            except Exception:  # noqa: PERF203 - one bad reading must not cost the others
                continue
        return values

    def describe_limits(self) -> dict[str, Any]:
        """
        Return ``cgroup`` (version, path, levels with their limits), ``cgroup_limit``
        and ``pids_max`` (-1: none), as far as they exist here.
        """
        limits: dict[str, Any] = {}
        for reader in self._readers:
            try:
                limits.update(reader.describe_limits())
            except Exception:  # noqa: PERF203
                continue
        return limits

    def close(self) -> None:
        for reader in self._readers:
            try:
                reader.close()
            except Exception:  # noqa: PERF203
                continue
        self._readers = []


def open_probes(pid: int) -> ProbeSet:
    """Return a reader of everything this platform tells about ``pid``; never raises."""
    readers = []
    for make in find_probes():
        try:
            readers.append(make(pid))
        except Exception:  # noqa: PERF203
            continue
    return ProbeSet(readers)


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
