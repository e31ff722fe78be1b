"""
Observe a worker process whose loss the program's exception reports.

The exception (`BrokenProcessPool`, a DataLoader's RuntimeError) is the consequence; how
the worker ended is the cause. An OOM kill of it is told by the kernel's lines.
"""

from __future__ import annotations

from collections.abc import Iterator
from signal import Signals

from kerascrash.detect._facts import note
from kerascrash.detect._kernel_lines import kernel_lines
from kerascrash.estimate.resident import certificate_of
from kerascrash.estimate.timeline import recording_of
from kerascrash.estimate.workers import (
    LostWorker,
    channel_broke,
    killed_for_memory,
    lost_workers,
)
from kerascrash.model.case import Case
from kerascrash.model.evidence import Finding
from kerascrash.model.rules import Detector
from kerascrash.units import format_seconds

_SOURCE = "dump:certificate"
_SIGKILL, _SIGSEGV = 9, 11
_UNSEEN = 0.9  # it may have left by os._exit
_WITHOUT_LOG = 0.4
_NOTICED_S = 5.0


def detect(case: Case) -> Iterator[Finding]:
    """Yield which worker was lost, and what its signal tells."""
    lost = lost_workers(case)
    for worker in lost[:1]:
        known = {"worker_pid": worker.pid, "signal": worker.signal}
        how = (
            "was lost" if worker.signal is None else f"ended by {_name(worker.signal)}"
        )
        text = f"worker process {worker.pid} {how}; the exception only reports it"
        yield note("worker_lost", _SOURCE, text, 1.0, worker.time, **known)
        if worker.signal == _SIGSEGV:
            text = f"worker process {worker.pid} crashed in native code"
            yield note("worker_segfault", _SOURCE, text, 1.0, worker.time, **known)
        elif worker.signal in (_SIGKILL, None) and not _kernel_names(case, lost):
            yield from _not_by_the_kernel(case, worker)
    if not lost and channel_broke(case):
        text = "the channel to a worker process broke: that worker was gone; how it "
        text += "ended nobody saw, the exception only reports it"
        strength = 1.0 if _log_was_readable(case) else _WITHOUT_LOG
        yield note("worker_channel_broke", "dump:events", text, strength)
    killed = () if lost else killed_for_memory(case)
    if killed:
        last = max(killed, key=lambda worker: worker.time or 0.0)
        yield _killed_unnoticed(case, last, len(killed))


def _killed_unnoticed(case: Case, worker: LostWorker, count: int) -> Finding:
    """Workers killed for memory whose loss nobody reported."""
    many = "worker process" if count == 1 else "worker processes"
    text = f"{count} {many} had been killed by the kernel for memory"
    if worker.time is not None and case.death is not None:
        which = " " if count == 1 else ", the last "
        text += f"{which}{format_seconds(case.death - worker.time)} earlier"
    text += f": their results never came{_meanwhile(case, worker)}"
    known = {"worker_pid": worker.pid, "workers": count}
    return note("worker_killed_for_memory", _SOURCE, text, 1.0, worker.time, **known)


def _meanwhile(case: Case, worker: LostWorker) -> str:
    """Return what the training did after the loss, "" where no steps were counted."""
    recording = recording_of(case)
    progress = recording.progress if recording is not None else {}
    stepped, since = progress.get("time"), worker.time
    if "step" not in progress or stepped is None or since is None or not case.death:
        return ""
    waited = case.death - since
    if waited > _NOTICED_S and stepped - since > waited / 2:
        return ", and training went on without"
    return ", and no step of training was made since" if stepped < since else ""


def _not_by_the_kernel(case: Case, worker: LostWorker) -> Iterator[Finding]:
    """A death without a line of the kernel's, if its log was there to be read."""
    if _log_was_readable(case):
        text = f"worker process {worker.pid} was killed, and not by the kernel"
        strength = 1.0 if worker.signal else _UNSEEN
    elif worker.signal:
        text = f"worker process {worker.pid} was killed, by whom is not known"
        strength = _WITHOUT_LOG
    else:
        return
    known = {"worker_pid": worker.pid, "signal": worker.signal}
    yield note("worker_killed_outside", _SOURCE, text, strength, worker.time, **known)


def _name(number: int) -> str:
    try:
        return Signals(number).name
    except ValueError:
        return f"signal {number}"


def _kernel_names(case: Case, lost: tuple[LostWorker, ...]) -> bool:
    """Tell whether the kernel names one of them: as killed for memory, or a fault."""
    marks = [mark for w in lost for mark in (f"ed process {w.pid} ", f"[{w.pid}]: ")]
    return any(
        mark in message for _, _, message in kernel_lines(case) for mark in marks
    )


def _log_was_readable(case: Case) -> bool:
    kernel = certificate_of(case).get("kernel")
    followed = isinstance(kernel, dict) and bool(kernel.get("readable"))
    return followed or any(log.kind == "kernel" for log in case.logs)


DETECTOR = Detector(
    id="lost_worker",
    finds=(
        "worker_lost",
        "worker_segfault",
        "worker_killed_outside",
        "worker_killed_for_memory",
        "worker_channel_broke",
    ),
    detect=detect,
    needs=("recording",),
)
