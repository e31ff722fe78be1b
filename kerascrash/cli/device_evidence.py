"""Add to a case what traces, allocator maps and logs tell of device memory."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from kerascrash.dump.beside import size_of_traces, traces_folder
from kerascrash.model.evidence import Unavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kerascrash.model.allocator_map import AllocatorMap
    from kerascrash.model.case import Case

_STDIN = "-"
_MOST_FOLDERS = 16


def with_device_evidence(
    case: Case, traces: Sequence[str] = (), texts: Sequence[str] = ()
) -> Case:
    """
    Return the case with its ``traces``.

    ``traces`` are files and folders that the user named, ``texts`` log files; the log
    folders that the recorder noted are looked into besides. Never raises for evidence
    that cannot be read: that becomes Unavailable.
    """
    # What a bundle brought along was read from them already.
    own = () if case.traces else own_folders(case)
    folders = (*traces, *own, *(() if case.traces else _noted_folders(case)))
    maps = () if case.traces else _maps_in_texts(case, texts)
    if not folders and not maps:
        return _without_windows(case)
    from kerascrash.collect.profiler_tools import ask_profiler
    from kerascrash.collect.traces import read_traces

    start = None if isinstance(case.process, Unavailable) else case.process.start
    evidence = read_traces(folders, start, case.death)
    case = _without_windows(case) if not own else case
    found, silent = ask_profiler(evidence.found)
    missing = case.unavailable
    if any(found.what == "trace" for found in missing):
        missing = tuple(one for one in missing if one.what != "trace")
    return replace(
        case,
        traces=(*case.traces, *maps, *found),
        damage=(*case.damage, *evidence.damage),
        unavailable=(*missing, *evidence.unavailable, *silent),
    )


def own_folders(case: Case) -> tuple[str, ...]:
    """Return the folders of windows and maps beside the dumps of a run."""
    sources = [
        one.recording.source
        for one in (case, *case.children)
        if not isinstance(one.recording, Unavailable)
    ]
    sources = [source for source in sources if size_of_traces(source)]
    return tuple(dict.fromkeys(map(traces_folder, sources)))[:_MOST_FOLDERS]


def _without_windows(case: Case) -> Case:
    """Say so where the user had asked for windows and none was complete."""
    if case.traces or isinstance(case.recording, Unavailable):
        return case
    settings = case.recording.environment.get("settings")
    asked = isinstance(settings, dict) and settings.get("profile_every")
    failed = [
        str(mark.data.get("error"))
        for mark in case.recording.marks
        if mark.kind == "hook_failed" and mark.data.get("hook") == "profile_windows"
    ]
    if not asked:
        return case
    reason = failed[-1] if failed else "none was complete, or its folder is not here"
    missing = Unavailable("profile windows", reason)
    return replace(case, unavailable=(*case.unavailable, missing))


def _noted_folders(case: Case) -> tuple[str, ...]:
    """
    Return the log folders that the run used, if this is the machine it ran on.

    A dump from elsewhere must not make the report read files of this machine.
    """
    if isinstance(case.recording, Unavailable) or case.same_boot is not True:
        return ()
    noted = [
        str(mark.data.get("path") or "")
        for mark in case.recording.marks
        if mark.kind == "log_dir"
    ]
    base = "" if isinstance(case.process, Unavailable) else case.process.cwd
    folders = dict.fromkeys(os.path.join(base, path) for path in noted if path)
    return tuple(f for f in folders if os.path.isdir(f))[:_MOST_FOLDERS]


def _maps_in_texts(case: Case, texts: Sequence[str]) -> tuple[AllocatorMap, ...]:
    from kerascrash.collect.bfc_text import read_bfc_text

    files = [path for path in texts if path != _STDIN and os.path.isfile(path)]
    found: list[AllocatorMap] = []
    for path in files:
        from kerascrash.collect.traces import maps_in_file

        try:
            found += maps_in_file(path)
        except OSError:  # the log itself was read or refused before
            continue
    for log in case.logs:
        if log.kind != "kernel" and log.source not in files:
            found += read_bfc_text(
                ((ln.number, ln.text) for ln in log.lines), log.source
            )
    if not found and not isinstance(case.recording, Unavailable):
        said = [m for m in case.recording.marks if m.kind == "exception"]
        for mark in said[-1:]:
            lines = str(mark.data.get("message") or "").splitlines()
            found += read_bfc_text(enumerate(lines, 1), "dump:events")
    return tuple(found)
