"""One sentence for each cause, with what the findings measured."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from kerascrash.causes import load_causes
from kerascrash.estimate.checkpoints import written_checkpoints
from kerascrash.estimate.device_request import short_op
from kerascrash.estimate.limits import cgroup_fill, cgroup_limit
from kerascrash.estimate.resident import last_reading
from kerascrash.estimate.timeline import recording_of
from kerascrash.model.case import Case, ExitStatus
from kerascrash.model.evidence import Finding
from kerascrash.units import count_of, format_bytes, format_seconds

_Findings = Mapping[str, Finding]
_WRAPPING = re.compile(
    r"Graph execution error:$|Detected at node .*defined at|<stack traces|$"
)
"""Lines that TensorFlow puts before what happened."""
_SHORT_MESSAGE, _LONGEST_MESSAGE = 110, 160
_HEAP = "heap_corruption"
_CHECKS = (_HEAP, "native_check", "native_assert", "cxx_terminate")
_GLOG = re.compile(r"^[EF]\d{4} \S+ +(?:\d+ +)?\S+\] ")
"""``F0000 00:00:1795421765.558553 29560 threadpool.cc:127] ``, date optional."""
_SIGNALS = {4: "SIGILL", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE", 11: "SIGSEGV"}


def _cgroup(case: Case, findings: _Findings) -> str:
    ancestor = findings.get("ancestor_oom_counter_rose")
    if ancestor is not None:
        limit = format_bytes(int(ancestor.data.get("limit") or 0))
        where = f"the enclosing cgroup {ancestor.data.get('path')}"
        return f"killed by the kernel: memory limit ({limit}) of {where} reached."
    own = findings.get("cgroup_oom_counter_rose")
    told = findings.get("kernel_oom_cgroup")
    limit_bytes = (
        (own.data.get("limit") if own else None)
        or cgroup_limit(case)
        or (told.data.get("limit") if told else None)
    )
    size = f" ({format_bytes(limit_bytes)})" if limit_bytes else ""
    return f"killed by the kernel: container memory limit{size} reached."


def _global(case: Case, findings: _Findings) -> str:
    told = findings.get("kernel_oom_global")
    if told is not None and told.data.get("confined"):
        return (
            "killed by the kernel: the NUMA nodes it was confined to ran out of memory."
        )
    total = last_reading(case, "host_total")
    size = f" (all {format_bytes(total)} in use)" if total else ""
    return f"killed by the kernel: the machine ran out of memory{size}."


def _external(case: Case, findings: _Findings) -> str:
    fill, limit = cgroup_fill(case), cgroup_limit(case)
    room = ""
    if fill is not None and limit is not None and 0 <= fill <= 1:
        room = f"; memory was not short ({fill:.0%} of {format_bytes(limit)} in use)"
    elif "host_room_left" in findings or "no_oom_counter_change" in findings:
        room = "; memory was not short"
    number = case.exit.signal if isinstance(case.exit, ExitStatus) else None
    name = _SIGNALS.get(number or 0, "SIGKILL")
    return f"killed from outside with {name}{room}."


def _abort(_case: Case, findings: _Findings) -> str:
    """Quote what the check said: that is what a search engine knows."""
    told = [findings[name] for name in _CHECKS if name in findings]
    lines = [fact.text for finding in told for fact in finding.evidence[:1]]
    if not lines:
        return "aborted by native code: a library's check failed (SIGABRT)."
    what = ", the heap is corrupt" if told[0].id == _HEAP else ""
    said = _beginning(_GLOG.sub("", lines[0]))
    return f"aborted by native code{what} (SIGABRT): {said}"


def _segfault(_case: Case, findings: _Findings) -> str:
    told = findings.get("kernel_segfault")
    library = str(told.data.get("library") or "") if told else ""
    where = f" in {library}" if ".so" in library else ""
    return f"crashed in native code: segmentation fault (SIGSEGV){where}."


def _signal(case: Case, findings: _Findings) -> str:
    number = case.exit.signal if isinstance(case.exit, ExitStatus) else None
    if number == 1 or "exit_sighup" in findings:
        return "ended by SIGHUP: its terminal or session was closed."
    return "ended by SIGTERM: something asked it to stop."


def _exception(case: Case, _findings: _Findings) -> str:
    recording = recording_of(case)
    raised = [m for m in recording.marks if m.kind == "exception"] if recording else []
    if not raised:
        return "ended by an exception that nothing caught."
    name = str(raised[-1].data.get("type") or "an exception").rsplit(".", 1)[-1]
    said = _beginning(str(raised[-1].data.get("message") or ""))
    return (
        f"ended by an exception that nothing caught: {name}{': ' if said else ''}{said}"
    )


def _beginning(message: str) -> str:
    """Return the first line of a message; of a short one, what follows it too."""
    lines = [" ".join(line.split()) for line in message.split("\n")]
    first, *rest = [line for line in lines if not _WRAPPING.match(line)] or [""]
    for line in filter(None, rest):
        if len(first) >= _SHORT_MESSAGE:
            break
        first = f"{first} {line}".strip()
    return first if len(first) <= _LONGEST_MESSAGE else f"{first[:_LONGEST_MESSAGE]}…"


def _silent(case: Case, findings: _Findings) -> str:
    code = case.exit.code if isinstance(case.exit, ExitStatus) else None
    status = f" with status {code}" if code is not None else ""
    how = "os._exit()" if "left_by_os_exit" in findings else "itself"
    return f"ended by {how}{status}, without a traceback."


def _device(_case: Case, findings: _Findings) -> str:
    """Name the pool that it was: TensorFlow has one on the CPU that is no GPU's."""
    told = findings.get("device_request_failed") or findings.get("device_pool_full")
    if told is None:
        return "out of device memory."
    limit, size = told.data.get("limit"), told.data.get("bytes")
    of = f" of {format_bytes(limit)}" if isinstance(limit, int) else ""
    pieces = findings.get("device_pool_fragmented")
    state = "was used up" if pieces is None else "was in pieces"
    if pieces is not None:
        free, largest = pieces.data.get("free", 0), pieces.data.get("largest_free", 0)
        state += f" ({format_bytes(free)} free, {format_bytes(largest)} at most in one)"
    op = short_op(str(told.data.get("op") or ""))
    what = " ".join(part for part in (op, str(told.data.get("shape") or "")) if part)
    asked = f", {format_bytes(size)} for {what} refused" if size and what else ""
    unchecked = "refusal_unchecked" in findings
    end = "; the operation went on without (SIGSEGV)" if unchecked else ""
    return f"out of device memory: {told.data.get('label')}{of} {state}{asked}{end}."


