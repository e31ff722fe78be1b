"""Build cases of the analyzer from the documented shapes, one fact at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from kerascrash.model.case import (
    Case,
    ExitStatus,
    Log,
    LogLine,
    Mark,
    Process,
    Recording,
    Series,
)
from kerascrash.model.evidence import Unavailable

START = 1_795_441_402.0
MIB = 1 << 20
GIB = 1 << 30


@dataclass
class CaseBuilder:
    """
    A training that took 20 s: 400 MiB after its imports, and what a test adds.

    Bytes and seconds since the start; ``build`` gives the Case.
    """

    seconds: float = 20.0
    limit: int | None = 1536 * MIB
    host_total: int = 24 * GIB
    host_available: int = 20 * GIB
    pid: int = 4711
    state: str = "recording"
    exit: ExitStatus | Unavailable = field(
        default_factory=lambda: ExitStatus(signal=9, known_by="pidfd")
    )
    levels: list[tuple[float, int]] = field(
        default_factory=lambda: [(0.0, 50 * MIB), (3.0, 400 * MIB)]
    )
    asked: list[tuple[float, int]] = field(default_factory=list)
    others: list[tuple[float, int]] = field(default_factory=lambda: [(0.0, 0)])
    marks: list[Mark] = field(default_factory=list)
    progress: dict[str, Any] = field(default_factory=dict)
    inventory: dict[str, Any] = field(default_factory=dict)
    inventory_at: float = 19.8
    models: dict[str, Any] = field(default_factory=dict)
    stacks: dict[str, Any] = field(default_factory=dict)
    stacks_at: float = 19.9
    environment: dict[str, Any] = field(default_factory=dict)
    limits: dict[str, Any] = field(default_factory=dict)
    certificate: dict[str, Any] | None = field(default_factory=dict)
    kernel_lines: list[str] = field(default_factory=list)
    same_boot: bool | None = True
    extra: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.event(0.5, "stage_begin", stage="import")
        self.event(3.0, "stage_end", stage="import", ok=True)

    def event(self, at: float, kind: str, **data: Any) -> CaseBuilder:
        self.marks.append(Mark(START + at, kind, data))
        return self

    def grows(self, *points: tuple[float, float]) -> CaseBuilder:
        """Resident size in MiB at seconds; straight lines in between."""
        self.levels += [(at, int(size * MIB)) for at, size in points]
        return self

    def asks(self, at: float, size: int) -> CaseBuilder:
        """Virtual size goes up by ``size`` bytes at once, from 1 GiB."""
        self.asked.append((at, size))
        return self

    def runs(self, at: float, *, stage: str = "fit", **progress: Any) -> CaseBuilder:
        """A running stage begins at ``at``; ``progress`` is where it stood last."""
        self.event(at, "stage_begin", stage=stage)
        self.progress = {"stage": stage, "time": START + self.seconds, **progress}
        return self

    def holds(self, owner: str, size: int, **entry: Any) -> CaseBuilder:
        """Add an inventory entry of ``size`` bytes."""
        row = {"owner": owner, "bytes": size, "count": 1, "type": "ndarray", **entry}
        self.inventory.setdefault("entries", []).append(row)
        total = self.inventory.get("total_bytes", 0) + size
        self.inventory["total_bytes"] = total
        return self

    def holds_list(
        self, owner: str, each: int, counts: list[int], **entry: Any
    ) -> CaseBuilder:
        """Add a list that held ``counts`` elements at scans before ``inventory_at``."""
        first = self.inventory_at - len(counts) + 1
        history = [
            [count, START + first + number, count * each]
            for number, count in enumerate(counts)
        ]
        element = entry.pop("element", {"type": "EagerTensor", "dtype": "float32"})
        row = {
            "type": "list",
            "count": counts[-1],
            "kind": f"list of {counts[-1]:,} {element['type']}",
            "element": element,
            "history": history,
            "place_how": "append",
            "place": place(41, f"        {owner}.append(x)"),
            **entry,
        }
        return self.holds(owner, counts[-1] * each, **row)

    def at_line(
        self, source: str, *inner: tuple[str, str], line: int = 20
    ) -> CaseBuilder:
        """Set the main thread's stack: library (file, function), then the line."""
        library = [
            {"file": f"/venv/lib/python3.11/site-packages/{file}", "line": 1,
             "function": name, "user": False, "source": ""}
            for file, name in inner
        ]  # fmt: skip
        own = {"file": "/home/ada/train.py", "line": line, "function": "main",
               "user": True, "source": source}  # fmt: skip
        thread = {"name": "MainThread", "main": True, "frames": [*library, own],
                  "excerpt": [[line, source]]}  # fmt: skip
        self.stacks = {"threads": [thread]}
        return self

    def dies_of_limit(self, *, version: int = 1, **row: Any) -> CaseBuilder:
        """The certificate's counters prove the cgroup's own limit."""
        counters = (
            ({"oom_kill": 0}, {"oom_kill": 1})
            if version == 1
            else (
                {"oom": 0, "max": 0, "oom_kill": 0},
                {"oom": 1, "max": 4, "oom_kill": 1},
            )
        )
        self.counters(
            cgroups=[
                {
                    "path": "/job",
                    "version": version,
                    "limit": self.limit,
                    "current": self.limit,
                    "peak": self.limit,
                    "before": counters[0],
                    "after": counters[1],
                    **row,
                }
            ],
            kills=1,
        )
        return self

    def counters(self, *, cgroups: list[dict[str, Any]], kills: int) -> CaseBuilder:
        """Set the certificate's counters; ``kills`` is the machine's oom_kill delta."""
        assert self.certificate is not None
        self.certificate["oom"] = {
            "cgroups": cgroups,
            "vmstat_oom_kill": {"before": 3, "after": 3 + kills},
        }
        return self

    def build(self) -> Case:
        end = START + self.seconds
        kernel = tuple(
            LogLine(number, text, end)
            for number, text in enumerate(self.kernel_lines, 1)
        )
        recording = Recording(
            source="train.bin",
            state=self.state,
            series=self._series(),
            marks=tuple(sorted(self.marks, key=lambda mark: mark.time)),
            progress=self.progress,
            inventory=self.inventory,
            models=self.models,
            stacks=self.stacks,
            environment=self.environment,
            limits=self.limits,
            blob_times={
                "inventory": START + self.inventory_at,
                "stacks": START + self.stacks_at,
            },
            last_sample=end,
        )
        absent = Unavailable("death certificate", "none was written")
        return Case(
            platform="linux",
            exit=self.exit,
            process=Process(self.pid, ("python", "train.py"), "python", START),
            recording=recording,
            certificate=absent if self.certificate is None else self.certificate,
            logs=(Log("kernel", "dump:certificate", kernel),) if kernel else (),
            death=end,
            same_boot=self.same_boot,
        )

    def _series(self) -> tuple[Series, ...]:
        times = [number / 10 for number in range(int(self.seconds * 10) + 1)]
        rss = [between(self.levels, at) for at in times]
        used = [
            own + between(self.others, at) for own, at in zip(rss, times, strict=True)
        ]
        columns = {
            "rss": rss,
            "host_total": [self.host_total] * len(times),
            "host_available": [self.host_available] * len(times),
            **{name: [value] * len(times) for name, value in self.extra.items()},
        }
        if self.asked:
            columns["vms"] = [
                GIB + sum(size for when, size in self.asked if when <= at)
                for at in times
            ]
        if self.limit is not None:
            columns["cgroup_limit"] = [self.limit] * len(times)
            columns["cgroup_current"] = used
            columns["cgroup_headroom"] = [self.limit - size for size in used]
        stamps = tuple(START + at for at in times)
        return tuple(
            Series(name, "recorder", stamps, tuple(values))
            for name, values in columns.items()
        )


