"""From what the user named to a diagnosis: the way that every verb goes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kerascrash.cli.device_evidence import with_device_evidence
from kerascrash.collect.bundle_facts import read_redaction
from kerascrash.collect.core.case import with_core
from kerascrash.collect.dump_case import load_case
from kerascrash.diagnose import diagnose
from kerascrash.model.evidence import Unavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kerascrash.model.case import Case
    from kerascrash.model.verdict import Diagnosis


def diagnose_dumps(
    paths: Sequence[str],
    *,
    kernel_logs: Sequence[str] = (),
    stderrs: Sequence[str] = (),
    logs: Sequence[str] = (),
    traces: Sequence[str] = (),
    core: str | None = None,
    exit_status: str | None = None,
) -> Diagnosis:
    """
    Return the diagnosis of one run: the main process's dump and its children's.

    Raises DumpError and SourceError.
    """
    cases = [
        load_case(
            path, kernel_logs=kernel_logs, stderrs=stderrs, logs=logs, exit=exit_status
        )
        for path in paths
    ]
    case = with_core(_join(cases), core)
    case = with_device_evidence(case, traces, (*stderrs, *logs))
    # Of a redacted bundle the report says so again.
    return replace(diagnose(case), redaction=read_redaction(paths[0]))


def _join(cases: list[Case]) -> Case:
    """Return the main process's case with the others as its children."""
    main = next((case for case in cases if _is_main(case)), cases[0])
    known = {_pid(child) for child in main.children}
    others = [c for c in cases if c is not main and _pid(c) not in known]
    return replace(main, children=(*main.children, *others)) if others else main


def _is_main(case: Case) -> bool:
    return not isinstance(case.process, Unavailable) and case.process.is_main


def _pid(case: Case) -> int | None:
    return None if isinstance(case.process, Unavailable) else case.process.pid
