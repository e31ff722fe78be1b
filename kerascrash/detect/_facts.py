"""Make a finding out of one fact of the dump, the certificate or a log."""

from __future__ import annotations

from typing import Any

from kerascrash.model.case import Log, LogLine
from kerascrash.model.evidence import Evidence, Finding

SIZE = r"(\d{1,9}(?:\.\d{1,4})? ?[KMGT]?i?B)"
"""A size as logs print it, for ``parse_bytes``; a group of its own."""


def note(
    finding: str,
    source: str,
    text: str,
    strength: float = 1.0,
    time: float | None = None,
    **data: Any,
) -> Finding:
    """Return a finding with a single piece of evidence; strength is clamped to 0…1."""
    evidence = Evidence(f"{source}#{finding}", source, text, time, data=data)
    return Finding(finding, text, min(max(strength, 0.0), 1.0), (evidence,), data)


def quoted(finding: str, text: str, log: Log, line: LogLine, **data: Any) -> Finding:
    """Return a finding whose evidence is one line of a log."""
    where = f"{log.source}:{line.number}"
    shown = line.text.strip()[:600]
    fact = Evidence(where, log.source, shown, line.time, line.number, data)
    return Finding(finding, text, 1.0, (fact,), data)
