"""Name the object and the line of the user's own code that are to blame."""

from __future__ import annotations

from dataclasses import replace

from kerascrash.diagnose.culprit_batch import batch_culprit, batch_on_device
from kerascrash.diagnose.culprit_code import code_culprit, refused_culprit
from kerascrash.diagnose.culprit_device import device_culprit
from kerascrash.diagnose.culprit_graph import gradient_culprit, graph_culprit
from kerascrash.diagnose.culprit_memory import (
    data_culprit,
    leak_culprit,
    line_culprit,
    model_culprit,
    neighbour_culprit,
)
from kerascrash.diagnose.culprit_pipeline import pipeline_culprit
from kerascrash.diagnose.culprit_worker import loader_culprit, worker_culprit
from kerascrash.diagnose.resource import MEMORY_CAUSES
from kerascrash.estimate.line_doing import only_waits
from kerascrash.estimate.statements import statement_at
from kerascrash.estimate.workers import channel_broke, killed_for_memory, lost_workers
from kerascrash.model.case import Case
from kerascrash.model.verdict import Culprit

_BY_FACTOR = {
    "tensor_leak": leak_culprit,
    "object_leak": leak_culprit,
    "gradient_accumulation": gradient_culprit,
    "data_size": data_culprit,
    "dtype": data_culprit,
    "batch_size": batch_culprit,
    "model_size": model_culprit,
    "tensor_ops": line_culprit,
    "graph_retracing": graph_culprit,
    "input_pipeline": pipeline_culprit,
    "other_process": neighbour_culprit,
}
_DWARFS = 4
_OF_ONE_LINE = frozenset({"data_size", "dtype", "tensor_ops", "none"})
"""Where an allocation was refused, the line that asked for it is known exactly."""
_FROM_OUTSIDE = frozenset(
    {
        "external_kill",
        "termination_signal",
        "user_interrupt",
        "clean_exit",
        "machine_down",
        "machine_check",
        "gpu_hardware_xid",
        "gpu_driver_fault",
        "unknown",
    }
)
"""Deaths that no line of the program brought about."""
_NATIVE_FAULTS = frozenset(
    {"native_segfault", "native_abort_check", "stack_overflow", "fpe"}
)


def _much_more(held: Culprit | None, refused: Culprit) -> bool:
    """Return whether what is held dwarfs the last array, which merely came too late."""
    if held is None or held.bytes is None:
        return False
    return held.bytes > _DWARFS * (refused.bytes or 0)


def find_culprit(case: Case, cause: str, factor: str) -> Culprit | None:
    """Return who is to blame: by the factor where memory ran out, else by the code."""
    on_device = device_culprit(case, factor) if cause == "gpu_oom" else None
    if cause == "alloc_failure" and factor in _OF_ONE_LINE:
        refused, held = refused_culprit(case), data_culprit(case)
        if refused is not None and not _much_more(held, refused):
            return refused
    if factor == "child_process" and (
        cause in MEMORY_CAUSES or killed_for_memory(case)
    ):
        return worker_culprit(case)
    if cause in MEMORY_CAUSES and factor in _BY_FACTOR:
        on_pool = cause == "gpu_oom" and factor == "batch_size"
        named = (batch_on_device if on_pool else _BY_FACTOR[factor])(case)
        if on_device is not None and (named is None or named.place is None):
            return on_device
        if named is not None and on_device is not None:
            return _as_seen_there(named, on_device, factor)
        if named is not None or factor == "other_process":
            return named
    if on_device is not None:
        return on_device
    if cause in _FROM_OUTSIDE:
        return _where_a_worker_was_missed(case) if cause == "external_kill" else None
    of_worker = cause in _NATIVE_FAULTS and lost_workers(case)
    return (loader_culprit(case) if of_worker else None) or _by_code(case, cause)


def _where_a_worker_was_missed(case: Case) -> Culprit | None:
    """Return what a worker did that was killed; nobody is to blame for its end."""
    if not lost_workers(case) and not channel_broke(case):
        return None
    return loader_culprit(case) or code_culprit(case, "python_exception")


def _by_code(case: Case, cause: str) -> Culprit | None:
    named = code_culprit(case, cause)
    if (
        named is not None
        and cause in MEMORY_CAUSES
        and only_waits(statement_at(named.place))
    ):
        return None  # what fills memory is not the line that happened to wait meanwhile
    return named


def _as_seen_there(named: Culprit, there: Culprit, factor: str) -> Culprit:
    """Return who is to blame with the op and shape that the device's pool shows."""
    told = f"{there.owner}: {there.kind}"
    size = there.bytes if factor == "tensor_ops" else named.bytes
    return replace(named, bytes=size, note=f"{named.note}; {told}".removeprefix("; "))
