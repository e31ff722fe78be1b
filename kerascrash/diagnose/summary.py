"""The verdict in plain words: how it died, who is to blame, where it stood."""

from __future__ import annotations

import os
from collections.abc import Mapping

from kerascrash.diagnose.sentences import cause_sentence
from kerascrash.model.case import Case, ExitStatus
from kerascrash.model.certainty import SURE
from kerascrash.model.evidence import Finding, Place
from kerascrash.model.verdict import Culprit, ProgressLost
from kerascrash.units import format_bytes, line_in_words

_SIGKILL = 9
_OUT_OF_MEMORY = {
    "host_oom_global": "the machine's memory (likelier) or a container's limit ran out",
    "host_oom_cgroup": "a container's limit (likelier) or the machine's memory ran out",
}


WORKERS_KILLED = "worker_killed_for_memory"


def summarise(
    case: Case,
    cause: str,
    confidence: float,
    findings: Mapping[str, Finding],
    culprit: Culprit | None,
    progress: ProgressLost,
) -> str:
    """Return at most three lines; ``findings`` are those that speak for the verdict."""
    lines = [cause_sentence(case, cause, findings)]
    if confidence < SURE and cause != "unknown":
        lines[0] = _hedged(case, lines[0], cause)
    if workers := findings.get(WORKERS_KILLED):
        lines[0] = f"{lines[0].rstrip('.')}; {workers.text}."
    if culprit is not None:
        lines.append(culprit_sentence(culprit))
    if progress.text:
        lines.append(progress.text.split(". ", 1)[0].rstrip(".") + ".")
    return "\n".join(lines)


def _hedged(case: Case, sentence: str, cause: str) -> str:
    """Return the sentence as a likelihood, and for memory what leaves it open."""
    if cause not in _OUT_OF_MEMORY:
        return f"probably {sentence}"
    seen = isinstance(case.exit, ExitStatus) and case.exit.signal == _SIGKILL
    killed = "killed with SIGKILL, probably" if seen else "probably killed"
    return (
        f"{killed} by the kernel for lack of memory; whether {_OUT_OF_MEMORY[cause]} "
        "cannot be told from what was left."
    )


def place_text(place: Place | None) -> str:
    """Return ``train.py:41``, or nothing."""
    return line_in_words(os.path.basename(place.file), place.line) if place else ""


def culprit_sentence(culprit: Culprit) -> str:
    """Return ``Trainer.history (train.py:41) holds … = 7.5 GiB``."""
    where = place_text(culprit.place)
    head = f"`{culprit.owner}` ({where})" if where else f"`{culprit.owner}`"
    if culprit.bytes is None:
        return f"{head}: {culprit.kind}."
    size = format_bytes(culprit.bytes)
    if culprit.is_batch:
        return f"{head}: {culprit.kind}, which needs about {size}."
    verb = "holds a" if culprit.kind[:4] in ("list", "dict", "dequ", "set ") else "is a"
    growth, unit = culprit.pace
    rising = f", +{format_bytes(growth)} per {unit}" if growth and growth > 0 else ""
    if " of " in culprit.kind and verb == "holds a":
        _, _, content = culprit.kind.partition(" of ")
        return f"{head} holds {content} = {size}{rising}."
    return f"{head}: {culprit.kind}, {size}{rising}."
