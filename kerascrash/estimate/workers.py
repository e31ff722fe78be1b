"""
Worker processes whose loss ended the program: the exception only reports it.

Pools and data loaders end the rest of their workers with SIGTERM once one is lost, so
the one that matters is the one that another signal ended.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from signal import strsignal, valid_signals

from kerascrash.estimate.resident import certificate_of
from kerascrash.estimate.timeline import recording_of
from kerascrash.model.case import Case, Mark, Process
from kerascrash.model.evidence import Unavailable

_REPORTS_LOSS = re.compile(
    r"BrokenProcessPool|BrokenExecutor|TerminatedWorkerError|ProcessExitedException"
    r"|worker.{0,60}(?:killed|died|terminated|exited)|terminated abruptly",
    re.IGNORECASE,
)
_NAMED = re.compile(
    r"worker \(pid(?:\(s\))? (?P<pids>\d[\d, ]{0,200})\) "
    r"(?:is killed by signal: (?P<signal>[A-Z][\w ]{0,40})|exited unexpectedly)"
)
_PID = re.compile(r"\d{1,10}")
_SIGNALS = {
    (strsignal(number) or "").lower(): int(number) for number in valid_signals()
}
_KILLED = re.compile(r"\b[Kk]illed process (?P<pid>\d+)\b")
_BROKEN = frozenset({
    "ConnectionResetError", "ConnectionRefusedError", "BrokenPipeError", "EOFError",
    "FileNotFoundError",
})  # fmt: skip
_CHANNEL = re.compile(r"[\\/]multiprocessing[\\/]\w+\.py$")
_AFRESH = re.compile(r"\bmultiprocessing[. ](?:spawn|forkserver)\b")
_NEAR_S = 60.0
_SIGKILL, _SIGTERM = 9, 15


@dataclass(frozen=True, slots=True)
class LostWorker:
    """One child that was lost; ``signal`` None: not known; ``case`` from its ring."""

    pid: int
    signal: int | None
    time: float | None
    case: Case | None


def lost_workers(case: Case) -> tuple[LostWorker, ...]:
    """Return the workers that were lost, if an uncaught exception says that one was."""
    mark = _report(case)
    if mark is None:
        return ()
    by_pid = _rings(case)
    rows = certificate_of(case).get("children") or ()
    seen = tuple(
        LostWorker(pid, row.get("signal"), row.get("time"), by_pid.get(pid))
        for row in rows
        if isinstance(pid := row.get("pid"), int)
        and isinstance(row.get("signal"), int)
        and row["signal"] != _SIGTERM
        and _is_near(row.get("time"), mark)
    )
    if seen or not _says_so(mark):
        return seen
    known = {row.get("pid") for row in rows}
    told = tuple(
        LostWorker(pid, number, mark.time, by_pid.get(pid))
        for pid, number in _told(mark)
        if pid not in known and number != _SIGTERM
    )
    if told or rows:
        return told
    # Nobody watched: rings that stop in mid-run are all that is left of the workers.
    return tuple(
        LostWorker(pid, None, child.death, child)
        for pid, child in by_pid.items()
        if _is_near(child.death, mark)
    )


def spawned(case: Case) -> bool:
    """
    Tell whether every worker seen was started afresh, so that it inherited nothing.

    multiprocessing hands ``spawn_main`` or ``forkserver`` to a fresh interpreter.
    """
    known = [child.process for child in case.children]
    starts = [" ".join(one.argv) for one in known if isinstance(one, Process)]
    return bool(starts) and all(map(_AFRESH.search, starts))


def channel_broke(case: Case) -> bool:
    """Tell whether the channel to a worker broke, and nobody knows of which and why."""
    mark = _report(case)
    unwatched = isinstance(case.certificate, Unavailable)
    return unwatched and mark is not None and _broke_off(mark)


def killed_for_memory(case: Case) -> tuple[LostWorker, ...]:
    """
    Return the workers that the kernel killed for memory while the program went on.

    A ``multiprocessing.Pool`` starts new ones and waits for ever for what the dead were
    to return, so no exception tells of them; the kernel's lines do, by their pid.
    """
    by_pid = _rings(case)
    killed = {
        int(found["pid"])
        for log in case.logs
        if log.kind == "kernel"
        for line in log.lines
        if (found := _KILLED.search(line.text))
    }
    return tuple(
        LostWorker(pid, _SIGKILL, row.get("time"), by_pid.get(pid))
        for row in certificate_of(case).get("children") or ()
        if isinstance(pid := row.get("pid"), int)
        and row.get("signal") == _SIGKILL
        and pid in killed
    )


def _rings(case: Case) -> dict[int, Case]:
    """Return the children that left a ring, by their pid."""
    return {
        child.process.pid: child
        for child in case.children
        if isinstance(child.process, Process)
    }


def _report(case: Case) -> Mark | None:
    recording = recording_of(case)
    for mark in reversed(recording.marks if recording else ()):
        if mark.kind == "exception":
            return mark if _says_so(mark) or _broke_off(mark) else None
    return None


def _says_so(mark: Mark) -> bool:
    said = f"{mark.data.get('type')}: {mark.data.get('message')}"
    return _REPORTS_LOSS.search(said) is not None


def _told(mark: Mark) -> list[tuple[int, int | None]]:
    """Return pid and signal of each worker that the exception names, as PyTorch's."""
    found = _NAMED.search(str(mark.data.get("message")))
    if found is None:
        return []
    number = _SIGNALS.get(str(found["signal"]).strip().lower())
    return [(int(pid), number) for pid in _PID.findall(found["pids"])]


def _broke_off(mark: Mark) -> bool:
    """
    Tell whether it was raised by the channel to a worker: its other end has gone.

    That is what a program hears of it that was just fetching what the worker had made.
    """
    frames = mark.data.get("traceback")
    last = frames[-1] if isinstance(frames, (list, tuple)) and frames else None
    file = last[0] if isinstance(last, (list, tuple)) and last else None
    broken = str(mark.data.get("type")) in _BROKEN and isinstance(file, str)
    return broken and _CHANNEL.search(str(file)) is not None


def _is_near(time: object, mark: Mark) -> bool:
    if not isinstance(time, (int, float)) or mark.time is None:
        return True
    return abs(float(time) - mark.time) < _NEAR_S