def between(points: list[tuple[float, int]], at: float) -> int:
    """Return the value at a time on the straight lines through the points."""
    rows = sorted(points)
    before = [row for row in rows if row[0] <= at][-1]
    after = next((row for row in rows if row[0] > at), None)
    if after is None:
        return before[1]
    share = (at - before[0]) / (after[0] - before[0])
    return int(before[1] + share * (after[1] - before[1]))


def place(line: int, source: str) -> dict[str, Any]:
    """Return a place as recorded, with one line of source."""
    return {"file": "/home/ada/train.py", "line": line, "function": "main",
            "excerpt": [[line, source]]}  # fmt: skip


@pytest.fixture
def training() -> Callable[..., CaseBuilder]:
    """Return a maker of case builders: ``training(seconds=5).grows((5, 900))``."""

    def make(**known: Any) -> CaseBuilder:
        return CaseBuilder(**known)

    return make


@pytest.fixture
def leaking(training: Callable[..., CaseBuilder]) -> CaseBuilder:
    """A list of 4 MB tensors that grew from 400 MiB to a limit of 1.5 GiB and died."""
    builder = training().grows((10, 400), (20, 1530))
    builder.runs(9, stage="custom", step=280)
    builder.holds_list(
        "history", 4_000_000, [10, 90, 180, 270], growth_bytes_per_step=4e6
    )
    return builder.dies_of_limit()
