"""Signs of training in a log: counters of steps and epochs, line by line."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kerascrash.model.case import Case, Log

_STEPS = re.compile(
    r"\b(?:step|epoch|iter(?:ation)?)\D{0,3}(\d{1,9})\b"
    r"|^\D{0,20}?(\d{1,9})/\d{1,9}\s*(?:\[[=>.]|[━─|]|- )",
    re.IGNORECASE,
)


def counted_steps(log: Log, after: int = 0) -> Iterator[int]:
    """Yield the counters of steps or epochs that lines after a number show."""
    for line in log.lines:
        if line.number > after and (found := _STEPS.search(line.text[:300])):
            yield int(found[1] or found[2])


def went_on(case: Case, source: str, line: int | None) -> bool:
    """Tell whether the training counted on after a line of a log: it was survived."""
    return line is not None and any(
        log.source == source and any(True for _ in counted_steps(log, line))
        for log in case.logs
    )
