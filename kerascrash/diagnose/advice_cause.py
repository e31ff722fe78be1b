"""Advice that a finding makes precise: it comes before what holds of every such end."""

from __future__ import annotations

from collections.abc import Collection

from kerascrash.diagnose.summary import WORKERS_KILLED, place_text
from kerascrash.model.verdict import Advice, Culprit
from kerascrash.units import format_bytes

_STARTERS = frozenset(
    {
        "start",
        "Thread",
        "Process",
        "Pool",
        "Popen",
        "submit",
        "ThreadPoolExecutor",
        "ProcessPoolExecutor",
        "fork",
    }
)
_HANGUP = frozenset({"exit_sighup", "saw_sighup"})


def cause_advice(
    cause: str, findings: Collection[str], culprit: Culprit | None
) -> list[Advice]:
    """Return what to do about this very end; ``findings`` are ids that speak for it."""
    if WORKERS_KILLED in findings:
        return [_smaller_workers(culprit)]
    if cause == "silent_exit" and "left_by_os_exit" in findings:
        return [_no_os_exit(culprit)]
    if cause == "silent_exit" and "left_by_sys_exit" in findings and culprit:
        return [_say_why(culprit)]
    if cause == "termination_signal" and not _HANGUP.isdisjoint(findings):
        return [
            Advice(
                "Start it under `nohup`, `tmux` or as a batch job if a closed terminal "
                "ended it.",
                "Then it outlives the terminal or the connection.",
            )
        ]
    if culprit is not None and culprit.kind.endswith(" models"):
        return [_no_model_more(culprit)]
    if cause == "thread_or_process_limit" and _starts_some(culprit):
        return [_end_what_is_started(culprit)]
    if cause == "hang" and culprit is not None and culprit.place is not None:
        return [_see_the_line(culprit)]
    return []


def _smaller_workers(culprit: Culprit | None) -> Advice:
    """A pool waits for ever for what a worker that was killed was to return."""
    action = "Let each worker hold less, and notice when one is lost."
    if culprit is not None and culprit.bytes:
        action = f"Let each worker hold less: `{culprit.owner}` held "
        action += f"{format_bytes(culprit.bytes)} when the kernel killed it."
    return Advice(
        action,
        "`multiprocessing.Pool` replaces a lost worker, but its result never comes; "
        "`concurrent.futures.ProcessPoolExecutor` raises `BrokenProcessPool` instead.",
        culprit.bytes if culprit else None,
        culprit.place if culprit else None,
    )


def _no_os_exit(culprit: Culprit | None) -> Advice:
    return Advice(
        "Do not leave by `os._exit`: raise an exception, or set "
        "`self.model.stop_training = True`.",
        "It ends the process at once: nothing is flushed or saved, no `finally` runs.",
        place=culprit.place if culprit else None,
    )


def _say_why(culprit: Culprit) -> Advice:
    return Advice(
        f"It left of its own will at `{place_text(culprit.place)}`: see what led "
        "there, and let it say why.",
        '`sys.exit("why")` prints the text and ends with status 1; an exception shows '
        "its way as well.",
        place=culprit.place,
    )


def _no_model_more(culprit: Culprit) -> Advice:
    return Advice(
        "Keep only the scores; save the best model to a file, and call "
        "`keras.backend.clear_session()` before the next one.",
        "A model holds weights, optimizer slots and compiled graphs as long as any "
        "name, list or History object leads to it.",
        culprit.bytes,
        culprit.place,
    )


def _starts_some(culprit: Culprit | None) -> bool:
    """Tell whether the line itself starts a thread or a process."""
    return culprit is not None and culprit.owner.rpartition(".")[2] in _STARTERS


def _end_what_is_started(culprit: Culprit | None) -> Advice:
    place = culprit.place if culprit else None
    return Advice(
        f"End what is started at `{place_text(place)}`, or start it once: `join()` or "
        "`close()` it, or use one executor again.",
        "One that waits for ever counts against the limit as long as the program runs; "
        "`concurrent.futures.ThreadPoolExecutor(max_workers=4)` keeps to its number.",
        place=place,
    )


def _see_the_line(culprit: Culprit) -> Advice:
    return Advice(
        f"Look at what `{place_text(culprit.place)}` waits for: it stood there.",
        "A lock that another thread holds, a queue that nobody fills or empties, "
        "or a worker that is gone; the section Stacks shows the others.",
    )
