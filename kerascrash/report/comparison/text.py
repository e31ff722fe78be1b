"""A comparison for a terminal: as wide as it is, plain where colours would be noise."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from kerascrash.report.comparison import view
from kerascrash.report.terminal_text import (
    item,
    open_console,
    say,
    say_redacted,
    title,
)

if TYPE_CHECKING:
    from kerascrash.model.comparison import Comparison

WIDTH = 88
MOST_ROWS = 40


def render(comparison: Comparison, width: int = WIDTH, *, color: bool = False) -> str:
    """Return the text; without ``color`` it holds no terminal escape at all."""
    out = io.StringIO()
    console = open_console(out, width, color=color)
    ended, most = view.headline(comparison)
    say(console, ended, "bold")
    say(console, most)
    for label, side in (("A", comparison.a), ("B", comparison.b)):
        title(console, f"Run {label}: {view.run_name(side)}")
        say(console, view.ended_text(side), "" if side.lived else "red", indent=2)
        for name, value in view.facts_of(side):
            say(console, f"{name}: {value}", "dim", indent=2)
    if comparison.differences:
        title(console, "What differs, the biggest first (A → B)")
    for each in comparison.differences[:MOST_ROWS]:
        values = [view.value_text(value, each.unit) for value in (each.a, each.b)]
        change = view.change_text(each)
        told = f" ({change})" if change else ""
        what = view.title_text(each, comparison)
        item(console, "-", f"{what}: {' → '.join(values)}{told}")
        if each.note:
            item(console, " ", each.note, "dim")
    rest = len(comparison.differences) - MOST_ROWS
    if rest > 0:
        say(console, f"and {rest} more", indent=2)
    if comparison.unknown:
        title(console, "Not compared")
    for gap in comparison.unknown:
        say(console, gap, indent=2)
    if comparison.redaction:
        say_redacted(console, comparison.redaction)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"
