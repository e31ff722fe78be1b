"""Kernel lines without their prefixes, and whether a line speaks of the process."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from kerascrash.model.case import Case, LogLine, Process, Recording
from kerascrash.model.evidence import Evidence

# What stands before the message: /dev/kmsg, dmesg, dmesg -T, ISO, syslog, journal.
_PREFIX = re.compile(
    r"^\s*(?:<\d+>)?(?:\d{1,4},\d+,\d+,[^;]{0,40};"
    r"|(?:\S+ +){0,5}?(?:kernel|kern *:\w* *)(?:\[\d+\])?: ?(?:\[ *\d+\.\d+\] ?)?"
    r"|(?:kern *: ?\w+ *: ?)?(?:\[[^\]]{3,40}\]|[\d-]{10}T[\d:]{8},\d{6}\S{6}) ?"
    r"(?:\[ *[TC]\d+\] ?)?)"
)
# Names under which Python and its frameworks appear as a thread or process.
_PYTHONIC = re.compile(
    r"py(?:thon|test|charm)?|jupyter|ipykernel|ray::|ray|dask|gunicorn|uvicorn|celery|"
    r"tf_|tensorflow|torch|pt_main|train|keras|jax|xla|conda|spyder|cuda|data\s?loader|"
    r"loader|worker|mpi|horovod|streamlit|uwsgi|papermill",
    re.IGNORECASE,
)
NEAR_DEATH = 60.0  # seconds between a kernel line and the death it can explain
SAME_MOMENT = 5.0  # tight enough to tell processes of one name apart


def strip_prefix(text: str) -> str:
    """Return the kernel's message: no stamp, host name or level before it."""
    return _PREFIX.sub("", text, count=1).strip()


def kernel_lines(case: Case) -> Iterator[tuple[str, LogLine, str]]:
    """Yield (source, line, message) of every kernel line of the case, in order."""
    for log in case.logs:
        if log.kind == "kernel":
            for line in log.lines:
                yield log.source, line, strip_prefix(line.text)


def quote(source: str, line: LogLine, **data: Any) -> Evidence:
    """Return a kernel line as evidence."""
    return Evidence(
        f"{source}:{line.number}", source, line.text.strip()[:600], line.time,
        line.number, {k: v for k, v in data.items() if v is not None},
    )  # fmt: skip


def is_pythonic(name: str) -> bool:
    """Tell whether Python or one of its frameworks may go by this name."""
    return _PYTHONIC.search(name) is not None


def is_ours(
    case: Case,
    pid: int | None,
    comm: str,
    time: float | None,
    rss: int | None = None,
) -> float:
    """
    Return how likely (0…1) a kernel line with this pid and name is about the process.

    Kernel lines carry pids of the initial namespace and, for faults, thread ids; inside
    a container neither need match, so name, time and resident bytes stand in.
    """
    process = case.process
    if (
        time is not None
        and case.death is not None
        and abs(time - case.death) > NEAR_DEATH
    ):
        return 0.0
    if not isinstance(process, Process):
        return 1.0 if not comm or is_pythonic(comm) else 0.4
    if pid is not None and pid in _pids(case, process):
        return 1.0
    if comm and comm[:15] not in _names(case, process):
        return 0.0
    if time is None or case.death is None:
        return 0.3
    if abs(time - case.death) > SAME_MOMENT:
        return 0.0
    return 0.9 if _fits(case, rss) else 0.2


def is_another(case: Case, pid: int | None) -> bool:
    """
    Tell that a *process* id of the kernel log is surely not this process's.

    Only where the process is known to have lived in the initial pid namespace. A thread
    id (fault lines) may still be of a thread that nobody noted.
    """
    process = case.process
    if pid is None or not isinstance(process, Process):
        return False
    return process.pid_is_global is True and pid != process.pid


def _pids(case: Case, process: Process) -> set[int]:
    threads = _threads(case)
    own = {process.pid, *process.outer_pids}
    return own | {
        t["native_id"] for t in threads if isinstance(t.get("native_id"), int)
    }


def _names(case: Case, process: Process) -> set[str]:
    names = {str(t.get("name", ""))[:15] for t in _threads(case)}
    program = process.argv[0].rpartition("/")[2][:15] if process.argv else ""
    return {process.comm[:15], program, *names} - {""}


def _threads(case: Case) -> list[dict[str, Any]]:
    if not isinstance(case.recording, Recording):
        return []
    found = case.recording.stacks.get("threads", ())
    return [t for t in found if isinstance(t, dict)]


def _fits(case: Case, rss: int | None) -> bool:
    """Compare resident bytes with the last sample, where both are known."""
    if rss is None or not isinstance(case.recording, Recording):
        return True
    last = case.recording.last("rss")
    return last is None or 0.5 <= rss / max(last, 1) <= 2.0
