"""Which quantities a timeline shows, and how."""

from __future__ import annotations

from dataclasses import dataclass


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
    RowKind("Memory of the GPU", "GPU memory in use went from {first} to {last}", (
        ("device_limit", "limit", "limit"),
        ("device_used", "used", "main"),
    ), 110),
)  # fmt: skip
