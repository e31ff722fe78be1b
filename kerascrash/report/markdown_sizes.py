"""The layers that need most and the measures: short tables of the Markdown report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerascrash.report import words
from kerascrash.report.layers import layer_view
from kerascrash.report.markdown_text import code, escape, prose
from kerascrash.report.measures import together
from kerascrash.units import format_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kerascrash.model.verdict import Diagnosis

ROWS = 10


def layer_lines(diagnosis: Diagnosis) -> Iterator[str]:
    """Yield the largest layers as a table."""
    view = layer_view(diagnosis.layers, ROWS)
    if not view["rows"]:
        return
    yield prose(view["sentence"])
    yield ""
    head = f"Weights, gradients, slots | Activations at batch {view['batch']:,}"
    yield f"| Layer | Output | Parameters | {head} | Share |"
    yield "| --- | --- | ---: | ---: | ---: | ---: |"
    for row in view["rows"]:
        name = code(row.name, 80, cell=True)
        mark = "▲ " if row.dominates else ""
        shape = ", ".join(map(str, row.output))
        yield (
            f"| {mark}{name} {escape(row.type, 60)} | (batch, {shape}) | "
            f"{row.parameters:,} | {format_bytes(row.state)} | "
            f"{format_bytes(row.activations)} | {words.percent(row.share)} |"
        )
    if view["rest"]:
        yield ""
        yield f"{view['rest']:,} smaller layers are left out."


def remedy_lines(diagnosis: Diagnosis) -> Iterator[str]:
    """Yield what each measure would bring as a table."""
    if diagnosis.remedies:
        yield "| Measure | Helps | Saves | How much of what, or why not |"
        yield "| --- | --- | ---: | --- |"
    for one in together(diagnosis.remedies):
        saves = "–" if one.saves_bytes is None else format_bytes(one.saves_bytes)
        why = prose(words.capital(one.detail)).replace("|", "\\|")
        yield f"| {escape(words.capital(one.name))} | {one.helps} | {saves} | {why} |"
