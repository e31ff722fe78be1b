"""The folded sections of the Markdown report: what backs the verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerascrash.report import words
from kerascrash.report.device_text import (
    alive_lines,
    course_line,
    kept_lines,
    opinion_lines,
    pool_line,
    pool_rows,
)
from kerascrash.report.facts import environment_groups
from kerascrash.report.held import inventory_rows
from kerascrash.report.markdown_text import code, code_block, escape, prose
from kerascrash.report.missing import all_unavailable, told_damage
from kerascrash.report.shared import WARNING, replaced_rows
from kerascrash.report.support import has_support
from kerascrash.report.trail import log_views, stack_views
from kerascrash.units import format_bytes, line_in_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kerascrash.model.verdict import Diagnosis, Hypothesis

ROWS = 12


def held_lines(diagnosis: Diagnosis) -> Iterator[str]:
    """Yield the inventory as a table."""
    rows = inventory_rows(diagnosis.case)["rows"][:ROWS]
    if rows:
        yield "| Name | What | Size | Growth per step | Filled at |"
        yield "| --- | --- | ---: | ---: | --- |"
    for row in rows:
        size = "–" if row["bytes"] is None else format_bytes(row["bytes"])
        growth = format_bytes(row["growth"]) if row["growth"] else "–"
        where = "–"
        if row["file"]:
            where = code(line_in_words(row["file"], row["line"]), 120, cell=True)
        kind = escape(row["kind"], 120)
        owner = code(row["owner"], 120, cell=True)
        yield f"| {owner} | {kind} | {size} | {growth} | {where} |"


def device_lines(diagnosis: Diagnosis) -> Iterator[str]:
    """Yield the pools of device memory, and what was alive in the fullest."""
    for number, row in enumerate(pool_rows(diagnosis)):
        yield f"- {code(str(row.get('name')), 80)}: {escape(pool_line(row))}"
        if number:
            continue
        blocks, text = course_line(row)
        if blocks:
            yield f"  - `{blocks}` {escape(text)}"
        for size, what in alive_lines(row):
            yield f"  - {format_bytes(size)}: {escape(what)}"
        for kept in kept_lines(row):
            yield f"  - {escape(kept)}"
    for told in opinion_lines(diagnosis):
        yield f"- {escape(told)}"


def evidence_lines(diagnosis: Diagnosis) -> Iterator[str]:
    """Yield what speaks for the verdict, and its rivals."""
    verdict = diagnosis.verdict
    for chosen, hypotheses in (
        (verdict.cause, diagnosis.causes),
        (verdict.factor, diagnosis.factors),
    ):
        if chosen == "none":
            continue
        for hypothesis in hypotheses:
            if hypothesis.id == chosen:
                yield from _weights(hypothesis)
        others = [h for h in hypotheses if h.id not in (chosen, "none")]
        for rival in [*others[:1], *filter(has_support, others[1:2])]:
            share = words.percent(rival.confidence)
            yield f"- rival: {escape(rival.title)} ({code(rival.id)}), {share}"
        yield ""


def _weights(hypothesis: Hypothesis) -> Iterator[str]:
    yield f"**{escape(hypothesis.title)}**"
    yield ""
    for weighed in (*hypothesis.supporting, *hypothesis.contradicting)[:ROWS]:
        if abs(weighed.weight) < 0.05:
            continue
        said = weighed.finding.text
        yield f"- {weighed.weight:+.1f} {prose(said)}"
        for evidence in weighed.finding.evidence[:3]:
            line = f", line {evidence.line}" if evidence.line else ""
            quoted = "" if evidence.text == said else f": {code(evidence.text)}"
            yield f"  - {escape(evidence.source, 120)}{line}{quoted}"
    if hypothesis.settle:
        yield f"- to settle it: {code(hypothesis.settle)}"


def stacks_lines(diagnosis: Diagnosis) -> Iterator[str]:
    """Yield a block per thread."""
    for thread in stack_views(diagnosis.case)[:6]:
        alike = f" and {thread['others']:,} more" if thread["others"] else ""
        main = " (main thread)" if thread["main"] else ""
        lines = [f"{thread['name']}{main}{alike}"]
        for frame in thread["frames"][:25]:
            where = line_in_words(frame["file"], frame["line"])
            lines.append(f"  {where} in {frame['function']}")
            if frame["source"]:
                lines.append(f"      {frame['source']}")
        yield from code_block(lines)


def logs_lines(diagnosis: Diagnosis) -> Iterator[str]:
    """Yield the lines of each log that matter."""
    for log in log_views(diagnosis):
        yield f"**{escape(log['kind'])}:** {code(log['source'])}"
        yield from code_block(
            [
                f"{'>' if entry['cited'] else ' '} {entry['line'].text}"
                for entry in log["lines"][-30:]
            ]
        )


def environment_lines(diagnosis: Diagnosis) -> Iterator[str]:
    """Yield versions, machine, limits."""
    for title, rows in environment_groups(diagnosis.case):
        lines = [f"{name}: {value}" for name, value in rows[:40]]
        yield f"**{title}**"
        yield from code_block(lines)


def missing_lines(diagnosis: Diagnosis) -> Iterator[str]:
    """Yield what was not examined and what was damaged."""
    for gone in all_unavailable(diagnosis)[:30]:
        yield f"- not examined: {prose(gone.what)}: {prose(gone.reason)}"
    for damage in told_damage(diagnosis.case)[:30]:
        yield f"- damage: {escape(damage.where)}: {escape(damage.text)}"
    for fault in diagnosis.faults[:10]:
        yield f"- fault of kerascrash itself: {escape(fault)}"


def shared_lines(diagnosis: Diagnosis) -> Iterator[str]:
    """Yield what was replaced in a redacted report, and what is still in it."""
    redaction = diagnosis.redaction
    if redaction is None:
        return
    yield "| In its place | What it was | Different ones | Texts |"
    yield "| --- | --- | ---: | ---: |"
    for pseudonym, meaning, values, texts in replaced_rows(redaction):
        shown = code(pseudonym, 40, cell=True)
        yield f"| {shown} | {escape(meaning, 120)} | {values} | {texts} |"
    yield ""
    for kept in redaction.kept:
        yield f"- still in it: {escape(kept)}"
    yield f"- {escape(WARNING)}"
