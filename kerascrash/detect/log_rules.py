"""
Observe log lines by the rows of detect/rules, and judge which came first.

A log is read upwards from its end to the first cause: what follows a cause without a
sign of life between them is its consequence and weighs less; a failure after which the
training went on was survived and weighs less; noise weighs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kerascrash.detect._foreign import foreign_lines, is_foreign_group
from kerascrash.detect._rows import Row, load_rows
from kerascrash.detect._tracebacks import left_by_exception
from kerascrash.model.case import Case, Log, LogLine
from kerascrash.model.evidence import Evidence, Finding
from kerascrash.model.rules import Detector

# A progress bar, an epoch or step counter: the training was alive here.
_LIFE = re.compile(
    r"\bEpoch:?\s+\[?\d+\s*(?:/\s*\d+)?\]?|\d+/(?:\d+|Unknown)\s*(?:\[[=>.\-]|[━─])"
    r"|\bETA:|\b(?:global_)?step[ :=]+\d+.{0,40}\bloss|\d+%\|[^|]*\|\s*\d+",
    re.IGNORECASE,
)
# How much of a hit remains (chosen, not fitted; the temperature is what is fitted).
_AFTER_CAUSE = {"cause": 0.6, "messenger": 0.15, "end": 0.35}
_TELLING = ("cause", "messenger", "end")
_NEAR_LINES = 40
_SURVIVED = 0.3
_WAITS = "stuck_stacks"


@dataclass(frozen=True, slots=True)
class Hit:
    """A row that matched a line."""

    row: Row
    line: LogLine
    groups: dict[str, str]


def detect(case: Case) -> Iterator[Finding]:
    """Yield one finding per row that matched, weighed by its place in the log."""
    foreign = foreign_lines(case.logs)
    found = [
        (log, [hit for hit in hits if not _is_of_others(case, hit)])
        for log in case.logs
        for hits in (find_hits(log, case.platform, foreign[log.source]),)
    ]
    judged = [(log, hits, _last_life(log)) for log, hits in found]
    named = any(_first_cause(hits, life) for _, hits, life in judged)
    for log, hits, life in judged:
        yield from _judge(hits, log, life, named)
        yield from _interrupted_wait(hits, log)
    if not any(h.row.role in _TELLING for _, hits in found for h in hits):
        text = "no line of the logs names a cause or an end"
        yield Finding("no_fatal_message", text)


def _is_of_others(case: Case, hit: Hit) -> bool:
    return is_foreign_group(case, hit.groups.get("cgroup", ""))


def _interrupted_wait(hits: list[Hit], log: Log) -> Iterator[Finding]:
    """Yield it when Ctrl-C found the main thread waiting: it may have stood still."""
    breaks = [h for h in hits if h.row.finding == "keyboard_interrupt"]
    waits = [h for h in hits if h.row.finding == _WAITS]
    near = [
        w
        for w in waits
        for b in breaks
        if abs(w.line.number - b.line.number) <= _NEAR_LINES
    ]
    if near:
        facts = tuple(_quote(h, log) for h in near[:2])
        text = "Ctrl-C found it waiting for a lock, a queue or another process"
        yield Finding("interrupted_while_waiting", text, 1.0, facts)


def _last_life(log: Log) -> int:
    return max((ln.number for ln in log.lines if _LIFE.search(ln.text)), default=0)


def _first_cause(hits: list[Hit], life: int) -> Hit | None:
    """Return the first cause after the last sign of life, else the first at all."""
    causes = [h for h in hits if h.row.role == "cause"]
    final = [h for h in causes if h.line.number >= life]
    return min(final or causes, key=lambda h: h.line.number, default=None)


def find_hits(
    log: Log, platform: str, foreign: frozenset[int] = frozenset()
) -> Iterator[Hit]:
    """
    Yield what rows match, line by line; only rows whose hint occurs are tried.

    ``foreign``: numbers of lines that speak of another program.
    """
    lowered = [line.text.lower() for line in log.lines]
    whole = "\n".join(lowered)
    active = [
        row
        for row in load_rows()
        if (not row.sources or log.kind in row.sources)
        and (not row.platforms or platform in row.platforms)
        and any(h in whole for h in row.hint)
    ]
    if not active:
        return
    left = left_by_exception(log)
    for line, lower in zip(log.lines, lowered, strict=True):
        if line.number not in foreign:
            for hit in _match_line(active, line, lower):
                if hit.row.finding != _WAITS or line.number not in left:
                    yield hit


def _match_line(active: Iterable[Row], line: LogLine, lower: str) -> list[Hit]:
    hits = [
        Hit(row, line, {k: v for k, v in m.groupdict().items() if v is not None})
        for row in active
        if (m := row.match(line.text, lower))
    ]
    if any(h.row.role == "noise" for h in hits):
        return [h for h in hits if h.row.role == "noise"]
    beaten = {b for h in hits for b in h.row.beats}
    return [h for h in hits if h.row.id not in beaten]


def _judge(hits: list[Hit], log: Log, life: int, named: bool) -> Iterator[Finding]:
    """
    Weigh the hits of one log by what came first; see the module's docstring.

    ``named``: some log names a cause, so an end or a messenger here adds little.
    """
    first = _first_cause(hits, life)
    for hit in hits:
        share = 1.0
        if log.kind != "kernel":
            share = _share(hit, first, life)
            if first is None and named:
                share *= _AFTER_CAUSE.get(hit.row.role, 1.0)
        yield _make_finding(hit, log, share)


def _share(hit: Hit, first: Hit | None, last_life: int) -> float:
    """Return how much of a hit's strength remains, given the first cause."""
    row = hit.row
    if row.role in ("hint", "noise"):
        return 1.0
    share = 1.0
    if row.role != "end" and hit.line.number < last_life:
        share *= _SURVIVED
    if first is None or row.finding == first.row.finding:
        return share
    same_line = hit.line.number == first.line.number
    if hit.line.number > first.line.number or (same_line and row.role != "cause"):
        share *= _AFTER_CAUSE[row.role]
    elif row.role == "end" and hit.line.number < last_life:
        share *= _SURVIVED
    return share


def _make_finding(hit: Hit, log: Log, share: float) -> Finding:
    row = hit.row
    return Finding(
        id=row.finding,
        text=row.meaning,
        strength=round(row.strength * share, 3),
        evidence=(_quote(hit, log),),
        data=dict(hit.groups),
    )


def _quote(hit: Hit, log: Log) -> Evidence:
    row, line = hit.row, hit.line
    return Evidence(
        id=f"{log.source}:{line.number}",
        source=log.source,
        text=line.text.strip()[:600],
        time=line.time,
        line=line.number,
        data={"row": row.id, "role": row.role, **hit.groups},
    )


DETECTOR = Detector(
    id="log_rules",
    finds=(
        *sorted({row.finding for row in load_rows()}),
        "no_fatal_message",
        "interrupted_while_waiting",
    ),
    detect=detect,
    needs=("log",),
)
