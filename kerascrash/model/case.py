"""The Case: everything that is known of one death, before anybody judges it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kerascrash.model.core import CoreFile
from kerascrash.model.evidence import Damage, Unavailable


@dataclass(frozen=True, slots=True)
class ExitStatus:
    """
    How the process ended.

    ``code`` is the exit code of a normal exit, ``signal`` the number of the signal
    that ended it, ``ntstatus`` a Windows status; exactly one is set. ``known_by``
    says how: ``pidfd``, ``zombie``, ``parent``, ``given``, ``core``, ``inferred``.
    ``raw`` is the spelling that was given.
    """

    code: int | None = None
    signal: int | None = None
    ntstatus: int | None = None
    known_by: str = "given"
    raw: str = ""
    core_dumped: bool = False


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of a log, without its end; ``time`` is Unix seconds if it tells."""

    number: int
    text: str
    time: float | None = None


@dataclass(frozen=True, slots=True)
class Log:
    """
    The lines of one log that were kept (huge logs are reduced while reading).

    ``kind`` is ``kernel``, ``stderr`` (output of the program and its shell),
    ``system`` (scheduler, orchestrator, daemons), or ``crash_report``.
    """

    kind: str
    source: str
    lines: tuple[LogLine, ...]
    complete: bool = True
    total_lines: int | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """
    One measured quantity over time: Unix seconds and bytes (or the unit in the name).

    ``name`` is the field's name in the dump (``rss``, ``cgroup_current``); ``origin``
    is ``recorder`` or ``watcher``. Times ascend. Absent readings are left out.
    """

    name: str
    origin: str
    times: tuple[float, ...]
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened at a time: an event of the dump, in Unix seconds."""

    time: float
    kind: str  # name of the records.EventKind in lower case, e.g. "stage_begin"
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Process:
    """
    Who died; ``start`` in Unix seconds.

    ``pid_is_global``: the pid is the one that the kernel log uses (True), that of a
    nested pid namespace (False), or nobody knows (None).
    """

    pid: int
    argv: tuple[str, ...] = ()
    comm: str = ""
    start: float | None = None
    boot_id: str = ""
    uid: int | None = None
    outer_pids: tuple[int, ...] = ()  # NSpid of the outer pid namespaces
    script: str = ""
    cwd: str = ""
    is_main: bool = True
    pid_is_global: bool | None = None


@dataclass(frozen=True, slots=True)
class Recording:
    """
    What a dump tells, decoded.

    ``inventory``, ``models``, ``stacks``, ``environment``, ``pipelines``, ``limits``,
    ``allocators`` and ``devices`` are the newest blobs of that name as written (their
    shape is documented where they are written); ``progress`` is the newest progress
    record as a mapping. ``state`` is the dump's state. ``last_sample`` is Unix seconds
    of the newest reading of anybody.
    """

    source: str
    state: str
    series: tuple[Series, ...] = ()
    marks: tuple[Mark, ...] = ()
    progress: Mapping[str, Any] = field(default_factory=dict)
    inventory: Mapping[str, Any] = field(default_factory=dict)
    models: Mapping[str, Any] = field(default_factory=dict)
    stacks: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, Any] = field(default_factory=dict)
    pipelines: Mapping[str, Any] = field(default_factory=dict)
    limits: Mapping[str, Any] = field(default_factory=dict)
    allocators: Mapping[str, Any] = field(default_factory=dict)
    devices: Mapping[str, Any] = field(default_factory=dict)
    blob_times: Mapping[str, float] = field(default_factory=dict)
    last_sample: float | None = None

    def find_series(self, name: str) -> Series | None:
        """Return the series of that name read last, the watcher's first."""
        found = [s for s in self.series if s.name == name and s.times]
        return max(
            found, key=lambda s: (s.times[-1], s.origin == "watcher"), default=None
        )

    def last(self, name: str) -> int | None:
        """Return the newest reading of that name, or None."""
        series = self.find_series(name)
        return series.values[-1] if series else None


@dataclass(frozen=True, slots=True)
class Case:
    """
    All evidence about one death; rules see only this.

    ``certificate`` is the watcher's certificate as written (see watch/certificate.py).
    ``death`` is Unix seconds, as well as it is known. ``same_boot`` is False when the
    machine that reads is known to have booted since, None when it cannot be told.
    ``traces`` is reserved for profiler traces and allocator maps. ``core`` is what the
    notes of a core file tell; ``unavailable`` says why there is none.
    """

    platform: str
    exit: ExitStatus | Unavailable
    process: Process | Unavailable
    recording: Recording | Unavailable
    certificate: Mapping[str, Any] | Unavailable
    logs: tuple[Log, ...] = ()
    death: float | None = None
    same_boot: bool | None = None
    traces: tuple[Any, ...] = ()
    core: CoreFile | None = None
    children: tuple[Case, ...] = ()
    damage: tuple[Damage, ...] = ()
    unavailable: tuple[Unavailable, ...] = ()
