"""
Make a Case of a dump: its rings, events and blobs, its certificate, its children.

What a source cannot tell becomes Unavailable with the reason. Nothing is judged here.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace

from kerascrash.collect.bundle_facts import read_bundle
from kerascrash.collect.dump_children import child_paths
from kerascrash.collect.dump_logs import logs_in_dump
from kerascrash.collect.exit_status import parse_exit_status
from kerascrash.collect.kmsg import with_live_kernel_log
from kerascrash.collect.last_stack import with_last_stack
from kerascrash.collect.log_files import given_logs, logs_beside
from kerascrash.collect.recorded import (
    platform_of,
    read_certificate,
    read_exit,
    read_process,
    read_recording,
    time_of_death,
)
from kerascrash.collect.same_boot import booted_since
from kerascrash.dump.contents import Dump
from kerascrash.dump.reader import read_dump
from kerascrash.errors import DumpError
from kerascrash.model.case import Case, Log
from kerascrash.model.evidence import Damage, Unavailable

_DEEPEST = 2


def load_case(
    path: str | os.PathLike[str],
    *,
    kernel_logs: Sequence[str] = (),
    stderrs: Sequence[str] = (),
    logs: Sequence[str] = (),
    exit: str | None = None,  # noqa: A002 - named as on the command line
) -> Case:
    """
    Return the case of a dump with everything that lies beside it or was given.

    ``exit`` is a status in any spelling. Raises NotADump, VersionTooNew, SourceError,
    UsageError.
    """
    given = given_logs(kernel_logs, stderrs, logs)
    bundle = read_bundle(os.fspath(path))
    found = (*given, *bundle.logs, *logs_beside(os.fspath(path)))
    case = bundle.add_to(read_case(path, logs=found))
    if exit is not None:
        case = replace(case, exit=parse_exit_status(exit, case.platform))
    return with_live_kernel_log(case)


def read_case(
    path: str | os.PathLike[str], *, logs: tuple[Log, ...] = (), depth: int = 0
) -> Case:
    """
    Return the case of a dump alone (a ``.bin``, its ``.gz``, a bundle) and ``logs``.

    Raises NotADump and VersionTooNew.
    """
    name = os.fspath(path)
    dump = read_dump(name)
    certificate = read_certificate(dump)
    recording = with_last_stack(read_recording(dump), certificate)
    death = time_of_death(certificate, recording)
    children = read_children(name, dump, depth) if depth < _DEEPEST else ()
    header = dump.header
    same_boot = booted_since(header.boot_id, recording, death, header.script)
    kept, missing = logs_in_dump(
        dump, certificate, recording, death if same_boot else None
    )
    process = read_process(dump, recording)
    return Case(
        platform=platform_of(recording),
        exit=read_exit(recording, certificate),
        process=process,
        recording=recording,
        certificate=certificate,
        logs=(*kept, *logs),
        death=death,
        same_boot=same_boot,
        children=children,
        damage=tuple(
            Damage(note.where, note.text, note.offset if note.offset >= 0 else None)
            for note in dump.damage
        ),
        unavailable=_unavailable(certificate, missing, logs),
    )


def _unavailable(
    certificate: object, missing: list[Unavailable], logs: tuple[Log, ...]
) -> tuple[Unavailable, ...]:
    """Return what could not be had, each source once; a log that was given is there."""
    rows = certificate.get("unavailable") if isinstance(certificate, dict) else None
    told = [
        Unavailable(str(row.get("what") or "?"), str(row.get("reason") or ""))
        for row in rows or ()
    ]
    given = {f"{log.kind} log" for log in logs}
    by_name = {one.what: one for one in (*missing, *told) if one.what not in given}
    return tuple(by_name.values())


def read_children(path: str, dump: Dump, depth: int) -> tuple[Case, ...]:
    """Return the cases of armed children whose dumps are still there."""
    cases = []
    for child in child_paths(path, dump):
        try:
            cases.append(read_case(child, depth=depth + 1))
        except DumpError:  # a child's unreadable ring costs the parent's report nothing
            continue
    return tuple(cases)
