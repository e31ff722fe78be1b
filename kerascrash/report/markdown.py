"""The report as Markdown for the body of a ticket: at most 60 kB, sections folded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerascrash import __version__
from kerascrash.model.certainty import certainty_word
from kerascrash.report import words
from kerascrash.report.charts.blocks import memory_line
from kerascrash.report.excerpt import dedent
from kerascrash.report.facts import known_of_death
from kerascrash.report.format import Format
from kerascrash.report.markdown_details import (
    device_lines,
    environment_lines,
    evidence_lines,
    held_lines,
    logs_lines,
    missing_lines,
    shared_lines,
    stacks_lines,
)
from kerascrash.report.markdown_sizes import layer_lines, remedy_lines
from kerascrash.report.markdown_text import code, code_block, escape, prose
from kerascrash.units import format_bytes, line_in_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kerascrash.model.verdict import Diagnosis

LARGEST = 60_000
"""Bytes; the ticket systems cut or refuse bodies a little above it."""
ROWS = 12


def render(diagnosis: Diagnosis) -> str:
    """Return GitHub and GitLab flavoured Markdown; what is too much is left out."""
    sections = [
        list(_verdict(diagnosis)),
        list(_culprit(diagnosis)),
        list(_advice(diagnosis)),
        _folded("What each measure would bring", remedy_lines(diagnosis)),
        _folded("Layers", layer_lines(diagnosis)),
        _folded("What the script held", held_lines(diagnosis)),
        _folded("Device memory", device_lines(diagnosis)),
        _folded("Evidence", evidence_lines(diagnosis)),
        _folded("Stacks", stacks_lines(diagnosis)),
        _folded("Log lines", logs_lines(diagnosis)),
        _folded("Environment", environment_lines(diagnosis)),
        _folded("What is missing", missing_lines(diagnosis)),
        _folded("What was replaced before sharing", shared_lines(diagnosis)),
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
    signature = diagnosis.signature
    if signature.id:
        yield f"- **Signature:** {code(signature.id)} {escape(signature.text)}"


def _culprit(diagnosis: Diagnosis) -> Iterator[str]:
    culprit = diagnosis.verdict.culprit
    if culprit is None:
        return
    size = words.size_text(culprit)
    grown = culprit.pace[0]
    growth = (
        f", {format_bytes(grown)} more {escape(words.each(culprit))}" if grown else ""
    )
    yield ""
    happened = culprit.bytes is None
    yield f"### {'Where it happened' if happened else 'What is to blame'}"
    yield f"{code(culprit.owner)}: {escape(culprit.kind)}{size}{growth}"
    place = culprit.place
    if place:
        yield ""
        where = line_in_words(place.file, place.line)
        yield f"{code(where)} in {code(place.function or '?')}"
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
        if advice.example:
            yield f"   {code(advice.example)}"


FORMAT = Format("md", ".md", render)
