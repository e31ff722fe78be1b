"""
Observe what a program of XLA needed when the device refused it: its own statistics.

`BufferAssignment stats` stand beneath the error: parameters are what the step is given
(weights, slots, batch), temporaries what it computes in between. A program that needs
little fell victim to what filled the device already, so of that nothing is concluded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kerascrash.detect._facts import SIZE, quoted
from kerascrash.model.case import Case, Log, LogLine
from kerascrash.model.evidence import Finding
from kerascrash.model.rules import Detector
from kerascrash.units import format_bytes, parse_bytes

_HEAD = "BufferAssignment stats"
_ROW = re.compile(rf"\b(parameter|preallocated temp|total) allocation:\s+{SIZE}")
_ROWS_BENEATH = 8
_LEAST_BYTES = 1 << 30
_MOST_OF_IT, _GIVEN = 0.5, 0.35
"""What a step is given it often gives back changed, so it counts twice."""


def detect(case: Case) -> Iterator[Finding]:
    """Yield what took most of a program that did not fit."""
    for log in case.logs:
        for at, line in enumerate(log.lines):
            if _HEAD in line.text:
                yield from _of_program(log, line, _rows(log, at))


def _rows(log: Log, at: int) -> dict[str, int]:
    beneath = log.lines[at + 1 : at + 1 + _ROWS_BENEATH]
    found = (_ROW.search(line.text) for line in beneath)
    return {row[1]: parse_bytes(row[2]) for row in found if row}


def _of_program(log: Log, line: LogLine, rows: dict[str, int]) -> Iterator[Finding]:
    total, temporary = rows.get("total", 0), rows.get("preallocated temp", 0)
    given = rows.get("parameter", 0)
    if total < _LEAST_BYTES:
        return
    of_all = f"of the {format_bytes(total)} that the step needed"
    if temporary >= _MOST_OF_IT * total:
        text = f"{format_bytes(temporary)} {of_all} are what it computes in between"
        yield quoted("step_buffers_dominate", text, log, line, **rows)
    elif given >= _GIVEN * total:
        text = f"{format_bytes(given)} {of_all} are what it is given: weights and batch"
        yield quoted("step_parameters_dominate", text, log, line, **rows)


DETECTOR = Detector(
    id="xla_assignment",
    finds=("step_buffers_dominate", "step_parameters_dominate"),
    detect=detect,
    needs=("log",),
)
