"""The report as Markdown for the body of a ticket: at most 60 kB, sections folded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerascrash import __version__
from kerascrash.model.certainty import certainty_word
from kerascrash.report import words
from kerascrash.report.charts.blocks import memory_line
from kerascrash.report.excerpt import dedent
from kerascrash.report.facts import environment_groups, known_of_death
from kerascrash.report.format import Format
from kerascrash.report.held import inventory_rows
from kerascrash.report.markdown_text import code, code_block, escape, prose
from kerascrash.report.missing import all_damage, all_unavailable
from kerascrash.report.trail import log_views, stack_views
from kerascrash.units import format_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kerascrash.model.verdict import Diagnosis, Hypothesis

LARGEST = 60_000
"""Bytes; the ticket systems cut or refuse bodies a little above it."""
ROWS = 12


def render(diagnosis: Diagnosis) -> str:
    """Return GitHub and GitLab flavoured Markdown; what is too much is left out."""
    sections = [
        list(_verdict(diagnosis)),
        list(_culprit(diagnosis)),
        list(_advice(diagnosis)),
        _folded("What the script held", _held(diagnosis)),
        _folded("Evidence", _evidence(diagnosis)),
        _folded("Stacks", _stacks(diagnosis)),
        _folded("Log lines", _logs(diagnosis)),
        _folded("Environment", _environment(diagnosis)),
        _folded("What is missing", _missing(diagnosis)),
    ]
    footer = f"\n_kerascrash {__version__}_\n"
    text, room = "", LARGEST - len(footer) - 100
    for section in sections:
        body = "\n".join(section) + "\n" if section else ""
        if len((text + body).encode(errors="replace")) > room:
            text += "\nFurther sections are left out: the text would be too long.\n"
            break
        text += body
    return text + footer


def _folded(title: str, lines: Iterator[str]) -> list[str]:
    body = list(lines)
    if not any(body):
        return []
    head = f"<details><summary>{title}</summary>"
    return ["", head, "", *body, "", "</details>"]


def _verdict(diagnosis: Diagnosis) -> Iterator[str]:
    case, verdict = diagnosis.case, diagnosis.verdict
    sentence, explanation = words.headline(diagnosis)
    yield f"## {prose(sentence, 300)}"
    yield ""
    if explanation:
        yield prose(explanation)
        yield ""
    sure = f"{words.verdict_certainty(verdict)}, {words.percent(verdict.confidence)}"
    yield f"- **How it died:** {code(verdict.cause)}, {escape(sure)}"
    if verdict.factor != "none":
        share = verdict.factor_confidence
        sure = f"{certainty_word(share)}, {words.percent(share)}"
        yield f"- **Why it came to that:** {code(verdict.factor)}, {escape(sure)}"
    ran = f", after {words.run_time(case)}" if words.run_time(case) else ""
    died = f", died {words.utc(case.death)}" if case.death is not None else ""
    yield f"- **Process:** {code(words.script_name(case))}{died}{ran}"
    yield f"- **Exit:** {escape(known_of_death(case))}"
    lost = words.progress_text(diagnosis.progress)
    yield f"- **Progress lost:** {prose(lost) if lost else 'not known'}"
    blocks, text = memory_line(case)
    if blocks:
        yield f"- `{blocks}` {escape(text)}"


def _culprit(diagnosis: Diagnosis) -> Iterator[str]:
    culprit = diagnosis.verdict.culprit
    if culprit is None:
        return
    size = "" if culprit.bytes is None else f" = {format_bytes(culprit.bytes)}"
    grown = culprit.growth_bytes_per_step
    growth = f", {format_bytes(grown)} more at each step" if grown else ""
    yield ""
    yield "### What is to blame"
    yield f"{code(culprit.owner)}: {escape(culprit.kind)}{size}{growth}"
    place = culprit.place
    if place:
        yield ""
        yield f"{code(f'{place.file}:{place.line}')} in {code(place.function or '?')}"
        lines = dedent(place.excerpt)
        yield from code_block(
            [f"{'>' if n == place.line else ' '} {n:>5}  {text}" for n, text in lines]
        )


def _advice(diagnosis: Diagnosis) -> Iterator[str]:
    if diagnosis.verdict.advice:
        yield ""
        yield "### What to do"
    for number, advice in enumerate(diagnosis.verdict.advice[:ROWS], 1):
        effect = f" ({words.effect(advice)})" if words.effect(advice) else ""
        yield f"{number}. **{prose(advice.action)}**{effect}"
        if advice.detail:
            yield f"   {prose(advice.detail)}"


def _held(diagnosis: Diagnosis) -> Iterator[str]:
    rows = inventory_rows(diagnosis.case)["rows"][:ROWS]
    if rows:
        yield "| Name | What | Size | Growth per step | Filled at |"
        yield "| --- | --- | ---: | ---: | --- |"
    for row in rows:
        size = "–" if row["bytes"] is None else format_bytes(row["bytes"])
        growth = format_bytes(row["growth"]) if row["growth"] else "–"
        where = (
            code(f"{row['file']}:{row['line']}", 120, cell=True) if row["file"] else "–"
        )
        kind = escape(row["kind"], 120)
        owner = code(row["owner"], 120, cell=True)
        yield f"| {owner} | {kind} | {size} | {growth} | {where} |"


def _evidence(diagnosis: Diagnosis) -> Iterator[str]:
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
        for rival in [h for h in hypotheses if h.id not in (chosen, "none")][:2]:
            share = words.percent(rival.confidence)
            yield f"- rival: {escape(rival.title)} ({code(rival.id)}), {share}"
        yield ""


def _weights(hypothesis: Hypothesis) -> Iterator[str]:
    yield f"**{escape(hypothesis.title)}**"
    yield ""
    for weighed in (*hypothesis.supporting, *hypothesis.contradicting)[:ROWS]:
        if abs(weighed.weight) < 0.05:
            continue
        yield f"- {weighed.weight:+.1f} {prose(weighed.finding.text)}"
        for evidence in weighed.finding.evidence[:3]:
            line = f", line {evidence.line}" if evidence.line else ""
            yield f"  - {escape(evidence.source, 120)}{line}: {code(evidence.text)}"
    if hypothesis.settle:
        yield f"- to settle it: {code(hypothesis.settle)}"


def _stacks(diagnosis: Diagnosis) -> Iterator[str]:
    for thread in stack_views(diagnosis.case)[:6]:
        lines = [f"{thread['name']}{' (main thread)' if thread['main'] else ''}"]
        for frame in thread["frames"][:25]:
            lines.append(f"  {frame['file']}:{frame['line']} in {frame['function']}")
            if frame["source"]:
                lines.append(f"      {frame['source']}")
        yield from code_block(lines)


def _logs(diagnosis: Diagnosis) -> Iterator[str]:
    for log in log_views(diagnosis):
        yield f"**{escape(log['kind'])}:** {code(log['source'])}"
        yield from code_block(
            [
                f"{'>' if entry['cited'] else ' '} {entry['line'].text}"
                for entry in log["lines"][-30:]
            ]
        )


def _environment(diagnosis: Diagnosis) -> Iterator[str]:
    for title, rows in environment_groups(diagnosis.case):
        lines = [f"{name}: {value}" for name, value in rows[:40]]
        yield f"**{title}**"
        yield from code_block(lines)


def _missing(diagnosis: Diagnosis) -> Iterator[str]:
    for gone in all_unavailable(diagnosis)[:30]:
        yield f"- not examined: {prose(gone.what)}: {prose(gone.reason)}"
    for damage in all_damage(diagnosis.case)[:30]:
        yield f"- damage: {escape(damage.where)}: {escape(damage.text)}"
    for fault in diagnosis.faults[:10]:
        yield f"- fault of kerascrash itself: {escape(fault)}"


FORMAT = Format("md", ".md", render)
