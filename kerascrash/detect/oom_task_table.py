"""
Observe in the kernel's table of tasks that a neighbour had taken the memory.

The kernel lists who held how much where it kills for lack of memory. Python's and its
workers' names are left out of the comparison: they may be the training's own children.
Armed, the recorder's figures tell the same and more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from kerascrash.detect._facts import quoted
from kerascrash.detect._kernel_lines import is_pythonic, strip_prefix
from kerascrash.detect.kernel_oom import find_kills
from kerascrash.estimate.timeline import recording_of
from kerascrash.model.case import Case, Log, LogLine
from kerascrash.model.evidence import Finding
from kerascrash.model.rules import Detector

# The columns differ between kernels; the name stands last and may hold spaces.
_HEAD = re.compile(r"\[\s*pid\s*\]\s+(?P<columns>uid\s+tgid\s.*?\brss\b.*?)\s+name$")
_TASK = re.compile(r"\[\s*(?P<pid>\d{1,10})\]\s+(?P<rest>\d.*)$")
_MOST_OWN, _TIMES = 0.35, 2.0
"""At most this share is the victim's, and a neighbour holds so many times as much."""


@dataclass(frozen=True, slots=True)
class _Task:
    name: str
    pages: int
    line: LogLine


def detect(case: Case) -> Iterator[Finding]:
    """Yield the neighbour that held far more than the victim of the last kill."""
    if recording_of(case) is not None:
        return
    killed = {kill.pid for kill in find_kills(case)}
    for log in case.logs:
        tables = _tables(log) if log.kind == "kernel" else []
        told = [t for t in tables if killed & t.keys()]
        if told:
            victim = next(pid for pid in told[-1] if pid in killed)
            yield from _compare(log, told[-1], victim)


def _tables(log: Log) -> list[dict[int, _Task]]:
    """Return the tasks of each table by their pid."""
    tables: list[dict[int, _Task]] = []
    columns: list[str] = []
    for line in log.lines:
        message = strip_prefix(line.text)
        if head := _HEAD.search(message):
            columns = head["columns"].split()
            tables.append({})
        elif tables and (found := _TASK.search(message)):
            values = found["rest"].split(None, len(columns))
            pages = values[columns.index("rss")] if len(values) > len(columns) else ""
            if pages.isdecimal():
                task = _Task(values[-1], int(pages[:15]), line)
                tables[-1][int(found["pid"])] = task
    return tables


def _compare(log: Log, tasks: dict[int, _Task], victim: int) -> Iterator[Finding]:
    own, total = tasks[victim].pages, sum(task.pages for task in tasks.values())
    others = [one for one in tasks.values() if not is_pythonic(one.name)]
    biggest = max(others, key=lambda one: one.pages, default=None)
    if biggest is None or own > _MOST_OWN * total or biggest.pages < _TIMES * own:
        return
    share = own / total
    text = f"{1 - share:.0%} of the memory belonged to other processes, most of it to "
    text += f"`{biggest.name}`; the one that was killed held {share:.0%}"
    yield quoted("neighbour_fills", text, log, biggest.line, who=biggest.name)


DETECTOR = Detector(
    id="oom_task_table",
    finds=("neighbour_fills",),
    detect=detect,
    needs=("log:kernel",),
)