def _open_files(case: Case, _findings: _Findings) -> str:
    recording = recording_of(case)
    rlimits = (recording.limits.get("rlimits") if recording else None) or {}
    soft = next(iter(rlimits.get("RLIMIT_NOFILE") or ()), None)
    allowed = f" ({soft:,} are allowed)" if isinstance(soft, int) and soft > 0 else ""
    return f"failed: too many open files{allowed}."


def _disk(case: Case, findings: _Findings) -> str:
    """Tell a quota (EDQUOT, 122) from a full disk (ENOSPC, 28) where either is said."""
    texts = [fact.text for one in findings.values() for fact in one.evidence]
    said = " ".join(texts)
    quota = bool(_QUOTA.search(said))
    if bool(_NO_SPACE.search(said)) != quota:
        what = "the disk quota was used up" if quota else "no space was left on a disk"
        return f"failed: {what}{_while_saving(case)}."
    return (
        f"failed: no space was left on the disk, or in the quota{_while_saving(case)}."
    )


def _while_saving(case: Case) -> str:
    """Return which checkpoint could not be written, and what lies there already."""
    saved = written_checkpoints(case)
    if saved is None or not saved.failed:
        return ""
    name = saved.failed.rpartition("/")[2]
    said = f" while {name} was being written to {saved.folder}"
    if saved.files and saved.bytes:
        size = format_bytes(saved.bytes)
        of = f" of the {format_bytes(saved.disk)}" if saved.disk else ""
        said += (
            f"; {count_of(saved.files, 'checkpoint')} before it take {size}{of} there"
        )
    return said


def _hang(_case: Case, findings: _Findings) -> str:
    still = findings.get("no_progress")
    seconds = still.data.get("seconds") if still else None
    length = ""
    if isinstance(seconds, (int, float)):
        length = f" for {format_seconds(seconds)},"
    circle = findings.get("lock_circle")
    if circle is None:
        return f"stood still{length} until it was ended."
    locks = circle.data["locks"]
    if len(locks) == 1:
        return f"stood still{length} in a deadlock: it took `{locks[0]}` twice."
    who = "two threads" if len(locks) == 2 else f"{len(locks)} threads"
    return f"stood still{length} in a deadlock: {who} wait for each other's lock."


_SENTENCES: Mapping[str, Callable[[Case, _Findings], str]] = {
    "host_oom_cgroup": _cgroup,
    "host_oom_global": _global,
    "gpu_oom": _device,
    "native_abort_check": _abort,
    "native_segfault": _segfault,
    "external_kill": _external,
    "termination_signal": _signal,
    "python_exception": _exception,
    "silent_exit": _silent,
    "fd_limit": _open_files,
    "hang": _hang,
    "disk_full": _disk,
}
_QUOTA = re.compile(r"\[Errno 122\]|quota exceeded", re.IGNORECASE)
_NO_SPACE = re.compile(r"\[Errno 28\]|No space left on device")
_FIXED = {
    "user_interrupt": "interrupted by its user (Ctrl-C).",
    "illegal_instruction": "crashed: an instruction this processor lacks (SIGILL).",
    "stack_overflow": "crashed: calls were nested deeper than the stack allows.",
    "thread_or_process_limit": "failed: no further thread or process could be started.",
    "alloc_failure": "failed: the system refused it memory (an allocation failed).",
    "fpe": "crashed in native code: division by zero or the like (SIGFPE).",
    "bus_error_shm": "crashed (SIGBUS): shared memory or a mapped file was full.",
    "clean_exit": "ended cleanly.",
    "machine_down": "the machine went down: it has been started anew since.",
    "unknown": "how it died cannot be told from what was left.",
}


def cause_sentence(case: Case, cause: str, findings: _Findings) -> str:
    """Return how it died in one sentence, beginning in lower case."""
    pids = [finding.data.get("worker_pid") for finding in findings.values()]
    worker = next((pid for pid in pids if pid is not None), None)
    said = _of_the_program(case, cause, findings)
    if worker is None or not said.startswith(("killed", "crashed")):
        return said
    return f"worker process {worker} {'was ' if said[0] == 'k' else ''}{said}"


def _of_the_program(case: Case, cause: str, findings: _Findings) -> str:
    if cause in _SENTENCES:
        return _SENTENCES[cause](case, findings)
    if cause in _FIXED:
        return _FIXED[cause]
    title = next((rule.title for rule in load_causes() if rule.id == cause), cause)
    return f"{title[:1].lower()}{title[1:].rstrip('.')}."
