"""Which quantities a timeline shows, and how."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class RowKind:
    """
    What a row shows; lines are (name of the series, label, how it is drawn).

    ``says`` is the message in words: {first}, {last} of the main line.
    """

    title: str
    says: str
    lines: tuple[tuple[str, str, str], ...]
    height: int


KINDS = (
    RowKind("Memory of the process", "The process went from {first} to {last}", (
        ("cgroup_limit", "limit", "limit"),
        ("cgroup_current", "container", "second"),
        ("children_rss", "children", "third"),
        ("rss", "process", "main"),
    ), 190),
    RowKind("Memory of the machine", "The machine had {last} available at the end", (
        ("host_total", "installed", "limit"),
        ("host_available", "available", "main"),
    ), 80),
    RowKind(
        "Memory handed out by the framework",
        "What the framework's allocator had handed out went from {first} to {last}", (
        ("device_limit", "limit", "limit"),
        ("device_used", "used", "main"),
    ), 110),
)  # fmt: skip
_DEVICE = re.compile(r"device(\d+)_used")


def kinds_for(names: Iterable[str]) -> tuple[RowKind, ...]:
    """Return the rows for series of these names: those of any run, and the devices'."""
    found = [_DEVICE.fullmatch(name) for name in names]
    devices = sorted(int(match[1]) for match in found if match)
    return (*KINDS, *map(_device_kind, devices))


def _device_kind(index: int) -> RowKind:
    return RowKind(
        f"Memory of GPU {index}",
        f"The memory in use on GPU {index} went from {{first}} to {{last}}",
        (
            (f"device{index}_total", "limit", "limit"),
            (f"device{index}_others", "other processes", "second"),
            (f"device{index}_own", "this process", "third"),
            (f"device{index}_used", "in use", "main"),
        ),
        110,
    )
