"""Add to a case what a core file tells: one that was named, or the certificate's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from kerascrash.collect.core.notes import NotACoreError
from kerascrash.collect.core.read import read_core
from kerascrash.errors import SourceError
from kerascrash.model.case import Case, ExitStatus, Process
from kerascrash.model.core import CoreFile
from kerascrash.model.evidence import Damage, Unavailable

_WHAT = "core file"


def with_core(case: Case, given: str | None = None) -> Case:
    """
    Return the case with its ``core``, and with an exit status where none was known.

    Raises SourceError when the file that was named cannot be opened; whatever else is
    wrong with it becomes Unavailable.
    """
    path = given or _noted(case)
    if path is None:
        return case
    try:
        core = read_core(path)
    except NotACoreError as error:
        return _without(case, f"{path}: {error}")
    except OSError as error:
        reason = f"{path}: cannot be read: {error.strerror or error}"
        if given:
            raise SourceError(reason) from None
        return _without(case, reason)
    reason = _why_not_ours(case, core)
    return _without(case, f"{path}: {reason}") if reason else _joined(case, core)


def _noted(case: Case) -> str | None:
    """Return the certificate's core file, if this is the machine where it lies."""
    if not isinstance(case.certificate, Mapping) or case.same_boot is not True:
        return None
    path = case.certificate.get("core_file")
    return path if isinstance(path, str) else None


def _why_not_ours(case: Case, core: CoreFile) -> str:
    """A later crash may have written over it: a pattern of `core` has one file."""
    if isinstance(case.process, Process) and core.pid not in (
        None,
        case.process.pid,
        *case.process.outer_pids,
    ):
        return f"it is of another process ({core.name}, pid {core.pid})"
    ended = case.exit.signal if isinstance(case.exit, ExitStatus) else None
    if ended is not None and core.signal not in (None, ended):
        return f"it is of another death (signal {core.signal}, and not {ended})"
    return "its notes are cut off or damaged" if core.signal is None else ""


def _without(case: Case, reason: str) -> Case:
    others = tuple(one for one in case.unavailable if one.what != _WHAT)
    return replace(case, unavailable=(*others, Unavailable(_WHAT, reason)))


def _joined(case: Case, core: CoreFile) -> Case:
    damage = case.damage
    missing = tuple(one for one in case.unavailable if one.what != _WHAT)
    if not core.complete:
        damage = (*damage, Damage(core.source, "not all notes of the core were read"))
    status = case.exit
    if isinstance(status, Unavailable):
        missing = tuple(one for one in missing if one.what != "exit status")
        status = ExitStatus(signal=core.signal, known_by="core", core_dumped=True)
    return replace(case, core=core, exit=status, damage=damage, unavailable=missing)
