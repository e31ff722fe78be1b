"""What can be checked by hand: cited evidence, stacks, log lines."""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING, Any

from kerascrash.model.evidence import Unavailable
from kerascrash.report.plain import items, mapping, mappings, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from kerascrash.model.case import Case, Log
    from kerascrash.model.evidence import Evidence, Finding
    from kerascrash.model.verdict import Diagnosis

MOST_CITED = 120
MOST_THREADS = 24
MOST_LOOKED_AT = 1000
MOST_FRAMES = 60
MOST_LINES = 60
MOST_TAIL = 12
"""Last lines shown where others are cited: what is cited is what matters."""
LEAST_FOLDED = 3
"""Calls of libraries in a row that are still shown one by one."""
_STANDARD = "Python's library"
_IS_PYTHON = re.compile(r"python3?\.?\d*").fullmatch
AROUND = 3
"""Log lines shown before and after one that is cited."""


def citations(diagnosis: Diagnosis) -> list[Evidence]:
    """Return the evidence that was weighed, then the rest, in order of time."""
    found: dict[str, Evidence] = {}
    for hypothesis in (*diagnosis.causes[:1], *diagnosis.factors[:1]):
        for weighed in (*hypothesis.supporting, *hypothesis.contradicting):
            found.update((e.id, e) for e in weighed.finding.evidence)
    for evidence in diagnosis.evidence:
        found.setdefault(evidence.id, evidence)
    kept = list(_by_place(found.values()).values())[:MOST_CITED]
    return sorted(kept, key=lambda e: (e.time is None, e.time or 0.0, e.id))


def citing(cited: Iterable[Evidence]) -> Callable[[Finding], list[Evidence]]:
    """Return what gives the evidence of a finding as the entries of ``cited``."""
    shown = _by_place(cited)

    def cites(finding: Finding) -> list[Evidence]:
        return [shown.get(at, e) for at, e in _by_place(finding.evidence).items()][:6]

    return cites


def _by_place(evidence: Iterable[Evidence]) -> dict[Any, Evidence]:
    """Return the evidence; of what says the same of one place and time the first."""
    found: dict[Any, Evidence] = {}
    for each in evidence:
        found.setdefault((each.source, each.line, each.time, each.text), each)
    return found


def stack_views(case: Case) -> list[dict[str, Any]]:
    """Return the threads' stacks, the main thread first, innermost frame first."""
    if isinstance(case.recording, Unavailable):
        return []
    threads = mappings(mapping(case.recording.stacks).get("threads"))
    views = [
        {
            "name": str(thread.get("name") or "thread"),
            "id": whole(thread.get("native_id")),
            "main": bool(thread.get("main")),
            "frames": [_frame(f) for f in mappings(thread.get("frames"))[:MOST_FRAMES]],
            "excerpt": excerpt_lines(thread.get("excerpt")),
        }
        for thread in threads[:MOST_LOOKED_AT]
    ]
    return _alike(sorted(views, key=lambda view: not view["main"]))[:MOST_THREADS]


def _alike(views: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return threads that stand in one place as one; ``others`` counts the rest."""
    found: dict[Any, dict[str, Any]] = {}
    for view in views:
        places = ((f["file"], f["line"], f["function"]) for f in view["frames"])
        key = (view["main"], *places)
        if key in found:
            found[key]["others"] += 1
        else:
            found[key] = {**view, "others": 0}
    return list(found.values())


def folded_calls(frames: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """
    Return the frames in parts: ``frames``, and what to say where they are folded.

    A stretch of library code is folded but for the call nearest to the crash; with
    ``says`` "" the part is shown as it is.
    """
    parts = []
    runs = [(own, list(run)) for own, run in groupby(frames, lambda f: f["user"])]
    for number, (own, run) in enumerate(runs):
        shown = len(run) if own or len(run) <= LEAST_FOLDED else int(number == 0)
        parts += [{"frames": run[:shown], "says": ""}] if shown else []
        inner = run[shown:]
        if inner:
            names = list(dict.fromkeys(_package(frame["file"]) for frame in inner))
            says = f"{len(inner)} calls inside {', '.join(names[:4])}"
            parts.append({"frames": inner, "says": says})
    return parts


def _package(file: str) -> str:
    """Return the package that a file of a library belongs to."""
    if file.startswith("<frozen "):
        return _STANDARD
    parts = re.split(r"[\\/]", file)
    for number, part in enumerate(parts[:-1]):
        if part in ("site-packages", "dist-packages"):
            return parts[number + 1].removesuffix(".py")
    return _STANDARD if any(map(_IS_PYTHON, parts[:-1])) else parts[-1]


def _frame(frame: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "file": str(frame.get("file") or "?"),
        "line": whole(frame.get("line")),
        "function": str(frame.get("function") or ""),
        "user": bool(frame.get("user")),
        "source": str(frame.get("source") or ""),
    }


def excerpt_lines(value: Any) -> list[tuple[int, str]]:
    """Return [[line number, text], …] of a dump as pairs, less what is none."""
    lines = []
    for entry in items(value)[:21]:
        cells = items(entry)
        if len(cells) == 2 and (line := whole(cells[0])) is not None:
            lines.append((line, str(cells[1])))
    return lines


def log_views(diagnosis: Diagnosis) -> list[dict[str, Any]]:
    """
    Return of each log the lines that are cited, with neighbours, and its end.

    A log that was given and found as well is one.
    """
    cited: dict[str, set[int]] = {}
    for evidence in _all_evidence(diagnosis):
        if evidence.line is not None:
            cited.setdefault(evidence.source, set()).add(evidence.line)
    logs = {(log.kind, log.source): log for log in diagnosis.case.logs}
    return [_log_view(log, cited.get(log.source, set())) for log in logs.values()]


def _all_evidence(diagnosis: Diagnosis) -> Iterable[Evidence]:
    yield from diagnosis.evidence
    for finding in diagnosis.findings:
        yield from finding.evidence


def _log_view(log: Log, cited: set[int]) -> dict[str, Any]:
    numbers = [line.number for line in log.lines]
    near = {n + away for n in cited for away in range(-AROUND, AROUND + 1)}
    chosen = [i for i, n in enumerate(numbers) if n in near][:MOST_LINES]
    rest = min(MOST_TAIL, MOST_LINES - len(chosen)) if chosen else MOST_LINES
    tail = range(max(0, len(numbers) - rest), len(numbers))
    shown = sorted({*chosen, *tail})
    return {
        "kind": log.kind,
        "source": log.source,
        "total": log.total_lines if log.total_lines is not None else len(log.lines),
        "complete": log.complete,
        "shown": len(shown),
        "lines": [
            {
                "line": log.lines[i],
                "cited": log.lines[i].number in cited,
                "skipped": bool(before >= 0 and numbers[i] - numbers[before] > 1),
            }
            for before, i in zip([-1, *shown], shown, strict=False)
        ],
    }
