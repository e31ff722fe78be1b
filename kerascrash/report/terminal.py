"""The report for a terminal: as wide as it is, plain where colours would be noise."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from kerascrash.model.certainty import certainty_word
from kerascrash.report import words
from kerascrash.report.charts.blocks import memory_line
from kerascrash.report.device_text import (
    alive_lines,
    course_line,
    kept_lines,
    opinion_lines,
    pool_line,
    pool_rows,
)
from kerascrash.report.excerpt import dedent
from kerascrash.report.format import Format
from kerascrash.report.held import inventory_rows
from kerascrash.report.missing import all_unavailable, told_damage
from kerascrash.report.safe_text import safe_line
from kerascrash.report.terminal_text import (
    item,
    open_console,
    say,
    say_redacted,
    title,
)
from kerascrash.units import format_bytes, line_in_words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

    from kerascrash.model.evidence import Place
    from kerascrash.model.verdict import Diagnosis, Hypothesis

WIDTH = 88
ROWS = 5
SHOWN = 6


def render(diagnosis: Diagnosis, width: int = WIDTH, *, color: bool = False) -> str:
    """Return the text; without ``color`` it holds no terminal escape at all."""
    out = io.StringIO()
    console = open_console(out, width, color=color)
    _verdict(console, diagnosis)
    _culprit(console, diagnosis)
    _advice(console, diagnosis)
    _held(console, diagnosis)
    _device(console, diagnosis)
    _evidence(console, diagnosis)
    _missing(console, diagnosis)
    _shared(console, diagnosis)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def _verdict(console: Console, diagnosis: Diagnosis) -> None:
    case, verdict = diagnosis.case, diagnosis.verdict
    sentence, explanation = words.headline(diagnosis)
    say(console, sentence, "bold red")
    if explanation:
        say(console, explanation)
    title(console, "Verdict")
    sure = f"{words.verdict_certainty(verdict)}, {words.percent(verdict.confidence)}"
    say(console, f"how: {verdict.cause} ({sure})", indent=2)
    if verdict.factor != "none":
        share = verdict.factor_confidence
        also = verdict.second_factor
        more = f", and also {also}" if also != "none" else ""
        sure = f"{certainty_word(share)}, {words.percent(share)}"
        say(console, f"why: {verdict.factor} ({sure}){more}", indent=2)
    died = f", died {words.utc(case.death)}" if case.death is not None else ""
    ran = f" after {words.run_time(case)}" if words.run_time(case) else ""
    say(console, f"who: {words.script_name(case)}{died}{ran}", indent=2)
    blocks, text = memory_line(case, min(40, console.width - 4))
    if blocks:
        say(console, blocks, "cyan", indent=2)
        say(console, text, "dim", indent=2)
    signature = diagnosis.signature
    if signature.id:
        say(console, f"signature: {signature.id}  {signature.text}", "dim", indent=2)


def _culprit(console: Console, diagnosis: Diagnosis) -> None:
    culprit = diagnosis.verdict.culprit
    if culprit is None:
        return
    happened = culprit.bytes is None
    title(console, "Where it happened" if happened else "What is to blame")
    size = words.size_text(culprit)
    say(console, f"{culprit.owner}: {culprit.kind}{size}", indent=2)
    growth, unit = culprit.pace
    if growth:
        say(console, f"growth per {unit}: {format_bytes(growth)}", indent=2)
    if culprit.place:
        _code(console, culprit.place)


def _code(console: Console, place: Place) -> None:
    from rich.text import Text

    say(
        console,
        f"{line_in_words(place.file, place.line)} in {place.function or '?'}",
        "dim",
        indent=2,
    )
    for number, text in dedent(place.excerpt):
        hit = number == place.line
        line = f"  {'>' if hit else ' '} {number:>5}  {safe_line(text)}"
        styled = Text(line, style="bold red" if hit else "")
        console.print(styled, no_wrap=True, overflow="ellipsis")


def _advice(console: Console, diagnosis: Diagnosis) -> None:
    title(console, "Progress lost")
    lost = words.progress_text(diagnosis.progress)
    say(console, lost or words.NO_PROGRESS, indent=2)
    if diagnosis.verdict.advice:
        title(console, "What to do")
    for number, advice in enumerate(diagnosis.verdict.advice[:SHOWN], 1):
        told = f" ({words.effect(advice)})" if words.effect(advice) else ""
        item(console, f"{number}.", f"{advice.action}{told}")
        if advice.detail:
            item(console, "  ", advice.detail, "dim")


def _held(console: Console, diagnosis: Diagnosis) -> None:
    inventory = inventory_rows(diagnosis.case)
    if not inventory["rows"]:
        return
    title(console, "What the script held")
    for row in inventory["rows"][:ROWS]:
        size = "?" if row["bytes"] is None else format_bytes(row["bytes"])
        growth = row["growth"]
        grows = f", {format_bytes(growth)} more at each step" if growth else ""
        item(console, f"{size:>10}", f"{row['owner']} ({row['kind']}){grows}")


def _device(console: Console, diagnosis: Diagnosis) -> None:
    for number, row in enumerate(pool_rows(diagnosis)):
        if not number:
            title(console, "Device memory")
        say(console, f"{row.get('name')}: {pool_line(row)}", indent=2)
        if number:
            continue
        blocks, text = course_line(row, min(40, console.width - 4))
        if blocks:
            say(console, blocks, "cyan", indent=2)
            say(console, text, "dim", indent=2)
        for size, what in alive_lines(row):
            item(console, f"{format_bytes(size):>10}", what)
        for kept in (*kept_lines(row), *opinion_lines(diagnosis)):
            say(console, kept, indent=2)


def _evidence(console: Console, diagnosis: Diagnosis) -> None:
    verdict = diagnosis.verdict
    for question, ids, all_of in (
        ("how", verdict.cause, diagnosis.causes),
        ("why", verdict.factor, diagnosis.factors),
    ):
        chosen = [h for h in all_of if h.id == ids != "none"][:1]
        if chosen:
            title(console, f"Evidence: {question}")
            _weights(console, chosen[0])
        rivals = [h for h in all_of if chosen and h.id not in (ids, "none")][:1]
        for rival in rivals:
            share = words.percent(rival.confidence)
            say(console, f"best rival: {rival.title} ({rival.id}), {share}", indent=2)
        if chosen and chosen[0].settle:
            say(console, f"to settle it: {chosen[0].settle}", indent=2)


def _weights(console: Console, hypothesis: Hypothesis) -> None:
    told = (*hypothesis.supporting, *hypothesis.contradicting)
    weighed = [each for each in told if abs(each.weight) >= 0.05][: 2 * SHOWN]
    for each in weighed:
        text = each.finding.text
        cited = ", ".join(dict.fromkeys(e.source for e in each.finding.evidence))
        item(console, f"{each.weight:+5.1f}", f"{text} [{cited}]" if cited else text)
    if not weighed:
        say(console, "nothing that was seen speaks for it", indent=2)


def _missing(console: Console, diagnosis: Diagnosis) -> None:
    lines: list[tuple[str, Iterable[str]]] = [
        ("Not examined", (f"{u.what}: {u.reason}" for u in all_unavailable(diagnosis))),
        ("Damage", (f"{d.where}: {d.text}" for d in told_damage(diagnosis.case))),
        ("Faults of kerascrash itself", diagnosis.faults),
    ]
    for heading, texts in lines:
        shown = list(texts)
        if shown:
            title(console, heading)
        for text in shown[:SHOWN]:
            say(console, text, indent=2)
        if len(shown) > SHOWN:
            say(console, f"and {len(shown) - SHOWN} more", indent=2)


def _shared(console: Console, diagnosis: Diagnosis) -> None:
    if diagnosis.redaction is not None:
        say_redacted(console, diagnosis.redaction)


FORMAT = Format("text", ".txt", render)
