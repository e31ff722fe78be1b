"""Make a case of what is left where nothing was armed: a status and pieces of logs."""

from __future__ import annotations

from collections.abc import Sequence

from kerascrash.collect.exit_status import parse_exit_status
from kerascrash.collect.guess_platform import guess_platform
from kerascrash.model.case import Case, ExitStatus, Log
from kerascrash.model.evidence import Unavailable

_UNARMED = Unavailable("dump", "nothing was armed")
_MISSING = {
    "kernel": ("kernel log", "none was given: sudo dmesg -T, or journalctl -k"),
    "stderr": ("stderr log", "none was given"),
    "system": ("system log", "none was given"),
}


def make_case(
    logs: Sequence[Log], exit_status: str | None = None, platform: str | None = None
) -> Case:
    """
    Return the case; a platform that is not given is guessed.

    Raises UsageError for a status in no known spelling.
    """
    guessed = platform or guess_platform(logs)
    status: ExitStatus | Unavailable = Unavailable("exit status", "it was not given")
    if exit_status is not None:
        status = parse_exit_status(exit_status, guessed)
        if platform is None and status.ntstatus is not None:
            guessed = "windows"  # no other system has such a status
    kinds = {log.kind for log in logs}
    missing = [Unavailable(*_MISSING[kind]) for kind in _MISSING if kind not in kinds]
    if isinstance(status, Unavailable):
        missing.append(status)
    return Case(
        platform=guessed,
        exit=status,
        process=_UNARMED,
        recording=_UNARMED,
        certificate=_UNARMED,
        logs=tuple(logs),
        unavailable=(_UNARMED, *missing),
    )
